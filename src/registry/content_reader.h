// Images as others look at them: what there is, and its bytes. For assessment, reports and the
// management API; callers have decided about rights.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "io/stream.h"
#include "oci/digest.h"
#include "oci/names.h"
#include "registry/types.h"

namespace breakwater::registry {

struct ImageInfo {
  AccountId account;
  RegistryName registry;
  std::string repository;
  oci::Digest digest;
  std::string media_type;
  std::optional<oci::Digest> config;
  std::uint64_t size = 0;         // config and layers
  std::vector<std::string> tags;  // in bytewise order
  Timestamp created;              // first pushed
  Timestamp pushed;               // last pushed
};

struct ImageFilter {
  std::optional<RegistryName> registry;
  std::vector<std::string> namespaces;    // empty: all
  std::vector<std::string> repositories;  // empty: all
};

struct ManifestBytes {
  oci::Digest digest;
  std::string media_type;
  std::string content;
};

// Thread-safe.
class ContentReader {
 public:
  ContentReader(db::Database& database, blob::BlobStore& store)
      : database_(database), store_(store) {}

  // kNotFound "manifest_unknown"; with an account, also if the namespace is another account's.
  Result<ManifestBytes> ReadManifest(const std::optional<AccountId>& account,
                                     const RegistryName& registry, std::string_view repository,
                                     const oci::Reference& reference) const;
  // The account that owns the repository's namespace; kNotFound "name_unknown".
  Result<AccountId> OwnerOf(const RegistryName& registry, std::string_view repository) const;
  // A whole blob, whichever repository holds it. kNotFound "blob_unknown".
  Result<std::unique_ptr<io::Source>> OpenBlob(const oci::Digest& digest) const;
  // At most `limit` bytes of it; kTooLarge beyond.
  Result<std::string> ReadBlob(const oci::Digest& digest, std::size_t limit) const;
  // Visits every manifest of the account by registry, repository and digest; stops at the visitor's
  // first error. The visitor must not use the database.
  Status VisitImages(const AccountId& account, const ImageFilter& filter,
                     const std::function<Status(const ImageInfo&)>& visit) const;
  Result<std::vector<ImageInfo>> ListImages(const AccountId& account,
                                            const ImageFilter& filter) const;

 private:
  db::Database& database_;
  blob::BlobStore& store_;
};

}  // namespace breakwater::registry
