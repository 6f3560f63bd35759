// What the stored bytes are, and why they are there: every byte in exactly one row of the account.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace breakwater::registry {

// Of several reasons to keep a blob the first one counts.
enum class StorageState : std::uint8_t {
  // Named by a manifest that a tag leads to: the tag's own, a child of such an index, or one whose
  // subject is such (distribution-spec, "Pushing Manifests with Subject"); or such a manifest
  // itself. In one repository.
  kLive,
  // Named by other manifests only; or such a manifest.
  kUntagged,
  // Named by none, but a push may rely on it.
  kLeased,
  // Kept for deleted images that can be restored; or such a manifest. No quota counts it.
  kTrash,
  // Garbage that the next collection takes.
  kUnreferenced,
  // Received by uploads that are under way.
  kUploading,
  // In the blob store, but known to no row: of a push in one request that is under way, or left by
  // a crash. No account's.
  kOrphaned,
  // Segments of the audit trail. No account's.
  kAudit,
  // Live in several repositories of the scope, and counted here once: deleting one image does not
  // free it. Blobs alone.
  kShared,
};
inline constexpr std::array kStorageStates = {
    StorageState::kLive,      StorageState::kShared,   StorageState::kUntagged,
    StorageState::kLeased,    StorageState::kTrash,    StorageState::kUnreferenced,
    StorageState::kUploading, StorageState::kOrphaned, StorageState::kAudit};
std::string_view ToString(StorageState state);  // "live"

struct StorageAmount {
  std::int64_t blobs = 0;  // or uploads
  std::uint64_t blob_bytes = 0;
  // Of these, what other repositories of the account hold as well. Other accounts are not told of.
  std::uint64_t shared_bytes = 0;
  std::int64_t manifests = 0;
  std::uint64_t manifest_bytes = 0;

  std::uint64_t bytes() const { return blob_bytes + manifest_bytes; }
  friend bool operator==(const StorageAmount&, const StorageAmount&) = default;
};

// Indexed by StorageState.
using StorageAmounts = std::array<StorageAmount, kStorageStates.size()>;
std::uint64_t TotalBytes(const StorageAmounts& amounts);

// A part of the installation: empty names allow everything. A blob counts once in it, however many
// of its repositories hold it; a manifest counts in each of them, as it is stored.
struct StorageScope {
  std::string account;
  std::string registry;
  std::string name_space;
  std::string repository;
};

// What a scope is divided into.
enum class StoragePart : std::uint8_t { kRegistry, kNamespace, kRepository };
struct StoragePartAmounts {
  std::string registry;
  std::string name;  // of the namespace or repository; empty for a registry
  StorageAmounts amounts = {};
};
// Parts that one answer holds.
inline constexpr std::size_t kMaxStorageParts = 100;

// Thread-safe. Reads much: for people and for now and then.
class Accounting {
 public:
  Accounting(db::Database& database, blob::BlobStore& store, const Clock& clock)
      : database_(database), store_(store), clock_(clock) {}

  // Nothing is orphaned there.
  Result<StorageAmounts> Of(const StorageScope& scope) const;
  // Its parts that hold anything or once did, in the order of registry and name, at most
  // kMaxStorageParts of those after `after`. A blob counts in each part that has it.
  Result<std::vector<StoragePartAmounts>> PartsOf(const StorageScope& scope, StoragePart part,
                                                  const StoragePartAmounts& after) const;
  // Everything that is stored.
  Result<StorageAmounts> OfInstallation() const;

  // Keeps what OfInstallation finds, for Latest.
  Status Measure();
  // Measure, unless the last one is younger than `age` and found anything but the audit trail.
  // Where there is no content, looking costs little, and what comes first shows soon.
  Status MeasureIfOlder(std::chrono::seconds age);
  struct Measured {
    StorageState state = StorageState::kLive;
    std::uint64_t bytes = 0;
  };
  // Of the last Measure, by whatever process; nothing before the first.
  Result<std::vector<Measured>> Latest() const;

 private:
  // Bytes by the id of what is staged, whether an upload owns it or not.
  using Staging = std::map<std::string, std::uint64_t>;
  Result<Staging> StagedBytes() const;
  Result<StorageAmounts> Of(const StorageScope& scope, const Staging& staging) const;
  Status AddUploads(db::Transaction& tx, const StorageScope& scope, const Staging& staging,
                    StorageAmounts& amounts) const;
  Status AddOrphans(StorageAmounts& amounts) const;

  db::Database& database_;
  blob::BlobStore& store_;
  const Clock& clock_;
};

}  // namespace breakwater::registry
