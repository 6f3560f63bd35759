// Documents as one change, over whole installations: rules judge what an import leaves, whatever it
// passes through on the way, and a refused one leaves nothing.
#include <algorithm>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "app/testing.h"

namespace breakwater::app {
namespace {

using admin::StepOutcome;
using admin::StepOutcomes;
using ::testing::ElementsAre;
using Kind = StepOutcome::Kind;

json::Value Leaf(const char* property, const char* op, json::Value value = nullptr) {
  json::Object leaf{{"property", property}, {"operator", op}};
  if (!value.is_null()) leaf["value"] = std::move(value);
  return leaf;
}

class Imports : public ::testing::Test {
 protected:
  Installation::Parts& parts() { return place_.parts(); }

  json::Value Document(json::Object sections) const {
    return json::Object{{"format", json::Text(admin::kConfigurationFormat)},
                        {"account", json::Text(place_.account.value())},
                        {"sections", std::move(sections)}};
  }
  // A rule that disallows, attached to the account.
  json::Object Rule(const char* kind, json::Value required,
                    json::Array actions = {"disallow"}) const {
    return {{"description", "d"},
            {"target", {{"service_name", "container-registry"}, {"resource_kind", kind}}},
            {"required_config", std::move(required)},
            {"enforcement_actions", std::move(actions)},
            {"attachments",
             json::Array{json::Object{{"included_scope",
                                       {{"scope_type", "account"},
                                        {"scope_id", json::Text(place_.account.value())}}}}}}};
  }
  static json::Object Protecting(json::Array patterns) {
    return {{"tag_immutability", {{"immutable", std::move(patterns)}}}};
  }
  static json::Value VersionsStay() {
    return Leaf("tag_immutability", "strings_required", json::Array{"v*"});
  }

  StepOutcomes Apply(json::Object sections, bool step_by_step = false) {
    return place_.Apply(Document(std::move(sections)), step_by_step);
  }
  void MustApply(json::Object sections) {
    const auto outcomes = Apply(std::move(sections));
    for (const StepOutcome& one : outcomes) {
      ASSERT_EQ(one.kind, Kind::kDone) << (one.error ? one.error->message() : "");
    }
  }
  static std::vector<Kind> Kinds(const StepOutcomes& outcomes) {
    std::vector<Kind> kinds;
    for (const StepOutcome& one : outcomes) kinds.push_back(one.kind);
    return kinds;
  }
  static std::string Refusal(const StepOutcomes& outcomes) {
    for (const StepOutcome& one : outcomes) {
      if (one.error) return one.error->reason();
    }
    return "";
  }
  std::string Exported() { return json::Canonical(place_.Export()); }
  std::vector<audit::Record> Records() {
    const auto found = parts().audit.Query({.limit = 100'000});
    BW_CHECK(found.ok());
    std::vector<audit::Record> records;
    for (const audit::Found& one : *found) records.push_back(one.record);
    return records;
  }

  testing::Place place_;
};

TEST_F(Imports, ANewThingMayTakeSeveralChangesToComply) {
  MustApply({{"governance", {{"Versions stay", Rule("namespace", VersionsStay())}}}});
  const json::Object sections{{"namespaces", {{"us.icr.io/team-a", Protecting({"v*"})}}}};
  EXPECT_EQ(Refusal(Apply(sections)), "");
  EXPECT_EQ(
      Refusal(Apply(
          {{"namespaces",
            {{"us.icr.io/team-a", Protecting({"v*"})}, {"us.icr.io/team-b", Protecting({"v*"})}}}},
          true)),
      "")
      << "each thing by itself, too";
  EXPECT_EQ(Refusal(Apply({{"namespaces", {{"us.icr.io/team-c", Protecting({"w*"})}}}})),
            "config_rule_denied");
}

TEST_F(Imports, OneOfManyMayComeWhereAnotherGoes) {
  MustApply({{"namespaces",
              {{"us.icr.io/team-a", Protecting({"v*"})}, {"de.icr.io/team-a", Protecting({"w*"})}}},
             {"governance",
              {{"Some stay",
                Rule("service",
                     {{"any",
                       {{"target",
                         {{"service_name", "container-registry"}, {"resource_kind", "namespace"}}},
                        {"required_config", Leaf("tag_immutability", "is_not_empty")}}}})}}}});
  const json::Object moved{{"namespaces",
                            {{"us.icr.io/team-a", Protecting({})},
                             {"us.icr.io/team-b", Protecting({"v*"})},
                             {"de.icr.io/team-b", Protecting({"v*"})}}}};
  EXPECT_EQ(Refusal(Apply(moved, true)), "config_rule_denied") << "for a moment there was none";
  MustApply(moved);
}

TEST_F(Imports, ACreationAChangeAndADeletionAreRefusedAsOne) {
  MustApply({{"namespaces", {{"us.icr.io/team-a", Protecting({"v*"})}}},
             {"notification_channels", {{"Alerts", {{"endpoint", "https://hooks.example.com/a"}}}}},
             {"service_ids", {{"ci", {{"description", "Builds"}}}}},
             {"governance", {{"Versions stay", Rule("namespace", VersionsStay())}}}});
  const std::string before = Exported();
  const std::size_t recorded = Records().size();
  const auto outcomes =
      Apply({{"settings", {{"us.icr.io", {{"platform_metrics", true}}}}},
             {"namespaces",
              {{"us.icr.io/team-a", Protecting({})}, {"us.icr.io/team-b", Protecting({"v*"})}}},
             {"notification_channels", json::Object()},
             {"service_ids", {{"cd", {{"description", "Deploys"}}}}}});
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Kind::kUndone, Kind::kRefused, Kind::kUndone,
                                           Kind::kUndone, Kind::kUndone, Kind::kUndone));
  EXPECT_EQ(Refusal(outcomes), "config_rule_denied");
  EXPECT_EQ(Exported(), before);
  const auto records = Records();
  ASSERT_EQ(records.size(), recorded + 1) << "the refusal alone";
  EXPECT_EQ(records.back().outcome, audit::Outcome::kFailure);
  EXPECT_EQ(records.back().action, "container-registry.namespace.update");
}

TEST_F(Imports, WhatFailsForAnotherReasonLeavesNothingToo) {
  MustApply({{"namespaces", {{"us.icr.io/team-a", json::Object()}}}});
  const std::string before = Exported();
  const auto outcomes = Apply({{"settings", {{"us.icr.io", {{"private_only", true}}}}},
                               {"namespaces",
                                {{"us.icr.io/team-b", json::Object()},
                                 {"us.icr.io/team-c", {{"resource_group", "nobody's"}}}}},
                               {"service_ids", {{"ci", {{"description", "Builds"}}}}}});
  EXPECT_THAT(Kinds(outcomes), ElementsAre(Kind::kUndone, Kind::kUndone, Kind::kRefused,
                                           Kind::kNotTried, Kind::kNotTried));
  EXPECT_EQ(Exported(), before);
}

TEST_F(Imports, ARuleJudgesWhatItCameWith) {
  const json::Object rules{{"Private", Rule("service", Leaf("private_only", "is_true"))},
                           {"Versions stay", Rule("namespace", VersionsStay())}};
  const std::string before = Exported();
  const auto outcomes = Apply({{"settings", {{"us.icr.io", {{"platform_metrics", true}}}}},
                               {"namespaces", {{"us.icr.io/team-a", Protecting({"v*"})}}},
                               {"governance", rules}});
  EXPECT_EQ(Refusal(outcomes), "config_rule_denied");
  EXPECT_EQ(Exported(), before) << "neither what is judged nor the rules";
  MustApply({{"settings", {{"us.icr.io", {{"platform_metrics", true}, {"private_only", true}}}}},
             {"namespaces", {{"us.icr.io/team-a", Protecting({"v*"})}}},
             {"governance", rules}});
  EXPECT_FALSE(place_.SettingsOf("de.icr.io").private_only) << "it came with nothing of that";
}

TEST_F(Imports, RulesThatGoAndThatComeJudgeBoth) {
  MustApply({{"settings", {{"us.icr.io", {{"private_only", true}}}}},
             {"governance", {{"Private", Rule("service", Leaf("private_only", "is_true"))}}}});
  const json::Object other{{"Metrics", Rule("service", Leaf("platform_metrics", "is_true"))}};
  const auto import = [&](bool private_only, bool metrics) {
    return Refusal(
        Apply({{"settings",
                {{"us.icr.io", {{"private_only", private_only}, {"platform_metrics", metrics}}}}},
               {"governance", other}}));
  };
  const std::string before = Exported();
  EXPECT_EQ(import(false, true), "config_rule_denied") << "the one that goes";
  EXPECT_EQ(Exported(), before);
  EXPECT_EQ(import(true, true), "");
  EXPECT_EQ(import(false, true), "") << "it is gone";
  EXPECT_EQ(import(true, false), "config_rule_denied") << "the one that came";
}

TEST_F(Imports, StepByStepRulesThatGoJudgeWhatGoesWithThem) {
  MustApply({{"namespaces", {{"us.icr.io/team-a", Protecting({"v*"})}}},
             {"governance",
              {{"One is there",
                Rule("service",
                     {{"any",
                       {{"target",
                         {{"service_name", "container-registry"}, {"resource_kind", "namespace"}}},
                        {"required_config", Leaf("tag_immutability", "is_not_empty")}}}})}}}});
  const json::Object nothing{{"namespaces", json::Object()}, {"governance", json::Object()}};
  EXPECT_EQ(Refusal(Apply(nothing, true)), "config_rule_denied");
  EXPECT_EQ(Refusal(Apply(nothing, true)), "") << "the rule went, the namespace goes now";
}

TEST_F(Imports, ARuleWithAttachmentsThatCannotBeIsNotThere) {
  json::Object rule = Rule("service", Leaf("private_only", "is_true"));
  rule["attachments"].as_array().push_back(json::Object{
      {"included_scope", {{"scope_type", "account"}, {"scope_id", "somebody-elses"}}}});
  const std::string before = Exported();
  EXPECT_EQ(Refusal(Apply({{"settings", {{"us.icr.io", {{"private_only", true}}}}},
                           {"governance", {{"Private", rule}}}})),
            "attachment_error");
  EXPECT_EQ(Exported(), before);
  EXPECT_EQ(Refusal(Apply({{"governance", {{"Private", rule}}}}, true)), "attachment_error");
  EXPECT_EQ(Exported(), before);
}

TEST_F(Imports, RightsThatARefusedImportGaveAreNotKept) {
  const auto sections = [](bool end_violates) -> json::Object {
    return {{"service_ids", {{"ci", {{"description", "Builds"}}}}},
            {"access_groups", {{"Administrators", {{"members", {"owner", "service_id:ci"}}}}}},
            {"settings", {{"us.icr.io", {{"private_only", !end_violates}}}}}};
  };
  MustApply({{"service_ids", {{"ci", {{"description", "Builds"}}}}},
             {"settings", {{"us.icr.io", {{"private_only", true}}}}},
             {"governance", {{"Private", Rule("service", Leaf("private_only", "is_true"))}}}});
  control::Caller robot = place_.caller;
  robot.actor.kind = control::IdentityKind::kServiceId;
  robot.actor.iam_id = parts().service_ids.List(place_.account, {}, {})->items.front().iam_id;
  const control::Resource service =
      control::ServiceResource(place_.account, RegistryName("us.icr.io"), "us-south");
  const auto may = [&] {
    return parts().authorizer.Authorize(robot, "container-registry.settings.set", service).ok();
  };
  EXPECT_FALSE(may());
  EXPECT_EQ(Refusal(Apply(sections(true))), "config_rule_denied");
  EXPECT_FALSE(may());
  MustApply(sections(false));
  EXPECT_TRUE(may());
}

// Documents at random, each applied over what the one before left.
class RandomImports : public Imports {
 public:
  void TestBody() override {}

  void Run() {
    RC_ASSERT(Done(Apply({{"governance", json::Object()}}, true)));
    Apply(AnyState(), true);
    RC_ASSERT(Done(Apply({{"governance", AnyRules()}})));
    const json::Object standing = Rules(place_.Export());
    json::Object sections = AnyState();
    if (*rc::gen::arbitrary<bool>()) sections["governance"] = AnyRules();
    const auto plan = place_.Plan(Document(sections));
    RC_ASSERT(plan.ok());

    const std::string before = Exported();
    const auto outcomes = Apply(sections);
    const bool refused = !Done(outcomes);
    if (refused) RC_ASSERT(Exported() == before);
    if (refused) RC_ASSERT(Refusal(outcomes) == "config_rule_denied");
    RC_ASSERT(refused == EndViolates(*plan, standing, sections));
  }

 private:
  static bool Done(const StepOutcomes& outcomes) {
    return std::ranges::all_of(outcomes,
                               [](const StepOutcome& one) { return one.kind == Kind::kDone; });
  }
  static json::Object Rules(const json::Value& document) {
    return document.at("sections").at("governance").as_object();
  }

  static json::Object AnyState() {
    json::Object settings;
    for (const char* registry : {"us.icr.io", "de.icr.io"}) {
      settings[registry] = json::Object{{"private_only", *rc::gen::arbitrary<bool>()},
                                        {"platform_metrics", *rc::gen::arbitrary<bool>()}};
    }
    json::Object namespaces;
    for (const char* name : {"us.icr.io/team-a", "us.icr.io/team-b", "de.icr.io/team-c"}) {
      if (!*rc::gen::arbitrary<bool>()) continue;
      json::Object one =
          Protecting(*rc::gen::arbitrary<bool>() ? json::Array{"v*"} : json::Array{});
      if (*rc::gen::arbitrary<bool>()) one["retention"] = json::Object{{"images_per_repo", 5}};
      namespaces[name] = std::move(one);
    }
    json::Object channels;
    if (*rc::gen::arbitrary<bool>()) {
      channels["Alerts"] = json::Object{{"endpoint", "https://hooks.example.com/a"}};
    }
    return {{"settings", std::move(settings)},
            {"namespaces", std::move(namespaces)},
            {"notification_channels", std::move(channels)}};
  }

  json::Object AnyRules() const {
    const std::vector<std::pair<std::string, json::Object>> all{
        {"private", Rule("service", Leaf("private_only", "is_true"))},
        {"metrics", Rule("service", {{"or", json::Array{Leaf("private_only", "is_false"),
                                                        Leaf("platform_metrics", "is_true")}}})},
        {"versions", Rule("namespace", VersionsStay())},
        {"both", Rule("namespace", {{"or", json::Array{Leaf("tag_immutability", "is_empty"),
                                                       Leaf("retention_policy", "is_true")}}})}};
    json::Object rules;
    for (const auto& [name, rule] : all) {
      if (*rc::gen::inRange(0, 3) == 0) rules[name] = rule;
    }
    return rules;
  }

  // Whether what the plan would leave violates a rule that stands, or that it leaves, in something
  // that it makes or changes: said once more, of the document alone.
  static bool EndViolates(const admin::ConfigurationPlan& plan, const json::Object& standing,
                          const json::Object& sections) {
    std::set<std::string> rules;
    for (const auto& [name, rule] : standing) rules.emplace(name);
    if (const json::Value* left = sections.if_contains("governance")) {
      for (const auto& [name, rule] : left->as_object()) rules.emplace(name);
    }
    return std::ranges::any_of(plan.steps, [&](const admin::ConfigurationStep& step) {
      if (step.after.is_null()) return false;
      if (step.section->name() == "settings") {
        const bool private_only = step.after.at("private_only").as_bool();
        const bool metrics = step.after.at("platform_metrics").as_bool();
        return (rules.contains("private") && !private_only) ||
               (rules.contains("metrics") && private_only && !metrics);
      }
      if (step.section->name() != "namespaces") return false;
      const bool stay = json::Find(step.after, "tag_immutability") != nullptr;
      const bool retained = json::Find(step.after, "retention") != nullptr;
      return (rules.contains("versions") && !stay && !OnlyRetention(step)) ||
             (rules.contains("both") && stay && !retained);
    });
  }
  // A policy that comes or goes is weighed: what it leaves as it was may be wrong as before.
  static bool OnlyRetention(const admin::ConfigurationStep& step) {
    const auto stay = [](const json::Value& one) {
      return json::Find(one, "tag_immutability") != nullptr;
    };
    return !step.before.is_null() && stay(step.before) == stay(step.after);
  }
};

TEST(RandomImport, IsRefusedWhereItsEndViolatesAndThenLeavesNothing) {
  RandomImports imports;
  EXPECT_TRUE(rc::check("an import is judged by what it leaves", [&] { imports.Run(); }));
}

}  // namespace
}  // namespace breakwater::app
