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
            {"container-registry", "alerts"},
            {"container-registry", "image"}};
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
  Result<condition::Facts> Read(db::Transaction& tx, const Resource& resource) override {
    if (!failing_statement.empty() && resource.registry.value() == failing_statement) {
      BW_TRY_STATUS(tx.Execute("SELECT nothing FROM no_table_of_this_name"));
    }
    if (!failing_read.empty() && resource.registry.value() == failing_read) {
      return Unavailable("the row cannot be read");
    }
    condition::Facts facts;
    for (const auto& [name, value] : values) {
      facts.Set(name, condition::Fact::Present(value, "the test", observed));
    }
    return facts;
  }

  std::vector<std::string> registries{"us.icr.io"};
  std::map<std::string, condition::Value> values;
  Timestamp observed{};
  std::string failing_list;
  std::string failing_read;
  std::string failing_statement;  // of a registry: reading it breaks the transaction where it can
};

class PostureTest : public ::testing::Test {
 protected:
  PostureTest() {
    control_.facts.Add(facts_);
    SetAll(true, 3);
    EXPECT_TRUE(profiles_.Publish().ok());
    posture_ = std::make_unique<Posture>(PostureDeps{
        control_.database, *control_.jobs, control_.changes, control_.facts, profiles_,
        attachments_, attestations_, setup_, exceptions_, control_.clock,
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
    for (const char* moment : {"last_scan", "waits_since"}) {
      facts_.values.insert_or_assign(moment, Timestamp{});
    }
    facts_.values.insert_or_assign("has_os", true);
    facts_.values.insert_or_assign("os_packages_reported", flags);
  }

  Assessment RunScan() {
    const auto id = posture_->RequestScan(control_.caller, control_.account, "1", "48", "");
    EXPECT_TRUE(id.ok());
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    last_ = *posture_->FindScan(control_.account, *id);
    return *posture_->AssessScan(last_);
  }

  static ResultStatus StatusOf(const Assessment& scan, std::string_view goal) {
    for (const AssessedGoal& result : scan.goals) {
      if (result.id == goal) return result.result.status;
    }
    ADD_FAILURE() << "no result for " << goal;
    return ResultStatus::kNotApplicable;
  }

  control::testing::ControlFixture control_;
  SetFacts facts_;
  Profiles profiles_{control_.database, control_.changes, Content::BuiltIn(),
                     condition::Catalogue::BuiltIn(), control_.clock};
  Attachments attachments_{control_.database, control_.changes, profiles_, control_.clock};
  Attestations attestations_{control_.database, control_.changes, *control_.jobs,
                             Content::BuiltIn(), control_.clock};
  breakwater::posture::Setup setup_{control_.database, control_.changes, attachments_,
                                    control_.clock};
  control::Exceptions exceptions_{control_.database, control_.changes, *control_.jobs,
                                  control_.clock};
  std::unique_ptr<Posture> posture_;
  Scan last_;
};

TEST_F(PostureTest, TheProfileHoldsTheElevenGoalsInOrder) {
  const Content& content = Content::BuiltIn();
  std::vector<std::string> ids;
  for (const auto& goal : content.FindProfile("48")->goals) ids.push_back(goal->id);
  EXPECT_EQ(ids, (std::vector<std::string>{"3000601", "3000602", "3000623", "3000625", "3000626",
                                           "3000627", "3000628", "3000635", "3000636", "3000639",
                                           "3000611"}));
}

TEST_F(PostureTest, EveryGoalPassesOnGoodFactsAndFailsOnBadOnes) {
  const Assessment good = RunScan();
  EXPECT_EQ(last_.status, kPosted);
  EXPECT_EQ(last_.counts->goals.pass, 11);
  EXPECT_EQ(good.score.points, 1000);
  for (const AssessedGoal& goal : good.goals) {
    EXPECT_EQ(goal.result.status, ResultStatus::kPass) << goal.id;
  }

  SetAll(false, 4);
  facts_.values.insert_or_assign("manager_users", condition::Number(2));
  facts_.values.insert_or_assign("manager_service_ids", condition::Number(2));
  facts_.values.insert_or_assign("direct_policies", condition::Number(1));
  facts_.values.insert_or_assign("vulnerability_channels", condition::StringList{});
  facts_.observed = Timestamp{} + std::chrono::hours{24 * 8};
  for (const AssessedGoal& goal : RunScan().goals) {
    EXPECT_EQ(goal.result.status, ResultStatus::kFail) << goal.id;
  }
}

TEST_F(PostureTest, AFailedReadIsUnableAndNeverAPass) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.failing_read = "de.icr.io";
  facts_.failing_list = "access";
  for (const char* unknown : {"vulnerability_channels", "last_scan", "waits_since", "has_os"}) {
    facts_.values.erase(unknown);
  }
  const Assessment scan = RunScan();
  for (const AssessedGoal& goal : scan.goals) {
    EXPECT_EQ(goal.result.status, ResultStatus::kUnableToPerform) << goal.id;
  }
  EXPECT_NE(scan.goals[2].result.error.find("could not be listed"), std::string::npos);
}

TEST_F(PostureTest, AStatementThatFailsKeepsNothingElseFromBeingRead) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.failing_statement = "de.icr.io";
  const Assessment scan = RunScan();
  EXPECT_EQ(last_.status, kPosted);
  const auto& goal = *std::find_if(scan.goals.begin(), scan.goals.end(),
                                   [](const AssessedGoal& g) { return g.id == "3000625"; });
  EXPECT_EQ(goal.resources.pass, 1);
  EXPECT_EQ(goal.resources.unable_to_perform, 1);
  EXPECT_EQ(StatusOf(scan, "3000639"), ResultStatus::kPass);
}

TEST_F(PostureTest, WithoutResourcesAGoalDoesNotApply) {
  facts_.registries = {};
  EXPECT_EQ(StatusOf(RunScan(), "3000625"), ResultStatus::kNotApplicable);
}

TEST_F(PostureTest, OneFailingRegistryFailsTheGoalAndShowsExpectedAndActual) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.values.insert_or_assign("private_only", false);
  const Assessment scan = RunScan();
  const auto goal = std::find_if(scan.goals.begin(), scan.goals.end(),
                                 [](const AssessedGoal& g) { return g.id == "3000625"; });
  const auto& resources = goal->result.resources;
  ASSERT_EQ(resources.size(), 2U);
  EXPECT_EQ(resources[0].actual, "false");
  EXPECT_EQ(resources[0].expected, "private_only is true");
  EXPECT_EQ(resources[0].name, "de.icr.io");
  EXPECT_TRUE(resources[0].facts_digest.starts_with("sha256:"));
  EXPECT_EQ(json::FindText(*json::Find(resources[0].facts, "private_only"), "source"), "the test");
}

TEST_F(PostureTest, ParametersOfAnAccountChangeTheVerdictAndCanBeReset) {
  facts_.values.insert_or_assign("administrator_users", condition::Number(5));
  EXPECT_EQ(StatusOf(RunScan(), "3000623"), ResultStatus::kFail);
  const std::string name = "no_of_admins_for_container_registry";
  const auto set = [&](const std::string& parameter, const json::Value& value) {
    return posture_->SetParameter(control_.caller, control_.account, last_.attachment_id, parameter,
                                  value);
  };
  ASSERT_TRUE(set(name, 5).ok());
  const Assessment relaxed = RunScan();
  EXPECT_EQ(StatusOf(relaxed, "3000623"), ResultStatus::kPass);
  EXPECT_EQ(relaxed.goals[2].result.resources[0].expected, "at most 5 users");
  ASSERT_TRUE(set(name, nullptr).ok());
  EXPECT_EQ(StatusOf(RunScan(), "3000623"), ResultStatus::kFail);
  EXPECT_FALSE(set(name, "many").ok());
  EXPECT_EQ(set("none", 1).error().code(), ErrorCode::kNotFound);
}

TEST_F(PostureTest, WhatOtherValuesFoundIsNotToldUnderTheNewOnes) {
  RunScan();
  const Timestamp first = control_.clock.Now();
  control_.clock.Advance(std::chrono::hours{1});
  const Timestamp before = control_.clock.Now();
  control_.clock.Advance(std::chrono::hours{1});
  const std::int64_t id = last_.attachment_id;
  ASSERT_TRUE(posture_
                  ->SetParameter(control_.caller, control_.account, id,
                                 "no_of_admins_for_container_registry", 2)
                  .ok());
  const auto at = [&](std::optional<Timestamp> moment) {
    return *posture_->Assess(control_.account, id, {.at = moment, .from = {}});
  };
  EXPECT_EQ(StatusOf(at({}), "3000623"), ResultStatus::kUnableToPerform) << "not judged yet";
  EXPECT_EQ(StatusOf(at(before), "3000623"), ResultStatus::kPass) << "by the value of then";
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  EXPECT_EQ(StatusOf(at({}), "3000623"), ResultStatus::kFail);
  EXPECT_EQ(StatusOf(at(before), "3000623"), ResultStatus::kPass);
  const auto period = *posture_->Assess(control_.account, id, {.at = {}, .from = before});
  for (const AssessedGoal& goal : period.goals) {
    if (goal.id == "3000623") continue;
    EXPECT_LE(goal.since, first + std::chrono::milliseconds{1}) << "it passed all the time";
  }
  ASSERT_EQ(period.changes.size(), 1U);
  EXPECT_EQ(period.changes.front().goal_id, "3000623");
  EXPECT_EQ(period.changes.front().before, ResultStatus::kPass);
}

TEST_F(PostureTest, ATrendIsScoredByTheVersionThatWasInForce) {
  facts_.values.insert_or_assign("private_only", false);
  const auto draft = [](std::vector<std::string> goals) {
    Control control;
    control.external_control_id = "1.1";
    control.goals = std::move(goals);
    return ProfileDraft{.name = "own",
                        .description = "own",
                        .base_profile = "",
                        .controls = {control},
                        .enabled = true,
                        .reason_for_delete = ""};
  };
  const auto profile =
      profiles_.Create(control_.caller, control_.account, draft({"3000626", "3000627"}));
  ASSERT_TRUE(profile.ok());
  const auto attachment = attachments_.Create(control_.caller, control_.account,
                                              {.scope_id = "1",
                                               .profile_id = *profile,
                                               .profile_version = {},
                                               .parameters = {},
                                               .every = {}});
  ASSERT_TRUE(attachment.ok());
  const Timestamp from = control_.clock.Now();
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  control_.clock.Advance(std::chrono::hours{1});
  ASSERT_TRUE(
      profiles_.Update(control_.caller, control_.account, *profile, draft({"3000625", "3000627"}))
          .ok());
  ASSERT_TRUE(attachments_
                  .Update(control_.caller, control_.account, attachment->id,
                          [](AttachmentDraft now) -> Result<AttachmentDraft> {
                            now.profile_version = 2;
                            return now;
                          })
                  .ok());
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  const auto period = *posture_->Assess(control_.account, attachment->id, {.at = {}, .from = from});
  ASSERT_GE(period.trend.size(), 2U);
  EXPECT_EQ(period.trend.front().score.points, 1000);
  EXPECT_EQ(period.trend.front().goals.pass, 2);
  EXPECT_EQ(period.trend.back().goals.pass, 1);
  EXPECT_EQ(period.trend.back().goals.fail, 1);
  EXPECT_EQ(period.trend.back().score.points, period.score.points);
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
  const Assessment now = *posture_->Assess(control_.account, last_.attachment_id);
  for (const AssessedGoal& state : now.goals) {
    if (state.id == "3000625") {
      EXPECT_EQ(state.result.status, ResultStatus::kFail);
      EXPECT_GE(state.since, control_.clock.Now());
    }
    if (state.id == "3000626") {
      EXPECT_EQ(state.result.status, ResultStatus::kPass);
      EXPECT_LE(state.since, first + std::chrono::milliseconds{1});
    }
    // Not touched by a change of the service's settings.
    if (state.id == "3000623") {
      EXPECT_EQ(state.result.status, ResultStatus::kPass);
    }
  }
}

TEST_F(PostureTest, AnExceptionCountsFromASecondPersonsApprovalUntilItsEnd) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  facts_.values.insert_or_assign("private_only", false);
  EXPECT_EQ(StatusOf(RunScan(), "3000625"), ResultStatus::kFail);
  const std::string crn =
      control::ServiceResource(control_.account, RegistryName("us.icr.io"), "local")
          .crn()
          .ToString();
  const auto asked = exceptions_.Request(control_.caller, control_.account,
                                         {.kind = control::ExceptionKind::kGoal,
                                          .subject = "3000625",
                                          .crn = crn,
                                          .owner = "Ada",
                                          .reason = "the move is under way",
                                          .ticket = "T-1",
                                          .expires = control_.clock.Now() + std::chrono::hours{1}});
  ASSERT_TRUE(asked.ok());
  const auto at = [&](std::optional<Timestamp> moment) {
    const Assessment now =
        *posture_->Assess(control_.account, last_.attachment_id, {.at = moment, .from = {}});
    const auto& goal = *std::find_if(now.goals.begin(), now.goals.end(),
                                     [](const AssessedGoal& g) { return g.id == "3000625"; });
    return std::to_string(goal.resources.fail) + " fail, " +
           std::to_string(goal.resources.not_applicable) + " accepted, " +
           std::to_string(goal.exceptions.size()) + " exceptions";
  };
  const auto status = [&] {
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    return at({});
  };
  EXPECT_EQ(status(), "2 fail, 0 accepted, 0 exceptions");
  // Nobody approves what they asked for.
  EXPECT_EQ(exceptions_.Approve(control_.caller, control_.account, asked->id).error().reason(),
            "same_person");
  control::Caller second = control_.caller;
  second.actor.iam_id = IamId("IBMid-2");
  ASSERT_TRUE(exceptions_.Approve(second, control_.account, asked->id).ok());
  EXPECT_EQ(status(), "1 fail, 1 accepted, 1 exceptions");
  control_.clock.Advance(std::chrono::hours{1} - std::chrono::microseconds{1});
  EXPECT_EQ(at({}), "1 fail, 1 accepted, 1 exceptions");
  const Timestamp end = control_.clock.Now() + std::chrono::microseconds{1};
  control_.clock.Advance(std::chrono::minutes{5});
  EXPECT_EQ(at({}), "2 fail, 0 accepted, 0 exceptions") << "before anybody has looked again";
  EXPECT_EQ(at(end), "2 fail, 0 accepted, 0 exceptions");
  EXPECT_EQ(status(), "2 fail, 0 accepted, 0 exceptions");
  EXPECT_EQ(at(end), "2 fail, 0 accepted, 0 exceptions");
  EXPECT_EQ(exceptions_.End(second, control_.account, asked->id).error().reason(), "ended");
}

TEST_F(PostureTest, WhatNobodyLookedAtForHoursNobodyKnows) {
  RunScan();
  const std::int64_t id = last_.attachment_id;
  const Timestamp first = control_.clock.Now();
  const auto at = [&](Timestamp moment) {
    return *posture_->Assess(control_.account, id, {.at = moment, .from = {}});
  };
  control_.clock.Advance(std::chrono::hours{10});
  const Assessment known = at(first + std::chrono::hours{2});
  EXPECT_EQ(known.score.points, 1000);
  EXPECT_LE(known.checked, first + std::chrono::milliseconds{1}) << "and when it was looked at";
  const Assessment unknown = at(first + std::chrono::hours{9});
  EXPECT_EQ(unknown.goal_counts.unable_to_perform, std::ssize(unknown.goals));
  EXPECT_EQ(unknown.score.evaluated, 0);
  EXPECT_NE(unknown.goals[0].result.resources[0].info.find("nobody had looked"), std::string::npos);
  RunScan();
  EXPECT_EQ(posture_->Assess(control_.account, id)->score.points, 1000);
  EXPECT_EQ(at(first + std::chrono::hours{9}).score.evaluated, 0) << "also when somebody did again";
}

TEST_F(PostureTest, GoalsFollowFromTheirResourcesWhileAScanIsUnderWay) {
  RunScan();
  const std::int64_t id = last_.attachment_id;
  // A step of a scan: the resource is written, its goals are not counted yet.
  ASSERT_TRUE(control_.database
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY(const Attachment locked, attachments_.Lock(tx, id));
                    const auto service = control::ServiceResource(
                        control_.account, RegistryName("us.icr.io"), "local");
                    BW_TRY(auto point, ledger::Current(tx, id, service));
                    std::ranges::replace(point->statuses, 'p', 'f');
                    BW_TRY(const std::string facts, ledger::FactsOf(tx, point->facts_digest));
                    return ledger::Put(tx, id, locked.evaluated, *point, facts);
                  })
                  .ok());
  const Assessment now = *posture_->Assess(control_.account, id);
  EXPECT_EQ(StatusOf(now, "3000625"), ResultStatus::kFail);
  EXPECT_LT(now.score.points, 1000);
}

TEST_F(PostureTest, AScanOfWhatEndedMeanwhileIsGivenUp) {
  RunScan();
  const auto id = posture_->RequestScan(control_.caller, control_.account, "1", "48", "");
  ASSERT_TRUE(id.ok());
  ASSERT_TRUE(attachments_.End(control_.caller, control_.account, last_.attachment_id).ok());
  ASSERT_TRUE(control_.jobs->RunDue().ok());
  EXPECT_EQ(posture_->FindScan(control_.account, *id)->status, kFailed);
}

TEST_F(PostureTest, WhatIsEnabledAgainIsCheckedLikeWhatIsMade) {
  const auto scope =
      setup_.Create(control_.caller, control_.account, SetupKind::kScope, {{"name", "team"}});
  const auto attachment = attachments_.Create(control_.caller, control_.account,
                                              {.scope_id = scope->id,
                                               .profile_id = "48",
                                               .profile_version = {},
                                               .parameters = {},
                                               .every = {}});
  ASSERT_TRUE(attachment.ok());
  const auto enable = [&](bool enabled) {
    return attachments_.Update(control_.caller, control_.account, attachment->id,
                               [&](AttachmentDraft now) -> Result<AttachmentDraft> {
                                 now.enabled = enabled;
                                 return now;
                               });
  };
  ASSERT_TRUE(enable(false).ok());
  ASSERT_TRUE(enable(true).ok());
  ASSERT_TRUE(setup_.Delete(control_.caller, control_.account, SetupKind::kScope, scope->id).ok());
  EXPECT_EQ(enable(true).error().code(), ErrorCode::kConflict);
}

TEST_F(PostureTest, WhatWasEndedIsNotKnownUntilItIsAttachedAgain) {
  RunScan();
  const std::int64_t id = last_.attachment_id;
  control_.clock.Advance(std::chrono::hours{1});
  const Timestamp before = control_.clock.Now();
  control_.clock.Advance(std::chrono::hours{1});
  ASSERT_TRUE(attachments_.End(control_.caller, control_.account, id).ok());
  control_.clock.Advance(std::chrono::hours{1});
  const Timestamp gap = control_.clock.Now();
  EXPECT_EQ(posture_->Assess(control_.account, id, {.at = gap, .from = {}}).error().code(),
            ErrorCode::kNotFound);
  control_.clock.Advance(std::chrono::hours{1});
  RunScan();
  EXPECT_EQ(last_.attachment_id, id);
  EXPECT_EQ(posture_->Assess(control_.account, id)->score.points, 1000);
  EXPECT_EQ(posture_->Assess(control_.account, id, {.at = before, .from = {}})->score.points, 1000);
  EXPECT_EQ(posture_->Assess(control_.account, id, {.at = gap, .from = {}}).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(posture_
                ->Assess(control_.account, id,
                         {.at = control_.clock.Now() + std::chrono::hours{1}, .from = {}})
                .error()
                .code(),
            ErrorCode::kInvalid);
}

TEST_F(PostureTest, AScopeIsLookedAtAsOftenAsItAsks) {
  const auto scope =
      setup_.Create(control_.caller, control_.account, SetupKind::kScope,
                    {{"name", "team"}, {"is_discovery_scheduled", true}, {"interval", 3600}});
  ASSERT_TRUE(scope.ok());
  const auto looked = [&] {
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    const auto now = setup_.Find(control_.account, SetupKind::kScope, scope->id);
    const json::Value* events = now->document.if_contains("events");
    return events == nullptr ? 0U : events->as_array().size();
  };
  EXPECT_EQ(looked(), 0U);
  control_.clock.Advance(std::chrono::minutes{61});
  EXPECT_EQ(looked(), 1U);
  control_.clock.Advance(std::chrono::minutes{30});
  EXPECT_EQ(looked(), 1U);
  control_.clock.Advance(std::chrono::minutes{31});
  EXPECT_EQ(looked(), 2U);
}

TEST_F(PostureTest, NoTwoScopesHaveOneNameEvenByRenaming) {
  const auto make = [&](const char* name) {
    return setup_.Create(control_.caller, control_.account, SetupKind::kScope, {{"name", name}});
  };
  const auto one = make("one");
  ASSERT_TRUE(one.ok());
  ASSERT_TRUE(make("two").ok());
  const auto rename = [&](const char* name) {
    return setup_.Update(control_.caller, control_.account, SetupKind::kScope, one->id,
                         [&](json::Object& document) -> Status {
                           document["name"] = name;
                           return Ok();
                         });
  };
  EXPECT_EQ(rename("two").error().code(), ErrorCode::kExists);
  EXPECT_TRUE(rename("one").ok()) << "as it was";
  EXPECT_TRUE(rename("three").ok());
}

TEST_F(PostureTest, AnAttachmentIsEvaluatedAgainWhenItsScopeSelectsOtherThings) {
  facts_.registries = {"us.icr.io", "de.icr.io"};
  const auto scope =
      setup_.Create(control_.caller, control_.account, SetupKind::kScope,
                    {{"name", "team"}, {"selection", json::Object{{"registries", {"us.icr.io"}}}}});
  ASSERT_TRUE(scope.ok());
  const auto attachment = attachments_.Create(control_.caller, control_.account,
                                              {.scope_id = scope->id,
                                               .profile_id = "48",
                                               .profile_version = {},
                                               .parameters = {},
                                               .every = {}});
  ASSERT_TRUE(attachment.ok());
  const auto registries = [&] {
    EXPECT_TRUE(control_.jobs->RunDue().ok());
    const Assessment now = *posture_->Assess(control_.account, attachment->id);
    const auto goal = std::find_if(now.goals.begin(), now.goals.end(),
                                   [](const AssessedGoal& g) { return g.id == "3000625"; });
    return goal->resources.total();
  };
  EXPECT_EQ(registries(), 1);
  ASSERT_TRUE(setup_
                  .Update(control_.caller, control_.account, SetupKind::kScope, scope->id,
                          [](json::Object& document) -> Status {
                            document.erase("selection");
                            return Ok();
                          })
                  .ok());
  EXPECT_EQ(registries(), 2);
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
  const auto roll_up = [](const std::vector<ResultStatus>& parts) {
    Counters counters;
    for (const ResultStatus part : parts) counters.Add(part);
    return RollUp(counters);
  };
  EXPECT_EQ(roll_up({}), kNotApplicable);
  EXPECT_EQ(roll_up({kNotApplicable, kPass}), kPass);
  EXPECT_EQ(roll_up({kPass, kUnableToPerform}), kUnableToPerform);
  EXPECT_EQ(roll_up({kUnableToPerform, kFail, kPass}), kFail);
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
