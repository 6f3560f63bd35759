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
  bool in_scope = false;
};

constexpr std::string_view kColumns =
    "SELECT r.id, r.name, m.digest, m.media_type, m.config_digest, m.content_size, m.created, "
    "m.pushed, c.created, c.labels, CASE WHEN EXISTS (SELECT 1 FROM tag t WHERE "
    "t.repository = m.repository AND t.digest = m.digest) THEN 1 ELSE 0 END FROM repository r JOIN "
    "manifest m ON m.repository = r.id "
    "LEFT JOIN image_config c ON c.digest = m.config_digest WHERE r.registry = $1 ";

bool InScope(const ImageScope& scope, std::string_view media_type, bool is_tagged) {
  if (is_tagged ? !scope.tagged : !scope.untagged) return false;
  return scope.indexes || (media_type != oci::kOciIndex && media_type != oci::kDockerList);
}

Result<FoundImage> FromRow(const ImageScope& scope, const db::Row& row) {
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
                   .config_known = !row.IsNull(9),
                   .in_scope = InScope(scope, row.Text(3), row.Bool(10))};
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

// Whether a tag leads to it, over indexes and subjects. The step up is written as one join with
// both, so that each is looked up by an index: a union of them would be made whole for each image.
Result<bool> IsNeeded(db::Transaction& tx, const FoundImage& found) {
  BW_TRY(
      const auto needed,
      tx.QueryOne(
          "WITH RECURSIVE up AS (SELECT digest FROM manifest WHERE repository = $1 AND "
          "digest = $2 UNION SELECT CASE way.kind WHEN 1 THEN list.manifest ELSE below.subject "
          "END FROM up CROSS JOIN (SELECT 1 AS kind UNION ALL SELECT 2) way "
          "LEFT JOIN manifest_reference list ON way.kind = 1 AND list.repository = $1 AND "
          "list.target = up.digest AND list.kind = 2 LEFT JOIN manifest below ON way.kind = 2 "
          "AND below.repository = $1 AND below.digest = up.digest "
          "WHERE list.manifest IS NOT NULL OR below.subject IS NOT NULL) "
          "SELECT 1 FROM up JOIN tag t ON t.repository = $1 AND t.digest = up.digest LIMIT 1",
          {found.repository_id, found.image.digest.text()}, [](const db::Row&) { return true; }));
  return needed.has_value();
}

// Rows after `after` in one part, at most `limit`; also those that are not in scope, so that what a
// page costs does not depend on how far one lies from the next.
Result<std::vector<FoundImage>> RowsIn(db::Transaction& tx, const ImageScope& scope,
                                       const NameRange& range, const ImagePosition& after,
                                       std::size_t limit) {
  const auto from_row = [&](const db::Row& row) { return FromRow(scope, row); };
  std::vector<FoundImage> all;
  std::string from = range.from;
  std::string_view bound = ">=";
  if (after.repository >= range.from) {
    // First the rest of the repository that the last page ended in.
    BW_TRY(all, tx.QueryAll(std::string(kColumns) +
                                "AND r.name = $2 AND m.digest > $3 ORDER BY m.digest LIMIT $4",
                            {scope.registry, after.repository, after.digest, limit}, from_row));
    from = after.repository;
    bound = ">";
  }
  if (all.size() == limit) return all;
  BW_TRY(auto rest, tx.QueryAll(std::string(kColumns) + "AND r.name " + std::string(bound) +
                                    " $2 AND r.name < $3 ORDER BY r.name, m.digest LIMIT $4",
                                {scope.registry, from, range.to, limit - all.size()}, from_row));
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
    std::erase_if(found, [](const FoundImage& one) { return !one.in_scope; });
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
