#include "iam/policy_rule.h"

#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace breakwater::iam {
namespace {

class Given final : public RuleSubject {
 public:
  Given(std::string_view now, std::map<std::string, std::string, std::less<>> values = {})
      : now_(*ParseRfc3339(now)), values_(std::move(values)) {}
  Timestamp now() const override { return now_; }
  std::string_view Value(std::string_view attribute) const override {
    const auto found = values_.find(attribute);
    return found == values_.end() ? std::string_view() : std::string_view(found->second);
  }

 private:
  Timestamp now_;
  std::map<std::string, std::string, std::less<>> values_;
};

std::string Leaf(const std::string& key, const std::string& op, const std::string& value) {
  return R"({"key":"{{)" + key + R"(}}","operator":")" + op + R"(","value":)" + value + "}";
}
std::string Environment(const std::string& key, const std::string& op, const std::string& value) {
  return Leaf("environment.attributes." + key, op, value);
}
std::string Both(const std::string& op, const std::string& a, const std::string& b) {
  return R"({"operator":")" + op + R"(","conditions":[)" + a + "," + b + "]}";
}
PolicyRule Rule(const std::string& text) {
  auto rule = ParseRule(text);
  EXPECT_TRUE(rule.ok()) << text << ": " << rule.error().message();
  return *std::move(rule);
}
bool HoldsAt(const std::string& rule, std::string_view now) {
  return Holds(Rule(rule), Given(now));
}

TEST(PolicyRule, HoldsInOfficeHoursOfItsOwnOffset) {
  const std::string hours =
      Both("and", Environment("current_time", "timeGreaterThanOrEquals", R"("09:00:00+02:00")"),
           Environment("current_time", "timeLessThan", R"("17:00:00+02:00")"));
  EXPECT_FALSE(HoldsAt(hours, "2022-03-21T06:59:59Z"));
  EXPECT_TRUE(HoldsAt(hours, "2022-03-21T07:00:00Z"));
  EXPECT_TRUE(HoldsAt(hours, "2022-03-21T14:59:59Z"));
  EXPECT_FALSE(HoldsAt(hours, "2022-03-21T15:00:00Z"));
}

TEST(PolicyRule, HoldsOnDaysOfItsOwnOffset) {
  // 21 March 2022 was a Monday.
  const std::string weekdays = Environment(
      "day_of_week", "dayOfWeekAnyOf", R"(["1+00:00","2+00:00","3+00:00","4+00:00","5+00:00"])");
  EXPECT_TRUE(HoldsAt(weekdays, "2022-03-21T00:00:00Z"));
  EXPECT_TRUE(HoldsAt(weekdays, "2022-03-25T23:59:59Z"));
  EXPECT_FALSE(HoldsAt(weekdays, "2022-03-26T00:00:00Z"));
  EXPECT_FALSE(HoldsAt(weekdays, "2022-03-27T12:00:00Z"));
  const std::string monday = Environment("day_of_week", "dayOfWeekEquals", R"("1-05:00")");
  EXPECT_FALSE(HoldsAt(monday, "2022-03-21T04:59:59Z"));
  EXPECT_TRUE(HoldsAt(monday, "2022-03-21T05:00:00Z"));
  EXPECT_TRUE(HoldsAt(monday, "2022-03-22T04:59:59Z"));
}

TEST(PolicyRule, HoldsOnceAndIsOverThen) {
  const PolicyRule once = Rule(Both("and",
                                    Environment("current_date_time", "dateTimeGreaterThanOrEquals",
                                                R"("2022-03-21T09:00:00+00:00")"),
                                    Environment("current_date_time", "dateTimeLessThanOrEquals",
                                                R"("2022-03-22T11:00:00+02:00")")));
  EXPECT_FALSE(Holds(once, Given("2022-03-21T08:59:59Z")));
  EXPECT_TRUE(Holds(once, Given("2022-03-22T09:00:00Z")));
  EXPECT_FALSE(Holds(once, Given("2022-03-22T09:00:01Z")));
  EXPECT_FALSE(IsOver(once, *ParseRfc3339("2022-03-22T09:00:00Z")));
  EXPECT_TRUE(IsOver(once, *ParseRfc3339("2022-03-22T09:00:01Z")));
  const PolicyRule until =
      Rule(Environment("current_date", "dateLessThan", R"("2022-03-22+00:00")"));
  EXPECT_TRUE(Holds(until, Given("2022-03-21T23:59:59Z")));
  EXPECT_TRUE(IsOver(until, *ParseRfc3339("2022-03-22T00:00:00Z")));
}

TEST(PolicyRule, LooksAtTheResource) {
  const std::string path =
      Leaf("resource.attributes.path", "stringMatchAnyOf", R"(["team/app","team/lib-*"])");
  EXPECT_TRUE(Holds(Rule(path), Given("2022-03-21T00:00:00Z", {{"path", "team/lib-x"}})));
  EXPECT_FALSE(Holds(Rule(path), Given("2022-03-21T00:00:00Z", {{"path", "team/other"}})));
  EXPECT_FALSE(Holds(Rule(path), Given("2022-03-21T00:00:00Z")));
  const std::string grouped = Leaf("resource.attributes.resourceGroupId", "stringExists", "true");
  EXPECT_FALSE(Holds(Rule(grouped), Given("2022-03-21T00:00:00Z")));
  EXPECT_TRUE(Holds(Rule(grouped), Given("2022-03-21T00:00:00Z", {{"resourceGroupId", "rg"}})));
  EXPECT_TRUE(LooksAtResource(Rule(Both("or", path, grouped))));
}

TEST(PolicyRule, ReadsWhatItWrites) {
  for (const std::string& text :
       {Environment("current_time", "timeLessThan", R"("09:00:00Z")"),
        Leaf("resource.attributes.resource", "stringEqualsAnyOf", R"(["a","b"])"),
        Both("or",
             Both("and", Environment("day_of_week", "dayOfWeekEquals", R"("7+00:00")"),
                  Leaf("resource.attributes.region", "stringExists", "false")),
             Environment("current_date", "dateGreaterThan", R"("2022-03-21+00:00")"))}) {
    EXPECT_EQ(json::Canonical(ToJson(Rule(text))), json::Canonical(*json::Parse(text)));
  }
}

TEST(PolicyRule, RefusesWhatItDoesNotKnow) {
  const std::string day = R"("1+00:00")";
  for (const std::string& text :
       {Environment("moon", "timeLessThan", R"("09:00:00Z")"),
        Leaf("resource.attributes.prefix", "stringEquals", R"("a")"),
        Environment("current_time", "timeLess", R"("09:00:00Z")"),
        Environment("current_time", "dateLessThan", R"("09:00:00Z")"),
        Environment("current_time", "timeLessThan", R"("25:00:00Z")"),
        Environment("current_time", "timeLessThan", R"("09:00:00")"),
        Environment("current_date_time", "dateTimeLessThan", R"("2022-03-21")"),
        Environment("day_of_week", "dayOfWeekEquals", R"("0+00:00")"),
        Environment("day_of_week", "dayOfWeekEquals", R"("8+00:00")"),
        Environment("day_of_week", "dayOfWeekEquals", "[" + day + "]"),
        Environment("day_of_week", "dayOfWeekAnyOf", day),
        Environment("day_of_week", "dayOfWeekAnyOf", "[]"),
        Both("xor", Environment("day_of_week", "dayOfWeekEquals", day),
             Environment("day_of_week", "dayOfWeekEquals", day)),
        std::string(R"({"operator":"and","conditions":[]})"), std::string("[]"), std::string("{}"),
        std::string("1")}) {
    EXPECT_FALSE(ParseRule(text).ok()) << text;
  }
}

TEST(PolicyRule, IsBounded) {
  std::string deep = Environment("day_of_week", "dayOfWeekEquals", R"("1+00:00")");
  for (std::size_t i = 0; i < kMaxRuleDepth; ++i) {
    deep = R"({"operator":"and","conditions":[)" + deep + "]}";
  }
  EXPECT_TRUE(ParseRule(deep).ok());
  EXPECT_FALSE(ParseRule(R"({"operator":"and","conditions":[)" + deep + "]}").ok());
  std::string wide;
  for (std::size_t i = 0; i < 20; ++i) {
    wide += (i == 0 ? "" : ",") + Environment("day_of_week", "dayOfWeekEquals", R"("1+00:00")");
  }
  const std::string twenty = R"({"operator":"or","conditions":[)" + wide + "]}";
  EXPECT_TRUE(ParseRule(twenty).ok());
  EXPECT_FALSE(ParseRule(Both("and", twenty, twenty)).ok());
}

TEST(PolicyRule, IsOfItsPattern) {
  const PolicyRule day = Rule(Environment("day_of_week", "dayOfWeekEquals", R"("1+00:00")"));
  const PolicyRule time = Rule(Environment("current_time", "timeLessThan", R"("09:00:00Z")"));
  const PolicyRule path = Rule(Leaf("resource.attributes.path", "stringEquals", R"("a/b")"));
  const auto fits = [](std::string_view pattern, const PolicyRule* rule) {
    return WrongPattern(pattern, rule).empty();
  };
  EXPECT_TRUE(fits("", nullptr));
  EXPECT_FALSE(fits("time-based-conditions:once", nullptr));
  EXPECT_FALSE(fits("", &day));
  EXPECT_FALSE(fits("time-based-conditions:always", &day));
  EXPECT_TRUE(fits("time-based-conditions:weekly:all-day", &day));
  EXPECT_FALSE(fits("time-based-conditions:weekly:all-day", &time));
  EXPECT_TRUE(fits("time-based-conditions:weekly:custom-hours", &time));
  EXPECT_FALSE(fits("time-based-conditions:once", &time));
  EXPECT_TRUE(fits("attribute-based-condition:resource:literal-and-wildcard", &path));
  EXPECT_FALSE(fits("attribute-based-condition:resource:literal-and-wildcard", &day));
}

RC_GTEST_PROP(PolicyRule, AWeekHasEachDayOnce, ()) {
  const std::int64_t start = *rc::gen::inRange<std::int64_t>(-2'000'000'000, 4'000'000'000);
  int held = 0;
  const PolicyRule third = Rule(Environment("day_of_week", "dayOfWeekEquals", R"("3+00:00")"));
  for (int i = 0; i < 7; ++i) {
    const Timestamp at = FromMicros((start + i * 86'400LL) * 1'000'000);
    if (Holds(third, Given(FormatRfc3339(at)))) ++held;
  }
  RC_ASSERT(held == 1);
}

}  // namespace
}  // namespace breakwater::iam
