// Who people of other directories are here, and what becomes of their rights.
#include "iam/sign_in/federation.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

Person Alice() {
  Person person;
  person.subject = "uid=alice";
  person.email = "alice@example.com";
  person.first_name = "Alice";
  person.claims = {{"groups", json::Array{"devs"}}};
  return person;
}

// Says of people what it is told to.
class Corp final : public PasswordSource {
 public:
  std::string_view name() const override { return "corp"; }
  Result<std::optional<Person>> Check(std::string_view, const Secret&,
                                      const BeforeProof& before) override {
    if (person) BW_TRY_STATUS(before(person->subject));
    return person;
  }
  Status PretendToRefuse(bool) override { return Ok(); }
  Result<std::optional<Person>> LookUp(std::string_view) override {
    if (silent) return Unavailable("gone");
    return person;
  }
  std::optional<Person> person = Alice();
  bool silent = false;
};

class FederationTest : public ::testing::Test {
 protected:
  Result<IamId> Admit(const Admission& admission, const Person& person = Alice()) {
    return world.federation.Admit(world.account, admission, person);
  }
  std::string Refusal(const Admission& admission, const Person& person = Alice()) {
    const auto iam_id = Admit(admission, person);
    return iam_id.ok() ? "" : iam_id.error().reason();
  }

  // Whom the directory has among its developers is a member of it from a sign-in on.
  std::string GroupOfDevelopers() {
    auto group = *world.groups.Create(world.administrator, world.account, {.name = "developers"});
    EXPECT_TRUE(world.groups
                    .CreateRule(world.administrator, world.account, group.id,
                                {.name = "r",
                                 .realm = "corp",
                                 .expiration_hours = 1,
                                 .conditions = {{"groups", ClaimOperator::kContains, "\"devs\""}}})
                    .ok());
    return group.id;
  }

  World world;
  const Admission invited{.source = "corp", .realm = "corp"};
  const Admission create{.source = "corp", .realm = "corp", .create = true};
};

TEST_F(FederationTest, WhoIsNotInvitedDoesNotGetIn) {
  EXPECT_EQ(Refusal(invited), "not_invited");
  const User user = world.Invite("alice@example.com");
  EXPECT_EQ(*Admit(invited), user.iam_id);
  Person renamed = Alice();
  renamed.email = "alice.new@example.com";
  EXPECT_EQ(*Admit(invited, renamed), user.iam_id);
}

TEST_F(FederationTest, ASourceMayMakeUsers) {
  const IamId iam_id = *Admit(create);
  EXPECT_EQ(*Admit(create), iam_id);
  EXPECT_EQ(world.users.Get(world.account, iam_id)->email, "alice@example.com");
  Person nameless = Alice();
  nameless.subject = "uid=other";
  nameless.email.clear();
  EXPECT_NE(*Admit(create, nameless), iam_id);
  const Admission elsewhere{.source = "lab", .realm = "lab", .create = true};
  EXPECT_EQ(Refusal(elsewhere), "email_taken");
}

TEST_F(FederationTest, NobodyBecomesSomebodyElseByAnAddress) {
  const User user = world.Invite("alice@example.com");
  ASSERT_TRUE(world.users.Activate(world.account, user.iam_id).ok());
  EXPECT_EQ(Refusal(create), "email_taken");
  const Admission linking{.source = "corp", .realm = "corp", .create = true, .link_by_email = true};
  EXPECT_EQ(*Admit(linking), user.iam_id);
  Person owner = Alice();
  owner.subject = "uid=boss";
  owner.email = world.users.Get(world.account, world.administrator.actor.iam_id)->email;
  EXPECT_NE(Refusal(linking, owner), "");
}

TEST_F(FederationTest, WhoIsRemovedHereIsNoUserAnyMore) {
  const IamId iam_id = *Admit(create);
  ASSERT_TRUE(world.users.Remove(world.administrator, world.account, iam_id).ok());
  EXPECT_EQ(Refusal(invited), "not_invited");
  EXPECT_NE(*Admit(create), iam_id);
}

TEST_F(FederationTest, GroupsThatChangeAtASignInAreToldAndThoseThatStayAreNot) {
  GroupOfDevelopers();
  control::testing::FactNews news(*world.jobs);
  const auto told_of_access = [&] {
    const auto told = news.Take();
    return std::ranges::count(told, "access");
  };
  told_of_access();
  ASSERT_TRUE(Admit(create).ok());
  EXPECT_EQ(told_of_access(), 1);
  Person moved = Alice();
  moved.claims = {{"groups", json::Array{"ops"}}};
  ASSERT_TRUE(Admit(create, moved).ok());
  EXPECT_EQ(told_of_access(), 1);
  ASSERT_TRUE(Admit(create, moved).ok());
  EXPECT_EQ(told_of_access(), 0);
}

// Somebody whom a group of the source makes an administrator.
TEST_F(FederationTest, RightsThatARuleRefusesAreNotGivenAtASignInWhichGoesOnWithoutThem) {
  const std::string group = GroupOfDevelopers();
  world.Grant({SubjectKind::kAccessGroup, group}, {Role::kAdministrator});
  const auto members = [&] {
    return world.groups.ListMembers(world.account, group, {}, {})->total;
  };
  Person stranger = Alice();
  stranger.claims = {};
  const IamId iam_id = *Admit(create, stranger);
  world.gate.most_administrators = 1;
  EXPECT_EQ(*Admit(create), iam_id);
  EXPECT_EQ(members(), 0);
  EXPECT_EQ(world.Counts().administrator_users, 1);
  const auto records = *world.audit.Query(
      {.action = "user-management.user.update", .outcome = audit::Outcome::kFailure});
  EXPECT_EQ(records.size(), 1U) << "the refusal is on record";
  world.gate.most_administrators = 2;
  EXPECT_EQ(*Admit(create), iam_id);
  EXPECT_EQ(members(), 1);
  world.gate.most_administrators = 1;
  EXPECT_EQ(*Admit(create), iam_id) << "what they have stays theirs";
  EXPECT_EQ(members(), 1);
}

TEST_F(FederationTest, ARefreshAsksTheSourceAgain) {
  Corp corp;
  SignIn sign_in(world.sign_in_deps, {}, {{&corp, create}});
  const control::Origin origin;
  const auto login = *sign_in.WithPassword(origin, {"alice", Secret("pw")});
  EXPECT_TRUE(sign_in.Recheck(origin, login.credential_id).ok());
  corp.silent = true;
  EXPECT_EQ(sign_in.Recheck(origin, login.credential_id).error().reason(), "source_unavailable");
  corp.silent = false;
  corp.person.reset();
  EXPECT_EQ(sign_in.Recheck(origin, login.credential_id).error().reason(), "session_revoked");
  const std::string token = world.tokens.IssueAccess(login, "g", "c")->token;
  EXPECT_EQ(world.credentials.Authenticate("Bearer " + token, false).error().reason(),
            "session_revoked");
}

TEST_F(FederationTest, ARefreshTokenThatIsNotExchangedIsRecheckedToo) {
  Corp corp;
  SignIn sign_in(world.sign_in_deps, {}, {{&corp, create}});
  world.credentials.Watch(sign_in);
  const auto login = *sign_in.WithPassword({}, {"alice", Secret("pw")});
  const std::string token = world.tokens.IssueRefresh(login, "c")->token;
  const std::string basic = "Basic " + Base64Encode(AsBytes("iamrefresh:" + token));
  EXPECT_TRUE(world.credentials.Authenticate(basic, true).ok());
  corp.person.reset();
  world.clock.Advance(SignIn::kCheckedFor);
  EXPECT_EQ(world.credentials.Authenticate(basic, true).error().reason(), "session_revoked");
  EXPECT_EQ(world.credentials.WithRefreshToken(token).error().reason(), "session_revoked");
}

TEST_F(FederationTest, ClaimsAreBounded) {
  Person person = Alice();
  person.claims["long"] = json::Text(std::string(100'000, 'a'));
  EXPECT_EQ(Refusal(create, person), "claims_too_large");
}

}  // namespace
}  // namespace breakwater::iam
