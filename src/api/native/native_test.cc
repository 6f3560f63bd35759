#include "api/native/native.h"

#include <gtest/gtest.h>

#include "api/native/operations.h"
#include "api/testing.h"

namespace breakwater::api::native {
namespace {

class NativeApi : public ::testing::Test {
 protected:
  NativeApi() { Serve({}); }
  void Serve(MetricsAccess access) {
    auto endpoints =
        NativeEndpoints({harness_.registries, condition::Catalogue::BuiltIn()}, harness_.face);
    for (auto& endpoint :
         OperationsEndpoints({harness_.metrics, [this] { return ready_; },
                              [] { return json::Value("api"); }, std::move(access)},
                             harness_.face)) {
      endpoints.push_back(std::move(endpoint));
    }
    harness_.Serve(std::move(endpoints));
  }
  int MetricsWith(std::string authorization) {
    harness_.authorization = std::move(authorization);
    return harness_.Send("GET", "/metrics").status;
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

TEST_F(NativeApi, MetricsAreGivenToWhoShowsTheTokenWhereThereIsOne) {
  Serve({.token = Secret("a-token-of-the-scraper")});
  EXPECT_EQ(MetricsWith(""), 401);
  EXPECT_EQ(MetricsWith("Bearer a-token-of-the-scrapeR"), 401);
  EXPECT_EQ(MetricsWith("Bearer "), 401);
  EXPECT_EQ(MetricsWith("a-token-of-the-scraper"), 401);
  EXPECT_EQ(MetricsWith("Bearer good"), 401) << "one of IAM's opens them as little";
  EXPECT_EQ(MetricsWith("Bearer a-token-of-the-scraper"), 200);
  EXPECT_EQ(harness_.Send("GET", "/livez").status, 200) << "probes need none";
}

TEST_F(NativeApi, MetricsAreGivenToPrivateConnectionsAloneWhereThatIsSaid) {
  Serve({.private_only = true, .token = Secret("a-token-of-the-scraper")});
  EXPECT_EQ(MetricsWith("Bearer a-token-of-the-scraper"), 403);
  harness_.listener = net::ListenerKind::kPrivate;
  EXPECT_EQ(MetricsWith("Bearer a-token-of-the-scraper"), 200);
  EXPECT_EQ(MetricsWith(""), 401) << "both are asked for";
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
