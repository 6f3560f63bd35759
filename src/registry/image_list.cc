#include "registry/image_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>
#include <utility>

#include "oci/media_types.h"
#include "oci/names.h"
#include "registry/content_reader.h"
#include "registry/image_tags.h"
#include "registry/of_each_repository.h"

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
    "t.repository = m.repository AND t.digest = m.digest) THEN 1 ELSE 0 END, r.registry ";
constexpr std::string_view kWithConfig = "LEFT JOIN image_config c ON c.digest = m.config_digest ";
// What comes after a digest, in whichever repository. CROSS: in this order, whatever a planner
// thinks of it.
constexpr std::string_view kOfDigests =
    "FROM (SELECT digest, repository FROM manifest WHERE digest > $1 ORDER BY digest, repository "
    "LIMIT $2) next CROSS JOIN manifest m CROSS JOIN repository r "
    "LEFT JOIN image_config c ON c.digest = m.config_digest "
    "WHERE m.repository = next.repository AND m.digest = next.digest AND r.id = m.repository "
    "ORDER BY next.digest, next.repository";

std::string Select(std::string_view from) {
  return std::string(kColumns) + std::string(from);
}

// Of repositories of the registry $1.
std::string SelectOf(const std::string& repositories) {
  return Select("FROM " + repositories) + std::string(kWithConfig) + "WHERE r.registry = $1 ";
}

// The first $4 of each: see OfEachRepository.
std::string SelectFirst(db::Dialect dialect, std::string_view condition) {
  return SelectOf(OfEachRepository(dialect, "manifest", "m", condition, "$4"));
}

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

constexpr std::string_view kTagsOfImages =
    "SELECT digest, name FROM tag WHERE repository = $1 AND digest >= $2 AND digest <= $3 "
    "ORDER BY digest, name";

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
Result<std::vector<FoundImage>> RowsIn(db::Transaction& tx, db::Dialect dialect,
                                       const ImageScope& scope, const NameRange& range,
                                       const ImagePosition& after, std::size_t limit) {
  const auto from_row = [&](const db::Row& row) { return FromRow(scope, row); };
  std::vector<FoundImage> all;
  std::string from = range.from;
  std::string_view bound = ">=";
  if (after.repository >= range.from) {
    // First the rest of the repository that the last page ended in.
    BW_TRY(all, tx.QueryAll(SelectFirst(dialect, "m.digest > $3") +
                                "AND r.name = $2 ORDER BY m.digest LIMIT $4",
                            {scope.registry, after.repository, after.digest, limit}, from_row));
    from = after.repository;
    bound = ">";
  }
  if (all.size() == limit) return all;
  BW_TRY(auto rest, tx.QueryAll(SelectFirst(dialect, "") + "AND r.name " + std::string(bound) +
                                    " $2 AND r.name < $3 ORDER BY r.name, m.digest LIMIT $4",
                                {scope.registry, from, range.to, limit - all.size()}, from_row));
  std::move(rest.begin(), rest.end(), std::back_inserter(all));
  return all;
}

// Of what was found, in order of repository and digest: what is asked for, with its tags. `unread`:
// where configurations are missing.
Status TakeWanted(db::Transaction& tx, const ImageScope& scope, std::vector<FoundImage> found,
                  std::vector<ListedImage>& images, std::vector<std::size_t>& unread) {
  std::erase_if(found, [](const FoundImage& one) { return !one.in_scope; });
  if (scope.tagged) BW_TRY_STATUS(AddTags(tx, kTagsOfImages, found));
  for (FoundImage& one : found) {
    if (scope.unneeded_only) {
      BW_TRY(const bool needed, IsNeeded(tx, one));
      if (needed) continue;
    }
    if (!one.config_known && one.image.config) unread.push_back(images.size());
    images.push_back(std::move(one.image));
  }
  return Ok();
}

// Digests by their algorithms, in bytewise order.
constexpr std::string_view kFirstAlgorithm = "sha256:";
constexpr std::string_view kLastAlgorithm = "sha512:";
constexpr std::string_view kEndOfDigests = "sha512:g";  // hex ends with 'f'
constexpr std::uint64_t kAllParts = std::uint64_t{1} << 32;
constexpr std::size_t kHexOfPart = 8;

// In which of the parts it lies.
std::uint64_t PartOf(std::string_view digest) {
  const std::string_view hex = digest.substr(std::min(digest.size(), kFirstAlgorithm.size()));
  std::uint64_t part = 0;
  std::from_chars(hex.data(), hex.data() + std::min(hex.size(), kHexOfPart), part, 16);
  return part;
}

std::string HexOf(std::uint64_t part) {
  std::array<char, kHexOfPart> text{};
  const char* end = std::to_chars(text.data(), text.data() + text.size(), part, 16).ptr;
  const std::string hex(text.data(), static_cast<std::size_t>(end - text.data()));
  return std::string(kHexOfPart - hex.size(), '0') + hex;
}

// Before which digest a page ends that begins there; the last page at kEndOfDigests.
std::string BoundAfter(const DigestPosition& after) {
  const std::string_view algorithm =
      after.digest.starts_with(kLastAlgorithm) ? kLastAlgorithm : kFirstAlgorithm;
  const std::uint64_t part =
      PartOf(after.digest) + std::clamp<std::uint64_t>(after.width, 1, kAllParts);
  if (part < kAllParts) return std::string(algorithm) + HexOf(part);
  return std::string(algorithm == kLastAlgorithm ? kEndOfDigests : kLastAlgorithm);
}

// All rows of some digests that follow one another.
struct Slice {
  std::vector<FoundImage> found;
  std::string end;  // before which digest
};

const std::string& DigestOf(const FoundImage& one) {
  return one.image.digest.text();
}

// Rows of digests after `after` and before the slice's end. If they are more than `most`, the end
// comes down until they are not, which may leave none.
Status Fill(db::Transaction& tx, const ImageScope& scope, const std::vector<NameRange>& ranges,
            const std::string& after, std::size_t most, Slice& slice) {
  std::vector<FoundImage>& found = slice.found;
  for (const NameRange& range : ranges) {
    BW_TRY(auto rows,
           tx.QueryAll(SelectOf("repository r JOIN manifest m ON m.repository = r.id ") +
                           "AND r.name >= $2 AND r.name < $3 AND m.digest > $4 "
                           "AND m.digest < $5 ORDER BY m.digest LIMIT $6",
                       {scope.registry, range.from, range.to, after, slice.end, most + 1},
                       [&](const db::Row& row) { return FromRow(scope, row); }));
    std::move(rows.begin(), rows.end(), std::back_inserter(found));
    if (found.size() <= most) continue;
    std::ranges::sort(found, {}, DigestOf);
    slice.end = DigestOf(found[most]);
    const auto past = std::ranges::lower_bound(found, slice.end, {}, DigestOf);
    found.erase(past, found.end());
  }
  return Ok();
}

// A look into a repository is reckoned at this many rows that follow one another. It decides what a
// page costs, not what it holds.
constexpr std::int64_t kRowsOfALook = 4;

// Whether a page costs less if it reads all digests that come next, those of others among them,
// than if it looks into each repository.
Result<bool> IsCheaperAcross(db::Transaction& tx, const ImageScope& scope,
                             const std::vector<NameRange>& ranges, std::size_t limit) {
  const auto count = [](const db::Row& row) { return row.Int(0); };
  BW_TRY(const auto all, tx.QueryOne("SELECT count(*) FROM repository", {}, count));
  // Of the rows that follow one another, as many are its own as of the repositories.
  const std::int64_t bound = static_cast<std::int64_t>(limit) * all.value_or(0) / kRowsOfALook;
  std::int64_t own = 0;
  for (const NameRange& range : ranges) {
    BW_TRY(const auto some, tx.QueryOne("SELECT count(*) FROM repository WHERE registry = $1 AND "
                                        "name >= $2 AND name < $3",
                                        {scope.registry, range.from, range.to}, count));
    own += some.value_or(0);
    if (own * own > bound) return true;
  }
  return false;
}

bool HoldsName(const std::vector<NameRange>& ranges, std::string_view name) {
  const auto after = std::ranges::upper_bound(ranges, name, {}, &NameRange::from);
  return after != ranges.begin() && name < std::prev(after)->to;
}

// What comes next of all digests: `most` rows, without those of a last digest that has more.
struct Stretch {
  std::vector<FoundImage> found;  // those in the scope's repositories
  std::string first;              // digest, in whichever repository
  std::string end;                // its last digest; empty: none is whole
  bool more = false;
};

Result<Stretch> StretchAfter(db::Transaction& tx, const ImageScope& scope,
                             const std::vector<NameRange>& ranges, const std::string& after,
                             std::size_t most) {
  Stretch stretch;
  std::size_t looked = 0;
  std::string current;
  BW_TRY_STATUS(tx.Query(Select(kOfDigests), {after, most + 1}, [&](const db::Row& row) -> Status {
    if (looked == 0) stretch.first = row.String(2);
    if (row.Text(2) != current) stretch.end = std::exchange(current, row.String(2));
    if (++looked > most || row.Text(11) != scope.registry.value()) return Ok();
    if (!HoldsName(ranges, row.Text(1))) return Ok();
    BW_TRY(FoundImage one, FromRow(scope, row));
    stretch.found.push_back(std::move(one));
    return Ok();
  }));
  stretch.more = looked > most;
  if (!stretch.more) {
    stretch.end = kEndOfDigests;
  } else {
    std::erase_if(stretch.found, [&](const FoundImage& one) { return DigestOf(one) == current; });
  }
  return stretch;
}

// A page across all digests: looks at `limit` rows, or at one digest that has more.
Result<DigestPosition> FillAcross(db::Transaction& tx, const ImageScope& scope,
                                  const std::vector<NameRange>& ranges, const DigestPosition& after,
                                  std::size_t limit, std::vector<FoundImage>& found) {
  BW_TRY(Stretch stretch, StretchAfter(tx, scope, ranges, after.digest, limit));
  for (std::size_t most = limit * 2; stretch.end.empty(); most *= 2) {
    BW_TRY(stretch, StretchAfter(tx, scope, ranges, after.digest, most));
    if (stretch.end.empty()) continue;
    stretch.end = stretch.first;
    std::erase_if(stretch.found,
                  [&](const FoundImage& one) { return DigestOf(one) != stretch.first; });
  }
  found = std::move(stretch.found);
  return DigestPosition{.digest = std::move(stretch.end), .width = after.width};
}

// How many times as much the next page looks through as one that found so many: nothing at all says
// that much can be skipped, however short pages are.
std::uint64_t GrowthAfter(std::size_t found, std::size_t limit) {
  if (found == 0 || found < limit / 32) return 16;
  return found < limit / 2 ? 2 : 1;
}

// How much the next page looks through follows from how much of this one was needed for how many.
DigestPosition PositionAfter(const DigestPosition& before, const Slice& slice, std::size_t limit,
                             bool is_whole) {
  if (!is_whole) {
    const std::string& last = DigestOf(*std::ranges::max_element(slice.found, {}, DigestOf));
    const std::uint64_t looked = PartOf(last) - PartOf(before.digest);
    return {.digest = last, .width = std::max<std::uint64_t>(looked, 1)};
  }
  const bool next_algorithm = slice.end == kLastAlgorithm;
  const std::uint64_t width =
      next_algorithm ? kAllParts : before.width * GrowthAfter(slice.found.size(), limit);
  return {.digest = slice.end, .width = std::min(width, kAllParts)};
}

// A page by looks into each repository.
Result<DigestPosition> FillByRepository(db::Transaction& tx, const ImageScope& scope,
                                        const std::vector<NameRange>& ranges,
                                        const DigestPosition& after, std::size_t limit,
                                        std::vector<FoundImage>& found) {
  const std::string bound = BoundAfter(after);
  Slice slice;
  // Where one digest has more images than a page, the page is as long as that.
  for (std::size_t most = limit; slice.found.empty() && slice.end != bound; most *= 2) {
    slice.end = bound;
    BW_TRY_STATUS(Fill(tx, scope, ranges, after.digest, most, slice));
  }
  DigestPosition position = PositionAfter(after, slice, limit, slice.end == bound);
  found = std::move(slice.found);
  return position;
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
      BW_TRY(auto more, RowsIn(tx, database_.dialect(), scope, range, after, limit - found.size()));
      std::move(more.begin(), more.end(), std::back_inserter(found));
      if (found.size() == limit) break;
    }
    page.more = found.size() == limit;
    if (!found.empty()) {
      page.position = {found.back().image.repository, found.back().image.digest.text()};
    }
    return TakeWanted(tx, scope, std::move(found), page.images, unread);
  }));
  BW_TRY_STATUS(ReadConfigs(page.images, unread));
  return page;
}

Result<DigestPage> ImageList::PageByDigest(const ImageScope& scope, const DigestPosition& after,
                                           std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, kImagesPerDigestPage);
  const std::vector<NameRange> ranges = RangesOf(scope.namespaces, scope.repositories);
  DigestPage page;
  std::vector<std::size_t> unread;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    page = {};
    unread.clear();
    std::vector<FoundImage> found;
    BW_TRY(const bool across, IsCheaperAcross(tx, scope, ranges, limit));
    if (across) {
      BW_TRY(page.position, FillAcross(tx, scope, ranges, after, limit, found));
    } else {
      BW_TRY(page.position, FillByRepository(tx, scope, ranges, after, limit, found));
    }
    page.more = page.position.digest != kEndOfDigests;
    std::ranges::sort(found, {}, [](const FoundImage& one) {
      return std::tie(one.image.repository, one.image.digest.text());
    });
    return TakeWanted(tx, scope, std::move(found), page.images, unread);
  }));
  BW_TRY_STATUS(ReadConfigs(page.images, unread));
  return page;
}

// Configurations too large for a row of the database, or older than their table: from the blobs.
Status ImageList::ReadConfigs(std::vector<ListedImage>& images,
                              const std::vector<std::size_t>& unread) const {
  const ContentReader reader(database_, store_);
  for (const std::size_t i : unread) {
    ListedImage& image = images[i];
    const auto text = reader.ReadBlob(*image.config, kMaxConfigBytes);
    // Absent or too large: it is listed without what stands there.
    if (text.ok()) image.build = ParseImageConfig(*text);
  }
  return Ok();
}

}  // namespace breakwater::registry
