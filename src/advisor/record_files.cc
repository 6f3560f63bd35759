#include "advisor/record_files.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "advisor/osv.h"
#include "io/decompress.h"
#include "io/file.h"
#include "io/tar.h"

namespace breakwater::advisor {
namespace {

namespace fs = std::filesystem;

Error FeedTooLarge() {
  return TooLarge("the advisory feed is larger than allowed").Reason("feed_too_large");
}

// Counts what was visited.
class Budget {
 public:
  explicit Budget(const RecordLimits& limits) : limits_(limits) {}
  Status Take(std::uint64_t bytes) {
    bytes_ += bytes;
    if (++records_ > limits_.max_records || bytes_ > limits_.max_bytes) return FeedTooLarge();
    return Ok();
  }

 private:
  const RecordLimits& limits_;  // the caller's, for one call
  std::uint64_t records_ = 0;
  std::uint64_t bytes_ = 0;
};

Result<std::vector<fs::path>> FilesBelow(const fs::path& directory, const RecordLimits& limits) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::recursive_directory_iterator at(directory, failed), end; !failed && at != end;
       at.increment(failed)) {
    if (at->path().extension() != ".json" ||
        at->symlink_status().type() != fs::file_type::regular) {
      continue;
    }
    files.push_back(at->path());
    if (files.size() > limits.max_records) return FeedTooLarge();
  }
  if (failed) {
    return Unavailable("the advisory directory cannot be read")
        .Log(directory.string() + ": " + failed.message());
  }
  std::ranges::sort(files);
  return files;
}

Status VisitFile(const fs::path& file, Budget& budget, const RecordVisitor& visit) {
  BW_TRY(const std::string json, io::ReadFile(file, OsvParser::kMaxRecordBytes));
  BW_TRY_STATUS(budget.Take(json.size()));
  return visit(json);
}

}  // namespace

Status VisitArchive(io::Source& archive, const RecordLimits& limits, const RecordVisitor& visit) {
  BW_TRY(const auto plain,
         io::DecompressAuto(archive, {.max_output = limits.max_bytes, .max_ratio = 1100}));
  io::TarReader reader(
      *plain,
      {.max_entries = limits.max_records, .max_name = 4096, .max_total_size = limits.max_bytes});
  for (;;) {
    BW_TRY(const std::optional<io::TarEntry> entry, reader.Next());
    if (!entry) return Ok();
    if (entry->type != io::TarType::kFile || !entry->path.ends_with(".json")) continue;
    BW_TRY(const std::string json, io::ReadAll(reader.Body(), OsvParser::kMaxRecordBytes));
    BW_TRY_STATUS(visit(json));
  }
}

Status VisitRecords(const fs::path& path, const RecordLimits& limits, const RecordVisitor& visit) {
  std::error_code failed;
  Budget budget(limits);
  if (fs::is_directory(path, failed)) {
    BW_TRY(const std::vector<fs::path> files, FilesBelow(path, limits));
    for (const fs::path& file : files) BW_TRY_STATUS(VisitFile(file, budget, visit));
    return Ok();
  }
  if (path.extension() == ".json") return VisitFile(path, budget, visit);
  BW_TRY(io::File file, io::File::Open(path));
  io::FileSource source(std::move(file));
  return VisitArchive(source, limits, visit);
}

}  // namespace breakwater::advisor
