#include "iam/activity.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;

class ActivityTest : public ::testing::Test {
 protected:
  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> database = db::testing::OpenTestDatabase();
  Activity activity{database->database(), clock};
};

TEST_F(ActivityTest, CountsWhatIsWrittenAndWhatIsNot) {
  EXPECT_EQ(activity.Read("a")->count, 0);
  EXPECT_FALSE(activity.Read("a")->last.has_value());
  activity.Note("a");
  activity.Note("a");
  EXPECT_EQ(activity.Read("a")->count, 2);
  ASSERT_TRUE(activity.Write().ok());
  clock.Advance(hours(1));
  activity.Note("a");
  EXPECT_EQ(activity.Read("a")->count, 3);
  EXPECT_EQ(activity.Read("a")->last, clock.Now());
  EXPECT_EQ(activity.Read("b")->count, 0);
}

TEST_F(ActivityTest, ProcessesAddUp) {
  Activity other(database->database(), clock);
  activity.Note("a");
  const Timestamp later = clock.Now() + hours(1);
  clock.Advance(hours(1));
  other.Note("a");
  ASSERT_TRUE(other.Write().ok());
  ASSERT_TRUE(activity.Write().ok());
  EXPECT_EQ(activity.Read("a")->count, 2);
  EXPECT_EQ(activity.Read("a")->last, later);
}

TEST_F(ActivityTest, TheEndWritesWhatIsLeft) {
  {
    Activity ending(database->database(), clock);
    ending.Start(hours(1));
    ending.Note("a");
  }
  EXPECT_EQ(activity.Read("a")->count, 1);
}

TEST(ActivityOfKeys, AProofByAKeyIsCountedForItAndItsServiceId) {
  testing::World world;
  const auto made = *world.service_ids.Create(world.administrator, world.account,
                                              {.name = "s", .api_key = NewApiKey{.name = "k"}});
  Activity activity(world.database->database(), world.clock);
  world.credentials.Count(activity);
  ASSERT_TRUE(world.credentials.WithApiKey(made.api_key->value).ok());
  EXPECT_FALSE(world.credentials.WithApiKey(Secret("another")).ok());
  EXPECT_EQ(activity.Read(made.api_key->key.id)->count, 1);
  EXPECT_EQ(activity.Read(made.service_id.id)->count, 1);
  EXPECT_EQ(activity.Read(made.service_id.id)->last, world.clock.Now());
}

}  // namespace
}  // namespace breakwater::iam
