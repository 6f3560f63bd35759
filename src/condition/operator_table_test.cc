// What every operator says of every form that a property's value can take, and what may stand
// beside it, written down with where it is laid down. A combination without an expectation fails.
#include <array>
#include <map>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "condition/evaluate.h"
#include "condition/testing.h"

namespace breakwater::condition {
namespace {

using enum PropertyType;

// Each cell is an outcome and a letter of this list.
const std::map<char, std::string_view> kSources{
    {'1', "ibm-scc 1.5, 'true when'"},
    {'2', "ibm-scc 1.5, 'details'"},
    {'3', "ibm-scc 1.5 and 5.3: the later operators, as their relatives"},
    {'4', "ibm-scc 1.3, value typing"},
    {'5', "ibm-scc 1.5, below the table: missing and ignored values, mismatches"},
    {'a',
     "our decision: of an absent property nothing holds but is_empty and negations, as 1.5 says "
     "of string_not_equals and is_false; null is absent"},
    {'u',
     "our decision: what is unknown, or of another type, is neither true nor false, as 1.5 says "
     "of is_true"},
    {'s', "our decision: the empty text as a list is a list of one, as any scalar in 1.5"},
    {'n', "our decision: any of nothing, or null in a list, is a mistake; a null value is missing"},
};

// The columns: a property's value as JSON. What the property's type cannot read stays what it is.
constexpr std::array<std::string_view, 15> kFound{"absent",
                                                  "null",
                                                  R"("")",
                                                  R"([])",
                                                  R"("abc")",
                                                  R"("3")",
                                                  "3",
                                                  "true",
                                                  "false",
                                                  R"(["abc","x"])",
                                                  R"(["3"])",
                                                  R"("10.1.0.0/16")",
                                                  R"(["10.1.0.0/16"])",
                                                  R"("2022-03-19T09:10:00Z")",
                                                  "unavailable"};

struct Row {
  std::string_view op;
  PropertyType type;
  std::string_view value;  // what stands beside the operator
  // T holds, F fails, U cannot be judged; in the order of kFound.
  std::string_view cells;
};

// clang-format off
const std::vector<Row> kRows{
    //                                          absent null ""  [] abc "3"  3 true false [a,x] ["3"] ip [ip] time unavailable
    {"is_empty", kBoolean, "",                  "T1 T1 T1 T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_empty", kString, "",                   "T1 T1 T1 T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_empty", kNumeric, "",                  "T1 T1 T1 T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_empty", kStringList, "",               "T1 T1 Fs T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_empty", kIpList, "",                   "T1 T1 T1 T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_empty", kTimestamp, "",                "T1 T1 T1 T2 F1 F1 F1 F1 F1 F1 F1 F1 F1 F1 Uu"},
    {"is_not_empty", kBoolean, "",              "F1 F1 F1 F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_not_empty", kString, "",               "F1 F1 F1 F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_not_empty", kNumeric, "",              "F1 F1 F1 F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_not_empty", kStringList, "",           "F1 F1 Ts F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_not_empty", kIpList, "",               "F1 F1 F1 F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_not_empty", kTimestamp, "",            "F1 F1 F1 F2 T1 T1 T1 T1 T1 T1 T1 T1 T1 T1 Uu"},
    {"is_true", kBoolean, "",                   "Fa Fa U2 U2 U2 U2 U2 T1 F1 U2 U2 U2 U2 U2 Uu"},
    {"is_false", kBoolean, "",                  "F2 F2 U2 U2 U2 U2 U2 F1 T1 U2 U2 U2 U2 U2 Uu"},
    {"string_equals", kString, R"("abc")",      "Fa Fa F1 Uu T1 F1 Uu Uu Uu Uu Uu F1 Uu F1 Uu"},
    {"string_not_equals", kString, R"("abc")",  "T2 T2 T1 Uu F1 T1 Uu Uu Uu Uu Uu T1 Uu T1 Uu"},
    {"string_match", kString, R"("a*")",        "Fa Fa F1 Uu T1 F1 Uu Uu Uu Uu Uu F1 Uu F1 Uu"},
    {"string_not_match", kString, R"("a*")",    "Ta Ta T1 Uu F1 T1 Uu Uu Uu Uu Uu T1 Uu T1 Uu"},
    {"string_contains", kString, R"("b")",      "Fa Fa F3 Uu T3 F3 Uu Uu Uu Uu Uu F3 Uu F3 Uu"},
    {"string_not_contains", kString, R"("b")",  "Ta Ta T3 Uu F3 T3 Uu Uu Uu Uu Uu T3 Uu T3 Uu"},
    {"strings_in_list", kStringList, R"(["abc","x","y"])",
                                                "Fa Fa Fs T2 T2 F2 Uu Uu Uu T1 F1 F2 F1 F2 Uu"},
    {"strings_allowed", kStringList, R"(["abc","x","y"])",
                                                "Fa Fa Fs T3 T3 F3 Uu Uu Uu T3 F3 F3 F3 F3 Uu"},
    {"strings_required", kStringList, R"(["abc"])",
                                                "Fa Fa Fs F3 T3 F3 Uu Uu Uu T3 F3 F3 F3 F3 Uu"},
    {"ips_in_range", kIpList, R"(["10.0.0.0/8"])",
                                                "Fa Fa Uu T2 Uu Uu Uu Uu Uu Uu Uu T2 T2 Uu Uu"},
    {"ips_equals", kIpList, R"(["10.1.0.0/16"])",
                                                "Fa Fa Uu F3 Uu Uu Uu Uu Uu Uu Uu T3 T3 Uu Uu"},
    {"ips_not_equals", kIpList, R"(["10.1.0.0/16"])",
                                                "Ta Ta Uu T3 Uu Uu Uu Uu Uu Uu Uu F3 F3 Uu Uu"},
    {"num_equals", kNumeric, "3",               "Fa Fa Uu Uu Uu T2 T1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"num_not_equals", kNumeric, "3",           "Ta Ta Uu Uu Uu F2 F1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"num_less_than", kNumeric, "3",            "Fa Fa Uu Uu Uu F2 F1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"num_less_than_equals", kNumeric, "3",     "Fa Fa Uu Uu Uu T2 T1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"num_greater_than", kNumeric, "2",         "Fa Fa Uu Uu Uu T2 T1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"num_greater_than_equals", kNumeric, "4",  "Fa Fa Uu Uu Uu F2 F1 Uu Uu Uu Uu Uu Uu Uu Uu"},
    {"days_less_than", kTimestamp, "7",         "Fa Fa Uu Uu Uu Uu Uu Uu Uu Uu Uu Uu Uu T3 Uu"},
};
// clang-format on

// The value beside an operator, as JSON: "" is no such member.
constexpr std::array<std::string_view, 16> kGiven{"",
                                                  "null",
                                                  R"("")",
                                                  R"([])",
                                                  R"("abc")",
                                                  R"("3")",
                                                  "3",
                                                  "true",
                                                  R"(["abc","3"])",
                                                  R"(["3"])",
                                                  "[3]",
                                                  R"([""])",
                                                  "[null]",
                                                  "{}",
                                                  R"("10.0.0.0/8")",
                                                  R"(["10.0.0.0/8"])"};

struct ValueRow {
  std::string_view op;
  std::string_view cells;  // A accepted, R refused; in the order of kGiven
};

// clang-format off
const std::vector<ValueRow> kValueRows{
    //                         none null ""  [] abc "3"  3 true [a,3] ["3"] [3] [""] [null] {} ip [ip]
    {"is_empty",                "A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5"},
    {"is_not_empty",            "A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5"},
    {"is_true",                 "A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5"},
    {"is_false",                "A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5 A5"},
    {"string_equals",           "R5 Rn A1 Rn A1 A1 A4 A4 A1 A1 A4 A1 Rn R4 A1 A1"},
    {"string_not_equals",       "R5 Rn A1 Rn A1 A1 A4 A4 A1 A1 A4 A1 Rn R4 A1 A1"},
    {"string_match",            "R5 Rn A1 Rn A1 A1 A4 A4 A2 A2 A4 A2 Rn R4 A1 A2"},
    {"string_not_match",        "R5 Rn A1 Rn A1 A1 A4 A4 A2 A2 A4 A2 Rn R4 A1 A2"},
    {"string_contains",         "R5 Rn A3 Rn A3 A3 A4 A4 A3 A3 A4 A3 Rn R4 A3 A3"},
    {"string_not_contains",     "R5 Rn A3 Rn A3 A3 A4 A4 A3 A3 A4 A3 Rn R4 A3 A3"},
    {"strings_in_list",         "R5 Rn Rn Rn A4 A4 A4 A4 A1 A1 A4 A1 Rn R4 A4 A1"},
    {"strings_allowed",         "R5 Rn Rn Rn A4 A4 A4 A4 A3 A3 A4 A3 Rn R4 A4 A3"},
    {"strings_required",        "R5 Rn Rn Rn A4 A4 A4 A4 A3 A3 A4 A3 Rn R4 A4 A3"},
    {"ips_in_range",            "R5 Rn Rn Rn R1 R1 R1 R1 R1 R1 R1 R1 Rn R4 A4 A1"},
    {"ips_equals",              "R5 Rn Rn Rn R3 R3 R3 R3 R3 R3 R3 R3 Rn R4 A4 A3"},
    {"ips_not_equals",          "R5 Rn Rn Rn R3 R3 R3 R3 R3 R3 R3 R3 Rn R4 A4 A3"},
    {"num_equals",              "R5 Rn R1 Rn R1 A2 A1 R1 R1 A2 A1 R1 Rn R4 R1 R1"},
    {"num_not_equals",          "R5 Rn R1 Rn R1 A2 A1 R1 R1 A2 A1 R1 Rn R4 R1 R1"},
    {"num_less_than",           "R5 Rn R1 R2 R1 A2 A1 R1 R2 R2 R2 R2 R2 R4 R1 R2"},
    {"num_less_than_equals",    "R5 Rn R1 R2 R1 A2 A1 R1 R2 R2 R2 R2 R2 R4 R1 R2"},
    {"num_greater_than",        "R5 Rn R1 R2 R1 A2 A1 R1 R2 R2 R2 R2 R2 R4 R1 R2"},
    {"num_greater_than_equals", "R5 Rn R1 R2 R1 A2 A1 R1 R2 R2 R2 R2 R2 R4 R1 R2"},
    {"days_less_than",          "R5 Rn R3 R3 R3 A3 A3 R3 R3 R3 R3 R3 R3 R4 R3 R3"},
};
// clang-format on

constexpr std::array kTypes{kBoolean, kString, kNumeric, kStringList, kIpList, kTimestamp};

struct Cell {
  char expected = 0;
  std::string_view source;
};

std::vector<Cell> CellsOf(std::string_view text) {
  std::vector<Cell> cells;
  std::istringstream in{std::string(text)};
  for (std::string token; in >> token;) {
    const auto source = token.size() == 2 ? kSources.find(token[1]) : kSources.end();
    if (source == kSources.end()) {
      ADD_FAILURE() << "'" << token << "' is no outcome with a source";
      continue;
    }
    cells.push_back({token[0], source->second});
  }
  return cells;
}

// The property of this type in the catalogue for tests.
std::string_view PropertyOf(PropertyType type) {
  for (const Property& property : testing::TestCatalogue().Find(testing::TestType())->properties) {
    if (property.type == type) return property.name;
  }
  BW_UNREACHABLE();
}

Result<Condition> Parse(std::string_view op, PropertyType type, std::string_view value) {
  json::Object leaf;
  leaf["property"] = json::Text(PropertyOf(type));
  leaf["operator"] = json::Text(op);
  if (!value.empty()) leaf["value"] = json::Parse(value).value();
  return Condition::Parse(leaf, testing::TestCatalogue(), testing::TestType());
}

// What a source that errs would report.
Value AsItIs(const json::Value& found) {
  if (const bool* flag = found.if_bool()) return *flag;
  if (found.is_number()) return Number::FromJson(found).value();
  const auto type = found.is_array() ? kStringList : kString;
  return ValueFromJson(type, found).value();
}

Fact FactOf(PropertyType type, std::string_view found) {
  const Timestamp now = testing::TestNow();
  if (found == "unavailable") return Fact::Unavailable("away", "test", now);
  if (found == "absent") return Fact::Absent("test", now);
  const json::Value value = json::Parse(found).value();
  auto read = ValueFromJson(type, value);
  if (value.is_null()) {
    EXPECT_FALSE(read.ok()) << "null is no value of a " << ToString(type);
    return Fact::Absent("test", now);
  }
  return Fact::Present(read.ok() ? *std::move(read) : AsItIs(value), "test", now);
}

char Letter(Outcome outcome) {
  return outcome == Outcome::kCompliant ? 'T' : outcome == Outcome::kViolated ? 'F' : 'U';
}

TEST(OperatorTable, SaysWhatEveryOperatorFindsInEveryFormOfAValue) {
  for (const Row& row : kRows) {
    const auto condition = Parse(row.op, row.type, row.value);
    ASSERT_TRUE(condition.ok()) << row.op << " on " << ToString(row.type);
    const auto cells = CellsOf(row.cells);
    ASSERT_EQ(cells.size(), kFound.size()) << row.op << " on " << ToString(row.type);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      Facts facts;
      facts.Set(std::string(PropertyOf(row.type)), FactOf(row.type, kFound[i]));
      EXPECT_EQ(Letter(Evaluate(*condition, {}, facts).outcome), cells[i].expected)
          << row.op << " " << row.value << " on " << ToString(row.type) << " " << kFound[i] << " ("
          << cells[i].source << ")";
    }
  }
}

TEST(OperatorTable, HasEveryOperatorOnEveryTypeOrTheEngineRefusesIt) {
  std::set<std::pair<std::string, PropertyType>> tabled;
  for (const Row& row : kRows) {
    EXPECT_TRUE(tabled.emplace(row.op, row.type).second) << row.op << " is there twice";
  }
  for (const std::string& op : OperatorNames()) {
    for (const PropertyType type : kTypes) {
      const auto condition = Parse(op, type, R"("3")");
      const bool mismatch = !AppliesTo(ParseOperator(op).value(), type);
      EXPECT_NE(mismatch, tabled.contains({op, type})) << op << " on " << ToString(type);
      if (!mismatch) continue;
      // ibm-scc 1.5: a mismatch is refused at creation, as rule_error.
      ASSERT_FALSE(condition.ok()) << op << " on " << ToString(type);
      EXPECT_EQ(condition.error().reason(), "rule_error");
    }
  }
  const std::size_t types = kTypes.size();
  EXPECT_FALSE(ParsePropertyType("another").ok());
  EXPECT_EQ(std::variant_size_v<Value>, types) << "a type that the table does not know";
}

TEST(OperatorTable, SaysWhatMayStandBesideEveryOperator) {
  std::set<std::string> tabled;
  for (const ValueRow& row : kValueRows) {
    tabled.emplace(row.op);
    const Operator op = ParseOperator(row.op).value();
    const auto cells = CellsOf(row.cells);
    ASSERT_EQ(cells.size(), kGiven.size()) << row.op;
    for (const PropertyType type : kTypes) {
      if (!AppliesTo(op, type)) continue;
      for (std::size_t i = 0; i < cells.size(); ++i) {
        const auto condition = Parse(row.op, type, kGiven[i]);
        EXPECT_EQ(condition.ok() ? 'A' : 'R', cells[i].expected)
            << row.op << " " << kGiven[i] << " (" << cells[i].source << ")";
        if (!condition.ok()) {
          EXPECT_EQ(condition.error().reason(), "rule_error");
        }
      }
    }
  }
  EXPECT_EQ(tabled, std::set<std::string>(OperatorNames().begin(), OperatorNames().end()));
}

struct Alike {
  std::string_view op;
  PropertyType type;
  std::vector<std::string_view> values;  // that say the same
};

// ibm-scc 1.3 and 1.5: numeric strings are numbers, a scalar is a list of one, and a list may stand
// in a string.
TEST(OperatorTable, ValuesThatSayTheSameJudgeTheSame) {
  const std::vector<Alike> kAlike{
      {"string_equals", kString, {R"("3")", "3", R"(["3"])", "[3]"}},
      {"string_not_match", kString, {R"("3")", "3", R"(["3"])", "[3]"}},
      {"num_equals", kNumeric, {"3", R"("3")", R"("3.0")", R"(["3"])", "[3]", R"(" 3 ")"}},
      {"num_less_than_equals", kNumeric, {"3", R"("3")", R"("3.0")"}},
      {"strings_allowed",
       kStringList,
       {R"(["abc","x"])", R"("abc,x")", R"(" abc , x ")", R"("[\"abc\",\"x\"]")"}},
      {"ips_in_range", kIpList, {R"(["10.0.0.0/8"])", R"("10.0.0.0/8")", R"(["10.9.9.9/8"])"}},
      {"days_less_than", kTimestamp, {"7", R"("7")"}},
  };
  for (const Alike& alike : kAlike) {
    for (const std::string_view found : kFound) {
      Facts facts;
      facts.Set(std::string(PropertyOf(alike.type)), FactOf(alike.type, found));
      std::set<Outcome> outcomes;
      for (const std::string_view value : alike.values) {
        const auto condition = Parse(alike.op, alike.type, value);
        ASSERT_TRUE(condition.ok()) << alike.op << " " << value;
        outcomes.insert(Judge(*condition, {}, facts));
      }
      EXPECT_EQ(outcomes.size(), 1U) << alike.op << " on " << found;
    }
  }
}

}  // namespace
}  // namespace breakwater::condition
