#include "registry/image_list.h"

#include <algorithm>
#include <map>

#include "oci/media_types.h"
#include "oci/names.h"
#include "registry/content_reader.h"

namespace breakwater::registry {
namespace {

struct FoundImage {
  std::string repository_id;
  ListedImage image;
  bool config_known = false;
};

constexpr std::string_view kColumns =
    "SELECT r.id, r.name, m.digest, m.media_type, m.config_digest, m.content_size, m.created, "
    "m.pushed, c.created, c.labels FROM repository r JOIN manifest m ON m.repository = r.id "
    "LEFT JOIN image_config c ON c.digest = m.config_digest WHERE r.registry = $1 ";

// What of the scope each row can say of itself.
std::string Filter(const ImageScope& scope) {
  constexpr std::string_view kTagged =
      "EXISTS (SELECT 1 FROM tag t WHERE t.repository = m.repository AND t.digest = m.digest) ";
  std::string filter;
  if (!scope.untagged) filter += "AND " + std::string(kTagged);
  if (!scope.tagged) filter += "AND NOT " + std::string(kTagged);
  if (!scope.indexes) {
    filter += "AND m.media_type <> '" + std::string(oci::kOciIndex) + "' AND m.media_type <> '" +
              std::string(oci::kDockerList) + "' ";
  }
  return filter;
}

Result<FoundImage> FromRow(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(2)));
  FoundImage found{.repository_id = row.String(0),
                   .image = {.repository = row.String(1),
                             .digest = std::move(digest),
                             .media_type = row.String(3),
                             .config = std::nullopt,
                             .size = static_cast<std::uint64_t>(row.Int(5)),
                             .first_pushed = row.Time(6),
                             .pushed = row.Time(7),
                             .tags = {},
                             .build = {}},
                   .config_known = !row.IsNull(9)};
  if (!row.IsNull(4)) {
    BW_TRY(found.image.config, oci::Digest::Parse(row.Text(4)));
  }
  if (found.config_known) {
    found.image.build = {.created = row.OptionalTime(8), .labels = LabelsOf(row.Text(9))};
  }
  return found;
}

// The tags of images of one repository, which are in order of digest.
Status AddTags(db::Transaction& tx, std::vector<FoundImage>::iterator first,
               std::vector<FoundImage>::iterator last) {
  auto at = first;
  return tx.Query(
      "SELECT digest, name FROM tag WHERE repository = $1 AND digest >= $2 AND digest <= $3 "
      "ORDER BY digest, name",
      {first->repository_id, first->image.digest.text(), (last - 1)->image.digest.text()},
      [&](const db::Row& row) -> Status {
        while (at != last && at->image.digest.text() < row.Text(0)) ++at;
        if (at != last && at->image.digest.text() == row.Text(0)) {
          at->image.tags.push_back(row.String(1));
        }
        return Ok();
      });
}

Status AddTags(db::Transaction& tx, std::vector<FoundImage>& found) {
  for (auto first = found.begin(); first != found.end();) {
    const auto last = std::find_if(first, found.end(), [&](const FoundImage& one) {
      return one.repository_id != first->repository_id;
    });
    BW_TRY_STATUS(AddTags(tx, first, last));
    first = last;
  }
  return Ok();
}

// Whether a tag leads to it, over indexes and subjects.
Result<bool> IsNeeded(db::Transaction& tx, const FoundImage& found) {
  BW_TRY(
      const auto needed,
      tx.QueryOne(
          "WITH RECURSIVE up AS (SELECT repository, digest FROM manifest WHERE repository = $1 "
          "AND digest = $2 UNION SELECT u.repository, e.above FROM up u JOIN "
          "(SELECT repository, target AS below, manifest AS above FROM manifest_reference "
          "WHERE kind = 2 UNION ALL SELECT repository, digest, subject FROM manifest "
          "WHERE subject IS NOT NULL) e ON e.repository = u.repository AND e.below = u.digest) "
          "SELECT 1 FROM up u JOIN tag t ON t.repository = u.repository AND "
          "t.digest = u.digest LIMIT 1",
          {found.repository_id, found.image.digest.text()}, [](const db::Row&) { return true; }));
  return needed.has_value();
}

// Rows after `after` in one part, at most `limit`.
Result<std::vector<FoundImage>> RowsIn(db::Transaction& tx, const ImageScope& scope,
                                       const NameRange& range, const ImagePosition& after,
                                       std::size_t limit) {
  const std::string filter = Filter(scope);
  std::vector<FoundImage> all;
  std::string from = range.from;
  std::string_view bound = ">=";
  if (after.repository >= range.from) {
    // First the rest of the repository that the last page ended in.
    BW_TRY(all, tx.QueryAll(std::string(kColumns) + "AND r.name = $2 AND m.digest > $3 " + filter +
                                "ORDER BY m.digest LIMIT $4",
                            {scope.registry, after.repository, after.digest, limit}, FromRow));
    from = after.repository;
    bound = ">";
  }
  if (all.size() == limit) return all;
  BW_TRY(auto rest,
         tx.QueryAll(std::string(kColumns) + "AND r.name " + std::string(bound) +
                         " $2 AND r.name < $3 " + filter + "ORDER BY r.name, m.digest LIMIT $4",
                     {scope.registry, from, range.to, limit - all.size()}, FromRow));
  std::move(rest.begin(), rest.end(), std::back_inserter(all));
  return all;
}

}  // namespace

std::vector<NameRange> RangesOf(const std::vector<std::string>& namespaces,
                                const std::vector<std::string>& repositories) {
  std::vector<NameRange> ranges;
  if (repositories.empty()) {
    // '0' follows '/'.
    for (const std::string& name : namespaces) ranges.push_back({name + "/", name + "0"});
  }
  for (const std::string& name : repositories) {
    if (std::ranges::find(namespaces, oci::NamespaceOf(name)) == namespaces.end()) continue;
    // No name has a character below '!'.
    ranges.push_back({name, name + "!"});
  }
  std::ranges::sort(ranges, {}, &NameRange::from);
  const auto same = std::ranges::unique(ranges, {}, &NameRange::from);
  ranges.erase(same.begin(), same.end());
  return ranges;
}

Result<ImagePage> ImageList::Page(const ImageScope& scope, const ImagePosition& after,
                                  std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, kImagesPerPage);
  const std::vector<NameRange> ranges = RangesOf(scope.namespaces, scope.repositories);
  ImagePage page;
  std::vector<std::size_t> unread;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    page = {};
    unread.clear();
    std::vector<FoundImage> found;
    for (const NameRange& range : ranges) {
      if (range.to <= after.repository) continue;
      BW_TRY(auto more, RowsIn(tx, scope, range, after, limit - found.size()));
      std::move(more.begin(), more.end(), std::back_inserter(found));
      if (found.size() == limit) break;
    }
    page.more = found.size() == limit;
    if (!found.empty()) {
      page.position = {found.back().image.repository, found.back().image.digest.text()};
    }
    if (scope.tagged) BW_TRY_STATUS(AddTags(tx, found));
    for (FoundImage& one : found) {
      if (scope.unneeded_only) {
        BW_TRY(const bool needed, IsNeeded(tx, one));
        if (needed) continue;
      }
      if (!one.config_known && one.image.config) unread.push_back(page.images.size());
      page.images.push_back(std::move(one.image));
    }
    return Ok();
  }));
  BW_TRY_STATUS(ReadConfigs(page, unread));
  return page;
}

// Configurations too large for a row of the database, or older than their table: from the blobs.
Status ImageList::ReadConfigs(ImagePage& page, const std::vector<std::size_t>& unread) const {
  const ContentReader reader(database_, store_);
  for (const std::size_t i : unread) {
    ListedImage& image = page.images[i];
    const auto text = reader.ReadBlob(*image.config, kMaxConfigBytes);
    // Absent or too large: it is listed without what stands there.
    if (text.ok()) image.build = ParseImageConfig(*text);
  }
  return Ok();
}

}  // namespace breakwater::registry
