#include "registry/retention_candidates.h"

#include <algorithm>
#include <set>
#include <span>

#include "oci/media_types.h"
#include "registry/attachments.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

// Digests that one statement names: always as many, so that there is one statement.
constexpr std::size_t kNamedAtOnce = 100;

// Which manifests of a repository: all, or at most kNamedAtOnce by their digests.
class Selection {
 public:
  Selection(const std::string& repository, std::span<const oci::Digest> digests)
      : params_{repository}, named_(!digests.empty()) {
    if (!named_) return;
    for (std::size_t i = 0; i < kNamedAtOnce; ++i) {
      params_.emplace_back(digests[std::min(i, digests.size() - 1)].text());
    }
  }

  Status Query(db::Transaction& tx, std::string_view select, std::string_view column,
               std::string_view rest, const db::Transaction::RowCallback& row) const {
    std::string sql(select);
    if (named_) sql += " AND " + std::string(column) + " IN (" + Names() + ")";
    return tx.QueryWith(sql + std::string(rest), params_, row);
  }

 private:
  static const std::string& Names() {
    static const std::string names = [] {
      std::string all = "$2";
      for (std::size_t i = 1; i < kNamedAtOnce; ++i) all += ", $" + std::to_string(i + 2);
      return all;
    }();
    return names;
  }

  std::vector<db::Param> params_;
  const bool named_;
};

bool NamedAfterImages(const std::vector<std::string>& tags) {
  return !tags.empty() && std::ranges::all_of(tags, [](const std::string& tag) {
    return NamedAfter(tag).has_value();
  });
}

Status AddTags(db::Transaction& tx, const Selection& selection, const TagPatterns& patterns,
               std::span<RetentionCandidate> images) {
  auto at = images.begin();
  BW_TRY_STATUS(selection.Query(tx, "SELECT digest, name FROM tag WHERE repository = $1", "digest",
                                " ORDER BY digest, name", [&](const db::Row& row) -> Status {
                                  while (at != images.end() && at->digest.text() < row.Text(0))
                                    ++at;
                                  if (at == images.end() || at->digest.text() != row.Text(0))
                                    return Ok();
                                  at->tags.push_back(row.String(1));
                                  at->is_held = at->is_held || patterns.Covers(row.Text(1));
                                  return Ok();
                                }));
  for (RetentionCandidate& image : images) {
    image.is_attached = image.is_attached || NamedAfterImages(image.tags);
  }
  return Ok();
}

Result<RetentionCandidate> FromRow(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
  return RetentionCandidate{.digest = std::move(digest),
                            .is_index = oci::KindOf(row.Text(1)) == oci::ManifestKind::kIndex,
                            .is_attached = !row.IsNull(2),
                            .was_tagged = row.Bool(5),
                            .created = row.OptionalTime(3),
                            .pushed = row.Time(4),
                            .pulled = row.OptionalTime(6)};
}

Status AddSelected(db::Transaction& tx, const Selection& selection, const TagPatterns& patterns,
                   std::vector<RetentionCandidate>& images) {
  std::set<std::string, std::less<>> listed;
  BW_TRY_STATUS(selection.Query(
      tx, "SELECT DISTINCT target FROM manifest_reference WHERE repository = $1 AND kind = 2",
      "target", "", [&](const db::Row& row) -> Status {
        listed.insert(row.String(0));
        return Ok();
      }));
  const std::size_t had = images.size();
  BW_TRY_STATUS(selection.Query(
      tx,
      "SELECT m.digest, m.media_type, m.subject, c.created, m.pushed, m.tagged, p.pulled FROM "
      "manifest m LEFT JOIN image_config c ON c.digest = m.config_digest LEFT JOIN manifest_pull p "
      "ON p.repository = m.repository AND p.digest = m.digest WHERE m.repository = $1",
      "m.digest", " ORDER BY m.digest", [&](const db::Row& row) -> Status {
        BW_TRY(RetentionCandidate image, FromRow(row));
        image.is_listed = listed.contains(row.Text(0));
        images.push_back(std::move(image));
        return Ok();
      }));
  return AddTags(tx, selection, patterns, std::span(images).subspan(had));
}

}  // namespace

Result<std::vector<RetentionCandidate>> CandidatesIn(db::Transaction& tx,
                                                     const RegistryName& registry,
                                                     std::string_view name_space,
                                                     const std::string& repository_id) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, registry, name_space));
  std::vector<RetentionCandidate> images;
  BW_TRY_STATUS(AddSelected(tx, Selection(repository_id, {}), patterns, images));
  return images;
}

Result<std::vector<RetentionCandidate>> CandidatesAmong(db::Transaction& tx,
                                                        const RegistryName& registry,
                                                        std::string_view name_space,
                                                        const std::string& repository_id,
                                                        std::vector<oci::Digest> digests) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, registry, name_space));
  std::ranges::sort(digests);
  std::vector<RetentionCandidate> images;
  for (std::span<const oci::Digest> rest = digests; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kNamedAtOnce));
    BW_TRY_STATUS(AddSelected(tx, Selection(repository_id, some), patterns, images));
    rest = rest.subspan(some.size());
  }
  return images;
}

}  // namespace breakwater::registry
