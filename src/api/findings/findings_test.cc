#include "api/findings/findings.h"

#include <gtest/gtest.h>

#include "api/testing.h"

namespace breakwater::api::findings {
namespace {

class FindingsApi : public ::testing::Test {
 protected:
  FindingsApi() {
    harness_.Serve(Endpoints(findings_, harness_.face));
    const Status emitted = harness_.control.database.Write([&](db::Transaction& tx) {
      return harness_.control.jobs->Emit(tx, {"image.assessed",
                                              {{"account", "acc"},
                                               {"registry", "us.icr.io"},
                                               {"repository", "ns/app"},
                                               {"digest", "sha256:ab"},
                                               {"status", "FAIL"},
                                               {"counts", {{"high", 2}}}}});
    });
    EXPECT_TRUE(emitted.ok());
    EXPECT_TRUE(harness_.control.jobs->RunDue().ok());
  }

  testing::Harness harness_;
  insights::Findings findings_{harness_.control.database, *harness_.control.jobs,
                               harness_.control.clock};
};

TEST_F(FindingsApi, OccurrencesAreFoundByProviderNoteAndId) {
  const std::string base = "/findings/v1/acc/providers/security-advisor";
  const auto listed = harness_.Send("GET", base + "/occurrences");
  const auto& occurrences = json::Find(listed.body, "occurrences")->as_array();
  ASSERT_EQ(occurrences.size(), 1U);
  EXPECT_EQ(json::FindText(listed.body, "next_page_token"), "");
  const std::string id(json::FindText(occurrences.at(0), "id"));
  EXPECT_EQ(harness_.Send("GET", base + "/occurrences/" + id).status, 200);
  EXPECT_EQ(harness_.Send("GET", base + "/occurrences/none").status, 404);
  const auto of_note =
      harness_.Send("GET", base + "/notes/va-image_with_vulnerabilities/occurrences");
  EXPECT_EQ(json::Find(of_note.body, "occurrences")->as_array().size(), 1U);
  EXPECT_EQ(harness_.Send("GET", base + "/notes").status, 200);
  EXPECT_EQ(harness_.Send("GET", "/findings/v1/acc/providers").status, 200);
}

TEST_F(FindingsApi, PagesEndWithTheEmptyToken) {
  const std::string path = "/findings/v1/acc/providers/security-advisor/occurrences?page_size=1";
  const auto first = harness_.Send("GET", path);
  EXPECT_EQ(json::FindText(first.body, "next_page_token"), "1");
  const auto second = harness_.Send("GET", path + "&page_token=1");
  EXPECT_TRUE(json::Find(second.body, "occurrences")->as_array().empty());
  EXPECT_EQ(json::FindText(second.body, "next_page_token"), "");
  EXPECT_EQ(harness_.Send("GET", path + "&page_token=x").status, 400);
}

TEST_F(FindingsApi, OurOwnListFiltersByStateAndSeverity) {
  EXPECT_EQ(
      *json::Find(harness_.Send("GET", "/breakwater/v1/findings?state=open").body, "total_count"),
      json::Value(1));
  EXPECT_EQ(
      *json::Find(harness_.Send("GET", "/breakwater/v1/findings?severity=low").body, "total_count"),
      json::Value(0));
  EXPECT_EQ(harness_.Send("GET", "/breakwater/v1/findings?state=lost").status, 400);
}

TEST_F(FindingsApi, AnotherAccountIsRefused) {
  EXPECT_EQ(harness_.Send("GET", "/findings/v1/other/providers").status, 403);
}

}  // namespace
}  // namespace breakwater::api::findings
