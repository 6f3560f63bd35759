// Files by descriptor, and writes that survive a crash: temporary file, fdatasync, rename, fsync of
// the directory.
//
// Errors: kNotFound, kExists; kUnavailable with reason "storage_full" (ENOSPC, EDQUOT) or
// "storage_error" (EIO, EROFS, too many open files); else kInternal. Paths are in the log text
// only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "io/stream.h"

namespace breakwater::io {

// The error for a failed system call on a file; `operation` is a word like "write".
Error FileError(int error, std::string_view operation, const std::filesystem::path& path);

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset();

 private:
  int fd_ = -1;
};

// A regular file open for reading. Const members may be called from several threads.
class File {
 public:
  // kNotFound if there is none; kInvalid for a directory, a device and the like.
  static Result<File> Open(const std::filesystem::path& path);

  // At the time of opening.
  std::uint64_t size() const { return size_; }
  int fd() const { return fd_.get(); }
  // Fills `out` from `offset` on and says how much of it; less only where the file ends.
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  File(UniqueFd fd, std::uint64_t size) : fd_(std::move(fd)), size_(size) {}
  UniqueFd fd_;
  std::uint64_t size_;
};

// A file, or `length` bytes of it from `offset` on, as a Source. kDataCorrupt if it ends earlier.
class FileSource final : public Source {
 public:
  explicit FileSource(File file);
  FileSource(File file, std::uint64_t offset, std::uint64_t length);
  Result<std::size_t> Read(std::span<std::byte> out) override;

 private:
  File file_;
  std::uint64_t offset_;
  std::uint64_t rest_;
};

struct DurableFileOptions {
  unsigned mode = 0600;
  // Starts writing back after so many bytes (sync_file_range), so that Sync at the end of a large
  // body has little left to do. 0: leave it to the kernel.
  std::uint64_t write_behind = 0;
};

// What bodies of unknown size should use for `write_behind`.
inline constexpr std::uint64_t kWriteBehind = 8 * 1024 * 1024;

// A file that comes into being under a temporary name and moves into place when it is complete.
// Destroying one that is neither moved nor kept removes it. Not thread-safe.
class DurableFile final : public Sink {
 public:
  // Temporary names begin so; a start-up sweep may remove what it finds under such names.
  static constexpr std::string_view kTempPrefix = "tmp-";

  // In an existing `directory`, which must be on the file system of the final place.
  static Result<DurableFile> Create(const std::filesystem::path& directory,
                                    const DurableFileOptions& options = {});
  // Goes on with a file that Keep has left, at its end.
  static Result<DurableFile> Resume(const std::filesystem::path& path,
                                    const DurableFileOptions& options = {});

  DurableFile(DurableFile&& other) noexcept;
  DurableFile& operator=(DurableFile&&) = delete;
  ~DurableFile() override;

  Status Write(ByteView bytes) override;
  // The content is on stable storage. After one failure it never succeeds again: the kernel may
  // have dropped the pages, so that a second fdatasync would say yes to nothing.
  Status Sync();
  // Moves the file to `target`, replacing what is there; needs Sync since the last Write. The move
  // itself is durable after SyncDirectory of the target's folder.
  Status MoveTo(const std::filesystem::path& target);
  // Leaves the file under its temporary name and closes it.
  std::filesystem::path Keep() &&;

  std::uint64_t size() const { return size_; }
  const std::filesystem::path& path() const { return path_; }
  int fd() const { return fd_.get(); }

 private:
  DurableFile(UniqueFd fd, std::filesystem::path path, std::uint64_t size,
              const DurableFileOptions& options);
  void StartWriteBack();

  UniqueFd fd_;
  std::filesystem::path path_;  // empty once moved or kept
  std::uint64_t size_;
  std::uint64_t write_behind_;
  std::uint64_t written_back_;
  bool synced_ = false;
  bool failed_ = false;
};

// Makes creations, renames and removals in this directory durable.
Status SyncDirectory(const std::filesystem::path& directory);
// A directory that is there, durably, with its missing parents. No error if it is there already.
Status MakeDirectories(const std::filesystem::path& directory);
// No error if there is none. Durable after SyncDirectory.
Status RemoveFile(const std::filesystem::path& path);
// The whole content, durable when it returns; readers see the old or the new, never a part.
Status WriteFileDurably(const std::filesystem::path& path, ByteView bytes, unsigned mode = 0600);
// kTooLarge above `limit` bytes.
Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t limit);

}  // namespace breakwater::io
