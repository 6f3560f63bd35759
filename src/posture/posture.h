// The posture of accounts: validation scans on demand, and goals kept evaluated as configuration
// changes. Results are the one evaluator's answers over control::FactSources.
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
#include "control/facts.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "posture/content.h"
#include "posture/evaluate.h"
#include "posture/results.h"

namespace breakwater::posture {

// The one scope there is: everything an account has in this installation.
inline constexpr std::string_view kRegistryScope = "1";

// Emitted when a goal's status changes: {account, profile_id, goal_id, before, after}.
inline constexpr std::string_view kGoalChanged = "posture.goal_changed";

// Task states of the reference system that a scan here goes through.
inline constexpr std::string_view kPending = "pending";
inline constexpr std::string_view kInProgress = "validation_in_progress";
inline constexpr std::string_view kPosted = "validation_result_posted_no_error";
inline constexpr std::string_view kFailed = "error_in_validation";

struct Scan {
  std::int64_t id = 0;
  AccountId account;
  std::string scope_id;
  std::string profile_id;
  std::string group_profile_id;
  std::string requested_by;
  std::string status;
  Timestamp created;
  std::optional<Timestamp> started;
  std::optional<Timestamp> ended;
  std::vector<GoalResult> goals;  // in the order of the profile, once ended
};

// A goal as it stands, and since when its status has been this.
struct GoalState {
  GoalResult result;
  Timestamp since;
};

struct PostureDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  control::ChangePath& changes;
  const control::FactSources& facts;
  const Content& content;
  const Clock& clock;
  std::function<Result<std::vector<AccountId>>()> accounts;
};

// Thread-safe.
class Posture {
 public:
  // Registers its jobs: before jobs start.
  explicit Posture(PostureDeps deps);

  // Asks for a validation of a profile. kNotFound names an unknown scope or profile.
  Result<std::int64_t> RequestScan(const control::Caller& caller, const AccountId& account,
                                   const std::string& scope_id, const std::string& profile_id,
                                   const std::string& group_profile_id);
  // The latest of each profile that was ever scanned, newest first.
  Result<std::vector<Scan>> LatestScans(const AccountId& account) const;
  // Every one of a profile, newest first.
  Result<std::vector<Scan>> Scans(const AccountId& account, std::string_view profile_id,
                                  std::int64_t offset, std::int64_t limit) const;
  Result<std::int64_t> CountScans(const AccountId& account, std::string_view profile_id) const;
  Result<Scan> FindScan(const AccountId& account, std::int64_t id) const;

  // The goals of a profile as last evaluated, in its order. A goal never evaluated is left out.
  Result<std::vector<GoalState>> State(const AccountId& account, const Profile& profile) const;

  // Sets or (null) resets a parameter of a profile for an account.
  Status SetParameter(const control::Caller& caller, const AccountId& account,
                      const std::string& profile_id, const std::string& name,
                      const json::Value& value);
  // Whether it could be set so: kNotFound names what there is not, kInvalid what is wrong.
  Status CheckParameter(const std::string& profile_id, const std::string& name,
                        const json::Value& value) const;
  // {"name": value} that differ from the defaults.
  Result<json::Value> Parameters(const AccountId& account, const std::string& profile_id) const;

  const Content& content() const { return deps_.content; }

 private:
  Status RunScan(const jobs::Job& job);
  Status Reevaluate(const jobs::Job& job);
  Status EvaluateEveryAccount();
  // Evaluates the profile's goals over these types (all if empty).
  Result<std::vector<GoalResult>> EvaluateProfile(
      db::Transaction& tx, const AccountId& account, const Profile& profile,
      const std::set<condition::ResourceType>& types) const;
  // Both in one writing transaction: of two at once, the one that stands saw the newer facts.
  Status EvaluateAndStore(const AccountId& account, const Profile& profile,
                          const std::set<condition::ResourceType>& types);
  Status GiveUp(std::int64_t scan_id);
  Status Store(db::Transaction& tx, const AccountId& account, const Profile& profile,
               const std::vector<GoalResult>& results);

  PostureDeps deps_;
};

}  // namespace breakwater::posture
