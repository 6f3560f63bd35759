// A backup on a file system: a directory, or one tar file (backup_format.h).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "admin/blob_copy.h"
#include "base/result.h"
#include "base/time.h"
#include "db/schema.h"
#include "io/stream.h"

namespace breakwater::admin {

// Not thread-safe. What is not finished is no backup.
class BackupWriter {
 public:
  virtual ~BackupWriter() = default;
  virtual Status AddFile(std::string_view path, std::string_view body) = 0;
  // It is there already, whole as far as its size says.
  virtual Result<bool> HasBlob(const NamedBlob& blob) = 0;
  // `body` gives exactly blob.size bytes, which its reader has checked when it ends.
  virtual Status AddBlob(const NamedBlob& blob, io::Source& body) = 0;
  // Adds the manifest and its digest, durably; the backup's name from then on.
  virtual Result<std::string> Finish(std::string_view manifest) = 0;
};

// A tar file where the name ends in ".tar", which must not be there yet (kExists); else a
// directory, which may hold backups of this installation already, and gets one more. What an
// interrupted one has left is used.
Result<std::unique_ptr<BackupWriter>> NewBackupWriter(const std::filesystem::path& path,
                                                      Timestamp created);

// Not thread-safe. To be called in the order of the functions, each once: a tar file is read from
// its begin to its end. A file that is not there or cannot be read is kDataCorrupt
// "backup_damaged"; what the system refuses is kUnavailable.
class BackupReader {
 public:
  virtual ~BackupReader() = default;
  virtual Result<std::string> Header() = 0;
  // `visit` gets every piece of every table of `tables`, in order.
  virtual Status Rows(
      const std::vector<db::Table>& tables,
      const std::function<Status(std::string_view path, const std::string& body)>& visit) = 0;
  // `visit` gets each of these blobs, which are sorted; null for one that is not there.
  virtual Status Blobs(
      const std::vector<NamedBlob>& blobs,
      const std::function<Status(const NamedBlob& blob, io::Source* body)>& visit) = 0;
  // Held against its digest.
  virtual Result<std::string> Manifest() = 0;
};

// `snapshot`: which of a directory's backups, by its name; empty: the latest. kNotFound.
Result<std::unique_ptr<BackupReader>> OpenBackup(const std::filesystem::path& path,
                                                 const std::string& snapshot);

}  // namespace breakwater::admin
