#include "api/posture/posture.h"

#include <gtest/gtest.h>

#include "api/testing.h"

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
    harness_.Serve(Endpoints(posture_, harness_.face));
  }

  testing::Harness harness_;
  OffFacts facts_;
  breakwater::posture::Profiles profiles_{harness_.control.database, harness_.control.changes,
                                          breakwater::posture::Content::BuiltIn(),
                                          condition::Catalogue::BuiltIn(), harness_.control.clock};
  breakwater::posture::Attachments attachments_{harness_.control.database, harness_.control.changes,
                                                profiles_, harness_.control.clock};
  breakwater::posture::Posture posture_{{harness_.control.database, *harness_.control.jobs,
                                         harness_.control.changes, harness_.control.facts,
                                         profiles_, attachments_, harness_.control.clock,
                                         [this]() -> Result<std::vector<AccountId>> {
                                           return std::vector{harness_.control.account};
                                         }}};
};

TEST_F(PostureApi, TheReferenceSequenceReachesTheNineGoals) {
  const auto created = harness_.Send("POST", "/posture/v2/scans/validations",
                                     R"({"scope_id":"1","profile_id":"48"})");
  ASSERT_EQ(created.status, 202);
  EXPECT_EQ(*json::Find(created.body, "result"), json::Value(true));
  ASSERT_TRUE(harness_.control.jobs->RunDue().ok());

  const auto latest = harness_.Send("GET", "/posture/v2/scans/validations/latest_scans");
  const json::Value& scan = json::Find(latest.body, "latest_scans")->as_array().at(0);
  EXPECT_EQ(*json::Find(*json::Find(scan, "result"), "goals_fail_count"), json::Value(3));
  EXPECT_EQ(*json::Find(*json::Find(scan, "result"), "goals_unable_to_perform_count"),
            json::Value(6));

  const auto summary = harness_.Send("GET", "/posture/v2/scans/validations/" +
                                                std::string(json::FindText(scan, "scan_id")) +
                                                "/summary?profile_id=48");
  ASSERT_EQ(summary.status, 200);
  const auto& controls = json::Find(summary.body, "controls")->as_array();
  ASSERT_EQ(controls.size(), 9U);
  const json::Value& goal = json::Find(controls.at(2), "goals")->as_array().at(0);
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

TEST_F(PostureApi, LinksToOtherPagesKeepTheRequestsOtherParameters) {
  ASSERT_EQ(harness_.Send("POST", "/posture/v2/scans/validations",
                          R"({"scope_id":"1","profile_id":"48"})")
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
            json::Value(1));
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
      9U);
}

}  // namespace
}  // namespace breakwater::api::posture
