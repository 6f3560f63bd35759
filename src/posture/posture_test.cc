#include "posture/posture.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "control/testing.h"

namespace breakwater::posture {
namespace {

using control::Resource;

// Facts a test sets at will, by kind; a kind whose list fails, and resources whose read fails.
class SetFacts final : public control::FactSource {
 public:
  std::vector<condition::ResourceType> Types() const override {
    return {{"container-registry", "service"},
            {"container-registry", "access"},
            {"container-registry", "alerts"}};
  }
  Result<std::vector<Resource>> List(db::Transaction&, const condition::ResourceType& type,
                                     const AccountId& account) override {
    if (type.kind == failing_list) return Unavailable("the store does not answer");
    if (type.kind != "service") return std::vector{control::AccountResource(account, type.kind)};
    std::vector<Resource> services;
    for (const std::string& name : registries) {
      services.push_back(control::ServiceResource(account, RegistryName(name), "local"));
    }
    return services;
  }
  Result<condition::Facts> Read(db::Transaction&, const Resource& resource) override {
    if (!failing_read.empty() && resource.registry.value() == failing_read) {
      return Unavailable("the row cannot be read");
    }
    condition::Facts facts;
    for (const auto& [name, value] : values) {
      facts.Set(name, condition::Fact::Present(value, "the test", Timestamp{}));
    }
    return facts;
  }

  std::vector<std::string> registries{"us.icr.io"};
  std::map<std::string, condition::Value> values;
  std::string failing_list;
  std::string failing_read;
};

class PostureTest : public ::testing::Test {
 protected:
  PostureTest() {
    control_.facts.Add(facts_);
    SetAll(true, 3);
    posture_ = std::make_unique<Posture>(PostureDeps{
        control_.database, *control_.jobs, control_.changes, control_.facts, Content::BuiltIn(),
        control_.clock,
        [this]() -> Result<std::vector<AccountId>> { return std::vector{control_.account}; }});
  }

  void SetAll(bool flags, int number) {
    for (const char* flag : {"iam_authz", "private_only", "platform_metrics"}) {
      facts_.values.insert_or_assign(flag, flags);
    }
    for (const char* count : {"administrator_users", "administrator_service_ids", "manager_users",
                              "manager_service_ids"}) {
      facts_.values.insert_or_assign(count, condition::Number(number));
    }
    facts_.values.insert_or_assign("direct_policies", condition::Number(0));
    facts_.values.insert_or_assign("vulnerability_channels", condition::StringList{"hook"});
  }

  Scan RunScan() {
    const auto id = posture_->RequestScan(control_.caller, control_.account, "1", "48", "");
    EXPECT_TRUE(id.ok());
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    return *posture_->FindScan(control_.account, *id);
  }

  static ResultStatus StatusOf(const Scan& scan, std::string_view goal) {
    for (const GoalResult& result : scan.goals) {
      if (result.goal_id == goal) return result.status;
    }
    ADD_FAILURE() << "no result for " << goal;
    return ResultStatus::kNotApplicable;
  }

  control::testing::ControlFixture control_;
  SetFacts facts_;
  std::unique_ptr<Posture> posture_;
};

TEST_F(PostureTest, TheProfileHoldsTheNineGoalsInOrder) {
  const Content& content = Content::BuiltIn();
  std::vector<std::string> ids;
  for (const Goal* goal : content.GoalsOf(*content.FindProfile("48"))) ids.push_back(goal->id);
  EXPECT_EQ(ids, (std::vector<std::string>{"3000602", "3000623", "3000625", "3000626", "3000627",
                                           "3000628", "3000635", "3000636", "3000639"}));
}

TEST_F(PostureTest, EveryGoalPassesOnGoodFactsAndFailsOnBadOnes) {
  const Scan good = RunScan();
  EXPECT_EQ(good.status, kPosted);
  for (const GoalResult& goal : good.goals)
    EXPECT_EQ(goal.status, ResultStatus::kPass) << goal.goal_id;

  SetAll(false, 4);
  facts_.values.insert_or_assign("manager_users", condition::Number(2));
  facts_.values.insert_or_assign("manager_service_ids", condition::Number(2));
  facts_.values.insert_or_assign("direct_policies", condition::Number(1));
  facts_.values.insert_or_assign("vulnerability_channels", condition::StringList{});
  const Scan bad = RunScan();
  for (const GoalResult& goal : bad.goals)
    EXPECT_EQ(goal.status, ResultStatus::kFail) << goal.goal_id;
}

TEST_F(PostureTest, AFailedReadIsUnableAndNeverAPass) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.failing_read = "de.icr.io";
  facts_.failing_list = "access";
  facts_.values.erase("vulnerability_channels");
  const Scan scan = RunScan();
  for (const GoalResult& goal : scan.goals) {
    EXPECT_EQ(goal.status, ResultStatus::kUnableToPerform) << goal.goal_id;
  }
  EXPECT_EQ(StatusOf(scan, "3000625"), ResultStatus::kUnableToPerform);
  EXPECT_NE(scan.goals[1].error.find("could not be listed"), std::string::npos);
}

TEST_F(PostureTest, WithoutResourcesAGoalDoesNotApply) {
  facts_.registries = {};
  EXPECT_EQ(StatusOf(RunScan(), "3000625"), ResultStatus::kNotApplicable);
}

TEST_F(PostureTest, OneFailingRegistryFailsTheGoalAndShowsExpectedAndActual) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.values.insert_or_assign("private_only", false);
  const Scan scan = RunScan();
  const auto goal = std::find_if(scan.goals.begin(), scan.goals.end(),
                                 [](const GoalResult& r) { return r.goal_id == "3000625"; });
  ASSERT_EQ(goal->resources.size(), 2U);
  EXPECT_EQ(goal->resources[0].actual, "false");
  EXPECT_EQ(goal->resources[0].expected, "private_only is true");
  EXPECT_EQ(goal->resources[0].name, "us.icr.io");
  EXPECT_TRUE(goal->resources[0].facts_digest.starts_with("sha256:"));
  EXPECT_EQ(json::FindText(*json::Find(goal->resources[0].facts, "private_only"), "source"),
            "the test");
}

TEST_F(PostureTest, ParametersOfAnAccountChangeTheVerdictAndCanBeReset) {
  facts_.values.insert_or_assign("administrator_users", condition::Number(5));
  EXPECT_EQ(StatusOf(RunScan(), "3000623"), ResultStatus::kFail);
  const std::string name = "no_of_admins_for_container_registry";
  ASSERT_TRUE(posture_->SetParameter(control_.caller, control_.account, "48", name, 5).ok());
  const Scan relaxed = RunScan();
  EXPECT_EQ(StatusOf(relaxed, "3000623"), ResultStatus::kPass);
  EXPECT_EQ(relaxed.goals[1].resources[0].expected, "at most 5 users");
  ASSERT_TRUE(posture_->SetParameter(control_.caller, control_.account, "48", name, nullptr).ok());
  EXPECT_EQ(StatusOf(RunScan(), "3000623"), ResultStatus::kFail);
  EXPECT_FALSE(posture_->SetParameter(control_.caller, control_.account, "48", name, "many").ok());
  EXPECT_EQ(
      posture_->SetParameter(control_.caller, control_.account, "48", "none", 1).error().code(),
      ErrorCode::kNotFound);
}

TEST_F(PostureTest, ACommittedChangeReevaluatesTheGoalsItTouchesAndKeepsSince) {
  RunScan();
  const Timestamp first = control_.clock.Now();
  control_.clock.Advance(std::chrono::minutes{5});
  facts_.values.insert_or_assign("private_only", false);
  facts_.values.insert_or_assign("administrator_users", condition::Number(9));
  const Resource service =
      control::ServiceResource(control_.account, RegistryName("us.icr.io"), "local");
  ASSERT_TRUE(
      control_.changes
          .Submit(control_.caller, {.action = "container-registry.auth.set",
                                    .resource = service,
                                    .apply = [&](db::Transaction&) -> Result<control::Effect> {
                                      return control::Effect{nullptr, nullptr, {service}, {}};
                                    }})
          .ok());
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  const auto states = *posture_->State(control_.account, *Content::BuiltIn().FindProfile("48"));
  for (const GoalState& state : states) {
    if (state.result.goal_id == "3000625") {
      EXPECT_EQ(state.result.status, ResultStatus::kFail);
      EXPECT_EQ(state.since, control_.clock.Now());
    }
    if (state.result.goal_id == "3000626") {
      EXPECT_EQ(state.result.status, ResultStatus::kPass);
      EXPECT_EQ(state.since, first);
    }
    // Not touched by a change of the service's settings.
    if (state.result.goal_id == "3000623") {
      EXPECT_EQ(state.result.status, ResultStatus::kPass);
    }
  }
}

TEST_F(PostureTest, UnknownScopesAndProfilesAreNamed) {
  const auto scope = posture_->RequestScan(control_.caller, control_.account, "9", "48", "");
  EXPECT_EQ(scope.error().message(), "scope 9 was not found");
  const auto profile = posture_->RequestScan(control_.caller, control_.account, "1", "9", "");
  EXPECT_EQ(profile.error().message(), "profile 9 was not found");
  EXPECT_FALSE(posture_->FindScan(control_.account, 77).ok());
}

TEST(Rollup, FailBeatsUnableBeatsPassBeatsNotApplicable) {
  using enum ResultStatus;
  EXPECT_EQ(RollUp({}), kNotApplicable);
  EXPECT_EQ(RollUp({kNotApplicable, kPass}), kPass);
  EXPECT_EQ(RollUp({kPass, kUnableToPerform}), kUnableToPerform);
  EXPECT_EQ(RollUp({kUnableToPerform, kFail, kPass}), kFail);
}

TEST(Scoring, WeighsSeverityAndLeavesOutWhatWasNotEvaluated) {
  using enum ResultStatus;
  const Score score = ScoreOf({{"Critical", kPass}, {"High", kFail}, {"Low", kUnableToPerform}});
  EXPECT_EQ(score.points, 625);
  EXPECT_EQ(score.evaluated, 2);
  EXPECT_EQ(score.total, 3);
  EXPECT_EQ(ScoreOf({}).points, 0);
}

TEST(ContentData, MistakesAreNamed) {
  const auto& catalogue = condition::Catalogue::BuiltIn();
  constexpr std::string_view kNoProfiles = R"({"profiles":[]})";
  EXPECT_FALSE(Content::Load(R"({"goals":[{"id":"1"}]})", kNoProfiles, catalogue).ok());
  const auto unknown_goal =
      Content::Load(R"({"goals":[]})",
                    R"({"profiles":[{"id":"1","name":"n","description":"d","version":1,
          "controls":[{"id":"2","external_control_id":"1.1","goals":["7"]}]}]})",
                    catalogue);
  EXPECT_NE(unknown_goal.error().message().find("unknown goal 7"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::posture
