#include "condition/program.h"

#include <limits>
#include <memory>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "condition/testing.h"

namespace breakwater::condition {
namespace {

const Timestamp kNow = testing::TestNow();

const ResourceConfig& Config() {
  return *testing::TestCatalogue().Find(testing::TestType());
}

// Things to look at, all with the same facts or unreadable.
class Neighbours final : public Related {
 public:
  const std::vector<RelatedResource>* Of(const ResourceType&) const override {
    return readable ? &things : nullptr;
  }
  std::vector<RelatedResource> things;
  bool readable = true;
};

const std::vector<ParameterDeclaration>& Declared() {
  static const auto declared =
      ParseDeclarations(json::Parse(R"([{"name":"most","type":"numeric","default":3},
                                        {"name":"open","type":"numeric"},
                                        {"name":"texts","type":"string_list","default":["a"]}])")
                            .value())
          .value();
  return declared;
}

Condition Compile(const json::Value& document) {
  auto condition =
      Condition::Parse(document, testing::TestCatalogue(), testing::TestType(), {}, Declared());
  BW_CHECK(condition.ok());
  return *std::move(condition);
}

bool Holds(const Condition& condition, const Parameters& parameters, const Facts& facts,
           const Related* related = nullptr) {
  const Layout layout(Config());
  const Program program(condition, parameters, layout);
  return program.Holds(FactSlots(layout, facts), related);
}

json::Value Leaf(std::string_view property, std::string_view op, json::Value value = nullptr) {
  json::Object leaf;
  leaf["property"] = json::Text(property);
  leaf["operator"] = json::Text(op);
  if (!value.is_null()) leaf["value"] = std::move(value);
  return leaf;
}

// A random condition with leaves of parameters and sub-rules in it.
json::Value AnyNode(int depth) {
  switch (*rc::gen::inRange(0, 8)) {
    case 0: return Leaf("count", "num_less_than_equals", "${most}");
    case 1: return Leaf("count", "num_equals", "${open}");
    case 2: return Leaf("text", "string_equals", "${texts}");
    case 3: {
      json::Object sub_rule;
      sub_rule["target"] = json::Object{{"service_name", "test"}, {"resource_kind", "thing"}};
      sub_rule["required_config"] = testing::AnyCondition(Config(), 1);
      json::Object node;
      node[*rc::gen::element<std::string>("any", "all", "any_ifexists", "all_ifexists")] =
          std::move(sub_rule);
      return node;
    }
    default: break;
  }
  if (depth == 0) return testing::AnyCondition(Config(), 1);
  json::Array parts = testing::AnyList(1, [&] { return AnyNode(depth - 1); });
  json::Object group;
  group[*rc::gen::arbitrary<bool>() ? "and" : "or"] = std::move(parts);
  return group;
}

RC_GTEST_PROP(Programs, HoldExactlyWhereTheEvaluatorFindsCompliance, ()) {
  const auto condition = Condition::Parse(AnyNode(3), testing::TestCatalogue(), testing::TestType(),
                                          {.max_conditions = 1000}, Declared());
  RC_ASSERT(condition.ok());
  const auto parameters = Parameters::Bind(Declared(), nullptr).value();
  Neighbours neighbours;
  neighbours.readable = *rc::gen::inRange(0, 4) != 0;
  for (int i = *rc::gen::inRange(0, 3); i > 0; --i) {
    neighbours.things.push_back({"thing", {}, testing::AnyFacts(Config())});
  }
  for (int i = 0; i < 8; ++i) {
    const Facts facts = testing::AnyFacts(Config());
    const bool compliant = Judge(*condition, parameters, facts, &neighbours) == Outcome::kCompliant;
    RC_ASSERT(Holds(*condition, parameters, facts, &neighbours) == compliant);
    RC_CLASSIFY(compliant, "compliant");
  }
}

// Every assignment of three facts to every shape of tree over them that has two groups.
TEST(Program, AgreesWithTheEvaluatorOverAllStatesOfSmallTrees) {
  const std::vector<std::optional<Fact>> states{
      std::nullopt,
      Fact::Absent("test", kNow),
      Fact::Unavailable("away", "test", kNow),
      Fact::Present(true, "test", kNow),
      Fact::Present(false, "test", kNow),
      Fact::Present(std::string("a"), "test", kNow),
  };
  int compliant = 0;
  for (const char* outer : {"and", "or"}) {
    for (const char* inner : {"and", "or"}) {
      json::Object nested;
      nested[inner] = json::Array{Leaf("other_flag", "is_false"), Leaf("text", "is_not_empty")};
      json::Object document;
      document[outer] =
          json::Array{nested, Leaf("flag", "is_true"), Leaf("text", "string_not_equals", "b")};
      const Condition condition = Compile(document);
      for (const auto& flag : states) {
        for (const auto& other : states) {
          for (const auto& text : states) {
            Facts facts;
            if (flag) facts.Set("flag", *flag);
            if (other) facts.Set("other_flag", *other);
            if (text) facts.Set("text", *text);
            const bool judged = Judge(condition, {}, facts) == Outcome::kCompliant;
            EXPECT_EQ(Holds(condition, {}, facts), judged) << facts.ToJson();
            compliant += judged ? 1 : 0;
          }
        }
      }
    }
  }
  EXPECT_GT(compliant, 0);
}

TEST(Program, NeverHoldsWhereAParameterHasNoValue) {
  const auto parameters = Parameters::Bind(Declared(), nullptr).value();
  Facts facts;
  facts.Set("count", Fact::Present(Number(3), "test", kNow));
  EXPECT_FALSE(Holds(Compile(Leaf("count", "num_equals", "${open}")), parameters, facts));
  EXPECT_TRUE(Holds(Compile(Leaf("count", "num_equals", "${most}")), parameters, facts));
}

// A leaf alone, and where either outcome leads on: with others behind it that decide.
std::vector<Condition> InEveryPosition(const json::Value& leaf) {
  std::vector<Condition> conditions;
  conditions.push_back(Compile(leaf));
  for (const char* group : {"and", "or"}) {
    const json::Value other = Leaf("names", "strings_required", json::Array{"a"});
    conditions.push_back(Compile(json::Object{{group, json::Array{leaf, other}}}));
    conditions.push_back(Compile(json::Object{{group, json::Array{other, leaf}}}));
  }
  return conditions;
}

void ExpectAgreement(const std::vector<Condition>& conditions, Facts facts) {
  for (const StringList& names : {StringList{"a"}, StringList{"b"}}) {
    facts.Set("names", Fact::Present(names, "test", kNow));
    for (const Condition& condition : conditions) {
      EXPECT_EQ(Holds(condition, {}, facts), Judge(condition, {}, facts) == Outcome::kCompliant)
          << condition.source() << " " << facts.ToJson();
    }
  }
}

// Texts whose first bytes are the same, or that are shorter than these, are told apart all the
// same.
TEST(Program, ComparesTextsToTheirEnds) {
  const std::vector<std::string> texts{"",
                                       "a",
                                       "abcdef",
                                       "abcdefg",
                                       "abcdefgh",
                                       "abcdefghi",
                                       "abcdefghj",
                                       std::string("abcdef\0", 7),
                                       std::string("abcdefg\0", 8),
                                       std::string("\0", 1),
                                       std::string("a\0b", 3),
                                       "ABCDEFGH",
                                       "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF",
                                       "xabcdefghi",
                                       "abcdefghijklmnopqrstuvwxyz"};
  std::vector<json::Value> values{"",         "a",         "abcdef",     "abcdefg",
                                  "abcdefgh", "abcdefghi", "a*",         "abcdef*",
                                  "abcdefg*", "abcdefgh*", "abcdefghi*", "*",
                                  "*i",       "a?c*",      "**",         "abcdefgh*z"};
  values.push_back(json::Text(std::string("a\0*", 3)));
  values.push_back(json::Text(std::string("\0*", 2)));
  values.push_back(json::Array{"abcdefghi", "abcdefgh", "a"});
  values.push_back(json::Array{"a", "abcdefgh"});
  for (const char* op : {"string_equals", "string_not_equals", "string_match", "string_not_match",
                         "string_contains", "string_not_contains"}) {
    for (const json::Value& value : values) {
      const auto conditions = InEveryPosition(Leaf("text", op, value));
      for (const std::string& text : texts) {
        Facts facts;
        facts.Set("text", Fact::Present(text, "test", kNow));
        ExpectAgreement(conditions, facts);
      }
    }
  }
}

TEST(Program, ComparesIntegersUpToTheEndsOfTheirRange) {
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> numbers{kLeast, kLeast + 1, -1, 0, 1, kMost - 1, kMost};
  for (const char* op : {"num_equals", "num_not_equals", "num_less_than", "num_less_than_equals",
                         "num_greater_than", "num_greater_than_equals"}) {
    for (const std::int64_t given : numbers) {
      const auto conditions = InEveryPosition(Leaf("count", op, given));
      for (const std::int64_t found : numbers) {
        Facts facts;
        facts.Set("count", Fact::Present(Number(found), "test", kNow));
        ExpectAgreement(conditions, facts);
      }
    }
  }
}

TEST(Program, LooksCloserAtFactsThatWordsHaveNoRoomFor) {
  const std::vector<std::optional<Fact>> states{
      std::nullopt,
      Fact::Absent("test", kNow),
      Fact::Unavailable("away", "test", kNow),
      Fact::Present(std::string("3"), "test", kNow),
      Fact::Present(std::string("x"), "test", kNow),
      Fact::Present(Number::Parse("2.5").value(), "test", kNow),
      Fact::Present(Number(3), "test", kNow),
      Fact::Present(StringList{"3"}, "test", kNow),
  };
  std::vector<json::Value> leaves;
  for (const char* op : {"num_equals", "num_not_equals", "num_less_than", "num_less_than_equals",
                         "num_greater_than", "num_greater_than_equals"}) {
    leaves.push_back(Leaf("count", op, 3));
    leaves.push_back(Leaf("count", op, "2.5"));
  }
  for (const char* op : {"string_equals", "string_not_equals", "string_match", "string_not_match",
                         "string_contains", "string_not_contains"}) {
    leaves.push_back(Leaf("text", op, "3"));
    leaves.push_back(Leaf("text", op, json::Array{"*", "3"}));
  }
  for (const json::Value& leaf : leaves) {
    const auto conditions = InEveryPosition(leaf);
    for (const auto& state : states) {
      Facts facts;
      if (state) facts.Set("text", *state);
      if (state) facts.Set("count", *state);
      ExpectAgreement(conditions, facts);
    }
  }
}

RC_GTEST_PROP(Programs, HoldInAPackAsTheyDoAlone, ()) {
  const Layout layout(Config());
  const auto parameters = Parameters::Bind(Declared(), nullptr).value();
  std::vector<std::unique_ptr<Condition>> conditions;
  std::vector<std::unique_ptr<Program>> programs;
  ProgramPack pack;
  for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
    conditions.push_back(std::make_unique<Condition>(Compile(testing::AnyCondition(Config()))));
    programs.push_back(std::make_unique<Program>(*conditions.back(), parameters, layout));
    pack.Add(*programs.back());
  }
  const Facts facts = testing::AnyFacts(Config());
  const FactSlots slots(layout, facts);
  for (std::size_t i = 0; i < programs.size(); ++i) {
    RC_ASSERT(pack.At(i).Holds(slots) == programs[i]->Holds(slots));
  }
}

TEST(FactSlots, IgnoreWhatTheCatalogueDoesNotKnow) {
  const Layout layout(Config());
  Facts facts;
  for (const char* unknown : {"", "aaa", "flag2", "zzz"}) {
    facts.Set(unknown, Fact::Present(true, "test", kNow));
  }
  facts.Set("flag", Fact::Present(true, "test", kNow));
  const FactSlots slots(layout, facts);
  for (const Property& property : Config().properties) {
    EXPECT_EQ(slots.at(layout.SlotOf(property.name)), facts.Find(property.name)) << property.name;
  }
  const auto is_true = static_cast<std::size_t>(Operator::kIsTrue);
  EXPECT_EQ(slots.Word(is_true), std::uint64_t{1} << layout.SlotOf("flag"));
}

TEST(Catalogue, RefusesAKindWithMorePropertiesThanAWordHasBits) {
  json::Array properties;
  const auto load = [&] {
    return Catalogue::Load(
        R"({"services":[{"service_name":"s","supported_configs":[{"resource_kind":"k",)"
        R"("description":"d","additional_target_attributes":[],"properties":)" +
        json::Serialize(properties) + "}]}]}");
  };
  for (std::size_t i = 0; i < Layout::kMost; ++i) {
    properties.push_back(json::Object{{"name", "p" + std::to_string(i)},
                                      {"type", "boolean"},
                                      {"description", "d"},
                                      {"monitored", true},
                                      {"enforceable", true},
                                      {"since", "1"}});
  }
  EXPECT_TRUE(load().ok());
  properties.push_back(properties.front());
  properties.back().as_object()["name"] = "one_more";
  EXPECT_FALSE(load().ok());
}

}  // namespace
}  // namespace breakwater::condition
