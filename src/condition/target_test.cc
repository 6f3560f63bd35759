#include "condition/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breakwater::condition {
namespace {

using Attributes = std::map<std::string, std::string>;

const ResourceType kService{"container-registry", "service"};

Result<Target> Parse(std::string_view text) {
  return Target::Parse(json::Parse(text).value(), Catalogue::BuiltIn());
}

Target WithFilter(std::string_view name, std::string_view op, std::string_view value) {
  auto target = Parse(R"({"service_name":"container-registry","resource_kind":"service",)"
                      R"("additional_target_attributes":[{"name":")" +
                      std::string(name) + R"(","operator":")" + std::string(op) + R"(","value":)" +
                      std::string(value) + "}]}");
  BW_CHECK(target.ok());
  return *std::move(target);
}

TEST(Target, OfTheSeedRuleMatchesItsRegistryOnly) {
  const Target target = WithFilter("registry", "string_equals", R"("us.icr.io")");
  EXPECT_TRUE(target.Matches(kService, {{"registry", "us.icr.io"}, {"region", "us-south"}}));
  EXPECT_FALSE(target.Matches(kService, {{"registry", "de.icr.io"}}));
  EXPECT_FALSE(target.Matches(kService, {}));
  EXPECT_FALSE(target.Matches({"container-registry", "access"}, {{"registry", "us.icr.io"}}));
}

TEST(Target, WithoutFiltersMatchesEveryResourceOfItsKind) {
  const auto target = Parse(R"({"service_name":"container-registry","resource_kind":"access"})");
  ASSERT_TRUE(target.ok());
  EXPECT_TRUE(target->Matches({"container-registry", "access"}, {}));
  EXPECT_FALSE(target->Matches(kService, {}));
}

TEST(Target, ComparesARegionUnderBothItsNames) {
  for (const std::string_view name : {"eu-gb", "uk-south"}) {
    const Target target = WithFilter("region", "string_equals", "\"" + std::string(name) + "\"");
    EXPECT_TRUE(target.Matches(kService, {{"region", "eu-gb"}}));
    EXPECT_TRUE(target.Matches(kService, {{"region", "uk-south"}}));
    EXPECT_FALSE(target.Matches(kService, {{"region", "us-south"}}));
    const Target all_but =
        WithFilter("region", "string_not_equals", "\"" + std::string(name) + "\"");
    EXPECT_FALSE(all_but.Matches(kService, {{"region", "uk-south"}}));
    EXPECT_FALSE(all_but.Matches(kService, {{"region", "eu-gb"}}));
    EXPECT_TRUE(all_but.Matches(kService, {{"region", "us-south"}}));
  }
  const Target pattern = WithFilter("region", "string_match", R"("eu-*")");
  EXPECT_TRUE(pattern.Matches(kService, {{"region", "uk-south"}}));
  EXPECT_EQ(RegionNames("jp-tok"), (std::vector<std::string>{"jp-tok", "ap-north"}));
  EXPECT_EQ(RegionNames("local"), (std::vector<std::string>{"local"}));
}

TEST(Target, NeedsNoValueForIsNotEmpty) {
  const auto target =
      Parse(R"({"service_name":"container-registry","resource_kind":"service",)"
            R"("additional_target_attributes":[{"name":"registry","operator":"is_not_empty"}]})");
  ASSERT_TRUE(target.ok());
  EXPECT_TRUE(target->Matches(kService, {{"registry", "any"}}));
  EXPECT_FALSE(target->Matches(kService, Attributes{}));
}

struct BadTarget {
  std::string_view text;
  std::string_view path;
  std::string_view says;
};

TEST(Target, NamesPathValueAndWhatIsAllowed) {
  const std::vector<BadTarget> bad{
      {"[]", "target", "must be an object"},
      {"{}", "target.service_name", "is required"},
      {R"({"service_name":"container-regisry","resource_kind":"service"})", "target.service_name",
       "did you mean 'container-registry'?"},
      {R"({"service_name":"container-registry","resource_kind":"servce"})", "target.resource_kind",
       "did you mean 'service'? (allowed: service, namespace, repository, image, "},
      {R"({"service_name":"container-registry","resource_kind":"service","extra":1})", "target",
       "unknown member 'extra'"},
      {R"({"service_name":"container-registry","resource_kind":"service",
           "additional_target_attributes":{}})",
       "target.additional_target_attributes", "must be an array"},
      {R"({"service_name":"container-registry","resource_kind":"service",
           "additional_target_attributes":[{"name":"regoin","operator":"string_equals","value":"x"}]})",
       "target.additional_target_attributes[0].name", "did you mean 'region'?"},
      {R"({"service_name":"container-registry","resource_kind":"service",
           "additional_target_attributes":[{"name":"region","operator":"equals","value":"x"}]})",
       "target.additional_target_attributes[0].operator", "is not known"},
      {R"({"service_name":"container-registry","resource_kind":"service",
           "additional_target_attributes":[{"name":"region","operator":"string_equals"}]})",
       "target.additional_target_attributes[0].value", "is required by string_equals"},
  };
  for (const BadTarget& row : bad) {
    const auto target = Parse(row.text);
    ASSERT_FALSE(target.ok()) << row.text;
    EXPECT_EQ(target.error().reason(), "rule_error");
    ASSERT_FALSE(target.error().details().empty());
    EXPECT_EQ(target.error().details()[0].value, row.path);
    EXPECT_THAT(target.error().message(), ::testing::HasSubstr(row.says));
  }
}

}  // namespace
}  // namespace breakwater::condition
