#include "api/posture/posture.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "crypto/sealing.h"
#include "report/evidence.h"

namespace breakwater::api::posture {
namespace {

// One registry whose settings are all off; nothing is known of access and alerts.
class OffFacts final : public control::FactSource {
 public:
  std::vector<condition::ResourceType> Types() const override {
    return {{"container-registry", "service"}};
  }
  Result<std::vector<control::Resource>> List(db::Transaction&, const condition::ResourceType&,
                                              const AccountId& account) override {
    return std::vector{control::ServiceResource(account, RegistryName("us.icr.io"), "us-south")};
  }
  Result<condition::Facts> Read(db::Transaction&, const control::Resource&) override {
    condition::Facts facts;
    for (const char* name : {"iam_authz", "private_only", "platform_metrics"}) {
      facts.Set(name, condition::Fact::Present(false, "test", Timestamp{}));
    }
    return facts;
  }
};

class PostureApi : public ::testing::Test {
 protected:
  PostureApi() {
    harness_.control.facts.Add(facts_);
    EXPECT_TRUE(profiles_.Publish().ok());
    harness_.Serve(Endpoints(posture_, heads_, harness_.face));
  }

  testing::Harness harness_;
  OffFacts facts_;
  audit::Heads heads_ = *audit::Heads::Open(harness_.control.database, harness_.control.log,
                                            crypto::NewSealingKey(), harness_.control.clock);
  breakwater::posture::Profiles profiles_{harness_.control.database, harness_.control.changes,
                                          breakwater::posture::Content::BuiltIn(),
                                          condition::Catalogue::BuiltIn(), harness_.control.clock};
  breakwater::posture::Attachments attachments_{harness_.control.database, harness_.control.changes,
                                                profiles_, harness_.control.clock};
  breakwater::posture::Attestations attestations_{
      harness_.control.database, harness_.control.changes, *harness_.control.jobs,
      breakwater::posture::Content::BuiltIn(), harness_.control.clock};
  breakwater::posture::Setup setup_{harness_.control.database, harness_.control.changes,
                                    attachments_, harness_.control.clock};
  control::Exceptions exceptions_{harness_.control.database, harness_.control.changes,
                                  *harness_.control.jobs, harness_.control.clock};
  breakwater::posture::Posture posture_{
      {harness_.control.database, *harness_.control.jobs, harness_.control.changes,
       harness_.control.facts, profiles_, attachments_, attestations_, setup_, exceptions_,
       harness_.control.clock, [this]() -> Result<std::vector<AccountId>> {
         return std::vector{harness_.control.account};
       }}};
};

TEST_F(PostureApi, TheReferenceSequenceReachesTheElevenGoals) {
  const auto created = harness_.Send("POST", "/posture/v2/scans/validations",
                                     R"({"scope_id":"1","profile_id":"48"})");
  ASSERT_EQ(created.status, 202);
  EXPECT_EQ(*json::Find(created.body, "result"), json::Value(true));
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());

  const auto latest = harness_.Send("GET", "/posture/v2/scans/validations/latest_scans");
  const json::Value& scan = json::Find(latest.body, "latest_scans")->as_array().at(0);
  EXPECT_EQ(*json::Find(*json::Find(scan, "result"), "goals_fail_count"), json::Value(3));
  EXPECT_EQ(*json::Find(*json::Find(scan, "result"), "goals_unable_to_perform_count"),
            json::Value(8));

  const auto summary = harness_.Send("GET", "/posture/v2/scans/validations/" +
                                                std::string(json::FindText(scan, "scan_id")) +
                                                "/summary?profile_id=48");
  ASSERT_EQ(summary.status, 200);
  const auto& controls = json::Find(summary.body, "controls")->as_array();
  ASSERT_EQ(controls.size(), 11U);
  const json::Value& goal = json::Find(controls.at(3), "goals")->as_array().at(0);
  EXPECT_EQ(json::FindText(goal, "id"), "3000625");
  EXPECT_EQ(json::FindText(goal, "status"), "fail");
  const json::Value& resource = json::Find(goal, "resource_result")->as_array().at(0);
  EXPECT_EQ(json::FindText(resource, "actual_value"), "false");
}

TEST_F(PostureApi, TheLatestScanOfAProfileIsListedAloneAndSummariesHoldTheOthers) {
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(
        harness_
            .Send("POST", "/posture/v2/scans/validations", R"({"scope_id":"1","profile_id":"48"})")
            .status,
        202);
    ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  }
  const auto latest = harness_.Send("GET", "/posture/v2/scans/validations/latest_scans");
  EXPECT_EQ(*json::Find(latest.body, "total_count"), json::Value(1));
  const auto& scans = json::Find(latest.body, "latest_scans")->as_array();
  ASSERT_EQ(scans.size(), 1U);
  EXPECT_EQ(json::FindText(scans.at(0), "scan_id"), "2");
  const auto all =
      harness_.Send("GET", "/posture/v2/scans/validations/summaries?report_setting_id=" +
                               std::string(json::FindText(scans.at(0), "report_setting_id")));
  EXPECT_EQ(*json::Find(all.body, "total_count"), json::Value(2));
}

// Clients with types refuse an item without them (ibm-scc 2.9).
TEST_F(PostureApi, AScanThatHasNotEndedHasBothTimesToo) {
  const std::string asked = FormatRfc3339(harness_.control.clock.Now());
  ASSERT_EQ(
      harness_
          .Send("POST", "/posture/v2/scans/validations", R"({"scope_id":"1","profile_id":"48"})")
          .status,
      202);
  harness_.control.clock.Advance(std::chrono::minutes{1});
  const auto times = [&](const std::string& path, const char* list) {
    const auto answer = harness_.Send("GET", path);
    const json::Value& scan = json::Find(answer.body, list)->as_array().at(0);
    return std::pair(std::string(json::FindText(scan, "start_time")),
                     std::string(json::FindText(scan, "end_time")));
  };
  const auto everywhere = [&](const std::string& start, const std::string& end) {
    const std::string v1 = "/posture/v1/scans/validations/";
    const std::string v2 = "/posture/v2/scans/validations/";
    EXPECT_EQ(times(v1 + "latest_scans", "latest_scans"), std::pair(start, end));
    EXPECT_EQ(times(v2 + "latest_scans", "latest_scans"), std::pair(start, end));
    EXPECT_EQ(times(v1 + "summaries?profile_id=48&scope_id=1", "summaries"), std::pair(start, end));
    EXPECT_EQ(times(v2 + "summaries?report_setting_id=1", "summaries"), std::pair(start, end));
  };
  everywhere(asked, asked);  // it waits

  const std::string begun = FormatRfc3339(harness_.control.clock.Now());
  ASSERT_TRUE(harness_.control.database
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(
                        breakwater::posture::scans::Begin(tx, 1, harness_.control.clock.Now()));
                    return Ok();
                  })
                  .ok());
  harness_.control.clock.Advance(std::chrono::minutes{1});
  everywhere(begun, begun);  // it runs

  const std::string ended = FormatRfc3339(harness_.control.clock.Now());
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  EXPECT_EQ(times("/posture/v2/scans/validations/latest_scans", "latest_scans").second, ended);
}

TEST_F(PostureApi, LinksToOtherPagesKeepTheRequestsOtherParameters) {
  ASSERT_EQ(
      harness_
          .Send("POST", "/posture/v2/scans/validations", R"({"scope_id":"1","profile_id":"48"})")
          .status,
      202);
  const auto page =
      harness_.Send("GET",
                    "/posture/v2/scans/validations/summaries?off%73et=0&account_id=acc"
                    "&limit=7&report_setting_id=1&x=a%26b");
  ASSERT_EQ(page.status, 200);
  EXPECT_EQ(json::FindText(*json::Find(page.body, "first"), "href"),
            "/posture/v2/scans/validations/summaries?offset=0&limit=7&account_id=acc"
            "&report_setting_id=1&x=a%26b");
}

TEST_F(PostureApi, ProfilesControlsAndScopesAreListedInPages) {
  EXPECT_EQ(*json::Find(harness_.Send("GET", "/posture/v2/profiles").body, "total_count"),
            json::Value(4));
  const auto controls = harness_.Send("GET", "/posture/v2/profiles/48/controls?limit=4&offset=4");
  EXPECT_EQ(json::Find(controls.body, "controls")->as_array().size(), 4U);
  EXPECT_NE(json::FindText(*json::Find(controls.body, "next"), "href").find("offset=8"),
            std::string_view::npos);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/scopes/1").status, 200);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/profiles?limit=x").status, 400);
}

TEST_F(PostureApi, UnknownThingsAreNotFoundInThoseWords) {
  for (const char* path : {"/posture/v2/scans/validations/9/summary?profile_id=48",
                           "/posture/v2/profiles/9", "/posture/v2/scopes/2"}) {
    const auto answer = harness_.Send("GET", path);
    EXPECT_EQ(answer.status, 404) << path;
    EXPECT_NE(answer.text.find("not found"), std::string::npos) << path;
  }
}

TEST_F(PostureApi, ParametersAreSetCheckedAndShown) {
  const std::string path =
      "/breakwater/v1/posture/profiles/48/parameters/no_of_admins_for_container_registry";
  EXPECT_EQ(harness_.Send("PUT", path, R"({"value":7})").status, 200);
  EXPECT_NE(harness_.Send("GET", "/breakwater/v1/posture/profiles/48/parameters").text.find("7"),
            std::string::npos);
  EXPECT_EQ(harness_.Send("PUT", path, R"({"value":"many"})").status, 400);
  EXPECT_EQ(harness_.Send("PUT", path, R"({"valeu":7})").status, 400);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  EXPECT_EQ(
      json::Find(harness_.Send("GET", "/breakwater/v1/posture/profiles/48/state").body, "goals")
          ->as_array()
          .size(),
      11U);
}

constexpr std::string_view kSheet =
    "profilename,Ours\nprofilenumonic,O\nprofiledescription,d\n##METAINFO ENDS##\n"
    "ExternalControlId,Description,Parent,GoalId,Tags\n5,Registry,,,\n"
    "5.1,Private,5,3000625,\n5.2,Access,5,\"3000626,3000639\",x\n";

TEST_F(PostureApi, AnImportedProfileIsListedScannedChangedAndDeleted) {
  harness_.content_type = "multipart/form-data; boundary=b";
  const auto imported = harness_.Send(
      "POST", "/posture/v2/profiles/import",
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"p.csv\"\r\n\r\n" +
          std::string(kSheet) + "\r\n--b--\r\n");
  harness_.content_type.clear();
  ASSERT_EQ(imported.status, 200) << imported.text;
  const std::string id(json::FindText(imported.body, "profile_id"));
  const auto controls = harness_.Send("GET", "/posture/v2/profiles/" + id + "/controls");
  ASSERT_EQ(json::Find(controls.body, "controls")->as_array().size(), 3U);
  const auto csv = harness_.Send("GET", "/breakwater/v1/posture/profiles/" + id + "/csv");
  EXPECT_NE(csv.text.find("5.2,Access,5,\"3000626,3000639\",x"), std::string::npos) << csv.text;

  EXPECT_EQ(harness_
                .Send("POST", "/posture/v2/scans/validations",
                      R"({"scope_id":"1","profile_id":")" + id + R"("})")
                .status,
            202);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  const auto v1 = harness_.Send("GET", "/posture/v1/scans/validations/1/summary?profile_id=" + id);
  ASSERT_EQ(v1.status, 200) << v1.text;
  const auto& second = json::Find(v1.body, "controls")->as_array().at(2);
  EXPECT_EQ(json::FindText(second, "control_desciption"), "Access");
  EXPECT_EQ(json::FindText(second, "status"), "fail");

  const auto first =
      std::string(json::FindText(json::Find(controls.body, "controls")->as_array().at(0), "id"));
  const auto patched = harness_.Send("PATCH", "/posture/v2/profiles/" + id,
                                     R"({"name":"Less","control_ids":[")" + first + R"("]})");
  ASSERT_EQ(patched.status, 200) << patched.text;
  EXPECT_EQ(*json::Find(patched.body, "version"), json::Value(2));
  // What is attached keeps its version.
  const auto compared = harness_.Send("GET", "/breakwater/v1/posture/attachments/1/compare");
  EXPECT_EQ(json::Find(compared.body, "removed")->as_array().size(), 3U) << compared.text;
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/profiles/" + id).status, 409);
  EXPECT_EQ(harness_.Send("DELETE", "/breakwater/v1/posture/attachments/1").status, 204);
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/profiles/" + id).status, 204);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/profiles/" + id).status, 404);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/scans/validations/1/summary?profile_id=" + id).status,
            200);
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/profiles/48").status, 403);
}

TEST_F(PostureApi, CollectorsCredentialsAndScopesAreMadeChangedAndDeleted) {
  const auto collector =
      harness_.Send("POST", "/posture/v2/collectors",
                    R"({"name":"c1","is_public":true,"managed_by":"customer","description":"d"})");
  ASSERT_EQ(collector.status, 201) << collector.text;
  EXPECT_EQ(*json::Find(collector.body, "use_private_endpoint"), json::Value(false));
  const auto credential = harness_.Send(
      "POST", "/posture/v2/credentials",
      R"({"enabled":true,"type":"IBM_CLOUD","name":"k","description":"d","group":{},)"
      R"("purpose":"discovery_collection","display_fields":{"ibm_api_key":"very secret"}})");
  ASSERT_EQ(credential.status, 201) << credential.text;
  EXPECT_EQ(credential.text.find("very secret"), std::string::npos);
  const auto of = [](const auto& answer) { return std::string(json::FindText(answer.body, "id")); };
  EXPECT_EQ(
      harness_.Send("PATCH", "/posture/v2/credentials/" + of(credential), R"({"description":"e"})")
          .status,
      201);
  const auto scope =
      harness_.Send("POST", "/posture/v2/scopes",
                    R"({"name":"s","description":"d","collector_ids":[")" + of(collector) +
                        R"("],"credential_id":")" + of(credential) +
                        R"(","credential_type":"ibm","selection":{"registries":["other"]}})");
  ASSERT_EQ(scope.status, 201) << scope.text;
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  const auto status =
      harness_.Send("GET", "/posture/v2/scope/status/" +
                               std::string(json::FindText(scope.body, "correlation_id")));
  EXPECT_EQ(json::FindText(status.body, "status"), "discovery_result_posted_no_error");
  const auto events = harness_.Send("GET", "/posture/v2/scopes/" + of(scope) + "/events");
  EXPECT_EQ(json::FindText(json::Find(events.body, "events")->as_array().at(0), "status_message"),
            "0 resources were found");

  // Nothing of that registry: the goal does not apply.
  EXPECT_EQ(harness_
                .Send("POST", "/posture/v2/scans/validations",
                      R"({"scope_id":")" + of(scope) + R"(","profile_id":"48"})")
                .status,
            202);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  const auto latest = harness_.Send("GET", "/posture/v2/scans/validations/latest_scans");
  const auto& scan = json::Find(latest.body, "latest_scans")->as_array().at(0);
  EXPECT_EQ(*json::Find(*json::Find(scan, "result"), "goals_fail_count"), json::Value(0));

  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/collectors/" + of(collector)).status, 409);
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/scopes/" + of(scope)).status, 204);
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/collectors/" + of(collector)).status, 204);
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/credentials/" + of(credential)).status, 204);
  // Its history stays.
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/scopes/" + of(scope)).status, 200);
  EXPECT_EQ(*json::Find(harness_.Send("GET", "/posture/v2/scopes").body, "total_count"),
            json::Value(1));
  EXPECT_EQ(harness_.Send("DELETE", "/posture/v2/scopes/1").status, 403);
}

TEST_F(PostureApi, EvidenceIsVerifiedByThePublicKeyAloneAndEveryByteOfItCounts) {
  ASSERT_EQ(
      harness_
          .Send("POST", "/posture/v2/scans/validations", R"({"scope_id":"1","profile_id":"48"})")
          .status,
      202);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  const std::string bundle =
      harness_.Send("GET", "/breakwater/v1/posture/attachments/1/evidence").text;
  const auto verified = report::VerifyEnvelope(bundle, heads_.public_key());
  ASSERT_TRUE(verified.ok()) << verified.error().message();
  EXPECT_EQ(verified->goals, 11);
  EXPECT_EQ(verified->results, 3);
  for (std::size_t i = 0; i < bundle.size(); i += 61) {
    std::string changed = bundle;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(report::VerifyEnvelope(changed, heads_.public_key()).ok()) << i;
  }
  EXPECT_FALSE(report::VerifyEnvelope(bundle, crypto::SigningKey::Generate().public_key()).ok());
}

TEST_F(PostureApi, AScopeShowsItsCollectorsWholeAndItsCredentialAsANumber) {
  for (const char* path : {"/posture/v2/scopes/1", "/posture/v2/scopes"}) {
    const auto answer = harness_.Send("GET", path);
    const json::Value* list = json::Find(answer.body, "scopes");
    const json::Value& scope = list == nullptr ? answer.body : list->as_array().at(0);
    EXPECT_EQ(*json::Find(scope, "tld_credential_id"), json::Value(1)) << path;
    const auto& collectors = json::Find(scope, "collectors")->as_array();
    ASSERT_EQ(collectors.size(), 1U) << path;
    EXPECT_EQ(json::FindText(collectors.at(0), "managed_by"), "ibm") << path;
  }
}

TEST_F(PostureApi, ScansOfAGroupNameItAndVersion1ShowsThemAtTheirScope) {
  const auto group = harness_.Send("POST", "/breakwater/v1/posture/groups",
                                   R"({"name":"both","profiles":["48","50"]})");
  ASSERT_EQ(group.status, 201) << group.text;
  const std::string id(json::FindText(group.body, "id"));
  ASSERT_EQ(harness_
                .Send("POST", "/posture/v1/scans/validations",
                      R"({"scope_id":"1","profile_id":"48","group_profile_id":")" + id + R"("})")
                .status,
            202);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());

  const auto latest = harness_.Send("GET", "/posture/v2/scans/validations/latest_scans");
  const auto& scans = json::Find(latest.body, "latest_scans")->as_array();
  ASSERT_EQ(scans.size(), 2U);
  for (const json::Value& scan : scans) {
    EXPECT_EQ(json::FindText(scan, "group_profile_name"), "both");
    EXPECT_EQ(json::FindText(json::Find(scan, "profiles")->as_array().at(0), "type"), "standard");
    const json::Value& of = json::Find(scan, "group_profiles")->as_array().at(0);
    EXPECT_EQ(json::FindText(of, "type"), "temmplategroup");
  }
  const auto scopes = harness_.Send("GET", "/posture/v1/scopes");
  const json::Value& scope = json::Find(scopes.body, "scopes")->as_array().at(0);
  EXPECT_EQ(json::FindText(scope, "last_scan_type"), "validation");
  EXPECT_EQ(json::Find(scope, "scans")->as_array().size(), 2U);

  // Its scans are kept; only the name is not known any more.
  ASSERT_EQ(harness_.Send("DELETE", "/breakwater/v1/posture/groups/" + id).status, 204);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/scans/validations/latest_scans").status, 200);
}

TEST_F(PostureApi, Version1SaysThatWhatIsOverIsCompleted) {
  const auto made = harness_.Send(
      "POST", "/posture/v1/scopes",
      R"({"scope_name":"s","scope_description":"d","collector_ids":["1"],"credential_id":"1",)"
      R"("environment_type":"ibm"})");
  ASSERT_EQ(made.status, 201) << made.text;
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  const auto states = [&] {
    const auto listed = harness_.Send("GET", "/posture/v1/scopes?name=s");
    const auto& scopes = json::Find(listed.body, "scopes")->as_array();
    std::vector<std::string> all;
    for (const json::Value& scan : json::Find(scopes.at(0), "scans")->as_array()) {
      all.emplace_back(json::FindText(scan, "status"));
    }
    return all;
  };
  EXPECT_EQ(states(), (std::vector<std::string>{"discovery_completed"}));
  const std::string id(json::FindText(made.body, "scope_id"));
  ASSERT_EQ(harness_
                .Send("POST", "/posture/v1/scans/validations",
                      R"({"scope_id":")" + id + R"(","profile_id":"48"})")
                .status,
            202);
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());
  EXPECT_EQ(states(), (std::vector<std::string>{"validation_completed", "discovery_completed"}));
  const auto none = harness_.Send("GET", "/posture/v1/scopes?name=other");
  EXPECT_TRUE(json::Find(none.body, "scopes")->as_array().empty());
}

TEST_F(PostureApi, APassphraseAndAnIntervalHaveLimits) {
  const std::string collector =
      R"({"name":"c","is_public":true,"managed_by":"customer","passphrase":")";
  const auto refused =
      harness_.Send("POST", "/posture/v2/collectors", collector + std::string(201, 'p') + "\"}");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.text.find("200 characters"), std::string::npos);
  EXPECT_EQ(
      harness_.Send("POST", "/posture/v2/collectors", collector + std::string(200, 'p') + "\"}")
          .status,
      201);
  EXPECT_EQ(harness_
                .Send("POST", "/posture/v2/scopes",
                      R"({"name":"s","description":"d","collector_ids":["1"],"credential_id":"1",)"
                      R"("credential_type":"ibm","interval":-1})")
                .status,
            400);
}

TEST_F(PostureApi, ACatalogOfOscalBecomesAProfileWhoseControlsHaveOurGoals) {
  const auto made =
      harness_.Send("POST", "/breakwater/v1/posture/profiles/import-oscal", R"({"files":[
    {"name":"catalog.json","document":{"catalog":{"uuid":"3f2f5f0c-8a0e-4d57-9a6e-3f1d3ab0a001",
      "metadata":{"title":"Ours","last-modified":"2026-01-01T00:00:00Z","version":"1",
                  "oscal-version":"1.1.3"},
      "groups":[{"id":"sc","title":"Protection",
                 "controls":[{"id":"sc-7","title":"Boundary Protection"},
                             {"id":"pe-3","title":"Physical Access"}]}]}}}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(json::FindText(made.body, "name"), "Ours");
  const auto controls = harness_.Send(
      "GET", "/posture/v2/profiles/" + std::string(json::FindText(made.body, "id")) + "/controls");
  const auto& all = json::Find(controls.body, "controls")->as_array();
  ASSERT_EQ(all.size(), 3U) << controls.text;
  EXPECT_NE(json::Serialize(all.at(1)).find("3000625"), std::string::npos);
  EXPECT_TRUE(json::Find(all.at(2), "goals")->as_array().empty());
  // The same once more is no new version.
  const std::string path = "/posture/v2/profiles/" + std::string(json::FindText(made.body, "id"));
  EXPECT_EQ(*json::Find(harness_.Send("PATCH", path, "{}").body, "version"), json::Value(1));
}

TEST_F(PostureApi, ATitleOfOscalIsCutBetweenCharactersAndValuesOfParametersAreHandedOut) {
  std::string title;
  while (title.size() < 150) title += "€";
  const auto made =
      harness_.Send("POST", "/breakwater/v1/posture/profiles/import-oscal", R"({"files":[
    {"name":"catalog.json","document":{"catalog":{"uuid":"3f2f5f0c-8a0e-4d57-9a6e-3f1d3ab0a001",
      "metadata":{"title":")" + title + R"(","last-modified":"2026-01-01T00:00:00Z","version":"1",
                  "oscal-version":"1.1.3"},
      "controls":[{"id":"ac-6","title":"Least Privilege",
                   "params":[{"id":"no_of_admins_for_container_registry","values":["5"]}]}]}}}]})");
  ASSERT_EQ(made.status, 201) << made.text;
  EXPECT_EQ(json::FindText(made.body, "name"), title.substr(0, 126));
  EXPECT_EQ(json::Serialize(*json::Find(made.body, "parameters")),
            R"({"no_of_admins_for_container_registry":5})");
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/profiles").status, 200);
}

TEST_F(PostureApi, WhatIsWrongWithASetupIsNamed) {
  EXPECT_NE(harness_
                .Send("POST", "/posture/v2/collectors",
                      R"({"name":"a<b","is_public":true,"managed_by":"ibm"})")
                .text.find("letters, digits"),
            std::string::npos);
  EXPECT_NE(harness_
                .Send("POST", "/posture/v2/scopes",
                      R"({"name":"s","description":"","collector_ids":["77"],)"
                      R"("credential_id":"1","credential_type":"ibm"})")
                .text.find("collector 77 was not found"),
            std::string::npos);
  EXPECT_EQ(harness_.Send("GET", "/posture/v2/scope/status/none").status, 404);
  EXPECT_EQ(harness_.Send("POST", "/posture/v2/profiles/import", "{}").status, 400);
}

TEST_F(PostureApi, AManualGoalIsUnableUntilSomebodyAttestsItAndWhenThatEnds) {
  harness_.control.facts.Add(attestations_);
  ASSERT_EQ(harness_
                .Send("POST", "/breakwater/v1/posture/attachments",
                      R"({"scope_id":"1","profile_id":"60"})")
                .status,
            201);
  const auto status_of = [&](std::string_view goal) {
    EXPECT_TRUE(harness_.control.jobs->RunDue().ok());
    const auto state = harness_.Send("GET", "/breakwater/v1/posture/attachments/1/state");
    for (const auto& one : json::Find(state.body, "goals")->as_array()) {
      if (json::FindText(one, "id") == goal) return std::string(json::FindText(one, "status"));
    }
    return std::string("missing");
  };
  EXPECT_EQ(status_of("3900401"), "unable_to_perform");
  const Timestamp end = harness_.control.clock.Now() + std::chrono::hours{1};
  const std::string body = R"({"goal_id":"3900401","owner":"Ada","statement":"reviewed",)"
                           R"("expires_at":")" +
                           FormatRfc3339(end) + R"("})";
  ASSERT_EQ(harness_.Send("POST", "/breakwater/v1/posture/attestations", body).status, 201);
  EXPECT_EQ(status_of("3900401"), "pass");
  EXPECT_EQ(status_of("3900402"), "unable_to_perform");
  harness_.control.clock.Advance(std::chrono::hours{1});
  EXPECT_EQ(status_of("3900401"), "unable_to_perform");
  EXPECT_EQ(harness_.Send("POST", "/breakwater/v1/posture/attestations", body).status, 400);
  EXPECT_EQ(harness_.Send("DELETE", "/breakwater/v1/posture/attestations/3900401").status, 404);
}

}  // namespace
}  // namespace breakwater::api::posture
