#include "io/file.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/file_faults.h"

namespace breakwater::io {
namespace {

namespace fs = std::filesystem;

std::atomic<FileFaults*> g_faults{nullptr};  // tests only, see ScopedFileFaults

// Calls `call`, again while interrupted, unless a test wants it to fail. -1 with errno on failure.
template <class Call>
auto System(FileCall kind, Call call) -> decltype(call()) {
  if (FileFaults* const faults = g_faults.load()) {
    if (const int error = faults->Before(kind); error != 0) {
      errno = error;
      return -1;
    }
  }
  while (true) {
    const auto outcome = call();
    if (outcome >= 0 || errno != EINTR) return outcome;
  }
}

std::string RandomName() {
  std::array<std::byte, 16> raw{};
  // getrandom never returns less than asked for up to 256 bytes.
  BW_CHECK(::getrandom(raw.data(), raw.size(), 0) == static_cast<ssize_t>(raw.size()));
  return std::string(DurableFile::kTempPrefix) + HexEncode(raw);
}

fs::path ParentOf(const fs::path& path) {
  const fs::path parent = path.parent_path();
  return parent.empty() ? fs::path(".") : parent;
}

}  // namespace

std::string_view ToString(FileCall call) {
  switch (call) {
    case FileCall::kOpen: return "open";
    case FileCall::kCreate: return "create";
    case FileCall::kWrite: return "write";
    case FileCall::kSync: return "sync";
    case FileCall::kRename: return "rename";
    case FileCall::kUnlink: return "unlink";
    case FileCall::kOpenDirectory: return "open directory";
    case FileCall::kSyncDirectory: return "sync directory";
  }
  BW_UNREACHABLE();
}

ScopedFileFaults::ScopedFileFaults(FileFaults& faults) {
  BW_CHECK(g_faults.exchange(&faults) == nullptr);
}
ScopedFileFaults::~ScopedFileFaults() {
  g_faults.store(nullptr);
}

Error FileError(int error, std::string_view operation, const fs::path& path) {
  const std::string log =
      std::string(operation) + " " + path.string() + ": " + std::generic_category().message(error);
  switch (error) {
    case ENOENT: return NotFound("no such file").Log(log);
    case EEXIST: return Exists("the file exists").Log(log);
    case ENOSPC:
    case EDQUOT: return Unavailable("the server's storage is full").Reason("storage_full").Log(log);
    case EIO:
    case EROFS:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Unavailable("the server's storage does not work").Reason("storage_error").Log(log);
    default: return Internal(log);
  }
}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    Reset();
    fd_ = other.Release();
  }
  return *this;
}

void UniqueFd::Reset() {
  // Never again on EINTR: on Linux the descriptor is gone.
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<File> File::Open(const fs::path& path) {
  // O_NONBLOCK: opening a FIFO must not wait for a writer. It means nothing for regular files.
  UniqueFd fd(System(FileCall::kOpen,
                     [&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK); }));
  if (!fd) return FileError(errno, "open", path);
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return FileError(errno, "stat", path);
  if (!S_ISREG(status.st_mode)) return Invalid("not a regular file").Log(path.string());
  return File(std::move(fd), static_cast<std::uint64_t>(status.st_size));
}

Result<std::size_t> File::ReadAt(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t filled = 0;
  while (filled < out.size()) {
    const ssize_t got = ::pread(fd_.get(), out.data() + filled, out.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return FileError(errno, "read", "fd " + std::to_string(fd_.get()));
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  return filled;
}

FileSource::FileSource(File file) : file_(std::move(file)), offset_(0), rest_(file_.size()) {
  ::posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_SEQUENTIAL);
}

FileSource::FileSource(File file, std::uint64_t offset, std::uint64_t length)
    : file_(std::move(file)), offset_(offset), rest_(length) {}

Result<std::size_t> FileSource::Read(std::span<std::byte> out) {
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), rest_));
  if (wanted == 0) return std::size_t{0};
  BW_TRY(const std::size_t count, file_.ReadAt(offset_, out.first(wanted)));
  if (count == 0) return DataCorrupt("a stored file is shorter than it was");
  offset_ += count;
  rest_ -= count;
  return count;
}

DurableFile::DurableFile(UniqueFd fd, fs::path path, std::uint64_t size,
                         const DurableFileOptions& options)
    : fd_(std::move(fd)),
      path_(std::move(path)),
      size_(size),
      write_behind_(options.write_behind),
      written_back_(size) {}

DurableFile::DurableFile(DurableFile&& other) noexcept
    : fd_(std::move(other.fd_)),
      path_(std::exchange(other.path_, {})),
      size_(other.size_),
      write_behind_(other.write_behind_),
      written_back_(other.written_back_),
      synced_(other.synced_),
      failed_(other.failed_) {}

DurableFile::~DurableFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

Result<DurableFile> DurableFile::Create(const fs::path& directory,
                                        const DurableFileOptions& options) {
  fs::path path = directory / RandomName();
  UniqueFd fd(System(FileCall::kCreate, [&] {
    return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, options.mode);
  }));
  if (!fd) return FileError(errno, "create", path);
  return DurableFile(std::move(fd), std::move(path), 0, options);
}

Result<DurableFile> DurableFile::Resume(const fs::path& path, const DurableFileOptions& options) {
  UniqueFd fd(System(FileCall::kOpen,
                     [&] { return ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_CLOEXEC); }));
  if (!fd) return FileError(errno, "open", path);
  const off_t end = ::lseek(fd.get(), 0, SEEK_END);
  if (end < 0) return FileError(errno, "seek", path);
  return DurableFile(std::move(fd), path, static_cast<std::uint64_t>(end), options);
}

Status DurableFile::Write(ByteView bytes) {
  BW_CHECK(fd_);
  synced_ = false;
  while (!bytes.empty()) {
    const ssize_t put =
        System(FileCall::kWrite, [&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
    if (put < 0) {
      const int error = errno;
      // Part of the piece may be there: the size is no longer known to be right.
      failed_ = true;
      return FileError(error, "write", path_);
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
    size_ += static_cast<std::uint64_t>(put);
  }
  StartWriteBack();
  return Ok();
}

void DurableFile::StartWriteBack() {
  if (write_behind_ == 0 || size_ - written_back_ < write_behind_) return;
  // A hint: it neither waits nor promises anything, so its outcome does not matter.
  ::sync_file_range(fd_.get(), static_cast<off_t>(written_back_),
                    static_cast<off_t>(size_ - written_back_), SYNC_FILE_RANGE_WRITE);
  written_back_ = size_;
}

Status DurableFile::Sync() {
  BW_CHECK(fd_);
  if (failed_) {
    return Unavailable("the server's storage does not work")
        .Reason("storage_error")
        .Log("sync after a failed write or sync: " + path_.string());
  }
  if (System(FileCall::kSync, [&] { return ::fdatasync(fd_.get()); }) != 0) {
    const int error = errno;
    failed_ = true;
    return FileError(error, "sync", path_);
  }
  synced_ = true;
  return Ok();
}

Status DurableFile::MoveTo(const fs::path& target) {
  BW_CHECK(fd_ && synced_);
  if (System(FileCall::kRename, [&] { return ::rename(path_.c_str(), target.c_str()); }) != 0) {
    return FileError(errno, "rename to", target);
  }
  path_.clear();
  fd_.Reset();
  return Ok();
}

fs::path DurableFile::Keep() && {
  fd_.Reset();
  return std::exchange(path_, {});
}

Status SyncDirectory(const fs::path& directory) {
  const UniqueFd fd(System(FileCall::kOpenDirectory, [&] {
    return ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  }));
  if (!fd) return FileError(errno, "open", directory);
  if (System(FileCall::kSyncDirectory, [&] { return ::fsync(fd.get()); }) != 0) {
    return FileError(errno, "sync", directory);
  }
  return Ok();
}

Status MakeDirectories(const fs::path& directory) {
  std::error_code ignored;
  std::vector<fs::path> missing;
  for (fs::path at = directory; !at.empty() && !fs::exists(at, ignored); at = at.parent_path()) {
    missing.push_back(at);
    if (at == at.parent_path()) break;
  }
  for (auto at = missing.rbegin(); at != missing.rend(); ++at) {
    const int outcome = System(FileCall::kCreate, [&] { return ::mkdir(at->c_str(), 0700); });
    // Another may have made it meanwhile.
    if (outcome != 0 && errno != EEXIST) return FileError(errno, "mkdir", *at);
    BW_TRY_STATUS(SyncDirectory(ParentOf(*at)));
  }
  if (!fs::is_directory(directory, ignored)) {
    return Exists("a file is where a directory should be").Log(directory.string());
  }
  return Ok();
}

Status RemoveFile(const fs::path& path) {
  if (System(FileCall::kUnlink, [&] { return ::unlink(path.c_str()); }) != 0 && errno != ENOENT) {
    return FileError(errno, "unlink", path);
  }
  return Ok();
}

Status WriteFileDurably(const fs::path& path, ByteView bytes, unsigned mode) {
  const fs::path directory = ParentOf(path);
  BW_TRY(DurableFile file, DurableFile::Create(directory, {.mode = mode}));
  BW_TRY_STATUS(file.Write(bytes));
  BW_TRY_STATUS(file.Sync());
  BW_TRY_STATUS(file.MoveTo(path));
  return SyncDirectory(directory);
}

Result<std::string> ReadFile(const fs::path& path, std::size_t limit) {
  BW_TRY(const File file, File::Open(path));
  if (file.size() > limit) return TooLarge("more than " + std::to_string(limit) + " bytes");
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  BW_TRY(const std::size_t count, file.ReadAt(0, std::as_writable_bytes(std::span(text))));
  text.resize(count);
  return text;
}

}  // namespace breakwater::io
