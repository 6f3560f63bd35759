#include "control/change.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <span>

#include "base/check.h"
#include "control/activity.h"
#include "control/fact_events.h"
#include "control/refusals.h"
#include "control/together.h"
#include "observe/log.h"

namespace breakwater::control {
namespace {

using json::Text;

// Of more there are several events: a job's data has a limit, and what a change touches has none.
constexpr std::size_t kMostInAnEvent = 500;

jobs::Event CommittedEvent(const Change& change, const std::vector<Resource>& touched) {
  const Resource& target = change.resource;
  return {std::string(kChangeCommitted),
          {{"action", Text(change.action)},
           {"account", Text(target.account.value())},
           {"registry", Text(target.registry.value())},
           {"region", Text(target.region)},
           {"kind", Text(target.kind)},
           {"name", Text(target.name)},
           {"governed", GovernedResources(touched)}}};
}

constexpr std::string_view kRuleEvaluated = "compliance.configuration-governance-rule.eval";

bool AsksForEvent(const json::Value& rule) {
  const json::Value* actions = json::Find(rule, "enforcement_actions");
  if (actions == nullptr || !actions->is_array()) return false;
  return std::ranges::find(actions->get_array(), json::Value("audit_log")) !=
         actions->get_array().end();
}

// What a violated rule with the action audit_log asks for: an event of its own, in the reference's
// words (ibm-scc 1.7, 1.13).
void AddEvaluations(const audit::Record& change, const json::Value& judgement,
                    std::vector<audit::Record>& events) {
  const json::Value* rules = json::Find(judgement, "rules");
  const json::Value* target = json::Find(judgement, "target");
  if (rules == nullptr || !rules->is_array() || target == nullptr) return;
  for (const json::Value& rule : rules->get_array()) {
    if (!AsksForEvent(rule)) continue;
    const bool allowed = rule.at("is_allowed") == json::Value(true);
    audit::Record event = change;
    event.id.clear();
    event.account = AccountId(std::string(json::FindText(*target, "account")));
    event.registry = RegistryName(std::string(json::FindText(*target, "registry")));
    event.action = std::string(kRuleEvaluated);
    // The evaluation came to its end, whatever became of the change (ibm-scc 1.13).
    event.outcome = audit::Outcome::kSuccess;
    event.reason_code = 200;
    event.reason.clear();
    event.data_event = false;
    event.severity = allowed ? audit::Severity::kWarning : audit::Severity::kCritical;
    event.target = {.crn = std::string(json::FindText(judgement, "resource")),
                    .kind = std::string(json::FindText(*target, "kind")),
                    .name = std::string(json::FindText(*target, "name"))};
    event.changes.clear();
    event.judgement = nullptr;
    event.request =
        json::Object{{"rule_id", Text(json::FindText(rule, "rule_id"))},
                     {"rule_name", Text(json::FindText(rule, "rule_name"))},
                     {"compliance.evaluationType", "enforced"},
                     {"compliance.resource.serviceName", Text(json::FindText(*target, "service"))},
                     {"compliance.resource.resourceKind", Text(json::FindText(*target, "kind"))},
                     {"compliance.isAllowed", allowed},
                     {"compliance.isCompliant", false}};
    events.push_back(std::move(event));
  }
}

std::vector<audit::Record> EvaluationsIn(const audit::Record& change, const json::Value& judged) {
  std::vector<audit::Record> events;
  if (!judged.is_array()) return events;
  for (const json::Value& judgement : judged.get_array()) {
    AddEvaluations(change, judgement, events);
  }
  return events;
}

// The events that rules ask for, and the record of what was refused.
std::vector<audit::Record> RefusalsOf(const Caller& caller, const Change& change,
                                      const Error& error, const json::Value& judged) {
  audit::Record record = RefusalOf(caller, change.action, change.resource, error);
  std::vector<audit::Record> records = EvaluationsIn(record, judged);
  record.judgement = judged;
  records.push_back(std::move(record));
  return records;
}

// The group of what was just made, or put into one: who asked for it could not name it.
std::string GroupOf(const Change& change, const Effect& effect) {
  const Resource& target = change.resource;
  if (!target.resource_group.empty() || target.name.empty()) return target.resource_group;
  const auto same = std::ranges::find_if(effect.governed, [&](const Resource& one) {
    return one.service == target.service && one.registry == target.registry &&
           one.kind == target.kind && one.name == target.name;
  });
  return same == effect.governed.end() ? std::string() : same->resource_group;
}

// Records what was done, and emits what it asked for.
Status Keep(db::Transaction& tx, audit::Log& log, jobs::Jobs& jobs, const Caller& caller,
            const Change& change, const Effect& effect, const json::Value& judged,
            audit::Severity severity) {
  audit::Record record = RecordOf(caller, change.action, change.resource);
  record.severity = std::max(change.severity, severity);
  record.target.digest = effect.target_digest;
  record.target.resource_group = GroupOf(change, effect);
  record.changes = audit::Differences(effect.before, effect.after);
  record.judgement = judged;
  for (audit::Record& event : EvaluationsIn(record, judged)) {
    BW_TRY_STATUS(log.Append(tx, std::move(event)));
  }
  BW_TRY_STATUS(log.Append(tx, std::move(record)));
  for (const jobs::Event& event : effect.events) BW_TRY_STATUS(jobs.Emit(tx, event));
  return Ok();
}

void Warn(const Caller& caller, const std::vector<std::string>& warnings) {
  if (caller.warnings == nullptr) return;
  caller.warnings->insert(caller.warnings->end(), warnings.begin(), warnings.end());
}

// A change that is made together with others, until these are judged and committed.
template <class Judged>
struct Made {
  Made(Caller who, Change what) : caller(std::move(who)), change(std::move(what)) {}

  Caller caller;
  Change change;  // without what made it
  Effect effect{};
  std::map<Resource, condition::Facts> weights{};
  std::optional<Judged> judged{};
};

Change Told(const Change& change) {
  Change told;
  told.action = change.action;
  told.resource = change.resource;
  told.severity = change.severity;
  told.weighed.takes_away = change.weighed.takes_away;
  return told;
}

Weighed::Resources Only(Resource resource) {
  return [resource = std::move(resource)](db::Transaction&) -> Result<std::vector<Resource>> {
    return std::vector<Resource>{resource};
  };
}

}  // namespace

Weighed Weigh(Resource resource) {
  return Weigh(Only(std::move(resource)));
}

Weighed Weigh(Weighed::Resources resources) {
  return {.resources = std::move(resources), .takes_away = false};
}

Weighed WeighTaking(Resource resource) {
  return WeighTaking(Only(std::move(resource)));
}

Weighed WeighTaking(Weighed::Resources resources) {
  return {.resources = std::move(resources), .takes_away = true};
}

Status ChangePath::Submit(const Caller& caller, const Change& change) {
  if (JointChanges* joint = JointChanges::Of(*this)) {
    BW_TRY_STATUS(joint->CheckTime());
    const auto made = std::make_shared<Made<Judged>>(caller, Told(change));
    JointChanges::Part part;
    part.judge = [this, made, joint]() -> Status {
      Judged judged;
      Status allowed = JudgeEffect(joint->tx(), made->caller, made->effect, made->weights,
                                   made->change.weighed.takes_away, judged);
      if (!made->judged || !allowed.ok()) made->judged = std::move(judged);
      return allowed;
    };
    part.keep = [this, made, joint]() -> Status {
      BW_TRY_STATUS(Keep(joint->tx(), log_, jobs_, made->caller, made->change, made->effect,
                         made->judged->records, made->judged->severity));
      return EmitCommitted(joint->tx(), made->change, made->effect);
    };
    part.refuse = [this, made](const Error& error) {
      const json::Value judged = made->judged ? made->judged->records : nullptr;
      for (const audit::Record& record : RefusalsOf(made->caller, made->change, error, judged)) {
        AppendRefusal(record);
      }
    };
    part.done = [made] { Warn(made->caller, made->judged->warnings); };
    Status status = authorizer_.Authorize(caller, change.action, change.resource);
    if (status.ok()) {
      status = database_.Write([&](db::Transaction& tx) -> Status {
        BW_TRY(made->weights, Weigh(tx, change.weighed));
        for (auto& [resource, facts] : made->weights) facts = joint->Before(resource, facts);
        BW_TRY(made->effect, change.apply(tx));
        return Ok();
      });
    }
    if (status.ok()) {
      joint->Add(std::move(part));
    } else {
      joint->Refuse(std::move(part), status.error());
    }
    return status;
  }
  Judged judged;
  Status status = authorizer_.Authorize(caller, change.action, change.resource);
  if (status.ok()) {
    status = database_.Write([&](db::Transaction& tx) {
      judged = {};
      return Apply(tx, caller, change, judged);
    });
  }
  if (status.ok()) {
    Warn(caller, judged.warnings);
  } else {
    for (const audit::Record& record : RefusalsOf(caller, change, status.error(), judged.records)) {
      AppendRefusal(record);
    }
  }
  return status;
}

Result<ChangePath::Weights> ChangePath::Weigh(db::Transaction& tx, const Weighed& weighed) const {
  Weights weights;
  if (weighed.resources == nullptr) return weights;
  BW_TRY(const auto resources, weighed.resources(tx));
  for (const Resource& resource : resources) {
    FactSource* source = facts_.For({resource.service, resource.kind});
    BW_CHECK(source != nullptr);
    auto facts = source->Read(tx, resource);
    if (facts.ok()) {
      weights.emplace(resource, *std::move(facts));
    } else if (facts.error().code() != ErrorCode::kNotFound) {
      return facts.error();
    }
  }
  return weights;
}

Status ChangePath::JudgeEffect(db::Transaction& tx, const Caller& caller, const Effect& effect,
                               const Weights& weights, bool takes_away, Judged& judged) {
  const auto take = [&](Judgement judgement) -> Status {
    if (!judgement.record.is_null()) {
      if (judged.records.is_null()) judged.records.emplace_array();
      judged.records.as_array().push_back(std::move(judgement.record));
    }
    if (judgement.refusal) return *std::move(judgement.refusal);
    judged.severity = std::max(judged.severity, judgement.severity);
    std::ranges::move(judgement.warnings, std::back_inserter(judged.warnings));
    return Ok();
  };
  for (const Resource& resource : effect.governed) {
    FactSource* source = facts_.For({resource.service, resource.kind});
    BW_CHECK(source != nullptr);
    const auto facts = source->Read(tx, resource);
    // A later one of those that are made together has taken it away.
    const bool gone = !facts.ok() && facts.error().code() == ErrorCode::kNotFound;
    if (gone && JointChanges::Of(*this) != nullptr) continue;
    if (!facts.ok()) return facts.error();
    std::optional<Before> before;
    if (const auto weight = weights.find(resource); weight != weights.end()) {
      before.emplace(Before{weight->second, takes_away});
    }
    BW_TRY(auto judgement, gate_.Judge(tx, caller, resource, *facts, before ? &*before : nullptr));
    BW_TRY_STATUS(take(std::move(judgement)));
  }
  if (effect.governed.empty() && effect.gone.empty()) return Ok();
  BW_TRY(auto looking, gate_.JudgeWhoLooks(tx, effect));
  for (Judgement& judgement : looking) BW_TRY_STATUS(take(std::move(judgement)));
  return Ok();
}

Status ChangePath::Apply(db::Transaction& tx, const Caller& caller, const Change& change,
                         Judged& judged) {
  BW_TRY(const Weights weights, Weigh(tx, change.weighed));
  BW_TRY(const Effect effect, change.apply(tx));
  BW_TRY_STATUS(JudgeEffect(tx, caller, effect, weights, change.weighed.takes_away, judged));
  BW_TRY_STATUS(Keep(tx, log_, jobs_, caller, change, effect, judged.records, judged.severity));
  return EmitCommitted(tx, change, effect);
}

// Who listens evaluates what is governed, and most pushes govern nothing.
Status ChangePath::EmitCommitted(db::Transaction& tx, const Change& change, const Effect& effect) {
  std::map<AccountId, std::vector<Resource>> touched;
  for (const Resource& one : effect.governed) touched[one.account].push_back(one);
  for (const Resource& one : effect.gone) touched[one.account].push_back(one);
  for (const auto& [account, resources] : touched) {
    const bool own = account == change.resource.account;
    for (std::size_t at = 0; at < resources.size(); at += kMostInAnEvent) {
      const auto part =
          std::span(resources).subspan(at, std::min(kMostInAnEvent, resources.size() - at));
      const std::vector<Resource> some(part.begin(), part.end());
      BW_TRY_STATUS(
          jobs_.Emit(tx, own ? CommittedEvent(change, some) : FactsChangedOf(account, some)));
    }
  }
  return Ok();
}

void ChangePath::RecordRefusal(const Caller& caller, std::string_view action,
                               const Resource& resource, const Error& error) {
  AppendRefusal(RefusalOf(caller, action, resource, error));
}

void ChangePath::AppendRefusal(const audit::Record& record) {
  const JointChanges* joint = JointChanges::Of(*this);
  if (joint != nullptr && joint->rehearsal()) return;
  NoteRefusalRecorded();
  if (const Status recorded = log_.AppendAlone(record); !recorded.ok()) {
    // Nothing was changed, so the trail is still true of the state; say loudly what it lacks.
    observe::LogError(observe::Level::kError, "a refusal could not be recorded", recorded.error(),
                      {{"request_id", record.request_id}, {"action", record.action}});
  }
}

}  // namespace breakwater::control
