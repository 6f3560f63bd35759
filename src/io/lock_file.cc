#include "io/lock_file.h"

#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/strings.h"

namespace breakwater::io {
namespace {

Error InUse(int fd) {
  std::array<char, 32> text{};
  const ssize_t count = ::pread(fd, text.data(), text.size(), 0);
  const auto pid = ParseInt(Trim({text.data(), count > 0 ? static_cast<std::size_t>(count) : 0U}));
  const std::string holder =
      pid.ok() ? "process " + std::to_string(*pid) : std::string("another process");
  return Conflict("the data directory is in use by " + holder).Reason("data_directory_in_use");
}

}  // namespace

Result<DirectoryLock> DirectoryLock::Acquire(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / kFileName;
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return FileError(errno, "open", path);
  int outcome = 0;
  do {
    outcome = ::flock(fd.get(), LOCK_EX | LOCK_NB);
  } while (outcome != 0 && errno == EINTR);
  if (outcome != 0 && errno == EWOULDBLOCK) return InUse(fd.get()).Log(path.string());
  if (outcome != 0) return FileError(errno, "lock", path);
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return FileError(errno, "write", path);
  }
  return DirectoryLock(std::move(fd));
}

}  // namespace breakwater::io
