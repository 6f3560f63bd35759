// Reading, deleting and mounting blobs. Every read asks for the repository's link, never for the
// digest alone: bytes that another repository holds are not readable through this one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "io/stream.h"
#include "oci/digest.h"
#include "registry/blob_links.h"
#include "registry/types.h"

namespace breakwater::registry {

// How long a push may rely on a blob before it names it in a manifest: from its upload, its mount,
// or the loss of the last manifest that named it.
inline constexpr std::chrono::hours kBlobLease{24};
// How much of that is left, at least, when a push is told that the blob is there.
inline constexpr std::chrono::hours kLeaseAtHead{1};

// A blob opened for reading: its bytes, which others may hold too, or where they are.
struct OpenedBlob {
  using Bytes = std::shared_ptr<const std::string>;  // never null
  std::uint64_t size = 0;
  std::variant<Bytes, std::unique_ptr<blob::Blob>> content;

  // Bytes [offset, offset + length), which must lie inside.
  Result<std::unique_ptr<io::Source>> Read(std::uint64_t offset, std::uint64_t length) &&;
};

// Thread-safe.
class Blobs {
 public:
  Blobs(db::Database& database, blob::BlobStore& store, const Clock& clock, BlobLinks links);
  ~Blobs();

  // What the database says of a blob comes from memory where nothing has changed. kNotFound
  // "blob_unknown".
  Result<std::uint64_t> SizeOf(const RepositoryPath& path, const oci::Digest& digest) const;
  // The same for who wants to know whether to push it: a blob that no manifest needs and whose
  // lease is about to run out is not there any more. Writes nothing.
  Result<std::uint64_t> Head(const RepositoryPath& path, const oci::Digest& digest) const;
  Result<OpenedBlob> Open(const RepositoryPath& path, const oci::Digest& digest) const;

  // A URL by which a client gets the blob from the store itself, for `life`; nothing where there is
  // none to give. kNotFound "blob_unknown".
  Result<std::optional<std::string>> UrlOf(const RepositoryPath& path, const oci::Digest& digest,
                                           std::chrono::seconds life) const;

  // Takes the blob out of this repository. kUnsupported "blob_in_use" while a manifest of the
  // repository needs it: an image is never broken this way (405 is what the protocol allows for
  // it).
  Status Delete(const RepositoryPath& path, const oci::Digest& digest);

  // Repositories of the account in this registry that hold the blob, at most `limit`.
  Result<std::vector<std::string>> Holders(const RegistryName& registry, const AccountId& account,
                                           const oci::Digest& digest, std::size_t limit) const;
  // Links the blob into `target` if `source` of the same registry holds it; false if it does not.
  // The caller has checked the right to read the source. kQuota as BlobLinks::Link.
  Result<bool> Mount(const RepositoryPath& target, const oci::Digest& digest,
                     const std::string& source);

 private:
  struct Held;  // a blob as a repository holds it
  struct Promise;

  Result<Held> Find(const RepositoryPath& path, const oci::Digest& digest, bool with_content) const;
  Result<std::shared_ptr<const Held>> Row(const RepositoryPath& path,
                                          const oci::Digest& digest) const;
  Result<Promise> FindPromise(const RepositoryPath& path, const oci::Digest& digest) const;

  db::Database& database_;
  blob::BlobStore& store_;
  const Clock& clock_;
  const BlobLinks links_;
  db::EpochCache<Held> whole_;
  db::EpochCache<Held> rows_;  // without their content
  db::EpochCache<Promise> promises_;
};

}  // namespace breakwater::registry
