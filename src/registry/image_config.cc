#include "registry/image_config.h"

#include "base/bytes.h"
#include "registry/content_reader.h"

namespace breakwater::registry {
namespace {

// The form of the image-spec's and of containerd's platforms.
std::string PlatformOf(const json::Value& config) {
  const std::string_view os = json::FindText(config, "os");
  const std::string_view architecture = json::FindText(config, "architecture");
  if (os.empty() || architecture.empty()) return {};
  std::string platform = std::string(os) + "/" + std::string(architecture);
  const std::string_view variant = json::FindText(config, "variant");
  if (!variant.empty()) platform += "/" + std::string(variant);
  return platform;
}

}  // namespace

ImageConfig ParseImageConfig(std::string_view text) {
  ImageConfig config;
  const auto document = json::Parse(text, {.max_bytes = kMaxConfigBytes});
  if (!document.ok()) return config;
  const auto created = ParseRfc3339(json::FindText(*document, "created"));
  if (created.ok()) config.created = *created;
  config.platform = PlatformOf(*document);
  const json::Value* inner = json::Find(*document, "config");
  const json::Value* labels = inner == nullptr ? nullptr : json::Find(*inner, "Labels");
  if (labels == nullptr || !labels->is_object()) return config;
  for (const auto& [name, value] : labels->get_object()) {
    if (value.is_string()) config.labels[name] = value;
  }
  return config;
}

json::Object LabelsOf(std::string_view text) {
  auto document = json::Parse(text, {.max_bytes = kMaxConfigBytes});
  if (!document.ok() || !document->is_object()) return {};
  return std::move(document->get_object());
}

Result<std::optional<ImageConfig>> FindImageConfig(db::Transaction& tx, const oci::Digest& digest) {
  return tx.QueryOne(
      "SELECT created, labels, platform FROM image_config WHERE digest = $1 AND platform IS NOT "
      "NULL",
      {digest.text()}, [](const db::Row& row) {
        return ImageConfig{.created = row.OptionalTime(0),
                           .labels = LabelsOf(row.Text(1)),
                           .platform = row.String(2)};
      });
}

Status SaveImageConfig(db::Transaction& tx, const oci::Digest& digest, const ImageConfig& config) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO image_config (digest, created, labels, platform) SELECT b.digest, "
                 "CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT) FROM blob b WHERE "
                 "b.digest = $1 ON CONFLICT (digest) DO UPDATE SET platform = excluded.platform",
                 {digest.text(), config.created, json::Serialize(config.labels), config.platform}));
  return Ok();
}

Status NoteImageConfig(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(const auto content,
         tx.QueryOne("SELECT b.content FROM blob_content b WHERE b.digest = $1 AND NOT EXISTS "
                     "(SELECT 1 FROM image_config c WHERE c.digest = b.digest AND c.platform IS "
                     "NOT NULL)",
                     {digest.text()},
                     [](const db::Row& row) { return std::string(AsText(row.Blob(0))); }));
  return content ? SaveImageConfig(tx, digest, ParseImageConfig(*content)) : Ok();
}

Status ReadImageConfig(db::Database& database, const ContentReader& reader,
                       const oci::Digest& digest) {
  BW_TRY(const auto known,
         database.ReadValue([&](db::Transaction& tx) { return FindImageConfig(tx, digest); }));
  if (known) return Ok();
  const auto text = reader.ReadBlob(digest, kMaxConfigBytes);
  const bool readable = text.ok() || text.error().code() == ErrorCode::kTooLarge;
  if (!readable) return Ok();  // another time, or never
  const ImageConfig config = text.ok() ? ParseImageConfig(*text) : ImageConfig{};
  return database.Write([&](db::Transaction& tx) { return SaveImageConfig(tx, digest, config); });
}

Status RemoveImageConfig(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM image_config WHERE digest = $1", {digest.text()}));
  return Ok();
}

}  // namespace breakwater::registry
