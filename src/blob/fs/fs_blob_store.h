// Blobs as files of a directory:
//
//   ROOT/blobs/sha256/ab/abcdef…   committed, immutable
//   ROOT/staging/tmp-ID            uploads in progress
//
// Both must lie on one file system, which must be local (rename and fsync mean what POSIX says).
#pragma once

#include <filesystem>
#include <memory>

#include "blob/blob_store.h"

namespace breakwater::blob {

enum class Durability {
  kStrict,  // Commit returns after fdatasync of the files and fsync of their directories
  kNone,    // left to the kernel: a power cut may lose or tear acknowledged blobs
};

struct FsOptions {
  std::filesystem::path root;  // made if absent
  Durability durability = Durability::kStrict;
  int sync_threads = 8;
};

// Beyond what BlobStore says: when the disk refuses to sync an upload, Commit drops the upload (the
// kernel may have forgotten its pages, so that a second attempt would succeed over lost bytes).
// Errors are those of io/file.h.
Result<std::unique_ptr<BlobStore>> OpenFsBlobStore(const FsOptions& options);

}  // namespace breakwater::blob
