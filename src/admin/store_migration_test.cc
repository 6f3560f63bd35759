#include "admin/store_migration.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "admin/copy_state.h"
#include "audit/log.h"
#include "blob/s3/s3_testing.h"
#include "crypto/sealing.h"
#include "db/testing.h"
#include "iam/signing_keys.h"
#include "io/file.h"
#include "registry/testing.h"

namespace breakwater::blob::testing {
// It comes with the options of the S3 service that tests use.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BlobStoreConformance);
}  // namespace breakwater::blob::testing

namespace breakwater::admin {
namespace {

using db::testing::FaultPoint;
using db::testing::FaultyDatabase;
using registry::testing::Bytes;
using registry::testing::FaultyStore;
using registry::testing::ImageManifest;
using registry::testing::World;

constexpr int kMaxFaults = 2000;

// Stores without anything in them.
struct Stores {
  explicit Stores(std::unique_ptr<db::testing::TestDatabase> home = db::testing::OpenTestDatabase())
      : owner(std::move(home)) {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory.path(), .durability = blob::Durability::kNone, .sync_threads = 1});
    BW_CHECK(opened.ok());
    disk = *std::move(opened);
  }
  db::Database& db() { return owner->database(); }
  // As new, sooner than by making new ones.
  void Empty() {
    const auto tables =
        *db().ReadValue([&](db::Transaction& tx) { return db::ReadTables(tx, db().dialect()); });
    std::string script;
    for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
      if (table->name != "schema_version") script += "DELETE FROM " + table->name + ";";
    }
    BW_CHECK(db().Write([&](db::Transaction& tx) { return tx.ExecuteScript(script); }).ok());
    std::vector<oci::Digest> digests;
    BW_CHECK(disk->List([&](const oci::Digest& digest, std::uint64_t) {
                   digests.push_back(digest);
                   return Ok();
                 })
                 .ok());
    for (const oci::Digest& digest : digests) BW_CHECK(disk->Remove(digest).ok());
  }

  breakwater::testing::TempDir directory;
  std::unique_ptr<db::testing::TestDatabase> owner;
  FaultyDatabase database{owner->database()};
  std::unique_ptr<blob::BlobStore> disk;
  FaultyStore store{disk};
};

// The copy is in a SQLite file where PostgreSQL is what tests run on.
std::unique_ptr<db::testing::TestDatabase> OtherDatabase() {
  return db::testing::OpenSqliteTestDatabase();
}

// An installation with images, audit records, jobs and identities.
class Installation {
 public:
  Installation() {
    BW_CHECK(iam::SigningKeys::Open(db(), key, world.clock).ok());
    const auto path = world.Repository("team/app");
    for (const std::string& layer : layers) BW_CHECK(world.PushBlob(path, layer).ok());
    const std::string config = "{}";
    BW_CHECK(world.PushBlob(path, config).ok());
    const std::string manifest = ImageManifest(config, layers);
    BW_CHECK(world.services->manifests
                 .Put(world.Caller(), path,
                      {.content = manifest,
                       .content_type = "application/vnd.oci.image.manifest.v1+json",
                       .reference = *oci::Reference::Parse("v1"),
                       .tags = {}})
                 .ok());
    BW_CHECK(world.log.Seal().ok());
    Run("INSERT INTO iam_account (id, name, owner, created_at) VALUES ('acc', 'Caf\u00e9', 'o', "
        "1)");
    Run("INSERT INTO iam_version (account_id, version) VALUES ('acc', 3)");
    // Numbers that were given are not given again, whether or not their rows are still there.
    for (int i = 0; i < 3; ++i) {
      Run("INSERT INTO job (kind, payload, state, recurring, attempt, due, created)"
          " VALUES ('k', 'null', 'pending', 0, 0, 5, 5)");
    }
    Run("DELETE FROM job WHERE id = (SELECT max(id) FROM job)");
  }

  db::Database& db() { return world.owner->database(); }
  void Run(const std::string& sql) { RunOn(db(), sql); }
  static void RunOn(db::Database& database, const std::string& sql) {
    const Status status = database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute(sql));
      return Ok();
    });
    if (!status.ok()) ADD_FAILURE() << status.error().message() << status.error().log();
  }

  Secret key = crypto::NewSealingKey();
  std::vector<std::string> layers = {Bytes(registry::kMaxInlineBlob + 1), Bytes(70'000, 'b'),
                                     Bytes(6'000'000, 'c'), Bytes(100, 'd')};
  World world;
};

MigrationOptions Options() {
  MigrationOptions options;
  options.threads = 1;
  options.piece.rows = 7;
  return options;
}

class StoreMigration : public ::testing::Test {
 protected:
  Side From() { return {from_.world.database, from_.world.store, from_.key}; }
  Side To(Stores& stores) { return {stores.database, stores.store, from_.key}; }
  Result<MigrationReport> Migrate(const Side& source, const Side& destination) {
    return MigrateStore(source, destination, options_, from_.world.clock);
  }
  void Succeeds(const Result<MigrationReport>& result) {
    ASSERT_TRUE(result.ok()) << result.error().message() << " " << result.error().log();
  }
  // The reason for which nothing is done.
  std::string Refusal(const Side& source, const Side& destination) {
    const auto result = Migrate(source, destination);
    return result.ok() ? "(none)" : result.error().reason();
  }
  static std::map<std::string, std::string> Digests(const MigrationReport& report) {
    std::map<std::string, std::string> digests;
    for (const auto& table : report.tables) digests[table.table] = table.sha256;
    return digests;
  }
  static std::set<std::string> BlobsOf(blob::BlobStore& store) {
    std::set<std::string> digests;
    BW_CHECK(store
                 .List([&](const oci::Digest& digest, std::uint64_t) {
                   digests.insert(digest.text());
                   return Ok();
                 })
                 .ok());
    return digests;
  }
  static std::string Read(blob::BlobStore& store, const oci::Digest& digest) {
    auto opened = store.Open(digest);
    if (!opened.ok()) return "(" + opened.error().message() + ")";
    const auto source = (*opened)->Read(0, (*opened)->size());
    return *io::ReadAll(**source, (*opened)->size());
  }
  static bool Unfinished(db::Database& database) { return !RefuseUnfinishedCopy(database).ok(); }

  Installation from_;
  MigrationOptions options_ = Options();
};

TEST_F(StoreMigration, ThereAndBackGivesEqualDigests) {
  Stores there(OtherDatabase());
  const auto first = Migrate(From(), To(there));
  Succeeds(first);
  Stores back;
  const auto second = Migrate(To(there), To(back));
  Succeeds(second);
  EXPECT_EQ(Digests(*first), Digests(*second));
  EXPECT_GT(first->tables.size(), 35U);
  EXPECT_EQ(first->blobs, 3);
  EXPECT_EQ(BlobsOf(*there.disk), BlobsOf(*from_.world.disk));
  EXPECT_EQ(BlobsOf(*back.disk), BlobsOf(*from_.world.disk));
  EXPECT_FALSE(first->resumed);
  EXPECT_FALSE(Unfinished(back.db()));
}

TEST_F(StoreMigration, WhatWasServedIsServedFromTheCopy) {
  Stores there;
  Succeeds(Migrate(From(), To(there)));
  const registry::Blobs blobs(there.db(), *there.disk, from_.world.clock, {});
  const auto path = from_.world.services->namespaces.Resolve(from_.world.registry(), "team/app");
  ASSERT_TRUE(path.ok());
  for (const std::string& layer : from_.layers) {
    auto opened = blobs.Open(*path, oci::Digest::Of(AsBytes(layer)));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    const std::uint64_t size = opened->size;
    const auto source = (*std::move(opened)).Read(0, size);
    ASSERT_TRUE(source.ok());
    EXPECT_TRUE(*io::ReadAll(**source, size) == layer);
  }
  const audit::Log log(there.db(), from_.world.clock);
  const auto verified = log.Verify();
  ASSERT_TRUE(verified.ok());
  EXPECT_GT(verified->sealed, 0);
  EXPECT_EQ(verified->head, from_.world.log.Verify()->head);
}

TEST_F(StoreMigration, ThroughS3AndBackEveryByteIsTheSame) {
  if (!blob::testing::HasS3()) GTEST_SKIP() << blob::testing::kNoS3;
  Stores there;
  const SystemClock clock;  // the service refuses requests of another time
  auto opened = blob::OpenS3BlobStore(blob::testing::S3TestOptions(), there.db(), clock);
  ASSERT_TRUE(opened.ok()) << opened.error().message();
  there.disk = *std::move(opened);
  options_.reread = true;
  options_.threads = 3;
  ASSERT_NO_FATAL_FAILURE(Succeeds(Migrate(From(), To(there))));
  Stores back(OtherDatabase());
  ASSERT_NO_FATAL_FAILURE(Succeeds(Migrate(To(there), To(back))));
  EXPECT_EQ(BlobsOf(*back.disk), BlobsOf(*from_.world.disk));
  for (const std::string& layer : from_.layers) {
    if (layer.size() <= registry::kMaxInlineBlob) continue;
    EXPECT_TRUE(Read(*back.disk, oci::Digest::Of(AsBytes(layer))) == layer);
  }
  there.Empty();
  there.disk.reset();  // before its database and its clock
}

TEST_F(StoreMigration, NumbersGoOnBehindTheLastThatTheSourceGave) {
  const auto next = [](db::Database& database) {
    Installation::RunOn(database,
                        "INSERT INTO job (kind, payload, state, recurring, attempt, due, created)"
                        " VALUES ('k', 'null', 'pending', 0, 0, 5, 5)");
    return *database.ReadValue([](db::Transaction& tx) -> Result<std::int64_t> {
      BW_TRY(const auto id, tx.QueryOne("SELECT max(id) FROM job", {},
                                        [](const db::Row& row) { return row.Int(0); }));
      return *id;
    });
  };
  Stores there(OtherDatabase());
  Succeeds(Migrate(From(), To(there)));
  Stores back;
  Succeeds(Migrate(To(there), To(back)));
  const std::int64_t expected = next(from_.db());
  EXPECT_EQ(next(there.db()), expected);
  EXPECT_EQ(next(back.db()), expected);
}

TEST_F(StoreMigration, LeavesOutWhatIsOfTheMomentAndSaysSo) {
  from_.Run(
      "INSERT INTO upload (id, registry, region, account, name_space, resource_group, repository,"
      " buffered, received, algorithm, actor_kind, actor_account, actor_iam_id, actor_name, "
      "started,"
      " expires) SELECT 'u', 'r', 'x', 'a', 'n', '', 'n/a', content, 0, '', 0, '', '', '', 1, 1"
      " FROM blob_content LIMIT 1");
  // Bytes that no row names.
  auto staged = from_.world.disk->Stage();
  const std::string stray = Bytes(90'000, 'z');
  ASSERT_TRUE((*staged)->Append(AsBytes(stray)).ok());
  const blob::CommitItem item{.staged = staged->get(), .digest = oci::Digest::Of(AsBytes(stray))};
  ASSERT_TRUE(from_.world.disk->Commit(std::span(&item, 1)).front().ok());
  Stores there;
  const auto report = Migrate(From(), To(there));
  Succeeds(report);
  std::map<std::string, std::int64_t> left_out;
  for (const auto& table : report->not_copied) left_out[table.table] = table.rows;
  EXPECT_EQ(left_out["upload"], 1);
  EXPECT_TRUE(left_out.contains("digest_lock"));
  EXPECT_EQ(report->unnamed_blobs, 1);
  EXPECT_EQ(report->unnamed_bytes, stray.size());
  EXPECT_FALSE(BlobsOf(*there.disk).contains(item.digest.text()));
}

TEST_F(StoreMigration, RefusesWhatItMustNotTouch) {
  Stores empty;
  EXPECT_EQ(Refusal(To(empty), From()), "nothing_to_copy");
  EXPECT_EQ(Refusal(From(), From()), "already_copied");

  Installation other;
  EXPECT_EQ(Refusal(From(), {other.db(), *other.world.disk, from_.key}), "destination_not_empty");

  Stores with_blobs;
  auto staged = with_blobs.disk->Stage();
  ASSERT_TRUE((*staged)->Append(AsBytes("x")).ok());
  const blob::CommitItem item{.staged = staged->get(), .digest = oci::Digest::Of(AsBytes("x"))};
  ASSERT_TRUE(with_blobs.disk->Commit(std::span(&item, 1)).front().ok());
  EXPECT_EQ(Refusal(From(), To(with_blobs)), "destination_not_empty");
  EXPECT_FALSE(Unfinished(with_blobs.db()));

  Stores there;
  Succeeds(Migrate(From(), To(there)));
  EXPECT_EQ(Refusal(From(), To(there)), "already_copied");
}

TEST_F(StoreMigration, RefusesAnotherMasterKeyAndSaysHowToCarryItOver) {
  Stores there;
  const Secret another = crypto::NewSealingKey();
  const auto refused = Migrate(From(), {there.database, there.store, another});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "master_keys_differ");
  EXPECT_NE(refused.error().message().find("master.key"), std::string::npos);
  EXPECT_EQ(Refusal({from_.db(), *from_.world.disk, another}, To(there)), "master_key_wrong");
  EXPECT_FALSE(Unfinished(there.db()));
}

TEST_F(StoreMigration, RefusesSchemasThatDiffer) {
  Stores there;
  Installation::RunOn(there.db(),
                      "INSERT INTO schema_version (version, name, sha256, applied_at)"
                      " VALUES (9999, 'later', 'x', 1)");
  const auto refused = Migrate(From(), To(there));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "schema_differs");
  EXPECT_NE(refused.error().message().find("9999"), std::string::npos);
  Stores with_column;
  Installation::RunOn(with_column.db(), "ALTER TABLE tag ADD COLUMN more TEXT");
  EXPECT_EQ(Refusal(From(), To(with_column)), "schema_differs");
}

TEST_F(StoreMigration, RefusesASharedSourceThatIsInUse) {
  Stores there;
  Side from = From();
  from.shared = true;
  int slept = 0;
  options_.sleep = [&](std::chrono::milliseconds) { ++slept; };
  const auto lease = [&](const std::string& due) {
    from_.Run("UPDATE job SET state = 'running', owner = 'x', due = " + due +
              " WHERE id = (SELECT min(id) FROM job)");
  };
  lease(std::to_string(ToMicros(from_.world.clock.Now()) + 1));
  EXPECT_EQ(Refusal(from, To(there)), "source_in_use");
  EXPECT_EQ(slept, 0);
  lease("7");
  options_.sleep = [&](std::chrono::milliseconds) { lease("8"); };
  EXPECT_EQ(Refusal(from, To(there)), "source_in_use");
  options_.sleep = [&](std::chrono::milliseconds) { ++slept; };
  Succeeds(Migrate(from, To(there)));
  EXPECT_EQ(slept, 1);
}

TEST_F(StoreMigration, ChangeOfTheSourceDuringTheCopyIsFoundAndCuredByTheNextRun) {
  Stores there;
  bool changed = false;
  options_.progress = [&](const CopyProgress& progress) {
    if (changed || progress.step != CopyProgress::Step::kBlobs) return;
    changed = true;
    from_.Run("UPDATE iam_account SET name = 'changed'");
  };
  const auto result = Migrate(From(), To(there));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reason(), "not_equal");
  EXPECT_NE(result.error().message().find("iam_account"), std::string::npos);
  EXPECT_EQ(result.error().message().find("repository"), std::string::npos);
  EXPECT_TRUE(Unfinished(there.db()));
  const auto again = Migrate(From(), To(there));
  Succeeds(again);
  EXPECT_TRUE(again->resumed);
  EXPECT_FALSE(Unfinished(there.db()));
}

TEST_F(StoreMigration, BlobThatTheSourceLacksIsNamedAndTheOthersAreCopied) {
  const auto lost = oci::Digest::Of(AsBytes(from_.layers[0]));
  ASSERT_TRUE(from_.world.disk->Remove(lost).ok());
  Stores there;
  const auto result = Migrate(From(), To(there));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reason(), "blobs_damaged");
  EXPECT_NE(result.error().message().find(lost.text()), std::string::npos);
  EXPECT_EQ(BlobsOf(*there.disk).size(), 2U);
  EXPECT_TRUE(Unfinished(there.db()));
  // The same bytes once more, as a client pushes them again.
  auto staged = from_.world.disk->Stage();
  ASSERT_TRUE((*staged)->Append(AsBytes(from_.layers[0])).ok());
  const blob::CommitItem item{.staged = staged->get(), .digest = lost};
  ASSERT_TRUE(from_.world.disk->Commit(std::span(&item, 1)).front().ok());
  Succeeds(Migrate(From(), To(there)));
}

TEST_F(StoreMigration, SegmentOfTheTrailThatIsNotWrittenYetIsNotMissed) {
  const std::string digest = oci::Digest::Of(AsBytes("a segment")).text();
  from_.Run("INSERT INTO blob (digest, size, place, created) VALUES ('" + digest + "', 9, 1, 1)");
  from_.Run(
      "INSERT INTO audit_segment (first_sequence, last_sequence, last_hash, last_time, digest, "
      "size, stored, created) VALUES (1, 1, 'h', 1, '" +
      digest + "', 9, 0, 1)");
  Stores there;
  Succeeds(Migrate(From(), To(there)));
}

// Where the directory store keeps it.
std::filesystem::path FileOf(const Stores& stores, const oci::Digest& digest) {
  const std::string hex(digest.hex());
  return stores.directory.path() / "blobs" / "sha256" / hex.substr(0, 2) / hex;
}

TEST_F(StoreMigration, RereadFindsBytesThatChangedAndTheNextRunCopiesThemAnew) {
  Stores there;
  const auto digest = oci::Digest::Of(AsBytes(from_.layers[1]));
  options_.reread = true;
  options_.progress = [&](const CopyProgress& progress) {
    if (progress.step != CopyProgress::Step::kCompare) return;
    std::string other = from_.layers[1];
    other[5] ^= 1;
    ASSERT_TRUE(io::WriteFileDurably(FileOf(there, digest), AsBytes(other)).ok());
  };
  const auto result = Migrate(From(), To(there));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reason(), "blobs_damaged");
  EXPECT_NE(result.error().message().find(digest.text()), std::string::npos);
  options_.progress = nullptr;
  Succeeds(Migrate(From(), To(there)));
  EXPECT_TRUE(Read(*there.disk, digest) == from_.layers[1]);
}

TEST_F(StoreMigration, BlobThatTheDestinationLosesIsFoundByCountingAndCopiedByTheNextRun) {
  Stores there;
  const auto digest = oci::Digest::Of(AsBytes(from_.layers[1]));
  options_.progress = [&](const CopyProgress& progress) {
    if (progress.step == CopyProgress::Step::kCompare) BW_CHECK(there.disk->Remove(digest).ok());
  };
  const auto result = Migrate(From(), To(there));
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().reason(), "not_equal");
  options_.progress = nullptr;
  Succeeds(Migrate(From(), To(there)));
  EXPECT_TRUE(Read(*there.disk, digest) == from_.layers[1]);
}

TEST_F(StoreMigration, BegunCopyIsNoDestinationForAnotherInstallationNorASource) {
  Stores there;
  for (int n = 1; !Unfinished(there.db()); ++n) {
    there.database.FailOperation(n, FaultPoint::kBefore);
    ASSERT_FALSE(Migrate(From(), To(there)).ok());
  }
  there.database.FailOperation(0, FaultPoint::kBefore);
  Installation another;
  EXPECT_EQ(Refusal({another.db(), *another.world.disk, another.key},
                    {there.db(), *there.disk, another.key}),
            "copy_of_another");
  Stores empty;
  // Its rows are there by now, but not what makes them whole.
  there.store.FailCall(1, false);
  ASSERT_FALSE(Migrate(From(), To(there)).ok());
  EXPECT_EQ(Refusal({there.db(), *there.disk, from_.key}, To(empty)), "source_unfinished");
}

TEST_F(StoreMigration, ProgressGrowsToItsTotals) {
  Stores there;
  std::map<CopyProgress::Step, CopyProgress> last;
  options_.reread = true;
  options_.threads = 3;
  options_.progress = [&](const CopyProgress& progress) {
    CopyProgress& before = last[progress.step];
    EXPECT_GE(progress.rows, before.rows);
    EXPECT_GE(progress.bytes, before.bytes);
    before = progress;
  };
  Succeeds(Migrate(From(), To(there)));
  EXPECT_EQ(last.size(), 4U);
  for (const auto& [step, progress] : last) {
    EXPECT_EQ(progress.rows, progress.rows_total) << static_cast<int>(step);
    EXPECT_EQ(progress.blobs, progress.blobs_total) << static_cast<int>(step);
    EXPECT_EQ(progress.bytes, progress.bytes_total) << static_cast<int>(step);
  }
  EXPECT_GT(last[CopyProgress::Step::kRows].rows, 20);
  EXPECT_EQ(last[CopyProgress::Step::kReread].blobs, 3);
}

// After whatever fails, the destination says that it is not whole, and the next run makes it so.
class StoreMigrationFaults : public StoreMigration {
 protected:
  // Of the database's operations every fourth where each is a journey to a server.
  int DatabaseStep() { return from_.db().dialect() == db::Dialect::kSqlite ? 1 : 4; }

  void ForEach(int step, const std::function<void(Stores&, int)>& arm,
               const std::function<bool(Stores&)>& fired,
               const std::function<void(Stores&)>& disarm) {
    Stores reference;
    const auto expected = Migrate(From(), To(reference));
    Succeeds(expected);
    Stores there;
    int n = 1;
    for (;; n += step) {
      ASSERT_LT(n, kMaxFaults);
      there.Empty();
      arm(there, n);
      const auto first = Migrate(From(), To(there));
      const bool failed = fired(there);
      disarm(there);
      if (!failed) {
        Succeeds(first);
        break;
      }
      if (first.ok()) continue;  // what failed was no part of the copy: a discard
      const auto second = Migrate(From(), To(there));
      if (!second.ok() && second.error().reason() == "already_copied") {
        // The last commit succeeded, and was reported as failed.
        ASSERT_FALSE(Unfinished(there.db())) << n;
      } else {
        ASSERT_TRUE(second.ok()) << n << ": " << second.error().message() << " "
                                 << second.error().log();
        ASSERT_EQ(Digests(*second), Digests(*expected)) << n;
      }
      ASSERT_EQ(BlobsOf(*there.disk), BlobsOf(*reference.disk)) << n;
    }
    EXPECT_GT(n, 3 * step);
  }
};

TEST_F(StoreMigrationFaults, EveryOperationOfTheDestinationsDatabase) {
  options_.piece.rows = 1000;
  for (const FaultPoint point : {FaultPoint::kBefore, FaultPoint::kAfter}) {
    ForEach(
        DatabaseStep(), [&](Stores& there, int n) { there.database.FailOperation(n, point); },
        [](Stores& there) { return there.database.fired(); },
        [](Stores& there) { there.database.FailOperation(0, FaultPoint::kBefore); });
  }
}

TEST_F(StoreMigrationFaults, EveryOperationOfTheSourcesDatabase) {
  options_.piece.rows = 1000;
  ForEach(
      DatabaseStep(),
      [&](Stores&, int n) { from_.world.database.FailOperation(n, FaultPoint::kBefore); },
      [&](Stores&) { return from_.world.database.fired(); },
      [&](Stores&) { from_.world.database.FailOperation(0, FaultPoint::kBefore); });
}

TEST_F(StoreMigrationFaults, EveryCallOfTheDestinationsBlobStore) {
  for (const bool after : {false, true}) {
    ForEach(
        1, [&](Stores& there, int n) { there.store.FailCall(n, after); },
        [](Stores& there) { return there.store.fired(); },
        [](Stores& there) { there.store.FailCall(0, false); });
  }
}

TEST_F(StoreMigrationFaults, EveryCallOfTheSourcesBlobStore) {
  ForEach(
      1, [&](Stores&, int n) { from_.world.store.FailCall(n, false); },
      [&](Stores&) { return from_.world.store.fired(); },
      [&](Stores&) { from_.world.store.FailCall(0, false); });
}

// As a process that is killed again and again, each time a little later than it takes to get
// further.
TEST_F(StoreMigrationFaults, GoesOnWhereItWasHoweverOftenItIsCutOff) {
  Stores there;
  const auto reached = [&]() -> std::string {
    const auto state = there.db().ReadValue(ReadCopyState);
    if (!state.ok() || !*state) return "";
    return std::to_string(static_cast<int>((*state)->phase)) + (*state)->table +
           Encode((*state)->last_key);
  };
  std::set<std::string> places;
  options_.piece.rows = 2;
  int operations = 1;
  for (int runs = 0;; ++runs) {
    ASSERT_LT(runs, kMaxFaults);
    const std::string before = reached();
    there.database.FailOperation(operations, FaultPoint::kBefore);
    const auto result = Migrate(From(), To(there));
    const bool failed = there.database.fired();
    there.database.FailOperation(0, FaultPoint::kBefore);
    if (result.ok()) break;
    ASSERT_TRUE(failed) << result.error().message();
    if (reached() == before) ++operations;
    places.insert(reached());
  }
  EXPECT_GT(places.size(), 10U);
  EXPECT_FALSE(Unfinished(there.db()));
  EXPECT_EQ(BlobsOf(*there.disk), BlobsOf(*from_.world.disk));
}

}  // namespace
}  // namespace breakwater::admin
