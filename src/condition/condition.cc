#include "condition/condition.h"

#include <algorithm>
#include <array>

#include "base/strings.h"

namespace breakwater::condition {
namespace {

constexpr std::size_t kMaxShown = 100;

// A member that is there; an explicit null counts as absent.
const json::Value* Member(const json::Value& object, std::string_view name) {
  const json::Value* member = json::Find(object, name);
  return member == nullptr || member->is_null() ? nullptr : member;
}

std::string Shown(const json::Value& value) {
  std::string text = json::Serialize(value);
  if (text.size() <= kMaxShown) return text;
  std::size_t cut = kMaxShown;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80) --cut;
  return text.substr(0, cut) + "…";
}

bool IsParameterName(std::string_view name) {
  return !name.empty() && name.size() <= 128 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
  });
}

// The name in "${name}", or "".
std::string_view ReferenceIn(const json::Value& value) {
  const auto* text = value.if_string();
  if (text == nullptr) return {};
  std::string_view view = json::View(*text);
  if (!view.starts_with("${") || !view.ends_with("}")) return {};
  view = view.substr(2, view.size() - 3);
  return IsParameterName(view) ? view : std::string_view{};
}

struct Quantified {
  std::string_view name;
  SubRule::Quantifier quantifier;
  bool if_exists;
};
constexpr std::array<Quantified, 4> kQuantified{{
    {"any", SubRule::Quantifier::kAny, false},
    {"all", SubRule::Quantifier::kAll, false},
    {"any_ifexists", SubRule::Quantifier::kAny, true},
    {"all_ifexists", SubRule::Quantifier::kAll, true},
}};

// The parameter that a value refers to, or "".
std::string_view ParameterOf(const json::Value& value) {
  if (const auto* object = value.if_object(); object != nullptr && object->size() == 1) {
    return json::FindText(value, "parameter");
  }
  return ReferenceIn(value);
}

}  // namespace

std::string DidYouMean(std::string_view word, const std::vector<std::string>& known) {
  const std::string nearest = Nearest(word, known);
  return nearest.empty() ? "" : "; did you mean '" + nearest + "'?";
}

Error RuleError(std::string_view path, const json::Value* found, std::string_view what,
                const std::vector<std::string>& allowed) {
  std::string message = std::string(path) + ": " + std::string(what);
  if (!allowed.empty()) message += " (allowed: " + Join(allowed, ", ") + ")";
  Error error = Invalid(std::move(message)).Reason("rule_error").Detail("path", std::string(path));
  // Detail changes the error in place; assigning its answer would move the error onto itself.
  if (found != nullptr) static_cast<void>(std::move(error).Detail("value", Shown(*found)));
  if (!allowed.empty()) {
    static_cast<void>(std::move(error).Detail("allowed", Join(allowed, ", ")));
  }
  return error;
}

class ConditionParser {
 public:
  ConditionParser(const Catalogue& catalogue, const ResourceConfig& config,
                  const ConditionLimits& limits, const std::vector<ParameterDeclaration>& declared,
                  bool in_sub_rule = false)
      : catalogue_(catalogue),
        config_(config),
        limits_(limits),
        declared_(declared),
        in_sub_rule_(in_sub_rule) {}

  Result<Condition> Run(const json::Value& document, std::string_view path) {
    out_.source_ = document;
    out_.type_ = config_.type;
    BW_TRY_STATUS(ParseNode(document, std::string(path), 0));
    return std::move(out_);
  }

 private:
  Status ParseNode(const json::Value& value, const std::string& path, std::size_t depth) {
    BW_TRY_STATUS(CheckForm(value, path));
    if (const auto* parts = Member(value, "and")) {
      return ParseGroup(Node::Kind::kAnd, *parts, path + ".and", depth + 1);
    }
    if (const auto* parts = Member(value, "or")) {
      return ParseGroup(Node::Kind::kOr, *parts, path + ".or", depth + 1);
    }
    for (const Quantified& form : kQuantified) {
      const auto* sub_rule = Member(value, form.name);
      if (sub_rule == nullptr) continue;
      return ParseSubRule(form, *sub_rule, std::string(json::FindText(value, "description")),
                          path + "." + std::string(form.name));
    }
    return ParseLeaf(value, path);
  }

  // Exactly one of the forms, and nothing beside it.
  static Status CheckForm(const json::Value& value, const std::string& path) {
    static const std::vector<std::string> known{"description",  "property",    "operator", "value",
                                                "and",          "or",          "any",      "all",
                                                "any_ifexists", "all_ifexists"};
    const auto* object = value.if_object();
    if (object == nullptr) return RuleError(path, &value, "must be an object", known);
    for (const auto& member : *object) {
      const std::string name(member.key().data(), member.key().size());
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        return RuleError(
            path, &value,
            "has the unknown member '" + name.substr(0, 64) + "'" + DidYouMean(name, known), known);
      }
    }
    const json::Value* description = Member(value, "description");
    if (description != nullptr && !description->is_string()) {
      return RuleError(path + ".description", description, "must be a string", {});
    }
    const bool is_and = Member(value, "and") != nullptr;
    const bool is_or = Member(value, "or") != nullptr;
    const bool is_leaf = Member(value, "property") != nullptr ||
                         Member(value, "operator") != nullptr || Member(value, "value") != nullptr;
    const auto sub_rules =
        std::count_if(kQuantified.begin(), kQuantified.end(),
                      [&](const Quantified& form) { return Member(value, form.name) != nullptr; });
    if (is_and + is_or + is_leaf + sub_rules == 1) return Ok();
    return RuleError(path, &value, "must have exactly one form",
                     {"property with operator and value", "and", "or", "any", "all", "any_ifexists",
                      "all_ifexists"});
  }

  Status ParseGroup(Node::Kind kind, const json::Value& parts, const std::string& path,
                    std::size_t depth) {
    const auto* array = parts.if_array();
    if (array == nullptr || array->empty()) {
      return RuleError(path, &parts, "must be an array of at least one condition", {});
    }
    if (depth > limits_.max_depth) {
      return RuleError(path, nullptr,
                       "is nested deeper than " + std::to_string(limits_.max_depth) + " groups",
                       {});
    }
    if (++conditions_ > limits_.max_conditions) {
      return RuleError(path, nullptr,
                       "is one condition too many: a rule has at most " +
                           std::to_string(limits_.max_conditions) + " and/or groups",
                       {});
    }
    const std::size_t at = out_.nodes_.size();
    out_.nodes_.push_back({kind, 0, 0});
    std::size_t properties = 0;
    for (std::size_t i = 0; i < array->size(); ++i) {
      const std::string part_path = path + "[" + std::to_string(i) + "]";
      const std::size_t part = out_.nodes_.size();
      BW_TRY_STATUS(ParseNode((*array)[i], part_path, depth));
      if (out_.nodes_[part].kind != Node::Kind::kLeaf) continue;
      if (++properties > limits_.max_properties) {
        return RuleError(part_path, nullptr,
                         "is one property too many: a condition has at most " +
                             std::to_string(limits_.max_properties),
                         {});
      }
    }
    out_.nodes_[at].end = static_cast<std::uint32_t>(out_.nodes_.size());
    return Ok();
  }

  Status ParseSubRule(const Quantified& form, const json::Value& value, std::string description,
                      const std::string& path) {
    if (in_sub_rule_) return RuleError(path, nullptr, "sub-rules hold no sub-rules", {});
    if (++conditions_ > limits_.max_conditions) {
      return RuleError(path, nullptr,
                       "is one condition too many: a rule has at most " +
                           std::to_string(limits_.max_conditions) + " and/or groups and sub-rules",
                       {});
    }
    const std::vector<std::string> known{"target", "required_config"};
    const json::Value* target = value.is_object() ? Member(value, "target") : nullptr;
    const json::Value* required = value.is_object() ? Member(value, "required_config") : nullptr;
    if (target == nullptr || required == nullptr || value.get_object().size() != known.size()) {
      return RuleError(path, &value, "must be an object with exactly these members", known);
    }
    SubRule sub_rule{.path = path,
                     .description = std::move(description),
                     .quantifier = form.quantifier,
                     .if_exists = form.if_exists,
                     .target = {},
                     .condition = nullptr};
    BW_TRY(sub_rule.target, Target::Parse(*target, catalogue_, path + ".target"));
    const ResourceConfig& config = *catalogue_.Find(sub_rule.target.type());
    ConditionParser parser(catalogue_, config, limits_, declared_, true);
    parser.conditions_ = conditions_;
    BW_TRY(auto condition, parser.Run(*required, path + ".required_config"));
    conditions_ = parser.conditions_;
    sub_rule.condition = std::make_shared<const Condition>(std::move(condition));
    const auto index = static_cast<std::uint32_t>(out_.sub_rules_.size());
    const auto end = static_cast<std::uint32_t>(out_.nodes_.size() + 1);
    out_.nodes_.push_back({Node::Kind::kSubRule, index, end});
    out_.sub_rules_.push_back(std::move(sub_rule));
    return Ok();
  }

  Status ParseLeaf(const json::Value& value, const std::string& path) {
    Leaf leaf;
    leaf.path = path;
    leaf.description = json::FindText(value, "description");
    BW_TRY_STATUS(ParseProperty(value, leaf));
    BW_TRY_STATUS(ParseOperatorOf(value, leaf));
    BW_TRY_STATUS(ParseValue(value, leaf));
    const auto index = static_cast<std::uint32_t>(out_.leaves_.size());
    const auto end = static_cast<std::uint32_t>(out_.nodes_.size() + 1);
    out_.nodes_.push_back({Node::Kind::kLeaf, index, end});
    out_.leaves_.push_back(std::move(leaf));
    return Ok();
  }

  Status ParseProperty(const json::Value& value, Leaf& leaf) const {
    const std::string path = leaf.path + ".property";
    const json::Value* name = Member(value, "property");
    if (name == nullptr || !name->is_string()) {
      return RuleError(path, name, name == nullptr ? "is required" : "must be a string",
                       config_.PropertyNames());
    }
    leaf.property = json::View(name->get_string());
    const Property* property = config_.Find(leaf.property);
    if (property == nullptr) {
      return RuleError(path, name,
                       "'" + leaf.property.substr(0, 64) + "' is no property of " +
                           ToString(config_.type) +
                           DidYouMean(leaf.property, config_.PropertyNames()),
                       config_.PropertyNames());
    }
    leaf.type = property->type;
    return Ok();
  }

  static Status ParseOperatorOf(const json::Value& value, Leaf& leaf) {
    const std::string path = leaf.path + ".operator";
    const auto allowed = OperatorsFor(leaf.type);
    const json::Value* name = Member(value, "operator");
    if (name == nullptr || !name->is_string()) {
      return RuleError(path, name, name == nullptr ? "is required" : "must be a string", allowed);
    }
    const std::string_view text = json::View(name->get_string());
    const auto op = ParseOperator(text);
    if (!op.ok()) {
      return RuleError(path, name, op.error().message() + DidYouMean(text, allowed), allowed);
    }
    leaf.op = *op;
    if (AppliesTo(leaf.op, leaf.type)) return Ok();
    return RuleError(path, name,
                     "'" + std::string(text) + "' does not apply to '" + leaf.property +
                         "', which is " + std::string(ToString(leaf.type)),
                     allowed);
  }

  Status ParseValue(const json::Value& value, Leaf& leaf) const {
    const OperandForm form = FormOf(leaf.op);
    if (form == OperandForm::kNone) return Ok();  // live clients send one; ibm-scc 1.5
    const std::string path = leaf.path + ".value";
    const json::Value* given = Member(value, "value");
    if (given == nullptr) {
      return RuleError(path, nullptr, "is required by " + std::string(ToString(leaf.op)), {});
    }
    if (const std::string_view parameter = ParameterOf(*given); !parameter.empty()) {
      leaf.parameter = parameter;
      return CheckParameter(path, *given, leaf);
    }
    if (const auto* items = given->if_array()) {
      const bool nested = std::any_of(items->begin(), items->end(), [](const json::Value& item) {
        return !ParameterOf(item).empty();
      });
      if (nested) return RuleError(path, given, "a parameter must be the whole value", {});
    }
    auto operand = CompileOperand(form, *given, limits_.max_values);
    if (!operand.ok()) return RuleError(path, given, operand.error().message(), {});
    leaf.operand = *std::move(operand);
    return Ok();
  }

  Status CheckParameter(const std::string& path, const json::Value& given, const Leaf& leaf) const {
    std::vector<std::string> names;
    for (const auto& declaration : declared_) {
      names.push_back(declaration.name);
      if (declaration.name != leaf.parameter) continue;
      if (Accepts(leaf.op, declaration.type)) return Ok();
      return RuleError(path, &given,
                       std::string(ToString(leaf.op)) + " cannot take the parameter '" +
                           leaf.parameter + "', which is " +
                           std::string(ToString(declaration.type)),
                       {});
    }
    return RuleError(path, &given,
                     "the parameter '" + leaf.parameter.substr(0, 64) + "' is not declared" +
                         DidYouMean(leaf.parameter, names),
                     names);
  }

  const Catalogue& catalogue_;
  const ResourceConfig& config_;
  const ConditionLimits& limits_;
  const std::vector<ParameterDeclaration>& declared_;
  const bool in_sub_rule_;
  Condition out_;
  std::size_t conditions_ = 0;
};

Result<Condition> Condition::Parse(const json::Value& required_config, const Catalogue& catalogue,
                                   const ResourceType& type, const ConditionLimits& limits,
                                   const std::vector<ParameterDeclaration>& declared,
                                   std::string_view path) {
  const ResourceConfig* config = catalogue.Find(type);
  if (config == nullptr) {
    return RuleError(path, nullptr, "no properties are known of " + ToString(type), {});
  }
  return ConditionParser(catalogue, *config, limits, declared).Run(required_config, path);
}

std::string SubRule::Name() const {
  for (const Quantified& form : kQuantified) {
    if (form.quantifier == quantifier && form.if_exists == if_exists) return std::string(form.name);
  }
  BW_UNREACHABLE();
}

bool Condition::LooksAt(const ResourceType& type) const {
  return std::any_of(sub_rules_.begin(), sub_rules_.end(),
                     [&](const SubRule& sub_rule) { return sub_rule.target.type() == type; });
}

std::vector<std::string> Condition::Properties() const {
  std::vector<std::string> names;
  for (const Leaf& leaf : leaves_) {
    if (std::find(names.begin(), names.end(), leaf.property) == names.end()) {
      names.push_back(leaf.property);
    }
  }
  return names;
}

}  // namespace breakwater::condition
