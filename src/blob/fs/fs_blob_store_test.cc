#include "blob/fs/fs_blob_store.h"

#include <algorithm>
#include <cerrno>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sync.h"
#include "base/testing.h"
#include "blob/blob_store_conformance.h"
#include "io/file.h"
#include "io/file_faults.h"

namespace breakwater::blob {
namespace {

using breakwater::testing::TempDir;
using testing::BlobStoreBackend;
using testing::BlobStoreConformance;
using testing::CommitOne;
using testing::DigestOf;
using testing::ReadText;
using testing::StagedSizes;
using testing::StageText;

class FsTestStore final : public testing::TestStore {
 public:
  explicit FsTestStore(Durability durability) : durability_(durability) { Reopen(); }
  BlobStore& store() override { return *store_; }
  void Reopen() override {
    auto opened = OpenFsBlobStore({.root = directory_.path() / "blobs", .durability = durability_});
    BW_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

 private:
  TempDir directory_;
  Durability durability_;
  std::unique_ptr<BlobStore> store_;
};

BlobStoreBackend Backend(std::string name, Durability durability) {
  return {std::move(name), [durability] { return std::make_unique<FsTestStore>(durability); }};
}

INSTANTIATE_TEST_SUITE_P(Fs, BlobStoreConformance,
                         ::testing::Values(Backend("strict", Durability::kStrict),
                                           Backend("none", Durability::kNone)),
                         [](const auto& test) { return test.param.name; });

// Writes down the calls, and fails the one at `fail_at` (from 0).
class Faults final : public io::FileFaults {
 public:
  explicit Faults(std::size_t fail_at = SIZE_MAX, int error = EIO)
      : fail_at_(fail_at), error_(error) {}
  int Before(io::FileCall call) override {
    const MutexLock lock(mutex_);
    calls_.push_back(call);
    return calls_.size() - 1 == fail_at_ ? error_ : 0;
  }
  std::vector<io::FileCall> calls() const { return calls_; }

 private:
  const std::size_t fail_at_;
  const int error_;
  Mutex mutex_;
  std::vector<io::FileCall> calls_;
};

class FsBlobStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<BlobStore> Open(Durability durability = Durability::kStrict) {
    auto opened = OpenFsBlobStore({.root = root_, .durability = durability, .sync_threads = 2});
    EXPECT_TRUE(opened.ok());
    return *std::move(opened);
  }
  std::filesystem::path PathOf(const oci::Digest& digest) const {
    return root_ / "blobs" / digest.algorithm_name() / digest.hex().substr(0, 2) / digest.hex();
  }
  void Overwrite(const std::filesystem::path& path, std::string_view content) {
    ASSERT_TRUE(io::WriteFileDurably(path, AsBytes(content)).ok());
  }

  TempDir directory_;
  std::filesystem::path root_ = directory_.path() / "store";
};

TEST_F(FsBlobStoreTest, BlobsAreFilesUnderTheirDigestForTheirOwnerAlone) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "x"), DigestOf("x")).ok());
  struct stat status{};
  ASSERT_EQ(::stat(PathOf(DigestOf("x")).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(root_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(FsBlobStoreTest, SyncsContentsThenMovesThenSyncsEachDirectoryOnce) {
  const auto store = Open();
  std::vector<std::unique_ptr<Staged>> uploads;
  std::vector<CommitItem> items;
  const auto stage = [&](const char* content) {
    uploads.push_back(StageText(*store, content));
    items.push_back({uploads.back().get(), DigestOf(content)});
  };
  for (const char* content : {"a", "b"}) stage(content);
  for (const Status& status : store->Commit(items)) ASSERT_TRUE(status.ok());
  items.clear();
  // The same contents again after their removal: their shards are known by now.
  for (const char* content : {"a", "b"}) {
    ASSERT_TRUE(store->Remove(DigestOf(content)).ok());
    stage(content);
  }
  Faults recorder;
  {
    const io::ScopedFileFaults scope(recorder);
    for (const Status& status : store->Commit(items)) ASSERT_TRUE(status.ok());
  }
  auto calls = recorder.calls();
  std::erase(calls, io::FileCall::kOpen);
  std::erase(calls, io::FileCall::kOpenDirectory);
  using enum io::FileCall;
  EXPECT_EQ(calls, (std::vector{kSync, kSync, kRename, kRename, kSyncDirectory, kSyncDirectory,
                                kSyncDirectory}));  // two shards and the staging directory
}

TEST_F(FsBlobStoreTest, NewShardIsSyncedWithItsParents) {
  const auto store = Open();
  const auto staged = StageText(*store, "a");
  Faults recorder;
  {
    const io::ScopedFileFaults scope(recorder);
    ASSERT_TRUE(CommitOne(*store, *staged, DigestOf("a")).ok());
  }
  const auto calls = recorder.calls();
  const auto made = std::ranges::find(calls, io::FileCall::kCreate);
  const auto moved = std::ranges::find(calls, io::FileCall::kRename);
  ASSERT_TRUE(made < moved && moved != calls.end());
  EXPECT_GE(std::count(made, moved, io::FileCall::kSyncDirectory), 2);
}

TEST_F(FsBlobStoreTest, WithoutDurabilityNothingIsSynced) {
  const auto store = Open(Durability::kNone);
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "a"), DigestOf("a")).ok());
  ASSERT_TRUE(store->Remove(DigestOf("a")).ok());
  Faults recorder;
  {
    const io::ScopedFileFaults scope(recorder);
    ASSERT_TRUE(CommitOne(*store, *StageText(*store, "a"), DigestOf("a")).ok());
  }
  const auto calls = recorder.calls();
  EXPECT_EQ(std::ranges::count(calls, io::FileCall::kSync), 0);
  EXPECT_EQ(std::ranges::count(calls, io::FileCall::kSyncDirectory), 0);
}

TEST_F(FsBlobStoreTest, WhicheverCallFailsNothingFalseIsSeenAndAnotherAttemptSucceeds) {
  const std::vector<std::string> contents{"one", "two", "three"};
  bool done = false;
  int failures = 0;
  for (std::size_t n = 0; !done; ++n) {
    ASSERT_LT(n, 200U);
    root_ = directory_.path() / ("store" + std::to_string(n));
    const auto store = Open();
    Faults faults(n);
    std::vector<Status> outcomes(contents.size(), Unavailable("not staged"));
    {
      const io::ScopedFileFaults scope(faults);
      std::vector<std::unique_ptr<Staged>> uploads;
      std::vector<CommitItem> items;
      for (const std::string& content : contents) {
        auto staged = store->Stage();
        if (!staged.ok() || !(*staged)->Append(AsBytes(content)).ok()) break;
        uploads.push_back(*std::move(staged));
        items.push_back({uploads.back().get(), DigestOf(content)});
      }
      if (items.size() == contents.size()) outcomes = store->Commit(items);
    }
    done = faults.calls().size() <= n;
    for (std::size_t i = 0; i < contents.size(); ++i) {
      const auto digest = DigestOf(contents[i]);
      const auto read = ReadText(*store, digest);
      if (outcomes[i].ok()) {
        EXPECT_TRUE(read.ok()) << n;
      } else {
        ++failures;
        EXPECT_EQ(outcomes[i].error().code(), ErrorCode::kUnavailable) << n;
        EXPECT_FALSE(done);
      }
      if (read.ok()) {
        EXPECT_EQ(*read, contents[i]) << n;
      }
      EXPECT_TRUE(CommitOne(*store, *StageText(*store, contents[i]), digest).ok()) << n;
      EXPECT_EQ(*ReadText(*store, digest), contents[i]) << n;
    }
    for (const auto& [id, size] : StagedSizes(*store)) EXPECT_TRUE(store->Discard(id).ok());
    EXPECT_TRUE(StagedSizes(*store).empty());
  }
  EXPECT_GT(failures, 10);
}

TEST_F(FsBlobStoreTest, FailedSyncDropsTheUpload) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "a"), DigestOf("a")).ok());
  ASSERT_TRUE(store->Remove(DigestOf("a")).ok());
  const auto staged = StageText(*store, "a");
  Faults faults(1);  // the file's opening is 0, its sync 1
  {
    const io::ScopedFileFaults scope(faults);
    EXPECT_FALSE(CommitOne(*store, *staged, DigestOf("a")).ok());
  }
  ASSERT_EQ(faults.calls()[1], io::FileCall::kSync);
  EXPECT_EQ(CommitOne(*store, *staged, DigestOf("a")).error().code(), ErrorCode::kNotFound);
}

TEST_F(FsBlobStoreTest, FailedAppendAddsNothingAndTheUploadGoesOn) {
  const auto store = Open();
  const auto staged = *store->Stage();
  ASSERT_TRUE(staged->Append(AsBytes("abc")).ok());
  {
    Faults full(0, ENOSPC);
    const io::ScopedFileFaults scope(full);
    const Status status = staged->Append(AsBytes("def"));
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().reason(), "storage_full");
  }
  EXPECT_EQ(staged->size(), 3U);
  ASSERT_TRUE(staged->Append(AsBytes("ghi")).ok());
  ASSERT_TRUE(CommitOne(*store, *staged, DigestOf("abcghi")).ok());
  EXPECT_EQ(*ReadText(*store, DigestOf("abcghi")), "abcghi");
}

TEST_F(FsBlobStoreTest, DamagedBlobOfAnotherSizeIsReplacedByTheVerifiedBytes) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "content"), DigestOf("content")).ok());
  Overwrite(PathOf(DigestOf("content")), "con");
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "content"), DigestOf("content")).ok());
  EXPECT_EQ(*ReadText(*store, DigestOf("content")), "content");
}

TEST_F(FsBlobStoreTest, OpenBlobStaysReadableAfterItsRemoval) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "content"), DigestOf("content")).ok());
  auto blob = *store->Open(DigestOf("content"));
  EXPECT_GE(blob->file_descriptor(), 0);
  const auto source = *blob->Read(3, 4);
  ASSERT_TRUE(store->Remove(DigestOf("content")).ok());
  blob.reset();
  EXPECT_EQ(*io::ReadAll(*source, 100), "tent");
}

TEST_F(FsBlobStoreTest, ShortenedBlobIsDataCorruptWhileItIsRead) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "content"), DigestOf("content")).ok());
  const auto blob = *store->Open(DigestOf("content"));
  const auto source = *blob->Read(0, 7);
  ASSERT_EQ(::truncate(PathOf(DigestOf("content")).c_str(), 2), 0);
  const auto read = io::ReadAll(*source, 100);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kDataCorrupt);
}

TEST_F(FsBlobStoreTest, ForeignFilesAreNeitherUploadsNorBlobs) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "x"), DigestOf("x")).ok());
  const auto shard = PathOf(DigestOf("x")).parent_path();
  Overwrite(root_ / "staging" / "notes.txt", "n");
  Overwrite(root_ / "staging" / "tmp-short", "n");
  Overwrite(root_ / "blobs" / "README", "n");
  Overwrite(shard / "README", "n");
  Overwrite(shard / std::string(64, shard.filename().string() == "ff" ? '0' : 'f'), "n");
  std::filesystem::create_directory(root_ / "staging" / ("tmp-" + std::string(32, 'a')));
  int blobs = 0;
  ASSERT_TRUE(store
                  ->List([&](const oci::Digest& digest, std::uint64_t size) {
                    ++blobs;
                    EXPECT_EQ(digest, DigestOf("x"));
                    EXPECT_EQ(size, 1U);
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(blobs, 1);
  EXPECT_TRUE(StagedSizes(*store).empty());
}

TEST_F(FsBlobStoreTest, ShardRemovedByHandIsMadeAgain) {
  const auto store = Open();
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "x"), DigestOf("x")).ok());
  std::filesystem::remove_all(root_ / "blobs" / "sha256");
  ASSERT_TRUE(CommitOne(*store, *StageText(*store, "x"), DigestOf("x")).ok());
  EXPECT_EQ(*ReadText(*store, DigestOf("x")), "x");
}

}  // namespace
}  // namespace breakwater::blob
