// New signing keys: by the calendar, and when somebody asks.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "iam/changes.h"

namespace breakwater::iam {

struct RotationOptions {
  std::chrono::seconds every{std::chrono::hours{24 * 90}};
  // How long a key is shown before it signs, for those who keep our key set for a while.
  std::chrono::seconds lead{std::chrono::minutes{10}};
  // No token lives longer.
  std::chrono::seconds longest_token{std::chrono::hours{72}};
};

struct SigningKeyInfo {
  std::string kid;
  Timestamp created;
  Timestamp signs_from;
  // When it stops to verify; absent while no other signs instead.
  std::optional<Timestamp> ends;
};

// Thread-safe.
class KeyRotation {
 public:
  KeyRotation(ChangeDeps deps, Secret master_key, RotationOptions options)
      : deps_(deps), master_key_(std::move(master_key)), options_(options) {}

  // In the order in which they sign.
  Result<std::vector<SigningKeyInfo>> List();
  // Makes the key that signs next; the others verify until their tokens have ended. kConflict
  // "rotation_pending" while one waits to sign.
  Result<SigningKeyInfo> Rotate(const control::Caller& caller, const AccountId& account);
  // For a key that became known to others: the new one signs at once, and all that was signed
  // before is worth nothing, everywhere within a second.
  Result<SigningKeyInfo> Replace(const control::Caller& caller, const AccountId& account);
  // Rotates if it is time, and removes keys that ended.
  Status RunSchedule(const AccountId& account);

 private:
  Status Submit(const control::Caller& caller, const AccountId& account, audit::Severity severity,
                const std::function<Status(db::Transaction&)>& change);
  Result<std::vector<SigningKeyInfo>> ReadInfos(db::Transaction& tx) const;

  ChangeDeps deps_;
  const Secret master_key_;
  const RotationOptions options_;
};

json::Value ToJson(const SigningKeyInfo& key);

}  // namespace breakwater::iam
