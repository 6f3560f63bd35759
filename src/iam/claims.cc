#include "iam/claims.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;

constexpr ClaimOperator kOperators[] = {
    ClaimOperator::kEquals,    ClaimOperator::kEqualsIgnoreCase,
    ClaimOperator::kNotEquals, ClaimOperator::kNotEqualsIgnoreCase,
    ClaimOperator::kContains,  ClaimOperator::kIn};

// Whoever sends claims decides how many values there are.
constexpr std::size_t kMaxValues = 10'000;

std::optional<std::string> TextOf(const json::Value& value) {
  if (const auto* text = value.if_string()) return std::string(json::View(*text));
  if (value.is_bool() || value.is_number()) return json::Serialize(value);
  return std::nullopt;
}

// Nothing for a value that is no scalar and no list of scalars.
std::optional<std::vector<std::string>> ValuesOf(const json::Value& value) {
  std::vector<std::string> values;
  const auto* list = value.if_array();
  if (list == nullptr) {
    auto text = TextOf(value);
    if (!text) return std::nullopt;
    values.push_back(*std::move(text));
    return values;
  }
  if (list->size() > kMaxValues) return std::nullopt;
  for (const json::Value& item : *list) {
    auto text = TextOf(item);
    if (!text) return std::nullopt;
    values.push_back(*std::move(text));
  }
  return values;
}

// One step of a JSON pointer: "~1" is a slash, "~0" a tilde.
std::string Unescaped(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    const bool escape = step[i] == '~' && i + 1 < step.size();
    if (escape && (step[i + 1] == '0' || step[i + 1] == '1')) {
      out += step[++i] == '0' ? '~' : '/';
    } else {
      out += step[i];
    }
  }
  return out;
}

const json::Value* FindClaim(const json::Object& claims, std::string_view name) {
  if (!name.starts_with('/')) return claims.if_contains(name);
  const json::Object* at = &claims;
  while (at != nullptr) {
    name.remove_prefix(1);
    const std::size_t end = std::min(name.find('/'), name.size());
    const json::Value* found = at->if_contains(Unescaped(name.substr(0, end)));
    if (found == nullptr || end == name.size()) return found;
    name.remove_prefix(end);
    at = found->if_object();
  }
  return nullptr;
}

bool IsList(ClaimOperator op) {
  return op == ClaimOperator::kIn;
}

bool Compare(ClaimOperator op, const std::vector<std::string>& claim,
             const std::vector<std::string>& wanted) {
  const auto same = [&](const std::string& a) { return a == wanted.front(); };
  const auto alike = [&](const std::string& a) { return EqualsIgnoreCase(a, wanted.front()); };
  switch (op) {
    case ClaimOperator::kEquals: return claim.size() == 1 && same(claim.front());
    case ClaimOperator::kEqualsIgnoreCase: return claim.size() == 1 && alike(claim.front());
    case ClaimOperator::kNotEquals: return std::none_of(claim.begin(), claim.end(), same);
    case ClaimOperator::kNotEqualsIgnoreCase:
      return std::none_of(claim.begin(), claim.end(), alike);
    case ClaimOperator::kContains: return std::any_of(claim.begin(), claim.end(), same);
    case ClaimOperator::kIn:
      return claim.size() == 1 &&
             std::find(wanted.begin(), wanted.end(), claim.front()) != wanted.end();
  }
  BW_UNREACHABLE();
}

// What a condition compares with; nothing if it is not of the operator's form.
std::optional<std::vector<std::string>> WantedValues(const ClaimCondition& condition) {
  const auto parsed = json::Parse(condition.value);
  if (!parsed.ok() || parsed->is_array() != IsList(condition.op)) return std::nullopt;
  auto values = ValuesOf(*parsed);
  if (!values || values->empty()) return std::nullopt;
  return values;
}

bool HoldsOne(const ClaimCondition& condition, const json::Object& claims) {
  const json::Value* claim = FindClaim(claims, condition.claim);
  if (claim == nullptr) return false;
  const auto values = ValuesOf(*claim);
  const auto wanted = WantedValues(condition);
  return values && !values->empty() && wanted && Compare(condition.op, *values, *wanted);
}

Error Bad(std::size_t index, std::string_view what) {
  return Invalid("conditions[" + std::to_string(index) + "]." + std::string(what))
      .Reason("invalid_field");
}

}  // namespace

std::string_view ToString(ClaimOperator op) {
  switch (op) {
    case ClaimOperator::kEquals: return "EQUALS";
    case ClaimOperator::kEqualsIgnoreCase: return "EQUALS_IGNORE_CASE";
    case ClaimOperator::kNotEquals: return "NOT_EQUALS";
    case ClaimOperator::kNotEqualsIgnoreCase: return "NOT_EQUALS_IGNORE_CASE";
    case ClaimOperator::kContains: return "CONTAINS";
    case ClaimOperator::kIn: return "IN";
  }
  BW_UNREACHABLE();
}

std::optional<ClaimOperator> ParseClaimOperator(std::string_view text) {
  for (const ClaimOperator op : kOperators) {
    if (ToString(op) == text) return op;
  }
  return std::nullopt;
}

Status CheckConditions(std::span<const ClaimCondition> conditions) {
  if (conditions.empty() || conditions.size() > kMaxClaimConditions) {
    return Invalid("conditions must have 1 to " + std::to_string(kMaxClaimConditions) + " items")
        .Reason("invalid_field");
  }
  for (std::size_t i = 0; i < conditions.size(); ++i) {
    const ClaimCondition& condition = conditions[i];
    if (condition.claim.empty() || condition.claim.size() > kMaxClaimOctets) {
      return Bad(i, "claim must have 1 to " + std::to_string(kMaxClaimOctets) + " bytes");
    }
    if (condition.value.size() > kMaxClaimValueOctets) {
      return Bad(i, "value must have at most " + std::to_string(kMaxClaimValueOctets) + " bytes");
    }
    if (!WantedValues(condition)) {
      return Bad(i, IsList(condition.op)
                        ? R"(value must be a JSON list as text, like ["a","b"], for IN)"
                        : R"(value must be JSON as text: "developers" with its quotes, or true)");
    }
  }
  return Ok();
}

bool Holds(std::span<const ClaimCondition> conditions, const json::Object& claims) {
  return !conditions.empty() &&
         std::all_of(conditions.begin(), conditions.end(),
                     [&](const ClaimCondition& one) { return HoldsOne(one, claims); });
}

json::Value ConditionsToJson(std::span<const ClaimCondition> conditions) {
  json::Array items;
  for (const ClaimCondition& condition : conditions) {
    items.push_back({{"claim", Text(condition.claim)},
                     {"operator", Text(ToString(condition.op))},
                     {"value", Text(condition.value)}});
  }
  return items;
}

Result<std::vector<ClaimCondition>> ConditionsFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  std::vector<ClaimCondition> conditions;
  for (const json::Reader& item : reader.Items(kMaxClaimConditions)) {
    const auto op = ParseClaimOperator(item.Field("operator").String());
    if (!op) return DataCorrupt("a stored rule has an unknown operator");
    conditions.push_back({item.Field("claim").String(), *op, item.Field("value").String()});
  }
  BW_TRY_STATUS(reader.Finish());
  return conditions;
}

}  // namespace breakwater::iam
