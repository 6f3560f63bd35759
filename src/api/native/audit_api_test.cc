#include <gtest/gtest.h>

#include "api/native/audit.h"
#include "api/testing.h"
#include "audit/verify.h"
#include "base/testing.h"
#include "blob/fs/fs_blob_store.h"
#include "crypto/sealing.h"

namespace breakwater::api::native {
namespace {

class AuditApi : public ::testing::Test {
 protected:
  AuditApi() { ServeFor(control().account); }

  control::testing::ControlFixture& control() { return harness_.control; }
  // As an installation whose own account is `owner`.
  void ServeFor(const AccountId& owner) {
    harness_.Serve(AuditEndpoints({control().log, heads_, segments_, settings_, checks_, owner},
                                  harness_.face));
  }
  void Record(const std::string& action) {
    audit::Record record;
    record.account = control().account;
    record.action = action;
    record.target.name = "of-" + action;
    ASSERT_TRUE(control().log.AppendAlone(record).ok());
  }
  std::vector<audit::Found> Recorded(const std::string& action) {
    EXPECT_TRUE(control().recorder.Flush().ok());
    return *control().log.Query({.action = action});
  }
  std::size_t Count(const std::string& query) {
    const auto answer = harness_.Send("GET", "/breakwater/v1/audit/records?" + query);
    return json::Find(answer.body, "records")->as_array().size();
  }

  breakwater::testing::TempDir directory_;
  testing::Harness harness_;
  std::unique_ptr<blob::BlobStore> store_ = *blob::OpenFsBlobStore(
      {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
  audit::Heads heads_ = *audit::Heads::Open(control().database, control().log,
                                            crypto::NewSealingKey(), control().clock);
  audit::Segments segments_{{},     control().database, *store_, control().log,
                            heads_, control().clock};
  admin::AuditSettings settings_{harness_.control.database, harness_.control.clock,
                                 harness_.control.changes};
  admin::Checks checks_{{harness_.control.database, *harness_.control.jobs,
                         harness_.control.changes, harness_.control.clock,
                         harness_.control.account}};
};

TEST_F(AuditApi, WholeTrailAndItsSettingsAreForTheInstallationsAccountAlone) {
  ServeFor(AccountId("another"));
  for (const char* path : {"entries", "export", "segments"}) {
    EXPECT_EQ(harness_.Send("GET", std::string("/breakwater/v1/audit/") + path).status, 403)
        << path;
  }
  EXPECT_EQ(
      harness_
          .Send("PUT", "/breakwater/v1/audit/settings", R"({"pulls":"first_of_day","keep_days":1})")
          .status,
      403);
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records").status, 200);
}

TEST_F(AuditApi, RecordsAreFilteredAndPaged) {
  for (const char* action : {"a", "b", "a"}) Record(action);
  const auto page = harness_.Send("GET", "/breakwater/v1/audit/records?action=a&limit=1");
  EXPECT_EQ(json::Find(page.body, "records")->as_array().size(), 1U);
  const std::string after(json::FindText(page.body, "next_after"));
  EXPECT_EQ(Count("action=a&limit=10&after=" + after), 1U);
  EXPECT_EQ(Count("target=of-b"), 1U);
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records?since=yesterday").status, 400);
  for (const char* wrong : {"7", "1.2.3.4", "-9223372036854775808.1.1", "x.1.1"}) {
    EXPECT_EQ(
        harness_.Send("GET", std::string("/breakwater/v1/audit/records?after=") + wrong).status,
        400)
        << wrong;
  }
}

// Reads are written a second later, and what a long transaction did has the time of its beginning.
TEST_F(AuditApi, ALimitThatNoPageCanHaveIsRefused) {
  Record("a");
  for (const char* list : {"records", "events"}) {
    const std::string path = "/breakwater/v1/audit/" + std::string(list) + "?limit=";
    for (const char* wrong : {"0", "-5", "1001", "99999999", "many", ""}) {
      EXPECT_EQ(harness_.Send("GET", path + wrong).status, 400) << list << " " << wrong;
    }
    EXPECT_NE(harness_.Send("GET", path + "0").text.find("limit must be from 1 to 1000"),
              std::string::npos);
    for (const char* right : {"1", "1000"}) {
      EXPECT_EQ(harness_.Send("GET", path + right).status, 200) << list << " " << right;
    }
  }
}

TEST_F(AuditApi, WhoGoesOnMissesNothingThatWasWrittenLate) {
  const auto record = [&](const std::string& target, std::chrono::seconds ago) {
    audit::Record late;
    late.account = control().account;
    late.action = "a";
    late.target.name = target;
    late.time = control().clock.Now() - ago;
    ASSERT_TRUE(control().log.AppendAlone(late).ok());
  };
  const auto names = [&](const std::string& query, std::string* next) {
    const auto page = harness_.Send("GET", "/breakwater/v1/audit/records?action=a" + query);
    std::string all;
    for (const json::Value& one : json::Find(page.body, "records")->as_array()) {
      all += std::string(json::FindText(*json::Find(one, "target"), "name")) + " ";
    }
    *next = std::string(json::FindText(page.body, "next_after"));
    if (next->empty()) *next = std::string(json::FindText(page.body, "resume_after"));
    return all;
  };
  record("one", std::chrono::seconds{3});
  record("two", std::chrono::seconds{2});
  record("three", std::chrono::seconds{1});
  std::string next;
  EXPECT_EQ(names("&limit=2", &next), "one two ");
  record("late", std::chrono::seconds{9});
  EXPECT_EQ(names("&after=" + next, &next), "late three ");
  record("later", std::chrono::seconds{8});
  record("four", std::chrono::seconds{0});
  EXPECT_EQ(names("&limit=1&after=" + next, &next), "later ");
  EXPECT_EQ(names("&after=" + next, &next), "four ");
  EXPECT_EQ(names("&after=" + next, &next), "");
}

// What came late may fill a page by itself, and then the rest of it comes before all else.
TEST_F(AuditApi, PagesOfOneRecordGiveEachOfThemOnce) {
  const auto record = [&](const std::string& target, std::chrono::seconds ago) {
    audit::Record made;
    made.account = control().account;
    made.action = "a";
    made.target.name = target;
    made.time = control().clock.Now() - ago;
    ASSERT_TRUE(control().log.AppendAlone(made).ok());
  };
  std::string after;
  std::string all;
  const auto page = [&] {
    const auto answer =
        harness_.Send("GET", "/breakwater/v1/audit/records?action=a&limit=1" + after);
    for (const json::Value& one : json::Find(answer.body, "records")->as_array()) {
      all += std::string(json::FindText(*json::Find(one, "target"), "name")) + " ";
    }
    const std::string_view more = json::FindText(answer.body, "next_after");
    after =
        "&after=" + std::string(more.empty() ? json::FindText(answer.body, "resume_after") : more);
    return !more.empty();
  };
  record("one", std::chrono::seconds{20});
  record("two", std::chrono::seconds{10});
  record("three", std::chrono::seconds{5});
  ASSERT_TRUE(page());
  ASSERT_TRUE(page());
  record("late", std::chrono::seconds{15});
  record("later", std::chrono::seconds{12});
  record("latest", std::chrono::seconds{18});
  while (page()) {
  }
  EXPECT_EQ(all, "one two late later latest three ");
  record("much later", std::chrono::seconds{19});
  while (page()) {
  }
  EXPECT_EQ(all, "one two late later latest three much later ");
}

TEST_F(AuditApi, ExportedEntriesFormAChainThatAnybodyCanVerify) {
  for (int i = 0; i < 3; ++i) Record("x");
  const auto exported = harness_.Send("GET", "/breakwater/v1/audit/entries");
  audit::ChainVerifier verifier;
  for (const json::Value& entry : json::Find(exported.body, "entries")->as_array()) {
    EXPECT_TRUE(verifier.Add(*audit::EntryFromJson(entry)).ok());
  }
  EXPECT_EQ(verifier.count(), 3);
  const auto verified = harness_.Send("GET", "/breakwater/v1/audit/verification");
  EXPECT_EQ(json::FindText(verified.body, "head"), verifier.head());
  EXPECT_EQ(*json::Find(verified.body, "intact"), json::Value(true));
}

TEST_F(AuditApi, AnExportOfLinesVerifiesWithTheKeyThatIsToldAndEndsWithASignedHead) {
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/audit/heads/latest").status, 404);
  for (int i = 0; i < 3; ++i) Record("x");
  ASSERT_TRUE(control().log.Seal().ok());
  Record("not sealed yet");
  const auto lines = harness_.Send("GET", "/breakwater/v1/audit/export?from=1");
  ASSERT_EQ(lines.headers.Get("Breakwater-Next-From"), "4");
  const auto trailer = harness_.Send("GET", "/breakwater/v1/audit/export?from=4");
  EXPECT_FALSE(trailer.headers.Get("Breakwater-Next-From"));
  const auto key = harness_.Send("GET", "/breakwater/v1/audit/key");
  auto public_key = crypto::VerifyingKey::FromPem(json::FindText(key.body, "pem"));
  ASSERT_TRUE(public_key.ok());
  const auto head = harness_.Send("GET", "/breakwater/v1/audit/heads/latest");
  audit::FileVerifier verifier(*std::move(public_key), {*audit::HeadFromJson(head.body)});
  const std::string text = lines.text + trailer.text;
  io::StringSource source(text);
  ASSERT_TRUE(verifier.Add(source, "export").ok());
  const auto found = verifier.Finish();
  ASSERT_TRUE(found.ok()) << found.error().message();
  EXPECT_EQ(found->signed_to, 3);
  EXPECT_EQ(found->unsealed, 1);
  const auto heads = harness_.Send("GET", "/breakwater/v1/audit/heads");
  EXPECT_EQ(json::Find(heads.body, "heads")->as_array().size(), 1U);
}

TEST_F(AuditApi, AReadOfTheTrailStandsInTheTrail) {
  ASSERT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records").status, 200);
  const auto found = Recorded("breakwater.audit.read");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].record.initiator.iam_id.value(), "IBMid-1");
  EXPECT_EQ(found[0].record.severity, audit::Severity::kNormal);
  EXPECT_EQ(found[0].record.request_id, "trace-1");
}

TEST_F(AuditApi, ARefusedReadStandsInTheTrailAndOneOfNobodyDoesNot) {
  harness_.authorizer.forbidden = "breakwater.audit.read";
  ASSERT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records").status, 403);
  harness_.authorization = "";
  ASSERT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records").status, 401);
  const auto found = Recorded("breakwater.audit.read");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].record.reason_code, 403);
  EXPECT_EQ(found[0].record.severity, audit::Severity::kCritical);
}

TEST_F(AuditApi, NarrowingTheLevelIsACriticalChangeAndWideningItIsNot) {
  const auto set = [&](const char* pulls) {
    return harness_
        .Send("PUT", "/breakwater/v1/audit/settings",
              R"({"pulls":")" + std::string(pulls) + R"(","keep_days":0})")
        .status;
  };
  EXPECT_EQ(set("all"), 200);
  EXPECT_EQ(set("by_tag"), 200);
  EXPECT_EQ(set("none"), 400);
  const auto found = Recorded("breakwater.audit.set");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].record.severity, audit::Severity::kWarning);
  EXPECT_EQ(found[1].record.severity, audit::Severity::kCritical);
  ASSERT_EQ(found[1].record.changes.size(), 1U);
  EXPECT_EQ(found[1].record.changes[0].before, json::Value("all"));
  const auto now = harness_.Send("GET", "/breakwater/v1/audit/settings");
  EXPECT_EQ(json::FindText(now.body, "pulls"), "by_tag");
}

// Somebody else's change comes between the request and its being applied.
class Overtaking final : public control::Authorizer {
 public:
  Overtaking(db::Database& database, audit::Settings settings)
      : database_(database), settings_(settings) {}
  Status Authorize(const control::Caller&, std::string_view, const control::Resource&) override {
    return database_.Write(
        [&](db::Transaction& tx) { return audit::WriteSettings(tx, settings_, {}); });
  }

 private:
  db::Database& database_;
  const audit::Settings settings_;
};

TEST_F(AuditApi, NarrowingCannotPassForWideningWhenChangesMeet) {
  const audit::Settings by_tag{.pulls = audit::PullLevel::kByTag};
  ASSERT_TRUE(settings_.Set(control().caller, control().account, by_tag).ok());
  Overtaking overtaking(control().database, {.pulls = audit::PullLevel::kAll});
  control::ChangePath changes(control().database, control().log, *control().jobs, overtaking,
                              control().gate, control().facts);
  admin::AuditSettings overtaken(control().database, control().clock, changes);
  const Status set = overtaken.Set(control().caller, control().account, by_tag);
  ASSERT_FALSE(set.ok());
  EXPECT_EQ(set.error().reason(), "changed_meanwhile");
  EXPECT_EQ(settings_.Get()->pulls, audit::PullLevel::kAll);
  ASSERT_TRUE(settings_.Set(control().caller, control().account, by_tag).ok());
  EXPECT_EQ(Recorded("breakwater.audit.set").back().record.severity, audit::Severity::kCritical);
}

TEST_F(AuditApi, KeepingFewerDaysIsCritical) {
  EXPECT_EQ(harness_
                .Send("PUT", "/breakwater/v1/audit/settings",
                      R"({"pulls":"first_of_day","keep_days":30})")
                .status,
            200);
  EXPECT_EQ(Recorded("breakwater.audit.set").at(0).record.severity, audit::Severity::kCritical);
}

}  // namespace
}  // namespace breakwater::api::native
