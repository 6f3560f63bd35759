// What rests on a session, and how one ends.
#include "iam/sessions.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::World;

class SessionsTest : public ::testing::Test {
 protected:
  SessionsTest() : user(world.Invite("u@example.com")), caller(world.CallerOf(user.iam_id)) {
    caller.origin.address = "192.0.2.1";
    caller.origin.user_agent = "browser";
  }

  Session Begin(SessionLimits limits = {}) {
    auto session = world.sessions.Begin(caller, "local", limits);
    EXPECT_TRUE(session.ok()) << session.error().message();
    return *session;
  }
  std::string TokenOf(const Session& session) {
    return world.tokens.IssueAccess(*world.credentials.WithSession(session, "password"), "g", "c")
        ->token;
  }
  std::string RefreshOf(const Session& session) {
    return world.tokens.IssueRefresh(*world.credentials.WithSession(session, "password"), "c")
        ->token;
  }
  std::string Refusal(const std::string& token) {
    const auto actor = world.credentials.Authenticate("Bearer " + token, false);
    return actor.ok() ? "" : actor.error().reason();
  }
  std::size_t Standing() {
    return world.sessions.List(caller, world.account, {.iam_id = user.iam_id}, {})->items.size();
  }

  World world;
  User user;
  control::Caller caller;
};

TEST_F(SessionsTest, ATokenDiesWithItsSession) {
  const Session session = Begin();
  const std::string token = TokenOf(session);
  EXPECT_EQ(Refusal(token), "");
  ASSERT_TRUE(world.sessions.Revoke(caller, world.account, session.id).ok());
  EXPECT_EQ(Refusal(token), "session_revoked");
  EXPECT_EQ(world.credentials.WithRefreshToken(RefreshOf(session)).error().reason(),
            "session_revoked");
}

TEST_F(SessionsTest, ATokenDoesNotOutliveItsSession) {
  const Session session = Begin({.life = minutes(20)});
  const auto token =
      *world.tokens.IssueAccess(*world.credentials.WithSession(session, "password"), "g", "c");
  EXPECT_EQ(token.expires, session.expires);
  world.clock.Advance(minutes(19));
  EXPECT_EQ(Refusal(token.token), "");
  world.clock.Advance(minutes(1));
  EXPECT_EQ(Refusal(token.token), "session_expired");
}

TEST_F(SessionsTest, UseKeepsASessionAndIdlenessEndsIt) {
  const Session session = Begin({.life = hours(24), .idle = minutes(30)});
  const std::string token = TokenOf(session);
  for (int i = 0; i < 5; ++i) {
    world.clock.Advance(minutes(10));
    EXPECT_EQ(Refusal(token), "") << i;
  }
  world.clock.Advance(minutes(8));
  EXPECT_EQ(Refusal(token), "");
  const std::string later = TokenOf(session);
  world.clock.Advance(minutes(30));
  EXPECT_EQ(Refusal(later), "session_idle");
}

TEST_F(SessionsTest, UseIsWrittenCoarsely) {
  const Session session = Begin();
  const std::string token = TokenOf(session);
  const auto last_used = [&] {
    return world.sessions.Get(caller, world.account, session.id)->last_used;
  };
  world.clock.Advance(seconds(30));
  EXPECT_EQ(Refusal(token), "");
  EXPECT_EQ(last_used(), session.created);
  world.clock.Advance(seconds(60));
  EXPECT_EQ(Refusal(token), "");
  EXPECT_EQ(last_used(), world.clock.Now());
}

TEST_F(SessionsTest, AUsedRefreshTokenEndsItsSession) {
  const Session session = Begin();
  const auto next = world.sessions.Rotate(caller.origin, session.id, session.refresh_generation);
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(world.credentials.WithRefreshToken(RefreshOf(*next)).ok());
  const auto replay = world.sessions.Rotate(caller.origin, session.id, session.refresh_generation);
  EXPECT_EQ(replay.error().reason(), "refresh_token_replayed");
  EXPECT_EQ(Refusal(TokenOf(*next)), "session_revoked");
  EXPECT_EQ(
      world.sessions.Rotate(caller.origin, session.id, next->refresh_generation).error().reason(),
      "session_revoked");
}

TEST_F(SessionsTest, AUsedRefreshTokenEndsItsSessionAsAPasswordToo) {
  const Session session = Begin();
  const std::string basic = "Basic " + Base64Encode(AsBytes("iamrefresh:" + RefreshOf(session)));
  ASSERT_TRUE(world.credentials.Authenticate(basic, true).ok());
  const auto next = *world.sessions.Rotate(caller.origin, session.id, session.refresh_generation);
  EXPECT_EQ(world.credentials.Authenticate(basic, true).error().reason(), "refresh_token_replayed");
  EXPECT_EQ(Refusal(TokenOf(next)), "session_revoked");
}

TEST_F(SessionsTest, ThoseOfSourcesThatAreGoneEnd) {
  const Session session = Begin();
  const std::string token = TokenOf(session);
  const auto end_others = [&](const std::vector<std::string>& sources) {
    return *world.database->database().WriteValue([&](db::Transaction& tx) -> Result<std::int64_t> {
      return store::EndSessionsOfOtherSources(tx, sources, world.clock.Now());
    });
  };
  EXPECT_EQ(Refusal(token), "");
  EXPECT_EQ(end_others({"another", session.source}), 0);
  EXPECT_EQ(Refusal(token), "");
  EXPECT_EQ(end_others({"another"}), 1);
  EXPECT_EQ(Refusal(token), "session_revoked");
  EXPECT_EQ(end_others({"another"}), 0);
}

TEST_F(SessionsTest, TheOldestEndsForTheOneTooMany) {
  const Session first = Begin({.most = 2});
  const std::string token = TokenOf(first);
  world.clock.Advance(minutes(1));
  Begin({.most = 2});
  EXPECT_EQ(Refusal(token), "");
  world.clock.Advance(minutes(1));
  Begin({.most = 2});
  EXPECT_EQ(Refusal(token), "session_revoked");
  EXPECT_EQ(Standing(), 2U);
}

TEST_F(SessionsTest, OthersSessionsTakeARight) {
  const Session session = Begin();
  const control::Caller other = world.CallerOf(world.Invite("other@example.com").iam_id);
  EXPECT_EQ(world.sessions.Get(other, world.account, session.id).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(world.sessions.Revoke(other, world.account, session.id).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(world.sessions.List(other, world.account, {.iam_id = user.iam_id}, {}).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(world.sessions.RevokeAll(other, world.account, user.iam_id).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(world.sessions.List(world.administrator, world.account, {}, {})->total, 1);
  EXPECT_EQ(*world.sessions.RevokeAll(world.administrator, world.account, user.iam_id), 1);
  EXPECT_EQ(Standing(), 0U);
  EXPECT_EQ(world.sessions.List(caller, world.account, {.iam_id = user.iam_id, .ended = true}, {})
                ->items.front()
                .revoked_why,
            "revoked");
}

TEST_F(SessionsTest, WhoIsRemovedHasNoSessions) {
  const std::string token = TokenOf(Begin());
  ASSERT_TRUE(world.users.Remove(world.administrator, world.account, user.iam_id).ok());
  EXPECT_EQ(Refusal(token), "session_unknown");
}

TEST_F(SessionsTest, WhatEndedLongAgoIsSwept) {
  Begin({.life = hours(1)});
  const Session longer = Begin({.life = hours(24 * 40)});
  world.clock.Advance(hours(2) + Sessions::kKeptAfterEnd);
  ASSERT_TRUE(world.sessions.Sweep().ok());
  const auto all =
      *world.sessions.List(caller, world.account, {.iam_id = user.iam_id, .ended = true}, {});
  ASSERT_EQ(all.items.size(), 1U);
  EXPECT_EQ(all.items.front().id, longer.id);
}

}  // namespace
}  // namespace breakwater::iam
