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

Result<Secret> DataDirectory::MasterKey() const {
  const std::filesystem::path path = path_ / "master.key";
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    const Secret fresh = crypto::NewSealingKey();
    BW_TRY_STATUS(io::WriteFileDurably(path, AsBytes(HexEncode(AsBytes(fresh.Reveal())) + "\n")));
    return fresh;
  }
  BW_TRY(std::string text, io::ReadFile(path, 256));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  auto octets = HexDecode(text);
  if (!octets.ok() || octets->size() != crypto::kSealingKeyOctets) {
    return DataCorrupt("the master key of the data directory is damaged; restore master.key");
  }
  return Secret(std::string(AsText(*octets)));
}

Status DataDirectory::KeepAdminKey(const Secret& key) const {
  return io::WriteFileDurably(path_ / "admin.key", AsBytes(key.Reveal() + "\n"));
}

}  // namespace breakwater::app
