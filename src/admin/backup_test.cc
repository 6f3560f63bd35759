#include "admin/backup.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <thread>

#include <gtest/gtest.h>

#include "admin/backup_snapshot.h"
#include "admin/backup_testing.h"
#include "admin/copy_state.h"
#include "admin/fsck.h"
#include "admin/pipe.h"
#include "db/testing.h"
#include "iam/signing_keys.h"
#include "io/file.h"
#include "registry/backup_hold.h"
#include "registry/testing.h"

namespace breakwater::admin {
namespace {

namespace fs = std::filesystem;

using registry::testing::Bytes;
using registry::testing::FaultyStore;
using testing::Source;

// Stores to restore into, of another kind where PostgreSQL is what tests run on.
struct Target {
  explicit Target(std::string fingerprint = "print") {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory.path(), .durability = blob::Durability::kNone, .sync_threads = 1});
    BW_CHECK(opened.ok());
    disk = *std::move(opened);
    BW_CHECK(owner->database()
                 .Write([&](db::Transaction& tx) -> Status {
                   BW_TRY_STATUS(
                       tx.Execute("INSERT INTO installation (name, value) VALUES "
                                  "('master_key_fingerprint', $1)",
                                  {fingerprint}));
                   return Ok();
                 })
                 .ok());
  }
  db::Database& db() { return owner->database(); }
  bool Unfinished() { return !RefuseUnfinishedCopy(db()).ok(); }

  breakwater::testing::TempDir directory;
  std::unique_ptr<db::testing::TestDatabase> owner = db::testing::OpenSqliteTestDatabase();
  std::unique_ptr<blob::BlobStore> disk;
  FaultyStore store{disk};
};

// "a directory" and "a tar file".
class Backups : public ::testing::TestWithParam<std::string> {
 protected:
  fs::path Path(const std::string& name = "backup") const {
    return fs::path(directory_.path()) / (name + GetParam());
  }
  // With these rows.
  BackupFeed FeedOf(const std::string& rows) {
    BackupFeed feed = testing::FeedOf(source_);
    feed.snapshot = [&rows] {
      return std::unique_ptr<io::Source>(std::make_unique<io::StringSource>(rows));
    };
    return feed;
  }
  Result<TakenBackup> Take(const fs::path& path) {
    return TakeBackup(testing::FeedOf(source_), path, testing::NoPatience());
  }
  static Result<BackupContents> Verify(const fs::path& path, std::vector<std::string>* damaged,
                                       const std::string& snapshot = "") {
    BW_TRY(const auto reader, OpenBackup(path, snapshot));
    BackupVisitor visitor;
    visitor.damaged = [&](const Error& error) {
      if (damaged != nullptr) damaged->push_back(error.details().front().value);
      return Ok();
    };
    auto contents = PassThrough(*reader, visitor);
    if (!contents.ok() && damaged != nullptr && !contents.error().details().empty()) {
      damaged->push_back(contents.error().details().front().value);
    }
    return contents;
  }
  Result<Restored> Restore(const fs::path& path, Target& target, const std::string& snapshot = "") {
    BW_TRY(const auto reader, OpenBackup(path, snapshot));
    return RestoreBackup(*reader, {target.db(), target.store, from_.key}, {}, from_.world.clock);
  }
  std::map<std::string, std::string> TableDigests(db::Database& database) {
    std::map<std::string, std::string> digests;
    const auto tables = *database.ReadValue(
        [&](db::Transaction& tx) { return db::ReadTables(tx, database.dialect()); });
    for (const db::Table& table : tables) {
      const bool left_out =
          std::ranges::find(TablesLeftOut(), table.name, &LeftOut::table) != TablesLeftOut().end();
      if (!left_out) digests[table.name] = DigestTable(database, table)->sha256;
    }
    return digests;
  }

  breakwater::testing::TempDir directory_;
  Source from_;
  BackupSource source_{{.piece = {.rows = 7, .bytes = 8 << 20}, .program = "test"},
                       from_.world.database,
                       from_.world.store,
                       from_.world.clock};
};

INSTANTIATE_TEST_SUITE_P(Forms, Backups, ::testing::Values("", ".tar"),
                         [](const auto& form) { return form.param.empty() ? "Directory" : "Tar"; });

TEST_P(Backups, WhatIsRestoredIsEqualAndWhole) {
  const auto taken = Take(Path());
  ASSERT_TRUE(taken.ok()) << taken.error().message() << taken.error().log();
  EXPECT_EQ(taken->blobs, 3);
  std::vector<std::string> damaged;
  const auto contents = Verify(Path(), &damaged);
  ASSERT_TRUE(contents.ok()) << contents.error().message();
  EXPECT_TRUE(damaged.empty()) << damaged.front();
  EXPECT_EQ(contents->rows, taken->rows);
  EXPECT_EQ(contents->blob_bytes, taken->blob_bytes);
  EXPECT_EQ(contents->manifest_sha256, taken->manifest_sha256);

  Target target;
  const auto restored = Restore(Path(), target);
  ASSERT_TRUE(restored.ok()) << restored.error().message() << restored.error().log();
  EXPECT_TRUE(target.Unfinished()) << "before somebody has looked at it";
  ASSERT_TRUE(target.db().Write(FinishRestore).ok());
  EXPECT_FALSE(target.Unfinished());
  EXPECT_EQ(TableDigests(target.db()), TableDigests(from_.db()));
  FsckOptions options;
  options.report = [](const FsckFinding& finding) { ADD_FAILURE() << finding.text; };
  const auto checked = Fsck(target.db(), target.store, options, from_.world.clock);
  ASSERT_TRUE(checked.ok()) << checked.error().message();
  EXPECT_EQ(checked->blobs, 5);
}

TEST_P(Backups, WhatWasDeletedAfterItsMomentIsInIt) {
  auto snapshot = source_.Snapshot();
  ASSERT_TRUE(snapshot.ok());
  std::string rows = *io::ReadAll(**snapshot, 64U << 20);
  ASSERT_TRUE(from_.world.services->namespaces
                  .Delete(from_.world.Caller(), AccountId("acc"), from_.world.registry(), "team")
                  .ok());
  from_.world.Collect();
  const auto taken = TakeBackup(FeedOf(rows), Path(), testing::NoPatience());
  // An hour has passed, in which nobody asked for anything: the hold was over.
  EXPECT_FALSE(taken.ok());

  from_.Push("team/again", from_.layers, "v1");
  *snapshot = nullptr;
  const auto second = source_.Snapshot();
  ASSERT_TRUE(second.ok()) << second.error().message();
  rows = *io::ReadAll(**second, 64U << 20);
  ASSERT_TRUE(from_.world.services->namespaces
                  .Delete(from_.world.Caller(), AccountId("acc"), from_.world.registry(), "team")
                  .ok());
  const auto deadline = std::chrono::steady_clock::time_point::max();
  from_.world.clock.Advance(std::chrono::minutes{5});
  ASSERT_TRUE(from_.world.services->collector.Run(deadline).ok());
  EXPECT_TRUE(from_.world.services->collector.CollectFor(AccountId("acc"), false).ok());
  const auto held = TakeBackup(FeedOf(rows), Path("held"), testing::NoPatience());
  ASSERT_TRUE(held.ok()) << held.error().message();
  EXPECT_EQ(held->blobs, 3);
  Target target;
  ASSERT_TRUE(Restore(Path("held"), target).ok());
}

TEST_P(Backups, BlobsAreRemovedAgainWhenTheHoldIsOver) {
  ASSERT_TRUE(Take(Path()).ok());
  ASSERT_TRUE(from_.world.services->namespaces
                  .Delete(from_.world.Caller(), AccountId("acc"), from_.world.registry(), "team")
                  .ok());
  from_.world.clock.Advance(std::chrono::minutes{1});
  EXPECT_GT(*registry::BlobsHeldUntil(from_.db()), from_.world.clock.Now());
  from_.world.Collect();
  from_.world.Collect();
  EXPECT_EQ(from_.world.Count("blob"), 0);
}

TEST_P(Backups, EveryDamagedFileIsNamed) {
  ASSERT_TRUE(Take(Path()).ok());
  const std::string blob = Bytes(70'000, 'b');
  const auto digest = oci::Digest::Of(AsBytes(blob));
  const auto file_of = [&](const std::string& name) {
    if (!GetParam().empty()) return Path();
    for (const auto& entry : fs::recursive_directory_iterator(Path())) {
      if (entry.path().string().ends_with(name)) return entry.path();
    }
    return fs::path();
  };
  struct Case {
    std::string file;
    std::string part;
    std::size_t at;
    std::string named;
  };
  const std::vector<Case> cases = {
      {std::string(digest.hex()), blob, 40'000, BlobPath(digest)},
      {"rows/namespace/000000", "us.icr.example", 3, "rows/namespace/000000"},
      {"manifest.json", "\"blob_bytes\"", 3, "manifest.json"},
      {"backup.json", "\"program\": \"test\"", 13, "backup.json"},
  };
  for (const Case& one : cases) {
    const fs::path file = file_of(one.file);
    const std::string before = *io::ReadFile(file, 64U << 20);
    // Texts that other files of a tar hold too: the one in question.
    std::vector<std::string> damaged;
    std::string text = before;
    std::size_t begin = 0;
    if (!GetParam().empty()) begin = text.find(one.file);
    begin = text.find(one.part, begin);
    ASSERT_NE(begin, std::string::npos) << one.file;
    text[begin + one.at] = static_cast<char>(text[begin + one.at] ^ 1);
    std::ofstream(file, std::ios::binary) << text;
    static_cast<void>(Verify(Path(), &damaged));
    ASSERT_FALSE(damaged.empty()) << one.file;
    EXPECT_EQ(damaged.front(), one.named);
    std::ofstream(file, std::ios::binary) << before;
  }
  EXPECT_EQ(Verify(Path(), nullptr)->damaged, 0);
}

TEST_P(Backups, ADamagedOneIsNotRestoredAsIfItWereWhole) {
  ASSERT_TRUE(Take(Path()).ok());
  const std::string blob = Bytes(70'000, 'b');
  const auto damage = [&](const fs::path& file) {
    std::string text = *io::ReadFile(file, 64U << 20);
    const std::size_t begin = text.find(blob);
    if (begin == std::string::npos) return;
    text[begin + 5] = static_cast<char>(text[begin + 5] ^ 1);
    std::ofstream(file, std::ios::binary) << text;
  };
  if (GetParam().empty()) {
    for (const auto& entry : fs::recursive_directory_iterator(Path() / "blobs")) {
      if (entry.is_regular_file()) damage(entry.path());
    }
  } else {
    damage(Path());
  }
  Target target;
  const auto restored = Restore(Path(), target);
  ASSERT_FALSE(restored.ok());
  EXPECT_EQ(restored.error().reason(), "backup_damaged");
  EXPECT_TRUE(target.Unfinished());
}

TEST_P(Backups, ARestoreThatWasInterruptedIsBegunAnew) {
  ASSERT_TRUE(Take(Path()).ok());
  Target target;
  for (const int call : {1, 3, 5}) {
    target.store.FailCall(call, false);
    EXPECT_FALSE(Restore(Path(), target).ok()) << call;
    EXPECT_TRUE(target.Unfinished());
  }
  target.store.FailCall(0, false);
  const auto restored = Restore(Path(), target);
  ASSERT_TRUE(restored.ok()) << restored.error().message();
  EXPECT_TRUE(restored->begun_before);
  EXPECT_EQ(TableDigests(target.db()), TableDigests(from_.db()));
}

TEST_P(Backups, RestoresNeitherOverOthersNorUnderAnotherKey) {
  ASSERT_TRUE(Take(Path()).ok());
  const auto refusal = [&](Target& target) {
    const auto restored = Restore(Path(), target);
    return restored.ok() ? "(none)" : restored.error().reason();
  };
  Target other_key("another");
  EXPECT_EQ(refusal(other_key), "master_keys_differ");
  EXPECT_FALSE(other_key.Unfinished());
  Target used;
  ASSERT_TRUE(iam::SigningKeys::Open(used.db(), from_.key, from_.world.clock).ok());
  EXPECT_EQ(refusal(used), "destination_not_empty");
  EXPECT_FALSE(used.Unfinished());
}

TEST_P(Backups, ABlobThatTheServerHasLostMakesNone) {
  const auto digest = oci::Digest::Of(AsBytes(Bytes(70'000, 'b')));
  ASSERT_TRUE(from_.world.disk->Remove(digest).ok());
  EXPECT_FALSE(Take(Path()).ok());
  EXPECT_FALSE(OpenBackup(Path(), "").ok());
}

TEST_P(Backups, ASegmentOfTheTrailIsWrittenFirst) {
  from_.Run(
      "INSERT INTO audit_segment (first_sequence, last_sequence, last_hash, last_time, digest, "
      "size, stored, created) VALUES (1, 2, 'h', 1, 'sha256:aa', 1, 0, 1)");
  const auto refused = source_.Snapshot();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "segment_unwritten");
  from_.Run("UPDATE audit_segment SET stored = 1");
  EXPECT_TRUE(source_.Snapshot().ok());
}

TEST_P(Backups, WhatIsReadSlowlyStaysHeld) {
  const auto snapshot = source_.Snapshot();
  ASSERT_TRUE(snapshot.ok());
  breakwater::Bytes piece(512);
  // Each pause is shorter than a hold, all of them are longer.
  for (int pause = 0; pause < 6; ++pause) {
    from_.world.clock.Advance(std::chrono::minutes{9});
    ASSERT_GT(*(*snapshot)->Read(piece), 0U);
    EXPECT_GT(*registry::BlobsHeldUntil(from_.db()), from_.world.clock.Now());
  }
}

TEST_P(Backups, OneSnapshotOfAProcessAtATime) {
  auto first = source_.Snapshot();
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(source_.Snapshot().error().reason(), "backup_running");
  first->reset();  // not read to its end
  EXPECT_TRUE(source_.Snapshot().ok());
}

class Directories : public Backups {};
INSTANTIATE_TEST_SUITE_P(Forms, Directories, ::testing::Values(""));

TEST_P(Directories, HoldSeveralBackupsThatShareBlobs) {
  const auto first = Take(Path());
  ASSERT_TRUE(first.ok());
  const auto digests = TableDigests(from_.db());
  from_.world.clock.Advance(std::chrono::hours{1});
  from_.Push("team/more", {Bytes(80'000, 'm')}, "v2");
  const auto second = Take(Path());
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(second->blobs, 4);
  EXPECT_EQ(second->blobs_were_there, 3);
  EXPECT_EQ(Verify(Path(), nullptr)->blobs, 4);
  EXPECT_EQ(Verify(Path(), nullptr, first->name)->blobs, 3);
  Target target;
  ASSERT_TRUE(Restore(Path(), target, first->name).ok());
  EXPECT_EQ(TableDigests(target.db()), digests);
  EXPECT_FALSE(Restore(Path(), target).ok()) << "another backup than the one that was begun";
}

// What decayed in the directory since the last backup does not become part of the next.
TEST_P(Directories, ReplaceBlobsThatAreDamaged) {
  ASSERT_TRUE(Take(Path()).ok());
  const std::string blob = Bytes(70'000, 'b');
  const std::string name(oci::Digest::Of(AsBytes(blob)).hex());
  for (const auto& entry : fs::recursive_directory_iterator(Path() / "blobs")) {
    if (entry.path().filename() != name) continue;
    std::string text = blob;
    text[5] = static_cast<char>(text[5] ^ 1);
    std::ofstream(entry.path(), std::ios::binary) << text;
  }
  EXPECT_EQ(Verify(Path(), nullptr)->damaged, 1);
  from_.world.clock.Advance(std::chrono::hours{1});
  const auto second = Take(Path());
  ASSERT_TRUE(second.ok()) << second.error().message();
  EXPECT_EQ(second->blobs_were_there, second->blobs - 1);
  EXPECT_EQ(Verify(Path(), nullptr)->damaged, 0);
}

TEST(Pipes, GiveEverythingInOrderAndEndAsTheWriterSays) {
  Pipe pipe(10);
  std::string text;
  for (int i = 0; i < 1000; ++i) text += std::to_string(i);
  std::thread writer([&] {
    EXPECT_TRUE(pipe.Write(AsBytes(text)).ok());
    pipe.End(Unavailable("over"));
  });
  std::string read;
  breakwater::Bytes buffer(7);
  for (;;) {
    const auto count = pipe.Read(buffer);
    if (!count.ok()) {
      EXPECT_EQ(count.error().message(), "over");
      break;
    }
    read += AsText(ByteView(buffer).first(*count));
  }
  writer.join();
  EXPECT_EQ(read, text);
}

TEST(Pipes, LetTheWriterGoWhenNobodyReads) {
  Pipe pipe(10);
  std::thread writer([&] {
    const Status written = pipe.Write(AsBytes(std::string(100, 'x')));
    EXPECT_EQ(written.error().reason(), "reader_gone");
  });
  pipe.Close();
  writer.join();
}

}  // namespace
}  // namespace breakwater::admin
