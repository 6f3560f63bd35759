// The files of an advisory feed, however it is packed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "base/result.h"
#include "io/stream.h"

namespace breakwater::advisor {

struct RecordLimits {
  std::uint64_t max_records = 5'000'000;
  std::uint64_t max_bytes = 16ULL << 30;  // of all records, unpacked
};

// Called with the text of each file whose name ends in ".json", in an order that is always the
// same.
using RecordVisitor = std::function<Status(std::string_view json)>;

// Visits a single .json file, a directory (with everything below it; symbolic links are not
// followed), or an archive as VisitArchive does. kNotFound if there is no such path;
// kTooLarge "feed_too_large" over a limit; else the visitor's or the reader's error.
Status VisitRecords(const std::filesystem::path& path, const RecordLimits& limits,
                    const RecordVisitor& visit);

// A tar, plain or compressed with gzip or zstd, told apart by its bytes.
Status VisitArchive(io::Source& archive, const RecordLimits& limits, const RecordVisitor& visit);

}  // namespace breakwater::advisor
