#include "governance/rule_set.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "crypto/hash.h"

namespace breakwater::governance {
namespace {

using json::Text;

Error Unreadable(const AttachedRule& rule) {
  return Conflict("configuration rule '" + rule.name + "' (" + rule.id +
                  ") cannot be read by this version: " + rule.fault + "; replace or delete it")
      .Reason("rule_unreadable")
      .Detail("rule_id", rule.id);
}

enum class Coverage { kNever, kByResourceGroup, kAlways };

// Of the resources of one account, which are all in one place.
Coverage CoverageOf(const AttachmentDraft& attachment, const control::Place& place) {
  const control::Resource any = control::AccountResource(place.account, "account");
  const auto of = [&](const Scope& scope) {
    if (scope.type == ScopeType::kAccountResourceGroup) return Coverage::kByResourceGroup;
    return IsIn(scope, any, place) ? Coverage::kAlways : Coverage::kNever;
  };
  Coverage coverage = of(attachment.included);
  for (const Scope& scope : attachment.excluded) {
    const Coverage excluded = of(scope);
    if (excluded == Coverage::kAlways) return Coverage::kNever;
    if (excluded == Coverage::kByResourceGroup) coverage = std::min(coverage, excluded);
  }
  return coverage;
}

std::string DigestOf(const std::vector<Candidate>& candidates) {
  json::Array named;
  for (const Candidate& candidate : candidates) {
    named.push_back({{"rule_id", Text(candidate.rule->id)},
                     {"version", Text(candidate.rule->version)},
                     {"parameters", candidate.rule->parameters.ToJson()}});
  }
  return "sha256:" + crypto::Sha256Hex(json::Canonical(named));
}

}  // namespace

void AttachedRule::Use(std::shared_ptr<const CompiledRule> rule, condition::Parameters values) {
  compiled = std::move(rule);
  parameters = std::move(values);
  program.emplace(compiled->condition, parameters, compiled->layout);
}

bool AttachedRule::Has(Action action) const {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

RuleSet::RuleSet(control::Place place, std::vector<Candidate> candidates)
    : place_(std::move(place)), candidates_(std::move(candidates)), digest_(DigestOf(candidates_)) {
  std::uint32_t twin = 0;
  const AttachedRule* last = nullptr;
  std::map<condition::ResourceType, std::set<condition::ResourceType>> looking;
  for (const Candidate& candidate : candidates_) {
    const AttachedRule& rule = *candidate.rule;
    const bool same = last != nullptr && last->id == rule.id &&
                      last->parameters.ToJson() == rule.parameters.ToJson();
    if (!same) ++twin;
    last = &rule;
    Add(candidate, twin);
    if (rule.compiled == nullptr) continue;
    for (const auto& sub_rule : rule.compiled->condition.sub_rules()) {
      looking[sub_rule.target.type()].insert(candidate.type);
    }
  }
  for (const auto& [type, judged] : looking) looking_[type] = {judged.begin(), judged.end()};
}

void RuleSet::Add(const Candidate& candidate, std::uint32_t twin) {
  const Coverage coverage = CoverageOf(candidate.attachment, place_);
  if (coverage == Coverage::kNever) return;
  OfType& of_type = by_type_[candidate.type];
  const auto index = static_cast<std::uint32_t>(of_type.entries.size());
  Entry& entry = of_type.entries.emplace_back();
  entry.candidate = &candidate;
  entry.rule = candidate.rule.get();
  entry.readable = entry.rule->compiled != nullptr;
  if (entry.readable) {
    entry.program = of_type.readable++;
    of_type.programs.Add(*entry.rule->program);
  }
  entry.scoped = coverage == Coverage::kByResourceGroup;
  entry.twin = twin;
  const auto& compiled = candidate.rule->compiled;
  const auto key = compiled == nullptr ? std::nullopt : compiled->target.LookupKey();
  if (!key) {
    entry.filtered = compiled != nullptr && compiled->target.IsFiltered();
    of_type.anywhere.push_back(index);
    return;
  }
  entry.filtered = !key->suffices;
  auto& by_value = of_type.by_attribute[key->attribute];
  for (const std::string& value : key->values) by_value[value].push_back(index);
}

std::vector<std::uint32_t> RuleSet::Found(
    const OfType& of_type, const std::map<std::string, std::string>& attributes) const {
  std::vector<std::uint32_t> found = of_type.anywhere;
  for (const auto& [attribute, by_value] : of_type.by_attribute) {
    const auto has = attributes.find(attribute);
    if (has == attributes.end()) continue;
    const auto list = by_value.find(has->second);
    if (list == by_value.end()) continue;
    std::vector<std::uint32_t> merged;
    merged.reserve(found.size() + list->second.size());
    std::ranges::merge(found, list->second, std::back_inserter(merged));
    found = std::move(merged);
  }
  return found;
}

Result<ApplicableRules> RuleSet::For(const control::Resource& resource) const {
  ApplicableRules applicable{.rules = {}, .digest = digest_, .owner = shared_from_this()};
  const condition::ResourceType type{resource.service, resource.kind};
  const auto of_type = by_type_.find(type);
  if (of_type == by_type_.end()) return applicable;
  const auto attributes = resource.Attributes();
  const auto found = Found(of_type->second, attributes);
  applicable.rules.reserve(found.size());
  std::uint32_t last = 0;
  for (const std::uint32_t index : found) {
    const Entry& entry = of_type->second.entries[index];
    if (entry.scoped && !Covers(entry.candidate->attachment, resource, place_)) continue;
    if (!entry.readable) return Unreadable(*entry.rule);
    if (entry.filtered && !entry.rule->compiled->target.Matches(type, attributes)) continue;
    if (entry.twin == last) continue;
    last = entry.twin;
    applicable.rules.emplace_back(entry.rule, of_type->second.programs.At(entry.program));
  }
  return applicable;
}

const std::vector<condition::ResourceType>& RuleSet::LookingAt(
    const condition::ResourceType& type) const {
  static const std::vector<condition::ResourceType> none;
  const auto found = looking_.find(type);
  return found == looking_.end() ? none : found->second;
}

}  // namespace breakwater::governance
