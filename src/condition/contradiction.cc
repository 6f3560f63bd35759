#include "condition/contradiction.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "condition/evaluate.h"

namespace breakwater::condition {
namespace {

// More ways to comply than this are not looked through.
constexpr std::size_t kMostAlternatives = 256;
// What nobody requires by chance.
constexpr std::string_view kOtherText = "\x01 another text";

struct Wanted {
  const Leaf* leaf = nullptr;
  const Operand* operand = nullptr;
};
using Alternative = std::vector<Wanted>;  // all of them
using Alternatives = std::vector<Alternative>;

// The alternatives in which both sides comply; nullopt if there are too many.
std::optional<Alternatives> Both(const Alternatives& a, const Alternatives& b) {
  if (a.size() * b.size() > kMostAlternatives) return std::nullopt;
  Alternatives both;
  for (const Alternative& left : a) {
    for (const Alternative& right : b) {
      Alternative joined = left;
      joined.insert(joined.end(), right.begin(), right.end());
      both.push_back(std::move(joined));
    }
  }
  return both;
}

// The ways to comply with a node.
std::optional<Alternatives> WaysOf(const Demand& demand, std::uint32_t at) {
  const auto& nodes = demand.condition->nodes();
  const Node& node = nodes[at];
  if (node.kind == Node::Kind::kSubRule) return Alternatives{{}};  // asks nothing of this resource
  if (node.kind == Node::Kind::kLeaf) {
    const Leaf& leaf = demand.condition->leaves()[node.leaf];
    const Operand* operand =
        leaf.parameter.empty() ? &leaf.operand : demand.parameters->Find(leaf.parameter);
    if (operand == nullptr) return Alternatives{{}};
    return Alternatives{{{&leaf, operand}}};
  }
  const bool is_and = node.kind == Node::Kind::kAnd;
  Alternatives ways;
  if (is_and) ways.emplace_back();
  for (std::uint32_t part = at + 1; part < node.end; part = nodes[part].end) {
    auto of_part = WaysOf(demand, part);
    if (!of_part) return std::nullopt;
    if (is_and) {
      auto both = Both(ways, *of_part);
      if (!both) return std::nullopt;
      ways = *std::move(both);
    } else {
      ways.insert(ways.end(), of_part->begin(), of_part->end());
    }
    if (ways.size() > kMostAlternatives) return std::nullopt;
  }
  return ways;
}

bool Has(const std::vector<Wanted>& wanted, Operator op) {
  return std::any_of(wanted.begin(), wanted.end(),
                     [&](const Wanted& one) { return one.leaf->op == op; });
}

bool OnlyOf(const std::vector<Wanted>& wanted, std::initializer_list<Operator> ops) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
    return std::find(ops.begin(), ops.end(), one.leaf->op) != ops.end();
  });
}

// Around each number that is mentioned, so that every interval between them holds one.
void AddNumbers(const std::vector<Wanted>& wanted, std::vector<Value>& values, bool& complete) {
  for (const Wanted& one : wanted) {
    for (const Number& number : one.operand->numbers) {
      values.emplace_back(number);
      if (!number.is_integer() || number.integer() < -1'000'000'000 ||
          number.integer() > 1'000'000'000) {
        complete = false;
        continue;
      }
      for (const std::int64_t step : {-1, 1}) values.emplace_back(Number(number.integer() + step));
      for (const std::int64_t tenths : {-5, 5}) {
        const auto between = Number::Parse(std::to_string(10 * number.integer() + tenths) + "e-1");
        if (between.ok()) values.emplace_back(*between);
      }
    }
  }
  values.emplace_back(Number(0));
}

void AddTexts(const std::vector<Wanted>& wanted, std::vector<Value>& values) {
  values.emplace_back(std::string());
  values.emplace_back(std::string(kOtherText));
  for (const Wanted& one : wanted) {
    for (const std::string& text : one.operand->texts) values.emplace_back(text);
  }
}

// The required texts, alone and beside each of the others.
void AddLists(const std::vector<Wanted>& wanted, std::vector<Value>& values) {
  StringList required;
  for (const Wanted& one : wanted) {
    if (one.leaf->op != Operator::kStringsRequired) continue;
    required.insert(required.end(), one.operand->texts.begin(), one.operand->texts.end());
  }
  values.emplace_back(StringList{});
  values.emplace_back(required);
  StringList more{std::string(kOtherText)};
  for (const Wanted& one : wanted) {
    more.insert(more.end(), one.operand->texts.begin(), one.operand->texts.end());
  }
  for (std::string& text : more) {
    StringList list = required;
    list.push_back(std::move(text));
    values.emplace_back(std::move(list));
  }
}

// Values among which there is one that complies if any does; nullopt if that cannot be promised.
std::optional<std::vector<Value>> Candidates(const std::vector<Wanted>& wanted) {
  using enum Operator;
  std::vector<Value> values;
  bool complete = true;
  switch (wanted.front().leaf->type) {
    case PropertyType::kBoolean: return std::vector<Value>{true, false};
    case PropertyType::kNumeric: AddNumbers(wanted, values, complete); break;
    case PropertyType::kString:
      AddTexts(wanted, values);
      complete = Has(wanted, kStringEquals) ||
                 OnlyOf(wanted, {kStringEquals, kStringNotEquals, kIsEmpty, kIsNotEmpty});
      break;
    case PropertyType::kStringList:
      AddLists(wanted, values);
      complete = OnlyOf(wanted,
                        {kStringsInList, kStringsAllowed, kStringsRequired, kIsEmpty, kIsNotEmpty});
      break;
    case PropertyType::kIpList:
      values = {IpList{}, IpList{IpNetwork::Parse("192.0.2.1").value()}};
      complete = OnlyOf(wanted, {kIsEmpty, kIsNotEmpty});
      break;
    case PropertyType::kTimestamp:
      values = {Timestamp{}};
      complete = OnlyOf(wanted, {kIsEmpty, kIsNotEmpty});
      break;
  }
  if (!complete) return std::nullopt;
  return values;
}

bool CanMeet(const std::vector<Wanted>& wanted) {
  const auto candidates = Candidates(wanted);
  if (!candidates) return true;
  const auto meets = [&](const Fact& fact) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const Wanted& one) {
      return Compare(one.leaf->op, *one.operand, &fact).truth == Truth::kTrue;
    });
  };
  return meets(Fact::Absent({}, {})) ||
         std::any_of(candidates->begin(), candidates->end(),
                     [&](const Value& value) { return meets(Fact::Present(value, {}, {})); });
}

// What an alternative asks of one property that nothing can be; nothing if it can be met.
std::optional<std::string> Clash(const Alternative& alternative) {
  std::map<std::string_view, std::vector<Wanted>> by_property;
  for (const Wanted& one : alternative) by_property[one.leaf->property].push_back(one);
  for (const auto& [property, wanted] : by_property) {
    if (CanMeet(wanted)) continue;
    std::vector<std::string> requirements;
    for (const Wanted& one : wanted) {
      requirements.push_back(Requirement(one.leaf->op, one.operand->given));
    }
    return std::string(property) + ": " + Join(requirements, " and ");
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Contradiction(const std::vector<Demand>& demands) {
  Alternatives ways{{}};
  for (const Demand& demand : demands) {
    const auto of_demand = WaysOf(demand, 0);
    if (!of_demand) return std::nullopt;
    auto both = Both(ways, *of_demand);
    if (!both) return std::nullopt;
    ways = *std::move(both);
  }
  std::optional<std::string> first;
  for (const Alternative& alternative : ways) {
    auto clash = Clash(alternative);
    if (!clash) return std::nullopt;
    if (!first) first = std::move(clash);
  }
  return first;
}

}  // namespace breakwater::condition
