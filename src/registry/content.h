// Rows of content that several services write. Every function works inside the caller's
// transaction.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "oci/digest.h"
#include "registry/namespaces.h"
#include "registry/types.h"

namespace breakwater::registry {

enum class BlobPlace : std::int64_t { kRow = 0, kStore = 1 };

struct BlobRow {
  std::uint64_t size = 0;
  BlobPlace place = BlobPlace::kRow;
};

// The row id of a repository that holds, or held, something.
Result<std::optional<std::string>> FindRepository(db::Transaction& tx, const RegistryName& registry,
                                                  std::string_view name);
// Makes the row where it is missing. kNotFound "name_unknown" if the namespace is gone or has
// passed to another account meanwhile.
Result<std::string> EnsureRepository(db::Transaction& tx, const RepositoryPath& path,
                                     Timestamp now);

// A blob as this repository holds it, or nothing.
Result<std::optional<BlobRow>> FindBlob(db::Transaction& tx, const RegistryName& registry,
                                        std::string_view repository, const oci::Digest& digest);
Result<std::string> ReadBlobContent(db::Transaction& tx, const oci::Digest& digest);

// Names of the tags that point at a manifest, in bytewise order.
Result<std::vector<std::string>> TagsOf(db::Transaction& tx, const std::string& repository_id,
                                        const oci::Digest& digest);

jobs::Event ContentEvent(std::string_view type, const RepositoryPath& path,
                         const oci::Digest& digest, const std::vector<std::string>& tags,
                         std::string_view media_type);

// Tables of a namespace's own settings that have a row for it.
Result<std::vector<std::string>> SettingsOfNamespace(db::Transaction& tx,
                                                     const Namespace& name_space);
// Removes every repository of a namespace and what hangs on it; the events to emit for it.
Result<std::vector<jobs::Event>> DeleteNamespaceContent(db::Transaction& tx,
                                                        const Namespace& name_space,
                                                        const std::string& region);

// The errors of the protocol that several services return.
Error BlobUnknown();
Error ManifestUnknown();
Error UploadUnknown();
Error NameUnknown();

}  // namespace breakwater::registry
