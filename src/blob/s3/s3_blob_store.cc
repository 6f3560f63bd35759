#include "blob/s3/s3_blob_store.h"

#include <map>
#include <utility>

#include "base/wait.h"
#include "blob/s3/s3_compose.h"
#include "blob/s3/s3_parts.h"
#include "blob/s3/s3_staged.h"
#include "observe/log.h"

namespace breakwater::blob {
namespace {

constexpr std::uint64_t kLeastPart = 5 * kMiB;
constexpr std::uint64_t kLargestPart = 64 * kMiB;
constexpr std::size_t kS3MaxParts = 10'000;
constexpr std::size_t kDeletesAtOnce = 64;

Error BadOptions(std::string what) {
  return Invalid("S3 blob store: " + std::move(what)).Reason("s3_options_invalid");
}

Status CheckOptions(const S3Options& options) {
  if (options.bucket.empty()) return BadOptions("no bucket is named");
  if (options.region.empty()) return BadOptions("no region is named");
  if (options.credentials.access_key.empty() || options.credentials.secret_key.empty()) {
    return BadOptions("no access key or no secret key is given");
  }
  if (options.part_size < kLeastPart || options.part_size > kLargestPart) {
    return BadOptions("the part size must be from 5 MiB to 64 MiB");
  }
  if (options.buffer_bytes < options.part_size) {
    return BadOptions("the buffers must hold at least one part");
  }
  if (options.parts_in_flight < 1 || options.request_threads < 1 || options.max_attempts < 1 ||
      options.max_parts < 2 || options.max_parts > kS3MaxParts) {
    return BadOptions("a number of requests, attempts or parts is out of its range");
  }
  return Ok();
}

class S3Blob final : public Blob {
 public:
  S3Blob(S3Client& client, std::string key, std::uint64_t size)
      : client_(client), key_(std::move(key)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  int file_descriptor() const override { return -1; }
  Result<std::unique_ptr<io::Source>> Read(std::uint64_t offset, std::uint64_t length) override {
    if (offset > size_ || length > size_ - offset) {
      return Error(ErrorCode::kRangeInvalid, "the range is not inside the blob");
    }
    if (length == 0) return std::unique_ptr<io::Source>(new io::StringSource(""));
    return client_.Read(key_, size_, offset, length);
  }

 private:
  S3Client& client_;
  const std::string key_;
  const std::uint64_t size_;
};

constexpr const char* kOwnerKey = "owner";
constexpr std::uint64_t kMaxOwner = 64;

class S3BlobStore final : public BlobStore {
 public:
  S3BlobStore(const S3Options& options, S3Endpoint endpoint, S3Waiting waiting,
              db::Database& database, const Clock& clock)
      : shared_(options, std::move(endpoint), std::move(waiting), database, clock) {}

  Result<std::unique_ptr<Staged>> Stage() override {
    return std::unique_ptr<Staged>(std::make_unique<S3Staged>(shared_));
  }
  Result<std::unique_ptr<Staged>> Resume(const std::string& staged_id) override {
    BW_TRY(auto staged, S3Staged::Resume(shared_, staged_id));
    return std::unique_ptr<Staged>(std::move(staged));
  }
  Status Discard(const std::string& staged_id) override;
  std::vector<Status> Commit(std::span<const CommitItem> items) override;
  Result<std::unique_ptr<Blob>> Open(const oci::Digest& digest) override;
  std::optional<std::string> PresignGet(const oci::Digest& digest,
                                        std::chrono::seconds life) const override {
    return shared_.client.PresignGet(BlobKey(digest), life);
  }
  Status Remove(const oci::Digest& digest) override {
    return shared_.client.Delete(BlobKey(digest));
  }
  Result<std::optional<std::string>> Owner() override;
  Status Claim(const std::string& owner) override {
    return shared_.client.Put(kOwnerKey, AsBytes(owner));
  }
  Status ListStaged(const std::function<Status(const StagedInfo&)>& visit) override;
  Status ListAfter(std::string_view after, const VisitBlob& visit) override;

 private:
  Status CommitOne(const CommitItem& item);
  Status MakeBlob(S3Staged& staged, const std::string& key);
  // What a committed upload leaves is only rubbish: that it stays does not fail the commit.
  void Drop(S3Staged& staged);
  Status DeleteObjects(const std::string& upload);
  Status ListOrphanedObjects(const std::function<Status(const StagedInfo&)>& visit);
  Status ListOrphanedUploads(std::string_view prefix,
                             const std::function<Status(const StagedInfo&)>& visit);

  S3Parts shared_;
};

std::vector<Status> S3BlobStore::Commit(std::span<const CommitItem> items) {
  // On threads of its own, which may wait.
  if (const Status may = BeforeWaiting(); !may.ok()) return std::vector<Status>(items.size(), may);
  std::vector<Status> outcomes(items.size());
  shared_.pool.ForEach(items.size(), [&](std::size_t i) { outcomes[i] = CommitOne(items[i]); });
  return outcomes;
}

Status S3BlobStore::CommitOne(const CommitItem& item) {
  auto* const staged = dynamic_cast<S3Staged*>(item.staged);
  BW_CHECK(staged != nullptr);
  if (staged->committed()) return Ok();
  BW_TRY_STATUS(MakeBlob(*staged, BlobKey(item.digest)));
  staged->MarkCommitted();
  Drop(*staged);
  return Ok();
}

Status S3BlobStore::MakeBlob(S3Staged& staged, const std::string& key) {
  BW_TRY_STATUS(staged.Settle());
  if (staged.parts().empty()) {
    // To write it again costs no more than to ask whether it is there, and the bytes are the same.
    BW_TRY(const ByteView content, staged.Tail());
    return shared_.client.Put(key, content);
  }
  BW_TRY(const auto there, shared_.client.Head(key));
  // One of another size is damaged: the verified bytes replace it.
  if (there == staged.size()) return Ok();
  BW_TRY(const ByteView tail, staged.Tail());
  return Compose(shared_, key, staged.id(), staged.parts(), tail);
}

void S3BlobStore::Drop(S3Staged& staged) {
  Status dropped = Ok();
  // Rows first: an upload whose objects are gone must not be resumed.
  if (staged.recorded()) dropped = shared_.table.Delete(staged.id());
  if (dropped.ok() && staged.has_objects()) dropped = DeleteObjects(staged.id());
  if (!dropped.ok()) {
    observe::Log(observe::Level::kWarning, "what a committed upload leaves is left to the sweep",
                 {{"cause", dropped.error().log()}});
  }
}

Status S3BlobStore::DeleteObjects(const std::string& upload) {
  std::vector<std::string> keys;
  const auto delete_keys = [&]() -> Status {
    std::vector<Status> outcomes(keys.size());
    shared_.pool.ForEach(keys.size(),
                         [&](std::size_t i) { outcomes[i] = shared_.client.Delete(keys[i]); });
    keys.clear();
    for (Status& outcome : outcomes) {
      if (!outcome.ok()) return std::move(outcome);
    }
    return Ok();
  };
  BW_TRY_STATUS(
      shared_.client.ListObjects(StagingKey(upload, ""), [&](const S3Object& object) -> Status {
        keys.push_back(object.key);
        return keys.size() < kDeletesAtOnce ? Ok() : delete_keys();
      }));
  return delete_keys();
}

Status S3BlobStore::Discard(const std::string& staged_id) {
  if (const auto orphan = OrphanId::Parse(staged_id)) {
    return shared_.client.AbortUpload(orphan->key, orphan->upload);
  }
  if (!IsUploadId(staged_id)) return Ok();
  BW_TRY_STATUS(shared_.table.Delete(staged_id));
  return DeleteObjects(staged_id);
}

Result<std::optional<std::string>> S3BlobStore::Owner() {
  BW_TRY(const auto size, shared_.client.Head(kOwnerKey));
  if (!size) {
    BW_TRY_STATUS(shared_.client.CheckBucket());
    return std::optional<std::string>();
  }
  if (*size == 0 || *size > kMaxOwner) return DataCorrupt("the mark of the blob store is damaged");
  BW_TRY(const auto source, shared_.client.Read(kOwnerKey, *size, 0, *size));
  BW_TRY(std::string owner, io::ReadAll(*source, kMaxOwner));
  return std::optional(std::move(owner));
}

Result<std::unique_ptr<Blob>> S3BlobStore::Open(const oci::Digest& digest) {
  const std::string key = BlobKey(digest);
  BW_TRY(const auto size, shared_.client.Head(key));
  if (!size) {
    BW_TRY_STATUS(shared_.client.CheckBucket());
    return NotFound("there is no such blob").Reason("blob_unknown");
  }
  return std::unique_ptr<Blob>(std::make_unique<S3Blob>(shared_.client, key, *size));
}

Status S3BlobStore::ListStaged(const std::function<Status(const StagedInfo&)>& visit) {
  BW_TRY_STATUS(shared_.table.List([&](const UploadSummary& upload) {
    return visit({.id = upload.id, .size = upload.size, .modified = upload.modified});
  }));
  BW_TRY_STATUS(ListOrphanedObjects(visit));
  BW_TRY_STATUS(ListOrphanedUploads(kBlobs, visit));
  return ListOrphanedUploads(kStaging, visit);
}

Status S3BlobStore::ListOrphanedObjects(const std::function<Status(const StagedInfo&)>& visit) {
  const Timestamp young = shared_.clock.Now() - shared_.options.orphan_age;
  StagedInfo current;
  const auto report = [&]() -> Status {
    const StagedInfo found = std::exchange(current, {});
    if (found.id.empty() || found.modified > young) return Ok();
    BW_TRY(const bool has_row, shared_.table.Exists(found.id));
    return has_row ? Ok() : visit(found);
  };
  BW_TRY_STATUS(
      shared_.client.ListObjects(std::string(kStaging), [&](const S3Object& object) -> Status {
        const std::string id(UploadOfKey(object.key));
        if (id != current.id) BW_TRY_STATUS(report());
        current.id = id;
        current.size += object.size;
        current.modified = std::max(current.modified, object.modified);
        return Ok();
      }));
  return report();
}

Status S3BlobStore::ListOrphanedUploads(std::string_view prefix,
                                        const std::function<Status(const StagedInfo&)>& visit) {
  const Timestamp young = shared_.clock.Now() - shared_.options.orphan_age;
  return shared_.client.ListUploads(std::string(prefix), [&](const S3Upload& upload) -> Status {
    const OrphanId orphan{.key = upload.key, .upload = upload.id};
    // What has a name of another form is not ours.
    if (upload.initiated > young || !OrphanId::Parse(orphan.ToString())) return Ok();
    return visit({.id = orphan.ToString(), .size = 0, .modified = upload.initiated});
  });
}

Status S3BlobStore::ListAfter(std::string_view after, const VisitBlob& visit) {
  const auto last = oci::Digest::Parse(after);
  return shared_.client.ListObjectsAfter(
      std::string(kBlobs), last.ok() ? BlobKey(*last) : std::string(),
      [&](const S3Object& object) -> Status {
        const auto digest = DigestOfKey(object.key);
        // Also where a service does not know where to begin.
        return digest && digest->text() > after ? visit(*digest, object.size) : Ok();
      });
}

}  // namespace

Result<std::unique_ptr<BlobStore>> OpenS3BlobStore(const S3Options& options, db::Database& database,
                                                   const Clock& clock, S3Waiting waiting) {
  BW_TRY_STATUS(CheckOptions(options));
  BW_TRY(auto endpoint, S3Endpoint::Parse(options.endpoint));
  return std::unique_ptr<BlobStore>(std::make_unique<S3BlobStore>(
      options, std::move(endpoint), std::move(waiting), database, clock));
}

}  // namespace breakwater::blob
