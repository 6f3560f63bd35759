// What the database keeps of uploads: their parts' objects and the tail that follows them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::blob {

struct StoredPart {
  std::string object;  // name below the upload's folder
  std::uint64_t size = 0;
};

struct UploadRow {
  std::string revision;
  std::vector<StoredPart> parts;
  std::uint64_t tail = 0;
};

// One step: a part, or a piece of the tail, or neither, which makes the row. The views are the
// caller's.
struct UploadStep {
  std::string_view id;
  std::string_view before;  // the revision that must be there; "" if there must be no row
  std::string_view after;
  const StoredPart* part = nullptr;  // takes the place of the whole tail
  std::uint64_t part_number = 0;
  std::uint64_t tail_start = 0;
  ByteView tail = {};  // added to it
  Timestamp now;
};

struct UploadSummary {
  std::string id;
  std::uint64_t size = 0;
  Timestamp modified;
};

// Thread-safe. Failures beside those named are the database's.
class UploadTable {
 public:
  explicit UploadTable(db::Database& database) : database_(database) {}

  // kNotFound "upload_unknown" without row.
  Result<UploadRow> Load(std::string_view id);
  // The revision, or "" without row.
  Result<std::string> Revision(std::string_view id);
  // kNotFound "upload_unknown" if the row is gone; kConflict "upload_changed" if somebody else has
  // written since `before`. Nothing is changed then.
  Status Apply(const UploadStep& step);
  // The piece of the tail that begins at `start`, at most kMaxPiece long; kDataCorrupt if there is
  // none.
  Result<Bytes> ReadPiece(std::string_view id, std::uint64_t start);
  // Absent is success.
  Status Delete(std::string_view id);
  // In the order of their ids.
  Status List(const std::function<Status(const UploadSummary&)>& visit);
  Result<bool> Exists(std::string_view id);

  static constexpr std::size_t kMaxPiece = std::size_t{1} << 20U;

 private:
  db::Database& database_;
};

Error NoSuchStagedUpload();

}  // namespace breakwater::blob
