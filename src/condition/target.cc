#include "condition/target.h"

#include <algorithm>
#include <array>
#include <utility>

#include "condition/condition.h"

namespace breakwater::condition {
namespace {

constexpr std::size_t kMaxFilters = 16;
constexpr std::size_t kMaxValues = 256;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kRegionAliases{{
    {"eu-gb", "uk-south"},
    {"eu-de", "eu-central"},
    {"jp-tok", "ap-north"},
    {"au-syd", "ap-south"},
}};

Status CheckMembers(const json::Value& value, const std::string& path,
                    const std::vector<std::string>& known) {
  const auto* object = value.if_object();
  if (object == nullptr) return RuleError(path, &value, "must be an object", known);
  for (const auto& member : *object) {
    const std::string name(member.key().data(), member.key().size());
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return RuleError(
        path, &value,
        "has the unknown member '" + name.substr(0, 64) + "'" + DidYouMean(name, known), known);
  }
  return Ok();
}

// A required string that must be one of `known`.
Result<std::string> Word(const json::Value& value, const std::string& path, std::string_view name,
                         const std::vector<std::string>& known) {
  const std::string where = path + "." + std::string(name);
  const json::Value* member = json::Find(value, name);
  if (member == nullptr || !member->is_string()) {
    return RuleError(where, member, member == nullptr ? "is required" : "must be a string", known);
  }
  std::string word(json::View(member->get_string()));
  if (std::find(known.begin(), known.end(), word) != known.end()) return word;
  return RuleError(where, member,
                   "'" + word.substr(0, 64) + "' is not known" + DidYouMean(word, known), known);
}

}  // namespace

std::vector<std::string> RegionNames(const std::string& region) {
  for (const auto& [a, b] : kRegionAliases) {
    if (region == a || region == b) return {std::string(a), std::string(b)};
  }
  return {region};
}

Result<Target> Target::Parse(const json::Value& target, const Catalogue& catalogue,
                             std::string_view path) {
  const std::string root(path);
  BW_TRY_STATUS(CheckMembers(target, root,
                             {"service_name", "resource_kind", "additional_target_attributes"}));
  Target out;
  out.source_ = target;
  BW_TRY(out.type_.service, Word(target, root, "service_name", catalogue.Services()));
  BW_TRY(out.type_.kind, Word(target, root, "resource_kind", catalogue.Kinds(out.type_.service)));
  const ResourceConfig& config = *catalogue.Find(out.type_);
  const json::Value* filters = json::Find(target, "additional_target_attributes");
  if (filters == nullptr || filters->is_null()) return out;
  const std::string where = root + ".additional_target_attributes";
  const auto* items = filters->if_array();
  if (items == nullptr || items->size() > kMaxFilters) {
    return RuleError(where, filters,
                     "must be an array of at most " + std::to_string(kMaxFilters) + " attributes",
                     {});
  }
  for (std::size_t i = 0; i < items->size(); ++i) {
    BW_TRY(auto filter, ParseFilter((*items)[i], config, where + "[" + std::to_string(i) + "]"));
    out.filters_.push_back(std::move(filter));
  }
  return out;
}

Result<Target::Filter> Target::ParseFilter(const json::Value& item, const ResourceConfig& config,
                                           const std::string& path) {
  BW_TRY_STATUS(CheckMembers(item, path, {"name", "operator", "value"}));
  Filter filter;
  BW_TRY(filter.name, Word(item, path, "name", config.AttributeNames()));
  BW_TRY(const std::string op, Word(item, path, "operator", OperatorsFor(PropertyType::kString)));
  BW_TRY(filter.op, ParseOperator(op));
  if (FormOf(filter.op) == OperandForm::kNone) return filter;
  const json::Value* value = json::Find(item, "value");
  if (value == nullptr || value->is_null()) {
    return RuleError(path + ".value", nullptr, "is required by " + op, {});
  }
  auto operand = CompileOperand(FormOf(filter.op), *value, kMaxValues);
  if (!operand.ok()) return RuleError(path + ".value", value, operand.error().message(), {});
  filter.operand = *std::move(operand);
  return filter;
}

bool Target::Matches(const ResourceType& type,
                     const std::map<std::string, std::string>& attributes) const {
  return type == type_ && std::all_of(filters_.begin(), filters_.end(), [&](const Filter& filter) {
           return Holds(filter, attributes);
         });
}

std::optional<Target::Key> Target::LookupKey() const {
  const auto filter = std::find_if(filters_.begin(), filters_.end(), [](const Filter& one) {
    return one.op == Operator::kStringEquals;
  });
  if (filter == filters_.end()) return std::nullopt;
  Key key{.attribute = filter->name, .values = {}, .suffices = filters_.size() == 1};
  for (const std::string& text : filter->operand.texts) {
    if (filter->name == "region") {
      const auto names = RegionNames(text);
      key.values.insert(names.begin(), names.end());
    } else {
      key.values.insert(text);
    }
  }
  return key;
}

bool Target::MayOverlap(const Target& other) const {
  if (type_ != other.type_) return false;
  std::map<std::string_view, std::vector<const Filter*>> by_name;
  for (const Target* target : {this, &other}) {
    for (const Filter& filter : target->filters_) by_name[filter.name].push_back(&filter);
  }
  return std::all_of(by_name.begin(), by_name.end(),
                     [](const auto& named) { return CanHold(named.second); });
}

// Whether one attribute can be such that all filters on it hold.
bool Target::CanHold(std::span<const Filter* const> filters) {
  using enum Operator;
  std::vector<std::string> texts{"", "\x01 another text"};
  bool complete = true;
  bool equals = false;
  for (const Filter* filter : filters) {
    texts.insert(texts.end(), filter->operand.texts.begin(), filter->operand.texts.end());
    equals = equals || filter->op == kStringEquals;
    complete = complete && (filter->op == kStringEquals || filter->op == kStringNotEquals ||
                            filter->op == kIsEmpty || filter->op == kIsNotEmpty);
  }
  if (!complete && !equals) return true;
  const auto all_hold = [&](const std::map<std::string, std::string>& attributes) {
    return std::all_of(filters.begin(), filters.end(),
                       [&](const Filter* filter) { return Holds(*filter, attributes); });
  };
  return all_hold({}) || std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
           return all_hold({{filters.front()->name, text}});
         });
}

bool Target::Holds(const Filter& filter, const std::map<std::string, std::string>& attributes) {
  const auto holds = [&](const Fact& fact) {
    return Compare(filter.op, filter.operand, &fact).truth == Truth::kTrue;
  };
  const auto found = attributes.find(filter.name);
  if (found == attributes.end()) return holds(Fact::Absent({}, {}));
  if (filter.name != "region") return holds(Fact::Present(found->second, {}, {}));
  const auto names = RegionNames(found->second);
  const auto holds_by_name = [&](const std::string& name) {
    return holds(Fact::Present(name, {}, {}));
  };
  // One name is enough to be meant; to be excluded by a negation, too.
  const Operator* negation = NegationOf(filter.op);
  const bool negative = negation != nullptr && *negation < filter.op;
  return negative ? std::all_of(names.begin(), names.end(), holds_by_name)
                  : std::any_of(names.begin(), names.end(), holds_by_name);
}

}  // namespace breakwater::condition
