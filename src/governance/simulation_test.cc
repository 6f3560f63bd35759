// What a rule would have done, over the changes on record and over what there is now.
#include "governance/simulation.h"

#include <gtest/gtest.h>

#include "governance/rule_testing.h"

namespace breakwater::governance {
namespace {

using testing::kService;

class SimulationTest : public testing::RuleTest {
 protected:
  // Over the last hour.
  Simulation Simulate(const RuleDraft& draft) {
    auto simulation = world.simulator.Run({.rule = draft,
                                           .attachments = {},
                                           .since = world.clock.Now() - std::chrono::hours(1),
                                           .until = world.clock.Now() + std::chrono::hours(1)});
    BW_CHECK(simulation.ok());
    return *std::move(simulation);
  }
  // A change with this action that governs these, which have their facts already.
  Status Submit(std::string_view action, std::vector<control::Resource> governed) {
    return world.changes.Submit(
        world.caller,
        {.action = std::string(action),
         .resource = world.Service("us.icr.io"),
         .apply = [&](db::Transaction&) -> Result<control::Effect> {
           return control::Effect{
               .before = nullptr, .after = nullptr, .governed = governed, .events = {}};
         }});
  }
};

TEST_F(SimulationTest, TellsWhoWouldHaveBeenHitAndWhatFailsNow) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, PrivateOnly(true)).ok());
  ASSERT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  const auto simulation = world.simulator.Run({.rule = Draft(Leaf("private_only", "is_true")),
                                               .attachments = {},
                                               .since = world.clock.Now() - std::chrono::hours(1),
                                               .until = world.clock.Now() + std::chrono::hours(1)});
  ASSERT_TRUE(simulation.ok());
  EXPECT_EQ(simulation->judged, 2);
  EXPECT_EQ(simulation->refused, 1);
  EXPECT_EQ(simulation->refused_by_initiator.at("IBMid-owner"), 1);
  EXPECT_EQ(simulation->failing, 1);
  EXPECT_EQ(simulation->decisions.front().consequence, Consequence::kRefused);
  EXPECT_TRUE(simulation->decisions.front().happened);
  EXPECT_EQ(world.simulator.Run({.rule = Draft(Leaf("no_such", "is_true"))}).error().reason(),
            "rule_error");
}

TEST_F(SimulationTest, CountsAChangeAndAResourceOnceHoweverOftenTheRuleReachesThem) {
  RuleDraft draft = Draft(Leaf("administrator_users", "num_less_than", R"("${most}")"),
                          {Action::kDisallow}, "access");
  draft.import =
      json::Parse(R"({"parameters":[{"name":"most","type":"numeric","default":3}]})").value();
  const auto access = control::AccountResource(world.account, "access");
  condition::Facts facts;
  facts.Set("administrator_users",
            condition::Fact::Present(condition::Number(4), "iam", world.clock.Now()));
  // One change that governs two resources, each as much against the rule as the other.
  control::Resource another = access;
  another.registry = RegistryName("us.icr.io");
  const control::Change both{
      .action = "iam.policy.create",
      .resource = access,
      .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
        BW_TRY_STATUS(testing::FactTable::Put(tx, access, facts));
        BW_TRY_STATUS(testing::FactTable::Put(tx, another, facts));
        return control::Effect{
            .before = nullptr, .after = nullptr, .governed = {access, another}, .events = {}};
      }};
  ASSERT_TRUE(world.changes.Submit(world.caller, both).ok());
  AttachmentDraft five = world.ToAccount();
  five.parameters = json::Object{{"most", 5}};
  const auto simulation =
      world.simulator.Run({.rule = draft,
                           .attachments = {five, world.ToAccount(), world.ToAccount()},
                           .since = world.clock.Now() - std::chrono::hours(1),
                           .until = world.clock.Now() + std::chrono::hours(1)});
  ASSERT_TRUE(simulation.ok()) << simulation.error().message();
  EXPECT_EQ(simulation->changes, 1);
  EXPECT_EQ(simulation->judged, 2) << "one for each resource";
  EXPECT_EQ(simulation->decisions.size(), 2U);
  EXPECT_EQ(simulation->refused, 1) << "the change";
  EXPECT_EQ(simulation->refused_by_initiator.at("IBMid-owner"), 1);
  EXPECT_EQ(simulation->resources, 2);
  EXPECT_EQ(simulation->failing, 2);
}

TEST_F(SimulationTest, KnowsWhenTheGlassWasBroken) {
  const auto us = world.Service("us.icr.io");
  const auto opened = world.break_glasses.Open(
      world.caller, world.account,
      {.reason = "the private network is down", .duration = std::chrono::minutes(30)});
  ASSERT_TRUE(opened.ok());
  world.clock.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  world.clock.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(world.break_glasses.Close(world.caller, world.account, opened->id).ok());
  world.clock.Advance(std::chrono::minutes(1));
  ASSERT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  const Simulation simulation = Simulate(Draft(Leaf("private_only", "is_true")));
  ASSERT_EQ(simulation.decisions.size(), 2U);
  EXPECT_EQ(simulation.decisions[0].consequence, Consequence::kLifted);
  EXPECT_EQ(simulation.decisions[1].consequence, Consequence::kRefused) << "it was closed by then";
  EXPECT_EQ(simulation.refused, 1);
}

TEST_F(SimulationTest, ImagesThatCameUnseenAreCountedAndNotTakenForGood) {
  ASSERT_TRUE(Submit("container-registry.image.push", {}).ok());
  ASSERT_TRUE(Submit("container-registry.trash.restore", {}).ok());
  ASSERT_TRUE(Submit("container-registry.image.delete", {}).ok());
  const Simulation of_images =
      Simulate(Draft(Leaf("signature_attached", "is_true"), {Action::kDisallow}, "image"));
  EXPECT_EQ(of_images.not_recorded, 2);
  EXPECT_EQ(of_images.judged, 0);
  EXPECT_EQ(Simulate(Draft(Leaf("tags", "num_less_than", "9"), {Action::kDisallow}, "repository"))
                .not_recorded,
            2);
  EXPECT_EQ(Simulate(Draft(Leaf("private_only", "is_true"))).not_recorded, 0)
      << "it asks nothing of images";
}

TEST_F(SimulationTest, WhatAChangeGovernsInOtherAccountsIsTheirs) {
  control::Resource theirs = world.Service("us.icr.io");
  theirs.account = AccountId("account-2");
  ASSERT_TRUE(world.database()
                  .Write([&](db::Transaction& tx) {
                    return testing::FactTable::Put(tx, theirs, PrivateOnly(false));
                  })
                  .ok());
  ASSERT_TRUE(Submit("enterprise.account.create", {theirs}).ok());
  const Simulation simulation = Simulate(Draft(Leaf("private_only", "is_true")));
  EXPECT_EQ(simulation.changes, 0);
  EXPECT_EQ(simulation.judged, 0);
}

TEST_F(SimulationTest, WhoOnlyLookedOnIsNotJudgedByRulesThatLookAtNothing) {
  const auto us = world.Service("us.icr.io");
  ASSERT_TRUE(world.Change(us, PrivateOnly(false)).ok());
  CreateAttached(Draft(EachNamespace("all_ifexists"), {Action::kAuditLog}));
  world.clock.Advance(std::chrono::hours(2));
  ASSERT_TRUE(SetPatterns("us.icr.io", {"v*"}).ok());
  const Simulation simulation = Simulate(Draft(Leaf("private_only", "is_true")));
  EXPECT_EQ(simulation.changes, 1) << "of the namespace";
  EXPECT_EQ(simulation.judged, 0) << "the service was not changed";
}

}  // namespace
}  // namespace breakwater::governance
