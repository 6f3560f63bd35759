#include "registry/admission.h"

#include <gtest/gtest.h>

#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::Bytes;
using testing::ImageManifest;
using testing::World;

std::string DigestText(const std::string& content) {
  return oci::Digest::Of(AsBytes(content)).text();
}

std::string Index(const std::vector<std::string>& children) {
  std::string list;
  for (const std::string& child : children) {
    if (!list.empty()) list += ",";
    list += R"({"mediaType":")" + std::string(oci::kOciManifest) + R"(","digest":")" +
            DigestText(child) + R"(","size":)" + std::to_string(child.size()) + "}";
  }
  return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
         R"(","manifests":[)" + list + "]}";
}

class AdmissionTest : public ::testing::Test {
 protected:
  const Admission& admission() { return world_.services->admission; }
  void Limit(const QuotaPatch& patch) {
    ASSERT_TRUE(world_.services->quotas
                    .PatchQuota(world_.Caller(),
                                control::ServiceResource(
                                    AccountId("acc"), RegistryName(testing::kRegistry), "us-south"),
                                patch)
                    .ok());
  }
  void LimitNamespace(const QuotaPatch& patch) {
    ASSERT_TRUE(
        world_.services->quotas
            .PatchNamespace(world_.Caller(), AccountId("acc"), world_.registry(), "team-a", patch)
            .ok());
  }
  std::string Put(const RepositoryPath& path, const std::string& manifest,
                  const std::string& reference) {
    const auto put = world_.services->manifests.Put(world_.Caller(), path,
                                                    {.content = manifest,
                                                     .content_type = "",
                                                     .reference = *oci::Reference::Parse(reference),
                                                     .tags = {}});
    return put.ok() ? "ok" : put.error().reason();
  }
  // As clients do: its blobs, each after asking, and its manifest.
  std::string Push(const RepositoryPath& path, const std::string& tag, const std::string& config,
                   const std::string& layer) {
    for (const std::string& blob : {config, layer}) {
      const Status begun = admission().BeginPush(path, blob.size());
      if (!begun.ok()) return begun.error().reason();
      EXPECT_TRUE(world_.PushBlob(path, blob).ok());
    }
    return Put(path, ImageManifest(config, {layer}), tag);
  }
  static std::string Reason(const Status& status) {
    return status.ok() ? "ok" : status.error().reason();
  }

  World world_;
  RepositoryPath a_ = world_.Repository("team-a/app");
  RepositoryPath b_ = world_.Repository("team-b/app");
};

TEST_F(AdmissionTest, PushThatBeginsBelowTheLimitFinishesAboveItAndTheNextIsRefused) {
  Limit({.storage = 20});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  EXPECT_EQ(Push(a_, "v2", "config", Bytes(5000)), "ok");
  EXPECT_EQ(Push(a_, "v3", "config", "more"), "storage_quota_exceeded");
  EXPECT_EQ(Push(b_, "v1", "config", "layer"), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, ReachingTheLimitRefusesAsExceedingDoes) {
  Limit({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  const Status refused = admission().BeginPush(a_, 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kQuota);
  EXPECT_EQ(refused.error().message(),
            "the account's storage quota in us.icr.example is used up: 11 of 11 bytes are stored. "
            "Delete images that are not needed, raise the quota or change the plan");
}

TEST_F(AdmissionTest, UploadThatWasBegunMayBecomeAnImageAfterTheLimitWasReached) {
  Limit({.storage = 20});
  ASSERT_TRUE(admission().BeginPush(b_, 5).ok());
  ASSERT_TRUE(world_.PushBlob(b_, "early").ok());
  EXPECT_EQ(Push(a_, "v1", "config", Bytes(100)), "ok");
  EXPECT_EQ(Put(b_, ImageManifest("early", {}), "v1"), "ok");
  // What it consists of belongs to an image now: another one of the same begins a new push.
  EXPECT_EQ(Put(b_, ImageManifest("early", {"early"}), "v2"), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, IndexFinishesThePushOfItsImages) {
  Limit({.storage = 20});
  ASSERT_TRUE(world_.PushBlob(a_, "config").ok());
  ASSERT_TRUE(world_.PushBlob(a_, Bytes(100)).ok());
  const std::string image = ImageManifest("config", {Bytes(100)});
  EXPECT_EQ(Put(a_, image, DigestText(image)), "ok");
  EXPECT_EQ(Put(a_, Index({image}), "v1"), "ok");
  EXPECT_EQ(Put(a_, Index({image, image}), "v2"), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, SamePushAgainIsNone) {
  Limit({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  EXPECT_EQ(Put(a_, ImageManifest("config", {"layer"}), "v1"), "ok");
  EXPECT_EQ(Put(a_, ImageManifest("config", {"layer"}), "v2"), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, DeletingImagesOrRaisingTheQuotaLetsPushesInAgain) {
  Limit({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  Limit({.storage = 12});
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "ok");
  Limit({.storage = 11});
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "storage_quota_exceeded");
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), a_,
                          *oci::Reference::Parse(DigestText(ImageManifest("config", {"layer"}))))
                  .ok());
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "ok");
}

TEST_F(AdmissionTest, WhatAddsNoBytesIsRestoredAlsoWhereTheLimitIsReached) {
  Limit({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  const auto digest = *oci::Digest::Parse(DigestText(ImageManifest("config", {"layer"})));
  const auto restore = [&] {
    const auto restored = world_.services->trash.RestoreTags(world_.Caller(), a_, digest);
    return restored.ok() ? "ok" : restored.error().reason();
  };
  Limit({.storage = kUnlimited});
  EXPECT_EQ(Push(b_, "v1", "config", "layer"), "ok");
  Limit({.storage = 11});
  ASSERT_TRUE(
      world_.services->manifests.DeleteImage(world_.Caller(), a_, *oci::Reference::Parse("v1"))
          .ok());
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "storage_quota_exceeded");
  EXPECT_EQ(restore(), "ok") << "another namespace holds the same";
  ASSERT_TRUE(
      world_.services->manifests.DeleteImage(world_.Caller(), a_, *oci::Reference::Parse("v1"))
          .ok());
  Limit({.storage = kUnlimited});
  EXPECT_EQ(Push(a_, "v2", "config", Bytes(5000)), "ok");
  Limit({.storage = 5000});
  ASSERT_TRUE(
      world_.services->manifests.DeleteImage(world_.Caller(), b_, *oci::Reference::Parse("v1"))
          .ok());
  EXPECT_EQ(restore(), "storage_quota_exceeded") << "its layer is new";
}

TEST_F(AdmissionTest, WhatAddsNoBytesIsTaggedIntoAnotherRepositoryAlsoWhereTheLimitIsReached) {
  const auto tag = [&](const std::string& from, const std::string& to) {
    const auto tagged = world_.services->manifests.Tag(
        world_.Caller(), b_, *oci::Reference::Parse(from), a_, *oci::Reference::Parse(to));
    return tagged.ok() ? "ok" : tagged.error().reason();
  };
  LimitNamespace({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  EXPECT_EQ(Push(b_, "same", "config", "layer"), "ok");
  EXPECT_EQ(Push(b_, "new", "config", "another layer"), "ok");
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "storage_quota_exceeded");
  EXPECT_EQ(tag("same", "v2"), "ok");
  EXPECT_EQ(tag("new", "v3"), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, NamespacesLimitIsItsOwn) {
  LimitNamespace({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  const Status refused = admission().BeginPush(a_, 0);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().details()[1].value, "namespace team-a");
  EXPECT_EQ(Push(b_, "v1", "config", "layer"), "ok");
}

TEST_F(AdmissionTest, HardLimitRefusesWhatWouldGoBeyondIt) {
  Limit({.storage = 20, .hard = true});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  EXPECT_EQ(Reason(admission().BeginPush(a_, 9)), "ok");
  EXPECT_EQ(Reason(admission().BeginPush(a_, 10)), "storage_quota_exceeded");
  EXPECT_EQ(Reason(admission().ContinuePush(a_, 9)), "ok");
  EXPECT_EQ(Reason(admission().ContinuePush(a_, 10)), "storage_quota_exceeded");
  // Two uploads that each have room, and together none.
  ASSERT_TRUE(world_.PushBlob(a_, "123456").ok());
  ASSERT_TRUE(world_.PushBlob(a_, "abcdef").ok());
  EXPECT_EQ(Put(a_, ImageManifest("123456", {"abcdef"}), "v2"), "storage_quota_exceeded");
  EXPECT_EQ(Put(a_, ImageManifest("123456", {}), "v2"), "ok");
  EXPECT_EQ(Reason(admission().BeginPush(a_, 4)), "storage_quota_exceeded");
}

TEST_F(AdmissionTest, WhatAddsNothingIsAdmittedHoweverMuchThereIs) {
  Limit({.storage = 100, .hard = true});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  Limit({.storage = 1, .hard = true});
  EXPECT_EQ(Put(a_, ImageManifest("config", {"layer"}), "v2"), "ok");
  EXPECT_EQ(Put(a_, ImageManifest("layer", {"config"}), "v3"), "ok");
  EXPECT_NE(Push(a_, "v4", "config", "another layer"), "ok");
}

TEST_F(AdmissionTest, SoftLimitLetsAnUploadGoOn) {
  Limit({.storage = 5});
  EXPECT_EQ(Reason(admission().ContinuePush(a_, 1000)), "ok");
}

TEST_F(AdmissionTest, PullThatBeganGetsItsBlobsForAWhile) {
  Limit({.traffic = 10});
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "ok");
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 100)), "ok");
  admission().CountPull(a_, 100);
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "traffic_quota_exceeded");
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 100)), "ok");
  world_.clock.Advance(AdmissionOptions{}.pull_grace);
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 1)), "traffic_quota_exceeded");
}

TEST_F(AdmissionTest, RefusedPullNamesTheMonthAndTheWaysOut) {
  Limit({.traffic = 10});
  admission().CountPull(a_, 10);
  const Status refused = admission().BeginPull(a_);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kQuota);
  const std::string month = ToString(MonthOf(world_.clock.Now()));
  EXPECT_NE(refused.error().message().find("pull traffic quota of " + month), std::string::npos);
  EXPECT_NE(refused.error().message().find("private network"), std::string::npos);
}

TEST_F(AdmissionTest, NextMonthLetsPullsInAgain) {
  Limit({.traffic = 10});
  admission().CountPull(a_, 10);
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "traffic_quota_exceeded");
  world_.clock.Advance(EndOf(MonthOf(world_.clock.Now())) - world_.clock.Now());
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "ok");
}

TEST_F(AdmissionTest, HardLimitRefusesTheBlobThatWouldGoBeyondIt) {
  Limit({.traffic = 10, .hard = true});
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 11)), "traffic_quota_exceeded");
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 10)), "ok");
  admission().CountPull(a_, 10);
  EXPECT_EQ(Reason(admission().ContinuePull(a_, 1)), "traffic_quota_exceeded");
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "traffic_quota_exceeded");
}

TEST_F(AdmissionTest, QuotaRaisedByAnotherProcessCountsAtOnce) {
  Limit({.storage = 11, .traffic = 10});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  admission().CountPull(a_, 10);
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "storage_quota_exceeded");
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "traffic_quota_exceeded");
  Quotas elsewhere(Plan::kStandard, world_.database, world_.clock, world_.changes);
  ASSERT_TRUE(elsewhere
                  .PatchQuota(world_.Caller(),
                              control::ServiceResource(
                                  AccountId("acc"), RegistryName(testing::kRegistry), "us-south"),
                              {.storage = kUnlimited, .traffic = kUnlimited})
                  .ok());
  EXPECT_EQ(Reason(admission().BeginPush(a_, 0)), "ok");
  EXPECT_EQ(Reason(admission().BeginPull(a_)), "ok");
}

TEST_F(AdmissionTest, RefusedManifestIsOnRecord) {
  Limit({.storage = 11});
  EXPECT_EQ(Push(a_, "v1", "config", "layer"), "ok");
  EXPECT_EQ(Put(a_, ImageManifest("config", {"layer"}), "v2"), "storage_quota_exceeded");
  const auto records = *world_.log.Query({});
  bool found = false;
  for (const auto& one : records) {
    found = found || (one.record.action == action::kImagePush &&
                      one.record.outcome == audit::Outcome::kFailure);
  }
  EXPECT_TRUE(found);
}

}  // namespace
}  // namespace breakwater::registry
