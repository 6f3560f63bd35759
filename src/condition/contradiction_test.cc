#include "condition/contradiction.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "condition/evaluate.h"
#include "condition/testing.h"

namespace breakwater::condition {
namespace {

using ::testing::HasSubstr;

Condition Parse(const json::Value& document) {
  auto condition = Condition::Parse(document, testing::TestCatalogue(), testing::TestType());
  BW_CHECK(condition.ok());
  return *std::move(condition);
}

// The contradiction between two documents, or "".
std::string Between(std::string_view a, std::string_view b) {
  const Condition first = Parse(json::Parse(a).value());
  const Condition second = Parse(json::Parse(b).value());
  const Parameters none;
  return Contradiction({{&first, &none}, {&second, &none}}).value_or("");
}

std::string Leaf(std::string_view property, std::string_view op, std::string_view value = "null") {
  return R"({"property":")" + std::string(property) + R"(","operator":")" + std::string(op) +
         R"(","value":)" + std::string(value) + "}";
}

TEST(Contradiction, IsFoundBetweenWhatNoValueMeets) {
  EXPECT_EQ(Between(Leaf("flag", "is_true"), Leaf("flag", "is_false")),
            "flag: is_true and is_false");
  EXPECT_THAT(Between(Leaf("count", "num_less_than", "3"), Leaf("count", "num_greater_than", "5")),
              HasSubstr("count: num_less_than 3 and num_greater_than 5"));
  EXPECT_NE(Between(Leaf("count", "num_equals", "[1,2]"), Leaf("count", "num_equals", "3")), "");
  EXPECT_NE(
      Between(Leaf("text", "string_equals", R"("a")"), Leaf("text", "string_not_match", R"("a*")")),
      "");
  EXPECT_NE(Between(Leaf("text", "is_empty"), Leaf("text", "is_not_empty")), "");
  EXPECT_NE(Between(Leaf("names", "strings_required", R"(["a"])"),
                    Leaf("names", "strings_allowed", R"(["b"])")),
            "");
  EXPECT_NE(Between(Leaf("networks", "is_empty"), Leaf("networks", "is_not_empty")), "");
}

TEST(Contradiction, IsNotClaimedWhereSomethingMeetsBoth) {
  EXPECT_EQ(Between(Leaf("flag", "is_true"), Leaf("other_flag", "is_false")), "");
  EXPECT_EQ(Between(Leaf("count", "num_less_than", "4"), Leaf("count", "num_greater_than", "3")),
            "");
  EXPECT_EQ(Between(Leaf("names", "strings_required", R"(["a"])"),
                    Leaf("names", "strings_allowed", R"(["a","b"])")),
            "");
  EXPECT_EQ(Between(Leaf("flag", "is_true"), R"({"or":[)" + Leaf("flag", "is_false") + "," +
                                                 Leaf("count", "is_empty") + "]}"),
            "");
}

TEST(Contradiction, NeedsEveryAlternativeToFail) {
  EXPECT_NE(Between(Leaf("flag", "is_true"), R"({"or":[)" + Leaf("flag", "is_false") +
                                                 R"(,{"and":[)" + Leaf("count", "is_empty") + "," +
                                                 Leaf("count", "is_not_empty") + "]}]}"),
            "");
}

TEST(Contradiction, IsNotClaimedOfWhatCannotBeTold) {
  EXPECT_EQ(
      Between(Leaf("text", "string_match", R"("a*")"), Leaf("text", "string_match", R"("b*")")),
      "");
  EXPECT_EQ(Between(Leaf("networks", "ips_in_range", R"(["10.0.0.0/8"])"),
                    Leaf("networks", "ips_equals", R"(["192.168.0.1"])")),
            "");
}

// What is called a contradiction is never complied with.
TEST(Contradiction, IsCertain) {
  const ResourceConfig& config = *testing::TestCatalogue().Find(testing::TestType());
  EXPECT_TRUE(rc::check("no facts comply with contradicting conditions", [&] {
    const Condition a = Parse(testing::AnyCondition(config));
    const Condition b = Parse(testing::AnyCondition(config));
    const Parameters none;
    if (!Contradiction({{&a, &none}, {&b, &none}})) return;
    for (int i = 0; i < 50; ++i) {
      const Facts facts = testing::AnyFacts(config);
      RC_ASSERT(!(Compliant(a, none, facts) && Compliant(b, none, facts)));
    }
  }));
}

Target ParseTarget(std::string_view attributes) {
  auto target = Target::Parse(json::Parse(R"({"service_name":"test","resource_kind":"thing",)"
                                          R"("additional_target_attributes":)" +
                                          std::string(attributes) + "}")
                                  .value(),
                              testing::TestCatalogue());
  BW_CHECK(target.ok());
  return *std::move(target);
}

TEST(TargetOverlap, IsDeniedOnlyWhereNoResourceMatchesBoth) {
  const auto region = [](std::string_view op, std::string_view value) {
    return ParseTarget(R"([{"name":"region","operator":")" + std::string(op) + R"(","value":")" +
                       std::string(value) + R"("}])");
  };
  const Target all = ParseTarget("[]");
  const Target london = region("string_equals", "eu-gb");
  EXPECT_TRUE(all.MayOverlap(london));
  EXPECT_TRUE(london.MayOverlap(region("string_equals", "uk-south"))) << "one region, two names";
  EXPECT_FALSE(london.MayOverlap(region("string_equals", "us-south")));
  EXPECT_FALSE(london.MayOverlap(region("string_not_equals", "eu-gb")));
  EXPECT_TRUE(london.MayOverlap(region("string_match", "eu-*")));
  EXPECT_FALSE(london.MayOverlap(region("string_match", "us-*")));
}

}  // namespace
}  // namespace breakwater::condition
