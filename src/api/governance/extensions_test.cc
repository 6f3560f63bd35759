#include "api/governance/extensions.h"

#include <gtest/gtest.h>

#include "api/testing.h"
#include "governance/testing.h"

namespace breakwater::api::governance {
namespace {

namespace domain = breakwater::governance;
using breakwater::governance::testing::World;

condition::Facts PrivateOnly(bool value, Timestamp now) {
  condition::Facts facts;
  facts.Set("private_only", condition::Fact::Present(value, "test", now));
  return facts;
}

class GovernanceExtensions : public ::testing::Test {
 protected:
  GovernanceExtensions() {
    harness_.Serve(ExtensionEndpoints({world_.simulator, world_.results, world_.break_glasses,
                                       repairs_, harness_.authorizer, world_.clock},
                                      harness_.face));
    harness_.account = "account-1";
    harness_.authenticator.actor = world_.caller.actor;
    const auto us = world_.Service("us.icr.io");
    EXPECT_TRUE(world_.Change(us, PrivateOnly(true, world_.clock.Now())).ok());
    EXPECT_TRUE(world_.Change(us, PrivateOnly(false, world_.clock.Now())).ok());
    world_.clock.Advance(std::chrono::minutes{1});
  }

  json::Value Simulate() {
    const auto answer = harness_.Send(
        "POST", "/breakwater/v1/governance/simulate",
        R"({"rule":{"account_id":"account-1","name":"private","description":"private only",)"
        R"("rule_type":"user_defined","target":{"service_name":"container-registry",)"
        R"("resource_kind":"service"},"required_config":{"and":[{"property":"private_only",)"
        R"("operator":"is_true"}]},"enforcement_actions":[{"action":"disallow"}]}})");
    EXPECT_EQ(answer.status, 200) << answer.text;
    return answer.body;
  }

  World world_{condition::Catalogue::BuiltIn(), {{"container-registry", "service"}}};
  domain::Repairs repairs_{{world_.database(), world_.sources, world_.rules, {}}};
  testing::Harness harness_;
};

TEST_F(GovernanceExtensions, SimulationNamesWhoWouldHaveBeenRefusedToWhoMayReadTheTrail) {
  const json::Value body = Simulate();
  const json::Value& history = body.at("history");
  EXPECT_EQ(history.at("refused").as_int64(), 1);
  EXPECT_EQ(history.at("refused_unnamed").as_int64(), 0);
  EXPECT_EQ(history.at("refused_by_initiator").at("IBMid-owner").as_int64(), 1);
  EXPECT_EQ(json::FindText(history.at("not_compliant").at(0), "initiator"), "IBMid-owner");
}

TEST_F(GovernanceExtensions, SimulationNamesNobodyToWhoMayNotReadTheTrail) {
  harness_.authorizer.forbidden = "breakwater.audit.read";
  const json::Value body = Simulate();
  const json::Value& history = body.at("history");
  EXPECT_EQ(history.at("refused").as_int64(), 1) << "the number is told";
  EXPECT_EQ(history.at("refused_unnamed").as_int64(), 1);
  EXPECT_TRUE(history.at("refused_by_initiator").as_object().empty());
  EXPECT_EQ(json::Serialize(body).find("IBMid-owner"), std::string::npos);
}

}  // namespace
}  // namespace breakwater::api::governance
