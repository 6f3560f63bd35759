// Uploads in progress, and the bounded table of those that this process has in memory.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "control/caller.h"
#include "crypto/hash.h"
#include "registry/types.h"

namespace breakwater::registry {

// What others may know of a session while it is being written.
struct UploadView {
  std::string id;
  RepositoryPath path;
  control::Actor actor;
  std::uint64_t size = 0;
  Timestamp expires;
};

// Bytes in memory of a budget that all sessions of a process share. What it has taken it gives back
// at its end.
class BufferShare {
 public:
  BufferShare() = default;  // of no budget
  explicit BufferShare(std::atomic<std::size_t>& taken) : taken_(&taken) {}
  ~BufferShare() { Resize(0); }
  BufferShare(const BufferShare&) = delete;
  BufferShare& operator=(const BufferShare&) = delete;
  BufferShare(BufferShare&& other) noexcept
      : taken_(std::exchange(other.taken_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  BufferShare& operator=(BufferShare&& other) noexcept {
    std::swap(taken_, other.taken_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  void Resize(std::size_t bytes);

 private:
  std::atomic<std::size_t>* taken_ = nullptr;
  std::size_t bytes_ = 0;
};

// One upload. Owned by where sessions are kept, or by the one request that writes it. Bytes stay in
// memory up to kMaxInlineBlob; beyond, they go to the blob store's staging.
struct UploadSession {
  std::string id;
  RepositoryPath path;
  // Who began it, without the limits of the token it was begun with: the right to finish is decided
  // on this identity's policies, so that no token expires in the middle of an upload.
  control::Actor actor;
  std::optional<crypto::HashAlgorithm> announced;  // the algorithm the client said it will use
  Timestamp started;
  Timestamp expires;
  Timestamp recorded_expires;  // in its row, if it has one
  // Where several processes serve it: the request that has it, and how long it may be silent.
  std::string writer;
  Timestamp writer_until;

  std::uint64_t size = 0;
  std::string buffer;                    // everything, while `staged_id` is empty
  BufferShare share;                     // of the buffer, where this process has taken the session
  std::string staged_id;                 // empty: in memory
  std::unique_ptr<blob::Staged> staged;  // open while a request writes
  // Absent: must be computed from staging (after a restart).
  std::optional<crypto::Hasher> sha256;
  // Kept where sha512 was announced.
  std::optional<crypto::Hasher> sha512;

  void StartHashing();
  void Hash(ByteView bytes);
  void ForgetHashes();
  UploadView View() const;
};

// kRateLimited "too_many_uploads".
Error TooManyUploads();
Error TooManyUploadsOfOne();

// Thread-safe.
class UploadTable {
 public:
  UploadTable(std::size_t max_sessions, std::size_t max_of_one)
      : max_sessions_(max_sessions), max_of_one_(max_of_one) {}

  // kRateLimited "too_many_uploads" when full, or when whoever began it has too many.
  Status Add(std::unique_ptr<UploadSession> session);
  // The same for a session read back from its row, directly into its writer's hands: false if
  // another thread has put it into the table first.
  Result<bool> AddTaken(const UploadSession& session);

  // Hands the session to one writer. kNotFound (also when cancelled); kRangeInvalid "upload_busy"
  // while another has it.
  Result<std::unique_ptr<UploadSession>> Take(const std::string& id);
  // Gives it back for the next writer; false if it was cancelled or removed meanwhile, and the
  // caller must Remove it, then discard what it holds.
  bool Return(std::unique_ptr<UploadSession>& session);
  // From here on nobody finds it, and nobody can put it back from its row until it is removed. The
  // session, for the caller to Remove and then discard; null if a writer has it, who will do so.
  // kNotFound.
  Result<std::unique_ptr<UploadSession>> Cancel(const std::string& id);
  // Forgets it, taken or not. The session if it was not taken.
  std::unique_ptr<UploadSession> Remove(const std::string& id);

  std::optional<UploadView> Find(const std::string& id) const;  // not what is cancelled
  std::vector<std::string> Expired(Timestamp now) const;        // ids; not those taken
  // Forgets the session if it has (still) expired and nobody writes it; else null.
  std::unique_ptr<UploadSession> TakeExpired(const std::string& id, Timestamp now);
  std::size_t size() const;

 private:
  struct Slot {
    std::unique_ptr<UploadSession> session;  // null while taken
    UploadView view;
    bool cancelled = false;
  };
  using Slots = std::map<std::string, Slot>;
  static Slot SlotFor(const UploadSession& session);
  Status CheckRoom(const UploadSession& session) const BW_REQUIRES(mutex_);
  Slots::iterator Insert(Slot slot) BW_REQUIRES(mutex_);
  void Erase(Slots::iterator slot) BW_REQUIRES(mutex_);

  const std::size_t max_sessions_;
  const std::size_t max_of_one_;
  mutable Mutex mutex_;
  Slots slots_ BW_GUARDED_BY(mutex_);
  std::map<IamId, std::size_t> by_actor_ BW_GUARDED_BY(mutex_);
};

}  // namespace breakwater::registry
