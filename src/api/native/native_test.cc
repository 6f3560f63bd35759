#include "api/native/native.h"

#include <gtest/gtest.h>

#include "api/native/operations.h"
#include "api/testing.h"

namespace breakwater::api::native {
namespace {

class NativeApi : public ::testing::Test {
 protected:
  NativeApi() {
    auto endpoints = NativeEndpoints(
        {harness_.control.log, harness_.registries, condition::Catalogue::BuiltIn()},
        harness_.face);
    for (auto& endpoint : OperationsEndpoints(
             {harness_.metrics, [this] { return ready_; }, [] { return json::Value("api"); }},
             harness_.face)) {
      endpoints.push_back(std::move(endpoint));
    }
    harness_.Serve(std::move(endpoints));
  }
  void Record(const std::string& action) {
    audit::Record record;
    record.account = harness_.control.account;
    record.action = action;
    ASSERT_TRUE(harness_.control.log.AppendAlone(record).ok());
  }

  testing::Harness harness_;
  Status ready_;
};

TEST_F(NativeApi, ProbesNeedNoCredentialAndReadinessSaysWhatIsMissing) {
  harness_.authorization = "";
  EXPECT_EQ(harness_.Send("GET", "/livez").status, 200);
  EXPECT_EQ(harness_.Send("GET", "/readyz").status, 200);
  ready_ = Unavailable("the database does not answer");
  const auto answer = harness_.Send("GET", "/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.text, "the database does not answer\n");
  EXPECT_NE(harness_.Send("GET", "/metrics").text.find("breakwater_http_request_duration_seconds"),
            std::string::npos);
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/whoami").status, 401);
}

TEST_F(NativeApi, AuditRecordsAreFilteredAndPaged) {
  for (const char* action : {"a", "b", "a"}) Record(action);
  const auto page = harness_.Send("GET", "/breakwater/v1/audit/records?action=a&limit=1");
  EXPECT_EQ(json::Find(page.body, "records")->as_array().size(), 1U);
  const auto after = std::to_string(json::Find(page.body, "next_after")->as_int64());
  const auto next =
      harness_.Send("GET", "/breakwater/v1/audit/records?action=a&limit=10&after=" + after);
  EXPECT_EQ(json::Find(next.body, "records")->as_array().size(), 1U);
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/audit/records?since=yesterday").status, 400);
}

TEST_F(NativeApi, ExportedEntriesFormAChainThatAnybodyCanVerify) {
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

TEST_F(NativeApi, WhoAmIAndRegistriesAreTold) {
  EXPECT_EQ(json::FindText(harness_.Send("GET", "/breakwater/v1/whoami").body, "iam_id"),
            "IBMid-1");
  const auto registries = harness_.Send("GET", "/breakwater/v1/registries");
  EXPECT_EQ(json::FindText(json::Find(registries.body, "registries")->as_array().at(0), "region"),
            "us-south");
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/properties").status, 200);
}

}  // namespace
}  // namespace breakwater::api::native
