// An installation's configuration as one document, over whole installations: what is exported says
// everything, what is applied goes the way of every change.
#include "app/configuration.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "app/testing.h"

namespace breakwater::app {
namespace {

using admin::ConfigurationPlan;
using admin::StepOutcome;
using testing::Place;

json::Value SeedRule() {
  std::ifstream file(BW_SEED_RULE);
  std::ostringstream text;
  text << file.rdbuf();
  auto document = json::Parse(text.str());
  BW_CHECK(document.ok());
  return *std::move(document);
}

json::Object RuleItem(const json::Value& seed, const AccountId& account) {
  json::Object rule = seed.as_object();
  rule["description"] = "Images travel over the private network alone";
  rule["enforcement_actions"] = json::Array{"disallow"};
  rule["attachments"] = json::Array{json::Object{
      {"included_scope", {{"scope_type", "account"}, {"scope_id", json::Text(account.value())}}}}};
  return rule;
}

json::Value DocumentOf(json::Object sections) {
  return json::Object{{"format", json::Text(admin::kConfigurationFormat)},
                      {"sections", std::move(sections)}};
}

json::Object IdentitySections() {
  return {
      {"custom_roles",
       {{"Puller",
         {{"service", "container-registry"},
          {"display_name", "Puller"},
          {"description", "Pulls, and that is all"},
          {"actions", {"container-registry.image.pull"}}}}}},
      {"users",
       {{"jane@example.com", {{"first_name", "Jane"}, {"last_name", "Doe"}, {"language", "de"}}},
        {"out@example.com", {{"suspended", "VPN_ONLY"}}}}},
      {"service_ids", {{"ci", {{"description", "Builds"}, {"locked", true}}}}},
      {"profiles",
       {{"deployer",
         {{"description", "Deploys"},
          {"identities",
           json::Array{json::Object{{"type", "user"}, {"identity", "user:jane@example.com"}},
                       json::Object{{"type", "serviceid"}, {"identity", "service_id:ci"}}}},
          {"rules", json::Array{json::Object{
                        {"type", "Profile-SAML"},
                        {"name", "Staff"},
                        {"realm", "https://idp.example.com"},
                        {"conditions", json::Array{json::Object{{"claim", "team"},
                                                                {"operator", "EQUALS"},
                                                                {"value", "\"platform\""}}}}}}}}}}},
      {"access_groups",
       {{"Administrators", {{"members", {"owner"}}}},
        {"Developers",
         {{"description", "Who pushes"},
          {"members", {"user:jane@example.com", "service_id:ci", "owner"}},
          {"rules", json::Array{json::Object{
                        {"name", "Staff"},
                        {"realm", "https://idp.example.com"},
                        {"expiration_hours", 8},
                        {"conditions", json::Array{json::Object{{"claim", "team"},
                                                                {"operator", "EQUALS"},
                                                                {"value", "\"platform\""}}}}}}}}}}},
      {"network_zones",
       {{"Office",
         {{"addresses",
           json::Array{json::Object{{"type", "subnet"}, {"value", "192.0.2.0/24"}}}}}}}},
      {"account",
       {{"identity", {{"session_life", 3600}}}, {"public_access", {{"enabled", false}}}}}};
}

// Something of every section.
json::Value Everything(const AccountId& account) {
  json::Object sections = IdentitySections();
  for (auto& [name, section] : json::Object{
           {"settings", {{"us.icr.io", {{"private_only", true}}}}},
           {"quotas", {{"us.icr.io", {{"storage_bytes", 1000}, {"enforcement", "hard"}}}}},
           {"namespaces",
            {{"us.icr.io/team-a",
              {{"resource_group", "Default"},
               {"quota", {{"storage_bytes", 500}, {"traffic_bytes", 600}, {"enforcement", "soft"}}},
               {"retention", {{"images_per_repo", 10}, {"order_by", "pulled"}}},
               {"tag_immutability", {{"immutable", {"v*"}}, {"except", {"v*-rc?"}}}}}},
             {"de.icr.io/team-b", json::Object()}}},
           {"posture_scopes",
            {{"team", {{"description", "Ours"}, {"selection", {{"namespaces", {"team-a"}}}}}}}},
           {"posture_profiles",
            {{"Own",
              {{"description", "What we hold ourselves to"},
               {"controls", json::Array{json::Object{{"external_control_id", "1"},
                                                     {"description", "Private"},
                                                     {"goals", {"3000625", "3000623"}}}}}}}}},
           {"posture",
            {{"48", {{"parameters", {{"no_of_admins_for_container_registry", 5}}}}},
             {"60", {{"interval", 86400}, {"evidence_repository", "us.icr.io/team-a/evidence"}}},
             {"Own@team", json::Object()}}},
           {"resource_groups", {{"Production", json::Object()}}},
           {"notification_channels",
            {{"Alerts", {{"endpoint", "https://hooks.example.com/a"}, {"enabled", true}}}}},
           {"templates",
            {{"Releases stay",
              {{"description", "New namespaces"},
               {"target", {{"service_name", "container-registry"}, {"resource_kind", "namespace"}}},
               {"customized_defaults",
                json::Array{json::Object{{"property", "tag_immutability"}, {"value", {"v*"}}}}},
               {"attachments",
                json::Array{json::Object{
                    {"included_scope",
                     {{"scope_type", "account"}, {"scope_id", json::Text(account.value())}}}}}}}}}},
           {"governance", {{"Private only", RuleItem(SeedRule(), account)}}}}) {
    sections[name] = section;
  }
  return DocumentOf(std::move(sections));
}

bool AllDone(const std::vector<StepOutcome>& outcomes) {
  return std::ranges::none_of(outcomes,
                              [](const StepOutcome& one) { return one.error.has_value(); });
}

std::string FirstError(const std::vector<StepOutcome>& outcomes) {
  for (const StepOutcome& one : outcomes) {
    if (one.error) return one.error->message();
  }
  return "";
}

TEST(Configuration, WhatIsExportedIsAlreadySo) {
  Place place;
  const auto outcomes = place.Apply(Everything(place.account));
  ASSERT_FALSE(outcomes.empty());
  ASSERT_TRUE(AllDone(outcomes)) << FirstError(outcomes);
  EXPECT_TRUE(place.SettingsOf("us.icr.io").private_only);
  EXPECT_EQ(place.parts().quotas.Get(place.account, RegistryName("us.icr.io"))->limits(),
            (registry::Limits{.storage = 1000, .traffic = registry::kUnlimited, .hard = true}));
  EXPECT_EQ(*place.parts().quotas.GetNamespace(place.account, RegistryName("us.icr.io"), "team-a"),
            (registry::Limits{.storage = 500, .traffic = 600}));
  const auto plan = place.Plan(place.Export());
  ASSERT_TRUE(plan.ok()) << plan.error().message();
  EXPECT_TRUE(plan->steps.empty()) << json::Serialize(ToJson(plan->steps.front()));
}

TEST(Configuration, AppliedToANewInstallationItIsTheSame) {
  Place one;
  ASSERT_TRUE(AllDone(one.Apply(Everything(one.account))));
  const json::Value exported = one.Export();
  Place other;
  const auto outcomes = other.Apply(exported);
  ASSERT_TRUE(AllDone(outcomes)) << FirstError(outcomes);
  json::Value again = other.Export();
  // Of the accounts' ids, every installation has its own.
  EXPECT_EQ(json::FindText(again, "account"), other.account.value());
  const auto plan = other.Plan(exported);
  ASSERT_TRUE(plan.ok());
  EXPECT_TRUE(plan->steps.empty());
  for (const char* section : {"namespaces", "access_groups", "users", "service_ids", "account"}) {
    EXPECT_EQ(json::Canonical(again.at("sections").at(section)),
              json::Canonical(exported.at("sections").at(section)));
  }
}

TEST(Configuration, ARuleThatDisallowsRefusesAnImportAndIsNamed) {
  Place place;
  ASSERT_TRUE(AllDone(place.Apply(Everything(place.account))));
  const json::Value off = DocumentOf(
      {{"settings",
        {{"us.icr.io", {{"private_only", false}}}, {"de.icr.io", {{"private_only", true}}}}}});
  const auto outcomes = place.Apply(off);
  const auto refused =
      std::ranges::find_if(outcomes, [](const StepOutcome& one) { return one.error.has_value(); });
  ASSERT_NE(refused, outcomes.end());
  EXPECT_EQ(refused->error->code(), ErrorCode::kDenied) << refused->error->message();
  EXPECT_NE(refused->error->message().find("private_only"), std::string::npos);
  EXPECT_TRUE(place.SettingsOf("us.icr.io").private_only);
  // In a registry that the rule is not about, it is allowed, on and off.
  ASSERT_FALSE(AllDone(place.Apply(off, true)));
  EXPECT_TRUE(place.SettingsOf("de.icr.io").private_only);
  ASSERT_TRUE(
      AllDone(place.Apply(DocumentOf({{"settings", {{"de.icr.io", {{"private_only", false}}}}}}))));
  EXPECT_FALSE(place.SettingsOf("de.icr.io").private_only);
}

TEST(Configuration, TheRulesThatStandJudgeADocumentThatRemovesThem) {
  Place place;
  ASSERT_TRUE(AllDone(place.Apply(Everything(place.account))));
  const auto outcomes = place.Apply(DocumentOf(
      {{"settings", {{"us.icr.io", {{"private_only", false}}}}}, {"governance", json::Object()}}));
  EXPECT_FALSE(AllDone(outcomes));
  EXPECT_TRUE(place.SettingsOf("us.icr.io").private_only);
}

TEST(Configuration, WhatASectionLeavesOutIsRemovedAndOtherSectionsStay) {
  Place place;
  ASSERT_TRUE(AllDone(place.Apply(Everything(place.account))));
  const json::Value fewer = DocumentOf({{"namespaces", {{"us.icr.io/team-a", json::Object()}}}});
  const auto plan = place.Plan(fewer);
  ASSERT_TRUE(plan.ok());
  ASSERT_EQ(plan->steps.size(), 2U);
  const json::Value changed = ToJson(plan->steps[0]);
  EXPECT_EQ(json::FindText(changed, "action"), "update");
  EXPECT_EQ(json::FindText(changed, "key"), "us.icr.io/team-a");
  EXPECT_EQ(json::FindText(json::Find(changed, "changes")->as_array().front(), "field"),
            "tag_immutability.immutable");
  EXPECT_EQ(json::FindText(ToJson(plan->steps[1]), "action"), "remove");
  ASSERT_TRUE(AllDone(place.Apply(fewer)));
  EXPECT_TRUE(place.parts().namespaces.List(place.account, RegistryName("de.icr.io"))->empty());
  EXPECT_EQ(place.parts().channels.List(place.account)->size(), 1U);
}

TEST(Configuration, PoliciesAreKnownByWhatTheySay) {
  Place place;
  ASSERT_TRUE(AllDone(place.Apply(Everything(place.account))));
  json::Value document = place.Export();
  json::Value& sections = document.at("sections");
  const std::size_t before = sections.at("policies").as_object().size();
  json::Object policy{
      {"subject", "access_group:Developers"},
      {"roles", {"Writer", "customRole:Puller"}},
      {"attributes",
       json::Array{
           json::Object{{"name", "serviceName"}, {"value", "container-registry"}},
           json::Object{{"name", "accountId"}, {"value", json::Text(place.account.value())}},
           json::Object{{"name", "resourceType"}, {"value", "namespace"}},
           json::Object{{"name", "resource"}, {"value", "team-a"}}}}};
  sections.at("policies").as_object()["whatever"] = policy;
  sections.at("restrictions").as_object()["from the office"] = json::Object{
      {"description", "Pushes come from the office"},
      {"contexts", json::Array{json::Object{
                       {"attributes", json::Array{json::Object{{"name", "networkZoneId"},
                                                               {"value", "zone:Office"}}}}}}},
      {"resource", json::Array{json::Object{{"name", "accountId"},
                                            {"operator", "stringEquals"},
                                            {"value", json::Text(place.account.value())}},
                               json::Object{{"name", "serviceName"},
                                            {"operator", "stringEquals"},
                                            {"value", "container-registry"}}}},
      {"enforcement", "report"}};
  const auto outcomes = place.Apply(document);
  ASSERT_EQ(outcomes.size(), 2U) << FirstError(outcomes);
  ASSERT_TRUE(AllDone(outcomes)) << FirstError(outcomes);
  EXPECT_TRUE(place.Plan(document)->steps.empty()) << "by whatever key";
  EXPECT_EQ(place.Export().at("sections").at("policies").as_object().size(), before + 1);

  // Said otherwise, it is another policy; described otherwise, the same.
  policy["description"] = "Who builds";
  sections.at("policies").as_object()["whatever"] = policy;
  const auto described = place.Plan(document);
  ASSERT_EQ(described->steps.size(), 1U);
  EXPECT_EQ(json::FindText(ToJson(described->steps[0]), "action"), "update");
  ASSERT_TRUE(AllDone(place.Apply(document)));

  Place other;
  const auto elsewhere = other.Apply(place.Export());
  ASSERT_TRUE(AllDone(elsewhere)) << FirstError(elsewhere);
  EXPECT_TRUE(other.Plan(place.Export())->steps.empty());
}

TEST(Configuration, APlanSaysWhatApplyingItWouldRefuseAndChangesNothing) {
  Place place;
  const auto records = [&] {
    return *place.parts().database->ReadValue([](db::Transaction& tx) {
      return tx.QueryOne("SELECT COUNT(*) FROM audit_record", {},
                         [](const db::Row& row) { return row.Int(0); });
    });
  };
  ASSERT_TRUE(AllDone(place.Apply(
      DocumentOf({{"governance", {{"Private only", RuleItem(SeedRule(), place.account)}}}}))));
  ASSERT_TRUE(
      AllDone(place.Apply(DocumentOf({{"settings", {{"us.icr.io", {{"private_only", true}}}}}}))));
  const auto before = records();
  const json::Value exported = place.Export();
  const auto refusal = [&](json::Object sections) {
    const auto tried = place.Rehearse(DocumentOf(std::move(sections)));
    if (!tried.ok()) return tried.error().message();
    return AllDone(*tried) ? std::string("none") : FirstError(*tried);
  };
  EXPECT_EQ(refusal({{"namespaces", {{"us.icr.io/team-a", json::Object()}}}}), "none");
  // What the service itself refuses, and what a rule does.
  EXPECT_NE(refusal({{"namespaces", {{"us.icr.io/team-a", json::Object()}}},
                     {"settings", {{"us.icr.io", {{"iam_authz", false}}}}}})
                .find("turned off"),
            std::string::npos);
  EXPECT_NE(
      refusal({{"settings", {{"us.icr.io", {{"private_only", false}}}}}}).find("private_only"),
      std::string::npos);
  EXPECT_EQ(json::Canonical(place.Export()), json::Canonical(exported));
  EXPECT_EQ(records(), before) << "a refusal of what was only planned is on record";
}

TEST(Configuration, WhetherALongPlanIsFeasibleIsNotSaid) {
  Place place;
  json::Object namespaces;
  for (std::size_t i = 0; i <= admin::kMostStepsRehearsed; ++i) {
    namespaces["us.icr.io/team-" + std::to_string(i)] = json::Object();
  }
  const auto tried = place.Rehearse(DocumentOf({{"namespaces", std::move(namespaces)}}));
  ASSERT_FALSE(tried.ok());
  EXPECT_EQ(tried.error().reason(), "too_many_steps");
}

TEST(Configuration, ADigestIsOfWhatWouldBeDone) {
  Place place;
  const json::Value document = Everything(place.account);
  const std::string digest = place.Plan(document)->digest;
  EXPECT_EQ(place.Plan(document)->digest, digest);
  ASSERT_TRUE(
      AllDone(place.Apply(DocumentOf({{"settings", {{"us.icr.io", {{"private_only", true}}}}}}))));
  EXPECT_NE(place.Plan(document)->digest, digest);
}

TEST(Configuration, AMistakeIsNamedWithItsPlaceAndNothingIsPlanned) {
  Place place;
  const auto mistake = [&](json::Object sections) {
    const auto plan = place.Plan(DocumentOf(std::move(sections)));
    return plan.ok() ? std::string("(none)") : plan.error().message();
  };
  EXPECT_EQ(
      mistake({{"settings", {{"us.icr.io", {{"private_onyl", true}}}}}}),
      "sections.settings.us.icr.io: the document: has the unknown field 'private_onyl'; did you "
      "mean 'private_only'?");
  EXPECT_NE(mistake({{"setings", json::Object()}}).find("there is no such section"),
            std::string::npos);
  EXPECT_NE(mistake({{"settings", {{"fr.icr.io", json::Object()}}}}).find("us.icr.io, de.icr.io"),
            std::string::npos);
  EXPECT_NE(mistake({{"namespaces", {{"us.icr.io/A", json::Object()}}}}).find("malformed"),
            std::string::npos);
}

}  // namespace
}  // namespace breakwater::app
