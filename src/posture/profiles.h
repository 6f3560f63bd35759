// The profiles an account can use: those the program brings along and its own, each in versions
// that never change once they are written.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "posture/content.h"
#include "posture/profile.h"

namespace breakwater::posture {

inline constexpr std::size_t kMaxCustomProfiles = 50;         // of an account (ibm-scc 5.7)
inline constexpr std::size_t kMaxProfileBytes = 1024 * 1024;  // of a custom one's document

// What is known of a profile beside its versions.
struct ProfileEntry {
  std::string id;
  AccountId account;  // empty: predefined
  std::string name;
  std::int64_t version = 1;  // the latest
  bool enabled = true;
  std::string reason_for_delete;
  Timestamp created;
  std::string created_by;
  Timestamp modified;
  std::string modified_by;
};

struct FoundProfile {
  ProfileEntry entry;
  std::shared_ptr<const Profile> profile;
};

// What a custom profile is made of. Controls are numbered by the store.
struct ProfileDraft {
  std::string name;
  std::string description;
  std::string base_profile;
  std::vector<Control> controls;
  bool enabled = true;
  std::string reason_for_delete;
};

// Thread-safe.
class Profiles {
 public:
  Profiles(db::Database& database, control::ChangePath& changes, const Content& content,
           const condition::Catalogue& catalogue, const Clock& clock);

  // Writes the program's own versions down where they are not yet. A profile whose content changed
  // without a new version is kInternal: somebody forgot to count it up.
  Status Publish();

  // Predefined ones first, then the account's, each by id; disabled ones too.
  Result<std::vector<FoundProfile>> List(const AccountId& account) const;
  // The latest version, or that one. kNotFound "profile X was not found".
  Result<FoundProfile> Find(db::Transaction& tx, const AccountId& account, std::string_view id,
                            std::optional<std::int64_t> version = std::nullopt) const;
  Result<FoundProfile> Find(const AccountId& account, std::string_view id,
                            std::optional<std::int64_t> version = std::nullopt) const;
  // Every version's number and digest, oldest first.
  struct Version {
    std::int64_t number = 0;
    std::string digest;
    Timestamp created;
  };
  Result<std::vector<Version>> Versions(const AccountId& account, std::string_view id) const;

  // A version, whether or not its profile is still there. kNotFound.
  Result<std::shared_ptr<const Profile>> Load(db::Transaction& tx, std::string_view id,
                                              std::int64_t version) const;

  Result<std::shared_ptr<const Profile>> Load(std::string_view id, std::int64_t version) const;

  // A goal of the program's. Null if there is none.
  std::shared_ptr<const Goal> FindGoal(std::string_view id) const { return content_.FindGoal(id); }

  // The new profile's id. kInvalid names what is wrong with it, kLimit that there are too many.
  Result<std::string> Create(const control::Caller& caller, const AccountId& account,
                             ProfileDraft draft);
  // A new version, if the draft differs. kDenied for predefined ones. What is attached stays
  // with its version.
  Status Update(const control::Caller& caller, const AccountId& account, const std::string& id,
                ProfileDraft draft);
  // kConflict while it is attached; kDenied for predefined ones.
  Status Delete(const control::Caller& caller, const AccountId& account, const std::string& id);

  const Content& content() const { return content_; }

 private:
  Status PublishOne(db::Transaction& tx, const Profile& profile) const;
  Status Number(db::Transaction& tx, ProfileDraft& draft) const;
  Result<Profile> Made(db::Transaction& tx, std::string id, std::int64_t version,
                       const ProfileDraft& draft) const;

  db::Database& database_;
  control::ChangePath& changes_;
  const Content& content_;
  const condition::Catalogue& catalogue_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  // Versions never change, so what was parsed stays true.
  mutable std::map<std::pair<std::string, std::int64_t>, std::shared_ptr<const Profile>> parsed_;
};

}  // namespace breakwater::posture
