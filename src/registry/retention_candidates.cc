#include "registry/retention_candidates.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <span>

#include "oci/media_types.h"
#include "registry/attachments.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

// Digests that one statement names: always as many, so that there is one statement.
constexpr std::size_t kNamedAtOnce = 100;

// Which manifests of a repository.
class Selection {
 public:
  // At most kNamedAtOnce, and at least one.
  static Selection Of(const std::string& repository, std::span<const oci::Digest> digests) {
    static const std::string names = [] {
      std::string all = " IN ($2";
      for (std::size_t i = 1; i < kNamedAtOnce; ++i) all += ", $" + std::to_string(i + 2);
      return all + ")";
    }();
    Selection selection(repository);
    selection.condition_ = [](const std::string& column) { return column + names; };
    for (std::size_t i = 0; i < kNamedAtOnce; ++i) {
      selection.params_.emplace_back(digests[std::min(i, digests.size() - 1)].text());
    }
    return selection;
  }
  // No more than `limit`, with kLimit at the end of the statement.
  static constexpr std::string_view kLimit = " LIMIT $3";
  static Selection After(const std::string& repository, std::string_view digest,
                         std::size_t limit) {
    Selection selection(repository);
    selection.condition_ = [](const std::string& column) { return column + " > $2"; };
    selection.params_.emplace_back(digest);
    selection.params_.emplace_back(limit);
    return selection;
  }
  // Of one that After gave: without the limit, up to a digest.
  Selection UpTo(const oci::Digest& last) const {
    Selection selection(*this);
    selection.condition_ = [](const std::string& column) {
      return column + " > $2 AND " + column + " <= $3";
    };
    selection.params_.back() = last.text();
    return selection;
  }

  Status Query(db::Transaction& tx, std::string_view select, const std::string& column,
               std::string_view rest, const db::Transaction::RowCallback& row) const {
    return tx.QueryWith(std::string(select) + " AND " + condition_(column) + std::string(rest),
                        params_, row);
  }

 private:
  explicit Selection(const std::string& repository) : params_{repository} {}

  std::vector<db::Param> params_;
  std::string (*condition_)(const std::string& column) = nullptr;
};

// Whoever tags an image with its own digest has named it.
bool IsNamedAfterOthers(const RetentionCandidate& image) {
  return !image.tags.empty() && std::ranges::all_of(image.tags, [&](const std::string& tag) {
    const auto named = NamedAfter(tag);
    return named && *named != image.digest;
  });
}

Result<std::set<oci::Digest>> Present(db::Transaction& tx, const std::string& repository,
                                      const std::set<oci::Digest>& wanted) {
  const std::vector<oci::Digest> digests(wanted.begin(), wanted.end());
  std::set<oci::Digest> present;
  for (std::span<const oci::Digest> rest = digests; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kNamedAtOnce));
    BW_TRY_STATUS(Selection::Of(repository, some)
                      .Query(tx, "SELECT digest FROM manifest WHERE repository = $1", "digest", "",
                             [&](const db::Row& row) -> Status {
                               BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                               present.insert(std::move(digest));
                               return Ok();
                             }));
    rest = rest.subspan(some.size());
  }
  return present;
}

// As cosign names signatures, attestations and bills of materials. Whose image is elsewhere, as
// with a repository for signatures alone, is one all the same.
bool IsNamedLikeASignature(std::string_view tag) {
  return tag.ends_with(".sig") || tag.ends_with(".att") || tag.ends_with(".sbom");
}

// Anybody can name a tag after an image that never was: a digest alone must keep nothing for ever.
Status AddNames(db::Transaction& tx, const std::string& repository,
                std::vector<RetentionCandidate>& images) {
  std::set<oci::Digest> named;
  for (const RetentionCandidate& image : images) {
    if (IsNamedAfterOthers(image)) named.merge(NamedAfter(image.tags));
  }
  BW_TRY(const auto present, Present(tx, repository, named));
  for (RetentionCandidate& image : images) {
    if (!IsNamedAfterOthers(image)) continue;
    const bool is_there =
        std::ranges::any_of(NamedAfter(image.tags),
                            [&](const oci::Digest& digest) { return present.contains(digest); });
    const bool is_signature = std::ranges::any_of(image.tags, IsNamedLikeASignature);
    image.is_attached = image.is_attached || is_there || is_signature;
    image.is_ahead = !image.is_attached;
  }
  return Ok();
}

Status AddTags(db::Transaction& tx, const Selection& selection, const TagPatterns& patterns,
               std::vector<RetentionCandidate>& images) {
  auto at = images.begin();
  return selection.Query(tx, "SELECT digest, name FROM tag WHERE repository = $1", "digest",
                         " ORDER BY digest, name", [&](const db::Row& row) -> Status {
                           while (at != images.end() && at->digest.text() < row.Text(0)) ++at;
                           if (at == images.end() || at->digest.text() != row.Text(0)) return Ok();
                           at->tags.push_back(row.String(1));
                           at->is_held = at->is_held || patterns.Covers(row.Text(1));
                           return Ok();
                         });
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

Result<std::vector<RetentionCandidate>> ReadSelected(db::Transaction& tx,
                                                     const Selection& selection,
                                                     std::string_view limit) {
  std::vector<RetentionCandidate> images;
  BW_TRY_STATUS(selection.Query(
      tx,
      "SELECT m.digest, m.media_type, m.subject, c.created, m.pushed, m.tagged, p.pulled FROM "
      "manifest m LEFT JOIN image_config c ON c.digest = m.config_digest LEFT JOIN manifest_pull p "
      "ON p.repository = m.repository AND p.digest = m.digest WHERE m.repository = $1",
      "m.digest", " ORDER BY m.digest" + std::string(limit), [&](const db::Row& row) -> Status {
        BW_TRY(RetentionCandidate image, FromRow(row));
        images.push_back(std::move(image));
        return Ok();
      }));
  return images;
}

// What else is asked of those that the selection selects, which are in order of digest.
Status AddRest(db::Transaction& tx, const std::string& repository, const Selection& selection,
               const TagPatterns& patterns, std::vector<RetentionCandidate>& images) {
  std::set<std::string, std::less<>> listed;
  BW_TRY_STATUS(selection.Query(
      tx, "SELECT DISTINCT target FROM manifest_reference WHERE repository = $1 AND kind = 2",
      "target", "", [&](const db::Row& row) -> Status {
        listed.insert(row.String(0));
        return Ok();
      }));
  for (RetentionCandidate& image : images) image.is_listed = listed.contains(image.digest.text());
  BW_TRY_STATUS(AddTags(tx, selection, patterns, images));
  return AddNames(tx, repository, images);
}

}  // namespace

Result<std::vector<RetentionCandidate>> CandidatesAfter(
    db::Transaction& tx, const RegistryName& registry, std::string_view name_space,
    const std::string& repository_id, std::string_view digest, std::size_t limit) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, registry, name_space));
  const Selection after = Selection::After(repository_id, digest, limit);
  BW_TRY(auto images, ReadSelected(tx, after, Selection::kLimit));
  if (images.empty()) return images;
  BW_TRY_STATUS(AddRest(tx, repository_id, after.UpTo(images.back().digest), patterns, images));
  return images;
}

Result<std::vector<RetentionCandidate>> CandidatesAmong(db::Transaction& tx,
                                                        const RegistryName& registry,
                                                        std::string_view name_space,
                                                        const std::string& repository_id,
                                                        std::vector<oci::Digest> digests) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, registry, name_space));
  std::ranges::sort(digests);
  std::vector<RetentionCandidate> all;
  for (std::span<const oci::Digest> rest = digests; !rest.empty();) {
    const auto some = rest.first(std::min(rest.size(), kNamedAtOnce));
    const Selection named = Selection::Of(repository_id, some);
    BW_TRY(auto images, ReadSelected(tx, named, ""));
    BW_TRY_STATUS(AddRest(tx, repository_id, named, patterns, images));
    std::ranges::move(images, std::back_inserter(all));
    rest = rest.subspan(some.size());
  }
  return all;
}

}  // namespace breakwater::registry
