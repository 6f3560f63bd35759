// Content-addressed store for blobs above 64 KiB: a directory, or an S3 bucket. (Smaller ones and
// manifests are rows of the database.)
//
// A blob is staged while its bytes arrive, then committed under its digest. Staging survives the
// process: `Resume` continues, in this process or another, with the bytes that were kept. The order
// that makes a crash harmless: bytes durable (`Commit`), then the database row that names them.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "io/stream.h"
#include "oci/digest.h"

namespace breakwater::blob {

// One upload in progress. One thread at a time.
class Staged {
 public:
  virtual ~Staged() = default;
  // Opaque, unique, safe in a URL and as a file name.
  virtual const std::string& id() const = 0;
  // Bytes appended so far. After Resume: those that were kept.
  virtual std::uint64_t size() const = 0;
  virtual Status Append(ByteView bytes) = 0;
  // From here on whoever resumes the upload, in whatever process, finds all that was appended.
  // Without it the bytes since the last Flush may be lost with this handle: never more, never
  // others. It is no promise for a power cut: that is Commit's.
  virtual Status Flush() = 0;
  // Reads what was staged from the start, flushed or not, e.g. to hash it again after a restart.
  virtual Result<std::unique_ptr<io::Source>> Read() = 0;
};

// A committed blob opened for reading. Thread-safe.
class Blob {
 public:
  virtual ~Blob() = default;
  virtual std::uint64_t size() const = 0;
  // Bytes [offset, offset + length), which must lie inside.
  virtual Result<std::unique_ptr<io::Source>> Read(std::uint64_t offset, std::uint64_t length) = 0;
  // A descriptor that can be handed to sendfile, valid while the Blob lives; -1 if there is none.
  virtual int file_descriptor() const = 0;
};

struct CommitItem {
  Staged* staged;      // flushed or not; once committed it is only good to be destroyed
  oci::Digest digest;  // the caller has verified it over the staged bytes
};

// Thread-safe. Whatever would wait for a disk or another machine is refused on a thread that must
// not (base/wait.h).
class BlobStore {
 public:
  virtual ~BlobStore() = default;

  virtual Result<std::unique_ptr<Staged>> Stage() = 0;
  // kNotFound if there is no such upload (any more).
  virtual Result<std::unique_ptr<Staged>> Resume(const std::string& staged_id) = 0;
  // Forgets an upload and its bytes. Absent is success.
  virtual Status Discard(const std::string& staged_id) = 0;
  // Makes every item durable under its digest, as a group; on return a power cut loses none of
  // them. A digest that is there already is success, and its staged copy is dropped. Each item's
  // outcome is reported on its own.
  virtual std::vector<Status> Commit(std::span<const CommitItem> items) = 0;

  // kNotFound if there is no such blob.
  virtual Result<std::unique_ptr<Blob>> Open(const oci::Digest& digest) = 0;
  // A URL that gives the blob's bytes to whoever has it, for `life`; nothing if the store has none
  // to give. Asks nobody: whether there is such a blob is the caller's knowledge.
  virtual std::optional<std::string> PresignGet(const oci::Digest& digest,
                                                std::chrono::seconds life) const = 0;
  // Absent is success. The caller has made sure that nothing refers to it.
  virtual Status Remove(const oci::Digest& digest) = 0;

  // The mark of whoever the store belongs to (see ownership.h); nothing before the first Claim.
  virtual Result<std::optional<std::string>> Owner() = 0;
  virtual Status Claim(const std::string& owner) = 0;

  struct StagedInfo {
    std::string id;
    std::uint64_t size = 0;
    Timestamp modified;
  };
  // Calls `visit` for each upload or blob there is; stops at its first error.
  virtual Status ListStaged(const std::function<Status(const StagedInfo&)>& visit) = 0;
  using VisitBlob = std::function<Status(const oci::Digest&, std::uint64_t)>;
  Status List(const VisitBlob& visit) { return ListAfter({}, visit); }
  // The same of blobs whose digests come after this text, bytewise and in that order.
  virtual Status ListAfter(std::string_view after, const VisitBlob& visit) = 0;
};

}  // namespace breakwater::blob
