#include <optional>

#include "admin/backup.h"
#include "io/tar.h"

namespace breakwater::admin {
namespace {

class Taking {
 public:
  Taking(const BackupFeed& feed, const std::filesystem::path& path)
      : feed_(feed), path_(path), tar_(feed.snapshot) {}

  Result<TakenBackup> Run() {
    BW_TRY(const std::string header_text, Next(kHeaderFile));
    BW_TRY(header_, ParseBackupHeader(header_text));
    header_sha256_ = crypto::Sha256Hex(header_text);
    BW_TRY(writer_, NewBackupWriter(path_, header_.created));
    BW_TRY_STATUS(writer_->AddFile(kHeaderFile, header_text));
    BW_TRY(const std::string manifest, TakeRows());
    BW_TRY_STATUS(Compare(manifest));
    progress_.blobs_total = static_cast<std::int64_t>(blobs_.size());
    for (const NamedBlob& blob : blobs_) BW_TRY_STATUS(TakeBlob(blob));
    BW_TRY(taken_.name, writer_->Finish(manifest));
    taken_.manifest_sha256 = crypto::Sha256Hex(manifest);
    taken_.created = header_.created;
    taken_.rows = progress_.rows;
    return std::move(taken_);
  }

 private:
  // The next file of the stream; empty path: any.
  Result<std::string> Next(std::string_view path) {
    BW_TRY(auto entry, tar_.Next());
    if (!entry) return Unavailable("the snapshot ended too early").Reason("snapshot_lost");
    if (!path.empty() && entry->path != path) {
      return BackupDamaged(path, "the server sent something else");
    }
    here_ = std::move(entry->path);
    return io::ReadAll(tar_.Body(), kMaxBackupFile);
  }

  // Until the manifest, which is returned.
  Result<std::string> TakeRows() {
    for (;;) {
      BW_TRY(std::string body, Next(""));
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
    BW_TRY(const bool there, writer_->HasBlob(blob));
    if (there) {
      ++taken_.blobs_were_there;
    } else {
      BW_TRY(const auto source, feed_.blob(blob));
      CheckedSource checked(*source, blob);
      BW_TRY_STATUS(writer_->AddBlob(blob, checked));
    }
    ++taken_.blobs;
    taken_.blob_bytes += blob.size;
    ++progress_.blobs;
    progress_.bytes += blob.size;
    Tell();
    return Ok();
  }

  void Tell() {
    if (feed_.progress) feed_.progress(progress_);
  }

  const BackupFeed& feed_;
  const std::filesystem::path& path_;
  io::TarReader tar_;
  std::string here_;
  BackupHeader header_;
  std::string header_sha256_;
  std::unique_ptr<BackupWriter> writer_;
  std::vector<std::pair<std::string, std::string>> hashes_;
  std::vector<NamedBlob> blobs_;
  BackupProgress progress_;
  TakenBackup taken_;
};

}  // namespace

Result<TakenBackup> TakeBackup(const BackupFeed& feed, const std::filesystem::path& path) {
  return Taking(feed, path).Run();
}

}  // namespace breakwater::admin
