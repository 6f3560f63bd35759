// A backup as one tar file.
#include <optional>

#include "admin/backup_files.h"
#include "admin/backup_format.h"
#include "admin/backup_layout.h"
#include "crypto/hash.h"
#include "io/file.h"
#include "io/tar.h"

namespace breakwater::admin {
namespace {

namespace fs = std::filesystem;

class TarBackupWriter final : public BackupWriter {
 public:
  TarBackupWriter(io::DurableFile file, fs::path target, Timestamp created)
      : file_(std::move(file)), target_(std::move(target)), mtime_(ToUnixSeconds(created)) {}

  Status AddFile(std::string_view path, std::string_view body) override {
    return tar_.Add(Entry(path, 0), body);
  }
  Result<bool> HasBlob(const NamedBlob&) override { return false; }
  Status AddBlob(const NamedBlob& blob, io::Source& body) override {
    return tar_.Add(Entry(BlobPath(blob.digest), blob.size), body);
  }
  Result<std::string> Finish(std::string_view manifest) override {
    BW_TRY_STATUS(AddFile(kManifestFile, manifest));
    BW_TRY_STATUS(AddFile(kSealFile, SealOf(manifest)));
    BW_TRY_STATUS(tar_.Finish());
    BW_TRY_STATUS(file_.Sync());
    BW_TRY_STATUS(file_.MoveTo(target_));
    BW_TRY_STATUS(io::SyncDirectory(target_.parent_path()));
    return target_.filename().string();
  }

 private:
  io::TarEntry Entry(std::string_view path, std::uint64_t size) const {
    return {.path = std::string(path),
            .type = io::TarType::kFile,
            .size = size,
            .mode = 0600,
            .mtime = mtime_};
  }

  io::DurableFile file_;
  const fs::path target_;
  const std::int64_t mtime_;
  io::TarWriter tar_{file_};
};

class TarBackupReader final : public BackupReader {
 public:
  explicit TarBackupReader(io::File file)
      : source_(std::move(file)), tar_(source_, kBackupLimits) {}

  Result<std::string> Header() override { return Named(kHeaderFile); }

  Status Rows(const std::vector<db::Table>&,
              const std::function<Status(std::string_view, const std::string&)>& visit) override {
    for (;;) {
      BW_TRY(const io::TarEntry* entry, Here());
      if (entry == nullptr || !entry->path.starts_with("rows/")) return Ok();
      const std::string path = entry->path;
      BW_TRY(const std::string body, Body());
      BW_TRY_STATUS(visit(path, body));
    }
  }

  Status Blobs(const std::vector<NamedBlob>& blobs,
               const std::function<Status(const NamedBlob&, io::Source*)>& visit) override {
    for (const NamedBlob& blob : blobs) {
      BW_TRY(const io::TarEntry* entry, Here());
      const std::string path = BlobPath(blob.digest);
      if (entry == nullptr || entry->path != path) {
        BW_TRY_STATUS(visit(blob, nullptr));
        continue;
      }
      BW_TRY_STATUS(visit(blob, &tar_.Body()));
      here_.reset();
    }
    return Ok();
  }

  Result<std::string> Manifest() override {
    BW_TRY(std::string manifest, Named(kManifestFile));
    BW_TRY(const std::string seal, Named(kSealFile));
    BW_TRY_STATUS(CheckSeal(manifest, seal));
    return manifest;
  }

 private:
  // The entry that is not taken yet; null at the end.
  Result<const io::TarEntry*> Here() {
    if (!here_) {
      const std::string after = last_.empty() ? "the begin of the file" : last_;
      auto next = tar_.Next();
      if (!next.ok()) {
        if (next.error().code() == ErrorCode::kUnavailable) return next.error();
        return BackupDamaged("what follows " + after, next.error().message());
      }
      here_ = *std::move(next);
    }
    if (!here_) return static_cast<const io::TarEntry*>(nullptr);
    last_ = here_->path;
    return &*here_;
  }
  Result<std::string> Body() {
    auto body = io::ReadAll(tar_.Body(), kMaxBackupFile);
    if (!body.ok()) return BackupDamaged(last_, body.error().message());
    here_.reset();
    return body;
  }
  Result<std::string> Named(std::string_view path) {
    BW_TRY(const io::TarEntry* entry, Here());
    if (entry == nullptr || entry->path != path) {
      return BackupDamaged(path, "it is not there, where it should be");
    }
    return Body();
  }

  io::FileSource source_;
  io::TarReader tar_;
  std::optional<io::TarEntry> here_;
  std::string last_;
};

}  // namespace

std::string SealOf(std::string_view manifest) {
  return crypto::Sha256Hex(manifest) + "  " + std::string(kManifestFile) + "\n";
}

Status CheckSeal(std::string_view manifest, std::string_view seal) {
  if (SealOf(manifest) == seal) return Ok();
  return BackupDamaged(kManifestFile, "it is not what its digest is of");
}

Result<std::unique_ptr<BackupWriter>> NewTarBackup(const fs::path& path, Timestamp created) {
  const fs::path target = fs::absolute(path);
  std::error_code failed;
  if (fs::exists(target, failed)) {
    return Exists("there is a file of this name already: choose another").Reason("exists");
  }
  BW_TRY_STATUS(io::MakeDirectories(target.parent_path()));
  BW_TRY(io::DurableFile file,
         io::DurableFile::Create(target.parent_path(), {.write_behind = io::kWriteBehind}));
  return std::unique_ptr<BackupWriter>(
      std::make_unique<TarBackupWriter>(std::move(file), target, created));
}

Result<std::unique_ptr<BackupReader>> OpenTarBackup(const fs::path& path) {
  BW_TRY(io::File file, io::File::Open(path));
  return std::unique_ptr<BackupReader>(std::make_unique<TarBackupReader>(std::move(file)));
}

Result<std::unique_ptr<BackupWriter>> NewBackupWriter(const fs::path& path, Timestamp created) {
  return path.extension() == ".tar" ? NewTarBackup(path, created)
                                    : NewDirectoryWriter(path, created);
}

Result<std::unique_ptr<BackupReader>> OpenBackup(const fs::path& path,
                                                 const std::string& snapshot) {
  std::error_code failed;
  if (fs::is_directory(path, failed)) return OpenDirectory(path, snapshot);
  if (!fs::exists(path, failed)) return NotFound("there is no such backup").Reason("no_backup");
  return OpenTarBackup(path);
}

}  // namespace breakwater::admin
