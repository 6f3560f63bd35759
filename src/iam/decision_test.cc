#include "iam/decision.h"

#include <algorithm>
#include <functional>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace breakwater::iam {
namespace {

const AccountId kAccount("acc");
// A Monday.
const Timestamp kNow = *ParseRfc3339("2022-03-21T09:30:00Z");
const Identity kUser{.account = kAccount, .iam_id = IamId("IBMid-1"), .name = "u"};

control::Resource In(const std::string& name_space) {
  return control::NamespaceResource(kAccount, RegistryName("us.icr.io"), "us-south", name_space);
}
control::Resource Service() {
  return control::ServiceResource(kAccount, RegistryName("us.icr.io"), "us-south");
}

Policy Allowing(std::vector<RoleRef> roles, std::vector<PolicyAttribute> more = {},
                const std::string& service = "container-registry") {
  Policy policy;
  policy.id = "p";
  policy.account = kAccount;
  policy.subject = {SubjectKind::kIdentity, "IBMid-1"};
  policy.roles = std::move(roles);
  policy.attributes = {{"accountId", "acc"}, {"serviceName", service}};
  policy.attributes.insert(policy.attributes.end(), more.begin(), more.end());
  return policy;
}

bool Allowed(const std::vector<Policy>& policies, std::string_view action,
             const control::Resource& resource, const std::vector<std::string>& groups = {}) {
  return Decide(kUser, groups, PolicySet(policies), action, resource, kNow).allowed;
}

struct TableRow {
  const char* action;
  const char* roles;  // first letters of the service roles that give it
};

// Written down from the reference's documentation, independently of the table in roles.cc.
constexpr TableRow kReference[] = {
    {"auth.get", "RWM"},
    {"auth.set", "M"},
    {"settings.get", "RWM"},
    {"settings.set", "M"},
    {"plan.get", "M"},
    {"plan.set", "M"},
    {"quota.get", "RWM"},
    {"quota.set", "M"},
    {"namespace.list", "RM"},
    {"namespace.create", "M"},
    {"namespace.delete", "M"},
    {"image.list", "RM"},
    {"image.inspect", "RM"},
    {"image.pull", "RWM"},
    {"image.push", "WM"},
    {"image.delete", "WM"},
    {"image.vulnerabilities", "RM"},
    {"retention.list", "RM"},
    {"retention.get", "RM"},
    {"retention.analyze", "RM"},
    {"retention.set", "WM"},
    {"exemption.list", "RM"},
    {"exemption.manager", "M"},
};

TEST(Decision, GivesEachRoleExactlyItsActions) {
  for (const TableRow& row : kReference) {
    const std::string action = std::string("container-registry.") + row.action;
    for (const Role role : kAllRoles) {
      const bool expected = IsServiceRole(role) && std::string_view(row.roles).find(
                                                       ToString(role)[0]) != std::string_view::npos;
      EXPECT_EQ(Allowed({Allowing({role})}, action, In("team")), expected)
          << action << " by " << ToString(role);
    }
  }
}

TEST(Decision, RefusesWithoutPolicyAndNamesTheRolesThatGiveIt) {
  const Decision decision =
      Decide(kUser, {}, {}, "container-registry.image.push", In("team"), kNow);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(decision.giving_roles, (std::vector<Role>{Role::kWriter, Role::kManager}));
  EXPECT_EQ(ExplainRefusal(decision, "container-registry.image.push", In("team")),
            "you are not allowed to do container-registry.image.push on namespace team in "
            "us.icr.io: it takes the role Writer or Manager on container-registry");
}

TEST(Decision, NamespacePolicyGivesThatNamespaceAndNoAccountAction) {
  const Policy policy = Allowing({Role::kReader, Role::kWriter, Role::kManager},
                                 {{"resourceType", "namespace"}, {"resource", "team"}});
  EXPECT_TRUE(Allowed({policy}, "container-registry.image.push", In("team")));
  EXPECT_FALSE(Allowed({policy}, "container-registry.image.push", In("other")));
  for (const ActionRule& rule : ActionRules()) {
    if (rule.scope != ActionScope::kAccount || !rule.pattern.starts_with("container-")) continue;
    EXPECT_FALSE(Allowed({policy}, rule.pattern, Service())) << rule.pattern;
    EXPECT_FALSE(Allowed({policy}, rule.pattern, In("team"))) << rule.pattern;
  }
}

TEST(Decision, ResourceGroupPolicyNeedsAGroup) {
  const Policy policy = Allowing({Role::kReader}, {{"resourceGroupId", "rg"}});
  control::Resource grouped = In("team");
  EXPECT_FALSE(Allowed({policy}, "container-registry.image.pull", grouped));
  grouped.resource_group = "rg";
  EXPECT_TRUE(Allowed({policy}, "container-registry.image.pull", grouped));
  EXPECT_FALSE(Allowed({policy}, "container-registry.settings.get", Service()));
}

TEST(Decision, MatchesPatternsOnlyWithStringMatch) {
  const PolicyAttribute pattern{"resource", "team-*", MatchOperator::kStringMatch};
  const PolicyAttribute text{"resource", "team-*", MatchOperator::kStringEquals};
  EXPECT_TRUE(Allowed({Allowing({Role::kReader}, {pattern})}, "container-registry.image.pull",
                      In("team-a")));
  EXPECT_FALSE(
      Allowed({Allowing({Role::kReader}, {text})}, "container-registry.image.pull", In("team-a")));
  EXPECT_FALSE(Allowed({Allowing({Role::kReader}, {pattern})}, "container-registry.image.pull",
                       In("Team-a")));
}

TEST(Decision, RegionAndRegistryNarrow) {
  const Policy region = Allowing({Role::kManager}, {{"region", "us-south"}});
  EXPECT_TRUE(Allowed({region}, "container-registry.auth.set", Service()));
  const auto elsewhere =
      control::ServiceResource(kAccount, RegistryName("de.icr.io"), "eu-central");
  EXPECT_FALSE(Allowed({region}, "container-registry.auth.set", elsewhere));
  EXPECT_FALSE(Allowed({Allowing({Role::kManager}, {{"registry", "us.icr.io"}})},
                       "container-registry.auth.set", elsewhere));
}

TEST(Decision, CountsGroupsTheIdentityIsIn) {
  Policy policy = Allowing({Role::kReader});
  policy.subject = {SubjectKind::kAccessGroup, "g"};
  EXPECT_FALSE(Allowed({policy}, "container-registry.image.pull", In("team")));
  EXPECT_TRUE(Allowed({policy}, "container-registry.image.pull", In("team"), {"g"}));
}

TEST(Decision, AnotherAccountIsNeverReached) {
  control::Resource foreign = In("team");
  foreign.account = AccountId("other");
  Identity owner = kUser;
  owner.owner = true;
  const Decision decision = Decide(owner, {}, {}, "container-registry.image.pull", foreign, kNow);
  EXPECT_FALSE(decision.allowed);
  EXPECT_EQ(ExplainRefusal(decision, "container-registry.image.pull", foreign), "access denied");
}

TEST(Decision, OwnerMayEverythingIncludingActionsNobodyKnows) {
  Identity owner = kUser;
  owner.owner = true;
  EXPECT_TRUE(Decide(owner, {}, {}, "container-registry.no.such", Service(), kNow).allowed);
  EXPECT_FALSE(Allowed({Allowing(std::vector<RoleRef>(std::begin(kAllRoles), std::end(kAllRoles)))},
                       "container-registry.no.such", Service()));
}

TEST(Decision, UnknownAttributeNeverMatches) {
  EXPECT_FALSE(Allowed({Allowing({Role::kReader}, {{"geography", "global"}})},
                       "container-registry.image.pull", In("team")));
}

TEST(Decision, ServiceAdministratorAssignsAccessToThatServiceAlone) {
  const std::vector<Policy> administrator{Allowing({Role::kAdministrator})};
  control::Resource policy = control::AccountResource(kAccount, "policy", "id");
  policy.service = "container-registry";
  EXPECT_TRUE(Allowed(administrator, "iam-am.policy.create", policy));
  policy.service = "compliance";
  EXPECT_FALSE(Allowed(administrator, "iam-am.policy.create", policy));
  policy.service = "iam-access-management";
  EXPECT_FALSE(Allowed(administrator, "iam-am.policy.create", policy));
  policy.service = "container-registry";
  EXPECT_FALSE(Allowed({Allowing({Role::kAdministrator}, {{"resource", "team"}})},
                       "iam-am.policy.create", policy));
}

TEST(Decision, AdministeringAllServicesDoesNotReachAccountManagement) {
  Policy everything = Allowing({Role::kAdministrator});
  everything.attributes = {{"accountId", kAccount.value()}, {"serviceType", "service"}};
  control::Resource policy = control::AccountResource(kAccount, "policy", "id");
  policy.service = "container-registry";
  EXPECT_TRUE(Allowed({everything}, "iam-am.policy.create", policy));
  for (const char* service : {"iam-access-management", "user-management", "iam-identity"}) {
    policy.service = service;
    EXPECT_FALSE(Allowed({everything}, "iam-am.policy.create", policy)) << service;
  }
}

TEST(Decision, UsersManageTheirOwnKeysAndNoOthers) {
  control::Resource own = control::AccountResource(kAccount, "apikey", "IBMid-1");
  control::Resource other = control::AccountResource(kAccount, "apikey", "IBMid-2");
  EXPECT_TRUE(Allowed({}, "iam-identity.user-apikey.create", own));
  EXPECT_FALSE(Allowed({}, "iam-identity.user-apikey.create", other));
  EXPECT_FALSE(Allowed({}, "iam-identity.serviceid-apikey.create", own));
}

TEST(Decision, PlatformRolesCountOnAccountManagementAndCompliance) {
  const auto resource = control::AccountResource(kAccount, "group");
  EXPECT_TRUE(
      Allowed({Allowing({Role::kViewer}, {}, "iam-groups")}, "iam-groups.group.read", resource));
  EXPECT_FALSE(
      Allowed({Allowing({Role::kEditor}, {}, "iam-groups")}, "iam-groups.group.create", resource));
  EXPECT_TRUE(Allowed({Allowing({Role::kAdministrator}, {}, "iam-groups")},
                      "iam-groups.group.create", resource));
  EXPECT_TRUE(Allowed({Allowing({Role::kEditor}, {}, "compliance")},
                      "compliance.configuration-governance.rules-create", resource));
  EXPECT_FALSE(Allowed({Allowing({Role::kViewer}, {}, "compliance")},
                       "compliance.configuration-governance.rules-create", resource));
  EXPECT_TRUE(Allowed({Allowing({Role::kViewer}, {}, "compliance")},
                      "compliance.posture-management.validations-read", resource));
}

TEST(WildcardMatch, TakesStarAndQuestionMark) {
  EXPECT_TRUE(WildcardMatch("*", ""));
  EXPECT_TRUE(WildcardMatch("a*c*e", "abcde"));
  EXPECT_TRUE(WildcardMatch("a?c", "abc"));
  EXPECT_FALSE(WildcardMatch("a?c", "ac"));
  EXPECT_FALSE(WildcardMatch("", "a"));
  EXPECT_FALSE(WildcardMatch("*a", "b"));
}

RC_GTEST_PROP(WildcardMatch, EqualsTheRecursiveDefinition, ()) {
  const auto text =
      *rc::gen::resize(12, rc::gen::container<std::string>(rc::gen::element('a', 'b')));
  const auto pattern =
      *rc::gen::resize(12, rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?')));
  const std::function<bool(std::size_t, std::size_t)> naive = [&](std::size_t p, std::size_t t) {
    if (p == pattern.size()) return t == text.size();
    if (pattern[p] == '*') return naive(p + 1, t) || (t < text.size() && naive(p, t + 1));
    return t < text.size() && (pattern[p] == '?' || pattern[p] == text[t]) && naive(p + 1, t + 1);
  };
  RC_ASSERT(WildcardMatch(pattern, text) == naive(0, 0));
}

Policy ArbitraryPolicy() {
  Policy policy = Allowing({});
  const auto roles = *rc::gen::container<std::vector<Role>>(
      rc::gen::elementOf(std::vector<Role>(std::begin(kAllRoles), std::end(kAllRoles))));
  policy.roles.assign(roles.begin(), roles.begin() + static_cast<std::ptrdiff_t>(
                                                         std::min<std::size_t>(roles.size(), 3)));
  if (*rc::gen::arbitrary<bool>()) policy.subject = {SubjectKind::kAccessGroup, "g"};
  if (*rc::gen::arbitrary<bool>()) {
    const auto op = *rc::gen::element(MatchOperator::kStringEquals, MatchOperator::kStringMatch);
    policy.attributes.push_back({"resource", *rc::gen::element<std::string>("a", "b", "*"), op});
  }
  if (*rc::gen::inRange(0, 4) == 0) policy.attributes.push_back({"region", "us-south"});
  return policy;
}

std::string ArbitraryAction() {
  const TableRow row =
      *rc::gen::elementOf(std::vector<TableRow>(std::begin(kReference), std::end(kReference)));
  return std::string("container-registry.") + row.action;
}

RC_GTEST_PROP(Decision, IsTheUnionOfItsPolicies, ()) {
  std::vector<Policy> policies;
  const int count = *rc::gen::inRange(0, 6);
  for (int i = 0; i < count; ++i) policies.push_back(ArbitraryPolicy());
  const std::string action = ArbitraryAction();
  const auto resource = In(*rc::gen::element<std::string>("a", "b", "c"));
  const std::vector<std::string> groups =
      *rc::gen::arbitrary<bool>() ? std::vector<std::string>{"g"} : std::vector<std::string>{};
  const bool any = std::any_of(policies.begin(), policies.end(), [&](const Policy& policy) {
    return Allowed({policy}, action, resource, groups);
  });
  RC_ASSERT(Allowed(policies, action, resource, groups) == any);
  // Monotone: one more policy, or one more group, takes nothing away.
  if (any) {
    policies.push_back(ArbitraryPolicy());
    RC_ASSERT(Allowed(policies, action, resource, groups));
    RC_ASSERT(Allowed(policies, action, resource, {"g"}));
  }
}

RC_GTEST_PROP(Decision, NarrowedPoliciesNeverGiveAccountActions, ()) {
  const std::string action = ArbitraryAction();
  RC_PRE(RuleFor(action)->scope == ActionScope::kAccount);
  Policy policy = ArbitraryPolicy();
  policy.attributes.push_back(
      {*rc::gen::element<std::string>("resource", "resourceType", "resourceGroupId"), "*",
       MatchOperator::kStringMatch});
  control::Resource resource = In("a");
  resource.resource_group = "rg";
  RC_ASSERT(!Allowed({policy}, action, resource, {"g"}));
}

}  // namespace
}  // namespace breakwater::iam
