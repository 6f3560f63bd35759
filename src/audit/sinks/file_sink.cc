#include "audit/sinks/file_sink.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace breakwater::audit {
namespace {

constexpr const char* kName = "audit.jsonl";

Status WriteAll(int fd, std::string_view text, const std::filesystem::path& path) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(fd, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return io::FileError(errno, "write", path);
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return Ok();
}

// How much of a file is whole lines.
Result<std::uint64_t> WholeLines(int fd, std::uint64_t size, const std::filesystem::path& path) {
  char piece[4096];
  while (size > 0) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(size, sizeof piece));
    const ssize_t got = ::pread(fd, piece, length, static_cast<off_t>(size - length));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return io::FileError(errno, "read", path);
    const std::string_view text(piece, static_cast<std::size_t>(got));
    const std::size_t at = text.rfind('\n');
    if (at != std::string_view::npos) return size - length + at + 1;
    size -= length;
  }
  return 0;
}

// 0, or why not: EEXIST where there is a file of that name.
int RenameToNew(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return 0;
  if (errno != EINVAL && errno != ENOSYS) return errno;
  // A file system that cannot do it in one step. One process at a time writes here.
  struct stat found{};
  if (::lstat(to.c_str(), &found) == 0) return EEXIST;
  return ::rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

}  // namespace

Status FileSink::Open() {
  BW_TRY_STATUS(io::MakeDirectories(options_.directory));
  const std::filesystem::path path = options_.directory / kName;
  io::UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
  if (!file) return io::FileError(errno, "open", path);
  struct stat found{};
  if (::fstat(file.get(), &found) != 0) return io::FileError(errno, "stat", path);
  BW_TRY(size_, WholeLines(file.get(), static_cast<std::uint64_t>(found.st_size), path));
  if (::ftruncate(file.get(), static_cast<off_t>(size_)) != 0) {
    return io::FileError(errno, "truncate", path);
  }
  BW_TRY_STATUS(io::SyncDirectory(options_.directory));
  file_ = std::move(file);
  return Ok();
}

bool FileSink::IsThere() const {
  struct stat opened{};
  struct stat named{};
  if (::fstat(file_.get(), &opened) != 0) return false;
  if (::stat((options_.directory / kName).c_str(), &named) != 0) return false;
  return opened.st_dev == named.st_dev && opened.st_ino == named.st_ino &&
         static_cast<std::uint64_t>(opened.st_size) >= size_;
}

Status FileSink::Rotate(std::int64_t last) {
  char name[64];
  std::snprintf(name, sizeof name, "audit-%012lld", static_cast<long long>(last));
  for (int copy = 1;; ++copy) {
    const std::string suffix = copy == 1 ? "" : "-" + std::to_string(copy);
    const std::filesystem::path to = options_.directory / (name + suffix + ".jsonl");
    const int failed = RenameToNew(options_.directory / kName, to);
    if (failed == EEXIST) continue;
    if (failed != 0) return io::FileError(failed, "rename", to);
    break;
  }
  file_.Reset();
  return io::SyncDirectory(options_.directory);
}

Status FileSink::Deliver(std::span<const SinkItem> items) {
  if (file_ && !IsThere()) file_.Reset();
  if (!file_) BW_TRY_STATUS(Open());
  std::string text;
  for (const SinkItem& item : items) {
    text += item.text;
    text += '\n';
  }
  const std::filesystem::path path = options_.directory / kName;
  Status status = WriteAll(file_.get(), text, path);
  if (status.ok() && ::fdatasync(file_.get()) != 0) status = io::FileError(errno, "sync", path);
  if (!status.ok()) {
    // All of it comes again.
    if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) file_.Reset();
    return status;
  }
  size_ += text.size();
  if (!IsThere()) {
    // Whoever took it away in the meantime may have done so before all of it was there.
    file_.Reset();
    return Unavailable("the file was moved, removed or emptied while it was written to");
  }
  if (size_ < options_.rotate_bytes) return Ok();
  return Rotate(items.back().sequence);
}

}  // namespace breakwater::audit
