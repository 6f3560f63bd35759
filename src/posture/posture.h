// The posture of accounts: what is attached is kept evaluated as configuration changes, scans are
// made on demand and on schedule, and what was true at any moment can be told. Results are the one
// evaluator's answers over control::FactSources.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/exceptions.h"
#include "control/facts.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "posture/assess.h"
#include "posture/assessment.h"
#include "posture/attachments.h"
#include "posture/attestations.h"
#include "posture/evaluator.h"
#include "posture/profiles.h"
#include "posture/scans.h"
#include "posture/setup.h"

namespace breakwater::posture {

// Everything an account has in this installation: a scope that is always there.
inline constexpr std::string_view kRegistryScope = kBuiltIn;
// What each account is held to from its first day.
inline constexpr std::string_view kDefaultProfile = "48";

struct PostureDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  control::ChangePath& changes;
  const control::FactSources& facts;
  Profiles& profiles;
  Attachments& attachments;
  Attestations& attestations;
  Setup& setup;
  control::Exceptions& exceptions;
  const Clock& clock;
  std::function<Result<std::vector<AccountId>>()> accounts;
};

// Thread-safe.
class Posture {
 public:
  // Registers its jobs: before jobs start.
  explicit Posture(PostureDeps deps);

  // Asks for a validation of a profile, which attaches it to the scope if it is not. kNotFound
  // names an unknown scope or profile.
  Result<std::int64_t> RequestScan(const control::Caller& caller, const AccountId& account,
                                   const std::string& scope_id, const std::string& profile_id,
                                   const std::string& group_profile_id);
  // The latest of each attachment that was ever scanned, newest first.
  Result<std::vector<Scan>> LatestScans(const AccountId& account) const;
  // Those of an attachment, newest first. kNotFound.
  Result<std::vector<Scan>> Scans(const AccountId& account, std::int64_t attachment,
                                  std::int64_t offset, std::int64_t limit) const;
  Result<std::int64_t> CountScans(const AccountId& account, std::int64_t attachment) const;
  Result<Scan> FindScan(const AccountId& account, std::int64_t id) const;

  // An attachment's posture, now or at a moment. kNotFound.
  Result<Assessment> Assess(const AccountId& account, std::int64_t attachment,
                            const AssessOptions& options = {}) const;
  // What a scan found; while it runs, nothing.
  Result<Assessment> AssessScan(const Scan& scan) const;
  // The registry scope's attachment of a profile. kNotFound if it has none.
  Result<Attachment> AttachmentOf(const AccountId& account, const std::string& profile_id) const;

  // Sentences about what an attachment asks for and nobody can meet: goals that contradict each
  // other, and more people than there are. What cannot be read is not warned of.
  Result<std::vector<std::string>> WarningsOf(const Attachment& attachment) const;

  // Sets or (null) resets a parameter of an attachment.
  Status SetParameter(const control::Caller& caller, const AccountId& account,
                      std::int64_t attachment, const std::string& name, const json::Value& value);

  Profiles& profiles() const { return deps_.profiles; }
  Attachments& attachments() const { return deps_.attachments; }
  Attestations& attestations() const { return deps_.attestations; }
  Setup& setup() const { return deps_.setup; }
  control::Exceptions& exceptions() const { return deps_.exceptions; }
  Timestamp Now() const { return deps_.clock.Now(); }

  // Lists what a scope holds, and notes it in the scope. The id by which its state can be asked.
  Result<std::string> StartDiscovery(const AccountId& account, const std::string& scope_id);

 private:
  Status RunScan(const jobs::Job& job);
  Status Reevaluate(const jobs::Job& job);
  Status ReevaluateImage(const jobs::Job& job);
  Status ReevaluateExcepted(const jobs::Job& job);
  // At all resources of these types, and at these.
  Status Look(const AccountId& account, const std::set<condition::ResourceType>& types,
              const std::vector<control::Resource>& resources);
  Status EvaluateAttachment(const jobs::Job& job);
  Status Discover(const jobs::Job& job);
  Result<ScopeFilter> ScopeOf(db::Transaction& tx, const AccountId& account,
                              std::string_view id) const;
  Status EvaluateEveryAccount();
  Status StartWhatIsDue();
  Status StartDueScans();
  // Those of the account that are kept evaluated; the default one is made if it is missing.
  Result<std::vector<Attachment>> Kept(const AccountId& account) const;
  Result<Accepted> AcceptedAt(db::Transaction& tx, const AccountId& account, Timestamp at) const;

  PostureDeps deps_;
  Evaluator evaluator_;
};

}  // namespace breakwater::posture
