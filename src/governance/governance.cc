#include "governance/governance.h"

#include <algorithm>
#include <set>

#include "control/touched.h"
#include "db/lazy_flush.h"
#include "governance/conflicts.h"
#include "governance/store.h"
#include "json/reader.h"

namespace breakwater::governance {
namespace {

using condition::ResourceType;
using json::Text;

constexpr std::string_view kEvaluateJob = "governance.evaluate";
constexpr std::string_view kImageJob = "governance.image";
constexpr std::chrono::hours kSafetyNet{24};  // ibm-scc 1.8
constexpr std::chrono::hours kAging{1};

Error NoRule(const std::string& rule_id) {
  return NotFound("rule '" + rule_id.substr(0, 64) + "' was not found").Reason("not_found");
}

Result<Rule> MustFindRule(db::Transaction& tx, const AccountId& account,
                          const std::string& rule_id) {
  BW_TRY(auto rule, SelectRule(tx, account, rule_id));
  if (!rule) return NoRule(rule_id);
  return *std::move(rule);
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
  BW_TRY(const auto attachments, SelectAttachments(tx, Attachable::kRule, rule.id));
  return std::any_of(attachments.begin(), attachments.end(), [&](const Attachment& attachment) {
    const auto& id = attachment.definition.included.id;
    return std::find(filter.scopes.begin(), filter.scopes.end(), id) != filter.scopes.end();
  });
}

// The attachments that a rule has already, but for one that is replaced.
Status AddAttached(db::Transaction& tx, Proposal& proposal, const std::string& replaced) {
  BW_TRY(const auto there, SelectAttachments(tx, Attachable::kRule, proposal.rule_id));
  for (const Attachment& attachment : there) {
    if (attachment.id != replaced) proposal.attachments.push_back(attachment.definition);
  }
  return Ok();
}

}  // namespace

Governance::Governance(GovernanceDeps deps)
    : deps_(deps),
      attachments_(deps.database, deps.clock, deps.changes, deps.hierarchy, deps.limits.attachment,
                   AttachmentKind()) {
  jobs::Jobs& jobs = deps_.jobs;
  const std::string job(kEvaluateJob);
  jobs.Register(job, {}, [this](const jobs::Job& claimed) { return React(claimed); });
  for (const std::string_view event :
       {control::kChangeCommitted, kRulesChanged, control::kFactsChanged, control::kTreeChanged}) {
    jobs.Subscribe(std::string(event), job);
  }
  const std::string image_job(kImageJob);
  jobs.Register(image_job, {}, [this](const jobs::Job& claimed) { return ReactToImage(claimed); });
  for (const std::string_view event : control::kImageEvents) {
    jobs.Subscribe(std::string(event), image_job);
  }
  jobs.Every("governance.hourly", kAging, [this] { return deps_.results.EvaluateAging(); });
  jobs.Every("governance.daily", kSafetyNet, [this] { return deps_.results.EvaluateAll(); });
}

// Rules and the tree change what is judged in every account below; facts in one account only.
Status Governance::React(const jobs::Job& job) {
  const db::LazyFlush lazy;  // derived: the job is done again if it is lost
  const json::Reader in(job.payload);
  const AccountId account(in.Field("account").String());
  const bool below = in.Optional("rule_id").has_value();
  if (!in.Optional("governed")) {
    BW_TRY_STATUS(in.Finish());
    return deps_.results.EvaluateAllBelow(account);
  }
  BW_TRY(const auto touched, control::TouchedBy(in, account));
  return below ? deps_.results.EvaluateBelow(account, touched.types)
               : deps_.results.EvaluateTouched(account, touched);
}

Status Governance::ReactToImage(const jobs::Job& job) {
  const db::LazyFlush lazy;
  BW_TRY(auto image, control::ImageTouchedBy(job.payload));
  const AccountId account = image.account;
  return deps_.results.EvaluateTouched(account, {.types = {}, .resources = {std::move(image)}});
}

Attachments::Kind Governance::AttachmentKind() const {
  return {.what = Attachable::kRule,
          .resource_kind = "rule",
          .actions = "compliance.configuration-governance.attachments-",
          .must_exist = [](db::Transaction& tx, const AccountId& account,
                           const std::string& rule_id) -> Status {
            BW_TRY_STATUS(MustFindRule(tx, account, rule_id));
            return Ok();
          },
          .accept =
              [this](db::Transaction& tx, const std::string& rule_id,
                     const std::vector<AttachmentDraft>& drafts,
                     const std::string& replaced) { return Accept(tx, rule_id, drafts, replaced); },
          .events = [](db::Transaction& tx, const AccountId& account,
                       const std::string& rule_id) -> Result<std::vector<jobs::Event>> {
            BW_TRY(const Rule rule, MustFindRule(tx, account, rule_id));
            return std::vector<jobs::Event>{RulesChanged(rule, {TypeOf(rule)})};
          }};
}

// Whether a rule may be attached so, beside where it is attached already.
Status Governance::Accept(db::Transaction& tx, const std::string& rule_id,
                          const std::vector<AttachmentDraft>& drafts,
                          const std::string& replaced) const {
  BW_CHECK(!drafts.empty());
  BW_TRY(const Rule rule, MustFindRule(tx, drafts.front().account, rule_id));
  const RuleDraft& draft = rule.definition;
  BW_TRY(const CompiledRule compiled,
         CompileAccepted(draft.target, draft.required_config, draft.import, deps_.catalogue));
  Proposal proposal{rule_id, draft, compiled, drafts};
  BW_TRY_STATUS(AddAttached(tx, proposal, replaced));
  return CheckConflicts(tx, deps_.hierarchy, deps_.attached, proposal);
}

// How many rules an account may have.
Result<std::int64_t> Governance::RoomFor(db::Transaction& tx, const AccountId& account) const {
  BW_TRY(const auto place, deps_.hierarchy.PlaceOf(tx, account));
  const bool founded = !place.enterprise.empty() && place.root == account;
  return founded ? deps_.limits.enterprise_rules : deps_.limits.rules;
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
    BW_TRY(const auto most, RoomFor(tx, draft.account));
    if (count >= most) {
      return LimitExceeded("an account has at most " + std::to_string(most) + " rules");
    }
    BW_TRY_STATUS(InsertRule(tx, rule, compiled.target.type()));
    BW_TRY_STATUS(control::TouchScopes(tx));
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
  const control::Resource resource = RuleResource(draft.account, rule_id);
  const Status may = deps_.authorizer.Authorize(caller, kChangeAttached, resource);
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(rule, MustFindRule(tx, draft.account, rule_id));
    BW_TRY_STATUS(CheckAttached(tx, Attachable::kRule, rule_id, may));
    BW_TRY_STATUS(CheckVersion(expected, rule.version));
    Proposal proposal{rule_id, draft, compiled, {}};
    BW_TRY_STATUS(AddAttached(tx, proposal, {}));
    BW_TRY_STATUS(CheckConflicts(tx, deps_.hierarchy, deps_.attached, proposal));
    const ResourceType type_before = TypeOf(rule);
    json::Value before = ToJson(rule.definition);
    rule.definition = draft;
    rule.version = version;
    rule.modified = deps_.clock.Now();
    rule.modified_by = caller.actor.iam_id.value();
    BW_TRY_STATUS(UpdateRule(tx, rule, compiled.target.type()));
    BW_TRY_STATUS(control::TouchScopes(tx));
    control::Effect effect = EffectOf(rule, std::move(before), ToJson(draft));
    effect.events = {RulesChanged(rule, {type_before, TypeOf(rule)})};
    return effect;
  };
  BW_TRY_STATUS(
      deps_.changes.Submit(caller, {.action = "compliance.configuration-governance.rules-update",
                                    .resource = resource,
                                    .apply = apply}));
  return rule;
}

Status Governance::DeleteRule(const control::Caller& caller, const AccountId& account,
                              const std::string& rule_id) {
  const control::Resource resource = RuleResource(account, rule_id);
  const Status may = deps_.authorizer.Authorize(caller, kChangeAttached, resource);
  const auto apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Rule rule, MustFindRule(tx, account, rule_id));
    BW_TRY_STATUS(CheckAttached(tx, Attachable::kRule, rule_id, may));
    BW_TRY_STATUS(RemoveRule(tx, rule_id));
    BW_TRY_STATUS(control::TouchScopes(tx));
    return EffectOf(rule, ToJson(rule.definition), nullptr);
  };
  return deps_.changes.Submit(caller, {.action = "compliance.configuration-governance.rules-delete",
                                       .resource = resource,
                                       .apply = apply});
}

}  // namespace breakwater::governance
