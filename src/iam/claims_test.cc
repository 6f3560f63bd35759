#include "iam/claims.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/strings.h"

namespace breakwater::iam {
namespace {

using json::Text;

bool HoldsOn(const ClaimCondition& condition, const char* claims) {
  return Holds(std::vector{condition}, json::Parse(claims)->as_object());
}

std::string Quoted(const std::string& text) {
  return json::Serialize(json::Value(Text(text)));
}

// Short words of few letters, so that equal ones and ones of another case come up.
rc::Gen<std::string> Word() {
  return rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("aAbB"))));
}

json::Object GroupsClaim(const std::vector<std::string>& groups) {
  json::Array items;
  for (const std::string& group : groups) items.push_back(Text(group));
  return {{"groups", std::move(items)}};
}

bool HoldsOn(ClaimOperator op, const std::string& value, const json::Object& claims) {
  return Holds(std::vector<ClaimCondition>{{"groups", op, value}}, claims);
}

TEST(Claims, EveryOperatorIsReadBackFromItsName) {
  for (const char* name :
       {"EQUALS", "EQUALS_IGNORE_CASE", "NOT_EQUALS", "NOT_EQUALS_IGNORE_CASE", "CONTAINS", "IN"}) {
    ASSERT_TRUE(ParseClaimOperator(name)) << name;
    EXPECT_EQ(ToString(*ParseClaimOperator(name)), name);
  }
  EXPECT_FALSE(ParseClaimOperator("equals"));
}

TEST(Claims, NoConditionsHoldForNobody) {
  EXPECT_FALSE(Holds({}, {}));
}

TEST(Claims, AllConditionsMustHold) {
  const std::vector<ClaimCondition> both{{"team", ClaimOperator::kEquals, "\"red\""},
                                         {"grade", ClaimOperator::kIn, "[1,2]"}};
  EXPECT_TRUE(Holds(both, {{"team", "red"}, {"grade", 2}}));
  EXPECT_FALSE(Holds(both, {{"team", "red"}, {"grade", 3}}));
  EXPECT_FALSE(Holds(both, {{"team", "red"}}));
}

TEST(Claims, ContainsNeverMatchesAPartOfAValue) {
  const ClaimCondition condition{"repository", ClaimOperator::kContains, "\"org/app\""};
  EXPECT_TRUE(HoldsOn(condition, R"({"repository":"org/app"})"));
  EXPECT_FALSE(HoldsOn(condition, R"({"repository":"evilorg/app"})"));
  EXPECT_FALSE(HoldsOn(condition, R"({"repository":["org/application"]})"));
}

TEST(Claims, ValuesCompareAsText) {
  EXPECT_TRUE(HoldsOn({"manager", ClaimOperator::kEquals, "true"}, R"({"manager":"true"})"));
  EXPECT_TRUE(HoldsOn({"manager", ClaimOperator::kEquals, "\"true\""}, R"({"manager":true})"));
  EXPECT_TRUE(HoldsOn({"number", ClaimOperator::kEquals, "7"}, R"({"number":"7"})"));
}

TEST(Claims, APointerReachesIntoObjects) {
  const char* claims = R"({"kubernetes.io":{"namespace":"ci","a/b":{"c":["x"]}}})";
  EXPECT_TRUE(HoldsOn({"/kubernetes.io/namespace", ClaimOperator::kEquals, "\"ci\""}, claims));
  EXPECT_TRUE(HoldsOn({"/kubernetes.io/a~1b/c", ClaimOperator::kContains, "\"x\""}, claims));
  EXPECT_FALSE(HoldsOn({"/kubernetes.io/namespace/more", ClaimOperator::kNotEquals, "1"}, claims));
  EXPECT_FALSE(HoldsOn({"/", ClaimOperator::kNotEquals, "1"}, claims));
}

TEST(Claims, AnObjectMeetsNoCondition) {
  for (const char* claims : {R"({"a":{}})", R"({"a":null})", R"({"a":[{}]})", R"({"a":[]})"}) {
    EXPECT_FALSE(HoldsOn({"a", ClaimOperator::kNotEquals, "\"x\""}, claims)) << claims;
  }
}

TEST(Claims, AValueOfTheWrongFormIsRefusedAndHoldsNever) {
  const ClaimCondition bad[] = {
      {"a", ClaimOperator::kEquals, "bare"}, {"a", ClaimOperator::kEquals, "[\"x\"]"},
      {"a", ClaimOperator::kIn, "\"x\""},    {"a", ClaimOperator::kIn, "[]"},
      {"a", ClaimOperator::kContains, "{}"}, {"a", ClaimOperator::kNotEquals, ""}};
  for (const ClaimCondition& condition : bad) {
    EXPECT_FALSE(CheckConditions(std::vector{condition}).ok()) << condition.value;
    EXPECT_FALSE(HoldsOn(condition, R"({"a":"bare"})")) << condition.value;
  }
  EXPECT_FALSE(
      CheckConditions(std::vector<ClaimCondition>{{"", ClaimOperator::kEquals, "1"}}).ok());
  EXPECT_FALSE(CheckConditions({}).ok());
}

RC_GTEST_PROP(ClaimsProperty, NothingHoldsOnAnAbsentClaim, ()) {
  const auto op =
      *rc::gen::map(rc::gen::inRange(0, 6), [](int i) { return static_cast<ClaimOperator>(i); });
  const std::string word = Quoted(*Word());
  RC_ASSERT(!HoldsOn(op, op == ClaimOperator::kIn ? "[" + word + "]" : word, {}));
}

RC_GTEST_PROP(ClaimsProperty, ContainsAndNotEqualsAreOpposites, ()) {
  const auto groups = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(Word()));
  const std::string word = Quoted(*Word());
  RC_ASSERT(HoldsOn(ClaimOperator::kContains, word, GroupsClaim(groups)) !=
            HoldsOn(ClaimOperator::kNotEquals, word, GroupsClaim(groups)));
}

RC_GTEST_PROP(ClaimsProperty, WhatIsEqualIsContainedAndEqualWithoutCase, ()) {
  const auto groups = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(Word()));
  const std::string word = Quoted(*Word());
  const json::Object claims = GroupsClaim(groups);
  if (HoldsOn(ClaimOperator::kEquals, word, claims)) {
    RC_ASSERT(HoldsOn(ClaimOperator::kContains, word, claims));
    RC_ASSERT(HoldsOn(ClaimOperator::kEqualsIgnoreCase, word, claims));
    RC_ASSERT(!HoldsOn(ClaimOperator::kNotEqualsIgnoreCase, word, claims));
  }
  // Folding both sides makes ignoring case and minding it the same.
  RC_ASSERT(HoldsOn(ClaimOperator::kEqualsIgnoreCase, word, claims) ==
            (groups.size() == 1 && Quoted(LowerAscii(groups[0])) == LowerAscii(word)));
}

RC_GTEST_PROP(ClaimsProperty, AValueAloneIsAListOfOne, ()) {
  const std::string claim = *Word();
  const std::string word = Quoted(*Word());
  for (const auto op : {ClaimOperator::kEquals, ClaimOperator::kNotEquals, ClaimOperator::kContains,
                        ClaimOperator::kEqualsIgnoreCase}) {
    RC_ASSERT(HoldsOn(op, word, GroupsClaim({claim})) ==
              HoldsOn(op, word, {{"groups", Text(claim)}}));
  }
}

RC_GTEST_PROP(ClaimsProperty, InIsEqualToOneOfTheList, ()) {
  const auto list = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(Word()));
  const json::Object claims{{"groups", Text(*Word())}};
  json::Array items;
  bool any = false;
  for (const std::string& item : list) {
    items.push_back(Text(item));
    any = any || HoldsOn(ClaimOperator::kEquals, Quoted(item), claims);
  }
  RC_ASSERT(HoldsOn(ClaimOperator::kIn, json::Serialize(items), claims) == any);
}

RC_GTEST_PROP(ClaimsProperty, ConditionsAreReadBackAsTheyWereStored, ()) {
  std::vector<ClaimCondition> conditions;
  for (const std::string& word : *rc::gen::container<std::vector<std::string>>(3, Word())) {
    conditions.push_back({word, ClaimOperator::kIn, "[" + Quoted(word) + "]"});
  }
  const auto read = ConditionsFromJson(json::Serialize(ConditionsToJson(conditions)));
  RC_ASSERT(read.ok() && *read == conditions);
}

}  // namespace
}  // namespace breakwater::iam
