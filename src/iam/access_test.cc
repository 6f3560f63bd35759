// Rights as they are granted and taken away in a database, and the facts about them.
#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

constexpr std::string_view kPull = "container-registry.image.pull";
constexpr std::string_view kPush = "container-registry.image.push";

TEST(Bootstrap, MakesAnOwnerWithAKeyOnceAndOnlyOnce) {
  World world;
  EXPECT_FALSE(world.administrator_key.empty());
  EXPECT_EQ(world.administrator.actor.kind, control::IdentityKind::kUser);
  EXPECT_EQ(world.administrator.actor.account, world.account);
  const auto again = EnsureInstalled(world.deps, world.hasher, {});
  ASSERT_TRUE(again.ok());
  EXPECT_FALSE(again->has_value());
  EXPECT_EQ(FirstAccount(world.database->database())->id, world.account);
}

TEST(Bootstrap, TakesAGivenKeyAndRefusesAWeakOne) {
  World world;
  const auto empty = db::testing::OpenTestDatabase();
  control::ChangePath changes(empty->database(), world.audit, *world.jobs, world.authorizer,
                              world.gate, world.facts);
  const ChangeDeps deps{empty->database(), changes, world.clock};
  const auto weak = EnsureInstalled(deps, world.hasher, {.api_key = Secret("short")});
  ASSERT_FALSE(weak.ok());
  EXPECT_EQ(weak.error().reason(), "bootstrap_api_key");
  EXPECT_FALSE(FirstAccount(empty->database()).ok());
  const auto made = EnsureInstalled(deps, world.hasher, {.api_key = Secret("given-by-operator")});
  ASSERT_TRUE(made.ok()) << made.error().log();
  EXPECT_EQ(**made, Secret("given-by-operator"));
}

TEST(Bootstrap, StartsWithOneAdministratorOneManagerAndNoDirectPolicy) {
  World world;
  EXPECT_EQ(world.Counts(), (AccessCounts{.administrator_users = 1, .manager_users = 1}));
}

TEST(Authorizer, NobodyNeedsACredential) {
  World world;
  const Status may = world.authorizer.Authorize({}, kPull, world.Repository("team/app"));
  ASSERT_FALSE(may.ok());
  EXPECT_EQ(may.error().code(), ErrorCode::kUnauthenticated);
}

TEST(Authorizer, NobodyPullsWhatEverybodyMayAndDoesNothingElse) {
  World world;
  const control::Caller nobody;
  const auto may = [&](const char* action, const char* repository) {
    return world.May(nobody, action, world.Repository(repository));
  };
  const Policy policy =
      world.Grant({SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)}, {Role::kReader},
                  {{"resourceType", "namespace"}, {"resource", "team"}});
  EXPECT_TRUE(may("container-registry.image.pull", "team/app"));
  EXPECT_FALSE(may("container-registry.image.pull", "other/app"));
  for (const ActionRule& rule : ActionRules()) {
    if (rule.pattern == "container-registry.image.pull") continue;
    EXPECT_FALSE(may(std::string(rule.pattern).c_str(), "team/app")) << rule.pattern;
  }
  control::Resource elsewhere = world.Repository("team/app");
  elsewhere.account = AccountId("other");
  EXPECT_FALSE(world.May(nobody, "container-registry.image.pull", elsewhere));
  // Members are of everybody, too; and a token made for something else stays one.
  const User user = world.Invite("u@example.com");
  EXPECT_TRUE(world.May(world.CallerOf(user.iam_id), kPull, world.Repository("team/app")));
  control::Caller token;
  token.actor.grants = std::vector{control::Grant{.repository = "team/app2", .actions = {"pull"}}};
  EXPECT_EQ(world.authorizer.Authorize(token, kPull, world.Repository("team/app")).error().reason(),
            "insufficient_scope");
  EXPECT_EQ(world.Counts().public_policies, 1);
  ASSERT_TRUE(world.policies.Delete(world.administrator, world.account, policy.id).ok());
  EXPECT_FALSE(may("container-registry.image.pull", "team/app"));
  EXPECT_EQ(world.Counts().public_policies, 0);
}

TEST(Authorizer, WithoutIamAuthzNobodyHasNoMoreThanEverybody) {
  World world;
  world.mode.policies_count = false;
  EXPECT_FALSE(world.May({}, kPull, world.Repository("team/app")));
}

TEST(Authorizer, GrantsAndRevocationsCountAtOnce) {
  World world;
  const User user = world.Invite("u@example.com");
  const auto caller = world.CallerOf(user.iam_id);
  const auto repository = world.Repository("team/app");
  EXPECT_FALSE(world.May(caller, kPull, repository));
  const Policy policy = world.Grant(World::Of(user.iam_id), {Role::kReader});
  EXPECT_TRUE(world.May(caller, kPull, repository));
  EXPECT_FALSE(world.May(caller, kPush, repository));
  ASSERT_TRUE(world.policies.Delete(world.administrator, world.account, policy.id).ok());
  EXPECT_FALSE(world.May(caller, kPull, repository));
}

TEST(Authorizer, GroupMembershipCountsAndEndsAtOnce) {
  World world;
  const User user = world.Invite("u@example.com");
  const auto caller = world.CallerOf(user.iam_id);
  const auto group = *world.groups.Create(world.administrator, world.account, {"pullers", ""});
  world.Grant({SubjectKind::kAccessGroup, group.id}, {Role::kReader});
  EXPECT_FALSE(world.May(caller, kPull, world.Repository("team/app")));
  ASSERT_TRUE(
      world.groups.AddMember(world.administrator, world.account, group.id, {user.iam_id}).ok());
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app")));
  ASSERT_TRUE(
      world.groups.RemoveMember(world.administrator, world.account, group.id, user.iam_id).ok());
  EXPECT_FALSE(world.May(caller, kPull, world.Repository("team/app")));
}

TEST(Authorizer, ARemovedIdentityIsNobody) {
  World world;
  const User user = world.Invite("u@example.com");
  world.Grant(World::Of(user.iam_id), {Role::kReader});
  const auto caller = world.CallerOf(user.iam_id);
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app")));
  ASSERT_TRUE(world.users.Remove(world.administrator, world.account, user.iam_id).ok());
  const Status may = world.authorizer.Authorize(caller, kPull, world.Repository("team/app"));
  EXPECT_EQ(may.error().reason(), "identity_unknown");
}

TEST(Authorizer, RefusalNamesActionResourceAndRole) {
  World world;
  const User user = world.Invite("u@example.com");
  const Status may =
      world.authorizer.Authorize(world.CallerOf(user.iam_id), kPush, world.Repository("team/app"));
  EXPECT_EQ(may.error().code(), ErrorCode::kDenied);
  EXPECT_EQ(may.error().message(),
            "you are not allowed to do container-registry.image.push on image team/app in "
            "us.icr.io: it takes the role Writer or Manager on container-registry");
}

TEST(Authorizer, WithoutIamAuthzEveryMemberHasTheRegistryAndNothingElse) {
  World world;
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.mode.policies_count = false;
  EXPECT_TRUE(world.May(caller, kPush, world.Repository("team/app")));
  EXPECT_TRUE(world.May(caller, "container-registry.auth.set",
                        control::ServiceResource(world.account, world.registry, "us-south")));
  EXPECT_FALSE(world.May(caller, "iam-groups.group.create", GroupResource(world.account, "")));
  EXPECT_FALSE(world.May(caller, "compliance.configuration-governance.rules-create",
                         control::ServiceResource(world.account, world.registry, "us-south")));
  control::Resource foreign = world.Repository("team/app");
  foreign.account = AccountId("other");
  EXPECT_FALSE(world.May(caller, kPull, foreign));
  EXPECT_FALSE(
      world.May(world.CallerOf(IamId("IBMid-unknown")), kPull, world.Repository("team/app")));
}

TEST(Authorizer, TokenGrantsLimitWhatPoliciesAllow) {
  World world;
  control::Caller caller = world.administrator;
  caller.actor.grants = std::vector<control::Grant>{{"team/app", {"pull"}}};
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app")));
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app@sha256:abc")));
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app:latest")));
  for (const char* repository : {"team/app2", "team/ap", "team/app/sub"}) {
    const Status may = world.authorizer.Authorize(caller, kPull, world.Repository(repository));
    ASSERT_FALSE(may.ok()) << repository;
    EXPECT_EQ(may.error().reason(), "insufficient_scope");
  }
  EXPECT_FALSE(world.May(caller, kPush, world.Repository("team/app")));
  EXPECT_FALSE(world.May(caller, "container-registry.image.delete", world.Repository("team/app")));
  EXPECT_FALSE(world.May(caller, "container-registry.auth.set",
                         control::ServiceResource(world.account, world.registry, "us-south")));
}

TEST(Authorizer, TokenGrantsGiveNoRightOfTheirOwn) {
  World world;
  control::Caller caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  caller.actor.grants = std::vector<control::Grant>{{"team/app", {"pull", "push", "delete"}}};
  const Status may = world.authorizer.Authorize(caller, kPull, world.Repository("team/app"));
  EXPECT_EQ(may.error().code(), ErrorCode::kDenied);
}

TEST(AccessFacts, CountIdentitiesOnceDirectlyAndThroughGroups) {
  World world;
  const User user = world.Invite("u@example.com");
  const auto service = world.service_ids.Create(world.administrator, world.account, {.name = "s"});
  const auto group = *world.groups.Create(world.administrator, world.account, {"managers", ""});
  for (const IamId& iam_id : {user.iam_id, service->service_id.iam_id}) {
    ASSERT_TRUE(
        world.groups.AddMember(world.administrator, world.account, group.id, {iam_id}).ok());
  }
  world.Grant({SubjectKind::kAccessGroup, group.id}, {Role::kManager});
  EXPECT_EQ(world.Counts(), (AccessCounts{.administrator_users = 1,
                                          .administrator_service_ids = 0,
                                          .manager_users = 2,
                                          .manager_service_ids = 1,
                                          .direct_policies = 0}));
  world.Grant(World::Of(user.iam_id), {Role::kManager, Role::kAdministrator});
  EXPECT_EQ(world.Counts(), (AccessCounts{.administrator_users = 2,
                                          .administrator_service_ids = 0,
                                          .manager_users = 2,
                                          .manager_service_ids = 1,
                                          .direct_policies = 1}));
}

TEST(AccessFacts, NarrowPoliciesMakeAdministratorsButNoManagers) {
  World world;
  const User user = world.Invite("u@example.com");
  world.Grant(World::Of(user.iam_id), {Role::kManager, Role::kAdministrator},
              {{"resourceType", "namespace"}, {"resource", "team"}});
  const AccessCounts counts = world.Counts();
  EXPECT_EQ(counts.administrator_users, 2);
  EXPECT_EQ(counts.manager_users, 1);
  EXPECT_EQ(counts.direct_policies, 1);
}

TEST(AccessFacts, PoliciesOnOtherServicesDoNotCount) {
  World world;
  const User user = world.Invite("u@example.com");
  PolicyContent content = world.Content(World::Of(user.iam_id), {Role::kAdministrator});
  content.attributes.back().value = "compliance";
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  EXPECT_EQ(world.Counts().direct_policies, 0);
  EXPECT_EQ(world.Counts().administrator_users, 1);
}

TEST(AccessChanges, AreRefusedByTheGateAndLeaveNoTrace) {
  World world;
  const User user = world.Invite("u@example.com");
  world.gate.most_administrators = 1;
  const auto refused =
      world.policies.Create(world.administrator, world.account,
                            world.Content(World::Of(user.iam_id), {Role::kAdministrator}));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "config_rule_denied");
  EXPECT_EQ(world.Counts().administrator_users, 1);
  EXPECT_EQ(
      world.policies.List(world.account, {.subject = World::Of(user.iam_id)}, {})->items.size(),
      0U);
  const auto records = *world.audit.Query({.action = "iam-am.policy.create"});
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.back().record.outcome, audit::Outcome::kFailure);
}

TEST(AccessChanges, ThatAlterNoRoleAreMadeWhateverRuleIsViolated) {
  World world;
  const User user = world.Invite("u@example.com");
  const auto made =
      *world.api_keys.Create(world.administrator, world.account, user.iam_id, {.name = "leaked"});
  world.gate.most_administrators = 0;
  EXPECT_TRUE(
      world.api_keys.SetDisabled(world.administrator, world.account, made.key.id, true).ok());
  EXPECT_TRUE(world.users.Activate(world.account, user.iam_id).ok());
  const auto group = *world.groups.Create(world.administrator, world.account, {"g", ""});
  const Status added =
      world.groups.AddMember(world.administrator, world.account, group.id, {user.iam_id});
  EXPECT_EQ(added.error().reason(), "config_rule_denied");
}

}  // namespace
}  // namespace breakwater::iam
