#include "blob/s3/s3_parts.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/testing.h"
#include "blob/s3/s3_blob_store.h"
#include "blob/s3/s3_compose.h"
#include "db/testing.h"

namespace breakwater::blob {
namespace {

constexpr std::uint64_t kGiB = 1024 * kMiB;

TEST(S3Keys, OfABlobNamesItsDigest) {
  const auto digest = oci::Digest::Of(AsBytes("x"));
  const std::string key = BlobKey(digest);
  EXPECT_EQ(key, "blobs/sha256/2d/" + std::string(digest.hex()));
  EXPECT_EQ(DigestOfKey(key), digest);
  const auto long_digest = oci::Digest::Of(AsBytes("x"), crypto::HashAlgorithm::kSha512);
  EXPECT_EQ(DigestOfKey(BlobKey(long_digest)), long_digest);
  EXPECT_FALSE(DigestOfKey("blobs/sha256/ff/" + std::string(digest.hex())));
  EXPECT_FALSE(DigestOfKey(key + "/x"));
  EXPECT_FALSE(DigestOfKey("blobs/sha256/2d/short"));
  EXPECT_FALSE(DigestOfKey(""));
}

TEST(S3Keys, OfAPartNamesItsUploadAndIsNew) {
  const std::string id = NewUploadId();
  EXPECT_TRUE(IsUploadId(id));
  const std::string first = NewObjectName(1);
  EXPECT_EQ(first.substr(0, 9), "00000001-");
  EXPECT_NE(first, NewObjectName(1));
  EXPECT_EQ(UploadOfKey(StagingKey(id, first)), id);
  EXPECT_EQ(UploadOfKey("staging/short/x"), "");
  EXPECT_EQ(UploadOfKey("other"), "");
  EXPECT_FALSE(IsUploadId("../../../../../../aaaaa"));
  EXPECT_FALSE(IsUploadId(id + "x"));
}

TEST(S3Keys, OrphansHaveNamesThatLeadBackToThem) {
  const OrphanId orphan{.key = BlobKey(oci::Digest::Of(AsBytes("x"))), .upload = "2~a/b+c"};
  const auto parsed = OrphanId::Parse(orphan.ToString());
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->key, orphan.key);
  EXPECT_EQ(parsed->upload, orphan.upload);
  for (const std::string& id :
       {std::string(), NewUploadId(), std::string("multipart."), std::string("multipart.!"),
        OrphanId{.key = "of/somebody/else", .upload = "x"}.ToString(),
        OrphanId{.key = orphan.key, .upload = ""}.ToString()}) {
    EXPECT_FALSE(OrphanId::Parse(id)) << id;
  }
}

TEST(S3Compose, NeedsNoGroupsWhileThereAreFewParts) {
  const std::vector<StoredPart> parts(4, {.object = "p", .size = 8 * kMiB});
  EXPECT_TRUE(PlanGroups(parts, false, 4).empty());
  EXPECT_TRUE(PlanGroups(parts, true, 5).empty());
  EXPECT_EQ(PlanGroups(parts, true, 4).size(), 1U);
}

TEST(S3Compose, ATebibyteOfSmallPartsFitsIntoOneMultipartUpload) {
  const std::vector<StoredPart> parts(1024 * kGiB / (8 * kMiB), {.object = "p", .size = 8 * kMiB});
  const auto groups = PlanGroups(parts, true, 10'000);
  EXPECT_EQ(groups.size(), 205U);
  EXPECT_EQ(groups.front().count * 8 * kMiB, 5 * kGiB);
}

RC_GTEST_PROP(S3Compose, GroupsCoverAllPartsInOrderAndAreSmallEnough, ()) {
  const auto sizes =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 3 * kGiB));
  const auto most = *rc::gen::inRange<std::size_t>(2, 8);
  const bool tail = *rc::gen::arbitrary<bool>();
  std::vector<StoredPart> parts;
  for (const std::uint64_t size : sizes) parts.push_back({.object = "p", .size = size});
  const auto groups = PlanGroups(parts, tail, most);
  RC_ASSERT(groups.empty() == (parts.size() + (tail ? 1 : 0) <= most));
  std::size_t next = 0;
  for (const ComposeGroup& group : groups) {
    RC_ASSERT(group.first == next);
    RC_ASSERT(group.count >= 1 && group.count <= most);
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < group.count; ++i) size += parts[group.first + i].size;
    RC_ASSERT(size <= 5 * kGiB);
    next += group.count;
  }
  if (!groups.empty()) RC_ASSERT(next == parts.size());
}

TEST(BufferBudget, GivesWhatIsFree) {
  BufferBudget budget(100);
  auto first = budget.TryTake(60);
  ASSERT_TRUE(first.has_value());
  EXPECT_FALSE(budget.TryTake(41).has_value());
  auto second = budget.TryTake(40);
  EXPECT_TRUE(second.has_value());
  first.reset();
  EXPECT_TRUE(budget.TryTake(60).has_value());
  EXPECT_FALSE(budget.Take(61, std::chrono::milliseconds(1)).has_value());
  EXPECT_FALSE(budget.contended());
  second.reset();
  EXPECT_TRUE(budget.TryTake(1000).has_value()) << "more than the whole is the whole";
}

TEST(BufferBudget, ServesThoseWhoWaitInTurn) {
  BufferBudget budget(100);
  auto all = budget.TryTake(100);
  std::atomic<bool> served = false;
  std::thread waiting([&] {
    const auto lease = budget.Take(80, std::chrono::minutes(1));
    EXPECT_TRUE(lease.has_value());
    served = true;
  });
  while (!budget.contended()) std::this_thread::yield();
  EXPECT_FALSE(served);
  EXPECT_FALSE(budget.TryTake(1).has_value());
  all.reset();
  waiting.join();
  EXPECT_TRUE(budget.TryTake(100).has_value());
}

TEST(S3Options, AreCheckedBeforeAnythingIsDone) {
  const auto database = db::testing::OpenTestDatabase();
  const breakwater::testing::ManualClock clock;
  const auto reason = [&](const std::function<void(S3Options&)>& change) -> std::string {
    S3Options options;
    options.endpoint = "https://s3.example.net";
    options.bucket = "b";
    options.credentials = {"key", Secret("secret"), Secret()};
    change(options);
    const auto opened = OpenS3BlobStore(options, database->database(), clock);
    return opened.ok() ? "" : opened.error().reason();
  };
  EXPECT_EQ(reason([](S3Options&) {}), "");
  EXPECT_EQ(reason([](S3Options& o) { o.bucket = ""; }), "s3_options_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.credentials.secret_key = Secret(); }),
            "s3_options_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.part_size = kMiB; }), "s3_options_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.part_size = 65 * kMiB; }), "s3_options_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.buffer_bytes = kMiB; }), "s3_options_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.endpoint = "s3.example.net"; }), "s3_endpoint_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.endpoint = "ftp://s3.example.net"; }),
            "s3_endpoint_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.endpoint = "https://u:p@s3.example.net"; }),
            "s3_endpoint_invalid");
  EXPECT_EQ(reason([](S3Options& o) { o.endpoint = "https://s3.example.net/path"; }),
            "s3_endpoint_invalid");
}

TEST(S3Endpoint, LeavesOutThePortThatNobodySends) {
  EXPECT_EQ(S3Endpoint::Parse("HTTPS://S3.Example.net:443/")->host, "s3.example.net");
  EXPECT_EQ(S3Endpoint::Parse("http://127.0.0.1:80")->host, "127.0.0.1");
  EXPECT_EQ(S3Endpoint::Parse("http://127.0.0.1:443")->host, "127.0.0.1:443");
}

}  // namespace
}  // namespace breakwater::blob
