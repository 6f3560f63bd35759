// What the reference system has set up before it scans: collectors, credentials and scopes. One of
// each is always there, under the id "1"; the collector works in this process, and needs no
// credential: those that are made are kept by name, their secrets are not kept at all.
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
#include "jobs/jobs.h"
#include "posture/attachments.h"
#include "posture/selection.h"

namespace breakwater::posture {

// The collector, the credential and the scope that are always there. The scope is everything an
// account has in this installation.
inline constexpr std::string_view kBuiltIn = "1";

enum class SetupKind { kCollector, kCredential, kScope, kGroup };
std::string_view ToString(SetupKind kind);  // "collector", …

inline constexpr std::int64_t kMaxSetup = 1'000;  // of a kind in an account
// Between two looks for what a scope holds.
inline constexpr std::chrono::seconds kMaxDiscoveryInterval = std::chrono::hours(366 * 24);

// One of them. What it says about itself is a document in the words of the API; the fields here are
// those that mean something.
struct SetupItem {
  std::string id;  // digits
  SetupKind kind = SetupKind::kScope;
  json::Object document;  // name, description, …
  bool enabled = true;    // a scope that was deleted stays, and is not
  Timestamp created;
  std::string created_by;
  Timestamp modified;
  std::string modified_by;

  std::string name() const { return std::string(json::FindText(document, "name")); }
};

// Thread-safe.
class Setup {
 public:
  Setup(db::Database& database, control::ChangePath& changes, const Attachments& attachments,
        const Clock& clock)
      : database_(database), changes_(changes), attachments_(attachments), clock_(clock) {}

  // The built-in one first, then by id.
  Result<std::vector<SetupItem>> List(const AccountId& account, SetupKind kind) const;
  // kNotFound "scope X was not found".
  Result<SetupItem> Find(db::Transaction& tx, const AccountId& account, SetupKind kind,
                         std::string_view id) const;
  Result<SetupItem> Find(const AccountId& account, SetupKind kind, std::string_view id) const;

  // kExists if one of the kind has the name; kInvalid names a collector or credential there is not.
  Result<SetupItem> Create(const control::Caller& caller, const AccountId& account, SetupKind kind,
                           json::Object document);
  // `change` alters the document as it is; its error is returned. The built-in one is kDenied.
  using Alter = std::function<Status(json::Object& document)>;
  Result<SetupItem> Update(const control::Caller& caller, const AccountId& account, SetupKind kind,
                           const std::string& id, const Alter& alter);
  // A scope's attachments end, and it stays readable. kConflict while a scope uses it; the
  // built-in one is kDenied.
  Status Delete(const control::Caller& caller, const AccountId& account, SetupKind kind,
                const std::string& id);

  // Notes what was found when a scope was looked at, without anybody's asking.
  Status Note(db::Transaction& tx, const SetupItem& item, const json::Object& document) const;

  // Scopes of all accounts that ask to be looked at regularly, at most once an hour, and whose time
  // has come.
  static Result<std::vector<std::pair<AccountId, std::string>>> DueForDiscovery(db::Transaction& tx,
                                                                                Timestamp now);

 private:
  // How many there are of the kind. kExists if one has the name.
  static Result<std::int64_t> CheckName(db::Transaction& tx, const AccountId& account,
                                        SetupKind kind, std::string_view name);
  Status CheckReferences(db::Transaction& tx, const AccountId& account,
                         const json::Object& document) const;
  Status CheckUnused(db::Transaction& tx, const AccountId& account, const SetupItem& item) const;

  db::Database& database_;
  control::ChangePath& changes_;
  const Attachments& attachments_;
  const Clock& clock_;
};

}  // namespace breakwater::posture
