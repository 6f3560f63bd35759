// Restrictions: what is refused at creation, the pure decision, and the decision in force.
#include "iam/restrictions.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using Kind = ZoneAddress::Kind;
using testing::World;

constexpr std::string_view kPull = "container-registry.image.pull";
const AccountId kAccount{"acc"};

ZoneAddress At(Kind kind, std::string value) {
  return {.kind = kind, .value = std::move(value)};
}

Zone Office() {
  Zone zone;
  zone.id = "zone-1";
  zone.account = kAccount;
  zone.name = "Office";
  zone.addresses = {At(Kind::kSubnet, "192.0.2.0/24"), At(Kind::kAddress, "2001:db8::7"),
                    At(Kind::kRange, "198.51.100.10-198.51.100.20")};
  zone.excluded = {At(Kind::kAddress, "192.0.2.66")};
  return zone;
}

Restriction Rule(std::vector<RestrictionContext> contexts,
                 std::vector<RestrictionAttribute> more = {}) {
  Restriction rule;
  rule.id = "rule-1";
  rule.account = kAccount;
  rule.contexts = std::move(contexts);
  rule.resource = {{.name = "accountId", .value = "acc"},
                   {.name = "serviceName", .value = "container-registry"}};
  rule.resource.insert(rule.resource.end(), more.begin(), more.end());
  return rule;
}

RestrictionContext FromOffice() {
  return {{{"networkZoneId", "zone-1"}}};
}
RestrictionContext OverPrivate() {
  return {{{"endpointType", "private"}}};
}

control::Origin From(std::string address, bool private_network = false) {
  control::Origin origin;
  origin.address = std::move(address);
  origin.private_network = private_network;
  return origin;
}

control::Resource Namespace(std::string name) {
  return control::NamespaceResource(kAccount, RegistryName("us.icr.io"), "us-south",
                                    std::move(name));
}

bool Admits(const std::vector<Restriction>& rules, const control::Origin& origin,
            std::string_view action = kPull,
            const control::Resource& resource = Namespace("team-a")) {
  return Restrictions({Office()}, rules).Judge(origin, action, resource).refused_by == nullptr;
}

TEST(Restrictions, WithoutARuleEverybodyIsAdmitted) {
  EXPECT_TRUE(Admits({}, From("203.0.113.9")));
}

TEST(Restrictions, AZoneHoldsItsAddressesRangesAndSubnetsWithoutTheExcluded) {
  const std::vector<Restriction> rules{Rule({FromOffice()})};
  for (const char* inside : {"192.0.2.1", "192.0.2.255", "2001:db8::7", "198.51.100.10",
                             "198.51.100.15", "198.51.100.20", "::ffff:192.0.2.1"}) {
    EXPECT_TRUE(Admits(rules, From(inside))) << inside;
  }
  for (const char* outside : {"192.0.2.66", "192.0.3.1", "2001:db8::8", "198.51.100.9",
                              "198.51.100.21", "::1", "", "localhost"}) {
    EXPECT_FALSE(Admits(rules, From(outside))) << outside;
  }
}

TEST(Restrictions, AnyContextOfARuleIsEnoughButAllOfAContextMustHold) {
  EXPECT_TRUE(Admits({Rule({FromOffice(), OverPrivate()})}, From("203.0.113.9", true)));
  const RestrictionContext both{{{"networkZoneId", "zone-1"}, {"endpointType", "private"}}};
  EXPECT_FALSE(Admits({Rule({both})}, From("203.0.113.9", true)));
  EXPECT_FALSE(Admits({Rule({both})}, From("192.0.2.1", false)));
  EXPECT_TRUE(Admits({Rule({both})}, From("192.0.2.1", true)));
}

TEST(Restrictions, EveryRuleThatAppliesMustAdmit) {
  EXPECT_FALSE(Admits({Rule({FromOffice()}), Rule({OverPrivate()})}, From("192.0.2.1", false)));
  EXPECT_TRUE(Admits({Rule({FromOffice()}), Rule({OverPrivate()})}, From("192.0.2.1", true)));
}

TEST(Restrictions, ARuleWithoutContextsAdmitsNobody) {
  EXPECT_FALSE(Admits({Rule({})}, From("192.0.2.1", true)));
}

TEST(Restrictions, ARuleSaysNothingOfOtherResources) {
  const std::vector<Restriction> rules{
      Rule({}, {{.name = "resourceType", .value = "namespace"},
                {.name = "resource", .value = "team-*", .pattern = true}})};
  EXPECT_FALSE(Admits(rules, From("192.0.2.1")));
  EXPECT_TRUE(Admits(rules, From("192.0.2.1"), kPull, Namespace("other")));
  EXPECT_TRUE(Admits(rules, From("192.0.2.1"), "iam-identity.serviceid.create",
                     control::AccountResource(kAccount, "serviceid")));
  EXPECT_TRUE(Admits(rules, From("192.0.2.1"), "container-registry.namespace.create",
                     control::ServiceResource(kAccount, RegistryName("us.icr.io"), "us-south")));
}

TEST(Restrictions, ThoseThatManageRestrictionsAndPoliciesAreNeverLockedOut) {
  Restriction rule = Rule({});
  rule.resource = {{.name = "accountId", .value = "acc"},
                   {.name = "serviceName", .value = "*", .pattern = true}};
  EXPECT_FALSE(Admits({rule}, From("192.0.2.1")));
  const auto resource = control::AccountResource(kAccount, "rule");
  EXPECT_TRUE(
      Admits({rule}, From("192.0.2.1"), "context-based-restrictions.rule.delete", resource));
  EXPECT_TRUE(Admits({rule}, From("192.0.2.1"), "iam-am.policy.create", resource));
}

TEST(Restrictions, ADisabledRuleHasNoSayAndAReportingOneOnlySpeaks) {
  Restriction disabled = Rule({});
  disabled.mode = Enforcement::kDisabled;
  EXPECT_TRUE(Admits({disabled}, From("192.0.2.1")));
  Restriction reporting = Rule({});
  reporting.mode = Enforcement::kReport;
  const Restrictions restrictions({Office()}, {reporting});
  const auto verdict = restrictions.Judge(From("192.0.2.1"), kPull, Namespace("team-a"));
  EXPECT_EQ(verdict.refused_by, nullptr);
  ASSERT_EQ(verdict.would_refuse.size(), 1U);
  EXPECT_EQ(verdict.would_refuse[0]->id, "rule-1");
}

TEST(Restrictions, AVpcOrAServiceIsNobodysAddressHere) {
  Zone zone = Office();
  zone.addresses = {At(Kind::kVpc, "crn:v1:bluemix:public:is:us-south:a/acc::vpc:1"),
                    {.kind = Kind::kService, .ref = {{"service_name", "x"}}}};
  zone.excluded.clear();
  ASSERT_TRUE(CheckZone(zone).ok());
  const Restrictions restrictions({zone}, {Rule({FromOffice()})});
  EXPECT_NE(restrictions.Judge(From("192.0.2.1"), kPull, Namespace("a")).refused_by, nullptr);
}

TEST(Restrictions, AdmitsSaysWhereToComeFrom) {
  const Restrictions restrictions({Office()}, {Rule({FromOffice(), OverPrivate()}), Rule({})});
  EXPECT_EQ(restrictions.Admits(Rule({FromOffice(), OverPrivate()})),
            "from the network zone Office or over a private endpoint");
  EXPECT_EQ(restrictions.Admits(Rule({})), "from nowhere");
}

RC_GTEST_PROP(Restrictions, ARangeHoldsExactlyWhatLiesBetweenItsEnds,
              (std::uint32_t a, std::uint32_t b, std::uint32_t c)) {
  const auto text = [](std::uint32_t n) {
    return std::to_string(n >> 24U) + "." + std::to_string(n >> 16U & 255U) + "." +
           std::to_string(n >> 8U & 255U) + "." + std::to_string(n & 255U);
  };
  Zone zone = Office();
  zone.addresses = {At(Kind::kRange, text(std::min(a, b)) + "-" + text(std::max(a, b)))};
  zone.excluded.clear();
  RC_ASSERT(CheckZone(zone).ok());
  const Restrictions restrictions({zone}, {Rule({FromOffice()})});
  const bool admitted =
      restrictions.Judge(From(text(c)), kPull, Namespace("a")).refused_by == nullptr;
  RC_ASSERT(admitted == (c >= std::min(a, b) && c <= std::max(a, b)));
}

TEST(CheckZone, RefusesWhatNoAddressCouldBeIn) {
  const auto check = [](ZoneAddress address) {
    Zone zone = Office();
    zone.addresses = {std::move(address)};
    return CheckZone(zone).ok();
  };
  EXPECT_TRUE(check(At(Kind::kAddress, "192.0.2.1")));
  EXPECT_FALSE(check(At(Kind::kAddress, "192.0.2.0/24")));
  EXPECT_FALSE(check(At(Kind::kAddress, "192.0.2.01")));
  EXPECT_FALSE(check(At(Kind::kRange, "192.0.2.9-192.0.2.1")));
  EXPECT_FALSE(check(At(Kind::kRange, "192.0.2.9")));
  EXPECT_FALSE(check(At(Kind::kRange, "192.0.2.9-2001:db8::1")));
  EXPECT_FALSE(check(At(Kind::kSubnet, "192.0.2.0/33")));
  EXPECT_FALSE(check(At(Kind::kVpc, "")));
  EXPECT_FALSE(check(At(Kind::kService, "")));
  Zone zone = Office();
  zone.addresses.clear();
  EXPECT_FALSE(CheckZone(zone).ok());
  zone = Office();
  zone.excluded = {At(Kind::kVpc, "crn")};
  EXPECT_FALSE(CheckZone(zone).ok());
  zone = Office();
  zone.addresses.resize(RestrictionLimits::kAddressesPerZone + 1, zone.addresses[0]);
  EXPECT_FALSE(CheckZone(zone).ok());
}

TEST(CheckRestriction, RefusesRulesThatCouldNeverApply) {
  EXPECT_TRUE(CheckRestriction(Rule({FromOffice()})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({}, {{.name = "resourceType", .value = "Namespace"}})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({}, {{.name = "namespace", .value = "a"}})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({}, {{.name = "accountId", .value = "acc"}})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({{}})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({{{{"endpointType", "carrier pigeon"}}}})).ok());
  EXPECT_FALSE(CheckRestriction(Rule({{{{"mfa", "LEVEL1"}}}})).ok());
  Restriction rule = Rule({});
  rule.resource[0].value = "another";
  EXPECT_FALSE(CheckRestriction(rule).ok());
  rule = Rule({});
  rule.resource.pop_back();
  EXPECT_FALSE(CheckRestriction(rule).ok());
}

// --- In force ---

class RestrictionsInForce : public ::testing::Test {
 protected:
  RestrictionContent Content(std::vector<RestrictionContext> contexts,
                             Enforcement mode = Enforcement::kEnabled) {
    return {.description = "test",
            .contexts = std::move(contexts),
            .resource = {{.name = "accountId", .value = "acc"},
                         {.name = "serviceName", .value = "container-registry"}},
            .mode = mode};
  }
  RestrictionContext FromZone() {
    const auto zone =
        world_.zones.Create(world_.administrator, kAccount,
                            {.name = "Office", .addresses = {At(Kind::kSubnet, "192.0.2.0/24")}});
    EXPECT_TRUE(zone.ok());
    return {{{"networkZoneId", zone->id}}};
  }
  Status AskFrom(std::string address) {
    control::Caller caller = world_.administrator;
    caller.origin.address = std::move(address);
    return world_.authorizer.Authorize(caller, kPull, Namespace("team-a"));
  }
  std::vector<audit::Found> Events() {
    return *world_.audit.Query({.action = "context-based-restrictions.policy.eval"});
  }

  World world_;
};

TEST_F(RestrictionsInForce, ARuleCountsAtOnceAlsoForTheOwnerAndItsEndToo) {
  ASSERT_TRUE(AskFrom("203.0.113.9").ok());
  const auto rule =
      world_.restrictions.Create(world_.administrator, kAccount, Content({FromZone()}));
  ASSERT_TRUE(rule.ok());
  EXPECT_TRUE(AskFrom("192.0.2.1").ok());
  const Status refused = AskFrom("203.0.113.9");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kDenied);
  EXPECT_EQ(refused.error().reason(), "restricted");
  EXPECT_NE(refused.error().message().find("from the network zone Office"), std::string::npos);
  EXPECT_NE(refused.error().message().find("203.0.113.9"), std::string::npos);
  ASSERT_TRUE(world_.restrictions.Delete(world_.administrator, kAccount, rule->id).ok());
  EXPECT_TRUE(AskFrom("203.0.113.9").ok());
}

TEST_F(RestrictionsInForce, AZonesChangeCountsAtOnce) {
  const auto context = FromZone();
  ASSERT_TRUE(world_.restrictions.Create(world_.administrator, kAccount, Content({context})).ok());
  ASSERT_TRUE(AskFrom("192.0.2.1").ok());
  const auto zone = *world_.zones.Get(kAccount, context.attributes[0].second);
  ASSERT_TRUE(world_.zones
                  .Replace(world_.administrator, kAccount, zone.id,
                           EntityTag(zone.id, zone.version),
                           {.name = "Office", .addresses = {At(Kind::kAddress, "192.0.2.7")}})
                  .ok());
  EXPECT_FALSE(AskFrom("192.0.2.1").ok());
  EXPECT_TRUE(AskFrom("192.0.2.7").ok());
}

TEST_F(RestrictionsInForce, WhoHasNoRightLearnsNothingOfTheRestriction) {
  ASSERT_TRUE(
      world_.restrictions.Create(world_.administrator, kAccount, Content({FromZone()})).ok());
  const User user = world_.Invite("new@example.com");
  control::Caller caller = world_.CallerOf(user.iam_id);
  caller.origin.address = "203.0.113.9";
  EXPECT_EQ(world_.authorizer.Authorize(caller, kPull, Namespace("team-a")).error().reason(),
            "not_authorized");
  EXPECT_TRUE(Events().empty());
}

TEST_F(RestrictionsInForce, ARefusalIsOnRecordOnceAMinuteAndAReportToo) {
  ASSERT_TRUE(
      world_.restrictions
          .Create(world_.administrator, kAccount, Content({FromZone()}, Enforcement::kReport))
          .ok());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(AskFrom("203.0.113.9").ok());
  ASSERT_EQ(Events().size(), 1U);
  EXPECT_EQ(Events()[0].record.outcome, audit::Outcome::kSuccess);
  EXPECT_EQ(Events()[0].record.judgement.at("enforced"), false);
  EXPECT_EQ(Events()[0].record.initiator.address, "203.0.113.9");
  world_.clock.Advance(std::chrono::minutes{1});
  EXPECT_TRUE(AskFrom("203.0.113.9").ok());
  EXPECT_EQ(Events().size(), 2U);
  ASSERT_TRUE(world_.restrictions.Create(world_.administrator, kAccount, Content({})).ok());
  EXPECT_FALSE(AskFrom("203.0.113.9").ok());
  ASSERT_EQ(Events().size(), 3U);
  EXPECT_EQ(Events()[2].record.outcome, audit::Outcome::kFailure);
}

TEST_F(RestrictionsInForce, FloodsOfAddressesDoNotFillTheTrail) {
  ASSERT_TRUE(world_.restrictions.Create(world_.administrator, kAccount, Content({})).ok());
  for (std::size_t i = 0; i < RestrictionEvents::kPerMinute + 50; ++i) {
    EXPECT_FALSE(AskFrom("10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256)).ok());
  }
  std::int64_t count = 0;
  for (std::optional<audit::Position> after;;) {
    const auto page =
        *world_.audit.Query({.action = "context-based-restrictions.policy.eval", .after = after});
    if (page.empty()) break;
    count += static_cast<std::int64_t>(page.size());
    after = page.back().position;
  }
  EXPECT_EQ(count, static_cast<std::int64_t>(RestrictionEvents::kPerMinute));
}

TEST_F(RestrictionsInForce, AZoneInUseStaysAndAnUnknownOneCannotBeNamed) {
  const auto context = FromZone();
  const std::string zone = context.attributes[0].second;
  const auto rule = world_.restrictions.Create(world_.administrator, kAccount, Content({context}));
  ASSERT_TRUE(rule.ok());
  const Status kept = world_.zones.Delete(world_.administrator, kAccount, zone);
  EXPECT_EQ(kept.error().reason(), "zone_in_use");
  EXPECT_EQ(world_.restrictions
                .Create(world_.administrator, kAccount, Content({{{{"networkZoneId", "none"}}}}))
                .error()
                .reason(),
            "invalid_body");
  ASSERT_TRUE(world_.restrictions.Delete(world_.administrator, kAccount, rule->id).ok());
  EXPECT_TRUE(world_.zones.Delete(world_.administrator, kAccount, zone).ok());
}

TEST_F(RestrictionsInForce, TheServicesAdministratorRestrictsItAndNoOther) {
  const User user = world_.Invite("ops@example.com");
  const control::Caller ops = world_.CallerOf(user.iam_id);
  EXPECT_EQ(world_.restrictions.Create(ops, kAccount, Content({})).error().code(),
            ErrorCode::kDenied);
  world_.Grant(World::Of(user.iam_id), {Role::kAdministrator});
  EXPECT_TRUE(world_.restrictions.Create(ops, kAccount, Content({})).ok());
  RestrictionContent other = Content({});
  other.resource[1].value = "iam-identity";
  EXPECT_EQ(world_.restrictions.Create(ops, kAccount, other).error().code(), ErrorCode::kDenied);
  EXPECT_EQ(
      world_.zones
          .Create(ops, kAccount, {.name = "mine", .addresses = {At(Kind::kAddress, "192.0.2.1")}})
          .error()
          .code(),
      ErrorCode::kDenied);
}

}  // namespace
}  // namespace breakwater::iam
