#include "registry/manifest_changes.h"

#include <algorithm>

#include "crypto/hash.h"
#include "registry/attachments.h"
#include "registry/content.h"

namespace breakwater::registry {

Result<FoundManifest> FindManifest(db::Transaction& tx, const RepositoryPath& path,
                                   const oci::Reference& reference) {
  const std::string sql =
      reference.is_digest()
          ? "SELECT r.id, m.digest, m.media_type FROM repository r JOIN manifest m "
            "ON m.repository = r.id AND m.digest = $3 WHERE r.registry = $1 AND r.name = $2"
          : "SELECT r.id, m.digest, m.media_type FROM repository r JOIN tag t "
            "ON t.repository = r.id AND t.name = $3 JOIN manifest m "
            "ON m.repository = r.id AND m.digest = t.digest WHERE r.registry = $1 AND r.name = $2";
  BW_TRY(auto found, tx.QueryOne(sql, {path.registry, path.name, reference.text()},
                                 [](const db::Row& row) -> Result<FoundManifest> {
                                   BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(1)));
                                   return FoundManifest{row.String(0), std::move(digest),
                                                        row.String(2)};
                                 }));
  if (!found) return ManifestUnknown();
  return *std::move(found);
}

Result<std::optional<oci::Digest>> DigestAt(db::Transaction& tx, const std::string& repository,
                                            const oci::Reference& reference) {
  const std::string_view sql =
      reference.is_digest() ? "SELECT digest FROM manifest WHERE repository = $1 AND digest = $2"
                            : "SELECT digest FROM tag WHERE repository = $1 AND name = $2";
  return tx.QueryOne(
      sql, {repository, reference.text()},
      [](const db::Row& row) -> Result<oci::Digest> { return oci::Digest::Parse(row.Text(0)); });
}

Result<std::set<oci::Digest>> OwnersOfMoved(db::Transaction& tx, const RepositoryPath& path,
                                            const std::vector<std::string>& tags,
                                            const oci::Digest& now) {
  std::set<oci::Digest> owners;
  for (const std::string& tag : tags) {
    auto image = NamedAfter(tag);
    if (!image) continue;
    BW_TRY(const auto repository, FindRepository(tx, path.registry, path.name));
    if (!repository) break;
    BW_TRY(const auto reference, oci::Reference::Parse(tag));
    BW_TRY(const auto old, DigestAt(tx, *repository, reference));
    if (old && *old != now) owners.insert(*std::move(image));
  }
  return owners;
}

Result<json::Object> MoveTags(db::Transaction& tx, const RepositoryPath& path,
                              const ManifestKey& manifest, const std::vector<std::string>& tags,
                              Timestamp now) {
  json::Object before;
  for (const std::string& tag : tags) {
    BW_TRY(const auto reference, oci::Reference::Parse(tag));
    BW_TRY(const auto old, DigestAt(tx, manifest.repository, reference));
    if (old && *old != manifest.digest) BW_TRY_STATUS(CheckTagMayMove(tx, path, tag, *old));
    if (old) before[tag] = json::Text(old->text());
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO tag (repository, name, digest, updated) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (repository, name) DO UPDATE SET digest = excluded.digest, "
                   "updated = excluded.updated",
                   {manifest.repository, tag, manifest.digest.text(), now}));
  }
  return before;
}

json::Object TagsTo(const oci::Digest& digest, const std::vector<std::string>& tags) {
  json::Object to;
  const std::size_t named = std::min(tags.size(), kMaxNamedTags);
  if (named < tags.size()) {
    crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
    for (const std::string& tag : tags) {
      hasher.Update(tag);
      hasher.Update("\n");
    }
    // No tag is written so. First, or a record that is too long would lose it.
    to["(more)"] = {{"left_out", static_cast<std::int64_t>(tags.size() - named)},
                    {"sha256_of_all", json::Text(HexEncode(hasher.Finish()))}};
  }
  for (std::size_t i = 0; i < named; ++i) to[tags[i]] = json::Text(digest.text());
  return to;
}

json::Value TagsNow(const oci::Digest& digest, std::string_view media_type,
                    const std::vector<std::string>& tags) {
  return {{"digest", json::Text(digest.text())},
          {"media_type", json::Text(media_type)},
          {"tags", TagsTo(digest, tags)}};
}

control::Change ImageChange(std::string_view action, const RepositoryPath& path,
                            std::string_view reference) {
  control::Change change;
  change.action = std::string(action);
  change.resource = path.Image(reference);
  return change;
}

}  // namespace breakwater::registry
