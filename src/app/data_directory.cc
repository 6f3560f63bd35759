#include "app/data_directory.h"

#include <sys/stat.h>

#include "base/bytes.h"
#include "crypto/sealing.h"
#include "io/file.h"

namespace breakwater::app {

Result<DataDirectory> DataDirectory::Open(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path, failed);
  if (failed || ::chmod(path.c_str(), 0700) != 0) {
    return Unavailable("the data directory " + path.string() + " cannot be made or written");
  }
  BW_TRY(io::DirectoryLock lock, io::DirectoryLock::Acquire(path));
  return DataDirectory(path, std::move(lock));
}

Result<std::optional<Secret>> ReadMasterKey(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / "master.key";
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    return std::optional<Secret>();
  }
  BW_TRY(std::string text, io::ReadFile(path, 256));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto octets = HexDecode(text);
  if (!octets.ok() || octets->size() != crypto::kSealingKeyOctets) {
    return DataCorrupt("the master key of the data directory is damaged; restore master.key");
  }
  return std::optional(Secret(std::string(AsText(*octets))));
}

Result<Secret> DataDirectory::MasterKey() const {
  BW_TRY(auto known, ReadMasterKey(path_));
  if (known) return *std::move(known);
  const Secret fresh = crypto::NewSealingKey();
  BW_TRY_STATUS(KeepMasterKey(fresh));
  return fresh;
}

Status DataDirectory::KeepMasterKey(const Secret& key) const {
  BW_TRY(const auto known, ReadMasterKey(path_));
  if (!known) {
    return io::WriteFileDurably(path_ / "master.key",
                                AsBytes(HexEncode(AsBytes(key.Reveal())) + "\n"));
  }
  if (*known == key) return Ok();
  return Conflict("the data directory " + path_.string() + " has another master key in master.key")
      .Reason("master_keys_differ");
}

Status DataDirectory::KeepAdminKey(const Secret& key) const {
  return io::WriteFileDurably(path_ / "admin.key", AsBytes(key.Reveal() + "\n"));
}

}  // namespace breakwater::app
