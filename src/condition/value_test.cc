#include "condition/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "condition/catalogue.h"

namespace breakwater::condition {
namespace {

const Timestamp kNow = FromMicros(1'647'853'800'000'000);

Number N(std::string_view text) {
  return Number::Parse(text).value();
}

TEST(Number, ComparesIntegersBeyondDoublePrecision) {
  EXPECT_LT(N("9007199254740992"), N("9007199254740993"));
  EXPECT_LT(N("9223372036854775807"), N("9223372036854775808"));
  EXPECT_LT(N("-9223372036854775809"), N("-9223372036854775808"));
  EXPECT_GT(N("18446744073709551616"), N("18446744073709551615"));
}

TEST(Number, ComparesDecimalsExactly) {
  EXPECT_EQ(N("0.10"), N("0.1"));
  EXPECT_EQ(N("3.0"), N("3"));
  EXPECT_EQ(N("1e2"), N("100"));
  EXPECT_EQ(N("-0"), N("0.000"));
  EXPECT_LT(N("0.1"), N("0.10000000000000000001"));
  EXPECT_LT(N("-2.5"), N("-2"));
  EXPECT_LT(N("2"), N("2.5"));
  EXPECT_LT(N("0.01"), N("0.1"));
  EXPECT_LT(N("-1"), N("0.001"));
  EXPECT_LT(N("0"), N("1e-300"));
  EXPECT_GT(N("10"), N("9.99"));
}

TEST(Number, ReadsJsonNumbersAndNumericStrings) {
  EXPECT_EQ(Number::FromJson(0.1).value(), N("0.1"));
  EXPECT_EQ(Number::FromJson(3.0).value(), N("3"));
  EXPECT_EQ(Number::FromJson(" 42 ").value(), N("42"));
  EXPECT_EQ(Number::FromJson(18446744073709551615ULL).value(), N("18446744073709551615"));
}

TEST(Number, RefusesWhatIsNoNumber) {
  const std::string huge(65, '1');
  for (const std::string_view text : {"", "x", "1x", "1.", ".5", "1e", "1e9999", "--1", "0x10",
                                      "1 2", "NaN", "inf", huge.c_str()}) {
    EXPECT_FALSE(Number::Parse(text).ok()) << text;
  }
  EXPECT_FALSE(Number::FromJson(true).ok());
  EXPECT_FALSE(Number::FromJson(nullptr).ok());
  EXPECT_FALSE(Number::FromJson(json::Array{1}).ok());
}

TEST(Number, PrintsOneTextThatReadsBack) {
  for (const std::string_view text :
       {"0", "-7", "0.5", "-12.25", "18446744073709551616", "1e-40", "1.5e300", "0.001"}) {
    const Number number = N(text);
    EXPECT_EQ(N(number.ToString()), number) << text;
    EXPECT_EQ(Number::FromJson(number.ToJson()).value(), number) << text;
  }
  EXPECT_EQ(N("12.50").ToString(), "12.5");
  EXPECT_EQ(N("1e20").ToString(), "100000000000000000000");
  EXPECT_EQ(json::Serialize(N("0.5").ToJson()), "0.5");
}

TEST(Value, KeepsTheOrderOfItsTypes) {
  EXPECT_EQ(TypeOf(Value(true)), PropertyType::kBoolean);
  EXPECT_EQ(TypeOf(Value(std::string("x"))), PropertyType::kString);
  EXPECT_EQ(TypeOf(Value(Number(1))), PropertyType::kNumeric);
  EXPECT_EQ(TypeOf(Value(StringList{})), PropertyType::kStringList);
  EXPECT_EQ(TypeOf(Value(IpList{})), PropertyType::kIpList);
  EXPECT_EQ(TypeOf(Value(kNow)), PropertyType::kTimestamp);
  for (const std::string_view name :
       {"boolean", "string", "numeric", "string_list", "ip_list", "timestamp"}) {
    EXPECT_EQ(ToString(ParsePropertyType(name).value()), name);
  }
  EXPECT_FALSE(ParsePropertyType("general").ok());
}

TEST(Value, ReadsScalarsAsListsOfOne) {
  EXPECT_EQ(ValueFromJson(PropertyType::kStringList, "a").value(), Value(StringList{"a"}));
  const auto network = ValueFromJson(PropertyType::kIpList, "10.0.0.1");
  EXPECT_EQ(json::Serialize(ToJson(network.value())), R"(["10.0.0.1/32"])");
}

TEST(Value, RefusesAnotherType) {
  EXPECT_FALSE(ValueFromJson(PropertyType::kBoolean, "true").ok());
  EXPECT_FALSE(ValueFromJson(PropertyType::kString, 1).ok());
  EXPECT_FALSE(ValueFromJson(PropertyType::kNumeric, "many").ok());
  EXPECT_FALSE(ValueFromJson(PropertyType::kStringList, json::Array{1}).ok());
  EXPECT_FALSE(ValueFromJson(PropertyType::kIpList, json::Array{"10.0.0.300"}).ok());
  EXPECT_FALSE(ValueFromJson(PropertyType::kTimestamp, "yesterday").ok());
}

Facts SampleFacts() {
  Facts facts;
  facts.Set("private_only", Fact::Present(true, "registry settings", kNow));
  facts.Set("count", Fact::Present(Number(3), "iam", kNow));
  facts.Set("ratio", Fact::Present(N("0.25"), "iam", kNow));
  facts.Set("names", Fact::Present(StringList{"a", "b"}, "notify", kNow));
  facts.Set("networks",
            Fact::Present(IpList{IpNetwork::Parse("10.0.0.0/8").value()}, "listener", kNow));
  facts.Set("moment", Fact::Present(kNow, "scanner", kNow));
  facts.Set("none", Fact::Absent("registry settings", kNow));
  facts.Set("lost", Fact::Unavailable("database is away", "iam", kNow));
  return facts;
}

TEST(Facts, ReadBackTheirEvidenceForm) {
  const Facts facts = SampleFacts();
  const std::string text = json::Canonical(facts.ToJson());
  const auto read = Facts::FromJson(json::Parse(text).value());
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_EQ(*read, facts);
  EXPECT_EQ(json::Canonical(read->ToJson()), text);
  EXPECT_EQ(json::Serialize(facts.Find("private_only")->ToJson()),
            R"({"state":"present","type":"boolean","value":true,"source":"registry settings",)"
            R"("observed":"2022-03-21T09:10:00Z"})");
}

TEST(Facts, RefuseBrokenEvidence) {
  for (
      const std::string_view text :
      {"[]", R"({"x":1})",
       R"({"x":{"state":"maybe","source":"s","observed":"2022-03-21T09:10:00Z"}})",
       R"({"x":{"state":"present","source":"s","observed":"2022-03-21T09:10:00Z"}})",
       R"({"x":{"state":"present","type":"boolean","value":1,"source":"s","observed":"2022-03-21T09:10:00Z"}})",
       R"({"x":{"state":"absent","source":"s","observed":"now"}})"}) {
    EXPECT_FALSE(Facts::FromJson(json::Parse(text).value()).ok()) << text;
  }
}

TEST(Facts, TellAbsentFromUnknown) {
  const Facts facts = SampleFacts();
  EXPECT_EQ(facts.Find("none")->state(), FactState::kAbsent);
  EXPECT_EQ(facts.Find("none")->value(), nullptr);
  EXPECT_EQ(facts.Find("nobody spoke of it"), nullptr);
}

TEST(Catalogue, HoldsWhatTheSeedRuleAndTheNineGoalsNeed) {
  const Catalogue& catalogue = Catalogue::BuiltIn();
  const auto* service = catalogue.Find({"container-registry", "service"});
  ASSERT_NE(service, nullptr);
  EXPECT_THAT(service->PropertyNames(),
              ::testing::ElementsAre("iam_authz", "private_only", "platform_metrics"));
  EXPECT_THAT(service->AttributeNames(), ::testing::ElementsAre("registry", "region"));
  for (const Property& property : service->properties) {
    EXPECT_EQ(property.type, PropertyType::kBoolean);
    EXPECT_TRUE(property.monitored && property.enforceable);
  }
  const auto* access = catalogue.Find({"container-registry", "access"});
  ASSERT_NE(access, nullptr);
  EXPECT_EQ(access->Find("direct_policies")->type, PropertyType::kNumeric);
  const auto* alerts = catalogue.Find({"container-registry", "alerts"});
  ASSERT_NE(alerts, nullptr);
  EXPECT_FALSE(alerts->Find("vulnerability_channels")->enforceable);
  EXPECT_EQ(catalogue.Find({"container-registry", "nothing"}), nullptr);
}

TEST(Catalogue, IsShownWithAllMembersOfTheReference) {
  const json::Value& shown = Catalogue::BuiltIn().document();
  for (const json::Value& service : shown.at("services").as_array()) {
    for (const std::string_view member :
         {"service_name", "service_display_name", "description", "monitoring_enabled",
          "enforcement_enabled", "service_listing_enabled", "config_information_point",
          "supported_configs"}) {
      EXPECT_NE(json::Find(service, member), nullptr) << member;
    }
    for (const json::Value& kind : service.at("supported_configs").as_array()) {
      for (const std::string_view member :
           {"resource_kind", "additional_target_attributes", "properties", "description",
            "cip_requires_service_instance", "resource_group_support", "tagging_support",
            "inherit_tags"}) {
        EXPECT_NE(json::Find(kind, member), nullptr) << member;
      }
      for (const json::Value& property : kind.at("properties").as_array()) {
        for (const std::string_view member : {"name", "description", "type"}) {
          EXPECT_NE(json::Find(property, member), nullptr) << member;
        }
      }
    }
  }
}

TEST(Catalogue, NamesThePlaceOfAMistake) {
  const auto loaded = Catalogue::Load(
      R"({"services":[{"service_name":"s","supported_configs":[{"resource_kind":"k",
          "description":"d","additional_target_attributes":[],"properties":[{"name":"p",
          "type":"bool","description":"d","monitored":true,"enforceable":true,"since":"1"}]}]}]})");
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error().message(),
              ::testing::HasSubstr("services[0].supported_configs[0].properties[0].type"));
}

}  // namespace
}  // namespace breakwater::condition
