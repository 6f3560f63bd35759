#include "governance/attached_rules.h"

#include <algorithm>

#include "governance/store.h"

namespace breakwater::governance {
namespace {

constexpr std::size_t kMostCached = 4096;

constexpr std::string_view kAttached =
    "SELECT r.id, r.name, r.version, r.actions, r.target, r.required_config, a.scope_type, "
    "a.scope_id, a.note, a.excluded FROM governance_attachment a "
    "JOIN governance_rule r ON r.id = a.rule_id "
    "WHERE a.account = $1 AND r.service = $2 AND r.kind = $3 ORDER BY r.created, r.id, a.id";

}  // namespace

bool AttachedRule::Has(Action action) const {
  return std::find(actions.begin(), actions.end(), action) != actions.end();
}

Result<std::vector<AttachedRule>> AttachedRules::For(db::Transaction& tx,
                                                     const control::Resource& resource) const {
  std::vector<AttachedRule> rules;
  const auto attributes = resource.Attributes();
  const condition::ResourceType type{resource.service, resource.kind};
  BW_TRY_STATUS(tx.Query(kAttached, {resource.account, resource.service, resource.kind},
                         [&](const db::Row& row) -> Status {
                           if (!rules.empty() && rules.back().id == row.Text(0)) return Ok();
                           BW_TRY(const AttachmentDraft attachment,
                                  AttachmentDraftFrom(resource.account, row.Text(6), row.Text(7),
                                                      row.Text(8), row.Text(9)));
                           if (!Covers(attachment, resource)) return Ok();
                           BW_TRY(auto rule, RuleOf(row));
                           if (rule.compiled->target.Matches(type, attributes))
                             rules.push_back(std::move(rule));
                           return Ok();
                         }));
  return rules;
}

Result<AttachedRule> AttachedRules::RuleOf(const db::Row& row) const {
  AttachedRule rule;
  rule.id = row.String(0);
  rule.name = row.String(1);
  rule.version = row.String(2);
  BW_TRY(rule.actions, ActionsFrom(row.Text(3)));
  rule.compiled = Cached(rule.version);
  if (rule.compiled != nullptr) return rule;
  BW_TRY(const json::Value target, ParseStored(row.Text(4)));
  BW_TRY(const json::Value required_config, ParseStored(row.Text(5)));
  auto compiled = CompileAccepted(target, required_config, catalogue_);
  if (!compiled.ok()) {
    return Conflict("configuration rule '" + rule.name + "' (" + rule.id +
                    ") cannot be read by this version: " + compiled.error().message() +
                    "; replace or delete it")
        .Reason("rule_unreadable")
        .Detail("rule_id", rule.id);
  }
  rule.compiled = std::make_shared<const CompiledRule>(*std::move(compiled));
  Keep(rule.version, rule.compiled);
  return rule;
}

AttachedRules::CompiledPtr AttachedRules::Cached(const std::string& version) const {
  const MutexLock lock(mutex_);
  const auto found = by_version_.find(version);
  return found == by_version_.end() ? nullptr : found->second;
}

void AttachedRules::Keep(const std::string& version, CompiledPtr compiled) const {
  const MutexLock lock(mutex_);
  // Versions of replaced rules are never asked for again; starting anew forgets them.
  if (by_version_.size() >= kMostCached) by_version_.clear();
  by_version_.emplace(version, std::move(compiled));
}

}  // namespace breakwater::governance
