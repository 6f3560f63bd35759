#include "control/change.h"

#include <optional>
#include <utility>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "control/fact_events.h"
#include "control/together.h"
#include "db/testing.h"

namespace breakwater::control {
namespace {

const AccountId kAccount("acc");
const Resource kService = ServiceResource(kAccount, RegistryName("us.icr.io"), "us-south");

// Facts that live in a table of the test's own.
class LampFacts final : public FactSource {
 public:
  std::vector<condition::ResourceType> Types() const override {
    return {{"container-registry", "service"}};
  }
  Result<std::vector<Resource>> List(db::Transaction&, const condition::ResourceType&,
                                     const AccountId&) override {
    return std::vector<Resource>{kService};
  }
  Result<condition::Facts> Read(db::Transaction& tx, const Resource&) override {
    if (!std::exchange(is_there, true)) return NotFound("no lamp yet");
    BW_TRY(const auto lit,
           tx.QueryOne("SELECT lit FROM lamp", {}, [](const db::Row& row) { return row.Bool(0); }));
    condition::Facts facts;
    facts.Set("private_only",
              condition::Fact::Present(lit.value_or(false), "the test's lamp", Timestamp{}));
    return facts;
  }

  bool is_there = true;  // at the next reading; from then on it is
};

class FakeAuthorizer final : public Authorizer {
 public:
  Status Authorize(const Caller&, std::string_view, const Resource&) override {
    if (!allow) return Denied("you may not");
    return Ok();
  }
  bool allow = true;
};

// Refuses a dark lamp.
class LampGate final : public Gate {
 public:
  Result<Judgement> Judge(db::Transaction&, const Caller&, const Resource&,
                          const condition::Facts& facts, const Before* before) override {
    if (before != nullptr && before->takes_away) return Judgement{};
    Judgement judgement;
    judgement.record = json::Value{{"rule_set", "test"}};
    if (*facts.Find("private_only")->value() == condition::Value(false)) {
      judgement.compliant = false;
      judgement.refusal = Denied("the lamp must be lit").Reason("config_rule_denied");
    }
    return judgement;
  }
};

class ChangePathTest : public ::testing::Test {
 protected:
  ChangePathTest() {
    facts_.Add(lamp_);
    jobs_->Register("witness", {}, [this](const jobs::Job& job) {
      seen_.push_back(job.payload);
      return Ok();
    });
    jobs_->Subscribe(std::string(kChangeCommitted), "witness");
    const Status made = database_.Write([](db::Transaction& tx) -> Status {
      BW_TRY_STATUS(tx.Execute("CREATE TABLE lamp (lit INTEGER NOT NULL)"));
      BW_TRY_STATUS(tx.Execute("INSERT INTO lamp VALUES (1)"));
      return Ok();
    });
    EXPECT_TRUE(made.ok());
  }

  Change Switch(bool lit) {
    return {.action = "container-registry.auth.set",
            .resource = kService,
            .apply = [this, lit](db::Transaction& tx) -> Result<Effect> {
              ++applied_;
              BW_TRY_STATUS(tx.Execute("UPDATE lamp SET lit = $1", {lit}));
              return Effect{.before = {{"lit", !lit}},
                            .after = {{"lit", lit}},
                            .governed = {kService},
                            .events = {}};
            }};
  }

  bool Lit() {
    return *database_.ReadValue([](db::Transaction& tx) -> Result<bool> {
      BW_TRY(const auto lit, tx.QueryOne("SELECT lit FROM lamp", {},
                                         [](const db::Row& row) { return row.Bool(0); }));
      return *lit;
    });
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> owner_ = db::testing::OpenTestDatabase();
  db::Database& database_ = owner_->database();
  audit::Log log_{database_, clock_};
  std::unique_ptr<jobs::Jobs> jobs_ = jobs::NewJobs({.owner = "test"}, database_, clock_);
  FakeAuthorizer authorizer_;
  LampGate gate_;
  LampFacts lamp_;
  FactSources facts_;
  ChangePath path_{database_, log_, *jobs_, authorizer_, gate_, facts_};
  Caller caller_{.actor = {.kind = IdentityKind::kUser,
                           .account = kAccount,
                           .iam_id = IamId("IBMid-1"),
                           .name = "one",
                           .credential = "apikey",
                           .grants = {}},
                 .origin = {.request_id = "req-7",
                            .address = "10.0.0.1",
                            .user_agent = "test",
                            .private_network = true}};
  std::vector<json::Value> seen_;
  int applied_ = 0;
};

TEST_F(ChangePathTest, CommittedChangeIsRecordedWithFieldsJudgementAndEvent) {
  ASSERT_TRUE(path_.Submit(caller_, Switch(true)).ok());
  const auto records = *log_.Query({});
  ASSERT_EQ(records.size(), 1U);
  const audit::Record& record = records[0].record;
  EXPECT_EQ(record.outcome, audit::Outcome::kSuccess);
  EXPECT_EQ(record.request_id, "req-7");
  EXPECT_EQ(record.initiator.iam_id.value(), "IBMid-1");
  EXPECT_TRUE(record.private_network);
  ASSERT_EQ(record.changes.size(), 1U);
  EXPECT_EQ(record.changes[0].field, "lit");
  EXPECT_EQ(record.judgement.as_array().size(), 1U);
  ASSERT_EQ(*jobs_->RunDue(), 1);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(json::FindText(seen_[0], "registry"), "us.icr.io");
  EXPECT_EQ(json::Find(seen_[0], "governed")->as_array().size(), 1U);
}

TEST_F(ChangePathTest, WhatItGovernsInOtherAccountsIsToldToThese) {
  std::vector<json::Value> elsewhere;
  jobs_->Register("neighbour", {}, [&](const jobs::Job& job) {
    elsewhere.push_back(job.payload);
    return Ok();
  });
  jobs_->Subscribe(std::string(kFactsChanged), "neighbour");
  Change change = Switch(true);
  change.apply = [](db::Transaction&) -> Result<Effect> {
    Resource theirs = kService;
    theirs.account = AccountId("neighbour");
    return Effect{
        .before = nullptr, .after = nullptr, .governed = {kService, theirs}, .events = {}};
  };
  ASSERT_TRUE(path_.Submit(caller_, change).ok());
  ASSERT_EQ(*jobs_->RunDue(), 2);
  ASSERT_EQ(seen_.size(), 1U);
  EXPECT_EQ(json::Find(seen_[0], "governed")->as_array().size(), 1U);
  ASSERT_EQ(elsewhere.size(), 1U);
  EXPECT_EQ(json::FindText(elsewhere[0], "account"), "neighbour");
  EXPECT_EQ(json::Find(elsewhere[0], "governed")->as_array().size(), 1U);
}

TEST_F(ChangePathTest, HoweverMuchItTouchesWhoListensIsToldOfAllOfIt) {
  constexpr std::size_t kMany = 10'000;
  Change change = Switch(true);
  change.apply = [](db::Transaction&) -> Result<Effect> {
    Effect effect{.before = nullptr, .after = nullptr, .governed = {kService}, .events = {}};
    for (std::size_t i = 1; i < kMany; ++i) {
      Resource image = kService;
      image.kind = "image";
      image.name = "team-a/app@sha256:" + std::string(64, 'a') + std::to_string(i);
      effect.gone.push_back(std::move(image));
    }
    return effect;
  };
  const Status done = path_.Submit(caller_, change);
  ASSERT_TRUE(done.ok()) << done.error().message();
  ASSERT_TRUE(jobs_->RunDue().ok());
  std::size_t told = 0;
  for (const json::Value& one : seen_) told += json::Find(one, "governed")->as_array().size();
  EXPECT_EQ(told, kMany);
}

TEST_F(ChangePathTest, WeighedResourcesAreFoundInTheTransactionAndMayBeThereOnlyLater) {
  Change change = Switch(false);
  change.weighed = WeighTaking([](db::Transaction& tx) -> Result<std::vector<Resource>> {
    BW_TRY(const auto rows,
           tx.QueryAll("SELECT lit FROM lamp", {}, [](const db::Row&) { return kService; }));
    return rows;
  });
  EXPECT_TRUE(path_.Submit(caller_, change).ok()) << "it only takes away";
  lamp_.is_there = false;
  EXPECT_FALSE(path_.Submit(caller_, change).ok()) << "it was not there before";
}

TEST_F(ChangePathTest, AChangeThatGovernsNothingIsRecordedAndCausesNoWork) {
  Change change = Switch(true);
  change.apply = [](db::Transaction&) -> Result<Effect> { return Effect{}; };
  ASSERT_TRUE(path_.Submit(caller_, change).ok());
  EXPECT_EQ(log_.Query({})->size(), 1U);
  EXPECT_EQ(*jobs_->RunDue(), 0);
}

TEST_F(ChangePathTest, RefusedStateIsRolledBackAndTheRefusalRecorded) {
  const Status status = path_.Submit(caller_, Switch(false));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason(), "config_rule_denied");
  EXPECT_EQ(applied_, 1);
  EXPECT_TRUE(Lit());
  const auto records = *log_.Query({});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].record.outcome, audit::Outcome::kFailure);
  EXPECT_EQ(records[0].record.reason_code, 403);
  EXPECT_EQ(records[0].record.severity, audit::Severity::kCritical);
  EXPECT_FALSE(records[0].record.judgement.is_null());
  EXPECT_EQ(*jobs_->RunDue(), 0);
}

TEST_F(ChangePathTest, WithoutTheRightNothingIsTriedButItIsRecorded) {
  authorizer_.allow = false;
  EXPECT_EQ(path_.Submit(caller_, Switch(true)).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(applied_, 0);
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kFailure})->size(), 1U);
}

TEST_F(ChangePathTest, AFailingChangeLeavesOnlyItsRecord) {
  Change change = Switch(false);
  change.apply = [](db::Transaction& tx) -> Result<Effect> {
    BW_TRY_STATUS(tx.Execute("UPDATE lamp SET lit = 0"));
    return Conflict("changed my mind");
  };
  EXPECT_FALSE(path_.Submit(caller_, change).ok());
  EXPECT_TRUE(Lit());
  EXPECT_EQ(log_.Query({})->at(0).record.reason, "changed my mind");
}

TEST_F(ChangePathTest, WhatIsMadeTogetherIsJudgedByWhatAllOfItLeaves) {
  const auto both = [&](bool last) {
    return Together(path_, database_, [&, last](JointChanges& joint) -> Status {
      BW_TRY_STATUS(path_.Submit(caller_, Switch(!last)));
      EXPECT_EQ(joint.submitted(), 1U);
      return path_.Submit(caller_, Switch(last));
    });
  };
  ASSERT_TRUE(both(true).ok()) << "dark in between";
  EXPECT_TRUE(Lit());
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kSuccess})->size(), 2U) << "each on record";
  EXPECT_EQ(*jobs_->RunDue(), 2);
  EXPECT_EQ(both(false).error().reason(), "config_rule_denied");
  EXPECT_TRUE(Lit());
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kSuccess})->size(), 2U);
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kFailure})->size(), 1U);
  EXPECT_EQ(*jobs_->RunDue(), 0);
}

TEST_F(ChangePathTest, WhatIsMadeTogetherIsJudgedWhenItSaysSoToo) {
  std::optional<std::size_t> refused;
  const Status status = Together(
      path_, database_,
      [&](JointChanges& joint) -> Status {
        BW_TRY_STATUS(path_.Submit(caller_, Switch(true)));
        BW_TRY_STATUS(path_.Submit(caller_, Switch(false)));
        BW_TRY_STATUS(joint.Judge());
        ADD_FAILURE() << "it is dark";
        return path_.Submit(caller_, Switch(true));
      },
      &refused);
  EXPECT_EQ(status.error().reason(), "config_rule_denied");
  EXPECT_EQ(refused, 0U) << "both govern the lamp";
}

TEST_F(ChangePathTest, OneThatFailsTogetherWithOthersUndoesThem) {
  std::optional<std::size_t> refused;
  const auto work = [&](JointChanges&) -> Status {
    BW_TRY_STATUS(path_.Submit(caller_, Switch(true)));  // no rule is against it
    authorizer_.allow = false;
    EXPECT_FALSE(path_.Submit(caller_, Switch(true)).ok());
    return Ok();  // whatever it makes of that
  };
  const Status status = Together(path_, database_, work, &refused);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(), "you may not");
  EXPECT_EQ(refused, 1U);
  const auto records = *log_.Query({});
  ASSERT_EQ(records.size(), 1U) << "the refusal, and not what was made before it";
  EXPECT_EQ(records[0].record.outcome, audit::Outcome::kFailure);
}

TEST_F(ChangePathTest, ARefusalBeforeAChangeIsOnRecordAlsoWhereAllIsUndone) {
  const auto refused = [&](const Status& end) {
    return Together(path_, database_, [&](JointChanges&) -> Status {
      path_.RecordRefusal(caller_, "container-registry.auth.set", kService, Denied("not that one"));
      return end;
    });
  };
  EXPECT_FALSE(refused(Denied("not that one")).ok());
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kFailure})->size(), 1U);
  EXPECT_TRUE(refused(Ok()).ok());
  EXPECT_EQ(log_.Query({.outcome = audit::Outcome::kFailure})->size(), 2U);
}

TEST_F(ChangePathTest, ARehearsalSaysWhatWouldComeOfItAndLeavesNothing) {
  std::optional<std::size_t> refused;
  const auto rehearsed = [&](bool last) {
    return Rehearse(
        path_, database_,
        [&, last](JointChanges&) -> Status {
          BW_TRY_STATUS(path_.Submit(caller_, Switch(!last)));
          return path_.Submit(caller_, Switch(last));
        },
        &refused, std::chrono::minutes{1});
  };
  EXPECT_TRUE(rehearsed(true).ok());
  EXPECT_EQ(refused, std::nullopt);
  EXPECT_EQ(rehearsed(false).error().reason(), "config_rule_denied");
  EXPECT_EQ(refused, 0U) << "both govern the lamp";
  const Status refusal = Rehearse(
      path_, database_,
      [&](JointChanges&) -> Status {
        path_.RecordRefusal(caller_, "container-registry.auth.set", kService, Denied("no"));
        return Denied("no");
      },
      &refused, std::chrono::minutes{1});
  EXPECT_EQ(refusal.error().message(), "no");
  EXPECT_EQ(refused, std::nullopt);
  EXPECT_TRUE(Lit());
  EXPECT_TRUE(log_.Query({})->empty());
  EXPECT_EQ(*jobs_->RunDue(), 0);
}

TEST_F(ChangePathTest, WhatTakesTooLongTogetherIsUndone) {
  const auto within = [&](std::chrono::milliseconds time) {
    return Together(
        path_, database_,
        [&](JointChanges&) -> Status {
          // Also where the work makes nothing of it.
          static_cast<void>(path_.Submit(caller_, Switch(true)));
          return database_.Write([](db::Transaction& tx) -> Status {
            BW_TRY_STATUS(tx.Execute("UPDATE lamp SET lit = 0"));
            return Ok();
          });
        },
        nullptr, time);
  };
  EXPECT_EQ(within(std::chrono::milliseconds{0}).error().reason(), "too_long");
  EXPECT_TRUE(Lit());
  EXPECT_EQ(applied_, 0);
}

TEST_F(ChangePathTest, TogetherItIsWeighedAgainstWhatWasThereBeforeAll) {
  const auto taking = [&](bool lit) {
    Change change = Switch(lit);
    change.weighed = WeighTaking(kService);
    return change;
  };
  EXPECT_TRUE(Together(path_, database_, [&](JointChanges&) -> Status {
                BW_TRY_STATUS(path_.Submit(caller_, taking(true)));
                return path_.Submit(caller_, taking(false));
              }).ok());
  EXPECT_FALSE(Together(path_, database_,
                        [&](JointChanges&) -> Status {
                          BW_TRY_STATUS(path_.Submit(caller_, taking(false)));
                          return path_.Submit(caller_, Switch(false));
                        })
                   .ok())
      << "what is not weighed is judged all the same";
}

}  // namespace
}  // namespace breakwater::control
