#include "condition/cure.h"

#include <algorithm>
#include <limits>
#include <map>

#include "condition/evaluate.h"

namespace breakwater::condition {
namespace {

// Absent in the map's value: make the property absent.
using Changes = std::map<std::string, std::optional<Value>>;

std::optional<Value> OfInteger(const Number& number, std::int64_t step) {
  if (!number.is_integer()) return std::nullopt;
  const std::int64_t n = number.integer();
  if (n == std::numeric_limits<std::int64_t>::min() ||
      n == std::numeric_limits<std::int64_t>::max()) {
    return std::nullopt;
  }
  return Value(Number(n + step));
}

// The elements of a list property, a scalar being a list of one.
StringList TextsOf(const Fact& fact) {
  const Value* value = fact.value();
  if (value == nullptr) return {};
  if (const auto* list = std::get_if<StringList>(value)) return *list;
  if (const auto* text = std::get_if<std::string>(value)) return {*text};
  return {};
}

StringList Allowed(const Fact& fact, const StringList& allowed) {
  StringList kept;
  for (const std::string& text : TextsOf(fact)) {
    if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) kept.push_back(text);
  }
  return kept;
}

StringList Completed(const Fact& fact, const StringList& required) {
  StringList all = TextsOf(fact);
  for (const std::string& text : required) {
    if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(text);
  }
  return all;
}

IpList WithinRanges(const Fact& fact, const IpList& ranges) {
  const Value* value = fact.value();
  const auto* found = value == nullptr ? nullptr : std::get_if<IpList>(value);
  IpList kept;
  if (found == nullptr) return kept;
  std::copy_if(found->begin(), found->end(), std::back_inserter(kept), [&](const IpNetwork& n) {
    return std::any_of(ranges.begin(), ranges.end(),
                       [&](const IpNetwork& range) { return range.Contains(n); });
  });
  return kept;
}

std::optional<Value> FirstText(const Operand& operand, std::string_view forbidden) {
  for (const std::string& text : operand.texts) {
    if (text.find_first_of(forbidden) == std::string::npos) return Value(text);
  }
  return std::nullopt;
}

// A value with which the leaf holds; nullopt if the requirement does not determine one.
std::optional<Value> CuringValue(Operator op, const Operand& operand, const Fact& fact) {
  switch (op) {
    case Operator::kIsTrue: return Value(true);
    case Operator::kIsFalse: return Value(false);
    case Operator::kStringEquals:
    case Operator::kStringContains: return Value(operand.texts.front());
    case Operator::kStringMatch: return FirstText(operand, "*?");
    case Operator::kStringsInList:
    case Operator::kStringsAllowed: return Value(Allowed(fact, operand.texts));
    case Operator::kStringsRequired: return Value(Completed(fact, operand.texts));
    case Operator::kIpsInRange: return Value(WithinRanges(fact, operand.networks));
    case Operator::kIpsEquals: return Value(operand.networks);
    case Operator::kNumEquals:
    case Operator::kNumLessThanEquals:
    case Operator::kNumGreaterThanEquals: return Value(operand.numbers.front());
    case Operator::kNumLessThan: return OfInteger(operand.numbers.front(), -1);
    case Operator::kNumGreaterThan: return OfInteger(operand.numbers.front(), 1);
    case Operator::kDaysLessThan: return Value(fact.observed());
    case Operator::kIsEmpty:
    case Operator::kIsNotEmpty:
    case Operator::kStringNotEquals:
    case Operator::kStringNotMatch:
    case Operator::kStringNotContains:
    case Operator::kIpsNotEquals:
    case Operator::kNumNotEquals: return std::nullopt;
  }
  BW_UNREACHABLE();
}

Facts Applied(const Facts& facts, const Changes& changes) {
  Facts result = facts;
  for (const auto& [property, value] : changes) {
    const Fact* old = facts.Find(property);
    const Timestamp observed = old == nullptr ? Timestamp{} : old->observed();
    result.Set(property,
               value ? Fact::Present(*value, "cure", observed) : Fact::Absent("cure", observed));
  }
  return result;
}

class Finder {
 public:
  Finder(const Condition& condition, const Parameters& parameters, const Facts& facts)
      : condition_(condition), parameters_(parameters), facts_(facts) {}

  std::optional<Changes> Find() {
    Changes changes;
    // A later part of an "and" may undo what an earlier one needed; the second pass settles what
    // can be settled.
    for (int pass = 0; pass < 2; ++pass) {
      auto next = CureNode(0, changes);
      if (!next) return std::nullopt;
      changes = *std::move(next);
      if (Holds(changes)) return Irreducible(std::move(changes));
    }
    return std::nullopt;
  }

 private:
  bool Holds(const Changes& changes) const {
    return Compliant(condition_, parameters_, Applied(facts_, changes));
  }

  // `changes` and what the node needs on top of them.
  std::optional<Changes> CureNode(std::uint32_t at, const Changes& changes) const {
    const Node& node = condition_.nodes()[at];
    switch (node.kind) {
      case Node::Kind::kLeaf: return CureLeaf(condition_.leaves()[node.leaf], changes);
      case Node::Kind::kAnd: return CureAll(at, changes);
      case Node::Kind::kOr: return CureAny(at, changes);
      case Node::Kind::kSubRule: return std::nullopt;  // other resources would have to change
    }
    BW_UNREACHABLE();
  }

  std::optional<Changes> CureAll(std::uint32_t at, Changes changes) const {
    const auto& nodes = condition_.nodes();
    for (std::uint32_t part = at + 1; part < nodes[at].end; part = nodes[part].end) {
      auto next = CureNode(part, changes);
      if (!next) return std::nullopt;
      changes = *std::move(next);
    }
    return changes;
  }

  std::optional<Changes> CureAny(std::uint32_t at, const Changes& changes) const {
    const auto& nodes = condition_.nodes();
    std::optional<Changes> best;
    for (std::uint32_t part = at + 1; part < nodes[at].end; part = nodes[part].end) {
      auto next = CureNode(part, changes);
      if (next && (!best || next->size() < best->size())) best = std::move(next);
    }
    return best;
  }

  std::optional<Changes> CureLeaf(const Leaf& leaf, const Changes& changes) const {
    const Operand* operand =
        leaf.parameter.empty() ? &leaf.operand : parameters_.Find(leaf.parameter);
    const Fact* known = facts_.Find(leaf.property);
    if (operand == nullptr || known == nullptr) return std::nullopt;
    if (known->state() == FactState::kUnavailable) return std::nullopt;
    const Facts now = Applied(facts_, changes);
    const Fact& fact = *now.Find(leaf.property);
    if (Compare(leaf.op, *operand, &fact).truth == Truth::kTrue) return changes;
    Changes cured = changes;
    if (auto value = CuringValue(leaf.op, *operand, fact)) {
      cured.insert_or_assign(leaf.property, std::move(value));
    } else if (leaf.op == Operator::kIsEmpty) {
      cured.insert_or_assign(leaf.property, std::nullopt);
    } else {
      return std::nullopt;
    }
    return cured;
  }

  Changes Irreducible(Changes changes) const {
    for (auto it = changes.begin(); it != changes.end();) {
      Changes fewer = changes;
      fewer.erase(it->first);
      it = Holds(fewer) ? changes.erase(it) : std::next(it);
    }
    return changes;
  }

  const Condition& condition_;
  const Parameters& parameters_;
  const Facts& facts_;
};

}  // namespace

std::optional<std::vector<Assignment>> Cure(const Condition& condition,
                                            const Parameters& parameters, const Facts& facts) {
  const auto changes = Finder(condition, parameters, facts).Find();
  if (!changes) return std::nullopt;
  std::vector<Assignment> cure;
  for (const auto& [property, value] : *changes) {
    cure.push_back({property, value ? ToJson(*value) : json::Value(nullptr)});
  }
  return cure;
}

std::string Describe(const std::vector<Assignment>& cure) {
  std::string text;
  for (std::size_t i = 0; i < cure.size(); ++i) {
    if (i > 0) text += i + 1 == cure.size() ? " and " : ", ";
    const Assignment& assignment = cure[i];
    text += assignment.value.is_null()
                ? "clear " + assignment.property
                : "set " + assignment.property + " to " + json::Serialize(assignment.value);
  }
  return text;
}

json::Value ToJson(const std::vector<Assignment>& cure) {
  json::Object object;
  for (const Assignment& assignment : cure) object[assignment.property] = assignment.value;
  return object;
}

}  // namespace breakwater::condition
