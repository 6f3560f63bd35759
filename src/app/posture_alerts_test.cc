#include "app/posture_alerts.h"

#include <gtest/gtest.h>

#include "app/testing.h"
#include "insights/raised.h"

namespace breakwater::app {
namespace {

using posture::ResultStatus;

class PostureAlerts : public ::testing::Test {
 protected:
  PostureAlerts() {
    jobs().Register("test.alerts", {}, [this](const jobs::Job& job) -> Status {
      BW_TRY(auto raised, insights::RaisedFrom(job.payload));
      if (raised.provider == kPostureProvider) raised_.push_back(std::move(raised));
      return Ok();
    });
    jobs().Subscribe(std::string(insights::kFindingRaised), "test.alerts");
  }

  jobs::Jobs& jobs() { return *place_.parts().jobs; }

  // What is told of a goal that was `before` (absent: never looked at) and is `after`.
  std::vector<insights::Raised> Told(std::optional<ResultStatus> before, ResultStatus after,
                                     std::string_view goal = "3000627") {
    const json::Object payload{
        {"account", json::Text(place_.account.value())},
        {"attachment_id", 7},
        {"profile_id", "48"},
        {"goal_id", json::Text(goal)},
        {"before", before ? json::Value(json::Text(ToString(*before))) : json::Value()},
        {"after", json::Text(ToString(after))}};
    EXPECT_TRUE(place_.parts()
                    .database
                    ->Write([&](db::Transaction& tx) {
                      return jobs().Emit(tx, {std::string(posture::kGoalChanged), payload});
                    })
                    .ok());
    raised_.clear();
    while (*jobs().RunDue() > 0) {
    }
    return raised_;
  }

  testing::Place place_;
  std::vector<insights::Raised> raised_;
};

TEST_F(PostureAlerts, AGoalThatWasMetAndFailsIsToldWithItsSeverityAndRemedy) {
  const auto goal = place_.parts().posture_profiles.FindGoal("3000627");
  ASSERT_NE(goal, nullptr);
  const auto told = Told(ResultStatus::kPass, ResultStatus::kFail);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].account, place_.account);
  EXPECT_EQ(told[0].finding_type, kGoalFails);
  EXPECT_EQ(told[0].severity, *insights::ParseSeverity(goal->severity));
  EXPECT_EQ(json::FindText(told[0].payload, "remediation"), goal->remedy);
  EXPECT_EQ(json::FindText(told[0].payload, "before"), ToString(ResultStatus::kPass));
}

TEST_F(PostureAlerts, AGoalNobodyCanTellAnyMoreIsToldAsThat) {
  const auto told = Told(ResultStatus::kPass, ResultStatus::kUnableToPerform);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].finding_type, kGoalUnable);
}

TEST_F(PostureAlerts, WhatFailsFromTheFirstLookOnOrIsMetAgainIsNoNews) {
  EXPECT_TRUE(Told({}, ResultStatus::kFail).empty());
  EXPECT_TRUE(Told(ResultStatus::kFail, ResultStatus::kPass).empty());
  EXPECT_TRUE(Told(ResultStatus::kFail, ResultStatus::kUnableToPerform).empty());
  EXPECT_TRUE(Told(ResultStatus::kPass, ResultStatus::kNotApplicable).empty());
}

TEST_F(PostureAlerts, EachTimeItFailsIsAnAlertOfItsOwnUnderTheSameName) {
  const auto first = Told(ResultStatus::kPass, ResultStatus::kFail);
  const auto second = Told(ResultStatus::kPass, ResultStatus::kFail);
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 1U);
  EXPECT_EQ(first[0].finding_name, second[0].finding_name);
  EXPECT_NE(first[0].group, second[0].group);
}

TEST_F(PostureAlerts, AGoalThatIsNoMoreIsPassedOver) {
  EXPECT_TRUE(Told(ResultStatus::kPass, ResultStatus::kFail, "no-such-goal").empty());
}

}  // namespace
}  // namespace breakwater::app
