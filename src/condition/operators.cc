#include "condition/operators.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"

namespace breakwater::condition {
namespace {

using enum Operator;
using Form = OperandForm;
using Type = PropertyType;

struct Info {
  Operator op;
  std::string_view name;
  Form form;
  std::optional<Type> type;  // absent: every type
  std::optional<Operator> negation;
};

// In the order of the enumeration.
constexpr std::array<Info, 23> kInfos{{
    {kIsEmpty, "is_empty", Form::kNone, std::nullopt, kIsNotEmpty},
    {kIsNotEmpty, "is_not_empty", Form::kNone, std::nullopt, kIsEmpty},
    {kIsTrue, "is_true", Form::kNone, Type::kBoolean, std::nullopt},
    {kIsFalse, "is_false", Form::kNone, Type::kBoolean, std::nullopt},
    {kStringEquals, "string_equals", Form::kTexts, Type::kString, kStringNotEquals},
    {kStringNotEquals, "string_not_equals", Form::kTexts, Type::kString, kStringEquals},
    {kStringMatch, "string_match", Form::kTexts, Type::kString, kStringNotMatch},
    {kStringNotMatch, "string_not_match", Form::kTexts, Type::kString, kStringMatch},
    {kStringContains, "string_contains", Form::kTexts, Type::kString, kStringNotContains},
    {kStringNotContains, "string_not_contains", Form::kTexts, Type::kString, kStringContains},
    {kStringsInList, "strings_in_list", Form::kTextList, Type::kStringList, std::nullopt},
    {kStringsAllowed, "strings_allowed", Form::kTextList, Type::kStringList, std::nullopt},
    {kStringsRequired, "strings_required", Form::kTextList, Type::kStringList, std::nullopt},
    {kIpsInRange, "ips_in_range", Form::kNetworks, Type::kIpList, std::nullopt},
    {kIpsEquals, "ips_equals", Form::kNetworks, Type::kIpList, kIpsNotEquals},
    {kIpsNotEquals, "ips_not_equals", Form::kNetworks, Type::kIpList, kIpsEquals},
    {kNumEquals, "num_equals", Form::kNumbers, Type::kNumeric, kNumNotEquals},
    {kNumNotEquals, "num_not_equals", Form::kNumbers, Type::kNumeric, kNumEquals},
    {kNumLessThan, "num_less_than", Form::kNumber, Type::kNumeric, std::nullopt},
    {kNumLessThanEquals, "num_less_than_equals", Form::kNumber, Type::kNumeric, std::nullopt},
    {kNumGreaterThan, "num_greater_than", Form::kNumber, Type::kNumeric, std::nullopt},
    {kNumGreaterThanEquals, "num_greater_than_equals", Form::kNumber, Type::kNumeric, std::nullopt},
    {kDaysLessThan, "days_less_than", Form::kDays, Type::kTimestamp, std::nullopt},
}};

const Info& InfoOf(Operator op) {
  return kInfos[static_cast<std::size_t>(op)];
}

constexpr Comparison Known(bool holds) {
  return {holds ? Truth::kTrue : Truth::kFalse, Problem::kNone};
}
constexpr Comparison Unknown(Problem problem) {
  return {Truth::kUnknown, problem};
}

Comparison Not(Comparison c) {
  if (c.truth == Truth::kUnknown) return c;
  return Known(c.truth == Truth::kFalse);
}

bool IsEmptyValue(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text->empty();
  if (const auto* list = std::get_if<StringList>(&value)) return list->empty();
  if (const auto* list = std::get_if<IpList>(&value)) return list->empty();
  return false;
}

// What an operator says of a property that is known to be absent. Negations hold (ibm-scc 1.5,
// string_not_equals); nothing else does but is_empty.
bool HoldsWhenAbsent(Operator op) {
  switch (op) {
    case kIsEmpty:
    case kStringNotEquals:
    case kStringNotMatch:
    case kStringNotContains:
    case kIpsNotEquals:
    case kNumNotEquals: return true;
    case kIsNotEmpty:
    case kIsTrue:
    case kIsFalse:
    case kStringEquals:
    case kStringMatch:
    case kStringContains:
    case kStringsInList:
    case kStringsAllowed:
    case kStringsRequired:
    case kIpsInRange:
    case kIpsEquals:
    case kNumEquals:
    case kNumLessThan:
    case kNumLessThanEquals:
    case kNumGreaterThan:
    case kNumGreaterThanEquals:
    case kDaysLessThan: return false;
  }
  BW_UNREACHABLE();
}

Comparison CompareBool(bool wanted, const Value& value) {
  const bool* flag = std::get_if<bool>(&value);
  return flag == nullptr ? Unknown(Problem::kWrongType) : Known(*flag == wanted);
}

template <class Predicate>
Comparison CompareText(const Operand& operand, const Value& value, Predicate matches) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return Unknown(Problem::kWrongType);
  return Known(std::any_of(operand.texts.begin(), operand.texts.end(),
                           [&](const std::string& given) { return matches(given, *text); }));
}

bool ListHas(const StringList& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

bool IsWithin(const StringList& part, const StringList& whole) {
  return std::all_of(part.begin(), part.end(),
                     [&](const std::string& text) { return ListHas(whole, text); });
}

// `contains(property values, operand values)`; a scalar is a list of one.
template <class Predicate>
Comparison CompareTextList(const Operand& operand, const Value& value, Predicate holds) {
  if (const auto* list = std::get_if<StringList>(&value)) {
    return Known(holds(*list, operand.texts));
  }
  if (const auto* text = std::get_if<std::string>(&value)) {
    return Known(holds(StringList{*text}, operand.texts));
  }
  return Unknown(Problem::kWrongType);
}

bool InRange(const IpList& found, const IpList& ranges) {
  return std::all_of(found.begin(), found.end(), [&](const IpNetwork& network) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const IpNetwork& range) { return range.Contains(network); });
  });
}

bool SameNetworks(const IpList& a, const IpList& b) {
  const auto within = [](const IpList& part, const IpList& whole) {
    return std::all_of(part.begin(), part.end(), [&](const IpNetwork& network) {
      return std::find(whole.begin(), whole.end(), network) != whole.end();
    });
  };
  return within(a, b) && within(b, a);
}

template <class Predicate>
Comparison CompareNetworks(const Operand& operand, const Value& value, Predicate holds) {
  if (const auto* list = std::get_if<IpList>(&value)) return Known(holds(*list, operand.networks));
  StringList texts;
  if (const auto* list = std::get_if<StringList>(&value)) {
    texts = *list;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    texts = {*text};
  } else {
    return Unknown(Problem::kWrongType);
  }
  IpList found;
  for (const std::string& text : texts) {
    auto network = IpNetwork::Parse(text);
    if (!network.ok()) return Unknown(Problem::kNotAddress);
    found.push_back(*std::move(network));
  }
  return Known(holds(found, operand.networks));
}

template <class Predicate>
Comparison CompareNumber(const Operand& operand, const Value& value, Predicate holds) {
  const auto any = [&](const Number& found) {
    return Known(std::any_of(operand.numbers.begin(), operand.numbers.end(),
                             [&](const Number& given) { return holds(found, given); }));
  };
  if (const auto* number = std::get_if<Number>(&value)) return any(*number);
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr) return Unknown(Problem::kWrongType);
  const auto number = Number::Parse(Trim(*text));
  return number.ok() ? any(*number) : Unknown(Problem::kNotNumeric);
}

// The age is counted from the moment the fact was observed, so that old facts keep their verdict.
Comparison CompareAge(const Operand& operand, const Fact& fact) {
  const Value& value = *fact.value();
  Timestamp since{};
  if (const auto* time = std::get_if<Timestamp>(&value)) {
    since = *time;
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    const auto time_of_text = ParseRfc3339(*text);
    if (!time_of_text.ok()) return Unknown(Problem::kNotTimestamp);
    since = *time_of_text;
  } else {
    return Unknown(Problem::kWrongType);
  }
  const auto age = std::max(fact.observed() - since, std::chrono::microseconds{0});
  const Number days = operand.numbers.front();
  if (!days.is_integer()) return Unknown(Problem::kNotNumeric);
  return Known(std::chrono::floor<std::chrono::days>(age).count() < days.integer());
}

Comparison ComparePresent(Operator op, const Operand& operand, const Fact& fact) {
  const Value& value = *fact.value();
  const auto equal = [](const auto& given, const auto& found) { return given == found; };
  const auto contains = [](const std::string& given, const std::string& found) {
    return found.find(given) != std::string::npos;
  };
  switch (op) {
    case kIsEmpty: return Known(IsEmptyValue(value));
    case kIsNotEmpty: return Known(!IsEmptyValue(value));
    case kIsTrue: return CompareBool(true, value);
    case kIsFalse: return CompareBool(false, value);
    case kStringEquals: return CompareText(operand, value, equal);
    case kStringNotEquals: return Not(CompareText(operand, value, equal));
    case kStringMatch: return CompareText(operand, value, WildcardMatch);
    case kStringNotMatch: return Not(CompareText(operand, value, WildcardMatch));
    case kStringContains: return CompareText(operand, value, contains);
    case kStringNotContains: return Not(CompareText(operand, value, contains));
    case kStringsInList:
    case kStringsAllowed: return CompareTextList(operand, value, IsWithin);
    case kStringsRequired:
      return CompareTextList(operand, value, [](const StringList& found, const StringList& given) {
        return IsWithin(given, found);
      });
    case kIpsInRange: return CompareNetworks(operand, value, InRange);
    case kIpsEquals: return CompareNetworks(operand, value, SameNetworks);
    case kIpsNotEquals: return Not(CompareNetworks(operand, value, SameNetworks));
    case kNumEquals: return CompareNumber(operand, value, equal);
    case kNumNotEquals: return Not(CompareNumber(operand, value, equal));
    case kNumLessThan: return CompareNumber(operand, value, std::less<Number>());
    case kNumLessThanEquals: return CompareNumber(operand, value, std::less_equal<Number>());
    case kNumGreaterThan: return CompareNumber(operand, value, std::greater<Number>());
    case kNumGreaterThanEquals: return CompareNumber(operand, value, std::greater_equal<Number>());
    case kDaysLessThan: return CompareAge(operand, fact);
  }
  BW_UNREACHABLE();
}

// The bytes of the UTF-8 character at `at`; 1 for anything malformed.
std::size_t CharacterSize(std::string_view text, std::size_t at) {
  if (static_cast<unsigned char>(text[at]) < 0xC0) return 1;
  std::size_t size = 1;
  while (size < 4 && at + size < text.size() &&
         (static_cast<unsigned char>(text[at + size]) & 0xC0U) == 0x80) {
    ++size;
  }
  return size;
}

std::string ScalarText(const json::Value& value) {
  if (const auto* text = value.if_string()) return std::string(json::View(*text));
  return json::Serialize(value);
}

bool IsScalar(const json::Value& value) {
  return value.is_string() || value.is_bool() || value.is_number();
}

// An array as it is, a scalar as an array of one.
Result<json::Array> AnyOf(const json::Value& given) {
  if (const auto* array = given.if_array()) return *array;
  if (IsScalar(given)) return json::Array{given};
  return Invalid("must be a string, number, boolean or array of these");
}

// SDKs of the reference system can only send strings (ibm-scc 1.3).
Result<json::Array> ListOf(const json::Value& given) {
  const auto* text = given.if_string();
  if (text == nullptr) return AnyOf(given);
  const std::string_view trimmed = Trim(json::View(*text));
  if (trimmed.starts_with('[')) {
    BW_TRY(auto parsed, json::Parse(trimmed));
    return AnyOf(parsed);
  }
  json::Array items;
  if (trimmed.empty()) return items;
  for (const std::string_view item : Split(trimmed, ',')) {
    items.emplace_back(json::Text(Trim(item)));
  }
  return items;
}

Status FillTexts(const json::Array& items, Operand& operand) {
  for (const json::Value& item : items) {
    if (!IsScalar(item)) return Invalid("must hold strings only");
    operand.texts.push_back(ScalarText(item));
  }
  return Ok();
}

Status FillNetworks(const json::Array& items, Operand& operand) {
  for (const json::Value& item : items) {
    auto network = IpNetwork::Parse(ScalarText(item));
    if (!network.ok()) {
      return Invalid("'" + ScalarText(item).substr(0, 64) +
                     "' is no IP address or CIDR block, v4 or v6");
    }
    operand.networks.push_back(*std::move(network));
  }
  return Ok();
}

Status FillNumbers(const json::Array& items, Operand& operand) {
  for (const json::Value& item : items) {
    BW_TRY(auto number, Number::FromJson(item));
    operand.numbers.push_back(std::move(number));
  }
  return Ok();
}

Status FillOne(Form form, const json::Value& given, Operand& operand) {
  if (given.is_array() || given.is_object()) return Invalid("must be one number, not a list");
  BW_TRY_STATUS(FillNumbers({given}, operand));
  const Number& number = operand.numbers.front();
  const bool is_days = number.is_integer() && number.integer() >= 0 && number.integer() <= 100'000;
  if (form == Form::kDays && !is_days) {
    return Invalid("must be a whole number of days, 0 to 100000");
  }
  return Ok();
}

}  // namespace

std::string_view ToString(Operator op) {
  return InfoOf(op).name;
}

Result<Operator> ParseOperator(std::string_view name) {
  for (const Info& info : kInfos) {
    if (info.name == name) return info.op;
  }
  return Invalid("'" + std::string(name.substr(0, 64)) + "' is no operator");
}

const std::vector<std::string>& OperatorNames() {
  static const auto names = [] {
    std::vector<std::string> all;
    for (const Info& info : kInfos) all.emplace_back(info.name);
    return all;
  }();
  return names;
}

OperandForm FormOf(Operator op) {
  return InfoOf(op).form;
}

bool AppliesTo(Operator op, PropertyType type) {
  const auto& only = InfoOf(op).type;
  return !only || *only == type;
}

std::vector<std::string> OperatorsFor(PropertyType type) {
  std::vector<std::string> names;
  for (const Info& info : kInfos) {
    if (AppliesTo(info.op, type)) names.emplace_back(info.name);
  }
  return names;
}

const Operator* NegationOf(Operator op) {
  const auto& negation = InfoOf(op).negation;
  return negation ? &*negation : nullptr;
}

Result<Operand> CompileOperand(OperandForm form, const json::Value& given, std::size_t max_values) {
  Operand operand;
  operand.given = given;
  if (form == Form::kNone) return operand;
  if (form == Form::kNumber || form == Form::kDays) {
    BW_TRY_STATUS(FillOne(form, given, operand));
    return operand;
  }
  const bool is_list = form == Form::kTextList || form == Form::kNetworks;
  BW_TRY(const json::Array items, is_list ? ListOf(given) : AnyOf(given));
  if (items.empty()) return Invalid("must not be empty");
  if (items.size() > max_values) {
    return Invalid("must have at most " + std::to_string(max_values) + " elements");
  }
  if (form == Form::kNetworks) {
    BW_TRY_STATUS(FillNetworks(items, operand));
  } else if (form == Form::kNumbers) {
    BW_TRY_STATUS(FillNumbers(items, operand));
  } else {
    BW_TRY_STATUS(FillTexts(items, operand));
  }
  return operand;
}

Comparison Compare(Operator op, const Operand& operand, const Fact* fact) {
  if (fact == nullptr || fact->state() == FactState::kUnavailable) {
    return Unknown(Problem::kUnavailable);
  }
  if (fact->state() == FactState::kAbsent) return Known(HoldsWhenAbsent(op));
  return ComparePresent(op, operand, *fact);
}

bool WildcardMatch(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      t += CharacterSize(text, t);
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star;
      retry += CharacterSize(text, retry);
      t = retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace breakwater::condition
