// What rules do beyond refusing: inherited from above, staged, lifted, contradicting, with
// parameters; and what templates give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "governance/break_glass_facts.h"
#include "governance/repair.h"
#include "governance/rule_testing.h"

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;
using testing::kAccess;
using testing::kNamespace;
using testing::kService;

class Effects : public testing::RuleTest {};

TEST_F(Effects, AnExceptionForOneResourceIsAllowedThereOnRecordUntilItEnds) {
  control::Exceptions exceptions(world.database(), world.changes, *world.jobs, world.clock);
  const Rule rule = CreateAttached(Draft(Leaf("private_only", "is_true")));
  const auto excepted = world.Service("us.icr.io");
  const auto asked = exceptions.Request(world.caller, world.account,
                                        {.kind = control::ExceptionKind::kRule,
                                         .subject = rule.id,
                                         .crn = excepted.crn().ToString(),
                                         .owner = "Ada",
                                         .reason = "the move is under way",
                                         .ticket = "T-1",
                                         .expires = world.clock.Now() + std::chrono::hours{1}});
  ASSERT_TRUE(asked.ok());
  EXPECT_FALSE(world.Change(excepted, PrivateOnly(false)).ok()) << "not approved yet";
  control::Caller second = world.caller;
  second.actor.iam_id = IamId("IBMid-second");
  ASSERT_TRUE(exceptions.Approve(second, world.account, asked->id).ok());
  EXPECT_TRUE(world.Change(excepted, PrivateOnly(false)).ok());
  EXPECT_FALSE(world.Change(world.Service("de.icr.io"), PrivateOnly(false)).ok());
  world.clock.Advance(std::chrono::hours{1});
  EXPECT_FALSE(world.Change(excepted, PrivateOnly(false)).ok());
}

TEST_F(Effects, RuleAttachedAboveIsEnforcedBelowAndItsResultsAreSeenAbove) {
  const AccountId child("child");
  world.hierarchy.Put(
      {.account = world.account, .enterprise = "e", .root = world.account, .account_groups = {}});
  world.hierarchy.Put(
      {.account = child, .enterprise = "e", .root = world.account, .account_groups = {"g"}});
  const Rule rule = Create(Draft(Leaf("private_only", "is_true")));
  AttachmentDraft draft = world.ToAccount();
  draft.included = {ScopeType::kEnterpriseAccountGroup, "g", ""};
  ASSERT_TRUE(Attach(rule, draft).ok());
  const auto of_child = control::ServiceResource(child, RegistryName("us.icr.io"), "us-south");
  EXPECT_EQ(world.Change(of_child, PrivateOnly(false)).error().reason(), "config_rule_denied");
  ASSERT_TRUE(world.Change(of_child, PrivateOnly(true)).ok());
  EXPECT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(false)).ok())
      << "the account above is in no group";
  world.Settle();
  const auto above = world.Found({.rule_id = rule.id});
  ASSERT_EQ(above.size(), 1U);
  EXPECT_EQ(above.front().account, child);
  const auto below = world.results.Find(child, {.rule_id = rule.id});
  EXPECT_EQ(below->total, 1) << "whoever is judged sees it, too";
}

TEST_F(Effects, EditedRuleAndMovedAccountAreJudgedAnewAtOnce) {
  const auto us = world.Service("us.icr.io");
  Rule rule = CreateAttached(Draft(Leaf("private_only", "is_true")));
  EXPECT_FALSE(world.Change(us, PrivateOnly(false)).ok());
  ASSERT_TRUE(
      world.governance
          .ReplaceRule(world.caller, rule.id, rule.version, Draft(Leaf("private_only", "is_false")))
          .ok());
  EXPECT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  EXPECT_FALSE(world.Change(us, PrivateOnly(true)).ok());
}

TEST_F(Effects, WarningsReachWhoMadeTheChange) {
  CreateAttached(Draft(Leaf("private_only", "is_true"), {Action::kWarn}));
  world.caller.warnings = std::make_shared<std::vector<std::string>>();
  ASSERT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(false)).ok());
  ASSERT_EQ(world.caller.warnings->size(), 1U);
  EXPECT_THAT(world.caller.warnings->front(), HasSubstr("is violated: private_only is false"));
}

TEST_F(Effects, StageTurnsFromObservingToRefusingOnItsDay) {
  RuleDraft draft = Draft(Leaf("private_only", "is_true"));
  draft.enforced_from = world.clock.Now() + std::chrono::hours(24);
  const Rule rule = CreateAttached(draft);
  EXPECT_EQ(world.governance.FindRule(world.account, rule.id)->definition.enforced_from,
            draft.enforced_from);
  EXPECT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(false)).ok());
  EXPECT_THAT(json::Serialize(world.LastRecord().judgement), HasSubstr("observed"));
  world.clock.Advance(std::chrono::hours(25));
  EXPECT_FALSE(world.Change(world.Service("us.icr.io"), PrivateOnly(false)).ok());
}

TEST_F(Effects, OpenBreakGlassIsAFactForGoals) {
  BreakGlasses& glasses = world.break_glasses;
  BreakGlassFacts facts(world.clock);
  control::testing::SourceReader reader(world.database(), facts);
  control::testing::FactNews news(*world.jobs);
  const auto all = reader.List(BreakGlassType(), world.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader.Text(all[0], "open"), "[]");
  const auto open =
      glasses.Open(world.caller, world.account,
                   {.reason = "the registry is down", .duration = std::chrono::minutes(30)});
  ASSERT_TRUE(open.ok());
  EXPECT_EQ(news.Take(), std::vector<std::string>{"break-glass"});
  EXPECT_EQ(reader.Text(all[0], "open"), "[\"" + open->id + "\"]");
  control::testing::ExpectCatalogued(BreakGlassType(), *reader.Read(all[0]));
  ASSERT_TRUE(glasses.Close(world.caller, world.account, open->id).ok());
  EXPECT_EQ(news.Take(), std::vector<std::string>{"break-glass"});
  EXPECT_EQ(reader.Text(all[0], "open"), "[]");
}

TEST_F(Effects, BreakGlassIsForAReasonForATimeAndOnRecord) {
  const Rule rule = CreateAttached(Draft(Leaf("private_only", "is_true")));
  const auto us = world.Service("us.icr.io");
  auto& glasses = world.break_glasses;
  const auto open = [&](BreakGlassRequest request) {
    return glasses.Open(world.caller, world.account, request);
  };
  EXPECT_THAT(open({.reason = "because"}).error().message(), HasSubstr("10 to 1024 characters"));
  EXPECT_FALSE(open({.reason = "a good reason", .duration = std::chrono::hours(25)}).ok());
  EXPECT_THAT(open({.reason = "a good reason", .rules = {"rule-x"}}).error().message(),
              HasSubstr("no rule here"));
  const auto opened = open({.reason = "the private network is down", .rules = {rule.id}});
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(world.LastRecord().severity, audit::Severity::kCritical);
  EXPECT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  const audit::Record record = world.LastRecord();
  EXPECT_EQ(record.severity, audit::Severity::kCritical);
  EXPECT_THAT(json::Serialize(record.judgement), HasSubstr("\"lifted\""));
  ASSERT_TRUE(glasses.Close(world.caller, world.account, opened->id).ok());
  EXPECT_FALSE(world.Change(us, PrivateOnly(false)).ok());
  EXPECT_EQ(glasses.Close(world.caller, world.account, opened->id).error().reason(), "not_open");
  ASSERT_TRUE(open({.reason = "the private network is down again"}).ok());
  world.clock.Advance(std::chrono::hours(1));
  EXPECT_FALSE(world.Change(us, PrivateOnly(false)).ok()) << "it ends by itself";
  EXPECT_EQ(glasses.List(world.account)->size(), 2U);
}

TEST_F(Effects, ContradictionWithAnAttachedRuleIsRefusedAndNamed) {
  const Rule first = CreateAttached(Draft(Leaf("private_only", "is_true")));
  const Rule second = Create(Draft(Leaf("private_only", "is_false")));
  const auto refused = Attach(second, world.ToAccount());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "rule_contradiction");
  EXPECT_THAT(refused.error().message(), HasSubstr(first.id));
  EXPECT_THAT(refused.error().message(), HasSubstr("private_only: is_false and is_true"));
  const Rule logged = Create(Draft(Leaf("private_only", "is_false"), {Action::kAuditLog}));
  EXPECT_TRUE(Attach(logged, world.ToAccount()).ok()) << "it refuses nothing";
  const auto edited = world.governance.ReplaceRule(world.caller, logged.id, std::nullopt,
                                                   Draft(Leaf("private_only", "is_false")));
  ASSERT_FALSE(edited.ok());
  EXPECT_EQ(edited.error().reason(), "rule_contradiction");
  RuleDraft elsewhere = Draft(Leaf("private_only", "is_false"));
  elsewhere.target.get_object()["additional_target_attributes"] = json::Array{
      json::Object{{"name", "registry"}, {"operator", "string_equals"}, {"value", "de.icr.io"}}};
  EXPECT_FALSE(Attach(Create(elsewhere), world.ToAccount()).ok())
      << "the first rule is about every registry";
}

TEST_F(Effects, WhatIsInheritedMustBePossibleBesideWhatAnAccountBelowHasAttached) {
  const AccountId child("account-2");
  const control::Place root{.account = world.account,
                            .enterprise = "enterprise-1",
                            .root = world.account,
                            .account_groups = {}};
  world.hierarchy.Put(root);
  world.hierarchy.Put({.account = child,
                       .enterprise = "enterprise-1",
                       .root = world.account,
                       .account_groups = {}});
  control::Caller below = world.caller;
  below.actor.account = child;
  RuleDraft own = Draft(Leaf("private_only", "is_false"));
  own.account = child;
  const auto made = world.governance.CreateRule(below, own);
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(world.governance.attachments()
                  .Attach(below, child, made->id,
                          {{.account = child,
                            .included = {ScopeType::kAccount, child.value(), ""},
                            .excluded = {}}})
                  .ok());
  const auto refused = Attach(Create(Draft(Leaf("private_only", "is_true"))),
                              {.account = world.account,
                               .included = {ScopeType::kEnterprise, "enterprise-1", ""},
                               .excluded = {}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "rule_contradiction");
  EXPECT_THAT(refused.error().message(), HasSubstr(made->id));
}

TEST_F(Effects, RuleThatNobodyCouldComplyWithIsNotAttached) {
  const Rule rule = Create(Draft(R"({"and":[)" + Leaf("private_only", "is_true") + "," +
                                 Leaf("private_only", "is_false") + "]}"));
  EXPECT_THAT(Attach(rule, world.ToAccount()).error().message(), HasSubstr("contradicts itself"));
}

TEST_F(Effects, RuleThatRemovesTheLastWayInIsNotAttached) {
  const auto draft = Draft(R"({"and":[)" + Leaf("administrator_users", "num_equals", "0") + "," +
                               Leaf("administrator_service_ids", "num_less_than", "1") + "]}",
                           {Action::kDisallow}, "access");
  EXPECT_EQ(Attach(Create(draft), world.ToAccount()).error().reason(), "last_way_in");
  const auto users =
      Draft(Leaf("administrator_users", "num_equals", "0"), {Action::kDisallow}, "access");
  EXPECT_TRUE(Attach(Create(users), world.ToAccount()).ok()) << "a service ID may administer";
  const auto service_ids =
      Draft(Leaf("administrator_service_ids", "num_equals", "0"), {Action::kDisallow}, "access");
  EXPECT_EQ(Attach(Create(service_ids), world.ToAccount()).error().reason(), "last_way_in")
      << "both together leave nobody";
}

TEST_F(Effects, AttachmentsGiveARuleItsParameters) {
  RuleDraft draft = Draft(Leaf("administrator_users", "num_less_than_equals", "\"${most}\""),
                          {Action::kDisallow}, "access");
  draft.import =
      json::Parse(R"({"parameters":[{"name":"most","type":"numeric","default":3}]})").value();
  const Rule rule = Create(draft);
  AttachmentDraft wrong = world.ToAccount();
  wrong.parameters = json::Object{{"moste", 5}};
  EXPECT_EQ(Attach(rule, wrong).error().reason(), "attachment_error");
  AttachmentDraft five = world.ToAccount();
  five.parameters = json::Object{{"most", 5}};
  ASSERT_TRUE(Attach(rule, five).ok());
  const auto access = control::AccountResource(world.account, "access");
  const auto with = [&](std::int64_t count) {
    condition::Facts facts;
    facts.Set("administrator_users",
              condition::Fact::Present(condition::Number(count), "iam", world.clock.Now()));
    return world.Change(access, facts);
  };
  EXPECT_TRUE(with(5).ok());
  EXPECT_FALSE(with(6).ok());
  EXPECT_EQ(
      world.governance.attachments().List(world.account, rule.id)->front().definition.parameters,
      five.parameters);
}

class Switches final : public control::Remedy {
 public:
  explicit Switches(testing::World& world) : world_(world) {}
  condition::ResourceType Type() const override { return kService; }
  bool CanSet(std::string_view property) const override { return property == "private_only"; }
  Status Check(std::string_view, const condition::Value&) const override { return Ok(); }
  Status Set(const control::Caller&, const control::Resource& resource,
             const Assignments& assignments) override {
    condition::Facts facts;
    for (const auto& [property, value] : assignments) {
      facts.Set(property, condition::Fact::Present(value, "settings", world_.clock.Now()));
    }
    return world_.Change(resource, facts);
  }

 private:
  testing::World& world_;
};

TEST_F(Effects, RepairShowsFirstAndThenDoesWhatItShowed) {
  Switches remedy(world);
  Repairs repairs({world.database(), world.sources, world.rules, {&remedy}});
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  const Rule rule = CreateAttached(Draft(Leaf("private_only", "is_true")));
  const std::string crn = us.crn().ToString();
  const auto plan = repairs.Plan(world.account, rule.id, crn);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->steps.size(), 1U);
  EXPECT_EQ(plan->steps[0].now, false);
  EXPECT_EQ(plan->steps[0].wanted, true);
  EXPECT_EQ(plan->obstacle, "");
  RepairPlan other = *plan;
  other.steps[0].wanted = false;
  EXPECT_EQ(repairs.Apply(world.caller, world.account, other).error().reason(), "plan_changed");
  ASSERT_TRUE(repairs.Apply(world.caller, world.account, *plan).ok());
  EXPECT_TRUE(repairs.Plan(world.account, rule.id, crn)->compliant);
  EXPECT_EQ(repairs.Plan(world.account, "rule-x", crn).error().code(), ErrorCode::kNotFound);
  const Rule metrics = CreateAttached(Draft(Leaf("platform_metrics", "is_false"), {}));
  world.Settle();
  EXPECT_NE(repairs.Plan(world.account, metrics.id, crn)->obstacle, "")
      << "nothing here can set it";
}

TemplateDraft Patterns(const AccountId& account, const std::string& pattern) {
  return {.account = account,
          .name = "immutable",
          .description = "what new namespaces start with",
          .target =
              json::Object{{"service_name", "container-registry"}, {"resource_kind", "namespace"}},
          .defaults = {{"tag_immutability", json::Array{json::Text(pattern)}}}};
}

// Takes lists that hold nothing but "v*".
class VersionsOnly final : public control::Remedy {
 public:
  condition::ResourceType Type() const override { return kNamespace; }
  bool CanSet(std::string_view property) const override { return property == "tag_immutability"; }
  Status Check(std::string_view, const condition::Value& value) const override {
    if (value == condition::Value(condition::StringList{"v*"})) return Ok();
    return Invalid("'v*' it must be");
  }
  Status Set(const control::Caller&, const control::Resource&, const Assignments&) override {
    return Ok();
  }
};

TEST_F(Effects, TemplateWithAValueThatNoResourceCouldTakeIsRefusedAtOnce) {
  const VersionsOnly remedy;
  Templates templates({world.database(),
                       world.changes,
                       world.allow_all,
                       condition::Catalogue::BuiltIn(),
                       world.hierarchy,
                       world.clock,
                       {.remedies = {&remedy}}});
  const auto refused = templates.Create(world.caller, Patterns(world.account, "v**!"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "template_error");
  EXPECT_EQ(refused.error().message(), "customized_defaults[0].value: 'v*' it must be");
  EXPECT_EQ(templates.List(world.account, {})->total, 0);
  const auto made = templates.Create(world.caller, Patterns(world.account, "v*"));
  ASSERT_TRUE(made.ok());
  EXPECT_FALSE(
      templates.Replace(world.caller, made->id, made->version, Patterns(world.account, "x")).ok());
}

TEST_F(Effects, NearestTemplateGivesANewResourceItsDefaults) {
  const TemplateDefaults defaults(condition::Catalogue::BuiltIn(), world.hierarchy);
  const auto given = [&](const std::string& group) {
    control::Resource resource =
        control::NamespaceResource(world.account, RegistryName("us.icr.io"), "us-south", "team-a");
    resource.resource_group = group;
    const auto found =
        world.database().ReadValue([&](db::Transaction& tx) { return defaults.For(tx, resource); });
    BW_CHECK(found.ok());
    const auto patterns = found->find("tag_immutability");
    return patterns == found->end() ? ""
                                    : std::get<condition::StringList>(patterns->second).front();
  };
  EXPECT_EQ(given(""), "");
  const auto general = world.templates.Create(world.caller, Patterns(world.account, "v*"));
  const auto special = world.templates.Create(world.caller, Patterns(world.account, "release-*"));
  ASSERT_TRUE(general.ok() && special.ok());
  auto& attachments = world.templates.attachments();
  ASSERT_TRUE(
      attachments.Attach(world.caller, world.account, general->id, {world.ToAccount()}).ok());
  const auto again =
      attachments.Attach(world.caller, world.account, special->id, {world.ToAccount()});
  EXPECT_EQ(again.error().reason(), "template_conflict") << "one property, one template per scope";
  AttachmentDraft group = world.ToAccount();
  group.included = {ScopeType::kAccountResourceGroup, "production", ""};
  ASSERT_TRUE(attachments.Attach(world.caller, world.account, special->id, {group}).ok());
  EXPECT_EQ(given(""), "v*");
  EXPECT_EQ(given("production"), "release-*");
  ASSERT_TRUE(world.templates.Delete(world.caller, world.account, special->id).ok());
  EXPECT_EQ(given("production"), "v*");
}

TEST_F(Effects, TemplateThatCannotBeReadAnyMoreGivesNothingAndBlocksNothing) {
  const TemplateDefaults defaults(condition::Catalogue::BuiltIn(), world.hierarchy);
  const auto made = world.templates.Create(world.caller, Patterns(world.account, "v*"));
  ASSERT_TRUE(made.ok());
  ASSERT_TRUE(world.templates.attachments()
                  .Attach(world.caller, world.account, made->id, {world.ToAccount()})
                  .ok());
  const auto given = [&] {
    return world.database().ReadValue([&](db::Transaction& tx) {
      return defaults.For(tx, control::NamespaceResource(world.account, RegistryName("us.icr.io"),
                                                         "us-south", "team-a"));
    });
  };
  ASSERT_EQ(given()->size(), 1U);
  for (const std::string_view defaults_now :
       {R"([{"property":"of_another_version","value":1}])", "{}", "not even JSON"}) {
    ASSERT_TRUE(world.database()
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(tx.Execute("UPDATE governance_template SET defaults = $1",
                                               {defaults_now}));
                      return Ok();
                    })
                    .ok());
    const auto now = given();
    ASSERT_TRUE(now.ok()) << defaults_now << ": " << now.error().message();
    EXPECT_TRUE(now->empty()) << defaults_now;
  }
}

TEST_F(Effects, TemplatesThatMeanNothingAreRefusedByTheirPlace) {
  const auto refused = [&](TemplateDraft draft, std::string_view says) {
    const auto made = world.templates.Create(world.caller, draft);
    ASSERT_FALSE(made.ok());
    EXPECT_EQ(made.error().reason(), "template_error");
    EXPECT_THAT(made.error().message(), HasSubstr(says));
  };
  TemplateDraft draft = Patterns(world.account, "v*");
  draft.defaults = {{"private_only", true}};
  refused(draft, "customized_defaults[0].property: 'private_only' is no property that a new");
  draft.defaults = {};
  refused(draft, "must be 1 to 24 properties");
  draft.defaults = {{"tag_immutability", json::Object{}}};
  refused(draft, "customized_defaults[0].value");
  draft = Patterns(world.account, "v*");
  draft.target.get_object()["additional_target_attributes"] =
      json::Array{json::Object{{"name", "registry"}, {"operator", "string_match"}, {"value", "*"}}};
  refused(draft, "compares them for equality");
  draft.target = json::Object{{"service_name", "container-registry"}, {"resource_kind", "planet"}};
  refused(draft, "target.resource_kind");
}

}  // namespace
}  // namespace breakwater::governance
