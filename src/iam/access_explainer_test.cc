#include "iam/access_explainer.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

constexpr std::string_view kPull = "container-registry.image.pull";
constexpr std::string_view kPush = "container-registry.image.push";

TEST(AccessExplainer, TellsTheLayerThatDecidedAndAgreesWithTheAuthorizer) {
  World world;
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  const auto repository = world.Repository("team/app");
  const auto ask = [&](const control::Caller& who, std::string_view action) {
    auto report = world.explainer.Explain(world.account, who, action, repository);
    EXPECT_TRUE(report.ok());
    EXPECT_EQ(report->allowed, world.May(who, action, repository)) << report->layer;
    return *report;
  };
  EXPECT_EQ(ask(world.administrator, kPull).layer, "owner");
  EXPECT_EQ(ask(caller, kPull).layer, "policy");
  const auto group = *world.groups.Create(world.administrator, world.account, {"pullers", ""});
  ASSERT_TRUE(
      world.groups.AddMember(world.administrator, world.account, group.id, {caller.actor.iam_id})
          .ok());
  const Policy policy = world.Grant({SubjectKind::kAccessGroup, group.id}, {Role::kReader});
  const auto allowed = ask(caller, kPull);
  EXPECT_TRUE(allowed.allowed);
  EXPECT_EQ(allowed.explanation.policies.front().policy, policy.id);
  EXPECT_EQ(allowed.explanation.policies.front().group, group.id);
  const auto refused = ask(caller, kPush);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.explanation.policies.front().misses.front().what, "role");
  control::Caller token = caller;
  token.actor.grants = std::vector{control::Grant{.repository = "team/other", .actions = {"pull"}}};
  EXPECT_EQ(ask(token, kPull).layer, "grants");
  EXPECT_EQ(ask({}, kPull).layer, "policy");
  EXPECT_EQ(ask({}, kPush).layer, "identity");
  world.mode.policies_count = false;
  EXPECT_EQ(ask(caller, kPush).layer, "iam_authz");
  EXPECT_EQ(
      world.explainer.Explain(world.account, world.CallerOf(IamId("IBMid-none")), kPull, repository)
          .error()
          .reason(),
      "identity_unknown");
}

TEST(AccessExplainer, ListsEverybodyWhoMayWithEveryPath) {
  World world;
  const IamId user = world.Invite("u@example.com").iam_id;
  const auto service =
      *world.service_ids.Create(world.administrator, world.account, {.name = "ci"});
  const auto group = *world.groups.Create(world.administrator, world.account, {"pullers", ""});
  for (const IamId& member : {user, service.service_id.iam_id}) {
    ASSERT_TRUE(
        world.groups.AddMember(world.administrator, world.account, group.id, {member}).ok());
  }
  world.Grant({SubjectKind::kAccessGroup, group.id}, {Role::kReader});
  world.Grant(World::Of(user), {Role::kManager}, {{"resource", "team"}});
  world.Grant(World::Of(IamId("IBMid-later")), {Role::kManager});
  world.Grant({SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)}, {Role::kReader});
  world.Invite("bystander@example.com");
  const auto repository = world.Repository("team/app");
  const auto all = *world.explainer.FindWhoCan(world.account, kPull, repository, IamId(), 10);
  ASSERT_EQ(all.identities.size(), 3U);
  EXPECT_FALSE(all.next);
  EXPECT_EQ(all.everybody.size(), 1U);
  for (const WhoMay& who : all.identities) {
    if (who.iam_id == world.administrator.actor.iam_id) {
      EXPECT_EQ(who.paths.front().kind, "owner");
    } else if (who.iam_id == user) {
      ASSERT_EQ(who.paths.size(), 2U);
      EXPECT_EQ(who.paths[0].kind, "policy");
      EXPECT_EQ(who.paths[1].kind, "group");
      EXPECT_EQ(who.paths[1].group, group.id);
    } else {
      EXPECT_EQ(who.iam_id, service.service_id.iam_id);
      EXPECT_EQ(who.name, "ci");
      EXPECT_EQ(who.kind, control::IdentityKind::kServiceId);
    }
  }
  const auto push = *world.explainer.FindWhoCan(world.account, kPush, repository, IamId(), 10);
  EXPECT_EQ(push.identities.size(), 2U);
  EXPECT_TRUE(push.everybody.empty());
  // Page by page they are the same.
  std::vector<IamId> paged;
  IamId after;
  for (int pages = 0; pages < 5; ++pages) {
    const auto page = *world.explainer.FindWhoCan(world.account, kPull, repository, after, 1);
    for (const WhoMay& who : page.identities) paged.push_back(who.iam_id);
    if (!page.next) break;
    after = *page.next;
  }
  std::vector<IamId> whole;
  for (const WhoMay& who : all.identities) whole.push_back(who.iam_id);
  EXPECT_EQ(paged, whole);
  world.mode.policies_count = false;
  EXPECT_TRUE(
      world.explainer.FindWhoCan(world.account, kPull, repository, IamId(), 1)->every_member);
}

TEST(Authorizer, ARefusalTellsWhoMayReadPoliciesWhatCameNearest) {
  World world;
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  const Policy near =
      world.Grant(World::Of(caller.actor.iam_id), {Role::kReader}, {{"resource", "other"}});
  const auto refusal = [&] {
    return world.authorizer.Authorize(caller, kPull, world.Repository("team/app")).error();
  };
  EXPECT_TRUE(refusal().details().empty());
  PolicyContent viewer = world.Content(World::Of(caller.actor.iam_id), {Role::kViewer});
  viewer.attributes.back() = {"service_group_id", "IAM"};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, viewer).ok());
  const auto details = refusal().details();
  ASSERT_EQ(details.size(), 3U);
  EXPECT_EQ(details[0].value, "policy");
  EXPECT_EQ(details[1].value, near.id);
  EXPECT_NE(details[2].value.find("resource must be so"), std::string::npos);
  control::Resource foreign = world.Repository("team/app");
  foreign.account = AccountId("other");
  EXPECT_TRUE(world.authorizer.Authorize(caller, kPull, foreign).error().details().empty());
}

class Warnings : public ::testing::Test {
 protected:
  Warnings() {
    around_.registries = {{"us.icr.io", "us-south"}, {"de.icr.io", "eu-de"}};
    around_.namespaces = {"team-a"};
    around_.resource_groups = {"rg"};
    policy_.account = AccountId("acc");
    policy_.roles = {Role::kReader};
  }
  std::vector<std::string> Of(std::vector<PolicyAttribute> more,
                              std::string service = "container-registry") {
    policy_.attributes = {{"accountId", "acc"}, {"serviceName", std::move(service)}};
    policy_.attributes.insert(policy_.attributes.end(), more.begin(), more.end());
    return FindWarnings(policy_, roles_, around_, true, *ParseRfc3339("2022-03-21T09:30:00Z"));
  }
  Policy policy_;
  Surroundings around_;
  std::vector<CustomRole> roles_;
};

TEST_F(Warnings, AreNoneForWhatMatchesSomething) {
  EXPECT_TRUE(Of({}).empty());
  EXPECT_TRUE(Of({{"resourceType", "namespace"}, {"resource", "team-a"}}).empty());
  EXPECT_TRUE(Of({{"resource", "team-*", MatchOperator::kStringMatch}}).empty());
  EXPECT_TRUE(Of({{"resource", "", MatchOperator::kStringEqualsAnyOf, {"x", "team-a"}}}).empty());
  EXPECT_TRUE(Of({{"region", "eu-de"}, {"registry", "de.icr.io"}}).empty());
  EXPECT_TRUE(Of({{"resourceGroupId", "rg"}}).empty());
}

TEST_F(Warnings, TellOfWhatIsNotThere) {
  EXPECT_EQ(Of({{"region", "us-east"}}).front(), "no registry is in the region us-east");
  EXPECT_EQ(Of({{"registry", "uk.icr.io"}}).front(), "there is no registry uk.icr.io");
  EXPECT_EQ(Of({{"region", "eu-de"}, {"registry", "us.icr.io"}}).front(),
            "registry us.icr.io is not in region eu-de: together they match nothing");
  EXPECT_EQ(Of({{"resource", "team-b"}}).front(),
            "there is no namespace of this name yet: resource team-b");
  EXPECT_EQ(Of({{"resourceGroupId", "other"}}).front(),
            "no namespace is in this resource group yet: resourceGroupId other");
  EXPECT_EQ(Of({}, "container-registri").front(), "there is no service container-registri");
  EXPECT_EQ(Of({{"resource", "x"}}, "compliance").size(), 2U);
}

TEST_F(Warnings, TellOfRolesThatGiveNothing) {
  policy_.roles = {Role::kViewer, Role::kReader};
  EXPECT_EQ(Of({}),
            (std::vector<std::string>{"the role Viewer gives nothing on container-registry"}));
  roles_ = {{.id = "1",
             .account = AccountId("acc"),
             .name = "Settings",
             .service = "container-registry",
             .display_name = "",
             .description = "",
             .actions = {"container-registry.settings.get"},
             .created = {},
             .created_by = {},
             .modified = {},
             .modified_by = {}}};
  policy_.roles = {RoleRef::Custom("Settings")};
  EXPECT_TRUE(Of({}).empty());
  EXPECT_NE(Of({{"resource", "team-a"}}).front().find("on a part it gives nothing"),
            std::string::npos);
}

TEST_F(Warnings, TellOfTagsAndOfSubjectsThatAreNotThere) {
  policy_.tags = {{"a", "b"}};
  EXPECT_EQ(Of({}).size(), 1U);
  policy_.tags.clear();
  Of({});
  EXPECT_EQ(FindWarnings(policy_, roles_, around_, false, {}).size(), 1U);
}

}  // namespace
}  // namespace breakwater::iam
