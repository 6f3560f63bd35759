#include "blob/s3/s3_parts.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"
#include "crypto/random.h"

namespace breakwater::blob {
namespace {

constexpr std::size_t kIdOctets = 16;
constexpr std::size_t kIdLetters = 22;
constexpr std::size_t kShard = 2;
constexpr std::size_t kNumberDigits = 8;
constexpr std::string_view kOrphanPrefix = "multipart.";
constexpr std::size_t kMaxOrphanId = 4096;

}  // namespace

std::string BlobKey(const oci::Digest& digest) {
  const std::string hex(digest.hex());
  return std::string(kBlobs) + std::string(digest.algorithm_name()) + "/" + hex.substr(0, kShard) +
         "/" + hex;
}

std::optional<oci::Digest> DigestOfKey(std::string_view key) {
  const auto parts = Split(key, '/');
  if (parts.size() != 4) return std::nullopt;
  auto digest = oci::Digest::Parse(std::string(parts[1]) + ":" + std::string(parts[3]));
  if (!digest.ok() || BlobKey(*digest) != key) return std::nullopt;
  return *std::move(digest);
}

std::string NewUploadId() {
  return crypto::RandomToken(kIdOctets);
}

bool IsUploadId(std::string_view id) {
  return id.size() == kIdLetters && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_';
         });
}

std::string StagingKey(std::string_view upload, std::string_view object) {
  return std::string(kStaging) + std::string(upload) + "/" + std::string(object);
}

std::string_view UploadOfKey(std::string_view key) {
  const auto parts = Split(key, '/');
  return parts.size() == 3 && IsUploadId(parts[1]) ? parts[1] : std::string_view();
}

std::string NewObjectName(std::uint64_t part_number) {
  std::string number = std::to_string(part_number);
  if (number.size() < kNumberDigits) number.insert(0, kNumberDigits - number.size(), '0');
  return number + "-" + crypto::RandomToken(kIdOctets);
}

std::string OrphanId::ToString() const {
  return std::string(kOrphanPrefix) + Base64UrlEncode(AsBytes(key + "\n" + upload));
}

std::optional<OrphanId> OrphanId::Parse(std::string_view id) {
  if (!id.starts_with(kOrphanPrefix) || id.size() > kMaxOrphanId) return std::nullopt;
  const auto decoded = Base64UrlDecode(id.substr(kOrphanPrefix.size()));
  if (!decoded.ok()) return std::nullopt;
  const auto parts = SplitN(AsText(*decoded), '\n', 2);
  const bool ours = parts.size() == 2 && !parts[1].empty() &&
                    (DigestOfKey(parts[0]) || !UploadOfKey(parts[0]).empty());
  if (!ours) return std::nullopt;
  return OrphanId{.key = std::string(parts[0]), .upload = std::string(parts[1])};
}

}  // namespace breakwater::blob
