#include "base/wait.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace breakwater {
namespace {

TEST(Waiting, IsFreeOutsideOfAScope) {
  EXPECT_TRUE(BeforeWaiting().ok());
}

TEST(Waiting, IsRefusedInAScopeAndMarked) {
  NoWaitScope scope;
  EXPECT_FALSE(scope.refused());
  const Status status = BeforeWaiting();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().reason(), "would_wait");
  EXPECT_TRUE(scope.refused());
}

TEST(Waiting, IsFreeAgainAfterTheScope) {
  {
    NoWaitScope scope;
    EXPECT_FALSE(BeforeWaiting().ok());
  }
  EXPECT_TRUE(BeforeWaiting().ok());
  NoWaitScope next;
  EXPECT_FALSE(next.refused()) << "a mark belongs to its scope";
}

}  // namespace
}  // namespace breakwater
