#include "api/registry/walk.h"

#include <algorithm>
#include <limits>

#include "oci/names.h"

namespace breakwater::api::management {
namespace {

// Pages that one part looks at: where few of what they hold is asked for, it is short or empty, and
// its client goes on.
constexpr int kPagesPerPart = 8;

// Of a whole list, so many come first: its client waits for no full page.
constexpr std::size_t kFirstEntries = 64;

Result<net::Response> PartOf(const Context& context, ListKind kind, Walk& walk, std::size_t limit) {
  std::vector<std::string> entries;
  for (int pages = 0; walk.more() && entries.size() < limit && pages < kPagesPerPart; ++pages) {
    BW_TRY(auto some, walk.Next(limit - entries.size()));
    std::move(some.begin(), some.end(), std::back_inserter(entries));
  }
  net::Response response = PrintedList(kind, entries);
  if (walk.more()) LinkToNext(context, walk.Position(), response);
  return response;
}

}  // namespace

Error BadStart() {
  return Invalid("start: must be what a Link header gave").Reason("invalid_field");
}

Result<registry::ImagePosition> ImagePositionOf(std::string_view start) {
  if (start.empty()) return registry::ImagePosition{};
  const std::size_t at = start.find('@');
  if (at == std::string_view::npos || !oci::ValidateRepository(start.substr(0, at)).ok() ||
      !oci::Digest::Parse(start.substr(at + 1)).ok()) {
    return BadStart();
  }
  return registry::ImagePosition{std::string(start.substr(0, at)),
                                 std::string(start.substr(at + 1))};
}

std::string ToString(const registry::ImagePosition& position) {
  return position.repository + "@" + position.digest;
}

Result<net::Response> WalkResponse(const Context& context, ListKind kind,
                                   std::shared_ptr<Walk> walk) {
  BW_TRY(const PageRequest asked, PageRequestOf(context));
  BW_TRY_STATUS(walk->Begin(asked.start));
  if (asked.limit) return PartOf(context, kind, *walk, *asked.limit);
  return ListResponse(
      kind,
      [walk = std::move(walk),
       most = kFirstEntries]() mutable -> Result<std::optional<std::vector<std::string>>> {
        if (!walk->more()) return std::nullopt;
        BW_TRY(auto entries, walk->Next(most));
        most = std::numeric_limits<std::size_t>::max();
        return std::optional(std::move(entries));
      });
}

}  // namespace breakwater::api::management
