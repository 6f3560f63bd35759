#include "control/change.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "control/activity.h"
#include "control/refusals.h"
#include "observe/log.h"

namespace breakwater::control {
namespace {

using json::Text;

jobs::Event CommittedEvent(const Change& change, const Effect& effect) {
  json::Array governed;
  for (const Resource& r : effect.governed) {
    governed.push_back({{"service", Text(r.service)},
                        {"kind", Text(r.kind)},
                        {"registry", Text(r.registry.value())},
                        {"region", Text(r.region)},
                        {"resource_group", Text(r.resource_group)},
                        {"namespace", Text(r.name_space)},
                        {"name", Text(r.name)}});
  }
  const Resource& target = change.resource;
  return {std::string(kChangeCommitted),
          {{"action", Text(change.action)},
           {"account", Text(target.account.value())},
           {"registry", Text(target.registry.value())},
           {"region", Text(target.region)},
           {"kind", Text(target.kind)},
           {"name", Text(target.name)},
           {"governed", std::move(governed)}}};
}

}  // namespace

Status ChangePath::Submit(const Caller& caller, const Change& change) {
  json::Value judged;
  std::vector<std::string> warnings;
  Status status = authorizer_.Authorize(caller, change.action, change.resource);
  if (status.ok()) {
    status = database_.Write([&](db::Transaction& tx) {
      warnings.clear();
      return Apply(tx, caller, change, &judged, &warnings);
    });
  }
  if (status.ok() && caller.warnings != nullptr) {
    caller.warnings->insert(caller.warnings->end(), warnings.begin(), warnings.end());
  }
  if (!status.ok()) {
    audit::Record record = RefusalOf(caller, change.action, change.resource, status.error());
    record.judgement = std::move(judged);
    AppendRefusal(record);
  }
  return status;
}

Status ChangePath::Apply(db::Transaction& tx, const Caller& caller, const Change& change,
                         json::Value* judged, std::vector<std::string>* warnings) {
  BW_TRY(const Effect effect, change.apply(tx));

  json::Array judgements;
  audit::Severity severity = change.severity;
  for (const Resource& resource : effect.governed) {
    FactSource* source = facts_.For({resource.service, resource.kind});
    BW_CHECK(source != nullptr);
    BW_TRY(const condition::Facts facts, source->Read(tx, resource));
    BW_TRY(Judgement judgement, gate_.Judge(tx, caller, resource, facts));
    if (!judgement.record.is_null()) judgements.push_back(std::move(judgement.record));
    *judged = judgements.empty() ? json::Value() : json::Value(judgements);
    if (judgement.refusal) return *std::move(judgement.refusal);
    severity = std::max(severity, judgement.severity);
    std::ranges::move(judgement.warnings, std::back_inserter(*warnings));
  }

  audit::Record record = RecordOf(caller, change.action, change.resource);
  record.severity = severity;
  record.target.digest = effect.target_digest;
  record.changes = audit::Differences(effect.before, effect.after);
  record.judgement = *judged;
  BW_TRY_STATUS(log_.Append(tx, std::move(record)));
  for (const jobs::Event& event : effect.events) BW_TRY_STATUS(jobs_.Emit(tx, event));
  // Who listens evaluates what is governed, and a push governs nothing.
  if (effect.governed.empty()) return Ok();
  return jobs_.Emit(tx, CommittedEvent(change, effect));
}

void ChangePath::RecordRefusal(const Caller& caller, std::string_view action,
                               const Resource& resource, const Error& error) {
  AppendRefusal(RefusalOf(caller, action, resource, error));
}

void ChangePath::AppendRefusal(const audit::Record& record) {
  NoteRefusalRecorded();
  if (const Status recorded = log_.AppendAlone(record); !recorded.ok()) {
    // Nothing was changed, so the trail is still true of the state; say loudly what it lacks.
    observe::LogError(observe::Level::kError, "a refusal could not be recorded", recorded.error(),
                      {{"request_id", record.request_id}, {"action", record.action}});
  }
}

}  // namespace breakwater::control
