// Garbage collection while everything goes on (docs/decisions/006). Garbage is
//
//   a link of a repository to a blob that no manifest of it needs, once its lease has run out;
//   a blob that no repository links, no image in the trash needs, and no segment of the audit trail
//   is: row and bytes;
//   committed bytes that no row names.
//
// Tags and manifests are never garbage here. Whatever is removed is asked for again in the
// transaction that removes it, lease and references alike, so a push that has got its answer keeps
// its blobs, whichever of the two comes first. Links that were removed are remembered for a while:
// a manifest that names their blobs then is of a push that took too long (absent_layers.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/digest.h"
#include "registry/blob_removal.h"
#include "registry/types.h"

namespace breakwater::registry {

// A blob that a repository links and that no manifest of it needs.
struct UnneededLink {
  RegistryName registry;
  std::string repository;
  oci::Digest digest;
  std::uint64_t size = 0;
  Timestamp linked;
  // A push may rely on it so long: it was uploaded, mounted, or lost its last manifest
  // kBlobLease before.
  Timestamp leased_until;
};

// What collecting for one account has done, or would do.
struct Collection {
  std::vector<UnneededLink> removed;  // their leases have run out
  std::vector<UnneededLink> held;     // by their leases; the first of them to run out
  // Blobs that the account holds nowhere any more, with their bytes. What others hold is not told.
  std::int64_t freed_blobs = 0;
  std::uint64_t freed_bytes = 0;
  // There is more than one answer holds: of what can be removed, unless `removed` is short.
  bool more = false;
};

// Links that one Collection names, removed and held together.
inline constexpr std::size_t kMaxCollected = 1000;

struct CollectorOptions {
  // From the end of a run to the next one.
  std::chrono::seconds pause{std::chrono::hours{1}};
  // Rows that one step looks at.
  std::size_t batch = 500;
};

// Thread-safe.
class Collector {
 public:
  Collector(CollectorOptions options, BlobHome home, const Clock& clock)
      : options_(options), home_(home), clock_(clock) {}

  struct Progress {
    // There is nothing to do before the pause is over.
    bool idle = false;
    // Of this step.
    std::int64_t links = 0;
    std::int64_t blobs = 0;    // rows, with their bytes
    std::int64_t orphans = 0;  // bytes without a row
    std::int64_t failed = 0;   // that another run has to try
  };
  // The next piece of a run over the whole installation, in transactions of a bounded size. How far
  // the run has come is a row: another process, or this one after a restart, goes on there.
  Result<Progress> Step();
  // Steps until nothing is left to do, or a step ends after `deadline`.
  Result<Progress> Run(std::chrono::steady_clock::time_point deadline);

  // Committed bytes that no row names, all of them, whatever the run is at: for the start of a
  // process that is alone, after a crash.
  Result<Progress> RemoveOrphans() const;

  // The account's unneeded links and the blobs they free, at once and without waiting for the next
  // run. `dry_run`: only says what would be removed.
  Result<Collection> CollectFor(const AccountId& account, bool dry_run);

 private:
  enum class Phase { kIdle, kLinks, kBlobs, kBytes };
  // Where a run is.
  struct State {
    Phase phase = Phase::kIdle;
    // The last row that was looked at.
    std::string repository;
    std::string digest;
    Timestamp since;  // when the phase began
  };
  struct Link {
    std::string repository;  // id
    std::string digest;
  };

  static Result<State> Load(db::Transaction& tx);
  static Status Save(db::Transaction& tx, const State& state);
  Result<Progress> StepOverLinks(State& state);
  Result<Progress> StepOverBlobs(State& state);
  Result<Progress> StepOverBytes(State& state) const;
  // How many of them there were to remove.
  Result<std::int64_t> RemoveLinks(const std::vector<Link>& links);
  // The digests of the next bytes in the store: fewer than a batch only at its end.
  Result<std::vector<oci::Digest>> BytesAfter(const std::string& digest) const;
  void Enter(Phase phase, State& state) const;

  const CollectorOptions options_;
  const BlobHome home_;
  const Clock& clock_;
};

}  // namespace breakwater::registry
