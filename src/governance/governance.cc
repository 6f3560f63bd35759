#include "governance/governance.h"

#include <algorithm>
#include <set>

#include "db/lazy_flush.h"
#include "governance/store.h"
#include "json/reader.h"

namespace breakwater::governance {
namespace {

using condition::ResourceType;
using json::Text;

constexpr std::string_view kEvaluateJob = "governance.evaluate";
constexpr std::chrono::hours kSafetyNet{24};  // ibm-scc 1.8

Error NoRule(const std::string& rule_id) {
  return NotFound("rule '" + rule_id.substr(0, 64) + "' was not found").Reason("not_found");
}

Error NoAttachment(const std::string& attachment_id) {
  return NotFound("attachment '" + attachment_id.substr(0, 64) + "' was not found")
      .Reason("not_found");
}

Error LimitExceeded(std::string what) {
  return Invalid(std::move(what)).Reason("limit_exceeded");
}

Result<Rule> MustFindRule(db::Transaction& tx, const AccountId& account,
                          const std::string& rule_id) {
  BW_TRY(auto rule, SelectRule(tx, account, rule_id));
  if (!rule) return NoRule(rule_id);
  return *std::move(rule);
}

Result<Attachment> MustFindAttachment(db::Transaction& tx, const std::string& rule_id,
                                      const std::string& attachment_id) {
  BW_TRY(auto attachment, SelectAttachment(tx, rule_id, attachment_id));
  if (!attachment) return NoAttachment(attachment_id);
  return *std::move(attachment);
}

Status CheckVersion(const std::optional<std::string>& expected, const std::string& version) {
  if (!expected || *expected == version) return Ok();
  return Error(ErrorCode::kPrecondition,
               "the If-Match header does not name the present version; read it again")
      .Reason("version_mismatch");
}

// What a stored rule is about, however much of it is understood.
ResourceType TypeOf(const Rule& rule) {
  const json::Value& target = rule.definition.target;
  return {std::string(json::FindText(target, "service_name")),
          std::string(json::FindText(target, "resource_kind"))};
}

jobs::Event RulesChanged(const Rule& rule, const std::set<ResourceType>& types) {
  json::Array governed;
  for (const ResourceType& type : types) {
    governed.push_back({{"service", Text(type.service)}, {"kind", Text(type.kind)}});
  }
  return {std::string(kRulesChanged),
          {{"account", Text(rule.definition.account.value())},
           {"rule_id", Text(rule.id)},
           {"governed", std::move(governed)}}};
}

control::Effect EffectOf(const Rule& rule, json::Value before, json::Value after) {
  return {.before = std::move(before),
          .after = std::move(after),
          .governed = {},
          .events = {RulesChanged(rule, {TypeOf(rule)})}};
}

control::Resource RuleResource(const AccountId& account, const std::string& rule_id) {
  return control::AccountResource(account, "rule", rule_id);
}

bool CarriesAll(const std::vector<std::string>& labels, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& label) {
    return std::find(labels.begin(), labels.end(), label) != labels.end();
  });
}

Result<bool> Fits(db::Transaction& tx, const Rule& rule, const RuleFilter& filter) {
  if (filter.attached && *filter.attached != (rule.attachments > 0)) return false;
  if (!CarriesAll(rule.definition.labels, filter.labels)) return false;
  if (filter.scopes.empty()) return true;
  BW_TRY(const auto attachments, SelectAttachments(tx, rule.id));
  return std::any_of(attachments.begin(), attachments.end(), [&](const Attachment& attachment) {
    const auto& id = attachment.definition.included.id;
    return std::find(filter.scopes.begin(), filter.scopes.end(), id) != filter.scopes.end();
  });
}

}  // namespace

Governance::Governance(GovernanceDeps deps) : deps_(deps) {
  jobs::Jobs& jobs = deps_.jobs;
  const std::string job(kEvaluateJob);
  jobs.Register(job, {}, [this](const jobs::Job& claimed) { return React(claimed); });
  jobs.Subscribe(std::string(control::kChangeCommitted), job);
  jobs.Subscribe(std::string(kRulesChanged), job);
  jobs.Subscribe(std::string(control::kFactsChanged), job);
  jobs.Every("governance.daily", kSafetyNet, [this] { return deps_.results.EvaluateAll(); });
}

Status Governance::React(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  std::set<ResourceType> types;
  for (const json::Reader& touched : in.Field("governed").Items(10'000)) {
    types.insert({touched.Field("service").String(), touched.Field("kind").String()});
  }
  BW_TRY_STATUS(in.Finish());
  for (const ResourceType& type : types) {
    BW_TRY_STATUS(deps_.results.EvaluateType(account, type));
  }
  return Ok();
}

Result<Rule> Governance::CreateRule(const control::Caller& caller, const RuleDraft& draft) {
  BW_TRY(const CompiledRule compiled, Compile(draft, deps_.catalogue, deps_.limits));
  Rule rule;
  rule.id = "rule-" + NewUuid();
  rule.version = NewUuid();
  rule.definition = draft;
  rule.created = rule.modified = deps_.clock.Now();
  rule.created_by = rule.modified_by = caller.actor.iam_id.value();
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto count, CountRules(tx, draft.account));
    if (count >= deps_.limits.rules) {
      return LimitExceeded("an account has at most " + std::to_string(deps_.limits.rules) +
                           " rules");
    }
    BW_TRY_STATUS(InsertRule(tx, rule, compiled.target.type()));
    return EffectOf(rule, nullptr, ToJson(draft));
  };
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = "compliance.configuration-governance.rules-create",
                                    .resource = RuleResource(draft.account, rule.id),
                                    .apply = apply}));
  return rule;
}

Result<Rule> Governance::FindRule(const AccountId& account, const std::string& rule_id) const {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return MustFindRule(tx, account, rule_id); });
}

Result<RulePage> Governance::ListRules(const AccountId& account, const RuleFilter& filter) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<RulePage> {
    RulePage page;
    // The number of an account's rules is limited, so all of them are looked at.
    BW_TRY(auto rules, SelectRules(tx, account));
    for (Rule& rule : rules) {
      BW_TRY(const bool fits, Fits(tx, rule, filter));
      if (!fits) continue;
      const std::int64_t at = page.total++;
      if (at >= filter.offset && at - filter.offset < filter.limit) {
        page.rules.push_back(std::move(rule));
      }
    }
    return page;
  });
}

Result<Rule> Governance::ReplaceRule(const control::Caller& caller, const std::string& rule_id,
                                     const std::optional<std::string>& expected,
                                     const RuleDraft& draft) {
  BW_TRY(const CompiledRule compiled, Compile(draft, deps_.catalogue, deps_.limits));
  Rule rule;
  const std::string version = NewUuid();
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(rule, MustFindRule(tx, draft.account, rule_id));
    BW_TRY_STATUS(CheckVersion(expected, rule.version));
    const ResourceType type_before = TypeOf(rule);
    json::Value before = ToJson(rule.definition);
    rule.definition = draft;
    rule.version = version;
    rule.modified = deps_.clock.Now();
    rule.modified_by = caller.actor.iam_id.value();
    BW_TRY_STATUS(UpdateRule(tx, rule, compiled.target.type()));
    control::Effect effect = EffectOf(rule, std::move(before), ToJson(draft));
    effect.events = {RulesChanged(rule, {type_before, TypeOf(rule)})};
    return effect;
  };
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = "compliance.configuration-governance.rules-update",
                                    .resource = RuleResource(draft.account, rule_id),
                                    .apply = apply}));
  return rule;
}

Status Governance::DeleteRule(const control::Caller& caller, const AccountId& account,
                              const std::string& rule_id) {
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Rule rule, MustFindRule(tx, account, rule_id));
    BW_TRY_STATUS(RemoveRule(tx, rule_id));
    return EffectOf(rule, ToJson(rule.definition), nullptr);
  };
  return deps_.changes.Submit(caller, {.action = "compliance.configuration-governance.rules-delete",
                                       .resource = RuleResource(account, rule_id),
                                       .apply = apply});
}

Result<std::vector<Attachment>> Governance::Attach(const control::Caller& caller,
                                                   const AccountId& account,
                                                   const std::string& rule_id,
                                                   const std::vector<AttachmentDraft>& drafts) {
  std::vector<Attachment> attachments;
  json::Array after;
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    BW_TRY_STATUS(Check(drafts[i], deps_.limits).Context("attachments[" + std::to_string(i) + "]"));
    attachments.push_back({"attachment-" + NewUuid(), rule_id, drafts[i], NewUuid()});
    after.push_back(ToJson(drafts[i]));
  }
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Rule rule, MustFindRule(tx, account, rule_id));
    const auto added = static_cast<std::int64_t>(attachments.size());
    if (rule.attachments + added > deps_.limits.attachments) {
      return LimitExceeded("a rule has at most " + std::to_string(deps_.limits.attachments) +
                           " attachments");
    }
    for (const Attachment& attachment : attachments) {
      BW_TRY_STATUS(InsertAttachment(tx, attachment, deps_.clock.Now()));
    }
    return EffectOf(rule, nullptr, json::Object{{"attachments", after}});
  };
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "compliance.configuration-governance.attachments-create",
               .resource = RuleResource(account, rule_id),
               .apply = apply}));
  return attachments;
}

Result<std::vector<Attachment>> Governance::ListAttachments(const AccountId& account,
                                                            const std::string& rule_id) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Attachment>> {
    BW_TRY_STATUS(MustFindRule(tx, account, rule_id));
    return SelectAttachments(tx, rule_id);
  });
}

Result<Attachment> Governance::FindAttachment(const AccountId& account, const std::string& rule_id,
                                              const std::string& attachment_id) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Attachment> {
    BW_TRY_STATUS(MustFindRule(tx, account, rule_id));
    return MustFindAttachment(tx, rule_id, attachment_id);
  });
}

Result<Attachment> Governance::ReplaceAttachment(const control::Caller& caller,
                                                 const std::string& rule_id,
                                                 const std::string& attachment_id,
                                                 const std::optional<std::string>& expected,
                                                 const AttachmentDraft& draft) {
  BW_TRY_STATUS(Check(draft, deps_.limits));
  Attachment attachment;
  const std::string version = NewUuid();
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Rule rule, MustFindRule(tx, draft.account, rule_id));
    BW_TRY(attachment, MustFindAttachment(tx, rule_id, attachment_id));
    BW_TRY_STATUS(CheckVersion(expected, attachment.version));
    json::Value before = ToJson(attachment.definition);
    attachment.definition = draft;
    attachment.version = version;
    BW_TRY_STATUS(UpdateAttachment(tx, attachment));
    return EffectOf(rule, std::move(before), ToJson(draft));
  };
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "compliance.configuration-governance.attachments-update",
               .resource = RuleResource(draft.account, rule_id),
               .apply = apply}));
  return attachment;
}

Status Governance::Detach(const control::Caller& caller, const AccountId& account,
                          const std::string& rule_id, const std::string& attachment_id) {
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Rule rule, MustFindRule(tx, account, rule_id));
    BW_TRY(const Attachment attachment, MustFindAttachment(tx, rule_id, attachment_id));
    BW_TRY_STATUS(RemoveAttachment(tx, attachment_id));
    return EffectOf(rule, ToJson(attachment.definition), nullptr);
  };
  return deps_.changes.Submit(caller,
                              {.action = "compliance.configuration-governance.attachments-delete",
                               .resource = RuleResource(account, rule_id),
                               .apply = apply});
}

}  // namespace breakwater::governance
