#include "governance/attached_rules.h"

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

}  // namespace

Result<RuleSetPtr> AttachedRules::Of(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(auto version, control::ScopesVersion(tx));
  {
    const MutexLock lock(mutex_);
    const auto found = by_account_.find(account.value());
    if (found != by_account_.end() && found->second.version == version) return found->second.rules;
  }
  BW_TRY(auto loaded, Load(tx, account));
  const MutexLock lock(mutex_);
  if (by_account_.size() >= kMostCached) by_account_.clear();
  by_account_.insert_or_assign(account.value(), Cached{std::move(version), loaded});
  return loaded;
}

Result<RuleSetPtr> AttachedRules::Load(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(auto place, hierarchy_.PlaceOf(tx, account));
  BW_TRY(auto candidates, tx.QueryAll(kAttached, {account, place.root},
                                      [&](const db::Row& row) { return CandidateOf(row); }));
  return std::make_shared<const RuleSet>(std::move(place), std::move(candidates));
}

Result<Candidate> AttachedRules::CandidateOf(const db::Row& row) const {
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
      rule->Use(std::make_shared<const CompiledRule>(*std::move(compiled)), *std::move(parameters));
    } else {
      rule->fault = parameters.error().message();
    }
  } else {
    rule->fault = compiled.error().message();
  }
  return Candidate{std::move(rule), std::move(attachment), {row.String(14), row.String(15)}};
}

}  // namespace breakwater::governance
