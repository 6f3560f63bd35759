#include "insights/findings.h"

#include <algorithm>
#include <tuple>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "db/testing.h"
#include "insights/raised.h"

namespace breakwater::insights {
namespace {

class FindingsTest : public ::testing::Test {
 protected:
  FindingsTest() {
    jobs_->Register("witness", {}, [this](const jobs::Job& job) -> Status {
      BW_TRY(auto raised, RaisedFrom(job.payload));
      raised_.push_back(std::move(raised));
      return Ok();
    });
    jobs_->Subscribe(std::string(kFindingRaised), "witness");
  }

  void Emit(const std::string& type, json::Value payload) {
    const Status status =
        database_.Write([&](db::Transaction& tx) { return jobs_->Emit(tx, {type, payload}); });
    ASSERT_TRUE(status.ok());
    ASSERT_TRUE(jobs_->RunDue().ok());
  }

  // A job that is older than what is emitted from now on, and runs later.
  void Delay(const std::string& kind, const json::Value& payload) {
    const Status status = database_.Write([&](db::Transaction& tx) {
      return jobs_->Enqueue(tx, {.kind = kind,
                                 .payload = payload,
                                 .run_at = clock_.Now() + std::chrono::minutes{1},
                                 .deduplication_key = {}});
    });
    ASSERT_TRUE(status.ok());
  }
  void RunDelayed() {
    clock_.Advance(std::chrono::minutes{2});
    ASSERT_TRUE(jobs_->RunDue().ok());
  }

  static json::Value Place() {
    return {{"account", "acc"},
            {"registry", "us.icr.io"},
            {"region", "us-south"},
            {"repository", "ns/app"},
            {"digest", "sha256:ab"}};
  }
  static json::Value Assessed(int critical, int low, const std::string& status = "FAIL",
                              const std::string& tag = "1") {
    json::Value payload = Place();
    json::Object& object = payload.as_object();
    object["tags"] = json::Array{json::Text(tag)};
    object["status"] = json::Text(status);
    object["counts"] = json::Object{{"critical", critical}, {"high", 0}, {"low", low}};
    object["top"] = json::Array{"CVE-2024-1"};
    return payload;
  }
  void Assess(int critical, int low, const std::string& status = "FAIL") {
    Emit("image.assessed", Assessed(critical, low, status));
  }

  std::vector<Finding> Open() {
    FindingFilter filter;
    filter.state = State::kOpen;
    return *findings_.List(AccountId("acc"), filter);
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  db::Database& database_ = owner_->database();
  std::unique_ptr<jobs::Jobs> jobs_ = jobs::NewJobs({.owner = "test"}, database_, clock_);
  Findings findings_{database_, *jobs_, clock_};
  std::vector<Raised> raised_;
};

TEST_F(FindingsTest, AVulnerableImageOpensOneFindingAndRaisesItOnce) {
  Assess(2, 5);
  Assess(2, 5);
  const auto open = Open();
  ASSERT_EQ(open.size(), 1U);
  EXPECT_EQ(open[0].severity, Severity::kCritical);
  EXPECT_EQ(open[0].resource, "ns/app@sha256:ab");
  EXPECT_EQ(json::FindText(open[0].document, "resource_url"), "us.icr.io/ns/app@sha256:ab");
  EXPECT_EQ(json::FindText(*json::Find(open[0].document, "finding"), "severity"), "CRITICAL");
  ASSERT_EQ(raised_.size(), 1U);
  EXPECT_EQ(raised_[0].provider, kVulnerabilityAdvisor);
  EXPECT_EQ(raised_[0].finding_name, "acc/providers/security-advisor/occurrences/" + open[0].id);
}

TEST_F(FindingsTest, BecomingWorseIsRaisedAgainAndBecomingBetterIsNot) {
  Assess(0, 1);
  Assess(1, 1);
  Assess(0, 1);
  ASSERT_EQ(raised_.size(), 2U);
  EXPECT_EQ(raised_[0].severity, Severity::kLow);
  EXPECT_EQ(raised_[1].severity, Severity::kCritical);
  EXPECT_NE(raised_[0].group, raised_[1].group);
  EXPECT_EQ(Open()[0].severity, Severity::kLow);
}

TEST_F(FindingsTest, ACleanAssessmentResolvesAndARelapseOpensAnew) {
  Assess(1, 0);
  clock_.Advance(std::chrono::minutes{1});
  Assess(0, 0, "OK");
  EXPECT_TRUE(Open().empty());
  const auto all = *findings_.List(AccountId("acc"), {});
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, State::kResolved);
  EXPECT_EQ(all[0].resolved, clock_.Now());
  clock_.Advance(std::chrono::minutes{1});
  Assess(1, 0);
  EXPECT_EQ(Open().size(), 1U);
  EXPECT_EQ(raised_.size(), 2U);
}

TEST_F(FindingsTest, AnImageThatCouldNotBeAssessedKeepsItsFinding) {
  Assess(1, 0);
  Assess(0, 0, "INCOMPLETE");
  Assess(0, 0, "UNSUPPORTED");
  EXPECT_EQ(Open().size(), 1U);
}

TEST_F(FindingsTest, AnImageThatIsForgottenResolvesItsFindings) {
  Assess(1, 0);
  Emit("image.forgotten", Place());
  EXPECT_TRUE(Open().empty());
}

TEST_F(FindingsTest, AnAssessmentThatRunsAfterItsImageWasForgottenOpensNothing) {
  Delay("insights.assessed", Assessed(1, 0));
  Emit("image.forgotten", Place());
  RunDelayed();
  EXPECT_TRUE(Open().empty());
  EXPECT_TRUE(raised_.empty());
}

TEST_F(FindingsTest, ForgettingThatRunsAfterANewerAssessmentResolvesNothing) {
  Assess(1, 0);
  Delay("insights.forgotten", Place());
  Assess(1, 0);
  RunDelayed();
  EXPECT_EQ(Open().size(), 1U);
}

TEST_F(FindingsTest, NewTagsAreShownAndNotRaised) {
  Assess(1, 0);
  Emit("image.assessed", Assessed(1, 0, "FAIL", "2"));
  ASSERT_EQ(Open().size(), 1U);
  const Finding finding = Open()[0];
  const json::Value& data = *json::Find(finding.document, "reference_data");
  EXPECT_EQ(json::Serialize(*json::Find(data, "tags")), R"(["2"])");
  EXPECT_EQ(raised_.size(), 1U);
}

TEST_F(FindingsTest, ListsByAccountStateAndSeverity) {
  Assess(1, 0);
  EXPECT_TRUE(findings_.List(AccountId("other"), {})->empty());
  FindingFilter filter;
  filter.severity = Severity::kLow;
  EXPECT_EQ(*findings_.Count(AccountId("acc"), filter), 0);
  filter.severity = Severity::kCritical;
  EXPECT_EQ(*findings_.Count(AccountId("acc"), filter), 1);
  const auto found = findings_.Find(AccountId("acc"), kProvider, Open()[0].id);
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(findings_.Find(AccountId("other"), kProvider, found->id).ok());
}

TEST_F(FindingsTest, PagesHoldTheListInItsOrderWhateverItIsFilteredBy) {
  for (int i = 0; i < 40; ++i) {
    json::Value payload = Assessed(i % 3 == 0 ? 1 : 0, 1);
    payload.as_object()["digest"] = json::Text("sha256:" + std::to_string(i));
    // Several of one moment, which only their ids tell apart.
    if (i % 5 == 0) clock_.Advance(std::chrono::minutes{1});
    Emit("image.assessed", std::move(payload));
  }
  for (const auto severity : {std::optional<Severity>(), std::optional(Severity::kLow)}) {
    for (const auto state : {std::optional<State>(), std::optional(State::kOpen)}) {
      FindingFilter filter{.state = state, .severity = severity, .limit = 100};
      const auto whole = findings_.List(AccountId("acc"), filter);
      ASSERT_TRUE(whole.ok());
      ASSERT_EQ(whole->size(), severity ? 26U : 40U);
      EXPECT_TRUE(std::ranges::is_sorted(*whole, {}, [](const Finding& one) {
        return std::tuple(-static_cast<int>(one.severity), -ToMicros(one.updated), one.id);
      }));
      std::vector<std::string> paged;
      filter.limit = 7;
      for (; filter.offset < 42; filter.offset += filter.limit) {
        const auto page = findings_.List(AccountId("acc"), filter);
        ASSERT_TRUE(page.ok());
        for (const Finding& one : *page) paged.push_back(one.id);
      }
      ASSERT_EQ(paged.size(), whole->size());
      for (std::size_t i = 0; i < paged.size(); ++i) EXPECT_EQ(paged[i], (*whole)[i].id);
    }
  }
}

}  // namespace
}  // namespace breakwater::insights
