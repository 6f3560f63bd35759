#include "api/dispatcher.h"

#include <gtest/gtest.h>

#include "api/scc_face.h"
#include "api/testing.h"
#include "base/wait.h"
#include "json/reader.h"

namespace breakwater::api {
namespace {

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    harness_.Serve({
        {"GET", "/open", "Open", Access::Anyone("a test"), harness_.face,
         [](Context&) -> Result<net::Response> { return EmptyResponse(204); }},
        {"GET", "/mine", "Mine", Access::SignedIn("a test"), harness_.face,
         [](Context& context) -> Result<net::Response> {
           return JsonResponse(200, {{"account", json::Text(context.account.value())}});
         }},
        {"PUT", "/things/{name}", "PutThing", Access::To("thing.put"), harness_.face,
         [](Context& context) -> Result<net::Response> {
           BW_TRY(const json::Value body, ReadJson(context));
           const json::Reader in(body);
           in.Field("size").Int();
           BW_TRY_STATUS(in.Finish());
           return JsonResponse(200, {{"name", json::Text(context.Path("name"))}});
         }},
        {"DELETE",
         "/planned/{name}",
         "DeleteThing",
         Access::To("thing.delete"),
         harness_.face,
         [](Context& context) -> Result<net::Response> {
           return JsonResponse(200, {{"dry", !context.query.GetAll("dry_run").empty()}});
         },
         {},
         DryRun::kTaken},
        {"POST", "/own", "OwnCheck", Access::SignedIn("a test"), harness_.face,
         [](Context&) -> Result<net::Response> { return Denied("not yours").Reason("not_yours"); }},
        {"POST", "/search", "Search", Access::SignedIn("a test"), harness_.face,
         [](Context&) -> Result<net::Response> { return Denied("not yours").Reason("not_yours"); },
         Recorded::As("thing.search")},
        {"GET", "/broken", "Broken", Access::Anyone("a test"), harness_.face,
         [](Context&) -> Result<net::Response> { return Internal("secret SQL here"); }},
        {"GET", "/waits", "Wait", Access::Anyone("a test"), harness_.face,
         [](Context&) -> Result<net::Response> {
           BW_TRY_STATUS(BeforeWaiting());
           return EmptyResponse(204);
         }},
    });
  }
  testing::Harness harness_;
};

TEST_F(DispatcherTest, AccessDecidesWhoGetsThrough) {
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 200);
  harness_.authorization = "Bearer bad";
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 401);
  harness_.authorization = "";
  EXPECT_EQ(harness_.Send("GET", "/open").status, 204);
  const auto refused = harness_.Send("GET", "/mine");
  EXPECT_EQ(refused.status, 401);
  EXPECT_TRUE(refused.headers.Get("WWW-Authenticate"));
}

TEST_F(DispatcherTest, ForeignAccountHeaderIsRefused) {
  harness_.account = "acc";
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 200);
  harness_.account = "other";
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 403);
}

TEST_F(DispatcherTest, RefusedChangesAreInTheAuditTrail) {
  harness_.authorizer.forbidden = "thing.put";
  EXPECT_EQ(harness_.Send("PUT", "/things/a", "{}").status, 403);
  const auto records = *harness_.control.log.Query({.action = "thing.put"});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.outcome, audit::Outcome::kFailure);
  EXPECT_EQ(records[0].record.request_id, "trace-1");
}

TEST_F(DispatcherTest, RefusalsBeforeAnyRightWasAskedAreRecordedToo) {
  harness_.account = "other";
  EXPECT_EQ(harness_.Send("PUT", "/things/a", "{}").status, 403);
  EXPECT_EQ(harness_.control.log.Query({.action = "thing.put"})->size(), 1U);
}

TEST_F(DispatcherTest, WhatAHandlerRefusesIsRecordedOnce) {
  EXPECT_EQ(harness_.Send("POST", "/own", "{}").status, 403);
  const auto records = *harness_.control.log.Query({});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.action, "OwnCheck");
  EXPECT_EQ(records[0].record.reason, "not yours");
  EXPECT_EQ(records[0].record.reason_code, 403);
  // What only reads stands there as a read.
  EXPECT_EQ(harness_.Send("POST", "/search", "{}").status, 403);
  EXPECT_EQ(harness_.control.log.Query({.action = "Search"})->size(), 0U);
}

TEST_F(DispatcherTest, NobodyCannotFillTheAuditTrail) {
  harness_.authorization = "";
  EXPECT_EQ(harness_.Send("PUT", "/things/a", "{}").status, 401);
  EXPECT_TRUE(harness_.control.log.Query({})->empty());
}

TEST_F(DispatcherTest, ATokenForAnotherRegistryIsRefused) {
  harness_.authenticator.actor.audience = RegistryName("de.icr.io");
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 401);
  harness_.authenticator.actor.audience = RegistryName("us.icr.io");
  EXPECT_EQ(harness_.Send("GET", "/mine").status, 200);
}

TEST_F(DispatcherTest, BadBodiesNameLineColumnAndField) {
  const auto malformed = harness_.Send("PUT", "/things/a", "{\n \"size\": }");
  EXPECT_EQ(malformed.status, 400);
  EXPECT_NE(malformed.text.find("line 2, column"), std::string::npos);
  EXPECT_NE(harness_.Send("PUT", "/things/a", R"({"size":"x"})").text.find("size: must be"),
            std::string::npos);
  EXPECT_EQ(harness_.Send("PUT", "/things/a").status, 400);
  EXPECT_EQ(json::FindText(harness_.Send("PUT", "/things/a", R"({"size":1})").body, "name"), "a");
}

// It must not be done all the same.
TEST_F(DispatcherTest, ADryRunOfWhatHasNoneIsRefused) {
  const auto refused = harness_.Send("PUT", "/things/a?dry_run=true", R"({"size":1})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(harness_.Send("PUT", "/things/a?dry_run=", R"({"size":1})").status, 400);
  EXPECT_EQ(harness_.Send("PUT", "/things/a?dry_run=false", R"({"size":1})").status, 200);
  EXPECT_EQ(harness_.Send("GET", "/mine?dry_run=true").status, 200);
  EXPECT_EQ(harness_.Send("POST", "/search?dry_run=true").status, 403) << "it only reads";
  EXPECT_EQ(harness_.Send("DELETE", "/planned/a?dry_run=true").body.at("dry"), true);
}

TEST_F(DispatcherTest, ADryRunIsRecordedAsAReadOfItsOwn) {
  EXPECT_EQ(harness_.Send("DELETE", "/planned/a?dry_run=true").status, 200);
  EXPECT_EQ(harness_.Send("DELETE", "/planned/a?dry_run=true&dry_run=false").status, 200);
  harness_.authorizer.forbidden = "thing.delete";
  EXPECT_EQ(harness_.Send("DELETE", "/planned/a?dry_run=true").status, 403);
  ASSERT_TRUE(harness_.control.recorder.Flush().ok());
  const auto records = *harness_.control.log.Query({});
  ASSERT_EQ(records.size(), 2U);
  for (const auto& one : records) {
    EXPECT_EQ(one.record.action, "thing.delete.dry-run");
    EXPECT_EQ(json::FindText(one.record.request, "dry_run"), "true");
  }
  EXPECT_EQ(records[0].record.outcome, audit::Outcome::kSuccess);
  EXPECT_EQ(records[0].record.severity, audit::Severity::kNormal);
  EXPECT_EQ(records[1].record.outcome, audit::Outcome::kFailure);
}

TEST_F(DispatcherTest, ErrorsCarryTheRequestIdAndNeverTheCause) {
  const auto broken = harness_.Send("GET", "/broken");
  EXPECT_EQ(broken.status, 500);
  EXPECT_EQ(broken.text.find("SQL"), std::string::npos);
  EXPECT_EQ(json::FindText(broken.body, "trace"), "trace-1");
  EXPECT_EQ(*broken.headers.Get("Transaction-Id"), "trace-1");
}

TEST_F(DispatcherTest, RequestThatComesAgainWhereItMayWaitIsCountedOnce) {
  {
    const NoWaitScope scope;
    harness_.Send("GET", "/waits");
    EXPECT_TRUE(scope.refused());
  }
  EXPECT_EQ(harness_.Send("GET", "/waits").status, 204);
  const std::string text = harness_.metrics.Collect();
  EXPECT_NE(text.find("duration_seconds_count{face=\"test\",operation=\"Wait\"} 1\n"),
            std::string::npos)
      << text;
}

TEST_F(DispatcherTest, UnknownPathsAndMethodsAreTold) {
  EXPECT_EQ(harness_.Send("GET", "/nothing").status, 404);
  const auto wrong = harness_.Send("DELETE", "/things/a");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(*wrong.headers.Get("Allow"), "PUT");
}

TEST(OpenApiDocument, ListsEveryEndpointWithItsAction) {
  const SccFace face("x");
  const json::Value document =
      OpenApi({{"GET", "/a/{b...}/c", "GetC", Access::To("x.read"), face, nullptr}}, "1");
  const json::Value* operation =
      json::Find(*json::Find(*json::Find(document, "paths"), "/a/{b}/c"), "get");
  ASSERT_NE(operation, nullptr);
  EXPECT_EQ(json::FindText(*operation, "x-action"), "x.read");
}

}  // namespace
}  // namespace breakwater::api
