#include "blob/fs/fs_staged.h"

#include <cerrno>
#include <utility>

#include <unistd.h>

namespace breakwater::blob {
namespace {

constexpr io::DurableFileOptions kFileOptions{.mode = 0600, .write_behind = io::kWriteBehind};

}  // namespace

Error NoSuchUpload() {
  return NotFound("there is no such upload").Reason("upload_unknown");
}

FsStaged::FsStaged(std::string id, io::DurableFile file)
    : id_(std::move(id)), path_(file.path()), size_(file.size()), file_(std::move(file)) {}

FsStaged::~FsStaged() {
  Close();
}

Result<std::unique_ptr<Staged>> FsStaged::Create(const Layout& layout) {
  BW_TRY(auto file, io::DurableFile::Create(layout.staging(), kFileOptions));
  const auto id = Layout::StagedId(file.path().filename().string());
  BW_CHECK(id.has_value());
  return std::unique_ptr<Staged>(new FsStaged(*id, std::move(file)));
}

Result<std::unique_ptr<Staged>> FsStaged::Resume(const Layout& layout, const std::string& id) {
  const auto path = layout.StagedFile(id);
  if (!path) return NoSuchUpload();
  auto file = io::DurableFile::Resume(*path, kFileOptions);
  if (!file.ok() && file.error().code() == ErrorCode::kNotFound) return NoSuchUpload();
  if (!file.ok()) return std::move(file).error();
  return std::unique_ptr<Staged>(new FsStaged(id, *std::move(file)));
}

Status FsStaged::Append(ByteView bytes) {
  if (!file_) BW_TRY_STATUS(CutBack());
  Status written = file_->Write(bytes);
  if (written.ok()) {
    size_ += bytes.size();
    return written;
  }
  // If this fails too, the next Append tries again before it adds anything.
  static_cast<void>(CutBack());
  return written;
}

// Drops what a failed write has left behind the last whole piece.
Status FsStaged::CutBack() {
  Close();
  if (::truncate(path_.c_str(), static_cast<off_t>(size_)) != 0) {
    return errno == ENOENT ? NoSuchUpload() : io::FileError(errno, "truncate", path_);
  }
  BW_TRY(auto file, io::DurableFile::Resume(path_, kFileOptions));
  file_.emplace(std::move(file));
  return Ok();
}

// An upload stays until it is committed or discarded; a DurableFile by itself would take it away.
void FsStaged::Close() {
  if (!file_) return;
  static_cast<void>(std::move(*file_).Keep());
  file_.reset();
}

Result<std::unique_ptr<io::Source>> FsStaged::Read() {
  auto file = io::File::Open(path_);
  if (!file.ok() && file.error().code() == ErrorCode::kNotFound) return NoSuchUpload();
  if (!file.ok()) return std::move(file).error();
  return std::unique_ptr<io::Source>(new io::FileSource(*std::move(file), 0, size_));
}

}  // namespace breakwater::blob
