// Whether a push or a pull may begin, by the quotas of the account and the namespace
// (ibm-registry 3.10). It stands behind the rights and before the content.
//
// Soft limits, as in the reference system: what begins below the limit may finish above it, and
// whatever begins after the limit is reached is refused. Nobody says which requests are one push or
// one pull, so this is how they are told:
//
//   a push begins with an upload or a mount. A manifest finishes a push that has begun if it names
//   something that nothing else of its repository names yet: a blob no manifest needs, or a
//   manifest with neither tag nor index. a pull begins with a manifest. Blobs go on to be given for
//   a while after the limit was reached.
//
// Hard limits refuse whatever would go beyond: an upload by the length it declares, a manifest by
// the blobs it adds, a blob by its size.
//
// Pulls over the private network are free. Reading the limits costs no database access but once a
// second for each account and namespace.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/traffic.h"
#include "registry/types.h"

namespace breakwater::registry {

struct AdmissionOptions {
  // How long after its traffic quota was reached an account's blobs are still given to pulls that
  // began before.
  std::chrono::seconds pull_grace{std::chrono::minutes{15}};
};

// Errors are kQuota "storage_quota_exceeded" and "traffic_quota_exceeded", with the details quota,
// scope, used and limit. Thread-safe.
class Admission {
 public:
  Admission(AdmissionOptions options, db::Database& database, const Clock& clock, Traffic& traffic)
      : options_(options), database_(database), clock_(clock), traffic_(traffic) {}

  // A push begins, with so many bytes as far as is known.
  Status BeginPush(const RepositoryPath& path, std::uint64_t bytes) const;
  // An upload that has begun wants to hold so many bytes in all.
  Status ContinuePush(const RepositoryPath& path, std::uint64_t bytes) const;

  // What a manifest has to keep to.
  struct Terms {
    // The books whose soft limit of storage is reached, with what is said of each: what it is
    // refused with unless it finishes a push.
    std::vector<std::pair<BookKey, Error>> soft;
    // Hard limits of storage.
    std::vector<std::pair<BookKey, std::int64_t>> hard;
  };
  Result<Terms> TermsOf(const RepositoryPath& path) const;
  // Without the soft limits: what a blob has to keep to that images wait for.
  Result<Terms> HardTermsOf(const RepositoryPath& path) const;

  // A manifest is pulled over the public network.
  Status BeginPull(const RepositoryPath& path) const;
  // A blob is, of so many bytes.
  Status ContinuePull(const RepositoryPath& path, std::uint64_t bytes) const;
  // So many bytes of it are given.
  void CountPull(const RepositoryPath& path, std::uint64_t bytes) const;

 private:
  struct Scope {
    BookKey key;
    Limits limits;
  };
  // The account and the namespace, where they have a limit of storage.
  Result<std::vector<Scope>> Limited(const RepositoryPath& path) const;
  enum class Limit : std::uint8_t { kAny, kHard };
  Status CheckStorage(const Scope& scope, std::uint64_t bytes) const;
  Status CheckStorage(const RepositoryPath& path, std::uint64_t bytes, Limit which) const;
  Status CheckTraffic(const RepositoryPath& path, std::uint64_t bytes, bool begins) const;
  Status JudgePull(const BookKey& key, const Traffic::State& state, std::uint64_t bytes,
                   bool begins) const;

  const AdmissionOptions options_;
  db::Database& database_;
  const Clock& clock_;
  Traffic& traffic_;
};

// A manifest about to be put into a repository.
struct ManifestToPut {
  std::string repository_id;
  const oci::Manifest& manifest;
  const oci::Digest& digest;
  const std::vector<std::string>& tags;
};
// Inside the transaction, before it is put.
Status AdmitManifest(db::Transaction& tx, const Admission::Terms& terms, const ManifestToPut& put);
// What the books with a limit hold, in the order of the terms.
struct LimitedUse {
  std::vector<std::int64_t> hard;
  std::vector<std::int64_t> soft;
};
Result<LimitedUse> ReadUse(db::Transaction& tx, const Admission::Terms& terms);
// After its blobs are counted. What adds nothing is admitted, however much there is.
Status CheckHardLimits(db::Transaction& tx, const Admission::Terms& terms,
                       const LimitedUse& before);
// The same where a soft limit was reached before, of what finishes no push: an image that is
// brought back, or tagged into another repository.
Status CheckSoftLimits(db::Transaction& tx, const Admission::Terms& terms,
                       const LimitedUse& before);

}  // namespace breakwater::registry
