// What every BlobStore does, whatever is behind it:
//
//   INSTANTIATE_TEST_SUITE_P(Fs, BlobStoreConformance, ::testing::Values(BlobStoreBackend{…}));
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/wait.h"
#include "blob/blob_testing.h"

namespace breakwater::blob::testing {

class BlobStoreConformance : public ::testing::TestWithParam<BlobStoreBackend> {
 protected:
  BlobStore& store() { return made_->store(); }
  void Reopen() { made_->Reopen(); }
  void Put(std::string_view content) {
    ASSERT_TRUE(CommitOne(store(), *StageText(store(), content), DigestOf(content)).ok());
  }

 private:
  std::unique_ptr<TestStore> made_ = GetParam().make();
};

TEST_P(BlobStoreConformance, CommittedBytesComeBack) {
  auto staged = store().Stage();
  ASSERT_TRUE(staged.ok());
  EXPECT_EQ((*staged)->size(), 0U);
  ASSERT_TRUE((*staged)->Append(AsBytes("hello ")).ok());
  ASSERT_TRUE((*staged)->Append(AsBytes("world")).ok());
  EXPECT_EQ((*staged)->size(), 11U);
  const auto digest = DigestOf("hello world");
  EXPECT_FALSE(store().Open(digest).ok());
  ASSERT_TRUE(CommitOne(store(), **staged, digest).ok());
  staged->reset();
  EXPECT_EQ(*ReadText(store(), digest), "hello world");
  EXPECT_TRUE(StagedSizes(store()).empty());
  Reopen();
  EXPECT_EQ(*ReadText(store(), digest), "hello world");
}

TEST_P(BlobStoreConformance, NothingWaitsOnAThreadThatMustNot) {
  Put("there");
  const auto digest = DigestOf("there");
  const auto staged = StageText(store(), "more");
  const auto refused = [](const auto& call) {
    const NoWaitScope scope;
    const auto outcome = call();
    return !outcome.ok() && outcome.error().reason() == "would_wait" && scope.refused();
  };
  EXPECT_TRUE(refused([&] { return store().Open(digest); }));
  EXPECT_TRUE(refused([&] { return CommitOne(store(), *staged, DigestOf("more")); }));
  EXPECT_TRUE(refused([&] { return store().Resume(staged->id()); }));
  EXPECT_TRUE(refused([&] { return store().Discard(staged->id()); }));
  EXPECT_TRUE(refused([&] { return store().Remove(digest); }));
  EXPECT_TRUE(refused([&] { return store().Owner(); }));
  EXPECT_TRUE(refused([&] { return store().Claim("somebody"); }));
  EXPECT_TRUE(refused(
      [&] { return store().ListStaged([](const BlobStore::StagedInfo&) { return Ok(); }); }));
  EXPECT_TRUE(refused(
      [&] { return store().List([](const oci::Digest&, std::uint64_t) { return Ok(); }); }));
  EXPECT_EQ(*ReadText(store(), digest), "there");
  EXPECT_TRUE(CommitOne(store(), *staged, DigestOf("more")).ok());
}

TEST_P(BlobStoreConformance, EmptyBlobAndSha512AreBlobsToo) {
  Put("");
  EXPECT_EQ(*ReadText(store(), DigestOf("")), "");
  const auto long_digest = oci::Digest::Of(AsBytes("abc"), crypto::HashAlgorithm::kSha512);
  ASSERT_TRUE(CommitOne(store(), *StageText(store(), "abc"), long_digest).ok());
  EXPECT_EQ(*ReadText(store(), long_digest), "abc");
  EXPECT_FALSE(store().Open(DigestOf("abc")).ok());
}

TEST_P(BlobStoreConformance, LargeBlobInManyPieces) {
  std::string piece(1 << 20, '\0');
  for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = static_cast<char>(i * 7 + i / 256);
  crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  auto staged = store().Stage();
  ASSERT_TRUE(staged.ok());
  for (int i = 0; i < 20; ++i) {
    piece[0] = static_cast<char>(i);
    ASSERT_TRUE((*staged)->Append(AsBytes(piece)).ok());
    hasher.Update(piece);
  }
  const auto digest = oci::Digest::FromHash(crypto::HashAlgorithm::kSha256, hasher.Finish());
  ASSERT_TRUE(CommitOne(store(), **staged, digest).ok());
  const auto content = ReadText(store(), digest);
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(DigestOf(*content), digest);
}

TEST_P(BlobStoreConformance, RangesInsideAreReadAndOthersRefused) {
  Put("0123456789");
  const auto blob = store().Open(DigestOf("0123456789"));
  ASSERT_TRUE(blob.ok());
  EXPECT_EQ((*blob)->size(), 10U);
  const auto read = [&](std::uint64_t offset, std::uint64_t length) -> Result<std::string> {
    BW_TRY(const auto source, (*blob)->Read(offset, length));
    return io::ReadAll(*source, 100);
  };
  EXPECT_EQ(*read(0, 10), "0123456789");
  EXPECT_EQ(*read(3, 4), "3456");
  EXPECT_EQ(*read(9, 1), "9");
  EXPECT_EQ(*read(10, 0), "");
  for (const auto& [offset, length] : {std::pair{std::uint64_t{0}, std::uint64_t{11}},
                                       {std::uint64_t{10}, std::uint64_t{1}},
                                       {std::uint64_t{11}, std::uint64_t{0}},
                                       {std::uint64_t{5}, UINT64_MAX}}) {
    const auto refused = read(offset, length);
    ASSERT_FALSE(refused.ok()) << offset << " " << length;
    EXPECT_EQ(refused.error().code(), ErrorCode::kRangeInvalid);
  }
}

TEST_P(BlobStoreConformance, UploadGoesOnAfterARestart) {
  const std::string id = StageText(store(), "first ")->id();
  Reopen();
  EXPECT_EQ(StagedSizes(store()), (std::map<std::string, std::uint64_t>{{id, 6}}));
  auto staged = store().Resume(id);
  ASSERT_TRUE(staged.ok());
  EXPECT_EQ((*staged)->id(), id);
  EXPECT_EQ((*staged)->size(), 6U);
  ASSERT_TRUE((*staged)->Append(AsBytes("second")).ok());
  const auto source = (*staged)->Read();
  ASSERT_TRUE(source.ok());
  EXPECT_EQ(*io::ReadAll(**source, 100), "first second");
  ASSERT_TRUE(CommitOne(store(), **staged, DigestOf("first second")).ok());
  EXPECT_EQ(*ReadText(store(), DigestOf("first second")), "first second");
}

TEST_P(BlobStoreConformance, HandleThatGoesAwayLosesAtMostWhatFollowsItsLastFlush) {
  std::string id;
  {
    const auto staged = store().Stage();
    ASSERT_TRUE(staged.ok());
    id = (*staged)->id();
    ASSERT_TRUE((*staged)->Append(AsBytes("kept ")).ok());
    ASSERT_TRUE((*staged)->Flush().ok());
    ASSERT_TRUE((*staged)->Append(AsBytes("perhaps")).ok());
  }
  Reopen();
  auto resumed = store().Resume(id);
  ASSERT_TRUE(resumed.ok());
  const auto source = (*resumed)->Read();
  ASSERT_TRUE(source.ok());
  const std::string found = *io::ReadAll(**source, 100);
  EXPECT_EQ(found.size(), (*resumed)->size());
  EXPECT_GE(found.size(), 5U);
  EXPECT_EQ(found, std::string_view("kept perhaps").substr(0, found.size()));
}

TEST_P(BlobStoreConformance, DigestThatIsThereAlreadyIsSuccessAndDropsTheUpload) {
  Put("same");
  const auto staged = StageText(store(), "same");
  EXPECT_TRUE(CommitOne(store(), *staged, DigestOf("same")).ok());
  EXPECT_FALSE(store().Resume(staged->id()).ok());
  EXPECT_TRUE(StagedSizes(store()).empty());
  // Once more, as a caller does that did not get the answer.
  EXPECT_TRUE(CommitOne(store(), *staged, DigestOf("same")).ok());
}

TEST_P(BlobStoreConformance, UnknownUploadsAreNotFoundWhateverTheirName) {
  const std::string known = StageText(store(), "x")->id();
  for (const std::string& id :
       {std::string(), std::string("."), std::string(".."), "../" + known, known + "/",
        "./" + known, std::string("../blobs"), std::string(known.size(), 'f'),
        std::string(10'000, 'a'), known + std::string(1, '\0')}) {
    const auto resumed = store().Resume(id);
    ASSERT_FALSE(resumed.ok()) << id;
    EXPECT_EQ(resumed.error().code(), ErrorCode::kNotFound) << id;
    EXPECT_TRUE(store().Discard(id).ok()) << id;
  }
  EXPECT_TRUE(store().Resume(known).ok());
}

TEST_P(BlobStoreConformance, DiscardedUploadIsGone) {
  const std::string id = StageText(store(), "x")->id();
  EXPECT_TRUE(store().Discard(id).ok());
  EXPECT_TRUE(store().Discard(id).ok());
  EXPECT_FALSE(store().Resume(id).ok());
  EXPECT_TRUE(StagedSizes(store()).empty());
}

TEST_P(BlobStoreConformance, GroupMayHoldOneDigestTwice) {
  std::vector<std::unique_ptr<Staged>> uploads;
  std::vector<CommitItem> items;
  for (const char* content : {"a", "c", "c"}) {
    uploads.push_back(StageText(store(), content));
    items.push_back({uploads.back().get(), DigestOf(content)});
  }
  const auto outcomes = store().Commit(items);
  ASSERT_EQ(outcomes.size(), 3U);
  for (const Status& outcome : outcomes) EXPECT_TRUE(outcome.ok());
  EXPECT_EQ(*ReadText(store(), DigestOf("a")), "a");
  EXPECT_EQ(*ReadText(store(), DigestOf("c")), "c");
  EXPECT_TRUE(StagedSizes(store()).empty());
  EXPECT_TRUE(store().Commit({}).empty());
}

TEST_P(BlobStoreConformance, ManyThreadsCommitGroupsThatOverlap) {
  constexpr int kThreads = 4;
  constexpr int kItems = 16;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      std::vector<std::unique_ptr<Staged>> uploads;
      std::vector<CommitItem> items;
      for (int i = 0; i < kItems; ++i) {
        // Every other content is everybody's.
        const std::string content =
            std::to_string(i) + (i % 2 == 0 ? "" : " of " + std::to_string(t));
        uploads.push_back(StageText(store(), content));
        items.push_back({uploads.back().get(), DigestOf(content)});
      }
      for (const Status& status : store().Commit(items)) EXPECT_TRUE(status.ok());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> listed;
  ASSERT_TRUE(store()
                  .List([&](const oci::Digest& digest, std::uint64_t size) {
                    EXPECT_TRUE(listed.insert(digest.text()).second);
                    const auto content = ReadText(store(), digest);
                    EXPECT_TRUE(content.ok() && content->size() == size &&
                                DigestOf(*content) == digest);
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(listed.size(), std::size_t{kItems / 2 + kThreads * kItems / 2});
  EXPECT_TRUE(StagedSizes(store()).empty());
}

TEST_P(BlobStoreConformance, RemovedBlobIsNotFoundAndCanComeBack) {
  Put("x");
  EXPECT_TRUE(store().Remove(DigestOf("x")).ok());
  EXPECT_TRUE(store().Remove(DigestOf("x")).ok());
  const auto opened = store().Open(DigestOf("x"));
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code(), ErrorCode::kNotFound);
  Put("x");
  EXPECT_EQ(*ReadText(store(), DigestOf("x")), "x");
}

TEST_P(BlobStoreConformance, ListingGoesOnBehindADigest) {
  std::set<std::string> all;
  for (int i = 0; i < 20; ++i) {
    Put(std::to_string(i));
    all.insert(DigestOf(std::to_string(i)).text());
  }
  const auto listed_after = [&](const std::string& after) {
    std::vector<std::string> listed;
    EXPECT_TRUE(store()
                    .ListAfter(after,
                               [&](const oci::Digest& digest, std::uint64_t) {
                                 listed.push_back(digest.text());
                                 return Ok();
                               })
                    .ok());
    return listed;
  };
  EXPECT_EQ(listed_after(""), std::vector<std::string>(all.begin(), all.end()));
  for (auto one = all.begin(); one != all.end(); ++one) {
    EXPECT_EQ(listed_after(*one), std::vector<std::string>(std::next(one), all.end()));
  }
}

TEST_P(BlobStoreConformance, ListingStopsAtTheVisitorsError) {
  for (const char* content : {"a", "b", "c"}) {
    Put(content);
    StageText(store(), content);
  }
  int blobs = 0;
  const Status listed = store().List([&](const oci::Digest&, std::uint64_t) -> Status {
    return ++blobs == 2 ? Status(TooLarge("enough")) : Ok();
  });
  EXPECT_EQ(listed.error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(blobs, 2);
  int uploads = 0;
  const Status staged = store().ListStaged([&](const BlobStore::StagedInfo& info) -> Status {
    EXPECT_GT(ToMicros(info.modified), 0);
    return ++uploads == 1 ? Status(TooLarge("enough")) : Ok();
  });
  EXPECT_EQ(staged.error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(uploads, 1);
}

}  // namespace breakwater::blob::testing
