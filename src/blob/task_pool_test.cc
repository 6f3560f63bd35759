#include "blob/task_pool.h"

#include <atomic>
#include <latch>

#include <gtest/gtest.h>

namespace breakwater::blob {
namespace {

TEST(TaskPool, CallsEachIndexOnceForEveryCaller) {
  TaskPool pool(3);
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

TEST(TaskPool, RunsSeveralAtATime) {
  TaskPool pool(3);
  std::latch all(4);
  // Each waits for all the others, so one after another would never end. The caller is the fourth.
  pool.ForEach(4, [&](std::size_t) { all.arrive_and_wait(); });
  EXPECT_TRUE(all.try_wait());
}

TEST(TaskPool, WorkMayUseThePoolItself) {
  TaskPool pool(2);
  std::atomic<int> calls = 0;
  pool.ForEach(8, [&](std::size_t) {
    pool.ForEach(8, [&](std::size_t) { pool.ForEach(8, [&](std::size_t) { ++calls; }); });
  });
  EXPECT_EQ(calls, 8 * 8 * 8);
}

TEST(TaskPool, RunsInTheBackgroundUntilItIsFinished) {
  TaskPool pool(1);
  TaskPool::Batch batch;
  std::latch begun(1);
  std::latch go_on(1);
  pool.Start(batch, 1, [&](std::size_t) {
    begun.count_down();
    go_on.wait();
  });
  begun.wait();
  EXPECT_FALSE(pool.IsDone(batch));
  go_on.count_down();
  pool.Finish(batch);
  EXPECT_TRUE(pool.IsDone(batch));
  pool.Finish(batch);
}

TEST(TaskPool, CancelLeavesOutWhatHasNotBegun) {
  TaskPool pool(1);
  TaskPool::Batch busy;
  TaskPool::Batch left_out;
  std::latch begun(1);
  std::latch go_on(1);
  std::atomic<int> calls = 0;
  pool.Start(busy, 1, [&](std::size_t) {
    begun.count_down();
    go_on.wait();
    ++calls;
  });
  begun.wait();
  pool.Start(left_out, 3, [&](std::size_t) { ++calls; });
  pool.Cancel(left_out);
  EXPECT_EQ(calls, 0);
  go_on.count_down();
  pool.Cancel(busy);
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace breakwater::blob
