#include "condition/evaluate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "condition/cure.h"
#include "condition/testing.h"

namespace breakwater::condition {
namespace {

using ::testing::HasSubstr;

const Timestamp kNow = testing::TestNow();

Condition Parse(std::string_view text, const std::vector<ParameterDeclaration>& declared = {}) {
  auto condition = Condition::Parse(json::Parse(text).value(), testing::TestCatalogue(),
                                    testing::TestType(), {}, declared);
  BW_CHECK(condition.ok());
  return *std::move(condition);
}

Facts With(std::initializer_list<std::pair<const char*, Value>> values) {
  Facts facts;
  for (const auto& [name, value] : values) facts.Set(name, Fact::Present(value, "test", kNow));
  return facts;
}

const std::string kFlagAndCount =
    R"({"and":[{"property":"flag","operator":"is_true"},
               {"property":"count","operator":"num_less_than_equals","value":"3"}]})";
const std::string kFlagOrCount =
    R"({"or":[{"property":"flag","operator":"is_true"},
              {"property":"count","operator":"num_less_than_equals","value":"3"}]})";

TEST(Evaluate, ReportsEveryLeafWithRequiredAndFound) {
  const Verdict verdict =
      Evaluate(Parse(kFlagAndCount), {}, With({{"flag", false}, {"count", Number(5)}}));
  EXPECT_EQ(verdict.outcome, Outcome::kViolated);
  ASSERT_EQ(verdict.leaves.size(), 2U);
  EXPECT_EQ(verdict.leaves[0].reason, "flag is false; required: is_true");
  EXPECT_EQ(verdict.leaves[1].reason, R"(count is 5; required: num_less_than_equals "3")");
  EXPECT_EQ(verdict.Failing().size(), 2U);
  EXPECT_EQ(json::Serialize(verdict.leaves[1].ToJson()),
            R"({"path":"required_config.and[1]","property":"count",)"
            R"("operator":"num_less_than_equals","expected_value":"3","found_value":5,)"
            R"("outcome":"fails","reason":"count is 5; required: num_less_than_equals \"3\"",)"
            R"("source":"test","observed":"2022-03-21T09:10:00Z"})");
}

TEST(Evaluate, DoesNotStopAtTheFirstLeafThatDecides) {
  const Verdict verdict =
      Evaluate(Parse(kFlagOrCount), {}, With({{"flag", true}, {"count", Number(5)}}));
  EXPECT_EQ(verdict.outcome, Outcome::kCompliant);
  EXPECT_EQ(verdict.leaves[1].outcome, LeafOutcome::kFails);
}

TEST(Evaluate, IsUnableOnlyIfTheMissingFactDecides) {
  Facts facts = With({{"flag", true}});
  facts.Set("count", Fact::Unavailable("the store is away", "iam", kNow));
  EXPECT_EQ(Judge(Parse(kFlagOrCount), {}, facts), Outcome::kCompliant);
  const Verdict unable = Evaluate(Parse(kFlagAndCount), {}, facts);
  EXPECT_EQ(unable.outcome, Outcome::kUnable);
  EXPECT_EQ(unable.leaves[1].outcome, LeafOutcome::kUnable);
  EXPECT_EQ(unable.leaves[1].reason, "count could not be read: the store is away");
  facts.Set("flag", Fact::Present(false, "test", kNow));
  EXPECT_EQ(Judge(Parse(kFlagAndCount), {}, facts), Outcome::kViolated);
  EXPECT_EQ(Judge(Parse(kFlagOrCount), {}, facts), Outcome::kUnable);
}

TEST(Evaluate, NamesTheReasonItCannotJudge) {
  EXPECT_EQ(Evaluate(Parse(kFlagAndCount), {}, {}).leaves[0].reason, "flag was not reported");
  const Verdict typed =
      Evaluate(Parse(kFlagAndCount), {}, With({{"flag", std::string("yes")}, {"count", true}}));
  EXPECT_EQ(typed.leaves[0].reason, "flag is string, not boolean");
  EXPECT_EQ(typed.leaves[1].reason, "count is boolean, not numeric");
}

TEST(Evaluate, SaysThatAPropertyIsAbsent) {
  Facts facts;
  facts.Set("flag", Fact::Absent("test", kNow));
  facts.Set("count", Fact::Absent("test", kNow));
  EXPECT_EQ(Evaluate(Parse(kFlagAndCount), {}, facts).leaves[0].reason,
            "flag is absent; required: is_true");
}

TEST(Evaluate, ResolvesParameters) {
  const auto declared =
      ParseDeclarations(json::Parse(R"([{"name":"most","type":"numeric","default":3},
                                        {"name":"who","type":"string"}])")
                            .value())
          .value();
  const Condition condition = Parse(
      R"({"property":"count","operator":"num_less_than_equals","value":"${most}"})", declared);
  const Facts facts = With({{"count", Number(5)}});
  const auto defaults = Parameters::Bind(declared, nullptr).value();
  const Verdict verdict = Evaluate(condition, defaults, facts);
  EXPECT_EQ(verdict.outcome, Outcome::kViolated);
  EXPECT_EQ(verdict.leaves[0].required, json::Value(3));
  EXPECT_EQ(verdict.leaves[0].parameter, "most");
  const auto higher = Parameters::Bind(declared, json::Parse(R"({"most":5})").value()).value();
  EXPECT_TRUE(Compliant(condition, higher, facts));
  const Condition open =
      Parse(R"({"property":"text","operator":"string_equals","value":"${who}"})", declared);
  const Verdict unable = Evaluate(open, defaults, With({{"text", std::string("me")}}));
  EXPECT_EQ(unable.outcome, Outcome::kUnable);
  EXPECT_EQ(unable.leaves[0].reason, "the parameter 'who' has no value");
}

TEST(Evaluate, OutcomesHaveWords) {
  for (const Outcome outcome : {Outcome::kCompliant, Outcome::kViolated, Outcome::kUnable}) {
    EXPECT_EQ(ParseOutcome(ToString(outcome)).value(), outcome);
  }
  EXPECT_FALSE(ParseOutcome("fine").ok());
}

TEST(Cure, SetsWhatTheSeedRuleAsksFor) {
  const auto seed = Condition::Parse(
      json::Parse(R"({"and":[{"property":"private_only","operator":"is_true"}]})").value(),
      Catalogue::BuiltIn(), {"container-registry", "service"});
  ASSERT_TRUE(seed.ok());
  const auto cure = Cure(*seed, {}, With({{"private_only", false}}));
  ASSERT_TRUE(cure.has_value());
  EXPECT_EQ(Describe(*cure), "set private_only to true");
  EXPECT_EQ(json::Serialize(ToJson(*cure)), R"({"private_only":true})");
}

TEST(Cure, TakesTheShortestWayOutOfAnOr) {
  const Condition condition = Parse(
      R"({"or":[{"and":[{"property":"flag","operator":"is_true"},
                        {"property":"other_flag","operator":"is_true"}]},
                {"property":"count","operator":"num_less_than","value":3}]})");
  const auto cure =
      Cure(condition, {}, With({{"flag", false}, {"other_flag", false}, {"count", Number(9)}}));
  ASSERT_TRUE(cure.has_value());
  EXPECT_EQ(Describe(*cure), "set count to 2");
}

TEST(Cure, KeepsWhatIsAllowedInAList) {
  const Condition condition = Parse(
      R"({"and":[{"property":"names","operator":"strings_allowed","value":["a","b"]},
                 {"property":"names","operator":"strings_required","value":["b"]}]})");
  const auto cure = Cure(condition, {}, With({{"names", StringList{"x", "a"}}}));
  ASSERT_TRUE(cure.has_value());
  EXPECT_EQ(Describe(*cure), R"(set names to ["a","b"])");
}

TEST(Cure, KnowsNoneForAContradictionOrALostFact) {
  const Condition contradiction = Parse(
      R"({"and":[{"property":"flag","operator":"is_true"},
                 {"property":"flag","operator":"is_false"}]})");
  EXPECT_FALSE(Cure(contradiction, {}, With({{"flag", true}})).has_value());
  Facts lost;
  lost.Set("flag", Fact::Unavailable("away", "test", kNow));
  EXPECT_FALSE(Cure(Parse(R"({"property":"flag","operator":"is_true"})"), {}, lost).has_value());
  const Condition pattern = Parse(R"({"property":"text","operator":"string_match","value":"a*"})");
  EXPECT_FALSE(Cure(pattern, {}, With({{"text", std::string("b")}})).has_value());
}

TEST(Cure, OfACompliantStateIsNothing) {
  const auto cure = Cure(Parse(kFlagAndCount), {}, With({{"flag", true}, {"count", Number(1)}}));
  ASSERT_TRUE(cure.has_value());
  EXPECT_TRUE(cure->empty());
}

}  // namespace
}  // namespace breakwater::condition
