// Layers that a manifest names and its repository does not have: sparse images
// (docs/decisions/020). They are remembered as rows of their own, which become references as soon
// as the repository gets the blob, in the transaction that links it; so a blob that is there is
// never noted as absent, and the collector sees a reference to it from its first moment on. Every
// function works inside the caller's transaction.
//
// What other repositories hold is never asked for: an answer would tell of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/types.h"

namespace breakwater::registry {

namespace event {
// All layers of a sparse image have come. As "image.pushed", with all tags that name it.
inline constexpr std::string_view kImageCompleted = "image.completed";
}  // namespace event

// How long it is remembered that a link was removed. A push that was told that the blob is there,
// and takes until then, is told that it is gone and does not become a sparse image by mistake.
inline constexpr std::chrono::hours kLapsedLink{72};

// What of a manifest's configuration and layers the repository does not have, in their order.
Result<std::vector<oci::Digest>> AbsentBlobs(db::Transaction& tx, const std::string& repository_id,
                                             const oci::Manifest& manifest);
// Whether the repository has lost the blob: it was removed lately, or a manifest needs it.
// Then a push has reason to believe that it is there.
Result<bool> WasThere(db::Transaction& tx, const std::string& repository_id,
                      const oci::Digest& digest, Timestamp now);

// Whether an image of the repository lacks the blob.
Result<bool> IsAwaited(db::Transaction& tx, const std::string& repository_id,
                       const oci::Digest& digest);
// Manifests of one repository that may wait for one layer: whoever brings it completes them all, in
// one transaction.
inline constexpr std::size_t kMaxWaiting = 1000;
// After a manifest's rows were written: kInvalid "manifest_blob_unknown" with the detail "digest"
// if it is one too many.
Status CheckWaiting(db::Transaction& tx, const std::string& repository_id,
                    const oci::Digest& manifest);
// After the blob was linked: its rows become references, and are counted as stored. The manifests
// that have all their layers by this.
Result<std::vector<oci::Digest>> FillAbsentLayers(db::Transaction& tx,
                                                  const std::string& repository_id,
                                                  const std::string& digest);
// After a manifest was copied into the repository with its rows and links: the same of whatever
// layers are there now, its own and those that it brought to others.
Result<std::vector<oci::Digest>> SettleAbsentLayers(db::Transaction& tx,
                                                    const std::string& repository_id,
                                                    const oci::Digest& manifest);
// "image.completed" of each.
Result<std::vector<jobs::Event>> Completions(db::Transaction& tx, const RepositoryPath& path,
                                             const std::string& repository_id,
                                             const std::vector<oci::Digest>& manifests);

// Of an image by the repository's row id.
Result<std::int64_t> CountAbsentLayers(db::Transaction& tx, const std::string& repository_id,
                                       const std::string& manifest);

// Notes that a link was removed.
Status NoteLapsedLink(db::Transaction& tx, const std::string& repository_id,
                      const std::string& digest, Timestamp now);
// Whether there are some to forget.
Result<bool> AnyLapsedLink(db::Transaction& tx, Timestamp now);
// Forgets at most `limit` of those that are over.
Status ForgetLapsedLinks(db::Transaction& tx, Timestamp now, std::size_t limit);

}  // namespace breakwater::registry
