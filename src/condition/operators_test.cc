#include "condition/operators.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.h"

namespace breakwater::condition {
namespace {

const Timestamp kNow = FromMicros(1'647'853'800'000'000);  // 2022-03-21 09:10

IpList Networks(std::initializer_list<std::string_view> texts) {
  IpList list;
  for (const auto text : texts) list.push_back(IpNetwork::Parse(text).value());
  return list;
}

Fact Present(Value value) {
  return Fact::Present(std::move(value), "test", kNow);
}

struct Found {
  std::string_view name;
  Fact fact;
};

// The columns of the table below. JSON null is the absent fact.
std::vector<Found> Columns() {
  return {
      {"absent or null", Fact::Absent("test", kNow)},
      {"unavailable", Fact::Unavailable("away", "test", kNow)},
      {"true", Present(true)},
      {"false", Present(false)},
      {"empty string", Present(std::string())},
      {"\"abc\"", Present(std::string("abc"))},
      {"\"3\"", Present(std::string("3"))},
      {"3", Present(Number(3))},
      {"empty string_list", Present(StringList{})},
      {"[\"abc\",\"x\"]", Present(StringList{"abc", "x"})},
      {"empty ip_list", Present(IpList{})},
      {"[10.1.0.0/16]", Present(Networks({"10.1.0.0/16"}))},
      {"two days ago", Present(kNow - std::chrono::hours(48))},
  };
}

struct Row {
  std::string_view op;
  std::string_view value;     // JSON
  std::string_view expected;  // a letter for each column: holds T, fails F, unable U
  std::string_view source;
};

constexpr std::string_view kMatrix =
    "ibm-scc 1.5, operator table; a wrong type is an evaluation error as for is_true";
constexpr std::string_view kLater = "ibm-scc 5.3; edges as their relatives in 1.5";

// Columns:        absent, unavailable, true, false, "", "abc", "3", 3, [], [abc,x], ip [], ip, time
constexpr std::array<Row, 23> kTable{{
    {"is_empty", "null", "TUFFTFFFTFTFF", kMatrix},
    {"is_not_empty", "null", "FUTTFTTTFTFTT", kMatrix},
    {"is_true", "null", "FUTFUUUUUUUUU", kMatrix},
    {"is_false", "null", "FUFTUUUUUUUUU", kMatrix},
    {"string_equals", R"("abc")", "FUUUFTFUUUUUU", kMatrix},
    {"string_not_equals", R"("abc")", "TUUUTFTUUUUUU", kMatrix},
    {"string_match", R"("a*")", "FUUUFTFUUUUUU", kMatrix},
    {"string_not_match", R"("a*")", "TUUUTFTUUUUUU", kMatrix},
    {"string_contains", R"("b")", "FUUUFTFUUUUUU", kLater},
    {"string_not_contains", R"("b")", "TUUUTFTUUUUUU", kLater},
    {"strings_in_list", R"(["abc","x","y"])", "FUUUFTFUTTUUU", kMatrix},
    {"strings_allowed", R"(["abc","x","y"])", "FUUUFTFUTTUUU", kLater},
    {"strings_required", R"(["abc"])", "FUUUFTFUFTUUU", kLater},
    {"ips_in_range", R"(["10.0.0.0/8"])", "FUUUUUUUTUTTU", kMatrix},
    {"ips_equals", R"(["10.1.0.0/16"])", "FUUUUUUUFUFTU", kLater},
    {"ips_not_equals", R"(["10.1.0.0/16"])", "TUUUUUUUTUTFU", kLater},
    {"num_equals", "3", "FUUUUUTTUUUUU", kMatrix},
    {"num_not_equals", "3", "TUUUUUFFUUUUU", kMatrix},
    {"num_less_than", "3", "FUUUUUFFUUUUU", kMatrix},
    {"num_less_than_equals", "3", "FUUUUUTTUUUUU", kMatrix},
    {"num_greater_than", "2", "FUUUUUTTUUUUU", kMatrix},
    {"num_greater_than_equals", "4", "FUUUUUFFUUUUU", kMatrix},
    {"days_less_than", "7", "FUUUUUUUUUUUT", kLater},
}};

char Letter(Truth truth) {
  return truth == Truth::kTrue ? 'T' : truth == Truth::kFalse ? 'F' : 'U';
}

Operand OperandFor(Operator op, std::string_view value) {
  auto operand = CompileOperand(FormOf(op), json::Parse(value).value(), 256);
  BW_CHECK(operand.ok());
  return *std::move(operand);
}

TEST(Operators, GiveTheTabledOutcomeForEveryKindOfFact) {
  const auto columns = Columns();
  for (const Row& row : kTable) {
    const Operator op = ParseOperator(row.op).value();
    const Operand operand = OperandFor(op, row.value);
    ASSERT_EQ(row.expected.size(), columns.size());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const Comparison comparison = Compare(op, operand, &columns[i].fact);
      EXPECT_EQ(Letter(comparison.truth), row.expected[i])
          << row.op << " " << row.value << " on " << columns[i].name << " (" << row.source << ")";
      EXPECT_EQ(comparison.problem == Problem::kNone, comparison.truth != Truth::kUnknown);
    }
  }
}

TEST(Operators, AreAllInTheTable) {
  EXPECT_EQ(OperatorNames().size(), kTable.size());
  for (std::size_t i = 0; i < kTable.size(); ++i) EXPECT_EQ(OperatorNames()[i], kTable[i].op);
}

TEST(Operators, CannotJudgeAPropertyNobodyReported) {
  for (const Row& row : kTable) {
    const Operator op = ParseOperator(row.op).value();
    EXPECT_EQ(Compare(op, OperandFor(op, row.value), nullptr).truth, Truth::kUnknown) << row.op;
  }
}

struct Edge {
  std::string_view op;
  std::string_view value;
  PropertyType type;
  std::string_view found;
  char expected;
  std::string_view source;
};

constexpr auto kString = PropertyType::kString;
constexpr auto kNumeric = PropertyType::kNumeric;
constexpr auto kList = PropertyType::kStringList;
constexpr auto kIps = PropertyType::kIpList;
constexpr auto kTime = PropertyType::kTimestamp;

const std::vector<Edge> kEdges{
    {"string_equals", R"("Abc")", kString, R"("abc")", 'F', "1.5: case-sensitive"},
    {"string_equals", R"(["x","abc"])", kString, R"("abc")", 'T', "1.5: array = any of"},
    {"string_equals", R"("a,b")", kString, R"("a")", 'F', "1.3: lists in strings for lists only"},
    {"string_equals", "5", kString, R"("5")", 'T', "1.3: accept string, number, boolean"},
    {"string_equals", "true", kString, R"("true")", 'T', "1.3: accept string, number, boolean"},
    {"string_equals", R"("\u00e9")", kString, R"("e\u0301")", 'F', "1.5: bytes of UTF-8"},
    {"string_not_equals", R"(["x","abc"])", kString, R"("abc")", 'F', "1.5: array = none of"},
    {"string_not_equals", R"(["x","y"])", kString, R"("abc")", 'T', "1.5: array = none of"},
    {"string_match", R"("*")", kString, R"("")", 'T', "1.5: * any run incl. empty"},
    {"string_match", R"("?")", kString, R"("")", 'F', "1.5: ? exactly one character"},
    {"string_match", R"("a?c")", kString, R"("aäc")", 'T', "1.5: one character of UTF-8"},
    {"string_match", R"("a*b*c")", kString, R"("aXbYbZc")", 'T', "1.5: Krauss wildcards"},
    {"string_match", R"("a*b*c")", kString, R"("aXbYbZcd")", 'F', "1.5: over the whole string"},
    {"string_match", R"("A*")", kString, R"("abc")", 'F', "1.5: case-sensitive"},
    {"string_match", R"("a\\*")", kString, R"("a*")", 'F', "1.5: no escape character"},
    {"string_match", R"(["x*","a*"])", kString, R"("abc")", 'T', "1.5: array = any of"},
    {"string_not_match", R"(["x*","a*"])", kString, R"("abc")", 'F', "1.5: negation"},
    {"string_contains", R"(["x","b"])", kString, R"("abc")", 'T', "5.3: array = any of"},
    {"strings_in_list", R"(["a","b"])", kList, R"(["a","c"])", 'F', "1.5: property ⊆ list"},
    {"strings_in_list", R"(["A"])", kList, R"(["a"])", 'F', "1.5: case-sensitive"},
    {"strings_in_list", R"("a, b")", kList, R"(["b"])", 'T', "1.3: comma-separated list"},
    {"strings_in_list", R"("[\"a,b\"]")", kList, R"(["a,b"])", 'T', "1.3: JSON array in a string"},
    {"strings_required", R"(["a","b"])", kList, R"(["b","c","a"])", 'T', "1.5: list ⊆ property"},
    {"strings_required", R"(["a","b"])", kList, R"(["a"])", 'F', "1.5: list ⊆ property"},
    {"ips_in_range", R"(["10.0.0.0/8"])", kIps, R"(["10.255.0.1","10.2.0.0/16"])", 'T',
     "1.5: every value inside at least one entry"},
    {"ips_in_range", R"(["10.0.0.0/8"])", kIps, R"(["10.0.0.1","11.0.0.1"])", 'F',
     "1.5: every value inside at least one entry"},
    {"ips_in_range", R"(["10.0.0.0/9","10.128.0.0/9"])", kIps, R"(["10.0.0.0/8"])", 'F',
     "1.5: the whole block must be inside one entry"},
    {"ips_in_range", R"(["::/0"])", kIps, R"(["10.0.0.1"])", 'F', "1.5: families never match"},
    {"ips_in_range", R"(["0.0.0.0/0"])", kIps, R"(["2001:db8::1"])", 'F',
     "1.5: families never match"},
    {"ips_in_range", R"(["10.0.0.0/8"])", kIps, R"(["::ffff:10.0.0.1"])", 'T',
     "1.5: v4-mapped v6 normalised to v4"},
    {"ips_in_range", R"("10.0.0.0/8, 192.168.0.0/16")", kIps, R"(["192.168.1.1"])", 'T',
     "1.3: comma-separated list"},
    {"ips_in_range", R"(["10.0.0.1"])", kIps, R"(["10.0.0.1/32"])", 'T', "1.5: bare IP = /32"},
    {"ips_in_range", R"(["10.0.0.0/8"])", kList, R"(["10.0.0.1"])", 'T', "facts from strings"},
    {"ips_equals", R"(["10.0.0.1","10.0.0.2"])", kIps, R"(["10.0.0.2","10.0.0.1"])", 'T',
     "5.3: as sets"},
    {"ips_not_equals", R"(["10.0.0.1"])", kIps, R"(["10.0.0.1","10.0.0.2"])", 'T', "5.3: as sets"},
    {"num_equals", R"(["1","3"])", kNumeric, "3", 'T', "1.5: array of strings = any of"},
    {"num_equals", R"("3.0")", kNumeric, R"("3")", 'T', "1.5: numeric strings on both sides"},
    {"num_equals", "0.1", kNumeric, R"("0.10")", 'T', "1.5: as decimal"},
    {"num_equals", "9007199254740993", kNumeric, "9007199254740992", 'F', "1.5: 64-bit integers"},
    {"num_not_equals", R"(["1","3"])", kNumeric, "3", 'F', "1.5: none equal"},
    {"num_less_than", R"("10")", kNumeric, R"("9")", 'T', "1.5: numbers, not text"},
    {"num_greater_than", "2.5", kNumeric, "3", 'T', "1.5: property on the left"},
    {"days_less_than", "2", kTime, R"("2022-03-19T09:10:00.000001Z")", 'T', "5.3"},
    {"days_less_than", "2", kTime, R"("2022-03-19T09:10:00Z")", 'F', "5.3: less, not equal"},
    {"days_less_than", R"("2")", kTime, R"("2022-03-20T09:10:00Z")", 'T', "1.5: numeric strings"},
    {"days_less_than", "1", kTime, R"("2022-04-01T00:00:00Z")", 'T', "a moment to come is fresh"},
};

TEST(Operators, KeepTheirEdgeSemantics) {
  for (const Edge& edge : kEdges) {
    const Operator op = ParseOperator(edge.op).value();
    const auto found = ValueFromJson(edge.type, json::Parse(edge.found).value());
    ASSERT_TRUE(found.ok()) << edge.found;
    const Fact fact = Present(*found);
    EXPECT_EQ(Letter(Compare(op, OperandFor(op, edge.value), &fact).truth), edge.expected)
        << edge.op << " " << edge.value << " on " << edge.found << " (" << edge.source << ")";
  }
}

struct BadOperand {
  std::string_view op;
  std::string_view value;
  std::string_view says;
};

TEST(Operators, RefuseOperandsTheyCannotCompareWith) {
  const std::vector<BadOperand> bad{
      {"string_equals", "[]", "must not be empty"},
      {"string_equals", R"({"a":1})", "must be a string"},
      {"string_match", R"([["a"]])", "strings only"},
      {"strings_in_list", R"("")", "must not be empty"},
      {"strings_in_list", R"("[")", "malformed JSON"},
      {"strings_in_list", "[null]", "strings only"},
      {"ips_in_range", R"(["10.0.0.0/33"])", "no IP address or CIDR"},
      {"ips_in_range", R"("10.0.0.1,here")", "'here' is no IP address"},
      {"num_equals", R"("three")", "is not a number"},
      {"num_less_than", "[1]", "not a list"},
      {"num_greater_than_equals", "true", "is not a number"},
      {"days_less_than", "1.5", "whole number of days"},
      {"days_less_than", "-1", "whole number of days"},
  };
  for (const BadOperand& row : bad) {
    const auto operand =
        CompileOperand(FormOf(ParseOperator(row.op).value()), json::Parse(row.value).value(), 256);
    ASSERT_FALSE(operand.ok()) << row.op << " " << row.value;
    EXPECT_THAT(operand.error().message(), ::testing::HasSubstr(row.says));
  }
  const auto many = CompileOperand(OperandForm::kTexts, json::Array{"a", "b", "c"}, 2);
  ASSERT_FALSE(many.ok());
  EXPECT_THAT(many.error().message(), ::testing::HasSubstr("at most 2"));
}

TEST(Operators, IgnoreAValueTheyDoNotTake) {
  EXPECT_TRUE(CompileOperand(OperandForm::kNone, "anything", 1).ok());
}

TEST(Operators, BelongToOneTypeOrToAll) {
  EXPECT_THAT(OperatorsFor(PropertyType::kBoolean),
              ::testing::ElementsAre("is_empty", "is_not_empty", "is_true", "is_false"));
  EXPECT_TRUE(AppliesTo(Operator::kIsEmpty, PropertyType::kIpList));
  EXPECT_FALSE(AppliesTo(Operator::kNumEquals, PropertyType::kString));
}

TEST(Wildcards, NeverReadPastMalformedUtf8) {
  EXPECT_TRUE(WildcardMatch("?", "\xE2\x82"));
  EXPECT_TRUE(WildcardMatch("*a",
                            "\xE2"
                            "a"));
  EXPECT_FALSE(WildcardMatch("*b", "\xF0\x9F"));
  EXPECT_TRUE(WildcardMatch("**?*", "\xF0"));
}

}  // namespace
}  // namespace breakwater::condition
