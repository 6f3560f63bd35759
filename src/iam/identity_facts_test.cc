#include "iam/identity_facts.h"

#include <gtest/gtest.h>

#include "iam/api_keys.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using condition::FactState;
using condition::Number;

const Timestamp kNow = FromMicros(1'647'853'800'000'000);

TEST(IdentityFacts, LeaveAbsentWhatTheInstallationDecides) {
  AccountSettings settings;
  settings.create_service_id = WhoMayCreate::kRestricted;
  settings.session_life = std::chrono::seconds(3600);
  const condition::Facts facts = FactsOf(settings, kNow);
  EXPECT_EQ(*facts.Find("restrict_create_service_id")->value(), condition::Value(true));
  EXPECT_EQ(*facts.Find("session_expiration_in_seconds")->value(), condition::Value(Number(3600)));
  EXPECT_EQ(facts.Find("max_sessions_per_identity")->state(), FactState::kAbsent);
  EXPECT_EQ(facts.Find("allowed_ip_addresses")->state(), FactState::kAbsent);
}

TEST(IdentityFacts, SayNothingOfAddressesThatAreNoBlocks) {
  AccountSettings settings;
  settings.allowed_addresses = "10.0.0.0/8, 192.0.2.1";
  const condition::Facts facts = FactsOf(settings, kNow);
  const auto& list = std::get<condition::IpList>(*facts.Find("allowed_ip_addresses")->value());
  EXPECT_EQ(list.size(), 2U);
  settings.allowed_addresses = "10.0.0.0/8,10.0.0.1-10.0.0.9";
  EXPECT_EQ(FactsOf(settings, kNow).Find("allowed_ip_addresses")->state(), FactState::kUnavailable);
}

TEST(IdentityFacts, OfAnApiKeyCountItsLifetimeFromItsMaking) {
  ApiKey key;
  key.iam_id = IamId("iam-ServiceId-1");
  key.created = kNow;
  EXPECT_EQ(FactsOf(key, kNow).Find("lifetime_days")->state(), FactState::kAbsent);
  key.expires = kNow + std::chrono::hours(25);
  const condition::Facts facts = FactsOf(key, kNow);
  EXPECT_EQ(*facts.Find("lifetime_days")->value(), condition::Value(Number(2)));
  EXPECT_EQ(*facts.Find("owner_kind")->value(), condition::Value(std::string("service_id")));
}

TEST(IdentityFacts, OfAPolicyTellWhatItGivesToWhom) {
  Policy policy;
  policy.subject = {SubjectKind::kIdentity, "IBMid-1"};
  policy.roles = {Role::kManager, RoleRef::Custom("Auditor")};
  policy.attributes = {{.name = "serviceName", .value = "container-registry"}};
  const auto value = [&](std::string_view property) {
    return *FactsOf(policy, kNow).Find(property)->value();
  };
  EXPECT_EQ(value("subject_kind"), condition::Value(std::string("user")));
  EXPECT_EQ(value("roles"),
            condition::Value(condition::StringList{"Manager", "customRole:Auditor"}));
  EXPECT_EQ(value("whole_service"), condition::Value(true));
  policy.attributes.push_back({.name = "resource", .value = "team-a"});
  EXPECT_EQ(value("whole_service"), condition::Value(false));
  policy.subject = {SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)};
  EXPECT_EQ(value("subject_kind"), condition::Value(std::string("everybody")));
}

TEST(IdentityFacts, NameEveryPropertyOfTheCatalogue) {
  const auto& catalogue = condition::Catalogue::BuiltIn();
  const auto check = [&](const condition::ResourceType& type, const condition::Facts& facts) {
    const auto* config = catalogue.Find(type);
    ASSERT_NE(config, nullptr);
    EXPECT_EQ(config->properties.size(), facts.size());
    for (const auto& property : config->properties) {
      const condition::Fact* fact = facts.Find(property.name);
      ASSERT_NE(fact, nullptr) << property.name;
      if (fact->value() == nullptr) continue;
      EXPECT_EQ(condition::TypeOf(*fact->value()), property.type) << property.name;
    }
  };
  check({"iam-identity", "settings"}, FactsOf(AccountSettings(), kNow));
  check({"iam-identity", "apikey"}, FactsOf(ApiKey(), kNow));
  check({"iam-access-management", "policy"}, FactsOf(Policy(), kNow));
}

}  // namespace
}  // namespace breakwater::iam
