// Signing keys change without anybody noticing, or with everybody noticing at once.
#include "iam/key_rotation.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::World;

class KeyRotationTest : public ::testing::Test {
 protected:
  // What one process of a fleet knows.
  struct Process {
    Process(db::Database& database, const KeyRotationTest& test)
        : tokens({.issuer = "https://us.icr.io/identity", .refresh_life = hours(72)},
                 *SigningKeys::Open(database, testing::MasterKey(), test.world.clock),
                 test.world.clock),
          cache(database, test.world.clock),
          credentials(database, cache, test.world.hasher, tokens, test.world.clock) {}
    Tokens tokens;
    AccessCache cache;
    Credentials credentials;
  };

  KeyRotationTest() {
    second_database = world.database->OpenAnother();
    db::Database& other = second_database ? *second_database : world.database->database();
    first = std::make_unique<Process>(world.database->database(), *this);
    second = std::make_unique<Process>(other, *this);
  }

  Login Administrator() { return *world.credentials.WithApiKey(world.administrator_key); }
  std::string TokenOf(Process& process) {
    return process.tokens.IssueAccess(Administrator(), "g", "c")->token;
  }
  static std::string KidOf(const std::string& token) {
    const auto header = Base64UrlDecode(token.substr(0, token.find('.')));
    return std::string(json::FindText(*json::Parse(AsText(*header)), "kid"));
  }
  static std::string Refusal(Process& process, const std::string& token) {
    const auto actor = process.credentials.Authenticate("Bearer " + token, false);
    return actor.ok() ? "" : actor.error().reason();
  }
  static bool Shows(Process& process, const std::string& kid) {
    const json::Value jwks = process.tokens.Jwks();
    for (const json::Value& key : jwks.at("keys").as_array()) {
      if (json::FindText(key, "kid") == kid) return true;
    }
    return false;
  }
  SigningKeyInfo Rotate() { return *rotation.Rotate(world.administrator, world.account); }

  World world;
  std::unique_ptr<db::Database> second_database;
  std::unique_ptr<Process> first;
  std::unique_ptr<Process> second;
  KeyRotation rotation{world.deps, testing::MasterKey(), {}};
};

TEST_F(KeyRotationTest, TheNextKeyIsShownBeforeItSigns) {
  const std::string before = KidOf(TokenOf(*first));
  const SigningKeyInfo next = Rotate();
  world.clock.Advance(seconds(1));
  for (Process* process : {first.get(), second.get()}) {
    EXPECT_TRUE(Shows(*process, next.kid));
    EXPECT_EQ(KidOf(TokenOf(*process)), before);
  }
  world.clock.Set(next.signs_from);
  for (Process* process : {first.get(), second.get()}) {
    EXPECT_EQ(KidOf(TokenOf(*process)), next.kid);
  }
}

TEST_F(KeyRotationTest, AnOldTokenIsGoodUntilItEndsByItself) {
  const auto refresh = *first->tokens.IssueRefresh(Administrator(), "c");
  const std::string old = KidOf(refresh.token);
  world.clock.Set(Rotate().signs_from);
  EXPECT_NE(KidOf(TokenOf(*second)), old);
  world.clock.Set(refresh.expires - seconds(1));
  ASSERT_TRUE(rotation.RunSchedule(world.account).ok());
  EXPECT_TRUE(Shows(*second, old));
  EXPECT_TRUE(second->credentials.WithRefreshToken(refresh.token).ok());
}

TEST_F(KeyRotationTest, AKeyWhoseTokensHaveEndedGoes) {
  const std::string old = KidOf(TokenOf(*first));
  const SigningKeyInfo next = Rotate();
  world.clock.Set(next.signs_from + hours(72) + hours(1));
  ASSERT_TRUE(rotation.RunSchedule(world.account).ok());
  world.clock.Advance(seconds(1));
  EXPECT_FALSE(Shows(*first, old));
  EXPECT_FALSE(Shows(*second, old));
  EXPECT_EQ(rotation.List()->size(), 1U);
}

TEST_F(KeyRotationTest, TheCalendarRotates) {
  const std::string old = KidOf(TokenOf(*first));
  world.clock.Advance(hours(24 * 90) - minutes(1));
  ASSERT_TRUE(rotation.RunSchedule(world.account).ok());
  EXPECT_EQ(rotation.List()->size(), 1U);
  world.clock.Advance(minutes(1));
  ASSERT_TRUE(rotation.RunSchedule(world.account).ok());
  ASSERT_TRUE(rotation.RunSchedule(world.account).ok());  // one is pending
  ASSERT_EQ(rotation.List()->size(), 2U);
  world.clock.Advance(minutes(10));
  EXPECT_NE(KidOf(TokenOf(*second)), old);
}

TEST_F(KeyRotationTest, OneIsPendingAtATime) {
  Rotate();
  EXPECT_EQ(rotation.Rotate(world.administrator, world.account).error().reason(),
            "rotation_pending");
}

TEST_F(KeyRotationTest, ATokenOfANewKeyIsGoodInAProcessThatHasNotLookedYet) {
  EXPECT_EQ(Refusal(*second, TokenOf(*second)), "");
  const SigningKeyInfo next = *rotation.Replace(world.administrator, world.account);
  // Less than it takes it to look by itself.
  world.clock.Advance(std::chrono::milliseconds(60));
  Process third(world.database->database(), *this);
  const std::string token = TokenOf(third);
  EXPECT_EQ(KidOf(token), next.kid);
  EXPECT_EQ(Refusal(*second, token), "");
}

TEST_F(KeyRotationTest, AfterAReplacementNoOldTokenIsGoodAnywhere) {
  const std::string token = TokenOf(*first);
  EXPECT_EQ(Refusal(*first, token), "");
  EXPECT_EQ(Refusal(*second, token), "");
  ASSERT_TRUE(rotation.Replace(world.administrator, world.account).ok());
  world.clock.Advance(seconds(1));
  EXPECT_EQ(Refusal(*first, token), "token_key_unknown");
  EXPECT_EQ(Refusal(*second, token), "token_key_unknown");
  EXPECT_EQ(Refusal(*second, TokenOf(*first)), "");
}

TEST_F(KeyRotationTest, TakesARight) {
  const control::Caller other = world.CallerOf(world.Invite("u@example.com").iam_id);
  EXPECT_EQ(rotation.Rotate(other, world.account).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(rotation.Replace(other, world.account).error().code(), ErrorCode::kDenied);
}

}  // namespace
}  // namespace breakwater::iam
