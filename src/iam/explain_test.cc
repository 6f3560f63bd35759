#include "iam/explain.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "iam/actions.h"

namespace breakwater::iam {
namespace {

const AccountId kAccount("acc");
const Timestamp kNow = *ParseRfc3339("2022-03-21T09:30:00Z");  // a Monday

Identity User() {
  Identity identity;
  identity.account = kAccount;
  identity.iam_id = IamId("IBMid-1");
  return identity;
}

control::Resource In(const std::string& name_space) {
  return control::NamespaceResource(kAccount, RegistryName("us.icr.io"), "us-south", name_space);
}

Policy Of(std::string id, std::vector<RoleRef> roles, std::vector<PolicyAttribute> more = {}) {
  Policy policy;
  policy.id = std::move(id);
  policy.account = kAccount;
  policy.subject = {SubjectKind::kIdentity, "IBMid-1"};
  policy.roles = std::move(roles);
  policy.attributes = {{"accountId", "acc"}, {"serviceName", "container-registry"}};
  policy.attributes.insert(policy.attributes.end(), more.begin(), more.end());
  return policy;
}

PolicyRule OnDay(const char* day) {
  return *ParseRule(R"({"key":"{{environment.attributes.day_of_week}}",)"
                    R"("operator":"dayOfWeekEquals","value":")" +
                    std::string(day) + R"(+00:00"})");
}

TEST(Explain, NamesThePolicyTheGroupAndTheRoleThatGive) {
  Policy policy = Of("p", {Role::kWriter, Role::kReader}, {{"resource", "team"}});
  policy.subject = {SubjectKind::kAccessGroup, "g"};
  const std::vector<std::string> groups{"g"};
  const auto found = Explain(User(), groups, PolicySet({policy}), "container-registry.image.list",
                             In("team"), kNow);
  EXPECT_TRUE(found.allowed);
  ASSERT_EQ(found.policies.size(), 1U);
  EXPECT_EQ(found.policies[0].policy, "p");
  EXPECT_EQ(found.policies[0].group, "g");
  EXPECT_EQ(found.policies[0].role, RoleRef(Role::kReader));
  EXPECT_TRUE(found.remedies.empty());
}

TEST(Explain, PutsTheNearestMissFirstAndSaysWhatWouldHaveToChange) {
  const Policy far = Of("far", {Role::kReader}, {{"resource", "other"}, {"region", "eu-de"}});
  const Policy near = Of("near", {Role::kWriter}, {{"resource", "other"}});
  const auto found = Explain(User(), {}, PolicySet({far, near}), "container-registry.image.push",
                             In("team"), kNow);
  EXPECT_FALSE(found.allowed);
  ASSERT_EQ(found.policies.size(), 2U);
  EXPECT_EQ(found.policies[0].policy, "near");
  ASSERT_EQ(found.policies[0].misses.size(), 1U);
  EXPECT_EQ(found.policies[0].misses[0].what, "resource");
  EXPECT_EQ(found.policies[0].misses[0].text,
            "resource must be so: stringEquals other; it is team");
  EXPECT_EQ(found.policies[1].misses.size(), 3U);
  EXPECT_EQ(found.remedies.front(),
            "change policy near: resource must be so: stringEquals other; it is team");
  EXPECT_EQ(found.remedies.back(),
            "give IBMid-1, or an access group it is in, a policy with the role Writer or Manager "
            "on the namespace team of container-registry, or on more");
}

TEST(Explain, TellsOfRulesTagsAndAccountActions) {
  Policy timed = Of("timed", {Role::kManager});
  timed.rule = OnDay("2");
  Policy tagged = Of("tagged", {Role::kManager});
  tagged.tags = {{"a", "b"}};
  const Policy narrow = Of("narrow", {Role::kManager}, {{"resource", "team"}});
  const auto service = control::ServiceResource(kAccount, RegistryName("us.icr.io"), "us-south");
  const auto found = Explain(User(), {}, PolicySet({timed, tagged, narrow}),
                             "container-registry.settings.set", service, kNow);
  ASSERT_EQ(found.policies.size(), 3U);
  EXPECT_EQ(found.policies[0].misses[0].what, "rule");
  EXPECT_EQ(found.policies[1].misses[0].what, "tags");
  EXPECT_EQ(found.policies[2].misses[0].what, "resource");
  EXPECT_NE(found.policies[2].misses[0].text.find("the account as a whole"), std::string::npos);
}

TEST(Explain, TellsForeignersNothing) {
  control::Resource foreign = In("team");
  foreign.account = AccountId("other");
  const auto found = Explain(User(), {}, PolicySet({Of("p", {Role::kManager})}),
                             "container-registry.image.pull", foreign, kNow);
  EXPECT_FALSE(found.allowed);
  EXPECT_EQ(found.reason, Decision::Reason::kOtherAccount);
  EXPECT_TRUE(found.policies.empty());
  EXPECT_TRUE(found.remedies.empty());
}

TEST(Explain, PassesOverPoliciesOfOthers) {
  Policy other = Of("p", {Role::kManager});
  other.subject.id = "IBMid-2";
  const auto found =
      Explain(User(), {}, PolicySet({other}), "container-registry.image.pull", In("team"), kNow);
  EXPECT_TRUE(found.policies.empty());
}

std::vector<Role> SystemRoles() {
  return {std::begin(kAllRoles), std::end(kAllRoles)};
}

CustomRole ArbitraryCustomRole() {
  CustomRole role;
  role.account = kAccount;
  role.name = "Own";
  role.service = *rc::gen::element<std::string>("container-registry", "iam-groups", "compliance");
  for (const std::string_view action : ActionsOf(role.service)) {
    if (*rc::gen::arbitrary<bool>()) role.actions.emplace_back(action);
  }
  return role;
}

Policy ArbitraryPolicy() {
  Policy policy = Of(*rc::gen::element<std::string>("p", "q"), {});
  policy.roles.emplace_back(*rc::gen::elementOf(SystemRoles()));
  if (*rc::gen::arbitrary<bool>()) policy.roles.push_back(RoleRef::Custom("Own"));
  if (*rc::gen::inRange(0, 4) == 0) policy.subject.id = "IBMid-2";
  if (*rc::gen::inRange(0, 4) == 0) policy.subject = {SubjectKind::kAccessGroup, "g"};
  if (*rc::gen::arbitrary<bool>()) {
    policy.attributes[1] = *rc::gen::element<PolicyAttribute>(
        PolicyAttribute{"serviceType", "service"},
        PolicyAttribute{"serviceType", "platform_service"},
        PolicyAttribute{"service_group_id", "IAM"}, PolicyAttribute{"serviceName", "compliance"},
        PolicyAttribute{"resourceGroupId", "rg"});
  }
  if (*rc::gen::arbitrary<bool>()) {
    policy.attributes.push_back(*rc::gen::element<PolicyAttribute>(
        PolicyAttribute{"resource", "a"},
        PolicyAttribute{"resource", "*", MatchOperator::kStringMatch},
        PolicyAttribute{"resource", "true", MatchOperator::kStringExists},
        PolicyAttribute{"resource", "false", MatchOperator::kStringExists},
        PolicyAttribute{"resource", "", MatchOperator::kStringEqualsAnyOf, {"a", "b"}},
        PolicyAttribute{"region", "us-south"}, PolicyAttribute{"geography", "global"}));
  }
  if (*rc::gen::inRange(0, 4) == 0) policy.rule = OnDay(*rc::gen::element("1", "2"));
  if (*rc::gen::inRange(0, 8) == 0) policy.tags = {{"a", "b"}};
  if (*rc::gen::inRange(0, 8) == 0) policy.account = AccountId("other");
  return policy;
}

RC_GTEST_PROP(Explain, AllowsExactlyWhatDecideAllows, ()) {
  std::vector<Policy> policies;
  const int count = *rc::gen::inRange(0, 30);
  for (int i = 0; i < count; ++i) policies.push_back(ArbitraryPolicy());
  const PolicySet set(policies, {ArbitraryCustomRole()});
  Identity identity = User();
  identity.owner = *rc::gen::inRange(0, 10) == 0;
  if (*rc::gen::inRange(0, 10) == 0) identity.account = AccountId("other");
  const std::vector<std::string> groups =
      *rc::gen::arbitrary<bool>() ? std::vector<std::string>{"g"} : std::vector<std::string>{};
  const std::string action = *rc::gen::element<std::string>(
      "container-registry.image.pull", "container-registry.settings.set", "iam-groups.group.read",
      "iam-am.policy.create", "compliance.admin-settings.list", "iam-identity.user-apikey.create",
      "no.such.action");
  control::Resource resource = In(*rc::gen::element<std::string>("a", "c", ""));
  resource.resource_group = *rc::gen::element<std::string>("", "rg");
  resource.service =
      *rc::gen::element<std::string>("container-registry", "compliance", "iam-access-management");
  resource.name = *rc::gen::element<std::string>("", "IBMid-1");
  const Decision decision = Decide(identity, groups, set, action, resource, kNow);
  const Explanation explanation = Explain(identity, groups, set, action, resource, kNow);
  RC_ASSERT(explanation.allowed == decision.allowed);
  RC_ASSERT(explanation.reason == decision.reason);
  if (decision.reason == Decision::Reason::kNoPolicy) {
    RC_ASSERT(!explanation.remedies.empty());
    for (const PolicyTrace& trace : explanation.policies) RC_ASSERT(!trace.misses.empty());
  }
}

}  // namespace
}  // namespace breakwater::iam
