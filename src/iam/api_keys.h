// API keys: made, shown once, locked, disabled, deleted.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "iam/changes.h"
#include "iam/history.h"
#include "iam/key_hasher.h"

namespace breakwater::iam {

struct NewApiKey {
  std::string name{};
  std::string description{};
  std::optional<Secret> value{};  // absent: a random one. At least kMinValueOctets.
  std::optional<Timestamp> expires{};
  bool locked = false;
  bool disabled = false;
  std::string action_when_leaked = "none";  // or "disable", "delete"
  bool support_sessions = false;
  bool store_value = false;  // keep the value, sealed; of a service ID alone

  static constexpr std::size_t kMinValueOctets = 32;
  static constexpr std::size_t kMaxValueOctets = 256;
};

struct MadeApiKey {
  ApiKey key;
  Secret value;
};

// A key ready to be stored. Checks the new key's fields but for the identity; kInvalid.
struct PreparedApiKey {
  ApiKey key;
  Secret value;
  Bytes hash;
};
Result<PreparedApiKey> PrepareApiKey(const NewApiKey& wanted, const AccountId& account,
                                     const IamId& iam_id, const IamId& made_by,
                                     const KeyHasher& hasher, Timestamp now);
// Stores it; kTooLarge beyond the keys an identity may have, kConflict "api_key_value" if another
// key has this value.
Status StoreApiKey(db::Transaction& tx, const PreparedApiKey& prepared, const Limits& limits);

// What a PUT may change. Absent: as it is.
struct ApiKeyUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<Timestamp> expires{};
  std::optional<std::string> action_when_leaked{};
  std::optional<bool> support_sessions{};
};

// Thread-safe. Users manage their own keys; other keys take Administrator on iam-identity, and the
// keys of the account's owner are the owner's alone. A key one may not read looks absent
// (kNotFound). Locked keys cannot be changed or deleted (kConflict "locked").
class ApiKeys {
 public:
  ApiKeys(ChangeDeps deps, control::Authorizer& authorizer, const KeyHasher& hasher)
      : deps_(deps), authorizer_(authorizer), hasher_(hasher) {}

  Result<MadeApiKey> Create(const control::Caller& caller, const AccountId& account,
                            const IamId& iam_id, const NewApiKey& wanted);
  Result<ApiKey> Get(const control::Caller& caller, const AccountId& account, std::string_view id);
  // The value of a key that was made to keep it, for who may change the key; empty for others.
  Result<Secret> StoredValue(const control::Caller& caller, const ApiKey& key);
  Result<std::vector<HistoryEntry>> History(const ApiKey& key);
  // Of the key with this value; "IAM-ApiKey" of the reference system.
  Result<ApiKey> Details(const control::Caller& caller, const AccountId& account,
                         const Secret& value);
  // Filtered to what the caller may read: without the right to read all, their own.
  Result<store::Listed<ApiKey>> List(const control::Caller& caller, const AccountId& account,
                                     store::ApiKeyFilter filter, const store::Page& page);
  Result<ApiKey> Update(const control::Caller& caller, const AccountId& account,
                        std::string_view id, std::string_view if_match, const ApiKeyUpdate& update);
  Status SetLocked(const control::Caller& caller, const AccountId& account, std::string_view id,
                   bool locked);
  Status SetDisabled(const control::Caller& caller, const AccountId& account, std::string_view id,
                     bool disabled);
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);
  // Alerts (iam/alerts.h) 30, 7 and 1 days before a key ends, each once, and none of those for a
  // key that was made for a shorter time.
  Status WarnOfEnds(jobs::Jobs& jobs);

 private:
  using Edit = std::function<Status(ApiKey&)>;

  Result<ApiKey> Find(const AccountId& account, std::string_view id);
  Status CheckOwner(const control::Caller& caller, const AccountId& account, const IamId& iam_id);
  Status Change(const control::Caller& caller, const ApiKey& key, std::string_view verb,
                std::function<Result<control::Effect>(db::Transaction&)> apply);
  Result<ApiKey> EditKey(const control::Caller& caller, const AccountId& account,
                         std::string_view id, const Edit& edit);

  ChangeDeps deps_;
  control::Authorizer& authorizer_;
  const KeyHasher& hasher_;
};

// "iam-identity.user-apikey.create" or "iam-identity.serviceid-apikey.create".
std::string ApiKeyAction(const IamId& iam_id, std::string_view verb);
// What rights on an identity's keys are decided on.
control::Resource ApiKeyResource(const AccountId& account, const IamId& iam_id);

}  // namespace breakwater::iam
