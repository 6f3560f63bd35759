// What the rows of a manifest say, made from its bytes alone: so that they can be made again, and
// compared.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/manifest.h"

namespace breakwater::registry {

enum class ReferenceKind : std::int64_t { kConfig = 0, kLayer = 1, kChild = 2 };

// A row of manifest_reference.
struct ManifestReference {
  ReferenceKind kind = ReferenceKind::kConfig;
  std::string target;
  std::int64_t size = 0;  // as the manifest has it

  friend auto operator<=>(const ManifestReference&, const ManifestReference&) = default;
};

// What else is known of a manifest than its bytes and when it came.
struct ManifestRows {
  std::string media_type;
  std::string artifact_type;
  std::optional<std::string> config_digest;
  std::int64_t content_size = 0;
  std::optional<std::string> subject;
  std::optional<std::string> referrer;        // its entry in its subject's list
  std::vector<ManifestReference> references;  // in order; each kind and target once

  friend bool operator==(const ManifestRows&, const ManifestRows&) = default;
};

// `bytes`: how many the manifest has.
ManifestRows RowsOf(const oci::Manifest& manifest, const oci::Digest& digest, std::size_t bytes);

// Those that are not there yet. Their blobs are counted as stored. Layers that are `absent` are
// noted as such (absent_layers.h).
Status InsertReferences(db::Transaction& tx, const std::string& repository_id,
                        const std::string& manifest, const std::vector<ManifestReference>& rows,
                        const std::set<oci::Digest>& absent);
// All of a manifest, with its absent layers. Blobs that nothing else needs are counted no more.
Status DeleteReferences(db::Transaction& tx, const std::string& repository_id,
                        const std::string& manifest);

// The manifest with all that hangs on it, its tags too: they would lead nowhere. Pushes that were
// told that its blobs are there may rely on them for kBlobLease from `now`.
Status DeleteManifestRows(db::Transaction& tx, const std::string& repository_id,
                          const std::string& manifest, Timestamp now);

}  // namespace breakwater::registry
