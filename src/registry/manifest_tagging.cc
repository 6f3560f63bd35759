#include <algorithm>
#include <iterator>
#include <set>

#include "registry/absent_layers.h"
#include "registry/admission.h"
#include "registry/attachments.h"
#include "registry/content.h"
#include "registry/governed_content.h"
#include "registry/manifest_changes.h"
#include "registry/manifests.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {
namespace {

// Manifests that one tagging copies: an index with all under it, and attachments.
constexpr std::size_t kMaxCopied = 10'000;

Status CheckType(const std::string& media_type) {
  if (oci::IsSchema1(media_type)) {
    return Invalid("manifests of schema 1 cannot be tagged").Reason("schema_unsupported");
  }
  if (oci::KindOf(media_type) == oci::ManifestKind::kOther) {
    return Invalid("a manifest of type " + media_type + " cannot be tagged")
        .Reason("manifest_type_unsupported");
  }
  return Ok();
}

struct Child {
  oci::Digest digest;
  std::optional<std::string> media_type;  // absent: it is not there
};

Result<std::vector<Child>> ChildrenOf(db::Transaction& tx, const std::string& repository,
                                      const oci::Digest& index) {
  return tx.QueryAll(
      "SELECT e.target, m.media_type FROM manifest_reference e LEFT JOIN manifest m ON "
      "m.repository = e.repository AND m.digest = e.target WHERE e.repository = $1 AND "
      "e.manifest = $2 AND e.kind = 2 ORDER BY e.target",
      {repository, index.text()}, [](const db::Row& row) -> Result<Child> {
        BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
        return Child{std::move(digest),
                     row.IsNull(1) ? std::nullopt : std::optional(row.String(1))};
      });
}

// The manifest and all under it, children after what lists them.
Result<std::vector<FoundManifest>> TreeOf(db::Transaction& tx, const FoundManifest& root) {
  std::vector<FoundManifest> tree{root};
  std::set<oci::Digest> seen{root.digest};
  for (std::size_t i = 0; i < tree.size(); ++i) {
    BW_TRY(const auto children, ChildrenOf(tx, root.repository, tree[i].digest));
    for (const Child& child : children) {
      if (!child.media_type) {
        return Conflict("the list refers to " + child.digest.text() +
                        ", which the source repository does not have")
            .Reason("manifest_child_unknown")
            .Detail("digest", child.digest.text());
      }
      if (!seen.insert(child.digest).second) continue;
      tree.push_back({root.repository, child.digest, *child.media_type});
    }
    if (tree.size() > kMaxCopied) {
      return TooLarge("the list has more than 10000 manifests under it").Reason("manifest_invalid");
    }
  }
  return tree;
}

// One manifest with its references and links to its blobs; whether it was not there before. Notes
// which sparse images of the target have all their layers by it.
Result<bool> Copy(db::Transaction& tx, const FoundManifest& manifest, const std::string& target,
                  Timestamp now, std::vector<oci::Digest>& completed) {
  const std::string& digest = manifest.digest.text();
  BW_TRY(const auto copied,
         tx.Execute("INSERT INTO manifest (repository, digest, media_type, artifact_type, "
                    "config_digest, content_size, subject, referrer, created, pushed, content) "
                    "SELECT CAST($3 AS TEXT), digest, media_type, artifact_type, config_digest, "
                    "content_size, subject, referrer, CAST($4 AS BIGINT), CAST($4 AS BIGINT), "
                    "content FROM manifest WHERE repository = $1 AND digest = $2 "
                    "ON CONFLICT (repository, digest) DO NOTHING",
                    {manifest.repository, digest, target, now}));
  if (copied == 0) return false;
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO repository_blob (repository, digest, linked, leased_until) SELECT "
                 "DISTINCT CAST($3 AS TEXT), l.digest, CAST($4 AS BIGINT), CAST($4 AS BIGINT) FROM "
                 "manifest_reference e JOIN repository_blob l ON l.repository = e.repository AND "
                 "l.digest = e.target WHERE e.repository = $1 AND e.manifest = $2 AND e.kind <> 2 "
                 "ON CONFLICT (repository, digest) DO NOTHING",
                 {manifest.repository, digest, target, now}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO manifest_reference (repository, manifest, kind, target, size) "
                 "SELECT CAST($3 AS TEXT), manifest, kind, target, size FROM manifest_reference "
                 "WHERE repository = $1 AND manifest = $2 "
                 "ON CONFLICT (repository, manifest, kind, target) DO NOTHING",
                 {manifest.repository, digest, target}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO absent_layer (repository, manifest, digest, size) "
                 "SELECT CAST($3 AS TEXT), manifest, digest, size FROM absent_layer "
                 "WHERE repository = $1 AND manifest = $2 "
                 "ON CONFLICT (repository, manifest, digest) DO NOTHING",
                 {manifest.repository, digest, target}));
  BW_TRY_STATUS(AddStoredBlobs(tx, target, digest));
  BW_TRY(const auto settled, SettleAbsentLayers(tx, target, manifest.digest));
  BW_TRY_STATUS(CheckWaiting(tx, target, manifest.digest));
  // Of itself its push tells.
  std::ranges::copy_if(settled, std::back_inserter(completed),
                       [&](const oci::Digest& one) { return one != manifest.digest; });
  return true;
}

// Tags of an attachment, but those that the target has already.
Status CopyTags(db::Transaction& tx, const Attachment& attachment, const std::string& target,
                Timestamp now) {
  for (const std::string& tag : attachment.tags) {
    if (!NamedAfter(tag)) continue;  // a name that somebody gave it where it was
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO tag (repository, name, digest, updated) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (repository, name) DO NOTHING",
                   {target, tag, attachment.digest.text(), now}));
  }
  return Ok();
}

struct CopiedAll {
  std::vector<jobs::Event> events;  // what came, as pushes
  std::set<oci::Digest> brought;    // all that came: parts and attachments, too
};

Result<CopiedAll> CopyAll(db::Transaction& tx, const std::vector<FoundManifest>& tree,
                          const RepositoryPath& path, const std::string& target, Timestamp now) {
  CopiedAll all;
  std::vector<oci::Digest> completed;
  const auto copy = [&](const FoundManifest& one) -> Status {
    BW_TRY(const bool copied, Copy(tx, one, target, now, completed));
    if (copied) {
      all.brought.insert(one.digest);
      all.events.push_back(ContentEvent(event::kImagePushed, path, one.digest, {}, one.media_type));
    }
    return Ok();
  };
  for (const FoundManifest& one : tree) {
    BW_TRY_STATUS(copy(one));
    BW_TRY(const auto attachments,
           AttachmentsOf(tx, {one.repository, one.digest}, OwnTag::kComesAlong));
    for (const Attachment& attachment : attachments) {
      BW_TRY_STATUS(copy({one.repository, attachment.digest, attachment.media_type}));
      BW_TRY_STATUS(CopyTags(tx, attachment, target, now));
    }
  }
  BW_TRY(auto completions, Completions(tx, path, target, completed));
  std::ranges::move(completions, std::back_inserter(all.events));
  return all;
}

}  // namespace

Result<oci::Digest> Manifests::Tag(const control::Caller& caller, const RepositoryPath& source,
                                   const oci::Reference& reference, const RepositoryPath& target,
                                   const oci::Reference& tag) {
  if (tag.is_digest()) return Invalid("the target must be named by a tag").Reason("tag_required");
  Admission::Terms terms;
  if (options_.admission != nullptr) {
    BW_TRY(terms, options_.admission->TermsOf(target));
  }
  std::optional<oci::Digest> tagged;
  const std::vector<std::string> tags{tag.tag()};
  std::set<oci::Digest> touched;
  GovernedContent content;
  control::Change change = ImageChange(action::kImageTag, target, tag.text());
  change.severity = audit::Severity::kNormal;
  change.weighed =
      control::Weigh([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, options_.rules, target));
        BW_TRY(const FoundManifest found, FindManifest(tx, source, reference));
        BW_TRY(touched, OwnersOfMoved(tx, target, tags, found.digest));
        return content.Now(tx, touched);
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = clock_.Now();
    BW_TRY(const FoundManifest found, FindManifest(tx, source, reference));
    BW_TRY_STATUS(CheckType(found.media_type));
    BW_TRY(const auto tree, TreeOf(tx, found));
    BW_TRY(const std::string repository, EnsureRepository(tx, target, now));
    control::Effect effect;
    touched.insert(found.digest);
    if (repository != found.repository) {
      BW_TRY(const LimitedUse use, ReadUse(tx, terms));
      BW_TRY(auto copied, CopyAll(tx, tree, target, repository, now));
      effect.events = std::move(copied.events);
      touched.merge(copied.brought);
      for (const FoundManifest& one : tree) touched.insert(one.digest);
      BW_TRY_STATUS(CheckHardLimits(tx, terms, use));
      BW_TRY_STATUS(CheckSoftLimits(tx, terms, use));
    }
    BW_TRY(json::Object before, MoveTags(tx, target, {repository, found.digest}, tags, now));
    BW_TRY_STATUS(
        tx.Execute("UPDATE manifest SET tagged = 1 WHERE repository = $1 AND digest = $2 "
                   "AND tagged = 0",
                   {repository, found.digest.text()}));
    BW_TRY(effect.governed, content.Now(tx, touched));
    effect.before = {{"tags", std::move(before)}};
    effect.after = TagsNow(found.digest, found.media_type, tags);
    effect.events.push_back(
        ContentEvent(event::kImagePushed, target, found.digest, tags, found.media_type));
    effect.target_digest = found.digest.text();
    tagged = found.digest;
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return *std::move(tagged);
}

}  // namespace breakwater::registry
