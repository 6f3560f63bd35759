#include "iam/restriction_events.h"

#include <chrono>

#include "control/change.h"
#include "observe/log.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kAction = "context-based-restrictions.policy.eval";

audit::Record RecordOf(const control::Caller& caller, std::string_view action,
                       const control::Resource& resource, const Restriction& rule) {
  const bool enforced = rule.mode == Enforcement::kEnabled;
  audit::Record record;
  record.account = resource.account;
  record.registry = resource.registry;
  record.action = std::string(kAction);
  record.outcome = enforced ? audit::Outcome::kFailure : audit::Outcome::kSuccess;
  record.reason_code = enforced ? control::StatusOf(ErrorCode::kDenied) : 200;
  record.reason = enforced ? "a context-based restriction refused it"
                           : "a context-based restriction would refuse it: it only reports";
  record.severity = enforced ? audit::Severity::kCritical : audit::Severity::kWarning;
  record.initiator = control::ToInitiator(caller);
  record.target = {.crn = resource.crn().ToString(),
                   .kind = resource.kind,
                   .name = resource.name.empty() ? resource.name_space : resource.name};
  record.request_id = caller.origin.request_id;
  record.private_network = caller.origin.private_network;
  record.judgement = {{"decision", "Deny"},
                      {"enforced", enforced},
                      {"restriction", json::Text(rule.id)},
                      {"action", json::Text(action)}};
  return record;
}

}  // namespace

bool RestrictionEvents::IsNew(const std::string& key) {
  const Timestamp now = clock_.Now();
  const MutexLock lock(mutex_);
  if (now - minute_ >= std::chrono::minutes{1} || now < minute_) {
    minute_ = now;
    recorded_.clear();
  }
  return recorded_.size() < kPerMinute && recorded_.insert(key).second;
}

void RestrictionEvents::Forget(const std::string& key) {
  const MutexLock lock(mutex_);
  recorded_.erase(key);
}

void RestrictionEvents::Record(const control::Caller& caller, std::string_view action,
                               const control::Resource& resource, const Restriction& rule) {
  const std::string key = rule.id + '\n' + caller.actor.iam_id.value() + '\n' +
                          caller.origin.address + '\n' + std::string(action) + '\n' +
                          resource.name_space;
  if (!IsNew(key)) return;
  const Status recorded = log_.AppendAlone(RecordOf(caller, action, resource, rule));
  if (recorded.ok()) return;
  Forget(key);
  // On a thread that must not wait: the request comes again on one that may.
  if (recorded.error().reason() == "would_wait") return;
  observe::LogError(observe::Level::kError, "a restriction's refusal could not be recorded",
                    recorded.error(), {{"request_id", caller.origin.request_id}});
}

}  // namespace breakwater::iam
