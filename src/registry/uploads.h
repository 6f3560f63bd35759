// Pushing blobs (distribution-spec, "Pushing blobs"): sessions that are begun, appended to,
// finished or cancelled, and whole blobs at once.
//
// The offset of an upload is what the server has kept, never what a URL says. sha256 is computed
// while bytes arrive and carried from chunk to chunk; after a restart, or in another process, it is
// computed again from staging. A blob becomes visible in this order: bytes durable, then its row. A
// dropped connection keeps what was received.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "control/caller.h"
#include "db/database.h"
#include "io/stream.h"
#include "oci/digest.h"
#include "oci/ranges.h"
#include "registry/blob_links.h"
#include "registry/digest_locks.h"
#include "registry/types.h"
#include "registry/upload_sessions.h"

namespace breakwater::registry {

struct UploadOptions {
  // Authenticates session URLs. The same after a restart, or running uploads must start over.
  Secret key;
  std::chrono::hours life{24};  // of a session since its last byte
  std::size_t max_sessions = kMaxSessions;
  std::size_t max_sessions_of_one = kMaxSessionsOfOne;  // that one identity has begun
  std::size_t max_buffered = 64U << 20;                 // of all sessions' bytes in memory
  std::uint64_t max_blob = 1ULL << 40;
  // Several processes over one database serve the same uploads: sessions live there, and each
  // request may come to another process.
  bool shared = false;
};

// A body and what its headers say of it.
struct Chunk {
  io::Source* source = nullptr;         // null: no body
  std::optional<std::uint64_t> length;  // Content-Length
  std::optional<oci::ByteRange> range;  // Content-Range; absent: append at the end
};

// Thread-safe.
class Uploads {
 public:
  // `locks`: those that whoever removes blobs uses too.
  Uploads(UploadOptions options, db::Database& database, blob::BlobStore& store, DigestLocks& locks,
          const Clock& clock, BlobLinks links);

  // Begins a session of the caller's. `algorithm`: the one its digest will have, if it is known.
  Result<UploadView> Start(const RepositoryPath& path, const control::Actor& actor,
                           std::optional<crypto::HashAlgorithm> algorithm);
  // What makes a session's URL unforgeable: a MAC over the session, its repository and its owner.
  std::string StateOf(const UploadView& view) const;
  // The session, if it exists, belongs to this repository and `state` is its own; else kNotFound
  // "blob_upload_unknown".
  Result<UploadView> Find(const RegistryName& registry, std::string_view repository,
                          const std::string& id, std::string_view state);

  // Appends a chunk; the upload's size after it. kRangeInvalid "range_mismatch" (with detail
  // "size") if it does not begin at the end, "upload_busy" while another request writes: the
  // session is as it was. kInvalid "size_invalid" if the body is not as long as its headers say.
  Result<std::uint64_t> Append(const std::string& id, const Chunk& chunk);
  // Appends a last chunk, verifies and makes the blob visible in its repository. kQuota as
  // BlobLinks::Link. On kInvalid
  // "digest_invalid" (the bytes have another digest) and on kNotFound (the namespace is gone) the
  // session is over.
  Status Finish(const std::string& id, const Chunk& chunk, const oci::Digest& digest);
  // kNotFound if there is no such session.
  Status Cancel(const std::string& id);

  // A whole blob without a session.
  Status Push(const RepositoryPath& path, const control::Actor& actor, const Chunk& chunk,
              const oci::Digest& digest);

  struct Swept {
    std::int64_t sessions = 0;  // that had expired, or lost their bytes
    std::int64_t staged = 0;    // files nobody owns
  };
  // Reclaims what expired sessions and crashes have left in staging. `at_start`: nothing runs yet,
  // so that staging younger than an hour is orphaned too.
  Result<Swept> Sweep(bool at_start);

 private:
  class Writer;

  std::unique_ptr<UploadSession> NewSession(const RepositoryPath& path, const control::Actor& actor,
                                            std::optional<crypto::HashAlgorithm> algorithm);
  Result<std::unique_ptr<UploadSession>> Take(const std::string& id);
  // kNotFound if it was cancelled meanwhile: then it is discarded.
  Status GiveBack(std::unique_ptr<UploadSession> session);
  Status OpenStaged(UploadSession& session);
  Status CloseStaged(UploadSession& session);
  Status Receive(UploadSession& session, const Chunk& chunk);
  Status Spill(UploadSession& session);
  Result<oci::Digest> DigestOf(UploadSession& session, crypto::HashAlgorithm algorithm);
  Status Verify(UploadSession& session, const oci::Digest& digest);
  // kDataCorrupt if another number of bytes is staged than was hashed.
  Status CommitBytes(UploadSession& session, const oci::Digest& digest);
  // kUnavailable "digest_busy" if others take the digest again and again.
  Result<std::unique_ptr<DigestLocks::Hold>> AcquireDigest(UploadSession& session,
                                                           const oci::Digest& digest);
  Status Publish(UploadSession& session, const oci::Digest& digest);
  // `hold`: of the digest, where the bytes are in the store.
  Status RecordBlob(const UploadSession& session, const oci::Digest& digest,
                    DigestLocks::Hold* hold);
  // Forgets the session and drops what it holds, memory and staging, unless another writer has it.
  void End(UploadSession& session);
  static void ReleaseBuffer(UploadSession& session);

  Result<std::int64_t> SweepSessions();
  Result<std::int64_t> SweepStaged(bool at_start);

  UploadOptions options_;
  db::Database& database_;
  blob::BlobStore& store_;
  DigestLocks& locks_;
  const Clock& clock_;
  const BlobLinks links_;
  std::atomic<std::size_t> buffered_{0};  // shared by the sessions
  std::unique_ptr<UploadSessions> sessions_;
};

}  // namespace breakwater::registry
