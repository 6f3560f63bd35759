// What templates say of the settings of registries, in a whole installation: they count where an
// account or a registry comes into being, and nowhere else.
#include "registry/beginnings.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/testing.h"

namespace breakwater::app {
namespace {

using governance::ScopeType;
using ::testing::ElementsAre;

class Beginnings : public ::testing::Test {
 protected:
  Installation::Parts& parts() { return place_.parts(); }

  // Attached to an account, or to an enterprise.
  std::vector<governance::AttachmentDraft> To(const std::string& id) const {
    const bool own = id == place_.account.value();
    return {{.account = place_.account,
             .included = {own ? ScopeType::kAccount : ScopeType::kEnterprise, id, ""},
             .excluded = {}}};
  }
  void Template(const std::string& scope, const std::string& property, bool value,
                json::Array attributes = {}) {
    json::Object target{{"service_name", "container-registry"}, {"resource_kind", "service"}};
    if (!attributes.empty()) target["additional_target_attributes"] = std::move(attributes);
    const auto made = parts().templates.Create(place_.caller, {.account = place_.account,
                                                               .name = "settings",
                                                               .description = "of new registries",
                                                               .target = std::move(target),
                                                               .defaults = {{property, value}}});
    ASSERT_TRUE(made.ok()) << made.error().message();
    ASSERT_TRUE(parts()
                    .templates.attachments()
                    .Attach(place_.caller, place_.account, made->id, To(scope))
                    .ok());
  }
  void Require(const std::string& scope, const char* op) {
    governance::RuleDraft draft;
    draft.account = place_.account;
    draft.name = "private";
    draft.description = "or public";
    draft.target =
        json::Object{{"service_name", "container-registry"}, {"resource_kind", "service"}};
    draft.required_config = json::Object{{"property", "private_only"}, {"operator", op}};
    draft.actions = {governance::Action::kDisallow};
    const auto rule = parts().governance.CreateRule(place_.caller, draft);
    ASSERT_TRUE(rule.ok());
    ASSERT_TRUE(parts()
                    .governance.attachments()
                    .Attach(place_.caller, place_.account, rule->id, To(scope))
                    .ok());
  }

  std::string Found() {
    const auto founded =
        parts().organization.Found(place_.caller, place_.account,
                                   {.name = "Harbour",
                                    .domain = "harbour.example",
                                    .primary_contact = place_.caller.actor.iam_id});
    BW_CHECK(founded.ok());
    return founded->id;
  }
  Result<organization::MadeAccount> Branch(const std::string& enterprise) {
    return parts().organization.CreateAccount(
        place_.caller,
        {.parent = enterprise, .name = "Branch", .owner = place_.caller.actor.iam_id});
  }
  // In the order of the registries.
  std::vector<bool> PrivateOnly(const AccountId& account) {
    std::vector<bool> all;
    for (const control::RegistryInfo& registry : parts().registries.all()) {
      all.push_back(parts().settings_service.Get(account, registry.name)->private_only);
    }
    return all;
  }
  std::ptrdiff_t SettingsOnRecord(audit::Outcome outcome) {
    const auto found = parts().audit.Query({.limit = 100'000});
    BW_CHECK(found.ok());
    return std::ranges::count_if(*found, [&](const audit::Found& one) {
      return one.record.action == "container-registry.settings.set" &&
             one.record.outcome == outcome;
    });
  }

  testing::Place place_;
};

const testing::Place::Names kTwo{{"us.icr.io", "us-south"}, {"de.icr.io", "eu-central"}};
const testing::Place::Names kThree{
    {"us.icr.io", "us-south"}, {"de.icr.io", "eu-central"}, {"jp.icr.io", "ap-north"}};

TEST_F(Beginnings, RegistriesOfANewAccountBeginByWhatItInherits) {
  const std::string enterprise = Found();
  Template(enterprise, "private_only", true,
           json::Array{json::Object{{"name", "registry"}, {"value", "de.icr.io"}}});
  const auto made = Branch(enterprise);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_THAT(PrivateOnly(made->id), ElementsAre(false, true));
  EXPECT_THAT(PrivateOnly(place_.account), ElementsAre(false, false)) << "they were there before";
}

TEST_F(Beginnings, AnAccountThatWouldViolateWhatItInheritsIsMadeByATemplateAlone) {
  const std::string enterprise = Found();
  Require(enterprise, "is_true");
  const auto refused = Branch(enterprise);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "config_rule_denied");
  EXPECT_EQ(parts().organization.See(place_.account)->value().accounts.size(), 1U);
  Template(enterprise, "private_only", true);
  const auto made = Branch(enterprise);
  ASSERT_TRUE(made.ok()) << made.error().message();
  EXPECT_THAT(PrivateOnly(made->id), ElementsAre(true, true));
}

TEST_F(Beginnings, ANewRegistryBeginsByTheTemplatesOfEachAccount) {
  Template(place_.account.value(), "private_only", true);
  place_.Restart(kTwo);
  EXPECT_THAT(PrivateOnly(place_.account), ElementsAre(false, false)) << "nothing is new";
  place_.Restart(kThree);
  EXPECT_THAT(PrivateOnly(place_.account), ElementsAre(false, false, true));
  EXPECT_EQ(SettingsOnRecord(audit::Outcome::kSuccess), 1);
}

TEST_F(Beginnings, ARegistryThatComesBackIsNotNew) {
  place_.Restart(kThree);
  place_.Restart(kTwo);
  Template(place_.account.value(), "private_only", true);
  place_.Restart(kThree);
  EXPECT_THAT(PrivateOnly(place_.account), ElementsAre(false, false, false));
}

TEST_F(Beginnings, WhatARuleForbidsANewRegistryBeginsWithout) {
  Template(place_.account.value(), "private_only", true);
  Require(place_.account.value(), "is_false");
  place_.Restart(kThree);
  EXPECT_THAT(PrivateOnly(place_.account), ElementsAre(false, false, false));
  EXPECT_EQ(SettingsOnRecord(audit::Outcome::kFailure), 1);
  place_.Restart(kThree);
  EXPECT_EQ(SettingsOnRecord(audit::Outcome::kFailure), 1) << "it has begun";
}

TEST_F(Beginnings, WhetherRightsAreDecidedByPoliciesIsNoTemplatesToSay) {
  const auto made = parts().templates.Create(
      place_.caller,
      {.account = place_.account,
       .name = "settings",
       .description = "of new registries",
       .target = json::Object{{"service_name", "container-registry"}, {"resource_kind", "service"}},
       .defaults = {{"iam_authz", false}}});
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().reason(), "template_error");
}

}  // namespace
}  // namespace breakwater::app
