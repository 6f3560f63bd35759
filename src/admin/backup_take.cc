#include <algorithm>
#include <optional>

#include "admin/backup.h"
#include "admin/backup_fetch.h"
#include "admin/backup_layout.h"
#include "io/tar.h"

namespace breakwater::admin {
namespace {

// How often a backup is begun before it is given up: what cures it then takes as long each time.
constexpr int kMostBegun = 3;
// The server hears of whoever takes a backup at least so often, and before what takes long.
constexpr std::chrono::minutes kBetweenSigns{1};
constexpr std::uint64_t kLongRead = 256U << 20;
// What a stream may hold behind its last file.
constexpr std::size_t kTail = 1U << 20;

// Remembers whether it was the source that failed.
class WatchedSource final : public io::Source {
 public:
  explicit WatchedSource(std::unique_ptr<io::Source> source) : source_(std::move(source)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    auto read = source_->Read(out);
    failed_ = failed_ || !read.ok();
    return read;
  }
  bool failed() const { return failed_; }

 private:
  std::unique_ptr<io::Source> source_;
  bool failed_ = false;
};

class Taking {
 public:
  Taking(const BackupFeed& feed, const std::filesystem::path& path, const Patience& patience)
      : feed_(feed), path_(path), patience_(patience) {}

  Result<TakenBackup> Run() {
    BW_TRY(auto opened, Patiently(patience_, feed_.snapshot));
    BW_TRY(const std::string manifest, TakeSnapshot(std::move(opened)));
    progress_.blobs_total = static_cast<std::int64_t>(blobs_.size());
    for (const NamedBlob& blob : blobs_) BW_TRY_STATUS(TakeBlob(blob));
    BW_TRY(taken_.name, writer_->Finish(manifest));
    taken_.manifest_sha256 = crypto::Sha256Hex(manifest);
    taken_.created = header_.created;
    taken_.rows = progress_.rows;
    return std::move(taken_);
  }
  // Whether another snapshot cures what Run ended with.
  bool cured_by_another() const { return cured_by_another_; }

 private:
  // The manifest. Ends the stream, and with it the server's transaction.
  Result<std::string> TakeSnapshot(std::unique_ptr<io::Source> opened) {
    WatchedSource source(std::move(opened));
    io::TarReader tar(source, kBackupLimits);
    auto manifest = TakeFiles(tar);
    if (!manifest.ok()) {
      const Error& error = manifest.error();
      cured_by_another_ = Passes(error) && (source.failed() || error.reason() == "snapshot_lost");
      return manifest;
    }
    // To the end of the answer, so that its connection serves again. What comes does not matter.
    static_cast<void>(io::ReadAll(source, kTail));
    return manifest;
  }

  Result<std::string> TakeFiles(io::TarReader& tar) {
    BW_TRY(const std::string header_text, Next(tar, kHeaderFile));
    BW_TRY(header_, ParseBackupHeader(header_text));
    header_sha256_ = crypto::Sha256Hex(header_text);
    BW_TRY(writer_, NewBackupWriter(path_, header_.created));
    BW_TRY_STATUS(writer_->AddFile(kHeaderFile, header_text));
    BW_TRY(std::string manifest, TakeRows(tar));
    BW_TRY_STATUS(Compare(manifest));
    return manifest;
  }

  // The next file of the stream; empty path: any.
  Result<std::string> Next(io::TarReader& tar, std::string_view path) {
    BW_TRY(auto entry, tar.Next());
    if (!entry) return Unavailable("the snapshot ended too early").Reason("snapshot_lost");
    if (!path.empty() && entry->path != path) {
      return BackupDamaged(path, "the server sent something else");
    }
    here_ = std::move(entry->path);
    return io::ReadAll(tar.Body(), kMaxBackupFile);
  }

  // Until the manifest, which is returned.
  Result<std::string> TakeRows(io::TarReader& tar) {
    for (;;) {
      BW_TRY(std::string body, Next(tar, ""));
      if (here_ == kManifestFile) return body;
      BW_TRY(const PieceName name, ParsePiecePath(here_));
      const auto table = std::ranges::find(header_.tables, name.table, &db::Table::name);
      if (table == header_.tables.end()) return BackupDamaged(here_, "there is no such table");
      BW_TRY(const auto rows, DecodeRows(*table, body));
      if (name.table == "blob") BW_TRY_STATUS(CollectBlobs(*table, rows, blobs_));
      BW_TRY_STATUS(writer_->AddFile(here_, body));
      hashes_.emplace_back(here_, crypto::Sha256Hex(body));
      progress_.rows += static_cast<std::int64_t>(rows.size());
      Tell();
    }
  }

  Status Compare(const std::string& text) const {
    BW_TRY(const BackupManifest manifest, ParseBackupManifest(text));
    if (manifest.header_sha256 != header_sha256_) {
      return BackupDamaged(kHeaderFile, "it changed on its way");
    }
    std::size_t at = 0;
    for (const auto& table : manifest.tables) {
      for (std::size_t piece = 0; piece < table.pieces.size(); ++piece, ++at) {
        const std::string path = PiecePath(table.table, piece);
        if (at >= hashes_.size() || hashes_[at] != std::pair(path, table.pieces[piece])) {
          return BackupDamaged(path, "it changed on its way");
        }
      }
    }
    if (at == hashes_.size()) return Ok();
    return BackupDamaged(hashes_[at].first, "the manifest does not know it");
  }

  Status TakeBlob(const NamedBlob& blob) {
    BW_TRY_STATUS(KeepHeld(blob));
    BW_TRY(const bool there, writer_->HasBlob(blob));
    if (there) {
      ++taken_.blobs_were_there;
    } else {
      BW_TRY_STATUS(Fetch(blob));
    }
    ++taken_.blobs;
    taken_.blob_bytes += blob.size;
    ++progress_.blobs;
    progress_.bytes += blob.size;
    Tell();
    return Ok();
  }

  // Reading what is there already may take longer than a hold lasts.
  Status KeepHeld(const NamedBlob& blob) {
    const auto now = patience_.now();
    if (sign_ && now - *sign_ < kBetweenSigns && blob.size < kLongRead) return Ok();
    sign_ = now;
    const Status kept = Patiently(patience_, [&] { return feed_.keep(blob); });
    cured_by_another_ = !kept.ok() && kept.error().code() == ErrorCode::kNotFound;
    return kept;
  }

  Status Fetch(const NamedBlob& blob) {
    FetchedBlob fetched(feed_, blob, patience_);
    CheckedSource checked(fetched, blob);
    const Status added = writer_->AddBlob(blob, checked);
    if (const auto& failure = fetched.failure()) {
      cured_by_another_ = failure->reason() == "blob_unknown";
      return *failure;
    }
    return added;
  }

  void Tell() {
    if (feed_.progress) feed_.progress(progress_);
  }

  const BackupFeed& feed_;
  const std::filesystem::path& path_;
  const Patience& patience_;
  std::string here_;
  BackupHeader header_;
  std::string header_sha256_;
  std::unique_ptr<BackupWriter> writer_;
  std::vector<std::pair<std::string, std::string>> hashes_;
  std::vector<NamedBlob> blobs_;
  std::optional<PatientClock::time_point> sign_;
  BackupProgress progress_;
  TakenBackup taken_;
  bool cured_by_another_ = false;
};

}  // namespace

Result<TakenBackup> TakeBackup(const BackupFeed& feed, const std::filesystem::path& path,
                               const Patience& patience) {
  for (int begun = 1;; ++begun) {
    Taking taking(feed, path, patience);
    auto taken = taking.Run();
    if (taken.ok() || begun == kMostBegun || !taking.cured_by_another()) return taken;
    if (patience.told) patience.told(taken.error(), patience.longest);
    patience.pause(patience.longest);
  }
}

}  // namespace breakwater::admin
