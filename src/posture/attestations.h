// Attestations: what people answer for where no fact can tell, with an owner, a statement and an
// end. A goal that nobody attests is "unable to perform", never a pass.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/change.h"
#include "control/facts.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "posture/profiles.h"

namespace breakwater::posture {

inline constexpr std::chrono::hours kLongestAttestation{24 * 366};

struct AttestationDraft {
  std::string goal_id;
  bool met = true;  // false: it is attested that the goal is not met
  std::string owner;
  std::string statement;
  Timestamp expires;
};

struct Attestation {
  std::int64_t id = 0;
  AccountId account;
  AttestationDraft what;
  Timestamp given;
  std::string given_by;
  std::optional<Timestamp> ended;  // withdrawn
  std::string ended_by;

  bool CountsAt(Timestamp at) const {
    return given <= at && at < what.expires && (!ended || at < *ended);
  }
};

// Thread-safe. The facts of posture/attestation: one resource for each goal of the program's that
// is answered so.
class Attestations final : public control::FactSource {
 public:
  // Registers its job: before jobs start.
  Attestations(db::Database& database, control::ChangePath& changes, jobs::Jobs& jobs,
               const Content& content, const Clock& clock);

  // kNotFound "goal X is not answered by attestation"; kInvalid names the field.
  Result<Attestation> Attest(const control::Caller& caller, const AccountId& account,
                             const AttestationDraft& draft);
  // Ends the goal's present one. kNotFound if there is none.
  Status Withdraw(const control::Caller& caller, const AccountId& account,
                  const std::string& goal_id);
  // Newest first, those that ended too; at most `limit`.
  Result<std::vector<Attestation>> List(const AccountId& account, std::int64_t limit) const;
  // The one that counts at that moment.
  static Result<std::optional<Attestation>> At(db::Transaction& tx, const AccountId& account,
                                               std::string_view goal_id, Timestamp at);

  // Of each goal, the one that counts at that moment.
  static Result<std::map<std::string, Attestation, std::less<>>> AllAt(db::Transaction& tx,
                                                                       const AccountId& account,
                                                                       Timestamp at);

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  Status Check(const AttestationDraft& draft) const;
  Status Expire(const jobs::Job& job);

  db::Database& database_;
  control::ChangePath& changes_;
  jobs::Jobs& jobs_;
  const Content& content_;
  const Clock& clock_;
};

}  // namespace breakwater::posture
