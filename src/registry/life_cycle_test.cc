// Whatever is done to images: retention deletes what its rules say and nothing else, nothing that
// is kept is lost, quotas keep what they say, and the books balance. On SQLite and a directory, and
// where the environment names a PostgreSQL server and an object store, on those.
#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "blob/s3/s3_testing.h"
#include "registry/accounting.h"
#include "registry/retention.h"
#include "registry/stored_bytes.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ImageManifest;
using testing::World;

std::string TextOf(const std::string& content) {
  return oci::Digest::Of(AsBytes(content)).text();
}

std::string Descriptor(const std::string& content) {
  return R"({"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":")" +
         TextOf(content) + R"(","size":)" + std::to_string(content.size()) + "}";
}

// A manifest as its row has it.
struct Manifest {
  std::string repository;  // id
  std::string digest;
  std::string config;
  std::string subject;
  bool is_index = false;
  Timestamp pushed;
  std::optional<Timestamp> pulled;
  std::set<std::string> tags;

  std::string key() const { return repository + "@" + digest; }
};

class Story {
 public:
  explicit Story(bool object_store) {
    world_.accept_absent_layers = true;
    world_.Restart();
    if (!object_store) return;
    auto opened = blob::OpenS3BlobStore(blob::testing::S3TestOptions(), world_.owner->database(),
                                        system_clock_, blob::S3Waiting::Real());
    BW_CHECK(opened.ok());
    world_.disk = *std::move(opened);
    has_objects_ = true;
  }
  // The service of a test has little room.
  ~Story() {
    if (!has_objects_) return;
    std::vector<oci::Digest> all;
    BW_CHECK(world_.disk
                 ->List([&](const oci::Digest& digest, std::uint64_t) -> Status {
                   all.push_back(digest);
                   return Ok();
                 })
                 .ok());
    for (const oci::Digest& digest : all) BW_CHECK(world_.disk->Remove(digest).ok());
  }
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;

  void Happen(std::uint32_t choice) {
    const auto pick = [&choice](std::uint32_t count) {
      const std::uint32_t picked = choice % count;
      choice /= count;
      return picked;
    };
    const std::uint32_t what = pick(20);
    const RepositoryPath& path = paths_.at(pick(3));
    const auto before = Live();
    const auto used = HardUse();
    std::set<std::string> may_go;
    switch (what) {
      case 0:
      case 1:
      case 2: Push(path, static_cast<int>(pick(6)), pick(4), pick(5)); break;
      case 3: PushIndex(path, pick(8), pick(8), pick(5)); break;
      case 4: PushSignature(path, pick(8), pick(5)); break;
      case 5:
        static_cast<void>(Services().manifests.Tag(world_.Caller(), paths_.at(pick(3)),
                                                   Tag(pick(4)), path, Tag(pick(4))));
        break;
      case 6:
        static_cast<void>(Services().manifests.DeleteTag(world_.Caller(), path, Tag(pick(4))));
        break;
      case 7: may_go = Delete(path, pick(8)); break;
      case 8:
        static_cast<void>(
            Services().trash.RestoreTags(world_.Caller(), path, *oci::Digest::Parse(Any(pick(8)))));
        break;
      case 9:
        static_cast<void>(
            Services().trash.RestoreTag(world_.Caller(), path, "tag" + std::to_string(pick(4))));
        break;
      case 10:
        SetPolicy(path.name_space,
                  {.images_per_repo = static_cast<std::int64_t>(pick(3)) + 1,
                   .retain_untagged = pick(2) == 0,
                   .deletion_threshold_days =
                       pick(3) == 0 ? std::optional<std::int64_t>(pick(3)) : std::nullopt,
                   .order = static_cast<RetentionOrder>(pick(3))});
        [[fallthrough]];
      case 11: return ApplyRetention();
      case 12: world_.clock.Advance(std::chrono::hours{pick(60)}); break;
      case 13:
        if (pick(4) == 0) world_.clock.Advance(std::chrono::days{30});
        RC_ASSERT(Services().trash.Expire().ok());
        break;
      case 14: Pull(path, pick(8)); break;
      case 15: PushSparse(path, pick(4), pick(4), pick(5)); break;
      case 16: static_cast<void>(Send(path, Layer(pick(4)))); break;
      case 17: SetQuota(path, pick(4), pick(2) == 0, pick(2) == 0); break;
      case 18: PushNamed(path, pick(8), static_cast<int>(pick(3))); break;
      default: world_.Collect();
    }
    ExpectRestored(before, what == 8 || what == 9);
    NoteTagged(before, what == 5, what == 8 || what == 9);
    ExpectNoneLost(before, may_go);
    if (what != 17) ExpectWithinQuota(used);
  }

  // Everything that is there can be pulled whole, but layers that are noted as absent, which are;
  // every byte is explained; the sums are right.
  void ExpectWhole() {
    ExpectAllNoted();
    for (const auto& [key, manifest] : Live()) {
      for (const auto& row :
           Rows("SELECT target FROM manifest_reference WHERE kind <> 2 AND "
                "repository = '" +
                    manifest.repository + "' AND manifest = '" + manifest.digest + "'",
                1)) {
        RC_ASSERT(world_.ReadBlob(PathOf(manifest.repository), *oci::Digest::Parse(row[0]))
                      .substr(0, 1) != "(");
      }
    }
    for (const auto& row :
         Rows("SELECT t.repository, t.name FROM tag t WHERE NOT EXISTS (SELECT 1 FROM manifest m "
              "WHERE m.repository = t.repository AND m.digest = t.digest)",
              2)) {
      RC_FAIL("the tag " + row[1] + " leads nowhere");
    }
    const Accounting accounting(world_.database, world_.store, world_.clock);
    const auto all = accounting.OfInstallation();
    RC_ASSERT(all.ok());
    RC_ASSERT(TotalBytes(*all) == Stored());
    RC_ASSERT(all->at(static_cast<std::size_t>(StorageState::kOrphaned)) == StorageAmount{});
    const auto wrong = world_.owner->database().ReadValue([&](db::Transaction& tx) {
      return CheckStoredBooks(
          tx, {.account = AccountId("acc"), .registry = world_.registry().name, .name_space = {}});
    });
    RC_ASSERT(wrong.ok());
    RC_ASSERT(*wrong == "");
  }

 private:
  using Manifests = std::map<std::string, Manifest>;

  testing::Services& Services() { return *world_.services; }
  static oci::Reference Tag(std::uint32_t i) {
    return *oci::Reference::Parse("tag" + std::to_string(i));
  }
  // One of the digests there ever were.
  std::string Any(std::uint32_t i) const {
    return contents_.empty() ? TextOf("") : TextOf(contents_[i % contents_.size()]);
  }
  std::string AnyContent(std::uint32_t i) const {
    return contents_.empty() ? "{}" : contents_[i % contents_.size()];
  }
  const RepositoryPath& PathOf(const std::string& repository) {
    const auto names = Rows("SELECT name FROM repository WHERE id = '" + repository + "'", 1);
    return *std::ranges::find(paths_, names.at(0)[0], &RepositoryPath::name);
  }
  std::vector<std::vector<std::string>> Rows(const std::string& sql, int columns) {
    return *world_.owner->database().ReadValue([&](db::Transaction& tx) {
      return tx.QueryAll(sql, {}, [&](const db::Row& row) {
        std::vector<std::string> texts;
        for (int i = 0; i < columns; ++i) texts.push_back(row.IsNull(i) ? "" : row.String(i));
        return texts;
      });
    });
  }

  Manifests Live() {
    Manifests all;
    for (const auto& row : Rows("SELECT repository, digest, config_digest, subject, media_type, "
                                "CAST(pushed AS TEXT) FROM manifest",
                                6)) {
      Manifest one{
          row[0], row[1], row[2], row[3], row[4] == oci::kOciIndex, FromMicros(std::stoll(row[5])),
          {},     {}};
      all[one.key()] = one;
    }
    for (const auto& row : Rows("SELECT repository, digest, name FROM tag", 3)) {
      all[row[0] + "@" + row[1]].tags.insert(row[2]);
    }
    for (const auto& row :
         Rows("SELECT repository, digest, CAST(pulled AS TEXT) FROM manifest_pull", 3)) {
      all.at(row[0] + "@" + row[1]).pulled = FromMicros(std::stoll(row[2]));
    }
    return all;
  }
  std::set<std::string> Trashed() {
    std::set<std::string> all;
    for (const auto& row : Rows("SELECT repository, digest FROM trash_image", 2)) {
      all.insert(row[0] + "@" + row[1]);
    }
    return all;
  }

  void Put(const RepositoryPath& path, const std::string& content, std::uint32_t tag) {
    Put(path, content, tag == 4 ? TextOf(content) : "tag" + std::to_string(tag));
  }
  void Put(const RepositoryPath& path, const std::string& content, const std::string& reference) {
    const auto put = Services().manifests.Put(world_.Caller(), path,
                                              {.content = content,
                                               .content_type = "",
                                               .reference = *oci::Reference::Parse(reference),
                                               .tags = {}});
    if (put.ok()) contents_.push_back(content);
  }
  // Each blob of a manifest is noted, as a reference or as absent, and no blob as absent that is
  // there.
  void ExpectAllNoted() {
    RC_ASSERT(Rows("SELECT a.digest FROM absent_layer a JOIN repository_blob l ON l.repository = "
                   "a.repository AND l.digest = a.digest",
                   1)
                  .empty());
    for (const auto& [key, manifest] : Live()) {
      const auto content = std::ranges::find(contents_, manifest.digest, TextOf);
      RC_ASSERT(content != contents_.end());
      const auto parsed = oci::ParseManifest(*content, "");
      RC_ASSERT(parsed.ok());
      std::multiset<std::string> wanted;
      for (const oci::Descriptor& blob : parsed->RequiredBlobs()) wanted.insert(blob.digest.text());
      const std::string where =
          "repository = '" + manifest.repository + "' AND manifest = '" + manifest.digest + "'";
      std::multiset<std::string> noted;
      for (const auto& row :
           Rows("SELECT target FROM manifest_reference WHERE kind <> 2 AND " + where +
                    " UNION ALL SELECT digest FROM absent_layer WHERE " + where,
                1)) {
        noted.insert(row[0]);
      }
      RC_ASSERT(noted == wanted);
    }
  }

  static std::string Layer(std::uint32_t i) {
    return testing::Bytes(70'000, static_cast<char>('a' + i));
  }
  // Without its layers, unless they are there.
  void PushSparse(const RepositoryPath& path, std::uint32_t a, std::uint32_t b, std::uint32_t tag) {
    RC_ASSERT(world_.PushBlob(path, "{}").ok());
    configs_[TextOf("{}")] = "{}";
    Put(path, ImageManifest("{}", {Layer(a), Layer(b)}), tag);
  }
  // The first has no date, the second one that counts for none.
  std::string ConfigOf(int day) const {
    return day == 0 ? "{}"
           : day == 1
               ? R"({"created":"1980-01-01T00:00:00Z"})"
               : R"({"created":")" +
                     FormatRfc3339(world_.clock.Now() - std::chrono::days{10 - day}) + R"("})";
  }
  void Push(const RepositoryPath& path, int day, std::uint32_t layer, std::uint32_t tag) {
    const std::string config = ConfigOf(day);
    const std::string bytes = Layer(layer);
    configs_[TextOf(config)] = config;
    for (const std::string& blob : {config, bytes}) {
      if (!Services().admission.BeginPush(path, blob.size()).ok() || !Send(path, blob)) return;
    }
    Put(path, ImageManifest(config, {bytes}), tag);
  }
  // Layers that images wait for add to what is stored when they come: quotas may refuse them.
  bool Send(const RepositoryPath& path, const std::string& blob) {
    const Status sent = world_.PushBlob(path, blob);
    // RC_ASSERT looks at both sides of an "or".
    const bool refused = !sent.ok() && sent.error().code() == ErrorCode::kQuota;
    RC_ASSERT(sent.ok() || refused);
    return sent.ok();
  }
  void PushIndex(const RepositoryPath& path, std::uint32_t a, std::uint32_t b, std::uint32_t tag) {
    Put(path,
        R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)" +
            Descriptor(AnyContent(a)) + "," + Descriptor(AnyContent(b)) + "]}",
        tag);
  }
  void PushSignature(const RepositoryPath& path, std::uint32_t subject, std::uint32_t tag) {
    RC_ASSERT(world_.PushBlob(path, "{}").ok());
    configs_[TextOf("{}")] = "{}";
    Put(path, ImageManifest("{}", {}, R"(,"subject":)" + Descriptor(AnyContent(subject))), tag);
  }
  // Under the tag that cosign would use, whether or not the image is in this repository.
  void PushNamed(const RepositoryPath& path, std::uint32_t image, int day) {
    const std::string config = ConfigOf(day);
    RC_ASSERT(world_.PushBlob(path, config).ok());
    configs_[TextOf(config)] = config;
    const std::string digest = Any(image);
    Put(path, ImageManifest(config, {}, R"(,"annotations":{"of":")" + digest + "\"}"),
        "sha256-" + digest.substr(digest.find(':') + 1) + (image % 2 == 0 ? ".sig" : ""));
  }
  void Pull(const RepositoryPath& path, std::uint32_t which) {
    const auto digest = *oci::Digest::Parse(Any(which));
    // Only what is there is pulled.
    if (!Services().manifests.Head(path, oci::Reference(digest)).ok()) return;
    Services().last_pulls.Note(path, digest);
    RC_ASSERT(Services().last_pulls.Flush().ok());
  }
  std::set<std::string> Delete(const RepositoryPath& path, std::uint32_t which) {
    const auto deleted =
        Services().manifests.DeleteImage(world_.Caller(), path, *oci::Reference::Parse(Any(which)));
    std::set<std::string> gone;
    if (!deleted.ok()) return gone;
    const std::string repository =
        Rows("SELECT id FROM repository WHERE name = '" + path.name + "'", 1).at(0)[0];
    gone.insert(repository + "@" + deleted->digest.text());
    for (const Attachment& one : deleted->attachments) {
      gone.insert(repository + "@" + one.digest.text());
    }
    return gone;
  }
  void SetPolicy(const std::string& name_space, const RetentionPolicy& policy) {
    policies_[name_space] = policy;
    RC_ASSERT(world_.retention
                  .Set(world_.Caller(), AccountId("acc"), world_.registry(), name_space, policy)
                  .ok());
  }
  // Of the account, or of the path's namespace.
  void SetQuota(const RepositoryPath& path, std::uint32_t layers, bool hard, bool whole) {
    const QuotaPatch patch{.storage = layers == 3 ? kUnlimited : 75'000 * std::int64_t{layers + 1},
                           .traffic = std::nullopt,
                           .hard = hard};
    const Status set =
        whole ? Services().quotas.PatchQuota(
                    world_.Caller(),
                    control::ServiceResource(AccountId("acc"), RegistryName(testing::kRegistry),
                                             "us-south"),
                    patch)
              : Services().quotas.PatchNamespace(world_.Caller(), AccountId("acc"),
                                                 world_.registry(), path.name_space, patch);
    RC_ASSERT(set.ok());
    quotas_[whole ? "" : path.name_space] = patch;
    world_.clock.Advance(std::chrono::seconds{2});  // until then the old limits may be kept to
  }
  // What the books with a hard limit hold.
  std::map<std::string, std::int64_t> HardUse() {
    std::map<std::string, std::int64_t> use;
    for (const auto& [name_space, quota] : quotas_) {
      if (!*quota.hard || *quota.storage == kUnlimited) continue;
      const auto used = world_.owner->database().ReadValue([&](db::Transaction& tx) {
        return StoredBytes(tx, {.account = AccountId("acc"),
                                .registry = world_.registry().name,
                                .name_space = name_space});
      });
      RC_ASSERT(used.ok());
      use[name_space] = *used;
    }
    return use;
  }
  // Nothing grows beyond a hard limit, whatever was there when it was set.
  void ExpectWithinQuota(const std::map<std::string, std::int64_t>& before) {
    for (const auto& [name_space, used] : HardUse()) {
      RC_ASSERT(used <= *quotas_[name_space].storage || used <= before.at(name_space));
    }
  }
  // What comes back from the trash is as it was, for who goes by the last pull.
  void ExpectRestored(const Manifests& before, bool restored) {
    const Manifests now = Live();
    for (const auto& [key, manifest] : before) {
      if (!now.contains(key)) trashed_[key] = {manifest.pulled, tagged_.contains(key)};
    }
    if (!restored) return;
    for (const auto& [key, manifest] : now) {
      if (!before.contains(key)) RC_ASSERT(manifest.pulled == trashed_.at(key).pulled);
    }
  }

  // Whatever was there still is, unless it was to go; and what went lies in the trash.
  void ExpectNoneLost(const Manifests& before, const std::set<std::string>& may_go) {
    const auto after = Live();
    const auto trashed = Trashed();
    for (const auto& [key, manifest] : before) {
      if (after.contains(key)) continue;
      RC_ASSERT(may_go.contains(key));
      RC_ASSERT(trashed.contains(key));
    }
    for (const std::string& key : may_go) RC_ASSERT(!after.contains(key));
  }

  std::optional<Timestamp> BuiltAt(const Manifest& manifest) {
    const std::string& config = configs_[manifest.config];
    const auto at = config.find("created\":\"");
    if (at == std::string::npos) return std::nullopt;
    return *ParseRfc3339(config.substr(at + 10, config.find('"', at + 10) - at - 10));
  }
  // Which manifests a tag has led to since they came. What was copied came with all that belongs to
  // it: it waits for nothing. What was restored is what it was.
  void NoteTagged(const Manifests& before, bool copied, bool restored) {
    const Manifests now = Live();
    std::erase_if(tagged_, [&](const std::string& key) { return !now.contains(key); });
    for (const auto& [key, manifest] : now) {
      const bool is_new = !before.contains(key);
      if (!manifest.tags.empty() || (is_new && copied) ||
          (is_new && restored && trashed_.at(key).tagged)) {
        tagged_.insert(key);
      }
    }
  }
  // Keys of what a manifest's tags are named after; none if one of them is named otherwise.
  static std::set<std::string> NamedImages(const Manifest& manifest) {
    std::set<std::string> keys;
    for (const std::string& tag : manifest.tags) {
      if (!tag.starts_with("sha256-")) return {};
      keys.insert(manifest.repository + "@sha256:" + tag.substr(7, tag.find('.') - 7));
    }
    return keys;
  }
  // The rules once more, told by the specification: what they drop.
  std::set<std::string> Dropped(const Manifests& live, const std::string& name_space,
                                const RetentionPolicy& policy) {
    std::set<std::string> dropped;
    if (policy.keeps_all()) return dropped;
    std::set<std::string> needed;
    for (const auto& row :
         Rows("SELECT repository, target FROM manifest_reference WHERE kind = 2", 2)) {
      needed.insert(row[0] + "@" + row[1]);
    }
    const Timestamp first = FromMicros(kFirstRealBuild * 1'000'000);
    std::map<std::string,
             std::vector<std::pair<std::tuple<Timestamp, Timestamp, std::string>, std::string>>>
        by_repository;
    for (const auto& [key, manifest] : live) {
      if (PathOf(manifest.repository).name_space != name_space) continue;
      if (manifest.is_index || !manifest.subject.empty() || needed.contains(key)) continue;
      if (policy.retain_untagged && manifest.tags.empty()) continue;
      const auto named = NamedImages(manifest);
      const auto is_there = [&](const std::string& image) { return live.contains(image); };
      if (std::ranges::any_of(named, is_there)) continue;
      const auto is_signature = [](const std::string& tag) { return tag.ends_with(".sig"); };
      if (!named.empty() && std::ranges::any_of(manifest.tags, is_signature)) continue;
      const bool waits = !tagged_.contains(key) || !named.empty();
      if (waits && manifest.pushed > world_.clock.Now() - kArrival) continue;
      Timestamp date = manifest.pushed;
      if (policy.order == RetentionOrder::kPulled && manifest.pulled > date) {
        date = *manifest.pulled;
      }
      if (policy.order == RetentionOrder::kCreated) {
        const auto built = BuiltAt(manifest);
        if (!built || *built < first) continue;
        date = *built;
      }
      by_repository[manifest.repository].push_back(
          {std::tuple(date, manifest.pushed, manifest.digest), key});
    }
    for (auto& [repository, images] : by_repository) {
      std::sort(images.rbegin(), images.rend());
      for (std::size_t i = 0; i < images.size(); ++i) {
        if (static_cast<std::int64_t>(i) < policy.images_per_repo) continue;
        const auto days = policy.deletion_threshold_days;
        const Timestamp date = std::get<0>(images[i].first);
        if (days && date > world_.clock.Now() - std::chrono::days{*days}) continue;
        dropped.insert(images[i].second);
      }
    }
    return dropped;
  }
  std::set<std::string> Analysed() {
    std::set<std::string> all;
    for (const auto& [name_space, policy] : policies_) Analyse(name_space, policy, all);
    return all;
  }
  void Analyse(const std::string& name_space, const RetentionPolicy& policy,
               std::set<std::string>& all) {
    for (const auto& [repository, digest] : world_.GoingBy(name_space, policy)) {
      all.insert(repository + "@" + digest);
    }
  }
  void ApplyRetention() {
    const auto before = Live();
    const std::set<std::string> analysed = Analysed();
    std::set<std::string> dropped;
    for (const auto& [name_space, policy] : policies_) {
      dropped.merge(Dropped(before, name_space, policy));
    }
    RC_ASSERT(analysed == dropped);
    RC_ASSERT(world_.retention.ApplyAll().ok());
    const auto after = Live();
    std::set<std::string> gone;
    for (const auto& [key, manifest] : before) {
      if (!after.contains(key)) gone.insert(key);
    }
    for (const std::string& key : dropped) RC_ASSERT(gone.contains(key));
    const auto trashed = Trashed();
    for (const std::string& key : gone) {
      RC_ASSERT(trashed.contains(key));
      if (dropped.contains(key)) continue;
      // What is attached to something that went.
      const Manifest& one = before.at(key);
      auto owners = NamedImages(one);
      owners.insert(one.repository + "@" + one.subject);
      RC_ASSERT(
          std::ranges::any_of(owners, [&](const auto& owner) { return gone.contains(owner); }));
    }
    RC_ASSERT(Analysed().empty());
    ExpectRestored(before, false);
    NoteTagged(before, false, false);
  }

  std::uint64_t Stored() {
    std::uint64_t bytes = 0;
    BW_CHECK(world_.disk
                 ->List([&](const oci::Digest&, std::uint64_t size) -> Status {
                   bytes += size;
                   return Ok();
                 })
                 .ok());
    for (const char* table : {"blob_content", "manifest", "trash_image"}) {
      bytes += std::stoull(
          Rows("SELECT CAST(COALESCE(SUM(length(content)), 0) AS TEXT) FROM " + std::string(table),
               1)
              .at(0)[0]);
    }
    return bytes;
  }

  struct AsDeleted {
    std::optional<Timestamp> pulled;
    bool tagged = false;
  };

  World world_;
  SystemClock system_clock_;
  bool has_objects_ = false;
  std::vector<RepositoryPath> paths_ = {world_.Repository("team-a/one"),
                                        world_.Repository("team-a/two"),
                                        world_.Repository("team-b/one")};
  std::vector<std::string> contents_;
  std::map<std::string, std::string> configs_;
  std::map<std::string, RetentionPolicy> policies_;  // by namespace
  std::map<std::string, QuotaPatch> quotas_;         // by namespace; "" is the account's
  std::set<std::string> tagged_;
  std::map<std::string, AsDeleted> trashed_;  // as it was when it was deleted last
};

// A story takes seconds where each statement goes to a server: every fourth is told there.
void Check(bool object_store) {
  const bool slow = object_store ||
                    db::testing::OpenTestDatabase()->database().dialect() == db::Dialect::kPostgres;
  int told = 0;
  EXPECT_TRUE(rc::check([&](const std::vector<std::uint32_t>& choices) {
    if (slow && told++ % 4 != 0) return;
    Story story(object_store);
    for (const std::uint32_t choice : choices) story.Happen(choice);
    story.ExpectWhole();
  }));
}

TEST(LifeCycle, LosesNothingThatIsKeptAndKeepsNothingThatIsDropped) {
  Check(false);
}

TEST(LifeCycle, IsTheSameOverAnObjectStore) {
  if (!blob::testing::HasS3()) GTEST_SKIP() << blob::testing::kNoS3;
  Check(true);
}

}  // namespace
}  // namespace breakwater::registry
