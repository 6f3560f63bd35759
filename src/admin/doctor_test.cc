#include "admin/doctor.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "admin/copy_state.h"
#include "base/strings.h"
#include "blob/fs/fs_blob_store.h"
#include "crypto/sealing.h"
#include "db/testing.h"
#include "iam/signing_keys.h"
#include "io/file.h"
#include "net/socket.h"
#include "net/testing.h"
#include "registry/testing.h"

namespace breakwater::admin {
namespace {

using std::chrono::seconds;

const Finding* Find(const Findings& findings, std::string_view check) {
  const auto found = std::ranges::find(findings, check, &Finding::check);
  return found == findings.end() ? nullptr : &*found;
}

Health HealthOf(const Findings& findings, std::string_view check) {
  const Finding* finding = Find(findings, check);
  if (finding == nullptr) ADD_FAILURE() << "no finding on " << check;
  return finding == nullptr ? Health::kFailed : finding->health;
}

class DoctorDatabase : public ::testing::Test {
 protected:
  db::Database& db() { return owner_->database(); }
  void Run(const std::string& sql) {
    const Status status = db().Write([&](db::Transaction& tx) { return tx.ExecuteScript(sql); });
    ASSERT_TRUE(status.ok()) << status.error().log();
  }
  Findings Check() { return CheckDatabase(db(), clock_, true); }

  SystemClock clock_;

 private:
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
};

TEST_F(DoctorDatabase, SoundOneHasNothingWrongAndNothingIsLeftBehind) {
  const auto tables = [&] {
    return *db().ReadValue([&](db::Transaction& tx) { return db::ReadTables(tx, db().dialect()); });
  };
  const auto before = tables();
  for (const Finding& finding : Check()) {
    EXPECT_EQ(finding.health, Health::kOk) << finding.check << ": " << finding.text;
  }
  EXPECT_EQ(tables(), before);
}

TEST_F(DoctorDatabase, SchemaOfANewerProgramFailsAndAnUnfinishedCopyToo) {
  Run("INSERT INTO schema_version (version, name, sha256, applied_at) VALUES (9999, 'x', 'x', 1);");
  const Findings newer = Check();
  EXPECT_EQ(HealthOf(newer, "database_schema"), Health::kFailed);
  EXPECT_NE(Find(newer, "database_schema")->text.find("9999"), std::string::npos);
  Run("DELETE FROM schema_version WHERE version = 9999;");
  EXPECT_EQ(HealthOf(Check(), "database_copy"), Health::kOk);
  ASSERT_TRUE(db().Write([](db::Transaction& tx) {
                    return WriteCopyState(
                        tx, {.source = "x", .table = {}, .last_key = {}, .started = {}});
                  })
                  .ok());
  EXPECT_EQ(HealthOf(Check(), "database_copy"), Health::kFailed);
}

TEST_F(DoctorDatabase, OlderSchemaIsAWarning) {
  Run("DELETE FROM schema_version WHERE version = (SELECT max(version) FROM schema_version);");
  EXPECT_EQ(HealthOf(Check(), "database_schema"), Health::kWarning);
}

TEST_F(DoctorDatabase, JobsThatWereGivenUpAreAWarning) {
  Run("INSERT INTO job (kind, payload, state, recurring, attempt, created)"
      " VALUES ('k', 'null', 'dead', 0, 9, 1);");
  EXPECT_EQ(HealthOf(Check(), "background_jobs"), Health::kWarning);
}

TEST_F(DoctorDatabase, EveryFailureOfTheDatabaseIsAFindingAndNothingIsLeftBehind) {
  const auto count = [&] {
    return db()
        .ReadValue([&](db::Transaction& tx) { return db::ReadTables(tx, db().dialect()); })
        ->size();
  };
  const std::size_t before = count();
  const int failures = db::testing::ForEachFault(db(), [&](db::testing::FaultyDatabase& faulty) {
    const Findings findings = CheckDatabase(faulty, clock_, true);
    // A commit is never reached: what is tried is rolled back.
    EXPECT_EQ(AnyFailed(findings), faulty.fired());
    EXPECT_EQ(count(), before);
  });
  EXPECT_GT(failures, 10);
}

TEST_F(DoctorDatabase, MasterKeyMustOpenWhatIsSealed) {
  const Secret key = crypto::NewSealingKey();
  ASSERT_TRUE(iam::SigningKeys::Open(db(), key, clock_).ok());
  EXPECT_EQ(CheckMasterKey(db(), key).health, Health::kOk);
  const Finding wrong = CheckMasterKey(db(), crypto::NewSealingKey());
  EXPECT_EQ(wrong.health, Health::kFailed);
  EXPECT_FALSE(wrong.advice.empty());
}

TEST(DoctorClocks, OnlyWhatTheAskingDoesNotExplainIsADifference) {
  const auto at = [](int s) { return FromMicros(0) + seconds(s); };
  EXPECT_EQ(CompareClocks("c", "its", at(100), at(105), at(110)).health, Health::kOk);
  EXPECT_EQ(CompareClocks("c", "its", at(100), at(98), at(100)).health, Health::kOk);
  const Finding behind = CompareClocks("c", "its", at(100), at(95), at(101));
  EXPECT_EQ(behind.health, Health::kWarning);
  EXPECT_NE(behind.text.find("5 s behind"), std::string::npos) << behind.text;
  EXPECT_EQ(CompareClocks("c", "its", at(100), at(94), at(101)).health, Health::kFailed);
  const Finding ahead = CompareClocks("c", "its", at(100), at(200), at(101));
  EXPECT_EQ(ahead.health, Health::kFailed);
  EXPECT_NE(ahead.text.find("99 s ahead of"), std::string::npos) << ahead.text;
}

class DoctorFiles : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) { return (directory_.path() / name).string(); }
  breakwater::testing::TempDir directory_;
};

TEST_F(DoctorFiles, DataDirectoryIsLookedAtFromOutside) {
  EXPECT_EQ(HealthOf(CheckDataDirectory(Path("absent")), "data_directory"), Health::kWarning);
  ASSERT_TRUE(io::WriteFileDurably(Path("file"), {}).ok());
  EXPECT_EQ(HealthOf(CheckDataDirectory(Path("file")), "data_directory"), Health::kFailed);

  ASSERT_EQ(::mkdir(Path("data").c_str(), 0700), 0);
  Findings findings = CheckDataDirectory(Path("data"));
  EXPECT_EQ(HealthOf(findings, "data_directory"), Health::kOk);
  EXPECT_EQ(HealthOf(findings, "data_directory_mode"), Health::kOk);
  EXPECT_NE(Find(findings, "free_space"), nullptr);
  EXPECT_EQ(Find(findings, "master_key_file"), nullptr);
  ASSERT_EQ(::chmod(Path("data").c_str(), 0750), 0);
  EXPECT_EQ(HealthOf(CheckDataDirectory(Path("data")), "data_directory_mode"), Health::kWarning);

  ASSERT_TRUE(io::WriteFileDurably(Path("data/master.key"), AsBytes("5ec2e7"), 0640).ok());
  findings = CheckDataDirectory(Path("data"));
  EXPECT_EQ(HealthOf(findings, "master_key_file"), Health::kFailed);
  EXPECT_EQ(Find(findings, "master_key_file")->text.find("5ec2e7"), std::string::npos);
  ASSERT_EQ(::chmod(Path("data/master.key").c_str(), 0600), 0);
  EXPECT_EQ(HealthOf(CheckDataDirectory(Path("data")), "master_key_file"), Health::kOk);
}

TEST_F(DoctorFiles, BlobStoreIsTriedAndLeftAsItWasWhateverFails) {
  auto opened = blob::OpenFsBlobStore(
      {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 1});
  ASSERT_TRUE(opened.ok());
  std::unique_ptr<blob::BlobStore> disk = *std::move(opened);
  EXPECT_FALSE(AnyFailed(CheckBlobStore(*disk)));
  int failures = 0;
  for (const bool after : {false, true}) {
    for (int n = 1;; ++n) {
      registry::testing::FaultyStore store(disk);
      store.FailCall(n, after);
      const Findings findings = CheckBlobStore(store);
      if (!store.fired()) break;
      ++failures;
      EXPECT_TRUE(AnyFailed(findings)) << n;
    }
  }
  EXPECT_GT(failures, 6);
  // Another try finds nothing of the failed ones in its way.
  EXPECT_FALSE(AnyFailed(CheckBlobStore(*disk)));
}

TEST_F(DoctorFiles, ListenersPortIsFreeOrOurs) {
  const SystemClock clock;
  const auto taken = net::ListeningSocket::Open("127.0.0.1", 0);
  ASSERT_TRUE(taken.ok());
  const ListenerToCheck listener{.name = "public", .host = "127.0.0.1", .port = taken->port()};
  const auto check = [&](const ListenerToCheck& which, bool ours) {
    return HealthOf(CheckListener(which, clock, [&](const ListenerToCheck&) { return ours; }),
                    "public_listener");
  };
  EXPECT_EQ(check(listener, true), Health::kOk);
  EXPECT_EQ(check(listener, false), Health::kFailed);
  EXPECT_EQ(check({.name = "public", .host = "127.0.0.1", .port = 0}, false), Health::kOk);
  // TEST-NET-1 (RFC 5737): no machine's.
  EXPECT_EQ(check({.name = "public", .host = "192.0.2.1", .port = 5000}, false), Health::kFailed);
}

TEST(DoctorListener, ServerOfOursIsKnownByItsAnswer) {
  const auto server = net::testing::StartServer({}, [](net::Request& request) {
    return request.path == "/livez" ? net::testing::Text("ok") : net::testing::Echo(request);
  });
  const std::string endpoint = server->endpoint();
  const auto port = ParseInt(endpoint.substr(endpoint.rfind(':') + 1));
  EXPECT_TRUE(AnswersLikeUs(
      {.name = "public", .host = "0.0.0.0", .port = static_cast<std::uint16_t>(*port)}));
}

TEST_F(DoctorFiles, CertificateMustBeTheKeysAndLast) {
  const auto one = net::testing::MakeCertificate(directory_.path().string(), "one");
  const auto other = net::testing::MakeCertificate(directory_.path().string(), "other");
  const auto end = net::CertificateExpiry(one.certificate_file);
  ASSERT_TRUE(end.ok());
  breakwater::testing::ManualClock clock;
  const auto check = [&](const std::string& key, Timestamp now) {
    clock.Set(now);
    const ListenerToCheck listener{.name = "public",
                                   .host = "127.0.0.1",
                                   .port = 0,
                                   .certificate_file = one.certificate_file,
                                   .key_file = key};
    return HealthOf(CheckListener(listener, clock, AnswersLikeUs), "public_tls");
  };
  EXPECT_EQ(check(one.key_file, *end - std::chrono::hours(24 * 22)), Health::kOk);
  EXPECT_EQ(check(one.key_file, *end - std::chrono::hours(24 * 20)), Health::kWarning);
  EXPECT_EQ(check(one.key_file, *end), Health::kFailed);
  EXPECT_EQ(check(other.key_file, *end - std::chrono::hours(24 * 22)), Health::kFailed);
  EXPECT_EQ(check(Path("absent"), *end - std::chrono::hours(24 * 22)), Health::kFailed);
  EXPECT_FALSE(net::CertificateExpiry(Path("absent")).ok());
  EXPECT_FALSE(net::CertificateExpiry(one.key_file).ok());
}

TEST(DoctorRegistries, HostNameBelongsToOne) {
  EXPECT_EQ(CheckRegistries({}).health, Health::kOk);
  EXPECT_EQ(CheckRegistries({{{"a", "b", "a"}}, {{"c"}}}).health, Health::kOk);
  const Finding twice = CheckRegistries({{{"a", "b"}}, {{"c", "b"}}});
  EXPECT_EQ(twice.health, Health::kFailed);
  EXPECT_NE(twice.text.find(" b "), std::string::npos);
}

}  // namespace
}  // namespace breakwater::admin
