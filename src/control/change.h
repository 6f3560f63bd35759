// The one path for change:
//
//   who? -> may they? -> may this be? -> commit + audit record + outbox event, in ONE transaction
//
// Whatever alters configuration, by whatever door, is a Change and goes through Submit. The change
// is applied inside the transaction, the facts of what it touches are read back there, the gate
// judges them, and a refusal rolls everything back: the verdict and the commit see the same rules
// and the same state. Refusals are recorded too.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/result.h"
#include "condition/value.h"
#include "control/activity.h"
#include "control/caller.h"
#include "control/facts.h"
#include "control/resource.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "json/json.h"

namespace breakwater::control {

// May this caller do this to that? Implemented by iam. Thread-safe.
class Authorizer {
 public:
  virtual ~Authorizer() = default;
  // OK, or kUnauthenticated / kDenied with a reason the caller may know.
  virtual Status Authorize(const Caller& caller, std::string_view action,
                           const Resource& resource) = 0;
};

// What the gate says of one resource.
struct Judgement {
  // An error to return to the caller if a rule forbids the state; it names rule, property,
  // required and offered value, and the change that cures it.
  std::optional<Error> refusal;
  // For the audit record: the resource (`target`, with its account), the facts that were judged,
  // the digest of the rules, and the verdicts of those that are violated. Null if nothing judges
  // here.
  json::Value record;
  // For the caller, beside the result.
  std::vector<std::string> warnings{};
  // The audit record is at least as severe.
  audit::Severity severity = audit::Severity::kNormal;
  // Some attached rule is violated, whatever its effect.
  bool compliant = true;
};

// The facts of a weighed resource that a change starts from.
struct Before {
  const condition::Facts& facts;
  bool takes_away = false;
};

// What applying a change did.
struct Effect {
  json::Value before;  // the document as it was; null if it was not there. No secrets.
  json::Value after;   // as it is now; null if it is gone
  // Resources whose facts the change may have altered; each is read back and judged. They may be
  // of several accounts, as those that are gone.
  std::vector<Resource> governed;
  std::vector<jobs::Event> events;
  std::string target_digest = {};  // of the image that it is about, for the audit trail
  // Resources that are no more: others may have been judged by them.
  std::vector<Resource> gone = {};
};

// Is this state allowed? Implemented by governance. Thread-safe.
class Gate {
 public:
  virtual ~Gate() = default;
  // Judges the facts `resource` would have after the change, inside the change's transaction.
  // `before` is null unless these are weighed.
  virtual Result<Judgement> Judge(db::Transaction& tx, const Caller& caller,
                                  const Resource& resource, const condition::Facts& facts,
                                  const Before* before) = 0;
  // Once for a change: judges those that are judged by looking at what it governs or took away,
  // but are not governed by it themselves.
  virtual Result<std::vector<Judgement>> JudgeWhoLooks(db::Transaction&, const Effect&) {
    return std::vector<Judgement>{};
  }
};

// Governed resources whose facts before a change are weighed: a rule that they violate already does
// not refuse a change that leaves all it asks for as it was, or that only takes away. So whoever
// must go can go, and who adds nothing can come, whatever rule is violated. Only rules without
// sub-rules are weighed: the others are about more than the resource's own facts.
struct Weighed {
  using Resources = std::function<Result<std::vector<Resource>>(db::Transaction& tx)>;

  Resources resources = nullptr;  // asked in the transaction, before the change; null: none
  bool takes_away = false;
};
Weighed Weigh(Resource resource);
Weighed Weigh(Weighed::Resources resources);
// Of a change that does nothing but take away.
Weighed WeighTaking(Resource resource);
Weighed WeighTaking(Weighed::Resources resources);

struct Change {
  std::string action;  // needed from IAM, and the audit action: "container-registry.auth.set"
  Resource resource;   // what the right is needed on, and the audit target
  // Makes the change in `tx`. May run more than once; an error rolls it back.
  std::function<Result<Effect>(db::Transaction& tx)> apply;
  audit::Severity severity = audit::Severity::kWarning;  // of success; failures are graded by cause
  Weighed weighed = {};
};

// The event emitted for each committed change that may have altered governed facts, beside the
// change's own events:
// {action, account, registry, region, kind, name, governed: [{service, kind, registry, …}]}, those
// of the change's account. Others are told to theirs, with kFactsChanged.
inline constexpr std::string_view kChangeCommitted = "change.committed";

// Emitted when facts change without a change of configuration, e.g. a delivery failed:
// {account, governed: [{service, kind, …}]}.
inline constexpr std::string_view kFactsChanged = "facts.changed";

// Thread-safe.
class ChangePath {
 public:
  ChangePath(db::Database& database, audit::Log& log, jobs::Jobs& jobs, Authorizer& authorizer,
             Gate& gate, const FactSources& facts)
      : database_(database),
        log_(log),
        jobs_(jobs),
        authorizer_(authorizer),
        gate_(gate),
        facts_(facts) {}

  // Durable on success. On refusal or failure nothing of it is visible but the audit record.
  Status Submit(const Caller& caller, const Change& change);
  // Records that a caller was refused before a change could be made out of the request.
  void RecordRefusal(const Caller& caller, std::string_view action, const Resource& resource,
                     const Error& error);

 private:
  // What the gate says of a change, collected.
  struct Judged {
    json::Value records;
    std::vector<std::string> warnings;
    audit::Severity severity = audit::Severity::kNormal;
  };
  Status Apply(db::Transaction& tx, const Caller& caller, const Change& change, Judged& judged);
  // The facts that weighed resources had before the change.
  using Weights = std::map<Resource, condition::Facts>;
  Result<Weights> Weigh(db::Transaction& tx, const Weighed& weighed) const;
  Status JudgeEffect(db::Transaction& tx, const Caller& caller, const Effect& effect,
                     const Weights& weights, bool takes_away, Judged& judged);
  Status EmitCommitted(db::Transaction& tx, const Change& change, const Effect& effect);
  void AppendRefusal(const audit::Record& record);

  db::Database& database_;
  audit::Log& log_;
  jobs::Jobs& jobs_;
  Authorizer& authorizer_;
  Gate& gate_;
  const FactSources& facts_;
};

}  // namespace breakwater::control
