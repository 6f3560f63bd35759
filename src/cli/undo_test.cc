#include "cli/undo.h"

#include <gtest/gtest.h>

namespace breakwater::cli {
namespace {

TEST(Undo, TakesBackTheNewestFirstWhateverFails) {
  Undo undo;
  std::string order;
  undo.Add("first", [&] { return order += "1", Ok(); });
  undo.Add("second", [&]() -> Status { return order += "2", Unavailable("gone"); });
  undo.Add("third", [&] { return order += "3", Ok(); });
  const auto outcomes = undo.Run();
  EXPECT_EQ(order, "321");
  ASSERT_EQ(outcomes.size(), 3U);
  EXPECT_EQ(outcomes[0].what, "third");
  EXPECT_TRUE(outcomes[0].status.ok());
  EXPECT_EQ(outcomes[1].what, "second");
  EXPECT_EQ(outcomes[1].status.error().message(), "gone");
  EXPECT_TRUE(outcomes[2].status.ok());
}

TEST(Undo, TakesNothingBackTwice) {
  Undo undo;
  int times = 0;
  undo.Add("once", [&] { return ++times, Ok(); });
  EXPECT_EQ(undo.Run().size(), 1U);
  EXPECT_EQ(undo.Run().size(), 0U);
  EXPECT_EQ(times, 1);
}

TEST(Undo, TakesBackWhatAnActionItselfLeftToBeTakenBack) {
  Undo undo;
  std::string order;
  undo.Add("outer", [&] {
    order += "outer ";
    undo.Add("inner", [&] { return order += "inner", Ok(); });
    return Ok();
  });
  EXPECT_EQ(undo.Run().size(), 2U);
  EXPECT_EQ(order, "outer inner");
}

}  // namespace
}  // namespace breakwater::cli
