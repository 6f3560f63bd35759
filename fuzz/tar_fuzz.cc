// Tar archives: any bytes give an error or normalised entries within the limits, and what we read
// we can write and read again.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "io/tar.h"

namespace {

namespace io = breakwater::io;

void CheckSurvivesWriting(io::TarEntry entry, const std::string& body) {
  // Names that are no UTF-8 have no exact form in pax.
  if (entry.type == io::TarType::kOther || !breakwater::IsValidUtf8(entry.path) ||
      !breakwater::IsValidUtf8(entry.link_target)) {
    return;
  }
  const bool link = entry.type == io::TarType::kSymlink || entry.type == io::TarType::kHardlink;
  if (link && entry.link_target.empty()) return;
  entry.size = entry.type == io::TarType::kFile ? body.size() : 0;
  entry.mtime = 0;
  io::StringSink sink(1U << 22);
  io::TarWriter writer(sink);
  BW_CHECK(writer.Add(entry, entry.size > 0 ? body : "").ok());
  BW_CHECK(writer.Finish().ok());
  io::StringSource source(sink.text());
  io::TarReader reader(source);
  const auto again = reader.Next();
  BW_CHECK(again.ok() && again->has_value() && **again == entry);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const io::TarLimits limits{.max_entries = 100, .max_name = 1024, .max_total_size = 1U << 20};
  io::StringSource source({reinterpret_cast<const char*>(data), size}, 700);
  io::TarReader reader(source, limits);
  while (true) {
    const auto entry = reader.Next();
    if (!entry.ok() || !entry->has_value()) return 0;
    BW_CHECK((*entry)->path.size() <= limits.max_name);
    const auto normal = io::NormaliseTarPath((*entry)->path);
    BW_CHECK(normal.ok() && *normal == (*entry)->path);
    const auto body = io::ReadAll(reader.Body(), limits.max_total_size);
    if (!body.ok()) return 0;
    BW_CHECK(body->size() <= (*entry)->size);
    CheckSurvivesWriting(**entry, *body);
  }
}
