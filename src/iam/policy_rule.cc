#include "iam/policy_rule.h"

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/strings.h"
#include "iam/roles.h"

namespace breakwater::iam {
namespace {

using json::Text;

constexpr std::string_view kEnvironment = "{{environment.attributes.";
constexpr std::string_view kResource = "{{resource.attributes.";
constexpr std::string_view kKeyEnd = "}}";
constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::int64_t kDaysPerWeek = 7;

struct KeyName {
  RuleKey key;
  std::string_view name;
  std::string_view operators;  // what those of it begin with
};
constexpr KeyName kTimeKeys[] = {
    {RuleKey::kCurrentTime, "current_time", "time"},
    {RuleKey::kCurrentDate, "current_date", "date"},
    {RuleKey::kCurrentDateTime, "current_date_time", "dateTime"},
    {RuleKey::kDayOfWeek, "day_of_week", "dayOfWeek"},
};

struct OperatorEnd {
  std::string_view end;
  Comparison comparison;
};
constexpr OperatorEnd kOrders[] = {
    {"LessThan", Comparison::kLess},
    {"LessThanOrEquals", Comparison::kLessOrEqual},
    {"GreaterThan", Comparison::kGreater},
    {"GreaterThanOrEquals", Comparison::kGreaterOrEqual},
};
constexpr OperatorEnd kDays[] = {
    {"Equals", Comparison::kEqualsAnyOf},
    {"AnyOf", Comparison::kEqualsAnyOf},
};
constexpr OperatorEnd kTexts[] = {
    {"stringEquals", Comparison::kEqualsAnyOf}, {"stringEqualsAnyOf", Comparison::kEqualsAnyOf},
    {"stringMatch", Comparison::kMatchesAnyOf}, {"stringMatchAnyOf", Comparison::kMatchesAnyOf},
    {"stringExists", Comparison::kExists},
};

const KeyName* NameOf(RuleKey key) {
  for (const KeyName& known : kTimeKeys) {
    if (known.key == key) return &known;
  }
  return nullptr;
}

template <std::size_t N>
std::optional<Comparison> Lookup(const OperatorEnd (&table)[N], std::string_view end) {
  for (const OperatorEnd& known : table) {
    if (known.end == end) return known.comparison;
  }
  return std::nullopt;
}

std::optional<Comparison> ComparisonOf(RuleKey key, std::string_view op) {
  const KeyName* name = NameOf(key);
  if (name == nullptr) return Lookup(kTexts, op);
  if (!op.starts_with(name->operators)) return std::nullopt;
  const std::string_view end = op.substr(name->operators.size());
  return key == RuleKey::kDayOfWeek ? Lookup(kDays, end) : Lookup(kOrders, end);
}

bool TakesList(std::string_view op) {
  return op.ends_with("AnyOf");
}

// A moment that carries the wanted part of itself and an offset from UTC, read as one text.
std::optional<RuleTime> ParseMoment(std::string_view text) {
  const auto moment = ParseRfc3339(text);
  if (!moment.ok()) return std::nullopt;
  return RuleTime{.value = ToMicros(*moment), .offset_seconds = 0};
}

// "+02:00", "Z": seconds. Ends the text.
std::optional<std::int64_t> ParseOffset(std::string_view text) {
  const auto at = ParseRfc3339("2000-01-02T12:00:00" + std::string(text));
  const auto utc = ParseRfc3339("2000-01-02T12:00:00Z");
  if (!at.ok() || !utc.ok()) return std::nullopt;
  return (ToMicros(*utc) - ToMicros(*at)) / kMicrosPerSecond;
}

// `size` characters, then the offset: read as a part of an RFC 3339 moment.
std::optional<RuleTime> ParsePart(std::string_view text, std::size_t size, std::string_view before,
                                  std::string_view after) {
  if (text.size() < size) return std::nullopt;
  const auto offset = ParseOffset(text.substr(size));
  const auto moment =
      ParseMoment(std::string(before) + std::string(text.substr(0, size)) + std::string(after));
  if (!offset || !moment) return std::nullopt;
  return RuleTime{.value = moment->value, .offset_seconds = *offset};
}

std::optional<RuleTime> ParseTimeOfDay(std::string_view text) {
  constexpr std::size_t kSize = std::string_view("09:00:00").size();
  return ParsePart(text, kSize, "1970-01-01T", "Z");
}

std::optional<RuleTime> ParseDate(std::string_view text) {
  constexpr std::size_t kSize = std::string_view("2022-03-21").size();
  auto date = ParsePart(text, kSize, "", "T00:00:00Z");
  if (date) date->value /= kMicrosPerDay;
  return date;
}

std::optional<RuleTime> ParseDay(std::string_view text) {
  if (text.empty() || text.front() < '1' || text.front() > '7') return std::nullopt;
  const auto offset = ParseOffset(text.substr(1));
  if (!offset) return std::nullopt;
  return RuleTime{.value = text.front() - '0', .offset_seconds = *offset};
}

std::optional<RuleTime> ParseTime(RuleKey key, std::string_view text) {
  switch (key) {
    case RuleKey::kCurrentTime: return ParseTimeOfDay(text);
    case RuleKey::kCurrentDate: return ParseDate(text);
    case RuleKey::kCurrentDateTime: return ParseMoment(text);
    case RuleKey::kDayOfWeek: return ParseDay(text);
    case RuleKey::kResourceValue: break;
  }
  BW_UNREACHABLE();
}

std::string_view Example(RuleKey key) {
  switch (key) {
    case RuleKey::kCurrentTime: return "09:00:00+00:00";
    case RuleKey::kCurrentDate: return "2022-03-21+00:00";
    case RuleKey::kCurrentDateTime: return "2022-03-21T09:00:00+00:00";
    case RuleKey::kDayOfWeek: return "1+00:00 (1 is Monday, 7 is Sunday)";
    case RuleKey::kResourceValue: break;
  }
  BW_UNREACHABLE();
}

void ReadKey(const json::Reader& in, RuleCondition* condition) {
  const std::string text = in.String();
  if (text.ends_with(kKeyEnd) && text.starts_with(kEnvironment)) {
    const std::string_view name = std::string_view(text).substr(
        kEnvironment.size(), text.size() - kEnvironment.size() - kKeyEnd.size());
    for (const KeyName& known : kTimeKeys) {
      if (known.name != name) continue;
      condition->key = known.key;
      return;
    }
  }
  if (text.ends_with(kKeyEnd) && text.starts_with(kResource)) {
    const std::string_view name = std::string_view(text).substr(
        kResource.size(), text.size() - kResource.size() - kKeyEnd.size());
    condition->key = RuleKey::kResourceValue;
    condition->attribute = name;
    if (std::find(kRuleAttributes.begin(), kRuleAttributes.end(), name) != kRuleAttributes.end()) {
      return;
    }
  }
  in.Fail(
      "must be {{environment.attributes.X}} with X current_time, current_date, current_date_time "
      "or day_of_week, or {{resource.attributes.X}} with X path, resource, resourceType, "
      "resourceGroupId, region or registry");
}

void ReadValues(const json::Reader& in, RuleCondition* condition) {
  condition->list = in.value().is_array();
  if (condition->comparison == Comparison::kExists) {
    if (in.value().is_string()) {
      condition->values = {in.String()};
    } else {
      condition->values = {in.Bool() ? "true" : "false"};
    }
    if (condition->values[0] != "true" && condition->values[0] != "false") {
      in.Fail("must be true or false");
    }
    return;
  }
  if (condition->list != TakesList(condition->op)) {
    in.Fail(condition->list ? "must be one text for this operator"
                            : "must be an array of texts for this operator");
    return;
  }
  condition->values =
      condition->list ? in.Strings(kMaxRuleValues) : std::vector<std::string>{in.String()};
  if (condition->values.empty()) in.Fail("must have at least one element");
  for (const std::string& value : condition->values) {
    if (value.empty() || value.size() > kMaxRuleValueOctets) {
      in.Fail("must have 1 to 1000 bytes");
    }
  }
}

RuleCondition ReadCondition(const json::Reader& in) {
  in.OnlyFields({"key", "operator", "value"});
  RuleCondition condition;
  ReadKey(in.Field("key"), &condition);
  const json::Reader op = in.Field("operator");
  condition.op = op.String();
  if (in.failed()) return condition;
  const auto comparison = ComparisonOf(condition.key, condition.op);
  if (!comparison) {
    op.Fail("is not one for this key");
    return condition;
  }
  condition.comparison = *comparison;
  const json::Reader value = in.Field("value");
  ReadValues(value, &condition);
  if (in.failed() || condition.key == RuleKey::kResourceValue) return condition;
  for (const std::string& text : condition.values) {
    const auto time = ParseTime(condition.key, text);
    if (!time) {
      value.Fail("must look like " + std::string(Example(condition.key)));
      return condition;
    }
    condition.times.push_back(*time);
  }
  return condition;
}

PolicyRule ReadAt(const json::Reader& in, std::size_t depth, std::size_t* conditions) {
  PolicyRule rule;
  const auto parts = in.Optional("conditions");
  if (!parts) {
    if (++*conditions > kMaxRuleConditions) in.Fail("has too many conditions: 32 at most");
    rule.condition = ReadCondition(in);
    return rule;
  }
  in.OnlyFields({"operator", "conditions"});
  const std::string op = in.Field("operator").String();
  rule.kind = op == "or" ? PolicyRule::Kind::kOr : PolicyRule::Kind::kAnd;
  if (op != "and" && op != "or") in.Field("operator").Fail("must be and, or or");
  if (depth == kMaxRuleDepth) {
    parts->Fail("lie too deep: 3 levels at most");
    return rule;
  }
  const auto items = parts->Items(kMaxRuleConditions);
  if (items.empty()) parts->Fail("must have at least one element");
  for (const json::Reader& item : items) {
    if (in.failed()) break;
    rule.parts.push_back(ReadAt(item, depth + 1, conditions));
  }
  return rule;
}

// What `now` is where the time's offset holds.
std::int64_t Present(RuleKey key, Timestamp now, std::int64_t offset_seconds) {
  const std::int64_t local = ToMicros(now) + offset_seconds * kMicrosPerSecond;
  std::int64_t days = local / kMicrosPerDay;
  if (local % kMicrosPerDay < 0) --days;
  switch (key) {
    case RuleKey::kCurrentTime: return local - days * kMicrosPerDay;
    case RuleKey::kCurrentDate: return days;
    case RuleKey::kCurrentDateTime: return ToMicros(now);
    case RuleKey::kDayOfWeek:
      // 1 January 1970 was a Thursday.
      return ((days + 3) % kDaysPerWeek + kDaysPerWeek) % kDaysPerWeek + 1;
    case RuleKey::kResourceValue: break;
  }
  BW_UNREACHABLE();
}

bool Compares(Comparison comparison, std::int64_t present, std::int64_t wanted) {
  switch (comparison) {
    case Comparison::kLess: return present < wanted;
    case Comparison::kLessOrEqual: return present <= wanted;
    case Comparison::kGreater: return present > wanted;
    case Comparison::kGreaterOrEqual: return present >= wanted;
    case Comparison::kEqualsAnyOf: return present == wanted;
    case Comparison::kMatchesAnyOf:
    case Comparison::kExists: break;
  }
  BW_UNREACHABLE();
}

bool HoldsCondition(const RuleCondition& condition, const RuleSubject& subject) {
  if (condition.key != RuleKey::kResourceValue) {
    return std::any_of(condition.times.begin(), condition.times.end(), [&](const RuleTime& wanted) {
      const std::int64_t present = Present(condition.key, subject.now(), wanted.offset_seconds);
      return Compares(condition.comparison, present, wanted.value);
    });
  }
  const std::string_view found = subject.Value(condition.attribute);
  if (condition.comparison == Comparison::kExists) {
    return !found.empty() == (condition.values.front() == "true");
  }
  if (found.empty()) return false;
  return std::any_of(
      condition.values.begin(), condition.values.end(), [&](const std::string& value) {
        return condition.comparison == Comparison::kMatchesAnyOf ? WildcardMatch(value, found)
                                                                 : value == found;
      });
}

bool IsOverCondition(const RuleCondition& condition, Timestamp now) {
  const bool upper =
      condition.comparison == Comparison::kLess || condition.comparison == Comparison::kLessOrEqual;
  if (!upper ||
      (condition.key != RuleKey::kCurrentDate && condition.key != RuleKey::kCurrentDateTime)) {
    return false;
  }
  const RuleTime& end = condition.times.front();
  return !Compares(condition.comparison, Present(condition.key, now, end.offset_seconds),
                   end.value);
}

// Whether every condition's key is one of these.
bool LooksOnlyAt(const PolicyRule& rule, std::initializer_list<RuleKey> keys) {
  if (rule.kind == PolicyRule::Kind::kCondition) {
    return std::find(keys.begin(), keys.end(), rule.condition.key) != keys.end();
  }
  return std::all_of(rule.parts.begin(), rule.parts.end(),
                     [&](const PolicyRule& part) { return LooksOnlyAt(part, keys); });
}

}  // namespace

PolicyRule ReadRule(const json::Reader& in) {
  std::size_t conditions = 0;
  return ReadAt(in, 0, &conditions);
}

Result<PolicyRule> ParseRule(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  PolicyRule rule = ReadRule(reader);
  BW_TRY_STATUS(reader.Finish());
  return rule;
}

json::Value ToJson(const PolicyRule& rule) {
  if (rule.kind != PolicyRule::Kind::kCondition) {
    json::Array parts;
    for (const PolicyRule& part : rule.parts) parts.push_back(ToJson(part));
    return {{"operator", rule.kind == PolicyRule::Kind::kAnd ? "and" : "or"},
            {"conditions", std::move(parts)}};
  }
  const RuleCondition& condition = rule.condition;
  const KeyName* name = NameOf(condition.key);
  const std::string key = name != nullptr ? std::string(kEnvironment) + std::string(name->name)
                                          : std::string(kResource) + condition.attribute;
  json::Value value;
  if (condition.comparison == Comparison::kExists) {
    value = condition.values.front() == "true";
  } else if (condition.list) {
    json::Array values;
    for (const std::string& one : condition.values) values.push_back(Text(one));
    value = std::move(values);
  } else {
    value = Text(condition.values.front());
  }
  return {{"key", Text(key + std::string(kKeyEnd))},
          {"operator", Text(condition.op)},
          {"value", std::move(value)}};
}

bool Holds(const PolicyRule& rule, const RuleSubject& subject) {
  const auto holds = [&](const PolicyRule& part) { return Holds(part, subject); };
  switch (rule.kind) {
    case PolicyRule::Kind::kCondition: return HoldsCondition(rule.condition, subject);
    case PolicyRule::Kind::kAnd: return std::all_of(rule.parts.begin(), rule.parts.end(), holds);
    case PolicyRule::Kind::kOr: return std::any_of(rule.parts.begin(), rule.parts.end(), holds);
  }
  BW_UNREACHABLE();
}

bool LooksAtResource(const PolicyRule& rule) {
  if (rule.kind == PolicyRule::Kind::kCondition) {
    return rule.condition.key == RuleKey::kResourceValue;
  }
  return std::any_of(rule.parts.begin(), rule.parts.end(), LooksAtResource);
}

bool IsOver(const PolicyRule& rule, Timestamp now) {
  const auto over = [&](const PolicyRule& part) { return IsOver(part, now); };
  switch (rule.kind) {
    case PolicyRule::Kind::kCondition: return IsOverCondition(rule.condition, now);
    case PolicyRule::Kind::kAnd: return std::any_of(rule.parts.begin(), rule.parts.end(), over);
    case PolicyRule::Kind::kOr: return std::all_of(rule.parts.begin(), rule.parts.end(), over);
  }
  BW_UNREACHABLE();
}

std::string WrongPattern(std::string_view pattern, const PolicyRule* rule) {
  if (rule == nullptr) {
    return pattern.empty() ? "" : "a pattern is the kind of a rule: there is none";
  }
  if (pattern == "time-based-conditions:once") {
    return LooksOnlyAt(*rule, {RuleKey::kCurrentDateTime, RuleKey::kCurrentDate})
               ? ""
               : "a rule of this pattern looks at current_date_time and current_date alone";
  }
  if (pattern == "time-based-conditions:weekly:all-day") {
    return LooksOnlyAt(*rule, {RuleKey::kDayOfWeek})
               ? ""
               : "a rule of this pattern looks at day_of_week alone";
  }
  if (pattern == "time-based-conditions:weekly:custom-hours" ||
      pattern == "time-based-conditions:weekly") {
    return LooksOnlyAt(*rule, {RuleKey::kDayOfWeek, RuleKey::kCurrentTime})
               ? ""
               : "a rule of this pattern looks at day_of_week and current_time alone";
  }
  if (pattern == "attribute-based-condition:resource:literal-and-wildcard") {
    return LooksOnlyAt(*rule, {RuleKey::kResourceValue})
               ? ""
               : "a rule of this pattern looks at attributes of the resource alone";
  }
  return "pattern must be time-based-conditions:once, time-based-conditions:weekly:all-day, "
         "time-based-conditions:weekly:custom-hours or "
         "attribute-based-condition:resource:literal-and-wildcard";
}

}  // namespace breakwater::iam
