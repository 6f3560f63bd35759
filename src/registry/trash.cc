#include "registry/trash.h"

#include <algorithm>
#include <set>

#include "registry/absent_layers.h"
#include "registry/admission.h"
#include "registry/content.h"
#include "registry/governed_content.h"
#include "registry/image_tags.h"
#include "registry/manifest_changes.h"
#include "registry/of_each_repository.h"
#include "registry/trash_rows.h"

namespace breakwater::registry {
namespace {

// Images that one transaction removes.
constexpr std::int64_t kExpiredAtOnce = 100;

Error NotInTrash() {
  return NotFound("there is no such image in the trash").Reason("not_in_trash");
}

struct Trashed {
  ManifestKey key;
  std::string media_type;
};

Result<Trashed> FindTrashed(db::Transaction& tx, const std::string& repository,
                            const oci::Digest& digest, Timestamp now) {
  BW_TRY(auto found, tx.QueryOne("SELECT media_type FROM trash_image WHERE repository = $1 AND "
                                 "digest = $2 AND expires > $3",
                                 {repository, digest.text(), now},
                                 [](const db::Row& row) { return row.String(0); }));
  if (!found) return NotInTrash();
  return Trashed{{repository, digest}, *std::move(found)};
}

Result<std::string> RepositoryOf(db::Transaction& tx, const RepositoryPath& path) {
  BW_TRY(auto repository, FindRepository(tx, path.registry, path.name));
  if (!repository) return NotInTrash();
  return *std::move(repository);
}

Result<std::vector<Trashed>> Rows(db::Transaction& tx, std::string_view sql,
                                  const ManifestKey& manifest) {
  return tx.QueryAll(sql, {manifest.repository, manifest.digest.text()},
                     [&](const db::Row& row) -> Result<Trashed> {
                       BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                       return Trashed{{manifest.repository, std::move(digest)}, row.String(1)};
                     });
}

// What went with an image, without the image.
Result<std::vector<Trashed>> AttachedTo(db::Transaction& tx, const ManifestKey& image) {
  return Rows(tx,
              "SELECT digest, media_type FROM trash_image WHERE repository = $1 AND root = $2 AND "
              "digest <> root ORDER BY digest",
              image);
}

// Children of an index that lie in the trash and nowhere else in the repository.
Result<std::vector<Trashed>> LostChildren(db::Transaction& tx, const ManifestKey& index) {
  return Rows(tx,
              "SELECT c.digest, c.media_type FROM trash_reference e JOIN trash_image c ON "
              "c.repository = e.repository AND c.digest = e.target WHERE e.repository = $1 AND "
              "e.manifest = $2 AND e.kind = 2 AND NOT EXISTS (SELECT 1 FROM manifest m WHERE "
              "m.repository = c.repository AND m.digest = c.digest) ORDER BY c.digest",
              index);
}

// Points tags at the manifest, but those that point elsewhere.
Result<RestoredTags> SetFreeTags(db::Transaction& tx, const ManifestKey& manifest,
                                 const std::vector<std::string>& tags, Timestamp now) {
  RestoredTags restored;
  for (const std::string& tag : tags) {
    BW_TRY(const auto reference, oci::Reference::Parse(tag));
    BW_TRY(const auto live, DigestAt(tx, manifest.repository, reference));
    if (live && *live != manifest.digest) {
      restored.unsuccessful.push_back(tag);
      continue;
    }
    restored.successful.push_back(tag);
    if (live) continue;
    // What conflicts all the same was pushed at once, which PostgreSQL cures by running this again.
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO tag (repository, name, digest, updated) VALUES ($1, $2, $3, $4) "
                   "ON CONFLICT (repository, name) DO NOTHING",
                   {manifest.repository, tag, manifest.digest.text(), now}));
    BW_TRY_STATUS(
        tx.Execute("UPDATE manifest SET tagged = 1 WHERE repository = $1 AND digest = $2 AND "
                   "tagged = 0",
                   {manifest.repository, manifest.digest.text()}));
  }
  return restored;
}

// Images that come back at once.
constexpr std::size_t kMostReturned = 10'000;

// Brings back what belongs to an image, and the image without its tags; what is new there as
// pushes.
class Return {
 public:
  Return(db::Transaction& tx, const RepositoryPath& path, Timestamp now)
      : tx_(tx), path_(path), now_(now) {}

  // With what hangs below it, however deep.
  Status Image(const Trashed& image) {
    std::vector<Trashed> open{image};
    for (std::size_t at = 0; at < open.size(); ++at) {
      const Trashed next = open[at];
      BW_TRY_STATUS(One(next, {}));
      BW_TRY(const auto attached, AttachedTo(tx_, next.key));
      for (const Trashed& one : attached) {
        BW_TRY(const auto tags, TrashedTags(tx_, one.key));
        BW_TRY_STATUS(One(one, tags));
      }
      BW_TRY(const auto children, LostChildren(tx_, next.key));
      if (open.size() + children.size() > kMostReturned) {
        return TooLarge("too many images hang below this one; restore them one by one")
            .Reason("too_many_images");
      }
      open.insert(open.end(), children.begin(), children.end());
    }
    BW_TRY(auto completions, Completions(tx_, path_, image.key.repository, completed_));
    std::ranges::move(completions, std::back_inserter(events_));
    return Ok();
  }
  std::vector<jobs::Event> events() && { return std::move(events_); }
  const std::set<oci::Digest>& brought() const { return brought_; }

 private:
  Status One(const Trashed& manifest, const std::vector<std::string>& tags) {
    BW_TRY(const bool copied, CopyFromTrash(tx_, manifest.key, now_, completed_));
    BW_TRY(const RestoredTags set, SetFreeTags(tx_, manifest.key, tags, now_));
    if (copied) {
      brought_.insert(manifest.key.digest);
      events_.push_back(ContentEvent(event::kImagePushed, path_, manifest.key.digest,
                                     set.successful, manifest.media_type));
    }
    return Ok();
  }

  db::Transaction& tx_;
  const RepositoryPath& path_;
  const Timestamp now_;
  std::vector<jobs::Event> events_;
  std::set<oci::Digest> brought_;
  std::vector<oci::Digest> completed_;
};

// An image and what is attached to it.
Result<std::vector<PurgedImage>> AllOf(db::Transaction& tx, const Trashed& image) {
  BW_TRY(auto rows, AttachedTo(tx, image.key));
  rows.insert(rows.begin(), image);
  std::vector<PurgedImage> all;
  for (Trashed& one : rows) {
    BW_TRY(auto tags, TrashedTags(tx, one.key));
    all.push_back({std::move(one.key.digest), std::move(tags)});
  }
  return all;
}

json::Object AttachedTags(const std::vector<PurgedImage>& all) {
  json::Object attached;
  for (std::size_t i = 1; i < all.size(); ++i) {
    attached[all[i].digest.text()] = TagsTo(all[i].digest, all[i].tags);
  }
  return attached;
}

Status RemoveWithAttached(db::Transaction& tx, const ManifestKey& image) {
  BW_TRY(const auto attached, AttachedTo(tx, image));
  for (const Trashed& one : attached) BW_TRY_STATUS(RemoveFromTrash(tx, one.key));
  return RemoveFromTrash(tx, image);
}

// The image that had a tag when it was deleted, the last of them.
Result<Trashed> FindTagged(db::Transaction& tx, const std::string& repository,
                           const std::string& tag, Timestamp now) {
  BW_TRY(auto found,
         tx.QueryOne("SELECT i.digest, i.media_type FROM trash_tag t JOIN trash_image "
                     "i ON i.repository = t.repository AND i.digest = t.digest WHERE "
                     "t.repository = $1 AND t.name = $2 AND i.expires > $3 ORDER BY "
                     "i.deleted DESC, i.digest LIMIT 1",
                     {repository, tag, now}, [&](const db::Row& row) -> Result<Trashed> {
                       BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(0)));
                       return Trashed{{repository, std::move(digest)}, row.String(1)};
                     }));
  if (!found) return NotInTrash();
  return *std::move(found);
}

Status TakeTagOut(db::Transaction& tx, const ManifestKey& image, const std::string& tag) {
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM trash_tag WHERE repository = $1 AND digest = $2 AND name = $3",
                 {image.repository, image.digest.text(), tag}));
  BW_TRY(const auto left, TrashedTags(tx, image));
  return left.empty() ? RemoveWithAttached(tx, image) : Ok();
}

struct FoundTrash {
  std::string repository_id;
  TrashedImage image;
};

Result<FoundTrash> FromRow(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(2)));
  return FoundTrash{.repository_id = row.String(0),
                    .image = {.repository = row.String(1),
                              .digest = std::move(digest),
                              .deleted = row.Time(3),
                              .expires = row.Time(4),
                              .tags = {}}};
}

// Of what expires after $2 in the repositories of the registry $1, the first $5 of each: see
// OfEachRepository.
std::string SelectFirst(db::Dialect dialect, const std::string& condition) {
  return "SELECT r.id, r.name, i.digest, i.deleted, i.expires FROM " +
         OfEachRepository(dialect, "trash_image", "i",
                          "i.root = i.digest AND i.expires > $2 " + condition, "$5") +
         "WHERE r.registry = $1 ";
}

// Rows after `after` in one part, at most `limit`.
Result<std::vector<FoundTrash>> RowsIn(db::Transaction& tx, db::Dialect dialect,
                                       const RegistryName& registry, const NameRange& range,
                                       const ImagePosition& after, Timestamp now,
                                       std::size_t limit) {
  std::vector<FoundTrash> all;
  const bool inside = after.repository >= range.from;
  if (inside) {
    BW_TRY(all, tx.QueryAll(SelectFirst(dialect, "AND i.digest > $4") +
                                "AND r.name = $3 ORDER BY i.digest LIMIT $5",
                            {registry, now, after.repository, after.digest, limit}, FromRow));
  }
  if (all.size() == limit) return all;
  BW_TRY(auto rest,
         tx.QueryAll(
             SelectFirst(dialect, "") + (inside ? "AND r.name > $3" : "AND r.name >= $3") +
                 " AND r.name < $4 ORDER BY r.name, i.digest LIMIT $5",
             {registry, now, inside ? after.repository : range.from, range.to, limit - all.size()},
             FromRow));
  std::move(rest.begin(), rest.end(), std::back_inserter(all));
  return all;
}

constexpr std::string_view kTagsOfImages =
    "SELECT t.digest, t.name FROM trash_tag t JOIN trash_image i ON i.repository = t.repository "
    "AND "
    "i.digest = t.digest WHERE t.repository = $1 AND t.digest >= $2 AND t.digest <= $3 AND "
    "i.root = i.digest ORDER BY t.digest, t.name";

control::Weighed Restoring(const ContentRules* rules, const RepositoryPath& path,
                           GovernedContent& content) {
  return control::Weigh(
      [rules, &path, &content](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(content, GovernedContent::In(tx, rules, path));
        return content.Now(tx, {});
      });
}

}  // namespace

Result<TrashPage> Trash::List(const RegistryName& registry,
                              const std::vector<std::string>& namespaces,
                              const ImagePosition& after, std::size_t limit) const {
  limit = std::clamp<std::size_t>(limit, 1, kImagesPerPage);
  const auto ranges = RangesOf(namespaces, {});
  return database_.ReadValue([&](db::Transaction& tx) -> Result<TrashPage> {
    std::vector<FoundTrash> found;
    for (const NameRange& range : ranges) {
      if (range.to <= after.repository) continue;
      BW_TRY(auto some, RowsIn(tx, database_.dialect(), registry, range, after, clock_.Now(),
                               limit - found.size()));
      std::move(some.begin(), some.end(), std::back_inserter(found));
      if (found.size() == limit) break;
    }
    TrashPage page;
    page.more = found.size() == limit;
    BW_TRY_STATUS(AddTags(tx, kTagsOfImages, found));
    for (FoundTrash& one : found) page.images.push_back(std::move(one.image));
    return page;
  });
}

Result<RestoredTags> Trash::RestoreTags(const control::Caller& caller, const RepositoryPath& path,
                                        const oci::Digest& digest) {
  RestoredTags restored;
  control::Change change = ImageChange(action::kTrashRestore, path, digest.text());
  Admission::Terms terms;
  if (admission_ != nullptr) {
    BW_TRY(terms, admission_->TermsOf(path));
  }
  GovernedContent content;
  change.weighed = Restoring(rules_, path, content);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = clock_.Now();
    BW_TRY(const std::string repository, RepositoryOf(tx, path));
    BW_TRY(const Trashed image, FindTrashed(tx, repository, digest, now));
    BW_TRY(const auto tags, TrashedTags(tx, image.key));
    BW_TRY(const LimitedUse use, ReadUse(tx, terms));
    Return back(tx, path, now);
    BW_TRY_STATUS(back.Image(image));
    BW_TRY_STATUS(CheckSoftLimits(tx, terms, use));
    BW_TRY_STATUS(CheckHardLimits(tx, terms, use));
    BW_TRY(restored, SetFreeTags(tx, image.key, tags, now));
    BW_TRY(auto governed, content.Now(tx, back.brought()));
    control::Effect effect{.before = nullptr,
                           .after = TagsNow(digest, image.media_type, restored.successful),
                           .governed = std::move(governed),
                           .events = std::move(back).events(),
                           .target_digest = digest.text()};
    effect.events.push_back(
        ContentEvent(event::kImagePushed, path, digest, restored.successful, image.media_type));
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return restored;
}

Status Trash::RestoreTag(const control::Caller& caller, const RepositoryPath& path,
                         const std::string& tag) {
  control::Change change = ImageChange(action::kTrashRestore, path, tag);
  Admission::Terms terms;
  if (admission_ != nullptr) {
    BW_TRY(terms, admission_->TermsOf(path));
  }
  GovernedContent content;
  change.weighed = Restoring(rules_, path, content);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const Timestamp now = clock_.Now();
    BW_TRY(const std::string repository, RepositoryOf(tx, path));
    BW_TRY(const Trashed image, FindTagged(tx, repository, tag, now));
    BW_TRY(const auto reference, oci::Reference::Parse(tag));
    BW_TRY(const auto live, DigestAt(tx, repository, reference));
    if (live) {
      return Conflict("the tag " + tag +
                      " is live: untag that image first, or restore this one by its digest, " +
                      image.key.digest.text())
          .Reason("tag_live");
    }
    BW_TRY(const LimitedUse use, ReadUse(tx, terms));
    Return back(tx, path, now);
    BW_TRY_STATUS(back.Image(image));
    BW_TRY_STATUS(CheckSoftLimits(tx, terms, use));
    BW_TRY_STATUS(CheckHardLimits(tx, terms, use));
    BW_TRY_STATUS(SetFreeTags(tx, image.key, {tag}, now));
    BW_TRY_STATUS(TakeTagOut(tx, image.key, tag));
    BW_TRY(auto governed, content.Now(tx, back.brought()));
    control::Effect effect{.before = nullptr,
                           .after = TagsNow(image.key.digest, image.media_type, {tag}),
                           .governed = std::move(governed),
                           .events = std::move(back).events(),
                           .target_digest = image.key.digest.text()};
    effect.events.push_back(
        ContentEvent(event::kImagePushed, path, image.key.digest, {tag}, image.media_type));
    return effect;
  };
  return changes_.Submit(caller, change);
}

Result<std::vector<PurgedImage>> Trash::Purge(const control::Caller& caller,
                                              const RepositoryPath& path,
                                              const oci::Digest& digest) {
  std::vector<PurgedImage> purged;
  control::Change change = ImageChange(action::kTrashPurge, path, digest.text());
  change.severity = audit::Severity::kCritical;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const std::string repository, RepositoryOf(tx, path));
    BW_TRY(const Trashed image, FindTrashed(tx, repository, digest, clock_.Now()));
    BW_TRY(purged, AllOf(tx, image));
    BW_TRY_STATUS(RemoveWithAttached(tx, image.key));
    control::Effect effect{.before = TagsNow(digest, image.media_type, purged.front().tags),
                           .after = nullptr,
                           .governed = {},
                           .events = {},
                           .target_digest = digest.text()};
    if (purged.size() > 1) effect.before.as_object()["attachments"] = AttachedTags(purged);
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return purged;
}

Result<std::vector<PurgedImage>> Trash::PurgeWouldRemove(const RepositoryPath& path,
                                                         const oci::Digest& digest) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<PurgedImage>> {
    BW_TRY(const std::string repository, RepositoryOf(tx, path));
    BW_TRY(const Trashed image, FindTrashed(tx, repository, digest, clock_.Now()));
    return AllOf(tx, image);
  });
}

// Of one registry and account: each record is somebody's.
Result<std::int64_t> Trash::ExpireSome(const Expired& of) {
  std::int64_t removed = 0;
  control::Change change;
  change.action = std::string(action::kTrashPurge);
  // Of one that was configured once, and is not now, nobody knows the region.
  const control::RegistryInfo* info = registries_.Find(of.registry);
  change.resource =
      control::ServiceResource(of.account, of.registry, info == nullptr ? "" : info->region);
  change.severity = audit::Severity::kNormal;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    json::Array images;
    BW_TRY(const auto expired,
           tx.QueryAll("SELECT i.repository, i.digest, r.name FROM trash_image i "
                       "JOIN repository r ON r.id = i.repository "
                       "JOIN namespace n ON n.registry = r.registry AND n.name = r.name_space "
                       "WHERE i.expires <= $1 AND n.registry = $2 AND n.account = $3 "
                       "ORDER BY i.expires LIMIT $4",
                       {clock_.Now(), of.registry, of.account, kExpiredAtOnce},
                       [&](const db::Row& row) -> Result<ManifestKey> {
                         images.push_back(json::Text(row.String(2) + "@" + row.String(1)));
                         BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(1)));
                         return ManifestKey{row.String(0), std::move(digest)};
                       }));
    for (const ManifestKey& one : expired) BW_TRY_STATUS(RemoveFromTrash(tx, one));
    removed = std::ssize(expired);
    return control::Effect{.before = json::Object{{"expired", std::move(images)}},
                           .after = nullptr,
                           .governed = {},
                           .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(control::SystemCaller(of.account, "trash expiry"), change));
  return removed;
}

Result<std::int64_t> Trash::Expire() {
  BW_TRY(const auto due, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT DISTINCT n.account, n.registry FROM trash_image i "
        "JOIN repository r ON r.id = i.repository "
        "JOIN namespace n ON n.registry = r.registry AND n.name = r.name_space "
        "WHERE i.expires <= $1",
        {clock_.Now()}, [](const db::Row& row) {
          return Expired{AccountId(row.String(0)), RegistryName(row.String(1))};
        });
  }));
  std::int64_t all = 0;
  for (const Expired& of : due) {
    std::int64_t some = kExpiredAtOnce;
    while (some == kExpiredAtOnce) {
      BW_TRY(some, ExpireSome(of));
      all += some;
    }
  }
  return all;
}

}  // namespace breakwater::registry
