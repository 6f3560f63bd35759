#include "iam/custom_roles.h"

#include <gtest/gtest.h>

#include "iam/actions.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

constexpr std::string_view kRegistry = "container-registry";
constexpr std::string_view kPull = "container-registry.image.pull";
constexpr std::string_view kPush = "container-registry.image.push";

NewCustomRole Wanted(std::vector<std::string> actions, std::string name = "Puller",
                     std::string service = std::string(kRegistry)) {
  return {.name = std::move(name),
          .service = std::move(service),
          .content = {.display_name = "A role", .description = "", .actions = std::move(actions)}};
}

std::vector<std::string> Texts(const std::vector<std::string_view>& views) {
  return {views.begin(), views.end()};
}

CustomRole Make(World& world, const NewCustomRole& role) {
  return *world.custom_roles.Create(world.administrator, world.account, role);
}

TEST(CustomRole, GivesItsActionsAndNoOthers) {
  World world;
  Make(world, Wanted({std::string(kPull)}));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")},
              {{"resourceType", "namespace"}, {"resource", "team"}});
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app")));
  EXPECT_FALSE(world.May(caller, kPush, world.Repository("team/app")));
  EXPECT_FALSE(world.May(caller, kPull, world.Repository("other/app")));
}

TEST(CustomRole, GivesWhatTheAuditTrailHasOtherNamesFor) {
  World world;
  Make(world, Wanted({std::string(kPush)}));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")});
  const auto app = world.Repository("team/app");
  EXPECT_TRUE(world.May(caller, "container-registry.image.tag", app));
  EXPECT_TRUE(world.May(caller, "container-registry.trash.restore", app));
  EXPECT_FALSE(world.May(caller, "container-registry.image.untag", app));
  for (const std::string_view action : ActionsOf(kRegistry)) {
    EXPECT_EQ(NeededAction(action), action);
  }
}

// The reference has one right for what its events tell apart (ibm-registry 2.2).
TEST(CustomRole, ThatManagesExemptionsMakesAndDeletesThem) {
  World world;
  Make(world, Wanted({"container-registry.exemption.manager"}));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")});
  const auto service = control::ServiceResource(world.account, world.registry, "us-south");
  EXPECT_TRUE(world.May(caller, "container-registry.exemption.create", service));
  EXPECT_TRUE(world.May(caller, "container-registry.exemption.delete", service));
  EXPECT_FALSE(world.May(caller, "container-registry.exemption.list", service));
}

TEST(CustomRole, ChangesForAllWhoHaveItAtOnce) {
  World world;
  const CustomRole role = Make(world, Wanted({std::string(kPull), std::string(kPush)}));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")});
  EXPECT_TRUE(world.May(caller, kPush, world.Repository("team/app")));
  const auto after = world.custom_roles.Replace(world.administrator, world.account, role.id,
                                                EntityTag(role.id, role.version),
                                                Wanted({std::string(kPull)}).content);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->version, 2);
  EXPECT_FALSE(world.May(caller, kPush, world.Repository("team/app")));
  EXPECT_TRUE(world.May(caller, kPull, world.Repository("team/app")));
  const auto stale = world.custom_roles.Replace(world.administrator, world.account, role.id,
                                                EntityTag(role.id, role.version),
                                                Wanted({std::string(kPush)}).content);
  EXPECT_EQ(stale.error().code(), ErrorCode::kPrecondition);
}

TEST(CustomRole, OfAccountActionsGivesNothingOnANamespace) {
  World world;
  Make(world, Wanted({"container-registry.settings.get"}));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")},
              {{"resourceType", "namespace"}, {"resource", "team"}});
  const auto service = control::ServiceResource(world.account, world.registry, "us-south");
  EXPECT_FALSE(world.May(caller, "container-registry.settings.get", service));
  world.Grant(World::Of(caller.actor.iam_id), {RoleRef::Custom("Puller")});
  EXPECT_TRUE(world.May(caller, "container-registry.settings.get", service));
}

TEST(CustomRole, OfAnotherServiceIsRefusedInAPolicyAndGivesNothingInAWiderOne) {
  World world;
  Make(world, Wanted({"iam-groups.groups.read"}, "GroupReader", "iam-groups"));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  PolicyContent content =
      world.Content(World::Of(caller.actor.iam_id), {RoleRef::Custom("GroupReader")});
  EXPECT_EQ(world.policies.Create(world.administrator, world.account, content).error().reason(),
            "invalid_body");
  content.attributes.back() = {"serviceType", "platform_service"};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  // The reference's name for the action is ours, too.
  EXPECT_TRUE(world.May(caller, "iam-groups.group.read",
                        IamResource(world.account, "iam-groups", "group")));
  EXPECT_FALSE(world.May(caller, "iam-groups.group.create",
                         IamResource(world.account, "iam-groups", "group")));
  EXPECT_FALSE(world.May(caller, kPull, world.Repository("team/app")));
}

TEST(CustomRole, ThatAssignsAccessDoesSoOnItsWholeServiceAlone) {
  World world;
  Make(world, Wanted({std::string(kPull), "iam-am.policy.create"}, "Assigner"));
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  const auto about = [&](const char* service) {
    return IamResource(world.account, service, "policy");
  };
  PolicyContent content =
      world.Content(World::Of(caller.actor.iam_id), {RoleRef::Custom("Assigner")});
  const Policy on_registry = *world.policies.Create(world.administrator, world.account, content);
  EXPECT_TRUE(world.May(caller, "iam-am.policy.create", about("container-registry")));
  EXPECT_FALSE(world.May(caller, "iam-am.policy.delete", about("container-registry")));
  EXPECT_FALSE(world.May(caller, "iam-am.policy.create", about("compliance")));
  ASSERT_TRUE(world.policies.Delete(world.administrator, world.account, on_registry.id).ok());
  for (const char* type : {"service", "platform_service"}) {
    content.attributes.back() = {"serviceType", type};
    ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  }
  EXPECT_TRUE(world.May(caller, "iam-am.policy.create", about("container-registry")));
  for (const char* other : {"compliance", "iam-access-management", "iam-groups"}) {
    EXPECT_FALSE(world.May(caller, "iam-am.policy.create", about(other))) << other;
  }
}

TEST(CustomRole, StaysWhileAPolicyNamesIt) {
  World world;
  const CustomRole role = Make(world, Wanted({std::string(kPull)}));
  const Policy policy =
      world.Grant(World::Of(world.Invite("u@example.com").iam_id), {RoleRef::Custom("Puller")});
  const Status used = world.custom_roles.Delete(world.administrator, world.account, role.id);
  EXPECT_EQ(used.error().reason(), "role_conflict_error");
  EXPECT_EQ(used.error().details().front().value, policy.id);
  ASSERT_TRUE(world.policies.Delete(world.administrator, world.account, policy.id).ok());
  EXPECT_TRUE(world.custom_roles.Delete(world.administrator, world.account, role.id).ok());
  EXPECT_EQ(world.custom_roles.Get(world.account, role.id).error().reason(), "role_not_found");
  // The policy that named it cannot come back.
  const Policy deleted = *world.policies.Get(world.account, policy.id);
  EXPECT_EQ(world.policies
                .Restore(world.administrator, world.account, policy.id,
                         EntityTag(deleted.id, deleted.version))
                .error()
                .reason(),
            "role_not_found");
}

TEST(CustomRole, IsNotThereForPoliciesThatNameNoneOfTheAccount) {
  World world;
  const auto refused = world.policies.Create(
      world.administrator, world.account,
      world.Content(World::Of(world.administrator.actor.iam_id), {RoleRef::Custom("Nobody")}));
  EXPECT_EQ(refused.error().reason(), "role_not_found");
}

TEST(CustomRole, OfAnotherAccountLooksAbsent) {
  World world;
  const CustomRole role = Make(world, Wanted({std::string(kPull)}));
  const AccountId other("other");
  EXPECT_EQ(world.custom_roles.Get(other, role.id).error().reason(), "role_not_found");
  EXPECT_FALSE(RoleRefFromCrn(RoleCrn(RoleRef::Custom("Puller"), other), world.account));
  EXPECT_EQ(RoleCrn(RoleRef::Custom("Puller"), world.account),
            "crn:v1:bluemix:public:iam-access-management::a/acc::customRole:Puller");
  EXPECT_EQ(RoleRefFromCrn(RoleCrn(RoleRef::Custom("Puller"), world.account), world.account),
            RoleRef::Custom("Puller"));
}

TEST(CustomRole, HasALimitAndANameOfItsOwn) {
  World world;
  ChangeDeps deps = world.deps;
  deps.limits.custom_roles_per_account = 1;
  CustomRoles few(deps);
  ASSERT_TRUE(few.Create(world.administrator, world.account, Wanted({std::string(kPull)})).ok());
  EXPECT_EQ(
      few.Create(world.administrator, world.account, Wanted({std::string(kPull)})).error().reason(),
      "role_conflict_error");
  EXPECT_EQ(few.Create(world.administrator, world.account, Wanted({std::string(kPull)}, "Other"))
                .error()
                .reason(),
            "limit_exceeded");
}

TEST(CustomRole, RefusesWhatItCannotBe) {
  const std::string pull(kPull);
  for (const char* name :
       {"", "puller", "Pull-er", "Manager", "P\n", "ThisNameIsLongerThanThirtyLetters"}) {
    EXPECT_EQ(CheckCustomRole(Wanted({pull}, name)).error().reason(), "invalid_body") << name;
  }
  for (const std::vector<std::string>& actions : std::vector<std::vector<std::string>>{
           {},
           {pull, pull},
           {"container-registry.image.*"},
           {"container-registry.image.pul"},
           {"compliance.admin-settings.list"},
           {"iam-am.policy.create"},  // nothing of the service itself
           {pull, "iam-groups.groups.read", "iam-groups.group.read"}}) {
    EXPECT_FALSE(CheckCustomRole(Wanted(actions)).ok());
  }
  EXPECT_FALSE(CheckCustomRole(Wanted({pull}, "Puller", "no-such-service")).ok());
  EXPECT_TRUE(CheckCustomRole(Wanted({pull, "iam.policy.create"})).ok());
}

TEST(Actions, OfARoleAreAmongThoseOfItsServiceAndInTheTable) {
  for (const std::string_view service : ServicesWithActions()) {
    for (const std::string_view action : ActionsOf(service)) {
      EXPECT_NE(RuleFor(action), nullptr) << action;
    }
    EXPECT_LE(ActionsOf(Role::kReader, service).size(), ActionsOf(service).size());
  }
  EXPECT_EQ(ActionsOf(Role::kAdministrator, kRegistry),
            (std::vector<std::string_view>{"iam-am.policy.create", "iam-am.policy.delete",
                                           "iam-am.policy.update"}));
}

TEST(AccessFacts, ARoleOfOnesOwnHidesNoAdministrator) {
  World world;
  Make(world, Wanted({std::string(kPull), "iam-am.policy.update"}, "Assigner"));
  const User user = world.Invite("u@example.com");
  world.Grant(World::Of(user.iam_id), {RoleRef::Custom("Assigner")});
  EXPECT_EQ(world.Counts().administrator_users, 2);
  EXPECT_EQ(world.Counts().manager_users, 1);
}

TEST(AccessFacts, ARoleOfOnesOwnIsAManagerOnlyIfItGivesAllThatManagerDoes) {
  World world;
  std::vector<std::string> all = Texts(ActionsOf(Role::kManager, kRegistry));
  Make(world, Wanted(all, "Everything"));
  all.pop_back();
  Make(world, Wanted(all, "AlmostEverything"));
  world.Grant(World::Of(world.Invite("a@example.com").iam_id), {RoleRef::Custom("Everything")});
  EXPECT_EQ(world.Counts().manager_users, 2);
  world.Grant(World::Of(world.Invite("b@example.com").iam_id),
              {RoleRef::Custom("AlmostEverything")});
  EXPECT_EQ(world.Counts().manager_users, 2);
  EXPECT_EQ(world.Counts().administrator_users, 1);
}

TEST(AccessFacts, AreJudgedWhenARoleChanges) {
  World world;
  const CustomRole role = Make(world, Wanted({std::string(kPull)}));
  world.Grant(World::Of(world.Invite("u@example.com").iam_id), {RoleRef::Custom("Puller")});
  world.gate.most_administrators = 1;
  const auto refused =
      world.custom_roles.Replace(world.administrator, world.account, role.id, "*",
                                 Wanted({std::string(kPull), "iam-am.policy.create"}).content);
  EXPECT_EQ(refused.error().reason(), "config_rule_denied");
  EXPECT_EQ(world.custom_roles.Get(world.account, role.id)->actions.size(), 1U);
}

}  // namespace
}  // namespace breakwater::iam
