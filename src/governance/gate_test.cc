#include "governance/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;

const Timestamp kNow = FromMicros(1'647'853'800'000'000);

AttachedRulePtr Rule(const std::string& name, std::vector<Action> actions,
                     std::string_view required_config,
                     std::optional<Timestamp> enforced_from = std::nullopt) {
  const auto target =
      json::Parse(R"({"service_name":"container-registry","resource_kind":"service"})").value();
  auto compiled = CompileAccepted(target, json::Parse(required_config).value(), nullptr,
                                  condition::Catalogue::BuiltIn());
  BW_CHECK(compiled.ok());
  auto rule = std::make_shared<AttachedRule>();
  rule->id = "rule-" + name;
  rule->name = name;
  rule->version = "1";
  rule->account = AccountId("a");
  rule->actions = std::move(actions);
  rule->enforced_from = enforced_from;
  rule->Use(std::make_shared<const CompiledRule>(*std::move(compiled)), {});
  return rule;
}

constexpr std::string_view kPrivateOnly = R"({"property":"private_only","operator":"is_true"})";
constexpr std::string_view kMetrics = R"({"property":"platform_metrics","operator":"is_true"})";

condition::Facts Settings(bool private_only, bool platform_metrics) {
  condition::Facts facts;
  facts.Set("private_only", condition::Fact::Present(private_only, "settings", kNow));
  facts.Set("platform_metrics", condition::Fact::Present(platform_metrics, "settings", kNow));
  return facts;
}

control::Judgement Judge(const std::vector<AttachedRulePtr>& rules, const condition::Facts& facts,
                         Enforcement enforcement = {.now = kNow}) {
  ApplicableRuleList list;
  for (const AttachedRulePtr& rule : rules) list.push_back(rule.get());
  const auto resource =
      control::ServiceResource(AccountId("a"), RegistryName("us.icr.io"), "us-south");
  return JudgeRules({std::move(list), "sha256:of-the-rules"}, resource, facts, nullptr,
                    enforcement);
}

std::string Detail(const Error& error, std::string_view name) {
  for (const auto& detail : error.details()) {
    if (detail.name == name) return detail.value;
  }
  return "";
}

TEST(Gate, RecordsTheFactsEvenWithoutRules) {
  const auto judgement = Judge({}, Settings(false, false));
  EXPECT_TRUE(judgement.compliant);
  EXPECT_FALSE(judgement.refusal);
  EXPECT_EQ(judgement.record.at("facts"), Settings(false, false).ToJson());
  EXPECT_EQ(judgement.record.at("rules_judged"), 0);
  const auto resource = ResourceFrom(AccountId("a"), judgement.record.at("target"));
  EXPECT_EQ(*resource,
            control::ServiceResource(AccountId("a"), RegistryName("us.icr.io"), "us-south"));
}

TEST(Gate, TellsOnlyOfRulesThatAreViolated) {
  const auto judgement = Judge({Rule("private", {Action::kDisallow}, kPrivateOnly),
                                Rule("metrics", {Action::kDisallow}, kMetrics)},
                               Settings(true, false));
  EXPECT_EQ(judgement.record.at("rules_judged"), 2);
  EXPECT_EQ(judgement.record.at("rules").as_array().size(), 1U);
  EXPECT_EQ(json::FindText(judgement.record, "rule_set"), "sha256:of-the-rules");
}

// A change from `before` to `after`, by a rule on private_only.
control::Judgement Weighed(const condition::Facts& before, const condition::Facts& after,
                           bool takes_away) {
  const auto rule = Rule("private", {Action::kDisallow}, kPrivateOnly);
  const auto resource =
      control::ServiceResource(AccountId("a"), RegistryName("us.icr.io"), "us-south");
  const control::Before start{before, takes_away};
  return JudgeRules({{rule.get()}, "sha256:of-the-rules"}, resource, after, nullptr, {.now = kNow},
                    &start);
}

TEST(Gate, WhatWasViolatedBeforeDoesNotRefuseAChangeThatLeavesItOrOnlyTakesAway) {
  const auto violated = Settings(false, false);
  const auto judgement = Weighed(violated, violated, true);
  EXPECT_FALSE(judgement.refusal);
  EXPECT_EQ(judgement.severity, audit::Severity::kCritical);
  EXPECT_EQ(json::FindText(judgement.record.at("rules").at(0), "consequence"), "weighed");
  EXPECT_EQ(judgement.record.at("before"), violated.ToJson());
  EXPECT_FALSE(Weighed(violated, Settings(false, true), false).refusal) << "it is about another";
  EXPECT_TRUE(Weighed(Settings(true, false), violated, true).refusal) << "it complied before";
  condition::Facts unknown;
  unknown.Set("private_only", condition::Fact::Unavailable("away", "settings", kNow));
  EXPECT_TRUE(Weighed(unknown, violated, false).refusal) << "it is another than before";
  EXPECT_TRUE(Weighed(unknown, unknown, false).refusal) << "nobody knows whether it is the same";
  EXPECT_TRUE(Weighed({}, {}, false).refusal) << "nor where nothing is said of it";
}

TEST(Gate, RuleWithSubRulesIsJudgedInFullWhateverItWasBefore) {
  const auto rule = Rule("looks", {Action::kDisallow},
                         R"({"and":[{"property":"private_only","operator":"is_true"},)"
                         R"({"all_ifexists":{"target":{"service_name":"container-registry",)"
                         R"("resource_kind":"namespace"},"required_config":)"
                         R"({"property":"tag_immutability","operator":"is_not_empty"}}}]})");
  const auto violated = Settings(false, false);
  EXPECT_FALSE(MakesNothingWorse(*rule, violated, {violated, true}));
  EXPECT_FALSE(MakesNothingWorse(*rule, violated, {violated, false}));
}

TEST(Gate, RuleThatWarnsIsTold) {
  const auto judgement =
      Judge({Rule("private", {Action::kWarn}, kPrivateOnly)}, Settings(false, true));
  EXPECT_FALSE(judgement.refusal);
  ASSERT_EQ(judgement.warnings.size(), 1U);
  EXPECT_EQ(judgement.warnings.front(),
            "configuration rule 'private' (rule-private) is violated: private_only is false; "
            "required: is_true. To comply, set private_only to true");
}

TEST(Gate, RuleOnlyObservesUntilItIsEnforced) {
  const auto rule = Rule("private", {Action::kDisallow}, kPrivateOnly, kNow);
  const auto before =
      Judge({rule}, Settings(false, true), {.now = kNow - std::chrono::microseconds(1)});
  EXPECT_FALSE(before.refusal);
  EXPECT_EQ(json::FindText(before.record.at("rules").at(0), "consequence"), "observed");
  EXPECT_TRUE(Judge({rule}, Settings(false, true), {.now = kNow}).refusal);
}

TEST(Gate, OpenBreakGlassLiftsTheRulesItNamesOfItsAccount) {
  const auto rule = Rule("private", {Action::kDisallow}, kPrivateOnly);
  BreakGlass glass{.id = "b",
                   .account = AccountId("a"),
                   .reason = "the private network is down",
                   .rules = {},
                   .opened = kNow,
                   .opened_by = "IBMid-1",
                   .ends = kNow + std::chrono::hours(1),
                   .closed = std::nullopt,
                   .closed_by = {}};
  const auto judged = [&] {
    return Judge({rule}, Settings(false, true), {.now = kNow, .open = {glass}});
  };
  const auto lifted = judged();
  EXPECT_FALSE(lifted.refusal);
  EXPECT_EQ(lifted.severity, audit::Severity::kCritical);
  EXPECT_EQ(json::FindText(lifted.record.at("rules").at(0), "consequence"), "lifted");
  glass.rules = {"rule-another"};
  EXPECT_TRUE(judged().refusal);
  glass.rules = {"rule-private"};
  EXPECT_FALSE(judged().refusal);
  glass.ends = kNow;
  EXPECT_TRUE(judged().refusal) << "it ended";
  glass.ends = kNow + std::chrono::hours(1);
  glass.account = AccountId("below");
  EXPECT_TRUE(judged().refusal) << "the rule is another account's";
}

TEST(Gate, RefusesWithRulePropertyValuesAndCure) {
  const auto judgement =
      Judge({Rule("private", {Action::kDisallow}, kPrivateOnly)}, Settings(false, true));
  EXPECT_FALSE(judgement.compliant);
  ASSERT_TRUE(judgement.refusal);
  const Error& error = *judgement.refusal;
  EXPECT_EQ(error.code(), ErrorCode::kDenied);
  EXPECT_EQ(error.reason(), "config_rule_denied");
  EXPECT_EQ(error.message(),
            "configuration rule 'private' (rule-private) forbids this: private_only is false; "
            "required: is_true. To comply, set private_only to true");
  EXPECT_EQ(Detail(error, "rule_id"), "rule-private");
  EXPECT_EQ(Detail(error, "rule_name"), "private");
  EXPECT_EQ(Detail(error, "property"), "private_only");
  EXPECT_EQ(Detail(error, "required"), "true");
  EXPECT_EQ(Detail(error, "offered"), "false");
  EXPECT_EQ(Detail(error, "cure"), R"({"private_only":true})");
}

TEST(Gate, RecordsButAllowsWhatIsOnlyLoggedOrMonitored) {
  const auto judgement =
      Judge({Rule("logged", {Action::kAuditLog}, kPrivateOnly), Rule("watched", {}, kMetrics)},
            Settings(false, false));
  EXPECT_FALSE(judgement.refusal);
  EXPECT_FALSE(judgement.compliant);
  const auto& rules = judgement.record.at("rules").as_array();
  ASSERT_EQ(rules.size(), 2U);
  EXPECT_EQ(json::FindText(rules[0], "evaluation_type"), "enforced");
  EXPECT_EQ(json::FindText(rules[1], "evaluation_type"), "monitored");
  EXPECT_TRUE(judgement.record.at("is_allowed").as_bool());
  EXPECT_FALSE(judgement.record.at("is_compliant").as_bool());
}

TEST(Gate, RefusesWhatItCannotJudge) {
  condition::Facts facts = Settings(true, true);
  facts.Set("private_only", condition::Fact::Unavailable("away", "settings", kNow));
  const auto judgement = Judge({Rule("private", {Action::kDisallow}, kPrivateOnly)}, facts);
  ASSERT_TRUE(judgement.refusal);
  EXPECT_THAT(judgement.refusal->message(), HasSubstr("cannot be judged: private_only could not"));
  EXPECT_EQ(Detail(*judgement.refusal, "cure"), "");
}

TEST(Gate, ToldOfManyRefusingRulesCountsTheRest) {
  std::vector<AttachedRulePtr> rules;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    rules.push_back(Rule(name, {Action::kDisallow}, kPrivateOnly));
  }
  const auto judgement = Judge(rules, Settings(false, true));
  ASSERT_TRUE(judgement.refusal);
  EXPECT_THAT(judgement.refusal->message(), HasSubstr("(rule-c)"));
  EXPECT_THAT(judgement.refusal->message(), HasSubstr("; and 2 more rules"));
  EXPECT_EQ(Detail(*judgement.refusal, "rules"), "rule-a,rule-b,rule-c,rule-d,rule-e");
}

}  // namespace
}  // namespace breakwater::governance
