#include "control/change.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "observe/log.h"

namespace breakwater::control {
namespace {

using json::Text;

audit::Severity SeverityOf(ErrorCode code) {
  // spec of the reference system: refusals of rights are critical, other failures warnings.
  switch (code) {
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kDenied:
    case ErrorCode::kUnavailable: return audit::Severity::kCritical;
    case ErrorCode::kInvalid:
    case ErrorCode::kNotFound:
    case ErrorCode::kExists:
    case ErrorCode::kConflict:
    case ErrorCode::kPrecondition:
    case ErrorCode::kRangeInvalid:
    case ErrorCode::kTooLarge:
    case ErrorCode::kQuota:
    case ErrorCode::kRateLimited:
    case ErrorCode::kUnsupported:
    case ErrorCode::kDeadline:
    case ErrorCode::kDataCorrupt:
    case ErrorCode::kInternal: return audit::Severity::kWarning;
  }
  BW_UNREACHABLE();
}

audit::Record RecordOf(const Caller& caller, std::string_view action, const Resource& resource) {
  audit::Record record;
  record.account = resource.account;
  record.registry = resource.registry;
  record.action = std::string(action);
  record.initiator = ToInitiator(caller);
  record.target = {.crn = resource.crn().ToString(),
                   .kind = resource.kind,
                   .name = resource.name.empty() ? resource.name_space : resource.name};
  record.request_id = caller.origin.request_id;
  record.private_network = caller.origin.private_network;
  return record;
}

audit::Record RefusalOf(const Caller& caller, std::string_view action, const Resource& resource,
                        const Error& error) {
  audit::Record record = RecordOf(caller, action, resource);
  record.outcome = audit::Outcome::kFailure;
  record.reason_code = StatusOf(error.code());
  record.reason = error.message();
  record.severity = SeverityOf(error.code());
  return record;
}

jobs::Event CommittedEvent(const Change& change, const Effect& effect) {
  json::Array governed;
  for (const Resource& r : effect.governed) {
    governed.push_back({{"service", Text(r.service)},
                        {"kind", Text(r.kind)},
                        {"registry", Text(r.registry.value())},
                        {"region", Text(r.region)},
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

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return 400;
    case ErrorCode::kUnauthenticated: return 401;
    case ErrorCode::kDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kExists: return 409;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kPrecondition: return 412;
    case ErrorCode::kRangeInvalid: return 416;
    case ErrorCode::kTooLarge: return 413;
    case ErrorCode::kQuota: return 403;
    case ErrorCode::kRateLimited: return 429;
    case ErrorCode::kUnsupported: return 405;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kDeadline: return 504;
    case ErrorCode::kDataCorrupt: return 500;
    case ErrorCode::kInternal: return 500;
  }
  BW_UNREACHABLE();
}

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
    record.data_event = change.data_event;
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
  record.data_event = change.data_event;
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
  if (const Status recorded = log_.AppendAlone(record); !recorded.ok()) {
    // Nothing was changed, so the trail is still true of the state; say loudly what it lacks.
    observe::LogError(observe::Level::kError, "a refusal could not be recorded", recorded.error(),
                      {{"request_id", record.request_id}, {"action", record.action}});
  }
}

}  // namespace breakwater::control
