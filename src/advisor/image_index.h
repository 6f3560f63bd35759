// What images consist of, in the database: read once, matched ever after.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advisor/inventory.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "oci/digest.h"

namespace breakwater::advisor {

// Grows when code changes what it finds in an image: rows of an older version are read again.
inline constexpr std::int64_t kAnalyserVersion = 1;

enum class ImageKind {
  kImage,
  kNotAnImage,  // a chart, a signature, a list of images: nothing with packages of its own
};

struct ImageIndex {
  ImageKind kind = ImageKind::kImage;
  Inventory inventory;
  Timestamp indexed;
};

// All inside the caller's transaction.
// Nothing when the image was not read yet, or by an older analyser.
Result<std::optional<ImageIndex>> FindIndex(db::Transaction& tx, const oci::Digest& digest);
Result<std::optional<ImageKind>> FindKind(db::Transaction& tx, const oci::Digest& digest);
// Puts it in place of any earlier one.
Status SaveIndex(db::Transaction& tx, const oci::Digest& digest, const ImageIndex& index);
// With its issues.
Status RemoveIndex(db::Transaction& tx, const oci::Digest& digest);

}  // namespace breakwater::advisor
