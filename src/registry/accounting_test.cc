#include "registry/accounting.h"

#include <map>
#include <set>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::World;

using State = StorageState;
using Key = std::pair<std::string, std::string>;  // repository id, digest

std::string TextOf(const oci::Digest& digest) {
  return digest.text();
}

std::string Descriptor(const std::string& content, std::string_view type) {
  return R"({"mediaType":")" + std::string(type) + R"(","digest":")" +
         TextOf(oci::Digest::Of(AsBytes(content))) + R"(","size":)" +
         std::to_string(content.size()) + "}";
}

std::string Index(const std::vector<std::string>& children) {
  std::string text =
      R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)";
  for (std::size_t i = 0; i < children.size(); ++i) {
    text += (i == 0 ? "" : ",") + Descriptor(children[i], oci::kOciManifest);
  }
  return text + "]}";
}

// The same account, made from the rows in another way: walks in memory.
class Model {
 public:
  Model(World& world, const std::string& account) : world_(world) {
    const auto repositories = Rows(
        "SELECT r.id, n.account FROM repository r JOIN namespace n ON n.registry = r.registry AND "
        "n.name = r.name_space");
    for (const auto& row : repositories) {
      if (account.empty() || row[1] == account) scope_.insert(row[0]);
    }
    Walk();
  }

  StorageAmounts Amounts() {
    StorageAmounts amounts{};
    for (const auto& row : Rows("SELECT repository, digest, CAST(length(content) AS TEXT) "
                                "FROM manifest")) {
      if (!scope_.contains(row[0])) continue;
      StorageAmount& amount =
          At(amounts, live_.contains({row[0], row[1]}) ? State::kLive : State::kUntagged);
      ++amount.manifests;
      amount.manifest_bytes += std::stoull(row[2]);
    }
    for (const auto& row : Rows("SELECT repository, CAST(length(content) AS TEXT) "
                                "FROM trash_image")) {
      if (!scope_.contains(row[0])) continue;
      ++At(amounts, State::kTrash).manifests;
      At(amounts, State::kTrash).manifest_bytes += std::stoull(row[1]);
    }
    AddBlobs(amounts);
    return amounts;
  }

 private:
  static StorageAmount& At(StorageAmounts& amounts, State state) {
    return amounts.at(static_cast<std::size_t>(state));
  }
  // Every column a text.
  std::vector<std::vector<std::string>> Rows(const std::string& sql) {
    return *world_.owner->database().ReadValue([&](db::Transaction& tx) {
      const auto columns = static_cast<int>(std::count(
          sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(sql.find(" FROM ")), ','));
      return tx.QueryAll(sql, {}, [&](const db::Row& row) {
        std::vector<std::string> texts;
        for (int i = 0; i <= columns; ++i) texts.push_back(row.String(i));
        return texts;
      });
    });
  }
  void Walk() {
    std::map<Key, std::set<std::string>> next;
    for (const auto& row :
         Rows("SELECT repository, manifest, target FROM manifest_reference WHERE kind = 2")) {
      next[{row[0], row[1]}].insert(row[2]);
    }
    for (const auto& row :
         Rows("SELECT repository, subject, digest FROM manifest WHERE subject IS NOT NULL")) {
      next[{row[0], row[1]}].insert(row[2]);
    }
    std::vector<Key> open;
    for (const auto& row : Rows("SELECT repository, digest FROM tag")) {
      open.emplace_back(row[0], row[1]);
    }
    while (!open.empty()) {
      const Key key = open.back();
      open.pop_back();
      if (!live_.insert(key).second) continue;
      for (const std::string& target : next[key]) open.emplace_back(key.first, target);
    }
  }
  void AddBlobs(StorageAmounts& amounts) {
    std::map<Key, State> used;
    for (const auto& row :
         Rows("SELECT repository, target, manifest FROM manifest_reference WHERE kind <> 2")) {
      const State state = live_.contains({row[0], row[2]}) ? State::kLive : State::kUntagged;
      const auto [known, is_new] = used.try_emplace({row[0], row[1]}, state);
      if (!is_new) known->second = std::min(known->second, state);
    }
    std::map<std::string, std::set<State>> states;
    std::map<std::string, int> live_in;  // repositories
    for (const auto& row : Rows("SELECT repository, digest, CAST(leased_until AS TEXT) "
                                "FROM repository_blob")) {
      if (!scope_.contains(row[0])) continue;
      const auto found = used.find({row[0], row[1]});
      const bool leased = FromMicros(std::stoll(row[2])) > world_.clock.Now();
      if (found != used.end() && found->second == State::kLive) ++live_in[row[1]];
      states[row[1]].insert(found != used.end() ? found->second
                            : leased            ? State::kLeased
                                                : State::kUnreferenced);
    }
    for (const auto& row : Rows("SELECT repository, target FROM trash_reference WHERE kind <> 2")) {
      if (scope_.contains(row[0])) states[row[1]].insert(State::kTrash);
    }
    for (const auto& row : Rows("SELECT digest, CAST(size AS TEXT) FROM blob")) {
      const auto found = states.find(row[0]);
      if (found == states.end()) continue;
      StorageAmount& amount =
          At(amounts, live_in[row[0]] > 1 ? State::kShared : *found->second.begin());
      ++amount.blobs;
      amount.blob_bytes += std::stoull(row[1]);
    }
  }

  World& world_;
  std::set<std::string> scope_;
  std::set<Key> live_;
};

// A registry that random things happen to.
class Story {
 public:
  explicit Story(bool shared) {
    world_.upload_options.shared = shared;
    world_.Restart();
  }

  void Happen(std::uint32_t choice) {
    const auto pick = [&choice](std::uint32_t count) {
      const std::uint32_t picked = choice % count;
      choice /= count;
      return picked;
    };
    const std::uint32_t what = pick(16);
    const RepositoryPath& path = paths_.at(pick(3));
    switch (what) {
      case 0:
      case 1: {
        const std::string config = "config " + std::to_string(pick(3));
        const std::string layer = Blob(pick(4));
        static_cast<void>(world_.PushBlob(path, config));
        static_cast<void>(world_.PushBlob(path, layer));
        return Put(path, ImageManifest(config, {layer}), pick(4));
      }
      case 2: return Put(path, Any(pick(16)), pick(4));
      case 3: return Delete(path, "tag" + std::to_string(pick(3)));
      case 4: return Delete(path, TextOf(oci::Digest::Of(AsBytes(Any(pick(16))))));
      case 5:
        static_cast<void>(world_.services->blobs.Mount(
            path, oci::Digest::Of(AsBytes(Blob(pick(4)))), paths_.at(pick(3)).name));
        return;
      case 6:
        static_cast<void>(
            world_.services->blobs.Delete(path, oci::Digest::Of(AsBytes(Blob(pick(4))))));
        return;
      case 7: return Put(path, Index({Any(pick(16)), Any(pick(16))}), pick(4));
      case 8: {
        const std::string config = "config 0";
        static_cast<void>(world_.PushBlob(path, config));
        return Put(path,
                   ImageManifest(config, {},
                                 R"(,"subject":)" + Descriptor(Any(pick(16)), oci::kOciManifest)),
                   pick(4));
      }
      case 9: return Upload(path, Blob(pick(4)));
      case 10: {
        if (uploads_.empty()) return;
        static_cast<void>(world_.services->uploads.Cancel(uploads_.back()));
        return uploads_.pop_back();
      }
      case 12:
        static_cast<void>(world_.services->trash.RestoreTags(
            world_.Caller(), path, oci::Digest::Of(AsBytes(Any(pick(16))))));
        return;
      case 13:
        static_cast<void>(world_.services->trash.RestoreTag(world_.Caller(), path,
                                                            "tag" + std::to_string(pick(3))));
        return;
      case 14:
        if (pick(3) == 0) world_.clock.Advance(std::chrono::days{30});
        BW_CHECK(world_.services->trash.Expire().ok());
        return;
      case 11: return world_.clock.Advance(std::chrono::hours{pick(20)});
      default:
        if (pick(2) == 0) {
          world_.Collect();
        } else {
          LeaveBytes(Bytes(70'000, static_cast<char>('A' + pick(3))));
        }
    }
  }

  void ExpectExplained() {
    const Accounting accounting(world_.database, world_.store, world_.clock);
    const auto all = accounting.OfInstallation();
    RC_ASSERT(all.ok());
    RC_ASSERT(TotalBytes(*all) == Stored());
    for (const std::string account : {"", "acc", "other"}) {
      const auto amounts =
          accounting.Of({.account = account, .registry = {}, .name_space = {}, .repository = {}});
      RC_ASSERT(amounts.ok());
      const StorageAmounts expected = Model(world_, account).Amounts();
      for (const State state : {State::kLive, State::kShared, State::kUntagged, State::kLeased,
                                State::kTrash, State::kUnreferenced}) {
        const auto i = static_cast<std::size_t>(state);
        RC_ASSERT(amounts->at(i) == expected.at(i));
      }
      RC_ASSERT(amounts->at(static_cast<std::size_t>(State::kOrphaned)) == StorageAmount{});
    }
  }

 private:
  static std::string Blob(std::uint32_t i) {
    return i < 2 ? "small " + std::to_string(i) : Bytes(70'000, static_cast<char>('a' + i));
  }
  // One of the manifests there ever were.
  std::string Any(std::uint32_t i) const {
    return manifests_.empty() ? "{}" : manifests_[i % manifests_.size()];
  }
  void Put(const RepositoryPath& path, const std::string& content, std::uint32_t tag) {
    const std::string reference =
        tag == 3 ? TextOf(oci::Digest::Of(AsBytes(content))) : "tag" + std::to_string(tag);
    const auto put = world_.services->manifests.Put(world_.Caller(), path,
                                                    {.content = content,
                                                     .content_type = "",
                                                     .reference = *oci::Reference::Parse(reference),
                                                     .tags = {}});
    if (put.ok()) manifests_.push_back(content);
  }
  void Delete(const RepositoryPath& path, const std::string& reference) {
    static_cast<void>(world_.services->manifests.Delete(world_.Caller(), path,
                                                        *oci::Reference::Parse(reference)));
  }
  void Upload(const RepositoryPath& path, const std::string& bytes) {
    const auto view = world_.services->uploads.Start(path, world_.Caller().actor, {});
    BW_CHECK(view.ok());
    io::StringSource source(bytes);
    BW_CHECK(
        world_.services->uploads.Append(view->id, {.source = &source, .length = {}, .range = {}})
            .ok());
    uploads_.push_back(view->id);
  }
  // As a crash between commit and row leaves them.
  void LeaveBytes(const std::string& bytes) {
    auto staged = world_.disk->Stage();
    BW_CHECK(staged.ok() && (*staged)->Append(AsBytes(bytes)).ok());
    const blob::CommitItem item{staged->get(), oci::Digest::Of(AsBytes(bytes))};
    BW_CHECK(world_.disk->Commit(std::span(&item, 1))[0].ok());
    auto forgotten = world_.disk->Stage();
    BW_CHECK(forgotten.ok() && (*forgotten)->Append(AsBytes("forgotten")).ok());
    BW_CHECK((*forgotten)->Flush().ok());
  }
  // What the stores hold, counted in their own terms.
  std::uint64_t Stored() {
    std::uint64_t bytes = 0;
    BW_CHECK(world_.disk
                 ->List([&](const oci::Digest&, std::uint64_t size) -> Status {
                   bytes += size;
                   return Ok();
                 })
                 .ok());
    BW_CHECK(world_.disk
                 ->ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
                   bytes += info.size;
                   return Ok();
                 })
                 .ok());
    for (const char* column : {"length(content)), 0) AS BIGINT) FROM blob_content",
                               "length(content)), 0) AS BIGINT) FROM manifest",
                               "length(content)), 0) AS BIGINT) FROM trash_image",
                               "length(buffered)), 0) AS BIGINT) FROM upload"}) {
      bytes +=
          static_cast<std::uint64_t>(**world_.owner->database().ReadValue([&](db::Transaction& tx) {
            return tx.QueryOne("SELECT CAST(COALESCE(SUM(" + std::string(column), {},
                               [](const db::Row& row) { return row.Int(0); });
          }));
    }
    return bytes;
  }

  World world_;
  std::vector<RepositoryPath> paths_ = {world_.Repository("team-a/one"),
                                        world_.Repository("team-b/two"),
                                        world_.Repository("team-x/three", "other")};
  std::vector<std::string> manifests_;
  std::vector<std::string> uploads_;
};

TEST(Accounting, ExplainsEveryByteOfWhateverHasHappened) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& choices, bool shared) {
    Story story(shared);
    for (const std::uint32_t choice : choices) story.Happen(choice);
    story.ExpectExplained();
  }));
}

class AccountingTest : public ::testing::Test {
 protected:
  void Put(const std::string& content, const std::string& reference) {
    ASSERT_TRUE(world_.PushManifest(path_, content, reference).ok());
  }
  StorageAmount Of(State state, const StorageScope& scope = {}) {
    auto amounts = accounting_.Of(scope);
    EXPECT_TRUE(amounts.ok());
    return amounts->at(static_cast<std::size_t>(state));
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  Accounting accounting_{world_.database, world_.store, world_.clock};
};

TEST_F(AccountingTest, ReachesChildrenOfNestedIndexesAndWhatRefersToThem) {
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(path_, "signature").ok());
  const std::string image = ImageManifest("config", {});
  const std::string inner = Index({image});
  const std::string outer = Index({inner, inner});
  const std::string signature =
      ImageManifest("signature", {}, R"(,"subject":)" + Descriptor(image, oci::kOciManifest));
  for (const std::string& content : {image, inner, outer, signature}) {
    Put(content, TextOf(oci::Digest::Of(AsBytes(content))));
  }
  EXPECT_EQ(Of(State::kUntagged).manifests, 4);
  EXPECT_EQ(Of(State::kUntagged).blobs, 2);
  Put(outer, "v1");
  EXPECT_EQ(Of(State::kLive).manifests, 4);
  EXPECT_EQ(Of(State::kLive).blobs, 2);
  EXPECT_EQ(Of(State::kUntagged).bytes(), 0U);
}

TEST_F(AccountingTest, WhatIsLiveInSeveralRepositoriesIsSharedAndCountsOnce) {
  const RepositoryPath other = world_.Repository("team-b/app");
  const auto push = [&](const RepositoryPath& path, const std::string& config) {
    ASSERT_TRUE(world_.PushBlob(path, config).ok());
    ASSERT_TRUE(world_.PushBlob(path, "layer").ok());
    ASSERT_TRUE(world_.PushManifest(path, ImageManifest(config, {"layer"}), "v1").ok());
  };
  push(path_, "one");
  EXPECT_EQ(Of(State::kShared), StorageAmount{});
  push(other, "second");
  EXPECT_EQ(Of(State::kLive).blob_bytes, 9U);
  EXPECT_EQ(Of(State::kShared).blob_bytes, 5U);
  EXPECT_EQ(Of(State::kShared).blobs, 1);
  // Of one repository alone it is live, and shared with what is outside.
  const StorageAmount part = Of(State::kLive, {.account = "acc",
                                               .registry = testing::kRegistry,
                                               .name_space = "team-a",
                                               .repository = "team-a/app"});
  EXPECT_EQ(part.blob_bytes, 8U);
  EXPECT_EQ(part.shared_bytes, 5U);
}

TEST_F(AccountingTest, TellsWhatAPartSharesWithTheRest) {
  const RepositoryPath other = world_.Repository("team-b/app");
  ASSERT_TRUE(world_.PushBlob(path_, "shared").ok());
  ASSERT_TRUE(world_.PushBlob(other, "shared").ok());
  ASSERT_TRUE(world_.PushBlob(path_, "own").ok());
  const StorageAmount part = Of(State::kLeased, {.account = "acc",
                                                 .registry = testing::kRegistry,
                                                 .name_space = "team-a",
                                                 .repository = "team-a/app"});
  EXPECT_EQ(part.blob_bytes, 9U);
  EXPECT_EQ(part.shared_bytes, 6U);
  const StorageAmount whole =
      Of(State::kLeased, {.account = "acc", .registry = {}, .name_space = {}, .repository = {}});
  EXPECT_EQ(whole.blob_bytes, 9U);
  EXPECT_EQ(whole.shared_bytes, 0U);
}

TEST_F(AccountingTest, DoesNotTellAnAccountWhatOthersHave) {
  const StorageScope mine{.account = "acc", .registry = {}, .name_space = {}, .repository = {}};
  ASSERT_TRUE(world_.PushBlob(path_, "known").ok());
  const StorageAmount before = Of(State::kLeased, mine);
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-x/app", "other"), "known").ok());
  EXPECT_EQ(Of(State::kLeased, mine), before);
}

TEST_F(AccountingTest, CountsAnUploadOnceThatOutgrewMemory) {
  for (const bool shared : {false, true}) {
    world_.upload_options.shared = shared;
    world_.Restart();
    Uploads& uploads = world_.services->uploads;
    const auto view = uploads.Start(path_, world_.Caller().actor, {});
    ASSERT_TRUE(view.ok());
    for (const std::size_t size : {60'000U, 10'000U}) {
      const std::string bytes = Bytes(size);
      io::StringSource source(bytes);
      ASSERT_TRUE(uploads.Append(view->id, {.source = &source, .length = {}, .range = {}}).ok());
    }
    EXPECT_EQ(Of(State::kUploading).blob_bytes, 70'000U) << shared;
    ASSERT_TRUE(uploads.Cancel(view->id).ok());
  }
}

TEST_F(AccountingTest, DividesAScopeIntoParts) {
  const RepositoryPath second = world_.Repository("team-a/second");
  const RepositoryPath third = world_.Repository("team-b/third");
  ASSERT_TRUE(world_.PushBlob(path_, "one").ok());
  ASSERT_TRUE(world_.PushBlob(second, "seconds").ok());
  ASSERT_TRUE(world_.PushBlob(third, "thirds").ok());
  ASSERT_TRUE(world_.PushBlob(world_.Repository("team-x/app", "other"), "theirs").ok());
  StorageScope scope;
  scope.account = "acc";
  const auto parts = [&](StoragePart part, const StoragePartAmounts& after = {}) {
    std::string text;
    const auto found = accounting_.PartsOf(scope, part, after);
    EXPECT_TRUE(found.ok());
    for (const auto& one : *found) {
      text += one.name + "=" + std::to_string(TotalBytes(one.amounts)) + " ";
    }
    return text;
  };
  EXPECT_EQ(parts(StoragePart::kRegistry), "=16 ");
  EXPECT_EQ(parts(StoragePart::kNamespace), "team-a=10 team-b=6 ");
  EXPECT_EQ(parts(StoragePart::kRepository), "team-a/app=3 team-a/second=7 team-b/third=6 ");
  EXPECT_EQ(
      parts(StoragePart::kRepository, {.registry = testing::kRegistry, .name = "team-a/second"}),
      "team-b/third=6 ");
  scope.name_space = "team-a";
  EXPECT_EQ(parts(StoragePart::kRepository), "team-a/app=3 team-a/second=7 ");
}

TEST_F(AccountingTest, KeepsWhatWasMeasuredForWhoeverAsks) {
  EXPECT_TRUE(accounting_.Latest()->empty());
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  ASSERT_TRUE(accounting_.Measure().ok());
  ASSERT_TRUE(accounting_.Measure().ok());
  const auto latest = accounting_.Latest();
  ASSERT_TRUE(latest.ok());
  ASSERT_EQ(latest->size(), kStorageStates.size());
  for (const Accounting::Measured& one : *latest) {
    EXPECT_EQ(one.bytes, one.state == State::kLeased ? 5U : 0U) << ToString(one.state);
  }
}

TEST_F(AccountingTest, WhatComesFirstShowsAtTheNextLook) {
  const auto leased = [&] {
    const auto latest = accounting_.Latest();
    for (const Accounting::Measured& one : *latest) {
      if (one.state == State::kLeased) return static_cast<std::int64_t>(one.bytes);
    }
    return std::int64_t{-1};
  };
  const auto look = [&] {
    world_.clock.Advance(std::chrono::minutes{1});
    ASSERT_TRUE(accounting_.MeasureIfOlder(std::chrono::minutes{10}).ok());
  };
  look();
  EXPECT_EQ(leased(), 0) << "an installation without content was measured";
  ASSERT_TRUE(world_.PushBlob(path_, "small").ok());
  look();
  EXPECT_EQ(leased(), 5);
  ASSERT_TRUE(world_.PushBlob(path_, "another").ok());
  for (int minute = 1; minute < 10; ++minute) {
    look();
    EXPECT_EQ(leased(), 5) << minute << " minutes after all of it was added up";
  }
  look();
  EXPECT_EQ(leased(), 12);
}

}  // namespace
}  // namespace breakwater::registry
