#include "admin/installation_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "admin/audit_settings.h"
#include "admin/checks.h"
#include "admin/outcomes.h"
#include "control/facts_testing.h"
#include "control/testing.h"
#include "crypto/sealing.h"

namespace breakwater::admin {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class InstallationFactsTest : public ::testing::Test {
 protected:
  std::string Text(const condition::ResourceType& type, std::string_view property,
                   const std::string& name = {}) {
    return reader_.Text(control::AccountResource(control_.account, type.kind, name), property);
  }
  BackupReport Report(std::chrono::hours age, bool read_back = false) const {
    return {.manifest_sha256 = std::string(64, 'a'),
            .as_of = control_.clock.Now() - age,
            .rows = 7,
            .blobs = 3,
            .blob_bytes = 1'000,
            .read_back = read_back};
  }
  std::string TimeText(Timestamp time) { return "\"" + FormatRfc3339(time) + "\""; }
  void Append() {
    audit::Record record;
    record.account = control_.account;
    record.action = "test.done";
    ASSERT_TRUE(control_.log.AppendAlone(record).ok());
    ASSERT_TRUE(control_.log.Seal().ok());
  }
  Status Run(std::string_view sql) {
    return control_.database.Write([&](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute(sql));
      return Ok();
    });
  }

  control::testing::ControlFixture control_;
  InstallationFacts facts_{control_.clock, control_.account};
  control::testing::SourceReader reader_{control_.database, facts_};
  control::testing::FactNews news_{*control_.jobs};
  Processes processes_{control_.database, *control_.jobs, control_.clock, control_.account};
  Checks checks_{
      {control_.database, *control_.jobs, control_.changes, control_.clock, control_.account}};
  audit::Heads heads_ =
      *audit::Heads::Open(control_.database, control_.log, crypto::NewSealingKey(), control_.clock);
};

TEST_F(InstallationFactsTest, NoBackupIsKnownToBeNone) {
  EXPECT_EQ(Text(BackupType(), "last_backup"), "absent");
  EXPECT_EQ(Text(BackupType(), "last_verified_backup"), "absent");
}

TEST_F(InstallationFactsTest, ABackupCountsFromItsSnapshotAndAnOlderOneDoesNotReplaceIt) {
  ASSERT_TRUE(checks_.BackupDone(control_.caller, Report(std::chrono::hours{2})).ok());
  EXPECT_THAT(news_.Take(), ElementsAre("backup"));
  const std::string two_hours = TimeText(control_.clock.Now() - std::chrono::hours{2});
  EXPECT_EQ(Text(BackupType(), "last_backup"), two_hours);
  EXPECT_EQ(Text(BackupType(), "last_verified_backup"), "absent");
  ASSERT_TRUE(checks_.BackupDone(control_.caller, Report(std::chrono::hours{50}, true)).ok());
  EXPECT_EQ(Text(BackupType(), "last_backup"), two_hours);
  EXPECT_EQ(Text(BackupType(), "last_verified_backup"),
            TimeText(control_.clock.Now() - std::chrono::hours{50}));
  ASSERT_TRUE(checks_.BackupDone(control_.caller, Report(std::chrono::hours{60}, true)).ok());
  EXPECT_EQ(Text(BackupType(), "last_verified_backup"),
            TimeText(control_.clock.Now() - std::chrono::hours{50}));
  control::testing::ExpectCatalogued(
      BackupType(), *reader_.Read(control::AccountResource(control_.account, "backup")));
  EXPECT_EQ(control_.log.Query({.action = "breakwater.backup.create"})->size(), 3U);
}

TEST_F(InstallationFactsTest, ABackupOfTheFutureOrOfNoManifestIsNotBelieved) {
  EXPECT_EQ(checks_.BackupDone(control_.caller, Report(-std::chrono::hours{1})).error().reason(),
            "invalid_field");
  BackupReport report = Report(std::chrono::hours{1});
  report.manifest_sha256 = "sha256:" + std::string(57, 'a');
  EXPECT_EQ(checks_.BackupDone(control_.caller, report).error().reason(), "invalid_field");
  EXPECT_EQ(Text(BackupType(), "last_backup"), "absent");
}

TEST_F(InstallationFactsTest, ContentThatWasNeverCheckedIsUnknownAndABadCheckKeepsTheLastGood) {
  EXPECT_EQ(Text(ContentType(), "sound"), "unavailable");
  const Timestamp then = control_.clock.Now();
  const auto write = [&](bool good) {
    return control_.database.Write([&](db::Transaction& tx) {
      const Timestamp now = control_.clock.Now();
      return WriteOutcome(tx, outcome::kContent, good, now, now, json::Object{});
    });
  };
  ASSERT_TRUE(write(true).ok());
  EXPECT_EQ(Text(ContentType(), "sound"), "true");
  control_.clock.Advance(std::chrono::hours{1});
  ASSERT_TRUE(write(false).ok());
  EXPECT_EQ(Text(ContentType(), "sound"), "false");
  EXPECT_EQ(Text(ContentType(), "last_check"), TimeText(then));
  control::testing::ExpectCatalogued(
      ContentType(), *reader_.Read(control::AccountResource(control_.account, "content")));
}

TEST_F(InstallationFactsTest, TheTrailTellsWhatIsSetForItAndWhereItGoes) {
  EXPECT_EQ(Text(AuditType(), "keep_days"), "absent");
  EXPECT_EQ(Text(AuditType(), "remote_sinks"), "[]");
  EXPECT_EQ(Text(AuditType(), "last_signed_head"), "absent");
  ASSERT_TRUE(processes_
                  .Tell({.id = "p1"}, {.node = "web-1",
                                       .listeners = {},
                                       .audit_sinks = {{"copy", "file"}, {"siem", "syslog"}},
                                       .master_key_configured = false,
                                       .plain_destinations = {},
                                       .trash_life = {}})
                  .ok());
  AuditSettings settings(control_.database, control_.clock, control_.changes);
  news_.Take();
  ASSERT_TRUE(settings
                  .Set(control_.caller, control_.account,
                       {.pulls = audit::PullLevel::kAll, .keep_days = 30})
                  .ok());
  EXPECT_THAT(news_.Take(), ElementsAre("audit"));
  EXPECT_EQ(Text(AuditType(), "pulls"), "\"all\"");
  EXPECT_EQ(Text(AuditType(), "keep_days"), "30");
  EXPECT_EQ(Text(AuditType(), "sinks"), R"(["copy","siem"])");
  EXPECT_EQ(Text(AuditType(), "remote_sinks"), R"(["siem"])");
  Append();
  ASSERT_TRUE(heads_.Sign().ok());
  EXPECT_EQ(Text(AuditType(), "last_signed_head"), TimeText(control_.clock.Now()));
  control::testing::ExpectCatalogued(
      AuditType(), *reader_.Read(control::AccountResource(control_.account, "audit")));
}

TEST_F(InstallationFactsTest, AVerificationOfTheTrailLeavesItsOutcome) {
  EXPECT_EQ(Text(AuditType(), "verifies"), "unavailable");
  Append();
  Append();
  ASSERT_TRUE(heads_.Sign().ok());
  ASSERT_TRUE(checks_.VerifyAudit(control_.log, heads_).ok());
  EXPECT_THAT(news_.Take(), Contains("audit"));
  EXPECT_EQ(Text(AuditType(), "verifies"), "true");
  const std::string good = TimeText(control_.clock.Now());
  EXPECT_EQ(Text(AuditType(), "last_verification"), good);
  control_.clock.Advance(std::chrono::hours{1});
  ASSERT_TRUE(Run("UPDATE audit_record SET document = '{}' WHERE sequence = 1").ok());
  EXPECT_EQ(checks_.VerifyAudit(control_.log, heads_).error().code(), ErrorCode::kDataCorrupt);
  EXPECT_EQ(Text(AuditType(), "verifies"), "false");
  EXPECT_EQ(Text(AuditType(), "last_verification"), good);
}

TEST_F(InstallationFactsTest, AHeadThatWasNotSignedHereIsFound) {
  Append();
  ASSERT_TRUE(heads_.Sign().ok());
  ASSERT_TRUE(Run("UPDATE audit_head SET hash = 'another'").ok());
  const auto verified = checks_.VerifyAudit(control_.log, heads_);
  ASSERT_FALSE(verified.ok());
  EXPECT_THAT(verified.error().message(), HasSubstr("signature"));
  EXPECT_EQ(Text(AuditType(), "verifies"), "false");
}

TEST_F(InstallationFactsTest, ADestinationIsUnknownUntilTriedAndLagsByItsFirstWaitingEntry) {
  ASSERT_TRUE(processes_
                  .Tell({.id = "p1", .alone = false, .lease = std::chrono::hours{2}},
                        {.node = "web-1",
                         .listeners = {},
                         .audit_sinks = {{"siem", "syslog"}},
                         .master_key_configured = false,
                         .plain_destinations = {},
                         .trash_life = {}})
                  .ok());
  EXPECT_THAT(reader_.Names(AuditSinkType(), control_.account), ElementsAre("siem"));
  EXPECT_EQ(Text(AuditSinkType(), "up", "siem"), "unavailable");
  Append();
  ASSERT_TRUE(Run("INSERT INTO audit_sink (name, sequence, head, failing_since, last_error, "
                  "alarmed, updated) VALUES ('siem', 1, 0, NULL, '', 0, 0)")
                  .ok());
  EXPECT_EQ(Text(AuditSinkType(), "up", "siem"), "true");
  EXPECT_EQ(Text(AuditSinkType(), "lag_minutes", "siem"), "0");
  Append();
  control_.clock.Advance(std::chrono::minutes{20});
  ASSERT_TRUE(Run("UPDATE audit_sink SET failing_since = 5").ok());
  EXPECT_EQ(Text(AuditSinkType(), "up", "siem"), "false");
  EXPECT_EQ(Text(AuditSinkType(), "lag_minutes", "siem"), "20");
  control::testing::ExpectCatalogued(AuditSinkType(), *reader_.Read(control::AccountResource(
                                                          control_.account, "audit-sink", "siem")));
  EXPECT_FALSE(
      reader_.Read(control::AccountResource(control_.account, "audit-sink", "former")).ok());
}

TEST_F(InstallationFactsTest, TheyAreOfTheAccountThatRunsTheInstallation) {
  for (const auto& type : facts_.Types()) {
    EXPECT_THAT(reader_.List(type, AccountId("other")), IsEmpty());
    EXPECT_FALSE(reader_.Read(control::AccountResource(AccountId("other"), type.kind)).ok());
  }
}

}  // namespace
}  // namespace breakwater::admin
