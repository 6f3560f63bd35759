// One process at a time in a data directory.
#pragma once

#include <filesystem>

#include "base/result.h"
#include "io/file.h"

namespace breakwater::io {

// Holds a directory until destroyed. The kernel frees it when the process ends, however it ends.
class DirectoryLock {
 public:
  static constexpr const char* kFileName = "lock";

  // Takes `directory`/lock with flock and writes our process id into it. kConflict, reason
  // "data_directory_in_use", with the holder's process id in the message if another has it.
  static Result<DirectoryLock> Acquire(const std::filesystem::path& directory);

 private:
  explicit DirectoryLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace breakwater::io
