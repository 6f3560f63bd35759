#include "audit/segments.h"

#include <thread>

#include <gtest/gtest.h>

#include "audit/verify.h"
#include "base/testing.h"
#include "blob/fs/fs_blob_store.h"
#include "crypto/sealing.h"
#include "db/testing.h"
#include "io/decompress.h"

namespace breakwater::audit {
namespace {

const Secret& SealingKey() {
  static const Secret key = crypto::NewSealingKey();
  return key;
}

class TrailSegments : public ::testing::Test {
 protected:
  std::unique_ptr<blob::BlobStore> OpenStore() const {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
    BW_CHECK(opened.ok());
    return *std::move(opened);
  }
  Segments Over(db::Database& database) {
    return {{.entries = 4, .rows_at_once = 3}, database, *store_, log_, heads_, clock_};
  }
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      Record record;
      record.account = AccountId("acc");
      record.action = "a";
      ASSERT_TRUE(log_.AppendAlone(record).ok());
    }
    ASSERT_TRUE(log_.Seal().ok());
  }
  // Everything, in pages of three.
  std::string Exported(const Segments& segments) {
    std::string all;
    for (std::int64_t next = 1;;) {
      std::string lines;
      const auto then = segments.Export(next, 3, 1U << 20, lines);
      EXPECT_TRUE(then.ok()) << then.error().message();
      if (!then.ok() || *then == next) return all;
      all += lines;
      next = *then;
    }
  }
  Result<FileVerification> Verify(const std::string& text) {
    io::StringSource source(text);
    FileVerifier verifier(heads_.public_key(), {});
    BW_TRY_STATUS(verifier.Add(source, "file"));
    return verifier.Finish();
  }
  std::int64_t Rows() {
    return **owner_->database().ReadValue([](db::Transaction& tx) {
      return tx.QueryOne("SELECT count(*) FROM audit_record", {},
                         [](const db::Row& row) { return row.Int(0); });
    });
  }

  testing::TempDir directory_;
  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  std::unique_ptr<blob::BlobStore> store_ = OpenStore();
  Log log_{owner_->database(), clock_};
  Heads heads_ = *Heads::Open(owner_->database(), log_, SealingKey(), clock_);
  Segments segments_ = Over(owner_->database());
};

TEST_F(TrailSegments, AreClosedWhenTheyAreFullOrOld) {
  Append(9);
  EXPECT_EQ(*segments_.Close(), 2);
  EXPECT_EQ(*segments_.Close(), 0);
  clock_.Advance(std::chrono::hours{2});
  EXPECT_EQ(*segments_.Close(), 1);
  const auto all = *segments_.List(1, 10);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].first, 1);
  EXPECT_EQ(all[1].last, 8);
  EXPECT_EQ(all[2].last, 9);
}

TEST_F(TrailSegments, EachVerifiesByItself) {
  Append(8);
  ASSERT_EQ(*segments_.Close(), 2);
  FileVerifier verifier(heads_.public_key(), {});
  const auto all = *segments_.List(1, 10);
  for (const Segment& segment : all) {
    const auto blob = store_->Open(*oci::Digest::Parse(segment.digest));
    ASSERT_TRUE(blob.ok());
    EXPECT_EQ((*blob)->size(), segment.size);
    const auto source = (*blob)->Read(0, segment.size);
    const auto plain = io::Gunzip(**source);
    ASSERT_TRUE(verifier.Add(*plain, segment.digest).ok());
  }
  const auto found = verifier.Finish();
  EXPECT_EQ(found->last, 8);
  EXPECT_EQ(found->signed_to, 8);
}

// What was lost by a restore may have been seen, and signed: its numbers are nobody else's.
TEST_F(TrailSegments, ARestoredTrailGoesOnWithNumbersThatItNeverHad) {
  Append(6);
  const std::string before = Exported(segments_);
  const auto head = *heads_.Sign();
  // As if the backup had been made after the fifth entry.
  ASSERT_TRUE(owner_->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY(const auto hash,
                           tx.QueryOne("SELECT hash FROM audit_record WHERE sequence = 5", {},
                                       [](const db::Row& row) { return row.String(0); }));
                    BW_TRY_STATUS(tx.Execute("DELETE FROM audit_record WHERE sequence = 6"));
                    BW_TRY_STATUS(tx.Execute("DELETE FROM audit_head"));
                    BW_TRY_STATUS(tx.Execute(
                        "UPDATE audit_chain SET sequence = 5, hash = $1 WHERE id = 1", {*hash}));
                    return log_.Continue(tx, AccountId("acc"));
                  })
                  .ok());
  Append(6);
  ASSERT_TRUE(heads_.Sign().ok());
  const std::int64_t end = log_.End()->sequence;
  EXPECT_GT(end, 1'000'000);
  EXPECT_TRUE(log_.Verify().ok());
  EXPECT_EQ(*segments_.CountAfter(0), 12);
  EXPECT_EQ(*segments_.CountAfter(3), 9);

  const auto check = [&](const std::string& text, std::int64_t repeated) {
    io::StringSource source(text);
    FileVerifier verifier(heads_.public_key(), {*head});
    const Status added = verifier.Add(source, "file");
    ASSERT_TRUE(added.ok()) << added.error().message();
    const auto found = verifier.Finish();
    ASSERT_TRUE(found.ok()) << found.error().message();
    EXPECT_EQ(found->last, end);
    EXPECT_EQ(found->continued, std::vector<std::int64_t>{5});
    EXPECT_EQ(found->repeated, repeated);
  };
  const std::string after = Exported(segments_);
  check(after, 0);
  // A destination that had got the lost entry.
  check(before + after, 5);

  // The same out of segments, whether they hold what follows or not.
  clock_.Advance(std::chrono::hours{2});
  EXPECT_EQ(*segments_.Close(), 4);
  clock_.Advance(std::chrono::days{3});
  Append(1);
  EXPECT_EQ(*segments_.RemoveOld(1), 12);
  EXPECT_EQ(*segments_.CountAfter(3), 10);
  std::string lines;
  EXPECT_EQ(*segments_.Export(6, 1, 1, lines), end - 5);
  EXPECT_TRUE(Verify(Exported(segments_)).ok());
  EXPECT_EQ(segments_.Export(end + 5, 1, 1, lines).ok(), true);
}

// Each row that is counted is read: of a long trail, far too many for a scrape of metrics.
TEST_F(TrailSegments, EntriesInSegmentsAreCountedWithoutTheirRows) {
  Append(9);
  ASSERT_EQ(*segments_.Close(), 2);
  ASSERT_TRUE(owner_->database()
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(
                        tx.Execute("DELETE FROM audit_record WHERE sequence BETWEEN 2 AND 8"));
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(*segments_.CountAfter(0), 9);
  EXPECT_EQ(*segments_.CountAfter(6), 3);
}

TEST_F(TrailSegments, AGapThatNoContinuationExplainsIsFound) {
  Append(6);
  ASSERT_TRUE(owner_->database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute("DELETE FROM audit_record WHERE sequence = 3"));
                    return log_.Continue(tx, AccountId("acc"));
                  })
                  .ok());
  std::string lines;
  EXPECT_FALSE(segments_.Export(3, 10, 1U << 20, lines).ok());
  EXPECT_FALSE(log_.Verify().ok());
}

TEST_F(TrailSegments, WhatLeavesTheDatabaseIsStillExported) {
  Append(10);
  ASSERT_EQ(*segments_.Close(), 2);
  const std::string before = Exported(segments_);
  EXPECT_EQ(*segments_.RemoveOld(1), 0);
  clock_.Advance(std::chrono::days{2});
  EXPECT_EQ(*segments_.RemoveOld(0), 0);
  EXPECT_EQ(*segments_.RemoveOld(1), 8);
  EXPECT_EQ(Rows(), 2);
  EXPECT_EQ(*segments_.RemovedUntil(), 8);
  const std::string after = Exported(segments_);
  EXPECT_EQ(after, before);
  const auto verified = Verify(after);
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_EQ(verified->last, 10);
  EXPECT_EQ(log_.Verify()->first, 9);
  Append(1);
  EXPECT_EQ(log_.End()->sequence, 11);
}

TEST_F(TrailSegments, WhatIsInNoSegmentStaysHoweverOld) {
  Append(3);
  clock_.Advance(std::chrono::minutes{10});
  EXPECT_EQ(*segments_.Close(), 0);
  clock_.Advance(std::chrono::days{9});
  EXPECT_EQ(*segments_.RemoveOld(1), 0);
  EXPECT_EQ(Rows(), 3);
}

TEST_F(TrailSegments, ACrashAnywhereLosesNothing) {
  const int failures =
      db::testing::ForEachFault(owner_->database(), [&](db::testing::FaultyDatabase& faulty) {
        Append(4);
        (void)Over(faulty).Close();
        // The next process.
        const auto closed = segments_.Close();
        ASSERT_TRUE(closed.ok()) << closed.error().message();
        const auto all = *segments_.List(1, 1000);
        ASSERT_FALSE(all.empty());
        EXPECT_EQ(all.back().last, log_.End()->sequence);
        for (const Segment& segment : all) {
          EXPECT_TRUE(store_->Open(*oci::Digest::Parse(segment.digest)).ok());
        }
      });
  EXPECT_GT(failures, 3);
  EXPECT_TRUE(Verify(Exported(segments_)).ok());
}

TEST_F(TrailSegments, SealersAtOnceMakeOneChain) {
  // As many processes over one database as threads here.
  const auto work = [&] {
    Log mine(owner_->database(), clock_);
    for (int i = 0; i < 20; ++i) {
      Record record;
      record.account = AccountId("acc");
      record.action = "a";
      EXPECT_TRUE(mine.AppendAlone(record).ok());
      EXPECT_TRUE(mine.Seal().ok());
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  const auto verified = log_.Verify();
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_EQ(verified->sealed, 80);
  EXPECT_EQ(verified->unsealed, 0);
}

}  // namespace
}  // namespace breakwater::audit
