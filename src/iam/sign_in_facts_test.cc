#include "iam/sign_in_facts.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "iam/iam_testing.h"
#include "iam/key_rotation.h"

namespace breakwater::iam {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const condition::ResourceType kSignIn{std::string(kIdentityService), std::string(kSignInKind)};
const condition::ResourceType kSigningKey{std::string(kIdentityService),
                                          std::string(kSigningKeyKind)};

class SignInFactsTest : public ::testing::Test {
 protected:
  std::string Text(std::string_view property) {
    return reader_.Text(reader_.List(kSignIn, world_.account).front(), property);
  }

  testing::World world_;
  SignInFacts facts_{world_.clock};
  control::testing::SourceReader reader_{world_.database->database(), facts_};
  control::testing::FactNews news_{*world_.jobs};
};

TEST_F(SignInFactsTest, PasswordsOfUsersAreCountedAsTheyComeAndGo) {
  EXPECT_EQ(Text("users_with_password"), "0");
  const User ada = world_.Invite("ada@example.com");
  news_.Take();
  world_.GivePassword(ada.iam_id, Secret("correct horse battery"));
  EXPECT_THAT(news_.Take(), Contains("sign-in"));
  EXPECT_EQ(Text("users_with_password"), "1");
  EXPECT_EQ(Text("users"), "2");
  ASSERT_TRUE(world_.passwords.Remove(world_.administrator, world_.account, ada.iam_id).ok());
  EXPECT_THAT(news_.Take(), Contains("sign-in"));
  EXPECT_EQ(Text("users_with_password"), "0");
  world_.GivePassword(ada.iam_id, Secret("correct horse battery"));
  ASSERT_TRUE(world_.users.Remove(world_.administrator, world_.account, ada.iam_id).ok());
  EXPECT_EQ(Text("users_with_password"), "0");
  EXPECT_THAT(news_.Take(), Contains("apikey"));
  control::testing::ExpectCatalogued(kSignIn,
                                     *reader_.Read(reader_.List(kSignIn, world_.account).front()));
}

TEST_F(SignInFactsTest, AUserIsKnownByTheStateAndWhereThePersonSignsIn) {
  const condition::ResourceType type{std::string(kIdentityService), std::string(kUserKind)};
  const User ada = world_.Invite("ada@example.com");
  world_.GivePassword(ada.iam_id, Secret("correct horse battery"));
  const auto all = reader_.List(type, world_.account);
  ASSERT_THAT(all, SizeIs(2));
  const auto found = std::ranges::find(all, ada.iam_id.value(), &control::Resource::name);
  ASSERT_NE(found, all.end());
  EXPECT_EQ(reader_.Text(*found, "state"), "\"PENDING\"");
  EXPECT_EQ(reader_.Text(*found, "last_sign_in"), "absent");
  EXPECT_EQ(reader_.Text(*found, "sign_in_sources"), R"(["password"])");
  EXPECT_EQ(reader_.Text(*found, "addresses_limited"), "false");
  control::testing::ExpectCatalogued(type, *reader_.Read(*found));
  EXPECT_THAT(reader_.List(type, AccountId("other")), IsEmpty());
}

TEST_F(SignInFactsTest, TheKeyThatSignsIsToldFromThoseThatDoNot) {
  KeyRotation rotation(world_.deps, testing::MasterKey(), {});
  ASSERT_TRUE(rotation.Replace(world_.administrator, world_.account).ok());
  EXPECT_THAT(news_.Take(), Contains("signing-key"));
  const auto first = reader_.List(kSigningKey, world_.account);
  ASSERT_THAT(first, SizeIs(1));
  EXPECT_EQ(reader_.Text(first[0], "signs"), "true");
  EXPECT_EQ(reader_.Text(first[0], "created_at"), "\"" + FormatRfc3339(world_.clock.Now()) + "\"");
  const auto next = rotation.Rotate(world_.administrator, world_.account);
  ASSERT_TRUE(next.ok());
  ASSERT_THAT(reader_.List(kSigningKey, world_.account), SizeIs(2));
  EXPECT_EQ(reader_.Text(first[0], "signs"), "true") << "the next one is only shown yet";
  world_.clock.Set(next->signs_from);
  EXPECT_EQ(reader_.Text(first[0], "signs"), "false");
  control::testing::ExpectCatalogued(kSigningKey, *reader_.Read(first[0]));
  EXPECT_THAT(reader_.List(kSigningKey, AccountId("other")), IsEmpty());
}

}  // namespace
}  // namespace breakwater::iam
