// Looks whether an installation has all it needs, and says in plain words what is wrong and what to
// do about it. Works beside a running server, changes nothing that lasts, and tells no secrets.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "net/tls.h"

namespace breakwater::admin {

enum class Health { kOk, kWarning, kFailed };

std::string_view ToString(Health health);  // "ok", "warning", "FAILED"

struct Finding {
  Health health = Health::kOk;
  std::string check;   // a stable word: "database_schema"
  std::string text;    // what was found, for people
  std::string advice;  // what to do; empty if nothing
};
using Findings = std::vector<Finding>;

// An error as a finding: its message, and its cause where it has one.
Finding FailedBy(std::string check, const Error& error, std::string advice);
bool AnyFailed(const Findings& findings);

inline constexpr std::chrono::seconds kToleratedSkew{2};
// Far below the shortest lease (30 s), far above what NTP leaves.
inline constexpr std::chrono::seconds kDangerousSkew{5};
// Of another's clock, read between two readings of this machine's. kWarning above what is
// tolerated, kFailed above what is dangerous.
Finding CompareClocks(const std::string& check, const std::string& whose, Timestamp before,
                      Timestamp theirs, Timestamp after);

// "data_directory", "data_directory_mode", "free_space", "master_key_file": there, its owner's
// alone, with room. A directory that is not there is made by the first start: a warning.
Findings CheckDataDirectory(const std::filesystem::path& path);

// "database_server", "database_schema", "database_copy", "database_clock", "database_write",
// "background_jobs". `may_write`: try what a server does, in a transaction that is rolled back.
Findings CheckDatabase(db::Database& database, const Clock& clock, bool may_write);

// "master_key": what the database's secrets were sealed with opens.
Finding CheckMasterKey(db::Database& database, const Secret& master_key);

// "blob_store": writes, reads back and removes a small blob that is nobody's.
Findings CheckBlobStore(blob::BlobStore& store);

struct ListenerToCheck {
  std::string name;  // "public"
  std::string host;
  std::uint16_t port = 0;
  std::string certificate_file = {};  // both or neither
  std::string key_file = {};
};
// "NAME_listener", "NAME_tls": the port is free, or `is_ours` says that this program has it; the
// certificate is the key's and does not end soon.
Findings CheckListener(const ListenerToCheck& listener, const Clock& clock,
                       const std::function<bool(const ListenerToCheck&)>& is_ours);
// Whether a server of this program answers there: GET /livez. Over TLS, whether anything speaks it.
bool AnswersLikeUs(const ListenerToCheck& listener);

struct RegistryToCheck {
  std::vector<std::string> hosts;  // public and private
};
// "registries": no host name belongs to two.
Finding CheckRegistries(const std::vector<RegistryToCheck>& registries);

}  // namespace breakwater::admin
