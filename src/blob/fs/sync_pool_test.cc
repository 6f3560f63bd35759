#include "blob/fs/sync_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace breakwater::blob {
namespace {

TEST(SyncPool, CallsEachIndexOnceForEveryCaller) {
  SyncPool pool(3);
  std::vector<std::thread> callers;
  for (int c = 0; c < 4; ++c) {
    callers.emplace_back([&] {
      for (std::size_t count = 0; count < 50; ++count) {
        std::vector<std::atomic<int>> calls(count);
        pool.ForEach(count, [&](std::size_t i) { ++calls[i]; });
        for (const auto& n : calls) EXPECT_EQ(n, 1);
      }
    });
  }
  for (auto& caller : callers) caller.join();
}

TEST(SyncPool, RunsSeveralAtATime) {
  SyncPool pool(4);
  std::latch all(4);
  // Each waits for all the others, so one after another would never end.
  pool.ForEach(4, [&](std::size_t) { all.arrive_and_wait(); });
  EXPECT_TRUE(all.try_wait());
}

}  // namespace
}  // namespace breakwater::blob
