#include "registry/signatures.h"

#include <algorithm>

#include "base/bytes.h"
#include "json/json.h"

namespace breakwater::registry {
namespace {

constexpr std::size_t kMaxSignatureBytes = 32U << 10;
constexpr std::size_t kMaxIdDigits = 64;

Error Bad(std::string message) {
  return Invalid(std::move(message)).Reason("signature_invalid");
}

}  // namespace

Status Validate(const SimpleSignature& signature, const oci::Digest& image) {
  const std::string before = image.text() + "@";
  const std::string_view name = signature.name;
  const std::string_view id = name.substr(std::min(name.size(), before.size()));
  if (!name.starts_with(before) || id.empty() || id.size() > kMaxIdDigits ||
      id.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
    return Bad("name: must be the image's digest, '@' and up to 64 hexadecimal digits");
  }
  const auto content = Base64Decode(signature.content);
  if (!content.ok() || content->empty() || content->size() > kMaxSignatureBytes) {
    return Bad("content: must be base64 of 1 to 32768 bytes");
  }
  return Ok();
}

std::optional<SimpleSignature> SignatureIn(std::string_view referrer, const oci::Digest& image) {
  const auto parsed = json::Parse(referrer);
  const json::Value* annotations = parsed.ok() ? json::Find(*parsed, "annotations") : nullptr;
  if (annotations == nullptr) return std::nullopt;
  SimpleSignature signature{
      .name = std::string(json::FindText(*annotations, kSignatureName)),
      .content = std::string(json::FindText(*annotations, kSignatureContent))};
  return Validate(signature, image).ok() ? std::optional(std::move(signature)) : std::nullopt;
}

Status CheckNew(db::Transaction& tx, const std::string& repository_id, const oci::Digest& image,
                const SimpleSignature& signature) {
  std::size_t others = 0;
  bool name_taken = false;
  BW_TRY_STATUS(
      tx.Query("SELECT referrer FROM manifest WHERE repository = $1 AND subject = $2 AND "
               "artifact_type = $3 AND referrer IS NOT NULL ORDER BY digest LIMIT $4",
               {repository_id, image.text(), kSignatureType, kMaxSignatureManifests},
               [&](const db::Row& row) -> Status {
                 const auto known = SignatureIn(row.Text(0), image);
                 if (!known || *known == signature) return Ok();
                 ++others;
                 name_taken = name_taken || known->name == signature.name;
                 return Ok();
               }));
  if (name_taken) {
    return Error(ErrorCode::kExists, "the image has another signature of this name")
        .Reason("signature_exists");
  }
  if (others >= kMaxSignatures) {
    return Bad("the image has 100 signatures, and may not have more");
  }
  return Ok();
}

}  // namespace breakwater::registry
