#include "blob/fs/layout.h"

#include <algorithm>
#include <utility>

#include "io/file.h"

namespace breakwater::blob {
namespace {

constexpr std::size_t kIdLength = 32;  // 16 random bytes in hex, as io::DurableFile makes them

bool IsId(std::string_view id) {
  return id.size() == kIdLength && std::ranges::all_of(id, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

}  // namespace

Layout::Layout(std::filesystem::path root)
    : staging_(root / "staging"), blobs_(std::move(root) / "blobs") {}

std::optional<std::filesystem::path> Layout::StagedFile(std::string_view id) const {
  if (!IsId(id)) return std::nullopt;
  return staging_ / (std::string(io::DurableFile::kTempPrefix) + std::string(id));
}

std::optional<std::string> Layout::StagedId(std::string_view file_name) {
  if (!file_name.starts_with(io::DurableFile::kTempPrefix)) return std::nullopt;
  file_name.remove_prefix(io::DurableFile::kTempPrefix.size());
  if (!IsId(file_name)) return std::nullopt;
  return std::string(file_name);
}

std::filesystem::path Layout::Shard(const oci::Digest& digest) const {
  return blobs_ / digest.algorithm_name() / digest.hex().substr(0, 2);
}

std::filesystem::path Layout::BlobFile(const oci::Digest& digest) const {
  return Shard(digest) / digest.hex();
}

}  // namespace breakwater::blob
