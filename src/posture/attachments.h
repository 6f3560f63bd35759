// Attachments: a profile's version on a scope, with parameters of its own and, if it is wanted, a
// schedule. What is attached is kept evaluated.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "posture/profiles.h"

namespace breakwater::posture {

inline constexpr std::size_t kMaxAttachments = 50;  // of an account (ibm-scc 5.7)
inline constexpr std::chrono::hours kShortestInterval{1};
inline constexpr std::chrono::hours kLongestInterval{24 * 366};
inline constexpr std::int64_t kMaxRuns = 100'000;

struct Attachment {
  std::int64_t id = 0;
  AccountId account;
  std::string scope_id;
  std::string profile_id;
  std::int64_t profile_version = 1;
  json::Object parameters;                    // name -> value that is not the default
  std::optional<std::chrono::seconds> every;  // a scan on record that often…
  std::optional<Timestamp> until;             // …not after this moment…
  std::optional<std::int64_t> runs_left;      // …and only so many times more
  std::optional<Timestamp> next_scan;
  bool enabled = true;  // false: no longer evaluated; its history stays
  // "registry/ns/name": where a signed bundle is kept after each scan; empty: nowhere.
  std::string evidence_repository;
  Timestamp created;
  std::string created_by;
  Timestamp evaluated;               // its last change point
  std::optional<Timestamp> checked;  // when all of it was last looked at
};

// A scope as people are told of it.
struct ScopeShown {
  std::string name;
  std::string description;
  json::Value selection;  // as selection.h prints it; null: everything
};

// What was in force at a moment.
struct InForce {
  Timestamp since;
  std::int64_t profile_version = 1;
  json::Object parameters;
  ScopeShown scope;
};

// What a caller can set.
struct AttachmentDraft {
  std::string scope_id;
  std::string profile_id;
  std::optional<std::int64_t> profile_version;  // absent: the latest
  json::Object parameters;
  std::optional<std::chrono::seconds> every;
  bool enabled = true;
  std::string evidence_repository = {};
  // Ends of the schedule; absent: never.
  std::optional<Timestamp> until = {};
  std::optional<std::int64_t> runs = {};
};

// Thread-safe.
class Attachments {
 public:
  Attachments(db::Database& database, control::ChangePath& changes, const Profiles& profiles,
              const Clock& clock);

  // The account's, by id; disabled ones too.
  Result<std::vector<Attachment>> List(db::Transaction& tx, const AccountId& account) const;
  Result<std::vector<Attachment>> List(const AccountId& account) const;
  // kNotFound "attachment X was not found".
  Result<Attachment> Find(db::Transaction& tx, const AccountId& account, std::int64_t id) const;
  Result<Attachment> Find(const AccountId& account, std::int64_t id) const;
  // Of whatever account.
  Result<Attachment> Get(db::Transaction& tx, std::int64_t id) const;
  // Of that profile on that scope, if there is one.
  Result<std::optional<Attachment>> FindFor(db::Transaction& tx, const AccountId& account,
                                            std::string_view scope_id,
                                            std::string_view profile_id) const;
  // Nothing before it was made.
  Result<std::optional<InForce>> InForceAt(db::Transaction& tx, std::int64_t id,
                                           Timestamp at) const;
  // All that was in force in [from, until], oldest first.
  Result<std::vector<InForce>> InForceBetween(db::Transaction& tx, std::int64_t id, Timestamp from,
                                              Timestamp until) const;

  // kExists if the profile is attached there; kInvalid names a parameter that cannot be so.
  Result<Attachment> Create(const control::Caller& caller, const AccountId& account,
                            const AttachmentDraft& draft);
  // `alter` makes out of what there is what there shall be; it runs under the lock, and may run
  // again. Scope and profile stay; another version is an upgrade, which keeps parameters that the
  // version still has.
  using Alter = std::function<Result<AttachmentDraft>(AttachmentDraft now)>;
  Result<Attachment> Update(const control::Caller& caller, const AccountId& account,
                            std::int64_t id, const Alter& alter);
  // Ends it: nothing is evaluated any more, what was stays readable.
  Status End(const control::Caller& caller, const AccountId& account, std::int64_t id);

  // The account's own, made without anybody's asking: the registry scope under `profile_id`.
  Status Ensure(db::Transaction& tx, const AccountId& account, std::string_view profile_id) const;
  // Inside the change of somebody else: makes it or enables it again.
  Result<Attachment> Attach(db::Transaction& tx, const control::Caller& caller,
                            const AccountId& account, const AttachmentDraft& draft) const;
  // Inside a change: those of a scope that is deleted are ended.
  Status EndOfScope(db::Transaction& tx, const AccountId& account, std::string_view scope_id) const;

  // Inside a change of a scope: what its attachments found is of another one; what evaluates them
  // again.
  Result<std::vector<jobs::Event>> ScopeChanged(db::Transaction& tx, const AccountId& account,
                                                std::string_view scope_id) const;

  // Takes the writer's place and the next moment of its clock. kNotFound if it is gone.
  Result<Attachment> Lock(db::Transaction& tx, std::int64_t id) const;
  // All of it was looked at.
  Status MarkChecked(db::Transaction& tx, std::int64_t id, Timestamp at) const;
  // When all of it was last looked at in [from, at]; nothing if it was not.
  Result<std::optional<Timestamp>> LastLook(db::Transaction& tx, std::int64_t id, Timestamp from,
                                            Timestamp at) const;
  // kNotFound: nothing is evaluated any more.
  static Error Ended(std::int64_t id);
  // Those whose scan is due; each is put off by its interval, or has had its last.
  Result<std::vector<Attachment>> TakeDue(db::Transaction& tx, Timestamp now) const;

  // Checks values against what the profile declares; a name it does not know is kNotFound.
  static Status CheckParameters(const Profile& profile, const json::Object& parameters);

 private:
  Status SetInForce(db::Transaction& tx, const Attachment& attachment) const;
  // Nothing is in force, nothing is known, from its last moment on.
  Status Close(db::Transaction& tx, const Attachment& attachment) const;
  Result<control::Effect> Change(db::Transaction& tx, const Attachment& before,
                                 const AttachmentDraft& draft, Attachment* after) const;

  db::Database& database_;
  control::ChangePath& changes_;
  const Profiles& profiles_;
  const Clock& clock_;
};

// {account, attachment_id}: something about it changed; it is evaluated as a whole.
inline constexpr std::string_view kAttachmentChanged = "posture.attachment_changed";

json::Value ToJson(const Attachment& attachment);

}  // namespace breakwater::posture
