// Backups of servers and networks that fail now and then.
#include <algorithm>
#include <filesystem>

#include <gtest/gtest.h>

#include "admin/backup_snapshot.h"
#include "admin/backup_testing.h"
#include "registry/backup_hold.h"

namespace breakwater::admin {
namespace {

namespace fs = std::filesystem;

using std::chrono::milliseconds;
using std::chrono::minutes;
using testing::Bytes;
using testing::Source;

constexpr std::size_t kAll = std::size_t(-1);

// Breaks off behind so many bytes.
class Breaking final : public io::Source {
 public:
  Breaking(std::unique_ptr<io::Source> source, std::size_t bytes)
      : source_(std::move(source)), left_(bytes) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (left_ == 0) return Unavailable("the connection was lost").Reason("request_failed");
    BW_TRY(const std::size_t count, source_->Read(out.first(std::min(out.size(), left_))));
    if (left_ != kAll) left_ -= count;
    return count;
  }

 private:
  std::unique_ptr<io::Source> source_;
  std::size_t left_;
};

// The next of a list; the last for ever.
template <class T>
T Next(std::vector<T>& list) {
  T next = list.front();
  if (list.size() > 1) list.erase(list.begin());
  return next;
}

// "a directory" and "a tar file".
class UnsteadyBackups : public ::testing::TestWithParam<std::string> {
 protected:
  UnsteadyBackups() {
    patience_.now = [this] { return now_; };
    patience_.pause = [this](milliseconds time) {
      now_ += time;
      pauses_.push_back(time);
    };
  }
  fs::path Path() const { return fs::path(directory_.path()) / ("backup" + GetParam()); }

  BackupFeed Feed() {
    BackupFeed feed;
    feed.snapshot = [this]() -> Result<std::unique_ptr<io::Source>> {
      ++snapshots_;
      BW_TRY_STATUS(Next(snapshot_refusals_));
      BW_TRY(auto stream, steady_.snapshot());
      return Wrapped(std::move(stream), Next(snapshot_breaks_));
    };
    feed.blob = [this](const NamedBlob& blob,
                       std::uint64_t from) -> Result<std::unique_ptr<io::Source>> {
      asked_.push_back(from);
      BW_TRY_STATUS(Next(blob_refusals_));
      BW_TRY(auto stream, steady_.blob(blob, from));
      return Wrapped(std::move(stream), Next(blob_breaks_));
    };
    feed.keep = [this](const NamedBlob& blob) -> Status {
      ++kept_;
      BW_TRY_STATUS(Next(keep_refusals_));
      return steady_.keep(blob);
    };
    return feed;
  }
  Result<TakenBackup> Take() { return TakeBackup(Feed(), Path(), patience_); }
  // Files that were read, with their number; -1 if it is not whole.
  std::int64_t WholeBlobs() {
    const auto reader = OpenBackup(Path(), "");
    if (!reader.ok()) return -1;
    BackupVisitor visitor;
    visitor.damaged = [](const Error& error) -> Status { return error; };
    const auto contents = PassThrough(**reader, visitor);
    return contents.ok() ? contents->blobs : -1;
  }
  std::size_t Snapshots() const {
    const fs::path all = Path() / "snapshots";
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(all), fs::directory_iterator()));
  }
  void RemoveAll() {
    ASSERT_TRUE(from_.world.services->namespaces
                    .Delete(from_.world.Caller(), AccountId("acc"), from_.world.registry(), "team")
                    .ok());
    from_.world.clock.Advance(std::chrono::hours{1});
    from_.world.Collect();
    from_.world.Collect();
    ASSERT_EQ(from_.world.Count("blob"), 0);
  }

  breakwater::testing::TempDir directory_;
  Source from_;
  BackupSource source_{{.piece = {.rows = 7, .bytes = 8 << 20}, .program = "test"},
                       from_.world.database,
                       from_.world.store,
                       from_.world.clock};
  const BackupFeed steady_ = testing::FeedOf(source_);

  Patience patience_;
  PatientClock::time_point now_{};
  std::vector<milliseconds> pauses_;

  // What becomes of the first, second, … request, and of all behind.
  std::vector<Status> snapshot_refusals_{Ok()};
  std::vector<std::size_t> snapshot_breaks_{kAll};
  std::vector<Status> blob_refusals_{Ok()};
  std::vector<std::size_t> blob_breaks_{kAll};
  std::vector<Status> keep_refusals_{Ok()};
  int snapshots_ = 0;
  int kept_ = 0;
  std::vector<std::uint64_t> asked_;  // from which bytes on

 private:
  static std::unique_ptr<io::Source> Wrapped(std::unique_ptr<io::Source> source,
                                             std::size_t bytes) {
    return std::make_unique<Breaking>(std::move(source), bytes);
  }
};

INSTANTIATE_TEST_SUITE_P(Forms, UnsteadyBackups, ::testing::Values("", ".tar"),
                         [](const auto& form) { return form.param.empty() ? "Directory" : "Tar"; });

TEST_P(UnsteadyBackups, AServerThatIsBusyIsWaitedFor) {
  const Error busy = Unavailable("too many changes at once").Reason("database_busy");
  const Error asked = Error(ErrorCode::kRateLimited, "slower").Detail("retry_after", "7");
  snapshot_refusals_ = {busy, asked, Conflict("another").Reason("backup_running"), Ok()};
  keep_refusals_ = {busy, Ok()};
  blob_refusals_ = {DeadlineExceeded("the database took too long"), Ok(), busy, busy, Ok()};
  const auto taken = Take();
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ(taken->blobs, 3);
  EXPECT_EQ(WholeBlobs(), 3);
  EXPECT_EQ(snapshots_, 4);
  EXPECT_EQ(pauses_,
            (std::vector<milliseconds>{milliseconds(500), milliseconds(7000), milliseconds(2000),
                                       milliseconds(500), milliseconds(500), milliseconds(500),
                                       milliseconds(1000)}));
}

TEST_P(UnsteadyBackups, WhatNoTimeCuresIsSaidAtOnce) {
  snapshot_refusals_ = {Denied("no")};
  EXPECT_EQ(Take().error().code(), ErrorCode::kDenied);
  snapshot_refusals_ = {Ok()};
  blob_refusals_ = {DataCorrupt("the blob store has lost it").Reason("blob_lost")};
  const auto taken = Take();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().reason(), "blob_lost");
  EXPECT_TRUE(pauses_.empty());
  EXPECT_EQ(WholeBlobs(), -1);
}

TEST_P(UnsteadyBackups, ABlobThatBreaksOffIsFetchedFromThereOn) {
  patience_.attempts = 2;  // each piece is progress
  constexpr std::size_t kPiece = 1'100'000;
  blob_breaks_ = {kPiece};
  const auto taken = Take();
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ(WholeBlobs(), 3);
  std::vector<std::uint64_t> later;
  std::ranges::copy_if(asked_, std::back_inserter(later), [](std::uint64_t at) { return at > 0; });
  EXPECT_EQ(later, (std::vector<std::uint64_t>{kPiece, 2 * kPiece}));
}

TEST_P(UnsteadyBackups, ABlobThatGetsNoFurtherIsGivenUp) {
  patience_.attempts = 5;
  blob_breaks_ = {10};
  const auto taken = Take();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code(), ErrorCode::kUnavailable);
  EXPECT_EQ(asked_, (std::vector<std::uint64_t>{0, 10, 20, 30, 40}));
  EXPECT_EQ(WholeBlobs(), -1);
}

TEST_P(UnsteadyBackups, ASnapshotThatBreaksOffIsTakenAnew) {
  snapshot_breaks_ = {0, 20'000, kAll};
  const auto taken = Take();
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ(snapshots_, 3);
  EXPECT_EQ(WholeBlobs(), 3);
  if (!GetParam().empty()) return;
  EXPECT_EQ(Snapshots(), 1U) << "what broke off leaves nothing";
}

TEST_P(UnsteadyBackups, ASnapshotThatAlwaysBreaksOffIsGivenUp) {
  snapshot_breaks_ = {20'000};
  const auto taken = Take();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().reason(), "request_failed");
  EXPECT_EQ(snapshots_, 3);
  EXPECT_EQ(WholeBlobs(), -1);
}

// The computer that takes it has slept, say.
TEST_P(UnsteadyBackups, OneWhoseBlobsWereRemovedIsBegunAnew) {
  patience_.pause = [](milliseconds) {};
  BackupFeed feed = Feed();
  feed.keep = [](const NamedBlob&) { return Ok(); };
  feed.blob = [&, first = true](const NamedBlob& blob,
                                std::uint64_t from) mutable -> Result<std::unique_ptr<io::Source>> {
    if (std::exchange(first, false)) {
      RemoveAll();
      from_.Push("team/again", {Bytes(90'000, 'n')}, "v1");
    }
    return steady_.blob(blob, from);
  };
  const auto taken = TakeBackup(feed, Path(), patience_);
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ(snapshots_, 2);
  EXPECT_EQ(taken->blobs, 1);
  EXPECT_EQ(WholeBlobs(), 1);
}

TEST_P(UnsteadyBackups, ABlobThatTheStoreHasLostIsSaidToBeLost) {
  const auto digest = oci::Digest::Of(AsBytes(Bytes(70'000, 'b')));
  ASSERT_TRUE(from_.world.disk->Remove(digest).ok());
  const auto taken = Take();
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().reason(), "blob_lost");
  EXPECT_NE(taken.error().message().find(digest.text()), std::string::npos);
}

class UnsteadyDirectories : public UnsteadyBackups {};
INSTANTIATE_TEST_SUITE_P(Forms, UnsteadyDirectories, ::testing::Values(""));

// Reading them takes longer than a hold lasts, and asks the server for nothing.
TEST_P(UnsteadyDirectories, BlobsStayHeldWhileThoseThatAreThereAreRead) {
  ASSERT_TRUE(Take().ok());
  EXPECT_EQ(kept_, 1) << "within a minute";
  kept_ = 0;
  from_.world.clock.Advance(std::chrono::hours{1});
  BackupFeed feed = Feed();
  feed.progress = [&](const BackupProgress& progress) {
    if (progress.blobs == 0) return;
    now_ += minutes(9);
    from_.world.clock.Advance(minutes(9));
    EXPECT_GT(*registry::BlobsHeldUntil(from_.db()), from_.world.clock.Now());
  };
  const auto taken = TakeBackup(feed, Path(), patience_);
  ASSERT_TRUE(taken.ok()) << taken.error().message();
  EXPECT_EQ(taken->blobs_were_there, 3);
  EXPECT_EQ(kept_, 3);
}

TEST_P(UnsteadyDirectories, OneThatIsFinishedIsNotWrittenOver) {
  ASSERT_TRUE(Take().ok());
  EXPECT_EQ(Take().error().code(), ErrorCode::kExists) << "of the same moment";
  EXPECT_EQ(WholeBlobs(), 3);
}

TEST_P(UnsteadyDirectories, TheLatestIsTheLatestOfAWholeSecondToo) {
  from_.world.clock.Set(FromMicros(1'800'000'000'000'000));
  const auto first = Take();
  ASSERT_TRUE(first.ok());
  from_.world.clock.Advance(std::chrono::microseconds(5));
  const auto second = Take();
  ASSERT_TRUE(second.ok());
  EXPECT_LT(first->name, second->name);
}

// --- The server's side ---

// Statements with a text in them fail while they are told to; and a transaction, once, before its
// first statement, after which it is run again, as it is where a connection has died.
class RefusingDatabase final : public db::Database {
 public:
  explicit RefusingDatabase(db::Database& inner) : inner_(inner) {}
  std::string refused;
  bool dies = false;
  db::Dialect dialect() const override { return inner_.dialect(); }

 protected:
  Status DoRead(const Work& work) override {
    if (std::exchange(dies, false)) {
      EXPECT_FALSE(inner_.Read(Refusing(work, "")).ok());
    }
    return refused.empty() ? inner_.Read(work) : inner_.Read(Refusing(work, refused));
  }
  Status DoWrite(const Work& work, db::Isolation isolation) override {
    return refused.empty() ? inner_.Write(work, isolation)
                           : inner_.Write(Refusing(work, refused), isolation);
  }

 private:
  class Transaction final : public db::Transaction {
   public:
    Transaction(db::Transaction& inner, const std::string& text) : inner_(inner), text_(text) {}
    Result<std::int64_t> ExecuteWith(std::string_view sql, Params params) override {
      if (sql.find(text_) != std::string_view::npos) return Gone();
      return inner_.ExecuteWith(sql, params);
    }
    Status QueryWith(std::string_view sql, Params params, const RowCallback& row) override {
      if (sql.find(text_) != std::string_view::npos) return Gone();
      return inner_.QueryWith(sql, params, row);
    }
    Status ExecuteScript(std::string_view sql) override { return inner_.ExecuteScript(sql); }
    void OnCommit(std::function<void()> action) override { inner_.OnCommit(std::move(action)); }

   private:
    static Error Gone() { return Unavailable("the database does not answer"); }
    db::Transaction& inner_;
    const std::string text_;
  };
  static Work Refusing(const Work& work, const std::string& text) {
    return [&work, text](db::Transaction& tx) {
      Transaction refusing(tx, text);
      return work(refusing);
    };
  }
  db::Database& inner_;
};

class SnapshotTest : public ::testing::Test {
 protected:
  Source from_;
  RefusingDatabase database_{from_.db()};
  BackupSource source_{{.piece = {.rows = 7, .bytes = 8 << 20}, .program = "test"},
                       database_,
                       from_.world.store,
                       from_.world.clock};
};

TEST_F(SnapshotTest, AHoldThatCannotBeRenewedNowEndsNothingUntilItIsOver) {
  const auto snapshot = source_.Snapshot();
  ASSERT_TRUE(snapshot.ok());
  breakwater::Bytes piece(512);
  ASSERT_TRUE((*snapshot)->Read(piece).ok());
  database_.refused = "backup_hold";
  for (int pause = 0; pause < 3; ++pause) {
    from_.world.clock.Advance(minutes{6});
    EXPECT_TRUE((*snapshot)->Read(piece).ok()) << pause;
  }
  from_.world.clock.Advance(minutes{3});
  EXPECT_FALSE((*snapshot)->Read(piece).ok());
}

TEST_F(SnapshotTest, WhatFailedBeforeAnythingWasSentIsRunAgain) {
  auto snapshot = source_.Snapshot();
  ASSERT_TRUE(snapshot.ok());
  database_.dies = true;
  const auto rows = io::ReadAll(**snapshot, 64U << 20);
  ASSERT_TRUE(rows.ok()) << rows.error().message();
  EXPECT_FALSE(database_.dies);
}

TEST_F(SnapshotTest, WhoeverHasReadOneToItsEndMayAskForTheNext) {
  const auto first = source_.Snapshot();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(source_.Snapshot().error().reason(), "backup_running");
  ASSERT_TRUE(io::ReadAll(**first, 64U << 20).ok());
  const auto second = source_.Snapshot();
  EXPECT_TRUE(second.ok()) << "while the first is still there";
  EXPECT_EQ(source_.Snapshot().error().reason(), "backup_running");
}

TEST_F(SnapshotTest, HoldsWhatWasWrittenUntilItsFirstByteIsRead) {
  const auto snapshot = source_.Snapshot();
  ASSERT_TRUE(snapshot.ok());
  from_.Run("INSERT INTO installation (name, value) VALUES ('mark', 'it is in it')");
  EXPECT_NE(io::ReadAll(**snapshot, 64U << 20)->find("it is in it"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::admin
