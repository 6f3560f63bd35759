#include "registry/stored_bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "oci/media_types.h"
#include "registry/quota_warnings.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::World;

std::string DigestText(const std::string& content) {
  return oci::Digest::Of(AsBytes(content)).text();
}

BookKey Book(const std::string& name_space = "", const char* account = "acc") {
  return {.account = AccountId(account),
          .registry = RegistryName(testing::kRegistry),
          .name_space = name_space};
}

std::int64_t Stored(World& world, const BookKey& key) {
  const auto bytes =
      world.database.ReadValue([&](db::Transaction& tx) { return StoredBytes(tx, key); });
  BW_CHECK(bytes.ok());
  return *bytes;
}

// Empty if the books are right.
std::string Checked(World& world, const char* account = "acc") {
  const auto wrong = world.database.ReadValue(
      [&](db::Transaction& tx) { return CheckStoredBooks(tx, Book("", account)); });
  return wrong.ok() ? *wrong : wrong.error().log();
}

bool Put(World& world, const RepositoryPath& path, const std::string& content,
         const std::string& reference) {
  return world.PushManifest(path, content, reference).ok();
}

class StoredBytesTest : public ::testing::Test {
 protected:
  // An image of a configuration and one layer.
  std::string Push(const RepositoryPath& path, const std::string& tag, const std::string& config,
                   const std::string& layer) {
    EXPECT_TRUE(world_.PushBlob(path, config).ok());
    EXPECT_TRUE(world_.PushBlob(path, layer).ok());
    std::string manifest = ImageManifest(config, {layer});
    EXPECT_TRUE(Put(world_, path, manifest, tag));
    return manifest;
  }
  void Delete(const RepositoryPath& path, const std::string& reference) {
    EXPECT_TRUE(
        world_.services->manifests.Delete(world_.Caller(), path, *oci::Reference::Parse(reference))
            .ok());
  }

  World world_;
  RepositoryPath a_ = world_.Repository("team-a/app");
  RepositoryPath b_ = world_.Repository("team-b/app");
};

TEST_F(StoredBytesTest, CountALayerOnceInANamespaceAndOnceInTheAccount) {
  Push(a_, "v1", "config-1", "layer");
  Push(a_, "v2", "config-2", "layer");
  EXPECT_EQ(Stored(world_, Book("team-a")), 8 + 8 + 5);
  Push(b_, "v1", "config-1", "layer");
  EXPECT_EQ(Stored(world_, Book("team-b")), 8 + 5);
  EXPECT_EQ(Stored(world_, Book()), 8 + 8 + 5);
  EXPECT_EQ(Checked(world_), "");
}

TEST_F(StoredBytesTest, CountWhatIsUntaggedAndNotWhatOnlyAnUploadHolds) {
  ASSERT_TRUE(world_.PushBlob(a_, "nobody's").ok());
  EXPECT_EQ(Stored(world_, Book()), 0);
  const std::string manifest = Push(a_, "v1", "config", "layer");
  Delete(a_, "v1");
  EXPECT_EQ(Stored(world_, Book()), 11);
  Delete(a_, DigestText(manifest));
  EXPECT_EQ(Stored(world_, Book()), 0);
  EXPECT_EQ(Stored(world_, Book("team-a")), 0);
  EXPECT_EQ(Checked(world_), "");
}

TEST_F(StoredBytesTest, KeepALayerUntilItsLastImageInTheAccountGoes) {
  const std::string one = Push(a_, "v1", "config", "layer");
  Push(b_, "v1", "config", "layer");
  Delete(a_, DigestText(one));
  EXPECT_EQ(Stored(world_, Book("team-a")), 0);
  EXPECT_EQ(Stored(world_, Book()), 11);
  Delete(b_, DigestText(one));
  EXPECT_EQ(Stored(world_, Book()), 0);
}

TEST_F(StoredBytesTest, CountWhatTaggingCopies) {
  Push(a_, "v1", "config", "layer");
  ASSERT_TRUE(
      world_.services->manifests
          .Tag(world_.Caller(), a_, *oci::Reference::Parse("v1"), b_, *oci::Reference::Parse("v2"))
          .ok());
  EXPECT_EQ(Stored(world_, Book("team-b")), 11);
  EXPECT_EQ(Stored(world_, Book()), 11);
  EXPECT_EQ(Checked(world_), "");
}

TEST_F(StoredBytesTest, LoseANamespaceWithWhatIsInNoOther) {
  Push(a_, "v1", "config-a", "layer");
  Push(b_, "v1", "config-b", "layer");
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  EXPECT_EQ(Stored(world_, Book("team-a")), 0);
  EXPECT_EQ(Stored(world_, Book()), 8 + 5);
  EXPECT_EQ(Checked(world_), "");
}

TEST_F(StoredBytesTest, AreTheSameAfterTheChangesWereFolded) {
  Push(a_, "v1", "config", "layer");
  EXPECT_GT(world_.Count("storage_change"), 0);
  ASSERT_TRUE(FoldAndWarn(world_.database, world_.services->quotas, *world_.jobs).ok());
  EXPECT_EQ(world_.Count("storage_change"), 0);
  EXPECT_EQ(Stored(world_, Book()), 11);
  EXPECT_EQ(Checked(world_), "");
}

TEST_F(StoredBytesTest, ThatAreWrongAreFoundAndWrittenAnew) {
  Push(a_, "v1", "config", "layer");
  for (const char* damage :
       {"DELETE FROM stored_blob WHERE name_space = ''",
        "INSERT INTO stored_blob VALUES ('acc', 'us.icr.example', 'sha256:none', '', 1)",
        "UPDATE stored_blob SET size = size + 1", "UPDATE storage_used SET bytes = bytes + 1",
        "INSERT INTO storage_change (account, registry, name_space, bytes) "
        "VALUES ('acc', 'us.icr.example', '', 1)"}) {
    ASSERT_TRUE(world_.database
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute(damage));
                      return Ok();
                    })
                    .ok());
    EXPECT_NE(Checked(world_), "") << damage;
    ASSERT_TRUE(
        world_.database.Write([&](db::Transaction& tx) { return RebuildStoredBooks(tx, Book()); })
            .ok());
    EXPECT_EQ(Checked(world_), "") << damage;
    EXPECT_EQ(Stored(world_, Book()), 11) << damage;
  }
}

TEST_F(StoredBytesTest, WarnOnceForEachThresholdOnTheWayUp) {
  std::vector<std::string> warnings;
  world_.jobs->Register("witness.quota", {}, [&](const jobs::Job& job) {
    warnings.push_back(std::string(json::FindText(job.payload, "namespace")) + " " +
                       json::Serialize(*json::Find(job.payload, "percent")));
    return Ok();
  });
  world_.jobs->Subscribe(std::string(event::kQuotaWarning), "witness.quota");
  auto& quotas = world_.services->quotas;
  ASSERT_TRUE(quotas
                  .PatchNamespace(world_.Caller(), AccountId("acc"), world_.registry(), "team-a",
                                  {.storage = 100})
                  .ok());
  const auto fold = [&] {
    ASSERT_TRUE(FoldAndWarn(world_.database, quotas, *world_.jobs).ok());
    ASSERT_TRUE(world_.jobs->RunDue().ok());
  };
  Push(a_, "v1", "config", Bytes(73));
  fold();
  EXPECT_EQ(warnings, (std::vector<std::string>{}));
  Push(a_, "v2", "config", "x");
  fold();
  EXPECT_EQ(warnings, (std::vector<std::string>{"team-a 80"}));
  Push(a_, "v3", "config", "yz");
  fold();
  EXPECT_EQ(warnings.size(), 1U);
  const std::string last = Push(a_, "v4", "config", Bytes(30));
  fold();
  EXPECT_EQ(warnings, (std::vector<std::string>{"team-a 80", "team-a 100"}));
  Delete(a_, DigestText(last));
  fold();
  Push(a_, "v5", "config", Bytes(14, 'q'));
  fold();
  EXPECT_EQ(warnings, (std::vector<std::string>{"team-a 80", "team-a 100", "team-a 95"}));
}

// Whatever happens, the counters are what a recount gives.
class Story {
 public:
  void Happen(std::uint32_t choice) {
    const auto pick = [&choice](std::uint32_t count) {
      const std::uint32_t picked = choice % count;
      choice /= count;
      return picked;
    };
    const std::uint32_t what = pick(11);
    const RepositoryPath& path = paths_.at(pick(4));
    const auto blob = [&] {
      return pick(2) == 0 ? "small " + std::to_string(pick(3))
                          : Bytes(70'000, static_cast<char>('a' + pick(3)));
    };
    const std::string config = blob();
    const std::string layer = blob();
    const std::string tag = "tag" + std::to_string(pick(3));
    switch (what) {
      case 0:
      case 1:
      case 2:
      case 3: {
        static_cast<void>(world_.PushBlob(path, config));
        static_cast<void>(world_.PushBlob(path, layer));
        const std::string manifest = ImageManifest(config, {layer, config});
        if (Put(world_, path, manifest, what == 3 ? DigestText(manifest) : tag)) {
          manifests_.push_back(manifest);
        }
        return;
      }
      case 4: return Delete(path, tag);
      case 5:
      case 6:
        if (!manifests_.empty()) Delete(path, DigestText(manifests_[choice % manifests_.size()]));
        return;
      case 7:
        // The same bytes told to be of another type: their references are written anew.
        if (manifests_.empty()) return;
        static_cast<void>(
            world_.services->manifests.Put(world_.Caller(), path,
                                           {.content = manifests_[choice % manifests_.size()],
                                            .content_type = std::string(oci::kOciManifest),
                                            .reference = *oci::Reference::Parse(tag),
                                            .tags = {}}));
        return;
      case 8: return MakeAnew(path);
      case 9:
        if (manifests_.empty()) return;
        static_cast<void>(world_.services->manifests.Tag(
            world_.Caller(), path,
            *oci::Reference::Parse(DigestText(manifests_[choice % manifests_.size()])),
            paths_.at(pick(4)), *oci::Reference::Parse(tag)));
        return;
      default:
        world_.Collect();
        BW_CHECK(FoldAndWarn(world_.database, world_.services->quotas, *world_.jobs).ok());
    }
  }

  void ExpectBalanced() {
    for (const char* account : {"acc", "other"}) RC_ASSERT(Checked(world_, account).empty());
  }

 private:
  // The namespace, empty.
  void MakeAnew(const RepositoryPath& path) {
    const char* account = path.account.value().c_str();
    BW_CHECK(world_.services->namespaces
                 .Delete(world_.Caller(account), path.account, world_.registry(), path.name_space)
                 .ok());
    static_cast<void>(world_.Repository(path.name, account));
  }
  void Delete(const RepositoryPath& path, const std::string& reference) {
    static_cast<void>(world_.services->manifests.Delete(world_.Caller(), path,
                                                        *oci::Reference::Parse(reference)));
  }

  World world_;
  std::vector<RepositoryPath> paths_ = {
      world_.Repository("team-a/one"), world_.Repository("team-a/two"),
      world_.Repository("team-b/three"), world_.Repository("team-x/four", "other")};
  std::vector<std::string> manifests_;
};

TEST(StoredBytes, AreWhatARecountGivesWhateverHasHappened) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint32_t>& choices) {
    Story story;
    for (const std::uint32_t choice : choices) story.Happen(choice);
    story.ExpectBalanced();
  }));
}

}  // namespace
}  // namespace breakwater::registry
