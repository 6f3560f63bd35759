#include "registry/attachments.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>

#include "base/bytes.h"
#include "json/json.h"
#include "oci/manifest.h"
#include "registry/content.h"
#include "registry/signatures.h"

namespace breakwater::registry {
namespace {

// "sha256-…", as tags name a digest.
std::string TagBase(const oci::Digest& digest) {
  std::string base = digest.text();
  std::ranges::replace(base, ':', '-');
  return base;
}

struct Candidate {
  oci::Digest digest;
  std::string media_type;
  bool by_subject = false;
  bool is_signature = false;
};

Result<Candidate> FromRow(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
  return Candidate{std::move(digest), row.String(1), row.Bool(2), row.Text(3) == kSignatureType};
}

Result<std::vector<Candidate>> CandidatesFor(db::Transaction& tx, const ManifestKey& manifest) {
  // '/' follows '.', which begins the suffix.
  const std::string base = TagBase(manifest.digest);
  // Two queries: SQLite orders their union by walking through all manifests of the repository.
  BW_TRY(auto candidates,
         tx.QueryAll(
             "SELECT digest, media_type, 1, artifact_type FROM manifest WHERE repository = $1 AND "
             "subject = $2 ORDER BY digest LIMIT $3",
             {manifest.repository, manifest.digest.text(), kMaxAttachments + 1}, FromRow));
  BW_TRY(auto named,
         tx.QueryAll(
             "SELECT m.digest, m.media_type, 0, m.artifact_type FROM tag t JOIN manifest m ON "
             "m.repository = t.repository AND m.digest = t.digest WHERE t.repository = $1 "
             "AND (t.name = $2 OR (t.name >= $3 AND t.name < $4)) ORDER BY m.digest "
             "LIMIT $5",
             {manifest.repository, base, base + ".", base + "/", kMaxAttachments + 1}, FromRow));
  std::ranges::move(named, std::back_inserter(candidates));
  std::ranges::stable_sort(candidates, {}, &Candidate::digest);
  if (candidates.size() > kMaxAttachments + 1) {
    candidates.erase(candidates.begin() + kMaxAttachments + 1, candidates.end());
  }
  return candidates;
}

Result<std::vector<oci::Digest>> ListsOf(db::Transaction& tx, const ManifestKey& manifest) {
  return tx.QueryAll(
      "SELECT manifest FROM manifest_reference WHERE repository = $1 AND target = $2 AND kind = 2",
      {manifest.repository, manifest.digest.text()},
      [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); });
}

// Of an entry of a list that is an attestation: the image that it is for.
std::optional<oci::Digest> AttestedBy(const json::Value& entry) {
  const json::Value* annotations = json::Find(entry, "annotations");
  if (annotations == nullptr) return std::nullopt;
  if (json::FindText(*annotations, "vnd.docker.reference.type") != "attestation-manifest") {
    return std::nullopt;
  }
  auto digest = oci::Digest::Parse(json::FindText(*annotations, "vnd.docker.reference.digest"));
  return digest.ok() ? std::optional(*std::move(digest)) : std::nullopt;
}

// The images that a list names attestations for; only those that `manifest` is, unless it is the
// list itself. A list that cannot be read names none: nobody sees attestations by it.
Status AddAttested(db::Transaction& tx, const ManifestKey& list, const oci::Digest& manifest,
                   std::set<oci::Digest>& owners) {
  constexpr json::Limits kLimits{.max_bytes = oci::kMaxManifestBytes, .max_depth = 64};
  return tx.Query(
      "SELECT content FROM manifest m WHERE repository = $1 AND digest = $2 AND EXISTS (SELECT 1 "
      "FROM manifest_reference e WHERE e.repository = m.repository AND e.manifest = m.digest AND "
      "e.kind = 2)",
      {list.repository, list.digest.text()}, [&](const db::Row& row) -> Status {
        const auto document = json::Parse(AsText(row.Blob(0)), kLimits);
        const json::Value* entries = document.ok() ? json::Find(*document, "manifests") : nullptr;
        if (entries == nullptr || !entries->is_array()) return Ok();
        for (const json::Value& entry : entries->get_array()) {
          const bool is_meant =
              list.digest == manifest || json::FindText(entry, "digest") == manifest.text();
          auto image = is_meant ? AttestedBy(entry) : std::nullopt;
          if (image) owners.insert(*std::move(image));
        }
        return Ok();
      });
}

// An attachment on its way: to what it is attached, and which indexes list it.
struct Found {
  Attachment attachment;
  oci::Digest owner;
  std::vector<oci::Digest> lists;
};

// Takes out what an index needs that does not go itself, and what is attached to that, until
// nothing is left to take out.
void DropWhatIsNeeded(const oci::Digest& image, std::vector<Found>& all) {
  std::size_t before = 0;
  do {
    before = all.size();
    std::set<oci::Digest> going;
    for (const Found& one : all) going.insert(one.attachment.digest);
    std::erase_if(all, [&](const Found& one) {
      const bool owned = one.owner == image || going.contains(one.owner);
      return !owned || std::ranges::any_of(one.lists, [&](const oci::Digest& list) {
        return list != image && !going.contains(list);
      });
    });
  } while (all.size() < before);
}

}  // namespace

std::optional<oci::Digest> NamedAfter(std::string_view tag) {
  std::string text(tag.substr(0, tag.find('.')));
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return std::nullopt;
  text[dash] = ':';
  auto digest = oci::Digest::Parse(text);
  return digest.ok() ? std::optional(*std::move(digest)) : std::nullopt;
}

std::set<oci::Digest> NamedAfter(const std::vector<std::string>& tags) {
  std::set<oci::Digest> images;
  for (const std::string& tag : tags) {
    if (auto image = NamedAfter(tag)) images.insert(*std::move(image));
  }
  return images;
}

Result<std::set<oci::Digest>> OwnersOf(db::Transaction& tx, const ManifestKey& manifest) {
  const std::string& digest = manifest.digest.text();
  BW_TRY(const auto tags, TagsOf(tx, manifest.repository, manifest.digest));
  std::set<oci::Digest> owners = NamedAfter(tags);
  BW_TRY_STATUS(
      tx.Query("SELECT subject FROM manifest WHERE repository = $1 AND digest = $2 AND subject IS "
               "NOT NULL",
               {manifest.repository, digest}, [&](const db::Row& row) -> Status {
                 BW_TRY(oci::Digest subject, oci::Digest::Parse(row.Text(0)));
                 owners.insert(std::move(subject));
                 return Ok();
               }));
  BW_TRY(auto lists, ListsOf(tx, manifest));
  lists.push_back(manifest.digest);
  for (const oci::Digest& list : lists) {
    BW_TRY_STATUS(AddAttested(tx, {manifest.repository, list}, manifest.digest, owners));
  }
  return owners;
}

Result<std::vector<Attachment>> AttachmentsOf(db::Transaction& tx, const ManifestKey& manifest,
                                              OwnTag own_tag) {
  std::vector<Found> all;
  std::set<oci::Digest> seen{manifest.digest};
  std::deque<oci::Digest> to_look_at{manifest.digest};
  while (!to_look_at.empty() && all.size() < kMaxAttachments) {
    const ManifestKey owner{manifest.repository, to_look_at.front()};
    to_look_at.pop_front();
    BW_TRY(const auto candidates, CandidatesFor(tx, owner));
    for (const Candidate& candidate : candidates) {
      if (all.size() == kMaxAttachments || seen.contains(candidate.digest)) continue;
      const ManifestKey key{manifest.repository, candidate.digest};
      BW_TRY(auto tags, TagsOf(tx, key.repository, key.digest));
      const bool others = std::ranges::any_of(
          tags, [&](const std::string& tag) { return NamedAfter(tag) != owner.digest; });
      if (others && (own_tag == OwnTag::kStays || !candidate.by_subject)) continue;
      BW_TRY(auto lists, ListsOf(tx, key));
      seen.insert(candidate.digest);
      to_look_at.push_back(candidate.digest);
      Attachment attachment{candidate.digest, candidate.media_type, std::move(tags)};
      if (candidate.is_signature) attachment.signature_of = owner.digest;
      all.push_back({std::move(attachment), owner.digest, std::move(lists)});
    }
  }
  DropWhatIsNeeded(manifest.digest, all);
  std::vector<Attachment> attachments;
  for (Found& one : all) attachments.push_back(std::move(one.attachment));
  return attachments;
}

}  // namespace breakwater::registry
