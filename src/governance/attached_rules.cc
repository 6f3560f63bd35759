#include "governance/attached_rules.h"

#include <algorithm>

#include "crypto/hash.h"
#include "governance/attachment_store.h"
#include "governance/store.h"

namespace breakwater::governance {
namespace {

// Accounts whose rules are kept.
constexpr std::size_t kMostCached = 1024;

constexpr std::string_view kAttached =
    "SELECT r.id, r.name, r.version, r.account, r.actions, r.enforced_from, r.target, "
    "r.required_config, r.import, a.scope_type, a.scope_id, a.note, a.excluded, a.parameters, "
    "r.service, r.kind FROM governance_attachment a JOIN governance_rule r ON r.id = a.rule_id "
    "WHERE a.account = $1 OR a.account = $2 ORDER BY r.created, r.id, a.id";

Error Unreadable(const AttachedRule& rule) {
  return Conflict("configuration rule '" + rule.name + "' (" + rule.id +
                  ") cannot be read by this version: " + rule.fault + "; replace or delete it")
      .Reason("rule_unreadable")
      .Detail("rule_id", rule.id);
}

}  // namespace

bool AttachedRule::Has(Action action) const {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

Result<ApplicableRules> AttachedRules::For(db::Transaction& tx,
                                           const control::Resource& resource) const {
  BW_TRY(const auto all, Of(tx, resource.account));
  ApplicableRules applicable;
  applicable.digest = all->digest;
  const condition::ResourceType type{resource.service, resource.kind};
  const auto candidates = all->by_type.find(type);
  if (candidates == all->by_type.end()) return applicable;
  const auto attributes = resource.Attributes();
  for (const Candidate& candidate : candidates->second) {
    const AttachedRule& rule = *candidate.rule;
    if (!Covers(candidate.attachment, resource, all->place)) continue;
    if (rule.compiled == nullptr) return Unreadable(rule);
    if (!rule.compiled->target.Matches(type, attributes)) continue;
    const auto& taken = applicable.rules;
    const bool again = !taken.empty() && taken.back()->id == rule.id &&
                       taken.back()->parameters.ToJson() == rule.parameters.ToJson();
    if (!again) applicable.rules.push_back(candidate.rule);
  }
  return applicable;
}

Result<std::vector<AttachedRules::Candidate>> AttachedRules::All(db::Transaction& tx,
                                                                 const AccountId& account) const {
  BW_TRY(const auto all, Of(tx, account));
  std::vector<Candidate> candidates;
  for (const auto& [type, of_type] : all->by_type) {
    candidates.insert(candidates.end(), of_type.begin(), of_type.end());
  }
  return candidates;
}

Result<std::vector<condition::ResourceType>> AttachedRules::LookingAt(
    db::Transaction& tx, const AccountId& account, const condition::ResourceType& type) const {
  BW_TRY(const auto all, Of(tx, account));
  std::vector<condition::ResourceType> types;
  for (const auto& [judged, candidates] : all->by_type) {
    const bool looks =
        std::any_of(candidates.begin(), candidates.end(), [&](const Candidate& candidate) {
          const auto& compiled = candidate.rule->compiled;
          return compiled != nullptr && compiled->condition.LooksAt(type);
        });
    if (looks) types.push_back(judged);
  }
  return types;
}

Result<AttachedRules::OfAccountPtr> AttachedRules::Of(db::Transaction& tx,
                                                      const AccountId& account) const {
  BW_TRY(auto version, control::ScopesVersion(tx));
  {
    const MutexLock lock(mutex_);
    const auto found = by_account_.find(account.value());
    if (found != by_account_.end() && found->second->version == version) return found->second;
  }
  BW_TRY(auto loaded, Load(tx, account, std::move(version)));
  const MutexLock lock(mutex_);
  if (by_account_.size() >= kMostCached) by_account_.clear();
  by_account_.insert_or_assign(account.value(), loaded);
  return loaded;
}

Result<AttachedRules::OfAccountPtr> AttachedRules::Load(db::Transaction& tx,
                                                        const AccountId& account,
                                                        std::string version) const {
  auto all = std::make_shared<OfAccount>();
  all->version = std::move(version);
  BW_TRY(all->place, hierarchy_.PlaceOf(tx, account));
  json::Array named;
  BW_TRY_STATUS(tx.Query(kAttached, {account, all->place.root}, [&](const db::Row& row) -> Status {
    BW_TRY(auto candidate, CandidateOf(row));
    named.push_back({{"rule_id", json::Text(candidate.rule->id)},
                     {"version", json::Text(candidate.rule->version)},
                     {"parameters", candidate.rule->parameters.ToJson()}});
    all->by_type[{row.String(14), row.String(15)}].push_back(std::move(candidate));
    return Ok();
  }));
  all->digest = "sha256:" + crypto::Sha256Hex(json::Canonical(named));
  return OfAccountPtr(std::move(all));
}

Result<AttachedRules::Candidate> AttachedRules::CandidateOf(const db::Row& row) const {
  auto rule = std::make_shared<AttachedRule>();
  rule->id = row.String(0);
  rule->name = row.String(1);
  rule->version = row.String(2);
  rule->account = AccountId(row.String(3));
  BW_TRY(rule->actions, ActionsFrom(row.Text(4)));
  rule->enforced_from = row.OptionalTime(5);
  BW_TRY(const json::Value target, ParseStored(row.Text(6)));
  BW_TRY(const json::Value required_config, ParseStored(row.Text(7)));
  BW_TRY(const json::Value import, ParseStored(row.Text(8)));
  BW_TRY(auto attachment, AttachmentDraftFrom(rule->account, row.Text(9), row.Text(10),
                                              row.Text(11), row.Text(12), row.Text(13)));
  auto compiled = CompileAccepted(target, required_config, import, catalogue_);
  if (compiled.ok()) {
    auto parameters = condition::Parameters::Bind(compiled->parameters, attachment.parameters);
    if (parameters.ok()) {
      rule->parameters = *std::move(parameters);
      rule->compiled = std::make_shared<const CompiledRule>(*std::move(compiled));
    } else {
      rule->fault = parameters.error().message();
    }
  } else {
    rule->fault = compiled.error().message();
  }
  return Candidate{std::move(rule), std::move(attachment)};
}

}  // namespace breakwater::governance
