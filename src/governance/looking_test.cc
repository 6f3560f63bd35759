// Rules with sub-rules: who looks at what a change touches is judged as well, once and in full.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "governance/rule_testing.h"

namespace breakwater::governance {
namespace {

using ::testing::HasSubstr;

class LookingTest : public testing::RuleTest {
 protected:
  // Takes namespaces away.
  Status Remove(const std::vector<control::Resource>& spaces) {
    return world.changes.Submit(world.caller,
                                {.action = "container-registry.namespace.delete",
                                 .resource = spaces.front(),
                                 .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                   for (const control::Resource& one : spaces) {
                                     BW_TRY_STATUS(testing::FactTable::Remove(tx, one));
                                   }
                                   return control::Effect{.before = nullptr,
                                                          .after = nullptr,
                                                          .governed = {},
                                                          .events = {},
                                                          .target_digest = {},
                                                          .gone = spaces};
                                 }});
  }
  std::int64_t JudgementsOfLastChange() {
    const json::Value judgement = world.LastRecord().judgement;
    return judgement.is_array() ? std::ssize(judgement.get_array()) : 0;
  }
};

TEST_F(LookingTest, ChangesOfOtherResourcesAreGuarded) {
  ASSERT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(true)).ok());
  CreateAttached(Draft(EachNamespace("all_ifexists")));
  EXPECT_TRUE(SetPatterns("us.icr.io", {"v*"}).ok());
  const Status refused = SetPatterns("us.icr.io", {});
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message(), HasSubstr("0 of 1 resources"));
  world.Settle();
  EXPECT_EQ(world.Found().front().outcome, condition::Outcome::kCompliant);
}

TEST_F(LookingTest, WhoLooksFromAnotherRegistryIsNotConcerned) {
  ASSERT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(true)).ok());
  CreateAttached(Draft(EachNamespace("all_ifexists")));
  EXPECT_TRUE(SetPatterns("de.icr.io", {}).ok());
  EXPECT_EQ(JudgementsOfLastChange(), 1) << "of the namespace alone";
}

TEST_F(LookingTest, OneChangeOfManyIsLookedAtOnce) {
  ASSERT_TRUE(world.Change(control::AccountResource(world.account, "access"), {}).ok());
  CreateAttached(Draft(EachNamespace("all_ifexists"), {Action::kAuditLog}, "access"));
  const auto us = Space("us.icr.io");
  const auto de = Space("de.icr.io");
  const auto both = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY_STATUS(testing::FactTable::Put(tx, us, Patterned({})));
    BW_TRY_STATUS(testing::FactTable::Put(tx, de, Patterned({})));
    return control::Effect{.before = nullptr, .after = nullptr, .governed = {us, de}, .events = {}};
  };
  ASSERT_TRUE(
      world.changes
          .Submit(world.caller,
                  {.action = "container-registry.namespace.update", .resource = us, .apply = both})
          .ok());
  EXPECT_EQ(JudgementsOfLastChange(), 3) << "of each namespace, and once of who looks";
}

TEST_F(LookingTest, WhatIsNeededByAnyMustNotGo) {
  ASSERT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(true)).ok());
  ASSERT_TRUE(SetPatterns("us.icr.io", {"v*"}).ok());
  for (const std::string_view quantifier : {"any", "all"}) {
    const Rule rule = CreateAttached(Draft(EachNamespace(quantifier)));
    const Status refused = Remove({Space("us.icr.io")});
    ASSERT_FALSE(refused.ok()) << quantifier;
    EXPECT_EQ(refused.error().reason(), "config_rule_denied");
    ASSERT_TRUE(world.governance.DeleteRule(world.caller, world.account, rule.id).ok());
  }
}

TEST_F(LookingTest, WhatViolatesARuleMayGoWhateverElseViolatesIt) {
  ASSERT_TRUE(world.Change(control::AccountResource(world.account, "access"), {}).ok());
  ASSERT_TRUE(SetPatterns("us.icr.io", {}).ok());
  ASSERT_TRUE(SetPatterns("de.icr.io", {}).ok());
  CreateAttached(Draft(EachNamespace("all"), {Action::kDisallow}, "access"));
  EXPECT_TRUE(Remove({Space("us.icr.io")}).ok()) << "the other one keeps it violated";
  EXPECT_FALSE(Remove({Space("de.icr.io")}).ok()) << "there must be one";
}

TEST_F(LookingTest, WhatNothingMustBeThereForMayGo) {
  ASSERT_TRUE(world.Change(world.Service("us.icr.io"), PrivateOnly(true)).ok());
  ASSERT_TRUE(SetPatterns("us.icr.io", {}).ok());
  CreateAttached(Draft(EachNamespace("all_ifexists")));
  EXPECT_TRUE(Remove({Space("us.icr.io")}).ok());
}

}  // namespace
}  // namespace breakwater::governance
