// The directory that holds an embedded installation: database, blobs, and the key that encrypts
// secrets at rest. One process at a time.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "base/secret.h"
#include "io/lock_file.h"

namespace breakwater::app {

class DataDirectory {
 public:
  // Makes it (mode 0700) if it is not there. kConflict "data_directory_in_use" if another process
  // serves it.
  static Result<DataDirectory> Open(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path database() const { return path_ / "breakwater.db"; }
  // 32 octets that the installation's other keys are derived from or encrypted with; made (and
  // kept, mode 0600) where there is none.
  Result<Secret> MasterKey() const;

  // Keeps `key` as the master key where there is none yet. kConflict "master_keys_differ" if there
  // is another.
  Status KeepMasterKey(const Secret& key) const;

  // Keeps the first administrator's API key for whoever installed this (admin.key, mode 0600).
  Status KeepAdminKey(const Secret& key) const;

 private:
  DataDirectory(std::filesystem::path path, io::DirectoryLock lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  io::DirectoryLock lock_;
};

// Of a data directory that another process may have locked; nothing if it has none.
Result<std::optional<Secret>> ReadMasterKey(const std::filesystem::path& directory);

}  // namespace breakwater::app
