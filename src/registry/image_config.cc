#include "registry/image_config.h"

#include <algorithm>
#include <utility>

#include "base/bytes.h"
#include "base/strings.h"
#include "registry/content_reader.h"

namespace breakwater::registry {
namespace {

// In the place of a platform: the configuration cannot be read. No platform is written so.
constexpr std::string_view kUnreadable = "?";

// Looks at members as the least strict of programs do that run images: Go takes "OS" for "os", so
// that with both nobody knows which counts.
class ConfigReader {
 public:
  // Null where it is missing or null.
  const json::Value* Member(const json::Object& object, std::string_view name) {
    const json::Value* found = nullptr;
    for (const auto& member : object) {
      const std::string_view key = member.key();
      if (key == name) {
        found = &member.value();
      } else if (EqualsIgnoreCase(key, name)) {
        readable_ = false;
      }
    }
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  const json::Object* ObjectMember(const json::Object& object, std::string_view name) {
    const json::Value* found = Member(object, name);
    if (found == nullptr) return nullptr;
    readable_ = readable_ && found->is_object();
    return found->if_object();
  }

  // A part of a platform, of the characters that containerd allows there.
  std::string PlatformPart(const json::Object& object, std::string_view name) {
    const json::Value* found = Member(object, name);
    if (found == nullptr) return {};
    const std::string_view text =
        found->is_string() ? json::View(found->get_string()) : kUnreadable;
    const bool is_good = text.size() <= kMaxPlatformPart && std::ranges::all_of(text, IsGood);
    readable_ = readable_ && is_good;
    return std::string(text);
  }

  // The form of the image-spec's and of containerd's platforms.
  std::string Platform(const json::Object& config) {
    const std::string os = PlatformPart(config, "os");
    const std::string architecture = PlatformPart(config, "architecture");
    const std::string variant = PlatformPart(config, "variant");
    if (os.empty() || architecture.empty()) return {};
    return os + "/" + architecture + (variant.empty() ? "" : "/" + variant);
  }

  json::Object Labels(const json::Object& config) {
    const json::Object* inner = ObjectMember(config, "config");
    const json::Object* labels = inner == nullptr ? nullptr : ObjectMember(*inner, "Labels");
    if (labels == nullptr) return {};
    for (const auto& label : *labels) readable_ = readable_ && label.value().is_string();
    return *labels;
  }

  bool readable() const { return readable_; }

 private:
  static bool IsGood(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  }

  bool readable_ = true;
};

Result<std::vector<const oci::Digest*>> UnknownOf(db::Transaction& tx,
                                                  std::span<const oci::Digest> digests) {
  std::vector<const oci::Digest*> unknown;
  for (const oci::Digest& digest : digests) {
    BW_TRY(const auto known, FindImageConfig(tx, digest));
    if (!known) unknown.push_back(&digest);
  }
  return unknown;
}

}  // namespace

ImageConfig ParseImageConfig(std::string_view text) {
  ImageConfig config;
  config.readable = false;
  const auto document = json::Parse(text, {.max_bytes = kMaxConfigBytes});
  if (!document.ok() || !document->is_object()) return config;
  const auto created = ParseRfc3339(json::FindText(*document, "created"));
  if (created.ok()) config.created = *created;
  ConfigReader reader;
  std::string platform = reader.Platform(document->get_object());
  json::Object labels = reader.Labels(document->get_object());
  if (!reader.readable()) return config;
  config.readable = true;
  config.platform = std::move(platform);
  config.labels = std::move(labels);
  return config;
}

ImageConfig ImageConfigOf(std::optional<Timestamp> created, std::string_view labels,
                          std::string_view platform) {
  ImageConfig config{.created = created, .labels = LabelsOf(labels)};
  config.readable = platform != kUnreadable;
  if (config.readable) config.platform = platform;
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
        return ImageConfigOf(row.OptionalTime(0), row.Text(1), row.Text(2));
      });
}

Status SaveImageConfig(db::Transaction& tx, const oci::Digest& digest, const ImageConfig& config) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO image_config (digest, created, labels, platform) SELECT b.digest, "
                 "CAST($2 AS BIGINT), CAST($3 AS TEXT), CAST($4 AS TEXT) FROM blob b WHERE "
                 "b.digest = $1 ON CONFLICT (digest) DO UPDATE SET created = excluded.created, "
                 "labels = excluded.labels, platform = excluded.platform",
                 {digest.text(), config.created, json::Serialize(config.labels),
                  config.readable ? std::string_view(config.platform) : kUnreadable}));
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

Status ReadImageConfigs(db::Database& database, const ContentReader& reader,
                        std::span<const oci::Digest> digests) {
  BW_TRY(const auto unknown,
         database.ReadValue([&](db::Transaction& tx) { return UnknownOf(tx, digests); }));
  std::vector<std::pair<const oci::Digest*, ImageConfig>> read;
  for (const oci::Digest* digest : unknown) {
    const auto text = reader.ReadBlob(*digest, kMaxConfigBytes);
    const bool readable = text.ok() || text.error().code() == ErrorCode::kTooLarge;
    if (!readable) continue;  // another time, or never
    read.emplace_back(digest, ParseImageConfig(text.ok() ? *text : ""));
  }
  if (read.empty()) return Ok();
  return database.Write([&](db::Transaction& tx) -> Status {
    for (const auto& [digest, config] : read) BW_TRY_STATUS(SaveImageConfig(tx, *digest, config));
    return Ok();
  });
}

Status RemoveImageConfig(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM image_config WHERE digest = $1", {digest.text()}));
  return Ok();
}

}  // namespace breakwater::registry
