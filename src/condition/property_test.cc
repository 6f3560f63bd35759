#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "condition/cure.h"
#include "condition/evaluate.h"
#include "condition/testing.h"

namespace breakwater::condition {
namespace {

const ResourceConfig& Config() {
  return *testing::TestCatalogue().Find(testing::TestType());
}

Condition Compile(const json::Value& document) {
  auto condition = Condition::Parse(document, testing::TestCatalogue(), testing::TestType());
  RC_ASSERT(condition.ok());
  return *std::move(condition);
}

json::Value Group(const char* word, json::Array parts) {
  json::Object group;
  group[word] = std::move(parts);
  return group;
}

int Rank(Outcome outcome) {
  return outcome == Outcome::kViolated ? 0 : outcome == Outcome::kUnable ? 1 : 2;
}

RC_GTEST_PROP(Evaluation, IsTheSameAfterPrintingAndReadingTheCondition, ()) {
  const json::Value document = testing::AnyCondition(Config());
  const Facts facts = testing::AnyFacts(Config());
  const Condition again = Compile(json::Parse(json::Serialize(document)).value());
  RC_ASSERT(Evaluate(Compile(document), {}, facts) == Evaluate(again, {}, facts));
}

RC_GTEST_PROP(Evaluation, IsTheSameFromFactsKeptAsEvidence, ()) {
  const Condition condition = Compile(testing::AnyCondition(Config()));
  const Facts facts = testing::AnyFacts(Config());
  const Facts kept = Facts::FromJson(json::Parse(json::Canonical(facts.ToJson())).value()).value();
  RC_ASSERT(kept == facts);
  RC_ASSERT(Evaluate(condition, {}, kept) == Evaluate(condition, {}, facts));
}

RC_GTEST_PROP(Evaluation, HasOneOutcomeFastOrWithReport, ()) {
  const Condition condition = Compile(testing::AnyCondition(Config()));
  const Facts facts = testing::AnyFacts(Config());
  const Verdict verdict = Evaluate(condition, {}, facts);
  RC_ASSERT(Judge(condition, {}, facts) == verdict.outcome);
  RC_ASSERT(verdict.leaves.size() == condition.leaves().size());
  if (verdict.outcome != Outcome::kCompliant) RC_ASSERT(!verdict.Failing().empty());
  for (const LeafReport* leaf : verdict.Failing()) RC_ASSERT(!leaf->reason.empty());
}

RC_GTEST_PROP(Evaluation, OfNegatedOperatorsComplementsOnKnownFacts, ()) {
  const Property& property = *rc::gen::elementOf(Config().properties);
  const auto ops = OperatorsFor(property.type);
  const Operator op = ParseOperator(*rc::gen::elementOf(ops)).value();
  const Operator* negation = NegationOf(op);
  const bool has_negation = negation != nullptr;
  RC_PRE(has_negation);
  RC_ASSERT(*NegationOf(*negation) == op);
  const Operand operand = CompileOperand(FormOf(op), testing::AnyValueFor(op), 256).value();
  const Fact fact = *rc::gen::arbitrary<bool>() ? testing::AnyPresentFact(property.type)
                                                : Fact::Absent("test", testing::TestNow());
  const Truth a = Compare(op, operand, &fact).truth;
  const Truth b = Compare(*negation, operand, &fact).truth;
  RC_ASSERT(a != Truth::kUnknown);
  RC_ASSERT(b != Truth::kUnknown);
  RC_ASSERT(a != b);
}

RC_GTEST_PROP(Evaluation, GrowsStricterWithAndAndLaxerWithOr, ()) {
  const json::Value a = testing::AnyCondition(Config());
  const json::Value b = testing::AnyCondition(Config(), 1);
  const Facts facts = testing::AnyFacts(Config());
  const int of_a = Rank(Judge(Compile(a), {}, facts));
  const int of_b = Rank(Judge(Compile(b), {}, facts));
  RC_ASSERT(Rank(Judge(Compile(Group("and", {a, b})), {}, facts)) == std::min(of_a, of_b));
  RC_ASSERT(Rank(Judge(Compile(Group("or", {a, b})), {}, facts)) == std::max(of_a, of_b));
}

// Whatever an unavailable fact turns out to be, a verdict given without it stands.
RC_GTEST_PROP(Evaluation, DoesNotDependOnWhatItCallsUndecided, ()) {
  const Condition condition = Compile(testing::AnyCondition(Config()));
  Facts facts = testing::AnyFacts(Config());
  const Outcome before = Judge(condition, {}, facts);
  RC_PRE(before != Outcome::kUnable);
  for (const Property& property : Config().properties) {
    const Fact* fact = facts.Find(property.name);
    if (fact != nullptr && fact->state() != FactState::kUnavailable) continue;
    facts.Set(property.name, testing::AnyPresentFact(property.type));
  }
  RC_ASSERT(Judge(condition, {}, facts) == before);
}

RC_GTEST_PROP(Cures, MakeTheConditionHoldAndHoldNothingSpare, ()) {
  const Condition condition = Compile(testing::AnyCondition(Config()));
  Facts facts;
  for (const Property& property : Config().properties) {
    facts.Set(property.name, testing::AnyPresentFact(property.type));
  }
  const auto cure = Cure(condition, {}, facts);
  RC_PRE(cure.has_value());
  const auto applied = [&](std::size_t without) {
    Facts result = facts;
    for (std::size_t i = 0; i < cure->size(); ++i) {
      if (i == without) continue;
      const auto& [property, value] = (*cure)[i];
      const PropertyType type = Config().Find(property)->type;
      result.Set(property, value.is_null() ? Fact::Absent("cure", testing::TestNow())
                                           : Fact::Present(ValueFromJson(type, value).value(),
                                                           "cure", testing::TestNow()));
    }
    return result;
  };
  RC_ASSERT(Compliant(condition, {}, applied(cure->size())));
  for (std::size_t i = 0; i < cure->size(); ++i) {
    RC_ASSERT(!Compliant(condition, {}, applied(i)));
  }
}

}  // namespace
}  // namespace breakwater::condition
