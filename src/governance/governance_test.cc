#include "governance/governance.h"

#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "governance/testing.h"

namespace breakwater::governance {
namespace {

using condition::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const condition::ResourceType kService{"container-registry", "service"};

// The example of the reference system's page, byte for byte.
json::Value SeedRule() {
  std::ifstream file(BW_SEED_RULE, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return json::Parse(text.str()).value();
}

condition::Facts Settings(bool private_only) {
  const Timestamp now = FromMicros(1'647'853'800'000'000);
  condition::Facts facts;
  facts.Set("private_only", condition::Fact::Present(private_only, "settings", now));
  facts.Set("iam_authz", condition::Fact::Present(true, "settings", now));
  facts.Set("platform_metrics", condition::Fact::Present(true, "settings", now));
  return facts;
}

class GovernanceTest : public ::testing::Test {
 protected:
  RuleDraft SeedDraft(std::vector<Action> actions) const {
    const json::Value seed = SeedRule();
    RuleDraft draft;
    draft.account = world.account;
    draft.name = "private only";
    draft.description = "as in the seed";
    draft.target = seed.at("target");
    draft.required_config = seed.at("required_config");
    draft.actions = std::move(actions);
    return draft;
  }

  // The same of every registry.
  RuleDraft EverywhereDraft(std::vector<Action> actions) const {
    RuleDraft draft = SeedDraft(std::move(actions));
    draft.target =
        json::Object{{"service_name", "container-registry"}, {"resource_kind", "service"}};
    return draft;
  }

  Rule Create(const RuleDraft& draft) {
    auto rule = world.governance.CreateRule(world.caller, draft);
    BW_CHECK(rule.ok());
    return *std::move(rule);
  }

  Attachment AttachToAccount(const std::string& rule_id) {
    auto attachments = world.governance.attachments().Attach(world.caller, world.account, rule_id,
                                                             {world.ToAccount()});
    BW_CHECK(attachments.ok());
    return attachments->front();
  }

  // The events that rules with the action audit_log ask for.
  std::vector<audit::Record> Evaluations(const AccountId& account) {
    const auto found = world.log.Query({.account = account,
                                        .action = "compliance.configuration-governance-rule.eval",
                                        .limit = 100});
    BW_CHECK(found.ok());
    std::vector<audit::Record> records;
    for (const audit::Found& one : *found) records.push_back(one.record);
    return records;
  }

  testing::World world{condition::Catalogue::BuiltIn(), {kService}};
};

TEST_F(GovernanceTest, SeedRuleForbidsInItsRegistryAndAllowsInAnother) {
  const auto us = world.Service("us.icr.io");
  const auto de = world.Service("de.icr.io", "eu-central");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  ASSERT_TRUE(world.Change(de, Settings(true)).ok());
  const Rule rule = Create(SeedDraft({Action::kDisallow}));
  ASSERT_TRUE(world.Change(us, Settings(false)).ok()) << "a rule without attachment does nothing";
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  AttachToAccount(rule.id);

  const Status refused = world.Change(us, Settings(false));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "config_rule_denied");
  EXPECT_THAT(refused.error().message(), HasSubstr(rule.id));
  EXPECT_THAT(refused.error().message(), HasSubstr("set private_only to true"));
  EXPECT_TRUE(world.Change(de, Settings(false)).ok());
  EXPECT_TRUE(world.Change(us, Settings(true)).ok());
}

TEST_F(GovernanceTest, RefusedChangeLeavesNothingButItsRecord) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  AttachToAccount(Create(SeedDraft({Action::kDisallow})).id);
  ASSERT_FALSE(world.Change(us, Settings(false)).ok());
  const auto facts =
      world.database().ReadValue([&](db::Transaction& tx) { return world.facts.Read(tx, us); });
  EXPECT_EQ(*facts, Settings(true));
  const audit::Record record = world.LastRecord();
  EXPECT_EQ(record.outcome, audit::Outcome::kFailure);
  EXPECT_EQ(record.reason_code, 403);
  EXPECT_THAT(json::Serialize(record.judgement), HasSubstr(R"("is_allowed":false)"));
}

TEST_F(GovernanceTest, ChangeThatLeavesAnOldViolationIsRefused) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(false)).ok());
  AttachToAccount(Create(SeedDraft({Action::kDisallow})).id);
  condition::Facts still = Settings(false);
  still.Set("platform_metrics", condition::Fact::Present(false, "settings", world.clock.Now()));
  EXPECT_FALSE(world.Change(us, still).ok());
  EXPECT_TRUE(world.Change(us, Settings(true)).ok());
}

TEST_F(GovernanceTest, AuditLogAllowsAndRecordsTheViolation) {
  const auto us = world.Service("us.icr.io");
  AttachToAccount(Create(SeedDraft({Action::kAuditLog})).id);
  ASSERT_TRUE(world.Change(us, Settings(false)).ok());
  const std::string judgement = json::Serialize(world.LastRecord().judgement);
  EXPECT_THAT(judgement, HasSubstr(R"("is_allowed":true)"));
  EXPECT_THAT(judgement, HasSubstr(R"("is_compliant":false)"));
  const auto events = Evaluations(world.account);
  ASSERT_EQ(events.size(), 1U);
  const audit::Record& event = events.front();
  EXPECT_EQ(event.severity, audit::Severity::kWarning);
  EXPECT_EQ(event.target.crn, us.crn().ToString());
  EXPECT_EQ(event.initiator.iam_id.value(), "IBMid-owner");
  EXPECT_EQ(json::Find(event.request, "compliance.isAllowed")->as_bool(), true);
  EXPECT_EQ(json::Find(event.request, "compliance.isCompliant")->as_bool(), false);
}

TEST_F(GovernanceTest, RefusedChangesAreToldAsEvaluationsToo) {
  const auto us = world.Service("us.icr.io");
  AttachToAccount(Create(SeedDraft({Action::kDisallow, Action::kAuditLog})).id);
  ASSERT_FALSE(world.Change(us, Settings(false)).ok());
  const auto events = Evaluations(world.account);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events.front().severity, audit::Severity::kCritical);
  EXPECT_EQ(events.front().outcome, audit::Outcome::kSuccess)
      << "the evaluation's, not the change's";
  EXPECT_EQ(json::Find(events.front().request, "compliance.isAllowed")->as_bool(), false);
  EXPECT_EQ(world.LastRecord().outcome, audit::Outcome::kFailure);
}

TEST_F(GovernanceTest, EvaluationsAreToldToTheAccountOfTheResource) {
  const AccountId child("account-2");
  for (const AccountId& account : {world.account, child}) {
    world.hierarchy.Put({.account = account,
                         .enterprise = "enterprise-1",
                         .root = world.account,
                         .account_groups = {}});
  }
  RuleDraft draft = EverywhereDraft({Action::kAuditLog});
  AttachmentDraft everywhere = world.ToAccount();
  everywhere.included = {ScopeType::kEnterprise, "enterprise-1", ""};
  ASSERT_TRUE(world.governance.attachments()
                  .Attach(world.caller, world.account, Create(draft).id, {std::move(everywhere)})
                  .ok());
  const auto theirs = control::ServiceResource(child, RegistryName("us.icr.io"), "us-south");
  ASSERT_TRUE(
      world.changes
          .Submit(world.caller,
                  {.action = "enterprise.account.create",
                   .resource = control::AccountResource(world.account, "account"),
                   .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                     BW_TRY_STATUS(testing::FactTable::Put(tx, theirs, Settings(false)));
                     return control::Effect{
                         .before = nullptr, .after = nullptr, .governed = {theirs}, .events = {}};
                   }})
          .ok());
  EXPECT_TRUE(Evaluations(world.account).empty());
  ASSERT_EQ(Evaluations(child).size(), 1U);
  EXPECT_EQ(Evaluations(child).front().target.crn, theirs.crn().ToString());
  world.Settle();
  EXPECT_EQ(world.results.Find(child, {})->total, 1) << "and their results follow";
}

TEST_F(GovernanceTest, ResultsFollowAttachmentsRulesAndChangesAtOnce) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(false)).ok());
  ASSERT_TRUE(world.Change(world.Service("de.icr.io", "eu-central"), Settings(false)).ok());
  const Rule rule = Create(SeedDraft({}));
  world.Settle();
  EXPECT_TRUE(world.Found().empty());

  world.clock.Advance(std::chrono::seconds(1));
  const Attachment attachment = AttachToAccount(rule.id);
  world.Settle();
  auto results = world.Found();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].outcome, Outcome::kViolated);
  EXPECT_EQ(results[0].resource, us.crn().ToString());

  world.clock.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  world.Settle();
  EXPECT_EQ(world.Found()[0].outcome, Outcome::kCompliant);

  world.clock.Advance(std::chrono::seconds(1));
  ASSERT_TRUE(world.governance.attachments()
                  .Detach(world.caller, world.account, rule.id, attachment.id)
                  .ok());
  world.Settle();
  EXPECT_TRUE(world.Found().empty());
  const auto history = world.results.History(world.account, rule.id, us.crn().ToString(), 0, 100);
  ASSERT_TRUE(history.ok());
  std::vector<std::string> outcomes;
  for (const auto& entry : history->entries) outcomes.push_back(entry.outcome);
  EXPECT_THAT(outcomes, ElementsAre("violated", "compliant", "removed"));
}

TEST_F(GovernanceTest, ResultOfADeletedResourceGoesAtOnce) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  AttachToAccount(Create(SeedDraft({})).id);
  world.Settle();
  ASSERT_EQ(world.Found().size(), 1U);
  ASSERT_TRUE(world.database()
                  .Write([&](db::Transaction& tx) { return testing::FactTable::Remove(tx, us); })
                  .ok());
  ASSERT_TRUE(world.results.EvaluateType(world.account, kService).ok());
  EXPECT_TRUE(world.Found().empty());
}

TEST_F(GovernanceTest, OnlyWhatWasTouchedIsEvaluated) {
  const auto us = world.Service("us.icr.io");
  const auto de = world.Service("de.icr.io");
  for (const auto& one : {us, de}) ASSERT_TRUE(world.Change(one, Settings(true)).ok());
  AttachToAccount(Create(EverywhereDraft({})).id);
  world.Settle();
  const auto checked = [&](const control::Resource& resource) {
    return world.Found({.resource = resource.crn().ToString()}).at(0).checked;
  };
  const Timestamp before = checked(de);
  world.clock.Advance(std::chrono::minutes{1});
  ASSERT_TRUE(world.Change(us, Settings(false)).ok());
  world.Settle();
  EXPECT_EQ(checked(us), world.clock.Now());
  EXPECT_EQ(checked(de), before);
  EXPECT_EQ(world.Found({.resource = us.crn().ToString()})[0].outcome, Outcome::kViolated);
}

TEST_F(GovernanceTest, WhatIsGoneLosesItsResults) {
  const auto us = world.Service("us.icr.io");
  const auto de = world.Service("de.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  ASSERT_TRUE(world.Change(de, Settings(false)).ok());
  AttachToAccount(Create(EverywhereDraft({})).id);
  world.Settle();
  ASSERT_EQ(world.Found({.resource = us.crn().ToString()}).size(), 1U);
  ASSERT_TRUE(
      world.changes
          .Submit(world.caller, {.action = "container-registry.auth.set",
                                 .resource = us,
                                 .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                   BW_TRY_STATUS(testing::FactTable::Remove(tx, us));
                                   return control::Effect{.before = nullptr,
                                                          .after = nullptr,
                                                          .governed = {},
                                                          .events = {},
                                                          .target_digest = {},
                                                          .gone = {us}};
                                 }})
          .ok());
  world.Settle();
  EXPECT_TRUE(world.Found({.resource = us.crn().ToString()}).empty());
  EXPECT_EQ(world.Found({.resource = de.crn().ToString()}).size(), 1U);
}

TEST_F(GovernanceTest, WhatAgesIsLookedAtEveryHourImagesOnlyEveryDay) {
  const condition::ResourceType image{"container-registry", "image"};
  testing::World aging(condition::Catalogue::BuiltIn(), {kService, image});
  const auto us = aging.Service("us.icr.io");
  control::Resource pushed = us;
  pushed.kind = "image";
  RuleDraft of_images = EverywhereDraft({});
  of_images.target =
      json::Object{{"service_name", "container-registry"}, {"resource_kind", "image"}};
  of_images.required_config =
      json::Parse(R"({"property":"size_bytes","operator":"num_less_than","value":1})").value();
  ASSERT_TRUE(aging.Change(us, Settings(true)).ok());
  ASSERT_TRUE(aging.Change(pushed, {}).ok());
  for (const RuleDraft& draft : {EverywhereDraft({}), of_images}) {
    const auto rule = aging.governance.CreateRule(aging.caller, draft);
    ASSERT_TRUE(rule.ok());
    ASSERT_TRUE(aging.governance.attachments()
                    .Attach(aging.caller, aging.account, rule->id, {aging.ToAccount()})
                    .ok());
  }
  aging.Settle();
  const auto checked = [&](const control::Resource& resource) {
    return aging.Found({.resource = resource.crn().ToString()}).at(0).checked;
  };
  const Timestamp before = checked(pushed);
  aging.clock.Advance(std::chrono::minutes{1});
  ASSERT_TRUE(aging.results.EvaluateAging().ok());
  EXPECT_EQ(checked(us), aging.clock.Now());
  EXPECT_EQ(checked(pushed), before);
  ASSERT_TRUE(aging.results.EvaluateAll().ok());
  EXPECT_EQ(checked(pushed), aging.clock.Now());
}

TEST_F(GovernanceTest, UnreadableFactsAreUnableNeverCompliant) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  AttachToAccount(Create(SeedDraft({})).id);
  world.Settle();
  ASSERT_EQ(world.Found()[0].outcome, Outcome::kCompliant);
  world.facts.read_fails = true;
  ASSERT_TRUE(world.results.EvaluateType(world.account, kService).ok());
  EXPECT_EQ(world.Found()[0].outcome, Outcome::kUnable);
  EXPECT_THAT(json::Serialize(world.Found()[0].document), HasSubstr("the settings are away"));
  world.facts.read_fails = false;
  ASSERT_TRUE(world.results.EvaluateAll().ok());
  ASSERT_EQ(world.Found()[0].outcome, Outcome::kCompliant);
  world.facts.list_fails = true;
  EXPECT_FALSE(world.results.EvaluateType(world.account, kService).ok());
  EXPECT_EQ(world.Found()[0].outcome, Outcome::kUnable);
}

TEST_F(GovernanceTest, AnAccountThatCannotBeEvaluatedKeepsNoOtherFromIt) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, Settings(true)).ok());
  AttachToAccount(Create(SeedDraft({})).id);
  world.Settle();
  ASSERT_EQ(world.Found()[0].outcome, Outcome::kCompliant);
  // Unseen by the path for change, and behind an account with results of a type nobody knows.
  ASSERT_TRUE(world.database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "INSERT INTO governance_result (account, rule_id, resource, service, kind, "
                        "outcome, since, checked, document) "
                        "VALUES ('a', 'r', 'x', 'service', 'unknown', 'compliant', 0, 0, '{}')"));
                    return testing::FactTable::Put(tx, us, Settings(false));
                  })
                  .ok());
  const Status status = world.results.EvaluateAll();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message(), HasSubstr("service/unknown"));
  EXPECT_EQ(world.Found()[0].outcome, Outcome::kViolated);
}

TEST_F(GovernanceTest, ReplacementNeedsThePresentVersion) {
  const Rule rule = Create(SeedDraft({}));
  RuleDraft edited = SeedDraft({Action::kDisallow});
  edited.name = "renamed";
  const auto stale = world.governance.ReplaceRule(world.caller, rule.id, "old", edited);
  ASSERT_FALSE(stale.ok());
  EXPECT_EQ(stale.error().code(), ErrorCode::kPrecondition);
  EXPECT_THAT(stale.error().message(), HasSubstr("If-Match"));
  const auto replaced = world.governance.ReplaceRule(world.caller, rule.id, rule.version, edited);
  ASSERT_TRUE(replaced.ok());
  EXPECT_NE(replaced->version, rule.version);
  const auto found = world.governance.FindRule(world.account, rule.id);
  EXPECT_EQ(found->definition.name, "renamed");
  EXPECT_EQ(found->definition.actions, edited.actions);
  EXPECT_EQ(found->created, rule.created);
}

TEST_F(GovernanceTest, ReplacedRuleIsJudgedByItsNewText) {
  const auto us = world.Service("us.icr.io");
  const Rule rule = Create(SeedDraft({Action::kDisallow}));
  AttachToAccount(rule.id);
  ASSERT_FALSE(world.Change(us, Settings(false)).ok());
  RuleDraft edited = SeedDraft({Action::kDisallow});
  edited.required_config =
      json::Parse(R"({"property":"private_only","operator":"is_false"})").value();
  ASSERT_TRUE(world.governance.ReplaceRule(world.caller, rule.id, rule.version, edited).ok());
  EXPECT_TRUE(world.Change(us, Settings(false)).ok());
  EXPECT_FALSE(world.Change(us, Settings(true)).ok());
}

TEST_F(GovernanceTest, DeletingARuleTakesItsAttachmentsAlong) {
  const auto us = world.Service("us.icr.io");
  const Rule rule = Create(SeedDraft({Action::kDisallow}));
  AttachToAccount(rule.id);
  EXPECT_EQ(world.governance.FindRule(world.account, rule.id)->attachments, 1);
  ASSERT_TRUE(world.governance.DeleteRule(world.caller, world.account, rule.id).ok());
  EXPECT_TRUE(world.Change(us, Settings(false)).ok());
  const auto gone = world.governance.FindRule(world.account, rule.id);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(gone.error().message(), HasSubstr("not found"));
  EXPECT_FALSE(world.governance.DeleteRule(world.caller, world.account, rule.id).ok());
}

TEST_F(GovernanceTest, OtherAccountsDoNotSeeARule) {
  const Rule rule = Create(SeedDraft({}));
  EXPECT_FALSE(world.governance.FindRule(AccountId("account-2"), rule.id).ok());
  EXPECT_EQ(world.governance.ListRules(AccountId("account-2"), {})->total, 0);
  EXPECT_FALSE(world.governance.attachments().List(AccountId("account-2"), rule.id).ok());
}

TEST_F(GovernanceTest, RulesAreListedByAttachmentLabelAndScope) {
  RuleDraft labelled = SeedDraft({});
  labelled.labels = {"pci", "prod"};
  const Rule first = Create(labelled);
  world.clock.Advance(std::chrono::seconds(1));
  const Rule second = Create(SeedDraft({}));
  AttachToAccount(second.id);
  const auto ids = [&](const RuleFilter& filter) {
    std::vector<std::string> found;
    const auto page = world.governance.ListRules(world.account, filter);
    for (const Rule& rule : page->rules) {
      found.push_back(rule.id);
    }
    return found;
  };
  EXPECT_THAT(ids({}), ElementsAre(first.id, second.id));
  EXPECT_THAT(ids({.attached = true}), ElementsAre(second.id));
  EXPECT_THAT(ids({.attached = false}), ElementsAre(first.id));
  EXPECT_THAT(ids({.labels = {"pci", "prod"}}), ElementsAre(first.id));
  EXPECT_TRUE(ids({.labels = {"pci", "dev"}}).empty());
  EXPECT_THAT(ids({.scopes = {"account-1"}}), ElementsAre(second.id));
  EXPECT_TRUE(ids({.scopes = {"account-9"}}).empty());
  EXPECT_THAT(ids({.offset = 1, .limit = 1}), ElementsAre(second.id));
}

TEST_F(GovernanceTest, AttachmentsAreAllMadeOrNone) {
  const Rule rule = Create(SeedDraft({}));
  AttachmentDraft bad = world.ToAccount();
  bad.included.id = "account-2";
  const auto refused = world.governance.attachments().Attach(world.caller, world.account, rule.id,
                                                             {world.ToAccount(), bad});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("attachments[1]"));
  EXPECT_TRUE(world.governance.attachments().List(world.account, rule.id)->empty());
  const std::vector<AttachmentDraft> eleven(11, world.ToAccount());
  const auto many =
      world.governance.attachments().Attach(world.caller, world.account, rule.id, eleven);
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().reason(), "limit_exceeded");
  EXPECT_TRUE(world.governance.attachments().List(world.account, rule.id)->empty());
}

TEST_F(GovernanceTest, ReplacedAttachmentTakesEffect) {
  const auto us = world.Service("us.icr.io");
  const Rule rule = Create(SeedDraft({Action::kDisallow}));
  const Attachment attachment = AttachToAccount(rule.id);
  ASSERT_FALSE(world.Change(us, Settings(false)).ok());
  AttachmentDraft narrowed = world.ToAccount();
  narrowed.included = {ScopeType::kAccountResourceGroup, "production", "only there"};
  const auto stale =
      world.governance.attachments().Replace(world.caller, rule.id, attachment.id, "old", narrowed);
  EXPECT_EQ(stale.error().code(), ErrorCode::kPrecondition);
  ASSERT_TRUE(world.governance.attachments()
                  .Replace(world.caller, rule.id, attachment.id, attachment.version, narrowed)
                  .ok());
  EXPECT_TRUE(world.Change(us, Settings(false)).ok());
  const auto found = world.governance.attachments().Find(world.account, rule.id, attachment.id);
  EXPECT_EQ(found->definition.included, narrowed.included);
}

TEST_F(GovernanceTest, AccountHasAtMostSoManyRules) {
  testing::World small(condition::Catalogue::BuiltIn(), {kService}, {.rules = 1});
  ASSERT_TRUE(small.governance.CreateRule(small.caller, SeedDraft({})).ok());
  const auto second = small.governance.CreateRule(small.caller, SeedDraft({}));
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().reason(), "limit_exceeded");
  EXPECT_EQ(small.governance.ListRules(small.account, {})->total, 1);
}

TEST_F(GovernanceTest, RuleThatMeansNothingAnyMoreStopsChangesInsteadOfBeingPassedOver) {
  const Rule rule = Create(SeedDraft({Action::kDisallow}));
  AttachToAccount(rule.id);
  ASSERT_TRUE(world.database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "UPDATE governance_rule SET version = 'x', required_config = "
                        "'{\"property\":\"gone\",\"operator\":\"is_true\"}' WHERE id = $1",
                        {rule.id}));
                    return Ok();
                  })
                  .ok());
  const Status refused = world.Change(world.Service("us.icr.io"), Settings(true));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "rule_unreadable");
  EXPECT_THAT(refused.error().message(), HasSubstr(rule.id));
}

}  // namespace
}  // namespace breakwater::governance
