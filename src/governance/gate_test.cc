#include "governance/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;

const Timestamp kNow = FromMicros(1'647'853'800'000'000);

AttachedRule Rule(const std::string& name, std::vector<Action> actions,
                  std::string_view required_config) {
  const auto target =
      json::Parse(R"({"service_name":"container-registry","resource_kind":"service"})").value();
  auto compiled = CompileAccepted(target, json::Parse(required_config).value(),
                                  condition::Catalogue::BuiltIn());
  BW_CHECK(compiled.ok());
  return {.id = "rule-" + name,
          .name = name,
          .version = "1",
          .actions = std::move(actions),
          .compiled = std::make_shared<const CompiledRule>(*std::move(compiled))};
}

constexpr std::string_view kPrivateOnly = R"({"property":"private_only","operator":"is_true"})";
constexpr std::string_view kMetrics = R"({"property":"platform_metrics","operator":"is_true"})";

condition::Facts Settings(bool private_only, bool platform_metrics) {
  condition::Facts facts;
  facts.Set("private_only", condition::Fact::Present(private_only, "settings", kNow));
  facts.Set("platform_metrics", condition::Fact::Present(platform_metrics, "settings", kNow));
  return facts;
}

control::Judgement Judge(std::vector<AttachedRule> rules, const condition::Facts& facts) {
  const auto resource =
      control::ServiceResource(AccountId("a"), RegistryName("us.icr.io"), "us-south");
  return JudgeVerdicts(EvaluateRules(std::move(rules), facts), resource, facts);
}

std::string Detail(const Error& error, std::string_view name) {
  for (const auto& detail : error.details()) {
    if (detail.name == name) return detail.value;
  }
  return "";
}

TEST(Gate, SaysNothingWithoutRules) {
  const auto judgement = Judge({}, Settings(false, false));
  EXPECT_TRUE(judgement.compliant);
  EXPECT_FALSE(judgement.refusal);
  EXPECT_TRUE(judgement.record.is_null());
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
  std::vector<AttachedRule> rules;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    rules.push_back(Rule(name, {Action::kDisallow}, kPrivateOnly));
  }
  const auto judgement = Judge(rules, Settings(false, true));
  ASSERT_TRUE(judgement.refusal);
  EXPECT_THAT(judgement.refusal->message(), HasSubstr("(rule-c)"));
  EXPECT_THAT(judgement.refusal->message(), HasSubstr("; and 2 more rules"));
  EXPECT_EQ(Detail(*judgement.refusal, "rules"), "rule-a,rule-b,rule-c,rule-d,rule-e");
}

TEST(Gate, NamesTheExactRuleSetThatJudged) {
  AttachedRule rule = Rule("private", {}, kPrivateOnly);
  const auto first = Judge({rule}, Settings(true, true));
  const auto same = Judge({rule}, Settings(false, true));
  EXPECT_EQ(json::FindText(first.record, "rule_set"), json::FindText(same.record, "rule_set"));
  rule.version = "2";
  const auto edited = Judge({rule}, Settings(true, true));
  EXPECT_NE(json::FindText(first.record, "rule_set"), json::FindText(edited.record, "rule_set"));
}

}  // namespace
}  // namespace breakwater::governance
