#include "registry/uploads.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ActingSource;
using testing::Bytes;
using testing::DroppedSource;
using testing::World;

oci::Digest DigestOf(const std::string& bytes,
                     crypto::HashAlgorithm algorithm = crypto::HashAlgorithm::kSha256) {
  return oci::Digest::Of(AsBytes(bytes), algorithm);
}

constexpr std::size_t kLarge = 300'000;

// With sessions of one process, and with sessions that all processes share.
class UploadsTest : public ::testing::TestWithParam<bool> {
 protected:
  UploadsTest() {
    world_.upload_options.shared = shared();
    world_.Restart();
  }
  static bool shared() { return GetParam(); }
  Uploads& uploads() { return world_.services->uploads; }
  std::string Start(std::optional<crypto::HashAlgorithm> algorithm = {}) {
    auto view = uploads().Start(path_, world_.Caller().actor, algorithm);
    EXPECT_TRUE(view.ok());
    state_ = uploads().StateOf(*view);
    return view->id;
  }
  Result<std::uint64_t> Append(const std::string& id, std::string_view bytes,
                               std::optional<oci::ByteRange> range = {}) {
    io::StringSource source(bytes, 1000);
    return uploads().Append(id, {.source = &source, .length = bytes.size(), .range = range});
  }
  Status Finish(const std::string& id, const oci::Digest& digest, std::string_view bytes = {},
                std::optional<oci::ByteRange> range = {}) {
    io::StringSource source(bytes, 1000);
    Chunk chunk;
    if (!bytes.empty()) chunk = {.source = &source, .length = bytes.size(), .range = range};
    return uploads().Finish(id, chunk, digest);
  }
  std::string Read(const oci::Digest& digest) { return world_.ReadBlob(path_, digest); }
  Result<UploadView> Find(const std::string& id) {
    return uploads().Find(path_.registry, path_.name, id, state_);
  }
  std::string ReasonOf(const auto& result) { return result.ok() ? "ok" : result.error().reason(); }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  std::string state_;
};

INSTANTIATE_TEST_SUITE_P(Sessions, UploadsTest, ::testing::Bool(),
                         [](const auto& value) { return value.param ? "shared" : "local"; });

TEST_P(UploadsTest, SmallBlobsAreRowsAndLargeOnesFiles) {
  const std::string small = Bytes(kMaxInlineBlob);
  const std::string large = Bytes(kMaxInlineBlob + 1);
  ASSERT_TRUE(world_.PushBlob(path_, small).ok());
  ASSERT_TRUE(world_.PushBlob(path_, large).ok());
  EXPECT_EQ(Read(DigestOf(small)), small);
  EXPECT_EQ(Read(DigestOf(large)), large);
  EXPECT_EQ(world_.Count("blob_content"), 1);
  EXPECT_FALSE(world_.disk->Open(DigestOf(small)).ok());
  EXPECT_TRUE(world_.disk->Open(DigestOf(large)).ok());
  EXPECT_EQ(world_.StagedCount(), 0U);
}

TEST_P(UploadsTest, BlobOfZeroBytesIsABlob) {
  ASSERT_TRUE(world_.PushBlob(path_, "").ok());
  EXPECT_EQ(*world_.services->blobs.SizeOf(path_, DigestOf("")), 0U);
  EXPECT_EQ(Read(DigestOf("")), "");
}

TEST_P(UploadsTest, ChunksAreOneBlobUnderEitherAlgorithm) {
  for (const auto algorithm : {crypto::HashAlgorithm::kSha256, crypto::HashAlgorithm::kSha512}) {
    for (const std::size_t size : {std::size_t{3000}, kLarge}) {
      const std::string bytes = Bytes(size);
      const std::size_t third = size / 3;
      // The algorithm is known only at the end, as most clients have it.
      const std::string id = Start();
      EXPECT_EQ(*Append(id, bytes.substr(0, third), oci::ByteRange{0, third}), third);
      EXPECT_EQ(*Append(id, bytes.substr(third, third), oci::ByteRange{third, third}), 2 * third);
      const std::string rest = bytes.substr(2 * third);
      ASSERT_TRUE(
          Finish(id, DigestOf(bytes, algorithm), rest, oci::ByteRange{2 * third, rest.size()})
              .ok());
      EXPECT_EQ(Read(DigestOf(bytes, algorithm)), bytes);
      EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
    }
  }
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, AnnouncedSha512IsComputedOnTheWay) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start(crypto::HashAlgorithm::kSha512);
  ASSERT_TRUE(Append(id, bytes).ok());
  ASSERT_TRUE(Finish(id, DigestOf(bytes, crypto::HashAlgorithm::kSha512)).ok());
  EXPECT_EQ(Read(DigestOf(bytes, crypto::HashAlgorithm::kSha512)), bytes);
}

TEST_P(UploadsTest, PartOfAFailedWriteIsHashedWithTheRest) {
  const std::string bytes = Bytes(kLarge);
  const std::string lost = "kept though reported as failed";
  for (const bool with_last : {false, true}) {
    const std::string id = Start(crypto::HashAlgorithm::kSha512);
    ASSERT_TRUE(Append(id, bytes).ok());
    world_.store.FailCall(2, true);  // the append after opening what is staged
    EXPECT_FALSE(Append(id, lost).ok());
    ASSERT_TRUE(world_.store.fired());
    const auto all = DigestOf(bytes + lost, crypto::HashAlgorithm::kSha512);
    const auto claimed = with_last ? all : DigestOf(bytes, crypto::HashAlgorithm::kSha512);
    const Status finished = Finish(id, claimed);
    if (with_last) {
      EXPECT_TRUE(finished.ok());
      EXPECT_EQ(Read(all), bytes + lost);
    } else {
      EXPECT_EQ(ReasonOf(finished), "digest_invalid");
      EXPECT_EQ(Read(claimed), "(blob_unknown)");
    }
  }
}

TEST_P(UploadsTest, StagingOfAnotherSizeThanWasReceivedIsNotPublished) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(id, bytes).ok());
  std::string staged_id;
  ASSERT_TRUE(world_.disk
                  ->ListStaged([&](const auto& info) -> Status {
                    staged_id = info.id;
                    return Ok();
                  })
                  .ok());
  ASSERT_TRUE((*world_.disk->Resume(staged_id))->Append(AsBytes("x")).ok());
  const Status refused = Finish(id, DigestOf(bytes));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kDataCorrupt);
  EXPECT_EQ(Read(DigestOf(bytes)), "(blob_unknown)");
}

TEST_P(UploadsTest, ChunkThatDoesNotStartAtTheEndChangesNothing) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, "0123456789", oci::ByteRange{0, 10}).ok());
  for (const std::uint64_t wrong : {0U, 9U, 11U, 20U}) {
    const auto refused = Append(id, "xxxxx", oci::ByteRange{wrong, 5});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kRangeInvalid);
    EXPECT_EQ(refused.error().reason(), "range_mismatch");
  }
  const Status closing = Finish(id, DigestOf("0123456789xxxxx"), "xxxxx", oci::ByteRange{5, 5});
  ASSERT_FALSE(closing.ok());
  EXPECT_EQ(closing.error().reason(), "range_mismatch");
  EXPECT_EQ(Find(id)->size, 10U);
  EXPECT_TRUE(Finish(id, DigestOf("0123456789abcde"), "abcde", oci::ByteRange{10, 5}).ok());
}

TEST_P(UploadsTest, BodyAndHeadersMustAgreeOnTheLength) {
  const std::string id = Start();
  io::StringSource five("01234");
  EXPECT_EQ(
      ReasonOf(uploads().Append(id, {.source = &five, .length = 5, .range = oci::ByteRange{0, 6}})),
      "size_invalid");
  EXPECT_EQ(Find(id)->size, 0U);
  io::StringSource more("0123456789");
  EXPECT_EQ(ReasonOf(uploads().Append(
                id, {.source = &more, .length = {}, .range = oci::ByteRange{0, 6}})),
            "size_invalid");
  io::StringSource less("0123");
  EXPECT_EQ(ReasonOf(uploads().Push(path_, world_.Caller().actor,
                                    {.source = &less, .length = 5, .range = {}}, DigestOf("0123"))),
            "size_invalid");
  EXPECT_EQ(Read(DigestOf("0123")), "(blob_unknown)");
}

TEST_P(UploadsTest, WrongDigestCommitsNothingAndLeavesNothing) {
  for (const std::size_t size : {std::size_t{100}, kLarge}) {
    const std::string id = Start();
    ASSERT_TRUE(Append(id, Bytes(size)).ok());
    EXPECT_EQ(ReasonOf(Finish(id, DigestOf("something else"))), "digest_invalid");
    EXPECT_EQ(Read(DigestOf(Bytes(size))), "(blob_unknown)");
    EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
  }
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
  EXPECT_EQ(world_.Count("blob"), 0);
}

TEST_P(UploadsTest, DroppedConnectionKeepsWhatWasReceived) {
  for (const std::size_t size : {std::size_t{1000}, kLarge}) {
    const std::string bytes = Bytes(size);
    const std::string id = Start();
    DroppedSource dropped(std::string_view(bytes).substr(0, size / 2));
    EXPECT_FALSE(
        uploads().Append(id, {.source = &dropped, .length = bytes.size(), .range = {}}).ok());
    const auto view = Find(id);
    ASSERT_TRUE(view.ok());
    EXPECT_EQ(view->size, size / 2);
    ASSERT_TRUE(Append(id, bytes.substr(size / 2)).ok());
    EXPECT_TRUE(Finish(id, DigestOf(bytes)).ok());
    EXPECT_EQ(Read(DigestOf(bytes)), bytes);
  }
}

TEST_P(UploadsTest, ResumesAfterARestartWhereItStopped) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(id, bytes.substr(0, 200'000)).ok());
  world_.Restart();
  ASSERT_TRUE(uploads().Sweep(true).ok());
  const auto view = Find(id);
  ASSERT_TRUE(view.ok());
  EXPECT_EQ(view->size, 200'000U);
  EXPECT_EQ(view->actor.iam_id, world_.Caller().actor.iam_id);
  EXPECT_EQ(view->path, path_);
  ASSERT_TRUE(Append(id, bytes.substr(200'000, 50'000)).ok());
  world_.Restart();
  ASSERT_TRUE(Finish(id, DigestOf(bytes), bytes.substr(250'000)).ok());
  EXPECT_EQ(Read(DigestOf(bytes)), bytes);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, ThatNeverLeftMemoryIsForgottenByARestartUnlessItIsShared) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, "small").ok());
  EXPECT_EQ(world_.Count("upload"), shared() ? 1 : 0);
  world_.Restart();
  EXPECT_EQ(ReasonOf(Find(id)), shared() ? "ok" : "blob_upload_unknown");
  EXPECT_EQ(ReasonOf(Append(id, "more")), shared() ? "ok" : "blob_upload_unknown");
}

TEST_P(UploadsTest, OnlyTheStateOfTheSessionOpensIt) {
  const std::string id = Start();
  EXPECT_TRUE(Find(id).ok());
  const auto with = [&](const std::string& repository, const std::string& state) {
    return ReasonOf(uploads().Find(path_.registry, repository, id, state));
  };
  EXPECT_EQ(with(path_.name, ""), "blob_upload_unknown");
  EXPECT_EQ(with(path_.name, state_ + "A"), "blob_upload_unknown");
  EXPECT_EQ(with("team-a/other", state_), "blob_upload_unknown");
  const std::string mine = state_;
  Start();
  EXPECT_EQ(with(path_.name, state_), "blob_upload_unknown");
  EXPECT_EQ(with(path_.name, mine), "ok");
}

TEST_P(UploadsTest, CancelledIsGoneWithItsBytes) {
  for (const std::size_t size : {std::size_t{10}, kLarge}) {
    const std::string id = Start();
    ASSERT_TRUE(Append(id, Bytes(size)).ok());
    ASSERT_TRUE(uploads().Cancel(id).ok());
    EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
    EXPECT_EQ(ReasonOf(Finish(id, DigestOf(Bytes(size)))), "blob_upload_unknown");
  }
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, ExpireByTime) {
  const std::string small = Start();
  const std::string small_state = state_;
  const std::string large = Start();
  ASSERT_TRUE(Append(large, Bytes(kLarge)).ok());
  world_.clock.Advance(std::chrono::hours{25});
  EXPECT_EQ(ReasonOf(Find(large)), "blob_upload_unknown");
  EXPECT_EQ(uploads().Sweep(false)->sessions, 2);
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, ExpiredRowsOfAnEarlierLifeAreSweptToo) {
  ASSERT_TRUE(Append(Start(), Bytes(kLarge)).ok());
  world_.Restart();
  world_.clock.Advance(std::chrono::hours{25});
  EXPECT_EQ(uploads().Sweep(true)->sessions, 1);
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, WrittenToSinceAreNotExpired) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, Bytes(kLarge)).ok());
  world_.clock.Advance(std::chrono::hours{20});
  ASSERT_TRUE(Append(id, "x").ok());
  world_.clock.Advance(std::chrono::hours{20});
  EXPECT_EQ(uploads().Sweep(false)->sessions, 0);
  EXPECT_TRUE(Finish(id, DigestOf(Bytes(kLarge) + "x")).ok());
}

TEST(UploadTable, GivesUpOnlyWhatIsStillExpiredAndNotInUse) {
  const Timestamp now = breakwater::testing::ManualClock().Now();
  UploadTable table(10, 10);
  auto session = std::make_unique<UploadSession>();
  session->id = "one";
  session->expires = now;
  ASSERT_TRUE(table.Add(std::move(session)).ok());
  ASSERT_EQ(table.Expired(now), std::vector<std::string>{"one"});
  // A writer comes between the list and the removal…
  auto taken = table.Take("one");
  ASSERT_TRUE(taken.ok());
  EXPECT_EQ(table.TakeExpired("one", now), nullptr);
  EXPECT_TRUE(table.Find("one"));
  // …or has even finished with it.
  (*taken)->expires = now + std::chrono::hours{1};
  ASSERT_TRUE(table.Return(*taken));
  EXPECT_EQ(table.TakeExpired("one", now), nullptr);
  EXPECT_TRUE(table.Take("one").ok());
  EXPECT_EQ(table.TakeExpired("absent", now), nullptr);
}

TEST(UploadTable, ForgetsWhatHasExpired) {
  const Timestamp now = breakwater::testing::ManualClock().Now();
  UploadTable table(10, 10);
  auto session = std::make_unique<UploadSession>();
  session->id = "one";
  session->expires = now;
  ASSERT_TRUE(table.Add(std::move(session)).ok());
  EXPECT_NE(table.TakeExpired("one", now), nullptr);
  EXPECT_FALSE(table.Find("one"));
}

TEST_P(UploadsTest, WrittenToSinceAreNotExpiredByARestartEither) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, Bytes(kLarge)).ok());
  world_.clock.Advance(std::chrono::hours{20});
  ASSERT_TRUE(Append(id, "x").ok());
  world_.Restart();
  world_.clock.Advance(std::chrono::hours{20});
  EXPECT_EQ(uploads().Sweep(true)->sessions, 0);
  EXPECT_TRUE(Finish(id, DigestOf(Bytes(kLarge) + "x")).ok());
}

TEST_P(UploadsTest, StagingAndBlobsThatNobodyOwnsAreReclaimedAtStart) {
  auto orphan = world_.disk->Stage();
  ASSERT_TRUE((*orphan)->Append(AsBytes("abc")).ok());
  auto committed = world_.disk->Stage();
  ASSERT_TRUE((*committed)->Append(AsBytes("abcd")).ok());
  const blob::CommitItem item{committed->get(), DigestOf("abcd")};
  ASSERT_TRUE(world_.disk->Commit(std::span(&item, 1))[0].ok());
  ASSERT_TRUE(world_.PushBlob(path_, Bytes(kLarge)).ok());
  const auto swept = uploads().Sweep(true);
  ASSERT_TRUE(swept.ok());
  EXPECT_EQ(swept->staged, 1);
  EXPECT_EQ(world_.Collect().orphans, 1);
  EXPECT_FALSE(world_.disk->Open(DigestOf("abcd")).ok());
  EXPECT_EQ(Read(DigestOf(Bytes(kLarge))), Bytes(kLarge));
}

TEST_P(UploadsTest, FinishedAfterItsNamespaceIsDeletedLeavesNoBytes) {
  const std::string bytes = Bytes(kLarge);
  const std::string id = Start();
  ASSERT_TRUE(Append(id, bytes).ok());
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  EXPECT_EQ(ReasonOf(Finish(id, DigestOf(bytes))), "name_unknown");
  EXPECT_FALSE(world_.disk->Open(DigestOf(bytes)).ok());
  EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, RefusedByItsRepositoryKeepsBytesThatAnotherHolds) {
  const RepositoryPath other = world_.Repository("team-b/app");
  const std::string bytes = Bytes(kLarge);
  ASSERT_TRUE(world_.PushBlob(other, bytes).ok());
  ASSERT_TRUE(world_.services->namespaces
                  .Delete(world_.Caller(), AccountId("acc"), world_.registry(), "team-a")
                  .ok());
  EXPECT_FALSE(world_.PushBlob(path_, bytes).ok());
  EXPECT_EQ(world_.ReadBlob(other, DigestOf(bytes)), bytes);
}

TEST_P(UploadsTest, BlobWhoseRowCouldNotBeWrittenIsReclaimedWhileRunning) {
  auto committed = world_.disk->Stage();
  ASSERT_TRUE((*committed)->Append(AsBytes("abcd")).ok());
  const blob::CommitItem item{committed->get(), DigestOf("abcd")};
  ASSERT_TRUE(world_.disk->Commit(std::span(&item, 1))[0].ok());
  ASSERT_TRUE(world_.PushBlob(path_, Bytes(kLarge)).ok());
  EXPECT_EQ(world_.Collect().orphans, 1);
  EXPECT_FALSE(world_.disk->Open(DigestOf("abcd")).ok());
  EXPECT_EQ(Read(DigestOf(Bytes(kLarge))), Bytes(kLarge));
}

TEST_P(UploadsTest, BlobIsKeptWhileAnyRepositoryHoldsIt) {
  const RepositoryPath other = world_.Repository("team-b/app");
  const std::string bytes = Bytes(kLarge);
  ASSERT_TRUE(world_.PushBlob(path_, bytes).ok());
  ASSERT_TRUE(world_.PushBlob(other, bytes).ok());
  ASSERT_TRUE(world_.services->blobs.Delete(path_, DigestOf(bytes)).ok());
  EXPECT_EQ(world_.Collect().blobs, 0);
  EXPECT_EQ(world_.ReadBlob(other, DigestOf(bytes)), bytes);
  EXPECT_EQ(Read(DigestOf(bytes)), "(blob_unknown)");
  ASSERT_TRUE(world_.services->blobs.Delete(other, DigestOf(bytes)).ok());
  EXPECT_EQ(world_.Collect().blobs, 1);
  EXPECT_FALSE(world_.disk->Open(DigestOf(bytes)).ok());
}

TEST_P(UploadsTest, OfTheSameBlobAtOnceAllSucceedAndOneCopyIsKept) {
  const std::string bytes = Bytes(kLarge);
  std::atomic<int> succeeded{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { succeeded += world_.PushBlob(path_, bytes).ok() ? 1 : 0; });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 8);
  EXPECT_EQ(world_.Count("blob"), 1);
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(Read(DigestOf(bytes)), bytes);
}

// Lets the test act while a request is in the middle of its body.
class PausingSource final : public io::Source {
 public:
  explicit PausingSource(std::function<void()> pause) : pause_(std::move(pause)) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (step_ == 2) return 0;
    if (step_++ == 1) pause_();
    out[0] = std::byte{'x'};
    return 1;
  }

 private:
  std::function<void()> pause_;
  int step_ = 0;
};

TEST_P(UploadsTest, HaveOneWriterAndTheOtherIsToldTheOffset) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, "0123").ok());
  PausingSource first([&] {
    const auto second = Append(id, "other");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code(), ErrorCode::kRangeInvalid);
    EXPECT_EQ(second.error().reason(), "upload_busy");
    EXPECT_EQ(second.error().details()[0].value, "4");
  });
  EXPECT_EQ(*uploads().Append(id, {.source = &first, .length = {}, .range = {}}), 6U);
  EXPECT_TRUE(Finish(id, DigestOf("0123xx")).ok());
}

TEST_P(UploadsTest, CancelledWhileItIsWrittenLeavesNothing) {
  const std::string id = Start();
  ASSERT_TRUE(Append(id, Bytes(kLarge)).ok());
  PausingSource body([&] { EXPECT_TRUE(uploads().Cancel(id).ok()); });
  EXPECT_EQ(ReasonOf(uploads().Append(id, {.source = &body, .length = {}, .range = {}})),
            "blob_upload_unknown");
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, CancelledWhileItIsWrittenDoesNotComeBack) {
  const std::string id = Start();
  // The piece after the cancellation is the one that makes the upload a row.
  ActingSource body(Bytes(kMaxInlineBlob / 2),
                    {[] {}, [&] { EXPECT_TRUE(uploads().Cancel(id).ok()); },
                     [&] { EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown"); }});
  EXPECT_EQ(ReasonOf(uploads().Append(id, {.source = &body, .length = {}, .range = {}})),
            "blob_upload_unknown");
  EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
  EXPECT_EQ(world_.StagedCount(), 0U);
  EXPECT_EQ(world_.Count("upload"), 0);
}

TEST_P(UploadsTest, CancelledWhileItIsFinishedMakesNoBlob) {
  const std::string id = Start();
  PausingSource body([&] { EXPECT_TRUE(uploads().Cancel(id).ok()); });
  const Status finished =
      uploads().Finish(id, {.source = &body, .length = {}, .range = {}}, DigestOf("xx"));
  EXPECT_EQ(ReasonOf(finished), "blob_upload_unknown");
  EXPECT_EQ(Read(DigestOf("xx")), "(blob_unknown)");
  EXPECT_EQ(ReasonOf(Find(id)), "blob_upload_unknown");
}

TEST_P(UploadsTest, OfOneIdentityLeaveRoomForOthers) {
  UploadOptions options = testing::TestUploadOptions();
  options.max_sessions_of_one = 2;
  Uploads few(options, world_.database, world_.store, *world_.services->locks, world_.clock, {});
  auto greedy = world_.Caller().actor;
  greedy.iam_id = IamId("iam-greedy");
  auto another = greedy;
  another.iam_id = IamId("iam-another");
  const auto first = few.Start(path_, greedy, {});
  ASSERT_TRUE(first.ok());
  ASSERT_TRUE(few.Start(path_, greedy, {}).ok());
  EXPECT_EQ(ReasonOf(few.Start(path_, greedy, {})), "too_many_uploads");
  EXPECT_TRUE(few.Start(path_, another, {}).ok());
  ASSERT_TRUE(few.Cancel(first->id).ok());
  EXPECT_TRUE(few.Start(path_, greedy, {}).ok()) << "one of theirs has ended";
}

TEST_P(UploadsTest, AreBoundedInNumberAndSize) {
  UploadOptions options = testing::TestUploadOptions();
  options.max_sessions = 2;
  options.max_blob = 1000;
  Uploads few(options, world_.database, world_.store, *world_.services->locks, world_.clock, {});
  const auto actor = world_.Caller().actor;
  ASSERT_TRUE(few.Start(path_, actor, {}).ok());
  const auto second = few.Start(path_, actor, {});
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(ReasonOf(few.Start(path_, actor, {})), "too_many_uploads");
  io::StringSource source(std::string_view("0123456789"));
  EXPECT_TRUE(few.Append(second->id, {.source = &source, .length = 10, .range = {}}).ok());
  const std::string large = Bytes(991);
  io::StringSource too_much(large);
  EXPECT_EQ(ReasonOf(few.Append(second->id, {.source = &too_much, .length = 991, .range = {}})),
            "blob_too_large");
}

TEST_P(UploadsTest, SpillEarlyWhenMemoryForSmallOnesIsUsedUp) {
  UploadOptions options = testing::TestUploadOptions();
  options.max_buffered = 1000;
  Uploads tight(options, world_.database, world_.store, *world_.services->locks, world_.clock, {});
  const auto actor = world_.Caller().actor;
  const std::string bytes = Bytes(600);
  for (int i = 0; i < 3; ++i) {
    const auto view = tight.Start(path_, actor, {});
    io::StringSource source(bytes);
    ASSERT_TRUE(tight.Append(view->id, {.source = &source, .length = 600, .range = {}}).ok());
    if (i == 2) {
      EXPECT_TRUE(tight.Finish(view->id, {}, DigestOf(bytes)).ok());
    }
  }
  EXPECT_EQ(Read(DigestOf(bytes)), bytes);
}

TEST_P(UploadsTest, MountLinksWhatTheSourceHolds) {
  const RepositoryPath target = world_.Repository("team-b/app");
  const std::string bytes = Bytes(1000);
  ASSERT_TRUE(world_.PushBlob(path_, bytes).ok());
  Blobs& blobs = world_.services->blobs;
  EXPECT_FALSE(*blobs.Mount(target, DigestOf("absent"), path_.name));
  EXPECT_FALSE(*blobs.Mount(target, DigestOf(bytes), "team-a/empty"));
  EXPECT_EQ(world_.ReadBlob(target, DigestOf(bytes)), "(blob_unknown)");
  EXPECT_EQ(*blobs.Holders(path_.registry, path_.account, DigestOf(bytes), 10),
            std::vector<std::string>{path_.name});
  EXPECT_TRUE(*blobs.Mount(target, DigestOf(bytes), path_.name));
  EXPECT_EQ(world_.ReadBlob(target, DigestOf(bytes)), bytes);
}

}  // namespace
}  // namespace breakwater::registry
