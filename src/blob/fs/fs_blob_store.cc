#include "blob/fs/fs_blob_store.h"

#include <algorithm>
#include <cerrno>
#include <set>
#include <utility>

#include <sys/stat.h>

#include "base/sync.h"
#include "base/wait.h"
#include "blob/fs/fs_staged.h"
#include "blob/fs/layout.h"
#include "blob/task_pool.h"
#include "io/file.h"

namespace breakwater::blob {
namespace {

namespace fs = std::filesystem;

Error NoSuchBlob() {
  return NotFound("there is no such blob").Reason("blob_unknown");
}

// Size of a regular file, or nothing if there is none.
Result<std::optional<std::uint64_t>> SizeOf(const fs::path& path) {
  struct stat status{};
  if (::lstat(path.c_str(), &status) == 0) {
    if (!S_ISREG(status.st_mode)) return Internal("not a regular file: " + path.string());
    return std::optional(static_cast<std::uint64_t>(status.st_size));
  }
  if (errno == ENOENT) return std::optional<std::uint64_t>{};
  return io::FileError(errno, "stat", path);
}

class FsBlobSource final : public io::Source {
 public:
  FsBlobSource(std::shared_ptr<const io::File> file, std::uint64_t offset, std::uint64_t length)
      : file_(std::move(file)), offset_(offset), rest_(length) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), rest_));
    if (wanted == 0) return std::size_t{0};
    BW_TRY(const std::size_t count, file_->ReadAt(offset_, out.first(wanted)));
    if (count == 0) return DataCorrupt("a stored blob is shorter than it was");
    offset_ += count;
    rest_ -= count;
    return count;
  }

 private:
  const std::shared_ptr<const io::File> file_;  // shared with the Blob; never changes
  std::uint64_t offset_;
  std::uint64_t rest_;
};

class FsBlob final : public Blob {
 public:
  explicit FsBlob(io::File file) : file_(std::make_shared<const io::File>(std::move(file))) {}

  std::uint64_t size() const override { return file_->size(); }
  int file_descriptor() const override { return file_->fd(); }
  Result<std::unique_ptr<io::Source>> Read(std::uint64_t offset, std::uint64_t length) override {
    if (offset > size() || length > size() - offset) {
      return Error(ErrorCode::kRangeInvalid, "the range is not inside the blob");
    }
    return std::unique_ptr<io::Source>(new FsBlobSource(file_, offset, length));
  }

 private:
  const std::shared_ptr<const io::File> file_;
};

constexpr std::size_t kMaxOwner = 64;

// One item on its way through Commit.
struct Move {
  fs::path staged;
  fs::path target;
  fs::path shard;
  std::optional<io::DurableFile> file;  // synced, to be moved; absent if the target is there
  Status status;
};

class FsBlobStore final : public BlobStore {
 public:
  explicit FsBlobStore(const FsOptions& options)
      : layout_(options.root), durability_(options.durability), pool_(options.sync_threads) {}

  Status Prepare() {
    BW_TRY_STATUS(io::MakeDirectories(layout_.staging()));
    return io::MakeDirectories(layout_.blobs());
  }

  Result<std::unique_ptr<Staged>> Stage() override {
    BW_TRY_STATUS(BeforeWaiting());
    return FsStaged::Create(layout_);
  }
  Result<std::unique_ptr<Staged>> Resume(const std::string& staged_id) override {
    BW_TRY_STATUS(BeforeWaiting());
    return FsStaged::Resume(layout_, staged_id);
  }
  Status Discard(const std::string& staged_id) override {
    BW_TRY_STATUS(BeforeWaiting());
    const auto path = layout_.StagedFile(staged_id);
    return path ? io::RemoveFile(*path) : Ok();
  }
  std::vector<Status> Commit(std::span<const CommitItem> items) override;
  Result<std::unique_ptr<Blob>> Open(const oci::Digest& digest) override;
  std::optional<std::string> PresignGet(const oci::Digest&, std::chrono::seconds) const override {
    return std::nullopt;
  }
  Status Remove(const oci::Digest& digest) override {
    BW_TRY_STATUS(BeforeWaiting());
    return io::RemoveFile(layout_.BlobFile(digest));
  }
  Result<std::optional<std::string>> Owner() override {
    BW_TRY_STATUS(BeforeWaiting());
    auto text = io::ReadFile(OwnerFile(), kMaxOwner);
    if (text.ok()) return std::optional(*std::move(text));
    if (text.error().code() == ErrorCode::kNotFound) return std::optional<std::string>();
    return std::move(text).error();
  }
  Status Claim(const std::string& owner) override {
    BW_TRY_STATUS(BeforeWaiting());
    return io::WriteFileDurably(OwnerFile(), AsBytes(owner));
  }
  Status ListStaged(const std::function<Status(const StagedInfo&)>& visit) override;
  Status ListAfter(std::string_view after, const VisitBlob& visit) override;

 private:
  fs::path OwnerFile() const { return layout_.blobs() / "owner"; }
  Status SyncContent(const CommitItem& item, Move& move) const;
  Status MoveIntoPlace(Move& move);
  Status EnsureShard(const fs::path& shard);
  void SyncDirectories(std::vector<Move>& moves) const;
  Status ListShard(const std::string& algorithm, const fs::path& shard, std::string_view after,
                   const VisitBlob& visit) const;

  const Layout layout_;
  const Durability durability_;
  TaskPool pool_;
  Mutex mutex_;
  std::set<fs::path> durable_shards_ BW_GUARDED_BY(mutex_);  // their names are on stable storage
};

std::vector<Status> FsBlobStore::Commit(std::span<const CommitItem> items) {
  if (const Status may = BeforeWaiting(); !may.ok()) return std::vector<Status>(items.size(), may);
  std::vector<Move> moves(items.size());
  pool_.ForEach(items.size(),
                [&](std::size_t i) { moves[i].status = SyncContent(items[i], moves[i]); });
  for (Move& move : moves) {
    if (move.status.ok()) move.status = MoveIntoPlace(move);
    // Whatever was not moved stays an upload, for another attempt.
    if (move.file) static_cast<void>(std::move(*move.file).Keep());
  }
  if (durability_ == Durability::kStrict) SyncDirectories(moves);
  std::vector<Status> outcomes;
  outcomes.reserve(moves.size());
  for (Move& move : moves) outcomes.push_back(std::move(move.status));
  return outcomes;
}

Status FsBlobStore::SyncContent(const CommitItem& item, Move& move) const {
  const auto staged = layout_.StagedFile(item.staged->id());
  if (!staged) return NoSuchUpload();
  move.staged = *staged;
  move.target = layout_.BlobFile(item.digest);
  move.shard = layout_.Shard(item.digest);
  BW_TRY(const auto staged_size, SizeOf(move.staged));
  BW_TRY(const auto target_size, SizeOf(move.target));
  if (!staged_size && !target_size) return NoSuchUpload();
  // There already, perhaps from an earlier attempt of this very commit. One of another size is
  // damaged: the verified bytes replace it.
  if (target_size && (!staged_size || *staged_size == *target_size)) {
    return io::RemoveFile(move.staged);
  }
  BW_TRY(auto file, io::DurableFile::Resume(move.staged));
  move.file.emplace(std::move(file));
  if (durability_ == Durability::kNone) return Ok();
  const Status synced = move.file->Sync();
  if (!synced.ok()) move.file.reset();  // which removes it, see the header
  return synced;
}

Status FsBlobStore::MoveIntoPlace(Move& move) {
  BW_TRY_STATUS(EnsureShard(move.shard));
  if (!move.file) return Ok();
  if (durability_ == Durability::kStrict) {
    BW_TRY_STATUS(move.file->MoveTo(move.target));
    move.file.reset();
    return Ok();
  }
  std::error_code error;
  fs::rename(move.staged, move.target, error);
  if (error) return io::FileError(error.value(), "rename to", move.target);
  return Ok();
}

// Not known yet may also mean that another thread has just made it and not synced its parent.
Status FsBlobStore::EnsureShard(const fs::path& shard) {
  bool known = false;
  {
    const MutexLock lock(mutex_);
    known = durable_shards_.contains(shard);
  }
  std::error_code ignored;
  if (known && fs::is_directory(shard, ignored)) return Ok();
  BW_TRY_STATUS(io::MakeDirectories(shard));
  if (durability_ == Durability::kStrict) {
    const fs::path parent = shard.parent_path();
    BW_TRY_STATUS(io::SyncDirectory(parent));
    BW_TRY_STATUS(io::SyncDirectory(parent.parent_path()));
  }
  const MutexLock lock(mutex_);
  durable_shards_.insert(shard);
  return Ok();
}

// Each directory once. The staging directory too: were its entry to survive a power cut beside the
// new one, appending to the upload would change the blob.
void FsBlobStore::SyncDirectories(std::vector<Move>& moves) const {
  std::set<fs::path> shards;
  for (const Move& move : moves) {
    if (move.status.ok()) shards.insert(move.shard);
  }
  if (shards.empty()) return;
  const auto fail = [&](const Error& error, const fs::path* shard) {
    for (Move& move : moves) {
      if (move.status.ok() && (shard == nullptr || move.shard == *shard)) move.status = error;
    }
  };
  for (const fs::path& shard : shards) {
    if (const Status synced = io::SyncDirectory(shard); !synced.ok()) fail(synced.error(), &shard);
  }
  if (const Status synced = io::SyncDirectory(layout_.staging()); !synced.ok()) {
    fail(synced.error(), nullptr);
  }
}

Result<std::unique_ptr<Blob>> FsBlobStore::Open(const oci::Digest& digest) {
  BW_TRY_STATUS(BeforeWaiting());
  auto file = io::File::Open(layout_.BlobFile(digest));
  if (!file.ok() && file.error().code() == ErrorCode::kNotFound) return NoSuchBlob();
  if (!file.ok()) return std::move(file).error();
  return std::unique_ptr<Blob>(new FsBlob(*std::move(file)));
}

// Calls `visit` for each entry's path. An absent directory has none.
Status ForEachEntry(const fs::path& directory,
                    const std::function<Status(const fs::path&)>& visit) {
  std::error_code error;
  fs::directory_iterator entries(directory, error);
  while (!error && entries != fs::directory_iterator()) {
    BW_TRY_STATUS(visit(entries->path()));
    entries.increment(error);
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return io::FileError(error.value(), "list", directory);
  }
  return Ok();
}

Status FsBlobStore::ListStaged(const std::function<Status(const StagedInfo&)>& visit) {
  BW_TRY_STATUS(BeforeWaiting());
  return ForEachEntry(layout_.staging(), [&](const fs::path& path) -> Status {
    const auto id = Layout::StagedId(path.filename().string());
    struct stat status{};
    // Gone by now is as if it had gone before.
    if (!id || ::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return Ok();
    const auto modified = std::chrono::seconds(status.st_mtim.tv_sec) +
                          std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::nanoseconds(status.st_mtim.tv_nsec));
    return visit({.id = *id,
                  .size = static_cast<std::uint64_t>(status.st_size),
                  .modified = Timestamp(modified)});
  });
}

// The names in a directory, sorted; none if it is absent.
Result<std::vector<std::string>> NamesIn(const fs::path& directory) {
  std::vector<std::string> names;
  BW_TRY_STATUS(ForEachEntry(directory, [&](const fs::path& path) {
    names.push_back(path.filename().string());
    return Ok();
  }));
  std::ranges::sort(names);
  return names;
}

Status FsBlobStore::ListAfter(std::string_view after, const VisitBlob& visit) {
  BW_TRY_STATUS(BeforeWaiting());
  for (const std::string algorithm : {"sha256", "sha512"}) {
    const fs::path directory = layout_.blobs() / algorithm;
    BW_TRY(const auto shards, NamesIn(directory));
    for (const std::string& shard : shards) {
      // A shard's name is how the digests in it begin.
      const std::string first = algorithm + ":" + shard;
      if (first < after.substr(0, first.size())) continue;
      BW_TRY_STATUS(ListShard(algorithm, directory / shard, after, visit));
    }
  }
  return Ok();
}

Status FsBlobStore::ListShard(const std::string& algorithm, const fs::path& shard,
                              std::string_view after, const VisitBlob& visit) const {
  std::error_code ignored;
  if (!fs::is_directory(shard, ignored)) return Ok();
  BW_TRY(const auto names, NamesIn(shard));
  for (const std::string& name : names) {
    const auto digest = oci::Digest::Parse(algorithm + ":" + name);
    const fs::path path = shard / name;
    if (!digest.ok() || digest->text() <= after || layout_.BlobFile(*digest) != path) continue;
    const auto size = SizeOf(path);
    if (size.ok() && *size) BW_TRY_STATUS(visit(*digest, **size));
  }
  return Ok();
}

}  // namespace

Result<std::unique_ptr<BlobStore>> OpenFsBlobStore(const FsOptions& options) {
  BW_CHECK(options.sync_threads > 0);
  auto store = std::make_unique<FsBlobStore>(options);
  BW_TRY_STATUS(store->Prepare());
  return std::unique_ptr<BlobStore>(std::move(store));
}

}  // namespace breakwater::blob
