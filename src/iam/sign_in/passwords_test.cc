#include "iam/sign_in/passwords.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using testing::World;

const Secret kGood("correct horse battery");
const Secret kOther("another long password");

class PasswordsTest : public ::testing::Test {
 protected:
  std::string ReasonOf(const Status& status) { return status.ok() ? "" : status.error().reason(); }

  World world;
  User user = world.Invite("u@example.com");
  control::Caller self = world.CallerOf(user.iam_id);
};

TEST_F(PasswordsTest, AreChosenAndChangedByWhoseTheyAre) {
  world.GivePassword(user.iam_id, kGood);
  EXPECT_TRUE(world.passwords.Check(world.account, user.iam_id, kGood).ok());
  EXPECT_EQ(ReasonOf(world.passwords.Change(self, kOther, kOther)), "wrong_password");
  ASSERT_TRUE(world.passwords.Change(self, kGood, kOther).ok());
  EXPECT_FALSE(world.passwords.Check(world.account, user.iam_id, kGood).ok());
  EXPECT_TRUE(world.passwords.Check(world.account, user.iam_id, kOther).ok());
}

TEST_F(PasswordsTest, AFirstOneIsChosenByWhoHasJustProvedWhoTheyAre) {
  EXPECT_EQ(ReasonOf(world.passwords.Change(self, {}, kGood)), "fresh_session_required");
  control::Caller who = self;
  who.actor.credential = "passcode";
  const auto session = *world.sessions.Begin(who, "corp", {});
  who.actor.credential_id = session.id;
  control::Caller other = world.CallerOf(world.Invite("other@example.com").iam_id);
  other.actor.credential_id = session.id;
  EXPECT_EQ(ReasonOf(world.passwords.Change(other, {}, kGood)), "fresh_session_required");
  world.clock.Advance(std::chrono::minutes(11));
  EXPECT_EQ(ReasonOf(world.passwords.Change(who, {}, kGood)), "fresh_session_required");
  who.actor.credential_id = world.sessions.Begin(who, "corp", {})->id;
  EXPECT_TRUE(world.passwords.Change(who, {}, kGood).ok());
}

TEST_F(PasswordsTest, AreKeptAsHashes) {
  world.GivePassword(user.iam_id, kGood);
  const auto known = *world.passwords.Get(world.account, user.iam_id);
  ASSERT_TRUE(known.has_value());
  EXPECT_TRUE(known->hash.starts_with("$argon2id$"));
  EXPECT_EQ(known->hash.find(kGood.Reveal()), std::string::npos);
}

TEST_F(PasswordsTest, MustBeLongEnough) {
  EXPECT_EQ(ReasonOf(world.passwords.Change(self, {}, Secret("short"))), "weak_password");
  EXPECT_EQ(ReasonOf(world.passwords.Change(self, {}, Secret(std::string(1025, 'a')))),
            "weak_password");
  EXPECT_EQ(ReasonOf(world.passwords.Change(self, {},
                                            Secret("\xff\xff\xff\xff\xff\xff\xff\xff\xff"
                                                   "\xff\xff\xff\xff"))),
            "weak_password");
}

TEST_F(PasswordsTest, EndTheSessionsOfThoseWhoseTheyAre) {
  world.GivePassword(user.iam_id, kGood);
  const auto login = *world.sign_in.WithPassword({}, {.name = "u@example.com", .password = kGood});
  const std::string token = world.tokens.IssueAccess(login, "password", "c")->token;
  ASSERT_TRUE(world.credentials.Authenticate("Bearer " + token, false).ok());
  ASSERT_TRUE(world.passwords.Change(self, kGood, kOther).ok());
  EXPECT_EQ(world.credentials.Authenticate("Bearer " + token, false).error().reason(),
            "session_revoked");
}

TEST_F(PasswordsTest, GuessingTheCurrentOneIsThrottled) {
  world.GivePassword(user.iam_id, kGood);
  std::string reason;
  for (int i = 0; i < 10; ++i) reason = ReasonOf(world.passwords.Change(self, kOther, kOther));
  EXPECT_EQ(reason, "too_many_attempts");
}

TEST_F(PasswordsTest, AnInitialOneExpires) {
  const auto made = *world.passwords.Reset(world.administrator, world.account, user.iam_id);
  EXPECT_TRUE(world.passwords.Check(world.account, user.iam_id, made.value)->initial);
  world.clock.Advance(hours(73));
  EXPECT_FALSE(world.passwords.Check(world.account, user.iam_id, made.value).ok());
}

TEST_F(PasswordsTest, OthersPasswordsTakeARightAndTheOwnersTheOwner) {
  const IamId owner = world.administrator.actor.iam_id;
  const User other = world.Invite("other@example.com");
  EXPECT_EQ(world.passwords.Reset(self, world.account, other.iam_id).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(world.passwords.Reset(world.administrator, world.account, owner).error().reason(),
            "own_password");
  EXPECT_EQ(world.passwords.Remove(world.administrator, world.account, other.iam_id).error().code(),
            ErrorCode::kNotFound);
  control::Caller break_glass = world.CallerOf(IamId(std::string(kBreakGlassId)));
  EXPECT_TRUE(world.passwords.Reset(break_glass, world.account, owner).ok());
  EXPECT_TRUE(world.passwords.Remove(break_glass, world.account, owner).ok());
}

TEST_F(PasswordsTest, NobodyGivesAWayInToWhoMayDoMore) {
  const User helper = world.Invite("helper@example.com");
  PolicyContent content = world.Content(World::Of(helper.iam_id), {Role::kAdministrator});
  content.attributes = {{"accountId", world.account.value()}, {"serviceName", "iam-identity"}};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  const control::Caller who = world.CallerOf(helper.iam_id);
  ASSERT_TRUE(world.passwords.Reset(who, world.account, user.iam_id).ok());
  world.Grant(World::Of(user.iam_id), {Role::kManager});
  EXPECT_EQ(world.passwords.Reset(who, world.account, user.iam_id).error().reason(),
            "more_powerful");
  EXPECT_EQ(world.users.Update(who, world.account, user.iam_id, {.email = "evil@example.com"})
                .error()
                .code(),
            ErrorCode::kDenied);
  world.Grant(World::Of(helper.iam_id), {Role::kReader});
  EXPECT_EQ(world.passwords.Reset(who, world.account, user.iam_id).error().reason(),
            "more_powerful");
  world.Grant(World::Of(helper.iam_id), {Role::kManager, Role::kReader});
  EXPECT_TRUE(world.passwords.Reset(who, world.account, user.iam_id).ok());
}

TEST_F(PasswordsTest, WhoMayAssignWhatSomebodyMayDoMayGiveThemAWayIn) {
  const User helper = world.Invite("helper@example.com");
  for (const char* service : {"iam-identity", "container-registry"}) {
    PolicyContent content = world.Content(World::Of(helper.iam_id), {Role::kAdministrator});
    content.attributes = {{"accountId", world.account.value()}, {"serviceName", service}};
    ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  }
  world.Grant(World::Of(user.iam_id), {Role::kManager});
  EXPECT_TRUE(
      world.passwords.Reset(world.CallerOf(helper.iam_id), world.account, user.iam_id).ok());
}

}  // namespace
}  // namespace breakwater::iam
