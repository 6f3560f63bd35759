// The one register of exceptions: a failure that was accepted for a while, of a posture goal or of
// a configuration rule. Each has an owner, a reason, a ticket, an end, and an approver who is
// somebody else than who asked for it. Governance and posture both read it; one that ended counts
// nowhere.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::control {

inline constexpr std::chrono::hours kLongestException{24 * 366};
inline constexpr std::int64_t kMaxExceptions = 1'000;  // that have not ended, of an account

enum class ExceptionKind { kGoal, kRule };
std::string_view ToString(ExceptionKind kind);  // "goal", "rule"
Result<ExceptionKind> ParseExceptionKind(std::string_view text);

struct ExceptionDraft {
  ExceptionKind kind = ExceptionKind::kGoal;
  std::string subject;  // the goal's or the rule's id
  std::string crn;      // of the resource it covers; empty: every resource of the account
  std::string owner;
  std::string reason;
  std::string ticket;
  Timestamp expires;
};

struct Exception {
  std::string id;  // "exception-" and a UUID
  AccountId account;
  ExceptionDraft what;
  Timestamp requested;
  std::string requested_by;
  std::optional<Timestamp> approved;
  std::string approver;
  std::optional<Timestamp> ended;  // before it expired
  std::string ended_by;

  bool CountsAt(Timestamp at) const {
    return approved && *approved <= at && at < what.expires && (!ended || at < *ended);
  }
  bool Covers(std::string_view subject, std::string_view resource_crn) const {
    return what.subject == subject && (what.crn.empty() || what.crn == resource_crn);
  }
};

// Emitted when one begins to count and when it no longer does: {account, id, kind, subject,
// counts}.
inline constexpr std::string_view kExceptionChanged = "control.exception_changed";

// Thread-safe.
class Exceptions {
 public:
  // Registers its job: before jobs start.
  Exceptions(db::Database& database, ChangePath& changes, jobs::Jobs& jobs, const Clock& clock);

  // Pending until it is approved. kInvalid names the field.
  Result<Exception> Request(const Caller& caller, const AccountId& account,
                            const ExceptionDraft& draft);
  // kDenied "same_person" for who asked for it; kConflict if it was approved or has ended.
  Result<Exception> Approve(const Caller& caller, const AccountId& account, const std::string& id);
  // Withdraws it, approved or not. kConflict if it has ended.
  Result<Exception> End(const Caller& caller, const AccountId& account, const std::string& id);

  // Newest first, those that ended too; at most `limit`.
  Result<std::vector<Exception>> List(const AccountId& account, std::int64_t limit) const;
  // Those that count at that moment.
  static Result<std::vector<Exception>> At(db::Transaction& tx, const AccountId& account,
                                           ExceptionKind kind, Timestamp at);

 private:
  Status Expire(const jobs::Job& job);
  Result<Exception> Change(const Caller& caller, const AccountId& account, const std::string& id,
                           std::string_view action,
                           const std::function<Status(db::Transaction&, Exception&)>& change);

  db::Database& database_;
  ChangePath& changes_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
};

json::Value ToJson(const Exception& exception, Timestamp now);

}  // namespace breakwater::control
