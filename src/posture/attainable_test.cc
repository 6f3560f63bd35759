#include "posture/attainable.h"

#include <gtest/gtest.h>

#include "posture/content.h"

namespace breakwater::posture {
namespace {

// The baseline's goals on access: at most 3 and at least 2 administrators, at least 3 managers.
class Attainable : public ::testing::Test {
 protected:
  std::vector<BoundGoal> Bind(const json::Object& parameters) {
    auto bound = BindGoals(*profile_, {"container-registry", "access"}, parameters);
    EXPECT_TRUE(bound.ok());
    return *std::move(bound);
  }
  static std::string Why(const std::vector<BoundGoal>& goals, std::string_view id,
                         const condition::Facts& facts) {
    for (const BoundGoal& goal : goals) {
      if (goal.goal->id == id) return WhyUnattainable(goal, facts);
    }
    return "no such goal";
  }

  std::shared_ptr<const Profile> profile_ = Content::BuiltIn().FindProfile("60");
};

condition::Facts Team(std::int64_t users) {
  condition::Facts facts;
  facts.Set("account_users",
            condition::Fact::Present(condition::Number(users), "test", Timestamp{}));
  return facts;
}

TEST_F(Attainable, AGoalThatAsksForMorePeopleThanThereAreSaysSo) {
  const auto goals = Bind({});
  EXPECT_NE(Why(goals, "3000635", Team(2)).find("account_users"), std::string::npos);
  EXPECT_EQ(Why(goals, "3000635", Team(3)), "");
  EXPECT_EQ(Why(goals, "3000623", Team(0)), "") << "nobody is too few for at most 3";
  EXPECT_EQ(Why(goals, "3000635", {}), "") << "nothing is known";
  EXPECT_EQ(Why(Bind({{"no_of_managers_for_container_registry", 2}}), "3000635", Team(2)), "");
}

TEST_F(Attainable, GoalsThatAskForTheOppositeAreNamed) {
  EXPECT_TRUE(Contradictions(Bind({})).empty());
  EXPECT_TRUE(Contradictions(Bind({{"min_administrators", 3}})).empty());
  const auto found = Contradictions(Bind({{"min_administrators", 4}}));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front(),
            "goals 3900101 and 3000623 cannot both be met: 3900101 asks for at least 4 users, "
            "3000623 for at most 3 users");
}

}  // namespace
}  // namespace breakwater::posture
