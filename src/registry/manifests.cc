#include "registry/manifests.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "registry/absent_layers.h"
#include "registry/admission.h"
#include "registry/content.h"
#include "registry/governed_content.h"
#include "registry/image_config.h"
#include "registry/manifest_changes.h"
#include "registry/manifest_rows.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

// Missing blobs that one answer names.
constexpr std::size_t kMaxMissingNamed = 100;
constexpr std::size_t kSmallManifest = 256U << 10;
// Bytes of one page of referrers: what fits a manifest.
constexpr std::size_t kMaxReferrersBytes = oci::kMaxManifestBytes - 1024;

// A manifest on its way in.
struct Incoming {
  const ManifestPush& push;
  const oci::Manifest& manifest;
  const oci::Digest& digest;
  const std::vector<std::string>& tags;
  std::set<oci::Digest> absent = {};  // layers
  std::set<oci::Digest> owners = {};  // images whose attachments it alters, for rules about them
};

// The layers that are absent, if the manifest may be put without them. One that the repository had
// until lately may not be: whoever pushes it was told that it is there.
Result<std::set<oci::Digest>> AdmitAbsent(db::Transaction& tx, const std::string& repository,
                                          const oci::Manifest& manifest, bool accept,
                                          Timestamp now) {
  BW_TRY(const auto absent, AbsentBlobs(tx, repository, manifest));
  std::set<oci::Digest> admitted;
  std::vector<std::string> missing;
  for (const oci::Digest& digest : absent) {
    const bool is_config = manifest.config && manifest.config->digest == digest;
    bool refused = !accept || is_config;
    if (!refused) {
      BW_TRY(refused, WasThere(tx, repository, digest, now));
    }
    if (!refused) admitted.insert(digest);
    if (refused && missing.size() < kMaxMissingNamed) missing.push_back(digest.text());
  }
  if (missing.empty()) return admitted;
  Error error = Invalid("the manifest refers to blobs that this repository does not have")
                    .Reason("manifest_blob_unknown");
  for (std::string& digest : missing) {
    Error longer = std::move(error).Detail("digest", std::move(digest));
    error = std::move(longer);  // Detail returns its own object: never assign it to itself
  }
  return error;
}

// Bytes of one digest are one content, but their media type may be told in two ways: the last push
// decides, as it does for tags. The content is written again too: it may have been damaged.
Status InsertManifest(db::Transaction& tx, const std::string& repository, const Incoming& incoming,
                      Timestamp now) {
  const ManifestRows rows =
      RowsOf(incoming.manifest, incoming.digest, incoming.push.content.size());
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO manifest (repository, digest, media_type, artifact_type, config_digest, "
      "content_size, subject, referrer, created, pushed, tagged, content) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11) "
      "ON CONFLICT (repository, digest) DO UPDATE SET media_type = excluded.media_type, "
      "artifact_type = excluded.artifact_type, config_digest = excluded.config_digest, "
      "content_size = excluded.content_size, subject = excluded.subject, "
      "referrer = excluded.referrer, pushed = excluded.pushed, content = excluded.content, "
      "tagged = CASE WHEN excluded.tagged = 1 THEN 1 ELSE manifest.tagged END",
      {repository, incoming.digest.text(), rows.media_type, rows.artifact_type, rows.config_digest,
       rows.content_size, rows.subject, rows.referrer, now, !incoming.tags.empty(),
       AsBytes(incoming.push.content)}));
  if (incoming.manifest.config) {
    BW_TRY_STATUS(NoteImageConfig(tx, incoming.manifest.config->digest));
  }
  return InsertReferences(tx, repository, incoming.digest.text(), rows.references, incoming.absent);
}

// Bytes that are there already may be told to be of another type; not where a tag that must stay as
// it is names them. What they are attached to may lose something by it.
Status AdmitMediaType(db::Transaction& tx, const RepositoryPath& path,
                      const std::string& repository, Incoming& incoming) {
  BW_TRY(const auto known,
         tx.QueryOne("SELECT media_type FROM manifest WHERE repository = $1 AND digest = $2",
                     {repository, incoming.digest.text()},
                     [](const db::Row& row) { return row.String(0); }));
  if (!known || *known == incoming.manifest.media_type) return Ok();
  BW_TRY_STATUS(CheckManifestMayChange(tx, path, {repository, incoming.digest}));
  BW_TRY(auto owners, OwnersOf(tx, {repository, incoming.digest}));
  incoming.owners.merge(owners);
  // Read as another type it may refer to other things.
  return DeleteReferences(tx, repository, incoming.digest.text());
}

Status CheckCondition(db::Transaction& tx, const std::string& repository,
                      const ManifestPush& push) {
  if (!push.condition) return Ok();
  BW_TRY(const auto now, DigestAt(tx, repository, push.reference));
  if (push.condition(now)) return Ok();
  return Error(ErrorCode::kPrecondition,
               now ? "the reference names another manifest than the request expects: " + now->text()
                   : std::string("the reference names nothing, and the request expects a manifest"))
      .Reason("precondition_failed");
}

Result<std::set<oci::Digest>> MissingChildrenOf(db::Transaction& tx, const std::string& repository,
                                                const oci::Digest& index) {
  BW_TRY(auto missing,
         tx.QueryAll("SELECT c.target FROM manifest_reference c WHERE c.repository = $1 AND "
                     "c.manifest = $2 AND c.kind = 2 AND NOT EXISTS (SELECT 1 FROM manifest m "
                     "WHERE m.repository = c.repository AND m.digest = c.target)",
                     {repository, index.text()},
                     [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); }));
  return std::set<oci::Digest>(std::make_move_iterator(missing.begin()),
                               std::make_move_iterator(missing.end()));
}

Result<std::vector<std::string>> WantedTags(const ManifestPush& push) {
  std::vector<std::string> tags;
  if (!push.reference.is_digest()) tags.push_back(push.reference.tag());
  for (const std::string& tag : push.tags) {
    BW_TRY_STATUS(oci::ValidateTag(tag));
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  if (tags.size() > kMaxTagsPerPush) {
    return Invalid("a manifest may be pushed with at most 64 tags at once").Reason("too_many_tags");
  }
  return tags;
}

Result<oci::Digest> DigestOf(const ManifestPush& push) {
  if (!push.reference.is_digest()) return oci::Digest::Of(AsBytes(push.content));
  const oci::Digest& wanted = push.reference.digest();
  if (oci::Digest::Of(AsBytes(push.content), wanted.algorithm()) == wanted) return wanted;
  return Invalid("the manifest's bytes do not have the digest in the URL").Reason("digest_invalid");
}

// Manifests that are asked for again and again; those of unusual size are not worth the room.
constexpr db::EpochCacheLimits kKeptWhole{.max_bytes = 64U << 20, .max_entry_bytes = 1U << 20};
constexpr db::EpochCacheLimits kKeptHeads{.max_bytes = 4U << 20};

std::size_t BytesOf(const StoredManifest& manifest) {
  return manifest.content.size() + manifest.media_type.size() + manifest.digest.text().size();
}

}  // namespace

Manifests::Manifests(ManifestOptions options, db::Database& database, const Clock& clock,
                     control::ChangePath& changes)
    : options_(options),
      database_(database),
      clock_(clock),
      changes_(changes),
      log_(database, clock),
      whole_(database, kKeptWhole, BytesOf),
      heads_(database, kKeptHeads, BytesOf) {}

Result<StoredManifest> Manifests::Read(const RepositoryPath& path, const oci::Reference& reference,
                                       bool with_content) const {
  const std::string columns =
      std::string("SELECT m.digest, m.media_type, length(m.content), m.pushed") +
      (with_content ? ", m.content" : "") + " FROM repository r ";
  const std::string sql =
      columns +
      (reference.is_digest() ? "JOIN manifest m ON m.repository = r.id AND m.digest = $3 "
                             : "JOIN tag t ON t.repository = r.id AND t.name = $3 "
                               "JOIN manifest m ON m.repository = r.id AND m.digest = t.digest ") +
      "WHERE r.registry = $1 AND r.name = $2";
  BW_TRY(auto found, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(sql, {path.registry, path.name, reference.text()},
                       [&](const db::Row& row) -> Result<StoredManifest> {
                         BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                         return StoredManifest{.digest = std::move(digest),
                                               .media_type = row.String(1),
                                               .content = with_content
                                                              ? std::string(AsText(row.Blob(4)))
                                                              : std::string(),
                                               .size = static_cast<std::uint64_t>(row.Int(2)),
                                               .pushed = row.Time(3)};
                       });
  }));
  if (!found) return ManifestUnknown();
  return *std::move(found);
}

Result<Manifests::Stored> Manifests::Get(const RepositoryPath& path,
                                         const oci::Reference& reference) const {
  return whole_.Get({path.registry.value(), path.name, reference.text()},
                    [&] { return Read(path, reference, true); });
}

Result<Manifests::Stored> Manifests::Head(const RepositoryPath& path,
                                          const oci::Reference& reference) const {
  return heads_.Get({path.registry.value(), path.name, reference.text()},
                    [&] { return Read(path, reference, false); });
}

// A document of megabytes takes ten times as much while it is read: one at a time, however many
// come at once.
Result<oci::Manifest> Manifests::Parse(const ManifestPush& push) {
  if (push.content.size() <= kSmallManifest) {
    return oci::ParseManifest(push.content, push.content_type);
  }
  MutexLock lock(parsing_large_);
  return oci::ParseManifest(push.content, push.content_type);
}

// Only what the repository has: of what others have nobody shall learn, nor make us read it.
Status Manifests::ReadLargeConfig(const RepositoryPath& path, const oci::Digest& config) const {
  if (options_.content == nullptr) return Ok();
  BW_TRY(const auto blob, database_.ReadValue([&](db::Transaction& tx) {
    return FindBlob(tx, path.registry, path.name, config);
  }));
  return blob ? ReadImageConfigs(database_, *options_.content, {&config, 1}) : Ok();
}

Result<PushedManifest> Manifests::Put(const control::Caller& caller, const RepositoryPath& path,
                                      const ManifestPush& push) {
  BW_TRY(const auto tags, WantedTags(push));
  BW_TRY(const oci::Digest digest, DigestOf(push));
  BW_TRY(const oci::Manifest manifest, Parse(push));
  Incoming incoming{push, manifest, digest, tags};
  PushedManifest pushed{.digest = digest, .subject = std::nullopt, .tags = tags};
  if (manifest.subject) pushed.subject = manifest.subject->digest;

  if (manifest.config && manifest.config->size > kMaxInlineBlob) {
    BW_TRY_STATUS(ReadLargeConfig(path, manifest.config->digest));
  }
  Admission::Terms terms;
  if (options_.admission != nullptr) {
    BW_TRY(terms, options_.admission->TermsOf(path));
  }

  control::Change change =
      ImageChange(push.action, path, push.target.empty() ? push.reference.text() : push.target);
  change.severity = audit::Severity::kNormal;
  GovernedContent content;
  change.weighed =
      control::Weigh([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, options_.rules, path));
        BW_TRY(incoming.owners, OwnersOfMoved(tx, path, tags, digest));
        return content.Now(tx, incoming.owners);
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = clock_.Now();
    BW_TRY(const std::string repository, EnsureRepository(tx, path, now));
    BW_TRY_STATUS(AdmitManifest(tx, terms, {repository, manifest, digest, tags}));
    BW_TRY(incoming.absent,
           AdmitAbsent(tx, repository, manifest, options_.accept_absent_layers, now));
    pushed.absent_layers = incoming.absent.size();
    BW_TRY_STATUS(CheckCondition(tx, repository, push));
    if (push.check) BW_TRY_STATUS(push.check(tx, repository));
    BW_TRY_STATUS(AdmitMediaType(tx, path, repository, incoming));
    BW_TRY(const LimitedUse use, ReadUse(tx, terms));
    BW_TRY_STATUS(InsertManifest(tx, repository, incoming, now));
    if (!incoming.absent.empty()) BW_TRY_STATUS(CheckWaiting(tx, repository, digest));
    BW_TRY_STATUS(CheckHardLimits(tx, terms, use));
    if (!manifest.manifests.empty()) {
      BW_TRY(const auto missing, MissingChildrenOf(tx, repository, digest));
      pushed.missing_children = missing.size();
    }
    BW_TRY(json::Object before, MoveTags(tx, path, {repository, digest}, tags, now));
    incoming.owners.insert(digest);
    BW_TRY(auto governed, content.Now(tx, incoming.owners));
    return control::Effect{
        .before = {{"tags", std::move(before)}},
        .after = TagsNow(digest, manifest.media_type, tags),
        .governed = std::move(governed),
        .events = {ContentEvent(event::kImagePushed, path, digest, tags, manifest.media_type)},
        .target_digest = push.target.empty() ? digest.text() : push.target};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return pushed;
}

Result<ReferrersPage> Manifests::Referrers(const RepositoryPath& path, const oci::Digest& subject,
                                           std::string_view artifact_type,
                                           std::string_view after) const {
  ReferrersPage page;
  BW_TRY_STATUS(database_.Read([&](db::Transaction& tx) -> Status {
    page = {};
    std::size_t bytes = 0;
    return tx.Query(
        "SELECT m.referrer, m.digest FROM repository r JOIN manifest m ON m.repository = r.id "
        "AND m.subject = $3 AND m.digest > $4 WHERE r.registry = $1 AND r.name = $2 "
        "AND ($5 = '' OR m.artifact_type = $5) ORDER BY m.digest LIMIT $6",
        {path.registry, path.name, subject.text(), after, artifact_type, kMaxPage + 1},
        [&](const db::Row& row) -> Status {
          bytes += row.Text(0).size() + 1;
          const bool full = page.entries.size() == kMaxPage ||
                            (bytes > kMaxReferrersBytes && !page.entries.empty());
          page.more = page.more || full;
          if (page.more) return Ok();
          page.entries.push_back(row.String(0));
          page.last = row.String(1);
          return Ok();
        });
  }));
  return page;
}

Result<std::set<oci::Digest>> Manifests::MissingChildren(const RepositoryPath& path,
                                                         const oci::Digest& index) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::set<oci::Digest>> {
    BW_TRY(const auto repository, FindRepository(tx, path.registry, path.name));
    if (!repository) return std::set<oci::Digest>();
    return MissingChildrenOf(tx, *repository, index);
  });
}

}  // namespace breakwater::registry
