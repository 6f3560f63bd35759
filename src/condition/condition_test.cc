#include "condition/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "condition/testing.h"

namespace breakwater::condition {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Condition> Parse(std::string_view text, const ConditionLimits& limits = {},
                        const std::vector<ParameterDeclaration>& declared = {}) {
  return Condition::Parse(json::Parse(text, {.max_bytes = 1 << 20, .max_depth = 100}).value(),
                          testing::TestCatalogue(), testing::TestType(), limits, declared);
}

std::string Detail(const Error& error, std::string_view name) {
  for (const auto& detail : error.details()) {
    if (detail.name == name) return detail.value;
  }
  return "";
}

TEST(Condition, KeepsTheDocumentItWasGiven) {
  const std::string text =
      R"({"description":"d","and":[{"property":"count","operator":"num_equals","value":["1",2]},)"
      R"({"or":[{"operator":"is_true","property":"flag","value":"ignored"}]}]})";
  const auto condition = Parse(text);
  ASSERT_TRUE(condition.ok()) << condition.error().message();
  EXPECT_EQ(json::Serialize(condition->source()), text);
  EXPECT_THAT(condition->Properties(), ElementsAre("count", "flag"));
  ASSERT_EQ(condition->leaves().size(), 2U);
  EXPECT_EQ(condition->leaves()[1].path, "required_config.and[1].or[0]");
  EXPECT_EQ(condition->nodes().front().end, condition->nodes().size());
}

TEST(Condition, AcceptsALoneProperty) {
  const auto condition = Parse(R"({"property":"flag","operator":"is_true"})");
  ASSERT_TRUE(condition.ok());
  EXPECT_EQ(condition->nodes().size(), 1U);
}

struct Bad {
  std::string_view text;
  std::string_view path;
  std::string_view value;
  std::string_view says;
};

TEST(Condition, NamesPathValueAndWhatIsAllowed) {
  const std::vector<Bad> bad{
      {"3", "required_config", "3", "must be an object"},
      {"{}", "required_config", "{}", "exactly one form"},
      {R"({"and":[{"property":"flag","operator":"is_true"}],"or":[]})", "required_config", "",
       "exactly one form (allowed: property with operator and value, and, or, any, all, "
       "any_ifexists, all_ifexists)"},
      {R"({"property":"flag","operator":"is_true","and":[]})", "required_config", "",
       "exactly one form"},
      {R"({"and":[]})", "required_config.and", "[]", "at least one condition"},
      {R"({"or":{}})", "required_config.or", "{}", "must be an array"},
      {R"({"nad":[]})", "required_config", R"({"nad":[]})", "did you mean 'and'?"},
      {R"({"description":1,"and":[{"property":"flag","operator":"is_true"}]})",
       "required_config.description", "1", "must be a string"},
      {R"({"and":[{"property":"flga","operator":"is_true"}]})", "required_config.and[0].property",
       R"("flga")", "did you mean 'flag'?"},
      {R"({"and":[{"operator":"is_true"}]})", "required_config.and[0].property", "",
       "is required (allowed: flag, other_flag, text, count, names, networks, moment)"},
      {R"({"or":[{"property":"flag","operator":"is_tru"}]})", "required_config.or[0].operator",
       R"("is_tru")",
       "did you mean 'is_true'? (allowed: is_empty, is_not_empty, is_true, is_false)"},
      {R"({"property":"flag"})", "required_config.operator", "", "is required"},
      {R"({"property":"flag","operator":"string_equals","value":"x"})", "required_config.operator",
       R"("string_equals")", "does not apply to 'flag', which is boolean"},
      {R"({"property":"text","operator":"string_equals"})", "required_config.value", "",
       "is required by string_equals"},
      {R"({"property":"count","operator":"num_less_than","value":[1]})", "required_config.value",
       "[1]", "must be one number"},
      {R"({"property":"text","operator":"string_equals","value":"${who}"})",
       "required_config.value", R"("${who}")", "the parameter 'who' is not declared"},
      {R"({"property":"text","operator":"string_equals","value":["${who}"]})",
       "required_config.value", R"(["${who}"])", "must be the whole value"},
  };
  for (const Bad& row : bad) {
    const auto condition = Parse(row.text);
    ASSERT_FALSE(condition.ok()) << row.text;
    const Error& error = condition.error();
    EXPECT_EQ(error.reason(), "rule_error");
    EXPECT_EQ(Detail(error, "path"), row.path) << row.text;
    if (!row.value.empty()) {
      EXPECT_EQ(Detail(error, "value"), row.value) << row.text;
    }
    EXPECT_THAT(error.message(), HasSubstr(row.says));
    EXPECT_TRUE(error.message().starts_with(std::string(row.path) + ":")) << error.message();
  }
}

TEST(Condition, CutsALongOffendingValueAtACharacter) {
  const auto condition = Parse(R"({"property":"fläg)" + std::string(300, 'a') + R"("})");
  ASSERT_FALSE(condition.ok());
  EXPECT_LT(condition.error().message().size(), 400U);
  EXPECT_TRUE(Detail(condition.error(), "value").ends_with("…"));
}

std::string Nested(int groups) {
  std::string text = R"({"property":"flag","operator":"is_true"})";
  for (int i = 0; i < groups; ++i) {
    text = std::string(R"({")") + (i % 2 == 0 ? "and" : "or") + "\":[" + text + "]}";
  }
  return text;
}

std::string Wide(int leaves) {
  std::string text = R"({"and":[)";
  for (int i = 0; i < leaves; ++i) {
    text += std::string(i == 0 ? "" : ",") + R"({"property":"flag","operator":"is_true"})";
  }
  return text + "]}";
}

TEST(Condition, EndsAtItsLimits) {
  EXPECT_TRUE(Parse(Nested(16)).ok());
  const auto deep = Parse(Nested(17));
  ASSERT_FALSE(deep.ok());
  EXPECT_THAT(deep.error().message(), HasSubstr("deeper than 16"));
  const auto many = Parse(Nested(17), {.max_depth = 100});
  ASSERT_FALSE(many.ok());
  EXPECT_THAT(many.error().message(), HasSubstr("at most 16 and/or groups"));
  EXPECT_TRUE(Parse(Wide(24)).ok());
  const auto wide = Parse(Wide(25));
  ASSERT_FALSE(wide.ok());
  EXPECT_THAT(wide.error().message(), HasSubstr("at most 24"));
  EXPECT_TRUE(Parse(Wide(25), {.max_properties = 25}).ok());
}

std::vector<ParameterDeclaration> Declared() {
  return ParseDeclarations(json::Parse(R"([
      {"name":"most","type":"numeric","default":3,"allowed":[3,"10",30]},
      {"name":"who","type":"string"},
      {"name":"list","type":"string_list","default":["a"]},
      {"name":"nets","type":"ip_list","default":"10.0.0.0/8"}])")
                               .value())
      .value();
}

TEST(Condition, TakesDeclaredParametersInBothSpellings) {
  const auto condition = Parse(
      R"({"and":[{"property":"count","operator":"num_less_than","value":"${most}"},
                 {"property":"text","operator":"string_equals","value":{"parameter":"who"}},
                 {"property":"names","operator":"strings_allowed","value":"${list}"},
                 {"property":"networks","operator":"ips_in_range","value":"${nets}"}]})",
      {}, Declared());
  ASSERT_TRUE(condition.ok()) << condition.error().message();
  EXPECT_EQ(condition->leaves()[0].parameter, "most");
  EXPECT_EQ(condition->leaves()[1].parameter, "who");
}

TEST(Condition, RefusesAParameterOfAnotherType) {
  const auto condition =
      Parse(R"({"property":"count","operator":"num_less_than","value":"${who}"})", {}, Declared());
  ASSERT_FALSE(condition.ok());
  EXPECT_THAT(condition.error().message(), HasSubstr("cannot take the parameter 'who'"));
}

TEST(Parameters, TakeDefaultsAndOverrides) {
  const auto defaults = Parameters::Bind(Declared(), nullptr);
  ASSERT_TRUE(defaults.ok()) << defaults.error().message();
  EXPECT_EQ(json::Canonical(defaults->ToJson()), R"({"list":["a"],"most":3,"nets":"10.0.0.0/8"})");
  const auto bound =
      Parameters::Bind(Declared(), json::Parse(R"({"most":"10","who":"me"})").value());
  ASSERT_TRUE(bound.ok()) << bound.error().message();
  EXPECT_EQ(bound->Find("most")->numbers.front(), Number(10));
  EXPECT_EQ(bound->Find("who")->texts, StringList{"me"});
  EXPECT_EQ(bound->Find("nobody"), nullptr);
}

TEST(Parameters, RefuseWhatIsNotDeclaredOrNotAllowed) {
  for (const std::string_view text : {R"({"mots":3})", R"({"most":4})", R"({"most":"many"})",
                                      R"({"who":["a"]})", R"({"nets":["x"]})", "[]"}) {
    EXPECT_FALSE(Parameters::Bind(Declared(), json::Parse(text).value()).ok()) << text;
  }
  const auto refused = Parameters::Bind(Declared(), json::Parse(R"({"most":4})").value());
  EXPECT_THAT(refused.error().message(), HasSubstr(R"(must be one of 3, "10", 30)"));
}

TEST(Parameters, RefuseBrokenDeclarations) {
  for (const std::string_view text :
       {R"([{"name":"a","type":"boolean"}])", R"([{"name":"a"}])", R"([{"type":"numeric"}])",
        R"([{"name":"a","type":"numeric","default":"x"}])",
        R"([{"name":"a","type":"numeric","default":5,"allowed":[1]}])",
        R"([{"name":"a","type":"numeric"},{"name":"a","type":"numeric"}])", "{}"}) {
    EXPECT_FALSE(ParseDeclarations(json::Parse(text).value()).ok()) << text;
  }
}

}  // namespace
}  // namespace breakwater::condition
