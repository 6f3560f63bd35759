// Backups in a directory: blobs once, each backup's rows in a folder of its own.
#include <algorithm>

#include "admin/backup_files.h"
#include "admin/backup_format.h"
#include "admin/backup_layout.h"
#include "crypto/hash.h"
#include "io/file.h"

namespace breakwater::admin {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSnapshots = "snapshots";

fs::path BlobFile(const fs::path& root, const oci::Digest& digest) {
  return root / "blobs" / digest.algorithm_name() / digest.hex().substr(0, 2) / digest.hex();
}

Result<oci::Digest> DigestOf(io::File file, crypto::HashAlgorithm algorithm) {
  io::FileSource source(std::move(file));
  crypto::Hasher hasher(algorithm);
  Bytes piece(io::kPieceSize);
  while (true) {
    BW_TRY(const std::size_t count, source.Read(piece));
    if (count == 0) return oci::Digest::FromHash(algorithm, hasher.Finish());
    hasher.Update(ByteView(piece).first(count));
  }
}

// "20261128T223000.123456Z": sorts by time.
std::string NameOf(Timestamp created) {
  std::string name;
  for (const char c : FormatRfc3339(created)) {
    if (c != '-' && c != ':') name += c;
  }
  // 'Z' sorts behind '.': a whole second would sort behind its fractions.
  if (name.find('.') == std::string::npos) name.insert(name.size() - 1, ".000000");
  return name;
}

class DirectoryWriter final : public BackupWriter {
 public:
  DirectoryWriter(fs::path root, std::string name)
      : root_(std::move(root)), name_(std::move(name)), rows_(root_ / kSnapshots / name_) {}
  // Blobs stay for the next one; rows of another moment are of no use to it.
  ~DirectoryWriter() override {
    std::error_code ignored;
    if (!finished_) fs::remove_all(rows_, ignored);
  }
  DirectoryWriter(const DirectoryWriter&) = delete;
  DirectoryWriter& operator=(const DirectoryWriter&) = delete;

  Status AddFile(std::string_view path, std::string_view body) override {
    const fs::path file = rows_ / path;
    BW_TRY_STATUS(io::MakeDirectories(file.parent_path()));
    return io::WriteFileDurably(file, AsBytes(body));
  }

  Result<bool> HasBlob(const NamedBlob& blob) override {
    auto file = io::File::Open(BlobFile(root_, blob.digest));
    if (!file.ok()) {
      if (file.error().code() == ErrorCode::kNotFound) return false;
      return file.error();
    }
    if (file->size() != blob.size) return false;
    // An earlier backup's. It is read, so that this one does not vouch for what has decayed since;
    // what cannot be read is written anew.
    const auto digest = DigestOf(*std::move(file), blob.digest.algorithm());
    return digest.ok() && *digest == blob.digest;
  }

  Status AddBlob(const NamedBlob& blob, io::Source& body) override {
    const fs::path file = BlobFile(root_, blob.digest);
    BW_TRY_STATUS(io::MakeDirectories(file.parent_path()));
    BW_TRY(io::DurableFile out,
           io::DurableFile::Create(file.parent_path(), {.write_behind = io::kWriteBehind}));
    BW_TRY(const std::uint64_t size, io::Copy(body, out, blob.size));
    if (size != blob.size) return BackupDamaged(BlobPath(blob.digest), "it ended too early");
    BW_TRY_STATUS(out.Sync());
    BW_TRY_STATUS(out.MoveTo(file));
    return io::SyncDirectory(file.parent_path());
  }

  Result<std::string> Finish(std::string_view manifest) override {
    BW_TRY_STATUS(AddFile(kManifestFile, manifest));
    BW_TRY_STATUS(AddFile(kSealFile, SealOf(manifest)));
    finished_ = true;
    return name_;
  }

 private:
  const fs::path root_;
  const std::string name_;
  const fs::path rows_;
  bool finished_ = false;
};

class DirectoryReader final : public BackupReader {
 public:
  DirectoryReader(fs::path root, std::string name)
      : root_(std::move(root)), rows_(root_ / kSnapshots / name) {}

  Result<std::string> Header() override { return Read(kHeaderFile); }

  Status Rows(const std::vector<db::Table>& tables,
              const std::function<Status(std::string_view, const std::string&)>& visit) override {
    for (const db::Table& table : tables) {
      for (std::size_t piece = 0;; ++piece) {
        const std::string path = PiecePath(table.name, piece);
        std::error_code failed;
        // The manifest says how many there must be.
        if (!fs::exists(rows_ / path, failed)) break;
        BW_TRY(const std::string body, Read(path));
        BW_TRY_STATUS(visit(path, body));
      }
    }
    return Ok();
  }

  Status Blobs(const std::vector<NamedBlob>& blobs,
               const std::function<Status(const NamedBlob&, io::Source*)>& visit) override {
    for (const NamedBlob& blob : blobs) {
      auto file = io::File::Open(BlobFile(root_, blob.digest));
      if (!file.ok()) {
        if (file.error().code() != ErrorCode::kNotFound) return file.error();
        BW_TRY_STATUS(visit(blob, nullptr));
        continue;
      }
      io::FileSource source(*std::move(file));
      BW_TRY_STATUS(visit(blob, &source));
    }
    return Ok();
  }

  Result<std::string> Manifest() override {
    BW_TRY(std::string manifest, Read(kManifestFile));
    BW_TRY(const std::string seal, Read(kSealFile));
    BW_TRY_STATUS(CheckSeal(manifest, seal));
    return manifest;
  }

 private:
  Result<std::string> Read(std::string_view path) const {
    auto text = io::ReadFile(rows_ / path, kMaxBackupFile);
    if (text.ok() || text.error().code() != ErrorCode::kNotFound) return text;
    return BackupDamaged(path, "it is not there");
  }

  const fs::path root_;
  const fs::path rows_;
};

Result<std::string> LatestOf(const fs::path& root) {
  std::string latest;
  std::error_code failed;
  for (fs::directory_iterator at(root / kSnapshots, failed), end; !failed && at != end;
       at.increment(failed)) {
    const std::string name = at->path().filename().string();
    std::error_code ignored;
    if (name > latest && fs::exists(at->path() / kSealFile, ignored)) latest = name;
  }
  if (!latest.empty()) return latest;
  return NotFound("there is no finished backup in this directory").Reason("no_backup");
}

}  // namespace

Result<std::unique_ptr<BackupWriter>> NewDirectoryWriter(const fs::path& path, Timestamp created) {
  BW_TRY_STATUS(io::MakeDirectories(path / kSnapshots));
  std::string name = NameOf(created);
  std::error_code failed;
  if (fs::exists(path / kSnapshots / name / kSealFile, failed)) {
    return Exists("the directory holds a backup of this very moment already").Reason("exists");
  }
  return std::unique_ptr<BackupWriter>(std::make_unique<DirectoryWriter>(path, std::move(name)));
}

Result<std::unique_ptr<BackupReader>> OpenDirectory(const fs::path& path,
                                                    const std::string& snapshot) {
  std::string name = snapshot;
  if (name.empty()) {
    BW_TRY(name, LatestOf(path));
  }
  std::error_code failed;
  if (name.find('/') != std::string::npos || !fs::exists(path / kSnapshots / name, failed)) {
    return NotFound("there is no backup of this name in the directory").Reason("no_backup");
  }
  return std::unique_ptr<BackupReader>(std::make_unique<DirectoryReader>(path, name));
}

}  // namespace breakwater::admin
