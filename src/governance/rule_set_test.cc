// The index in front of rules never hides one that applies, nor finds one that does not.
#include "governance/rule_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace breakwater::governance {
namespace {

using ::testing::ElementsAre;

const AccountId kAccount("account-1");
const control::Place kPlace{.account = kAccount,
                            .enterprise = "enterprise-1",
                            .root = AccountId("root"),
                            .account_groups = {"group-1"}};

AttachedRulePtr RuleOn(const std::string& id, const json::Value& target,
                       const json::Value& parameters = nullptr) {
  const auto import = json::Parse(R"({"parameters":[{"name":"p","type":"numeric","default":1}]})");
  auto compiled = CompileAccepted(
      target, json::Parse(R"({"property":"private_only","operator":"is_true"})").value(), *import,
      condition::Catalogue::BuiltIn());
  BW_CHECK(compiled.ok());
  auto values = condition::Parameters::Bind(compiled->parameters, parameters);
  BW_CHECK(values.ok());
  auto rule = std::make_shared<AttachedRule>();
  rule->id = id;
  rule->name = id;
  rule->account = kAccount;
  rule->Use(std::make_shared<const CompiledRule>(*std::move(compiled)), *std::move(values));
  return rule;
}

json::Value Target(json::Array filters = {}) {
  json::Object target{{"service_name", "container-registry"}, {"resource_kind", "service"}};
  target["additional_target_attributes"] = std::move(filters);
  return target;
}

json::Value Filter(std::string_view name, std::string_view op, json::Value value) {
  json::Object filter;
  filter["name"] = json::Text(name);
  filter["operator"] = json::Text(op);
  filter["value"] = std::move(value);
  return filter;
}

AttachmentDraft To(ScopeType type, std::string id, std::vector<Scope> excluded = {}) {
  return {
      .account = kAccount, .included = {type, std::move(id), ""}, .excluded = std::move(excluded)};
}

const condition::ResourceType kService{"container-registry", "service"};

std::vector<std::string> Names(const Result<ApplicableRules>& applicable) {
  BW_CHECK(applicable.ok());
  std::vector<std::string> names;
  for (const ApplicableRule& rule : applicable->rules) names.push_back(rule->id);
  return names;
}

RuleSetPtr SetOf(std::vector<Candidate> candidates) {
  return std::make_shared<const RuleSet>(kPlace, std::move(candidates));
}

control::Resource Service(std::string registry, std::string region) {
  return control::ServiceResource(kAccount, RegistryName(std::move(registry)), std::move(region));
}

TEST(RuleSet, ListsRulesOldestFirstWhereverTheyWereFound) {
  const auto everywhere = To(ScopeType::kAccount, kAccount.value());
  const auto us = Filter("registry", "string_equals", "us.icr.io");
  const auto south = Filter("region", "string_equals", "us-south");
  const auto set = SetOf({{RuleOn("a", Target({us})), everywhere, kService},
                          {RuleOn("b", Target()), everywhere, kService},
                          {RuleOn("c", Target({south})), everywhere, kService},
                          {RuleOn("d", Target({us, south})), everywhere, kService},
                          {RuleOn("e", Target()), everywhere, kService}});
  EXPECT_THAT(Names(set->For(Service("us.icr.io", "us-south"))),
              ElementsAre("a", "b", "c", "d", "e"));
  EXPECT_THAT(Names(set->For(Service("us.icr.io", "eu-de"))), ElementsAre("a", "b", "e"));
  EXPECT_THAT(Names(set->For(Service("de.icr.io", "us-south"))), ElementsAre("b", "c", "e"));
}

TEST(RuleSet, FindsARegionByEachOfItsNames) {
  const auto everywhere = To(ScopeType::kAccount, kAccount.value());
  const auto set = SetOf(
      {{RuleOn("a", Target({Filter("region", "string_equals", json::Array{"eu-gb", "uk-south"})})),
        everywhere, kService}});
  EXPECT_THAT(Names(set->For(Service("uk.icr.io", "uk-south"))), ElementsAre("a"));
  EXPECT_THAT(Names(set->For(Service("uk.icr.io", "eu-gb"))), ElementsAre("a"));
  EXPECT_THAT(Names(set->For(Service("uk.icr.io", "eu-de"))), ElementsAre());
}

TEST(RuleSet, HasARuleOncePerSetOfParameters) {
  const auto account = To(ScopeType::kAccount, kAccount.value());
  const auto above = To(ScopeType::kEnterprise, "enterprise-1");
  const json::Value two = json::Object{{"p", 2}};
  const auto set = SetOf({{RuleOn("a", Target()), account, kService},
                          {RuleOn("a", Target()), above, kService},
                          {RuleOn("a", Target(), two), account, kService}});
  EXPECT_THAT(Names(set->For(Service("us.icr.io", "us-south"))), ElementsAre("a", "a"));
}

TEST(RuleSet, RefusesToPassOverWhatItCannotRead) {
  auto rule = std::make_shared<AttachedRule>();
  rule->id = "a";
  rule->fault = "from the future";
  const auto covers = SetOf({{rule, To(ScopeType::kAccount, kAccount.value()), kService}});
  const auto refused = covers->For(Service("us.icr.io", "us-south"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "rule_unreadable");
  const auto elsewhere = SetOf({{rule, To(ScopeType::kAccount, "another"), kService}});
  EXPECT_TRUE(elsewhere->For(Service("us.icr.io", "us-south")).ok());
}

Scope AnyScope() {
  const auto type = *rc::gen::element(ScopeType::kEnterprise, ScopeType::kEnterpriseAccountGroup,
                                      ScopeType::kEnterpriseAccount, ScopeType::kAccount,
                                      ScopeType::kAccountResourceGroup);
  const auto id = [&](const char* here, const char* there) -> std::string {
    return *rc::gen::inRange(0, 4) == 0 ? there : here;
  };
  switch (type) {
    case ScopeType::kEnterprise: return {type, id("enterprise-1", "enterprise-2"), ""};
    case ScopeType::kEnterpriseAccountGroup: return {type, id("group-1", "group-2"), ""};
    case ScopeType::kEnterpriseAccount:
    case ScopeType::kAccount: return {type, id("account-1", "account-2"), ""};
    case ScopeType::kAccountResourceGroup:
      return {type, *rc::gen::element<std::string>("rg-1", "rg-2"), ""};
  }
  BW_UNREACHABLE();
}

json::Value AnyFilter() {
  const bool region = *rc::gen::arbitrary<bool>();
  const auto value = [&]() -> json::Value {
    return json::Text(region ? *rc::gen::element<std::string>("eu-gb", "uk-south", "eu-de")
                             : *rc::gen::element<std::string>("us.icr.io", "de.icr.io", ""));
  };
  const auto op = *rc::gen::element<std::string>("string_equals", "string_equals",
                                                 "string_not_equals", "string_match");
  json::Value given = value();
  if (*rc::gen::arbitrary<bool>()) given = json::Array{std::move(given), value()};
  return Filter(region ? "region" : "registry", op, std::move(given));
}

RC_GTEST_PROP(RuleSets, FindWhatCoversAndMatchesAndNothingElse, ()) {
  std::vector<Candidate> candidates;
  const int count = *rc::gen::inRange(1, 12);
  for (int i = 0; i < count; ++i) {
    json::Array filters;
    for (int f = *rc::gen::inRange(0, 3); f > 0; --f) filters.push_back(AnyFilter());
    std::vector<Scope> excluded;
    for (int e = *rc::gen::inRange(0, 3); e > 1; --e) excluded.push_back(AnyScope());
    AttachmentDraft draft{.account = kAccount, .included = AnyScope(), .excluded = excluded};
    candidates.push_back({RuleOn(std::to_string(i), Target(std::move(filters))), draft, kService});
  }
  control::Resource resource =
      Service(*rc::gen::element<std::string>("us.icr.io", "de.icr.io", ""),
              *rc::gen::element<std::string>("eu-gb", "uk-south", "eu-de", "local", ""));
  resource.resource_group = *rc::gen::element<std::string>("", "rg-1", "rg-2");
  std::vector<std::string> expected;
  for (const Candidate& one : candidates) {
    if (!Covers(one.attachment, resource, kPlace)) continue;
    if (!one.rule->compiled->target.Matches(kService, resource.Attributes())) continue;
    expected.push_back(one.rule->id);
  }
  const auto found = Names(SetOf(candidates)->For(resource));
  RC_CLASSIFY(!expected.empty(), "some apply");
  RC_ASSERT(found == expected);
}

}  // namespace
}  // namespace breakwater::governance
