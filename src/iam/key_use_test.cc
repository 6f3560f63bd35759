#include "iam/key_use.h"

#include <gtest/gtest.h>

#include "control/facts_testing.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using std::chrono::hours;

TEST(KeyUse, TheFirstUseOfADayIsToldForEachKey) {
  testing::World world;
  const auto made = *world.service_ids.Create(world.administrator, world.account,
                                              {.name = "s", .api_key = NewApiKey{.name = "k"}});
  db::Database& database = world.database->database();
  control::testing::FactNews news(*world.jobs);
  control::testing::SourceReader reader(database, world.identity_facts);
  const auto key = GovernedApiKey(made.api_key->key);
  ASSERT_TRUE(world.activity.Write().ok());
  KeyUse use(database, *world.jobs, world.clock);
  ASSERT_TRUE(use.Tell().ok());
  news.Take();
  EXPECT_EQ(reader.Text(key, "last_used_at"), "absent");
  Activity activity(database, world.clock);
  const auto prove = [&] {
    activity.Note(made.api_key->key.id);
    activity.Note(made.service_id.id);
    ASSERT_TRUE(activity.Write().ok());
    ASSERT_TRUE(use.Tell().ok());
  };
  const std::vector<std::string> told{"apikey " + made.api_key->key.id};
  prove();
  EXPECT_EQ(news.Take(), told);
  EXPECT_EQ(reader.Text(key, "last_used_at"), "\"" + FormatRfc3339(world.clock.Now()) + "\"");
  world.clock.Advance(hours(1));
  prove();
  EXPECT_TRUE(news.Take().empty()) << "it is in use all day";
  world.clock.Advance(hours(20));
  prove();
  EXPECT_EQ(news.Take(), told);
}

}  // namespace
}  // namespace breakwater::iam
