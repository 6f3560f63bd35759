// What is known of an image's configuration without reading it: when the image was built, what it
// runs on, and its labels (image-spec, "Image Configuration"). Kept by the configuration's digest
// as it is pushed.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::registry {

class ContentReader;

// Configurations above this are not read.
inline constexpr std::size_t kMaxConfigBytes = 4U << 20;
// Of each part of a platform.
inline constexpr std::size_t kMaxPlatformPart = 64;

struct ImageConfig {
  std::optional<Timestamp> created;  // absent: it names no date, or none that can be read
  json::Object labels;               // of texts
  std::string platform = {};         // "linux/arm64/v8"; empty: it names none
  // False: nobody can say what it runs on and how it is labelled, because it is too large, no
  // configuration, or one that programs read in several ways. It has no labels and no platform
  // then.
  bool readable = true;
};

// Of an artifact's configuration, which may be anything, whatever is like an image's.
ImageConfig ParseImageConfig(std::string_view text);

// Inside the caller's transaction; absent too where not all of it was kept.
Result<std::optional<ImageConfig>> FindImageConfig(db::Transaction& tx, const oci::Digest& digest);
// Keeps it as long as the blob is there.
Status SaveImageConfig(db::Transaction& tx, const oci::Digest& digest, const ImageConfig& config);
// Reads and keeps it where the blob is a row; those in the blob store are left to readers.
Status NoteImageConfig(db::Transaction& tx, const oci::Digest& digest);
// Keeps those that are too large for a row, unless they are kept; what cannot be read is left. Not
// inside a transaction. All are in memory as what they say, and kept in one transaction.
Status ReadImageConfigs(db::Database& database, const ContentReader& reader,
                        std::span<const oci::Digest> digests);
// With its blob.
Status RemoveImageConfig(db::Transaction& tx, const oci::Digest& digest);

// As rows keep it: columns of image_config, with a platform.
ImageConfig ImageConfigOf(std::optional<Timestamp> created, std::string_view labels,
                          std::string_view platform);
// Labels as rows keep them.
json::Object LabelsOf(std::string_view text);

}  // namespace breakwater::registry
