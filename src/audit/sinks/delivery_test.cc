#include "audit/sinks/delivery.h"

#include <gtest/gtest.h>

#include "audit/sinks/file_sink.h"
#include "audit/verify.h"
#include "base/testing.h"
#include "blob/fs/fs_blob_store.h"
#include "crypto/sealing.h"
#include "db/testing.h"
#include "io/file.h"

namespace breakwater::audit {
namespace {

const Secret& SealingKey() {
  static const Secret key = crypto::NewSealingKey();
  return key;
}

// What a destination was given, and whether it takes anything.
struct Destination {
  std::vector<std::string> taken;
  bool down = false;
  int attempts = 0;
};

class ToldSink final : public Sink {
 public:
  explicit ToldSink(Destination& destination) : destination_(destination) {}
  Status Deliver(std::span<const SinkItem> items) override {
    ++destination_.attempts;
    if (destination_.down) return Unavailable("it is down");
    for (const SinkItem& item : items) destination_.taken.push_back(item.text);
    return Ok();
  }

 private:
  Destination& destination_;
};

class TrailDelivery : public ::testing::Test {
 protected:
  void Append(int count) {
    for (int i = 0; i < count; ++i) {
      Record record;
      record.account = AccountId("acc");
      record.action = "a" + std::to_string(++made_);
      ASSERT_TRUE(log_.AppendAlone(record).ok());
    }
    ASSERT_TRUE(log_.Seal().ok());
  }
  std::unique_ptr<SinkDelivery> New(std::unique_ptr<Sink> sink, bool lines = false) {
    DeliveryOptions options{.name = "one", .lines = lines, .batch = 3, .account = AccountId("acc")};
    options.encode = [](const Record& record) { return record.action; };
    options.on_turn = [this](db::Transaction&) {
      ++turns_;
      return Ok();
    };
    return std::make_unique<SinkDelivery>(std::move(options), std::move(sink), owner_->database(),
                                          log_, heads_, segments_, clock_,
                                          [this](db::Transaction&, const SinkState& state) {
                                            alarms_.push_back(state.alarmed);
                                            return Ok();
                                          });
  }
  std::unique_ptr<SinkDelivery> ToDestination() {
    return New(std::make_unique<ToldSink>(destination_));
  }
  static void Run(SinkDelivery& delivery) {
    const Status ran = delivery.Run(std::chrono::steady_clock::now() + std::chrono::hours{1});
    ASSERT_TRUE(ran.ok()) << ran.error().message();
  }
  std::size_t Count(std::string_view action) {
    return log_.Query({.action = std::string(action)})->size();
  }

  testing::TempDir directory_;
  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  std::unique_ptr<blob::BlobStore> store_ = *blob::OpenFsBlobStore(
      {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
  Log log_{owner_->database(), clock_};
  Heads heads_ = *Heads::Open(owner_->database(), log_, SealingKey(), clock_);
  Segments segments_{{.entries = 4}, owner_->database(), *store_, log_, heads_, clock_};
  Destination destination_;
  std::vector<bool> alarms_;
  int turns_ = 0;
  int made_ = 0;
};

TEST_F(TrailDelivery, GivesEveryEntryOnceAndInOrder) {
  Append(7);
  const auto delivery = ToDestination();
  Run(*delivery);
  Append(1);
  Run(*delivery);
  Run(*ToDestination());  // of the next process
  EXPECT_EQ(destination_.taken,
            (std::vector<std::string>{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "a8"}));
  EXPECT_EQ(delivery->State()->sequence, 8);
  EXPECT_EQ(delivery->Behind()->entries, 0);
}

TEST_F(TrailDelivery, WhatWasRefusedComesAgainAndTheLagIsKnown) {
  Append(4);
  const auto delivery = ToDestination();
  destination_.down = true;
  Run(*delivery);
  EXPECT_EQ(delivery->State()->last_error, "it is down");
  clock_.Advance(std::chrono::seconds{40});
  EXPECT_EQ(delivery->Behind()->entries, 4);
  EXPECT_EQ(delivery->Behind()->oldest, std::chrono::seconds{40});
  destination_.down = false;
  Run(*delivery);
  EXPECT_EQ(destination_.taken.size(), 4U);
  EXPECT_FALSE(delivery->State()->failing_since);
  EXPECT_TRUE(alarms_.empty());
}

TEST_F(TrailDelivery, TheFirstAttemptAndEachTurnAreToldLongBeforeAnAlarm) {
  Append(4);
  const auto delivery = ToDestination();
  Run(*delivery);
  EXPECT_EQ(turns_, 1) << "two batches were taken, which is one beginning";
  destination_.down = true;
  Append(1);
  Run(*delivery);
  EXPECT_EQ(turns_, 2);
  clock_.Advance(std::chrono::seconds{40});
  Run(*delivery);
  EXPECT_EQ(turns_, 2) << "it is down still";
  destination_.down = false;
  clock_.Advance(std::chrono::seconds{60});
  Run(*delivery);
  EXPECT_EQ(turns_, 3);
  EXPECT_TRUE(alarms_.empty());
}

TEST_F(TrailDelivery, ADestinationThatStaysDownRaisesOneAlarmAndItsReturnIsRecorded) {
  Append(1);
  const auto delivery = ToDestination();
  destination_.down = true;
  for (int minute = 0; minute < 10; ++minute) {
    Run(*delivery);
    clock_.Advance(std::chrono::minutes{1});
  }
  EXPECT_EQ(alarms_, std::vector<bool>{true});
  EXPECT_EQ(Count(SinkDelivery::kDownAction), 1U);
  destination_.down = false;
  Run(*delivery);
  EXPECT_EQ(alarms_, (std::vector<bool>{true, false}));
  EXPECT_EQ(Count(SinkDelivery::kUpAction), 1U);
}

TEST_F(TrailDelivery, ATrailThatCannotBeReadRaisesTheAlarmToo) {
  Append(2);
  const auto break_record = [&](std::string_view document) {
    ASSERT_TRUE(owner_->database()
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute(
                          "UPDATE audit_record SET document = $1 WHERE sequence = 2", {document}));
                      return Ok();
                    })
                    .ok());
  };
  const auto whole = owner_->database().ReadValue([](db::Transaction& tx) {
    return tx.QueryOne("SELECT document FROM audit_record WHERE sequence = 2", {},
                       [](const db::Row& row) { return row.String(0); });
  });
  break_record("{");
  const auto delivery = ToDestination();
  for (int minute = 0; minute < 10; ++minute) {
    Run(*delivery);
    clock_.Advance(std::chrono::minutes{1});
  }
  EXPECT_EQ(alarms_, std::vector<bool>{true});
  EXPECT_FALSE(delivery->State()->last_error.empty());
  EXPECT_TRUE(destination_.taken.empty());
  break_record(**whole);
  Run(*delivery);
  EXPECT_EQ(alarms_, (std::vector<bool>{true, false}));
  EXPECT_EQ(destination_.taken, (std::vector<std::string>{"a1", "a2"}));
}

TEST_F(TrailDelivery, ADeadDestinationIsTriedLessAndLess) {
  Append(1);
  const auto delivery = ToDestination();
  destination_.down = true;
  for (int second = 0; second < 600; ++second) {
    Run(*delivery);
    clock_.Advance(std::chrono::seconds{1});
  }
  EXPECT_GT(destination_.attempts, 10);
  EXPECT_LT(destination_.attempts, 25);
}

TEST_F(TrailDelivery, AFileOfLinesVerifiesWithItsHeadsAlsoAfterATornWrite) {
  const std::string to = (directory_.path() / "sink").string();
  Append(4);
  Run(*New(std::make_unique<FileSink>(FileSinkOptions{.directory = to}), true));
  ASSERT_TRUE(heads_.Sign().ok());  // after its entries were delivered
  Run(*New(std::make_unique<FileSink>(FileSinkOptions{.directory = to}), true));
  {
    // What a crash may leave: a piece of the next line, or a batch whose cursor was not kept.
    auto text = *io::ReadFile(to + "/audit.jsonl", 1U << 20);
    text += text + "{\"hash\":\"torn";
    ASSERT_TRUE(io::WriteFileDurably(to + "/audit.jsonl", AsBytes(text)).ok());
  }
  Append(3);
  ASSERT_TRUE(heads_.Sign().ok());
  Run(*New(std::make_unique<FileSink>(FileSinkOptions{.directory = to}), true));
  auto file = *io::File::Open(to + "/audit.jsonl");
  io::FileSource source(std::move(file));
  FileVerifier verifier(heads_.public_key(), {});
  const Status added = verifier.Add(source, "file");
  ASSERT_TRUE(added.ok()) << added.error().message();
  const auto found = verifier.Finish();
  EXPECT_EQ(found->last, 7);
  EXPECT_EQ(found->signed_to, 7);
  EXPECT_EQ(found->repeated, 4);
}

TEST_F(TrailDelivery, FilesAreClosedWhenTheyAreLarge) {
  const std::string to = (directory_.path() / "sink").string();
  Append(7);
  Run(*New(std::make_unique<FileSink>(FileSinkOptions{.directory = to, .rotate_bytes = 1}), true));
  FileVerifier verifier(heads_.public_key(), {});
  for (const char* name :
       {"audit-000000000003.jsonl", "audit-000000000006.jsonl", "audit-000000000007.jsonl"}) {
    auto file = io::File::Open(to + "/" + name);
    ASSERT_TRUE(file.ok()) << name;
    io::FileSource source(*std::move(file));
    ASSERT_TRUE(verifier.Add(source, name).ok());
  }
  EXPECT_EQ(verifier.Finish()->last, 7);
}

// Entries come again where a delivery was not noted, and from the beginning where a destination's
// row is lost.
TEST_F(TrailDelivery, FilesThatWereClosedAreNeverWrittenOver) {
  const std::filesystem::path to = directory_.path() / "sink";
  const auto deliver = [&](std::vector<SinkItem> items) {
    FileSink sink({.directory = to, .rotate_bytes = 1});
    ASSERT_TRUE(sink.Deliver(items).ok());
  };
  const auto item = [](std::int64_t sequence, const char* text) {
    return SinkItem{
        .sequence = sequence, .time = {}, .id = {}, .severity = {}, .action = {}, .text = text};
  };
  deliver({item(1, "first"), item(2, "second")});
  deliver({item(2, "second again")});
  deliver({item(2, "second once more")});
  EXPECT_EQ(*io::ReadFile(to / "audit-000000000002.jsonl", 1000), "first\nsecond\n");
  EXPECT_EQ(*io::ReadFile(to / "audit-000000000002-2.jsonl", 1000), "second again\n");
  EXPECT_EQ(*io::ReadFile(to / "audit-000000000002-3.jsonl", 1000), "second once more\n");
}

class RotatedFile : public ::testing::Test {
 protected:
  void Deliver(std::int64_t sequence) {
    const SinkItem item{.sequence = sequence,
                        .time = {},
                        .id = {},
                        .severity = {},
                        .action = {},
                        .text = std::to_string(sequence)};
    ASSERT_TRUE(sink_.Deliver(std::span(&item, 1)).ok());
  }
  std::string Read(const std::string& name) const {
    const auto text = io::ReadFile(to_ / name, 1000);
    return text.ok() ? *text : "(none)";
  }

  testing::TempDir directory_;
  const std::filesystem::path to_ = directory_.path() / "sink";
  FileSink sink_{{.directory = to_}};
};

TEST_F(RotatedFile, AfterItWasMovedANewOneIsBegun) {
  Deliver(1);
  std::filesystem::rename(to_ / "audit.jsonl", to_ / "audit.jsonl.1");
  Deliver(2);
  Deliver(3);
  EXPECT_EQ(Read("audit.jsonl.1"), "1\n");
  EXPECT_EQ(Read("audit.jsonl"), "2\n3\n");
}

TEST_F(RotatedFile, AfterAnotherTookItsNameThatIsWrittenOn) {
  Deliver(1);
  std::filesystem::rename(to_ / "audit.jsonl", to_ / "audit.jsonl.1");
  ASSERT_TRUE(io::WriteFileDurably(to_ / "audit.jsonl", AsBytes("0\n")).ok());
  Deliver(2);
  EXPECT_EQ(Read("audit.jsonl.1"), "1\n");
  EXPECT_EQ(Read("audit.jsonl"), "0\n2\n");
}

TEST_F(RotatedFile, AfterItWasRemovedANewOneIsBegun) {
  Deliver(1);
  std::filesystem::remove(to_ / "audit.jsonl");
  Deliver(2);
  EXPECT_EQ(Read("audit.jsonl"), "2\n");
  std::filesystem::remove_all(to_);
  Deliver(3);
  EXPECT_EQ(Read("audit.jsonl"), "3\n");
}

// What a failed write is cut back to counts from the new beginning then.
TEST_F(RotatedFile, AfterItWasEmptiedItsLengthIsCountedAnew) {
  const std::filesystem::path limited = directory_.path() / "limited";
  FileSink sink({.directory = limited, .rotate_bytes = 10});
  const auto deliver = [&](std::int64_t sequence) {
    const SinkItem item{
        .sequence = sequence, .time = {}, .id = {}, .severity = {}, .action = {}, .text = "12345"};
    ASSERT_TRUE(sink.Deliver(std::span(&item, 1)).ok());
  };
  deliver(1);
  std::filesystem::resize_file(limited / "audit.jsonl", 0);
  deliver(2);
  EXPECT_EQ(*io::ReadFile(limited / "audit.jsonl", 1000), "12345\n") << "closed too early";
  deliver(3);
  EXPECT_EQ(*io::ReadFile(limited / "audit-000000000003.jsonl", 1000), "12345\n12345\n");
}

TEST_F(TrailDelivery, TheLagIsTheSameWhenWhatIsBehindHasLeftTheDatabase) {
  Append(4);
  const auto delivery = ToDestination();
  destination_.down = true;
  Run(*delivery);
  ASSERT_EQ(*segments_.Close(), 1);
  clock_.Advance(std::chrono::days{3});
  Append(1);
  ASSERT_EQ(*segments_.RemoveOld(1), 4);
  clock_.Advance(std::chrono::hours{1});
  EXPECT_EQ(delivery->Behind()->entries, 5);
  EXPECT_EQ(delivery->Behind()->oldest, std::chrono::days{3} + std::chrono::hours{1});
}

}  // namespace
}  // namespace breakwater::audit
