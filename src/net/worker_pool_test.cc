#include "net/worker_pool.h"

#include <atomic>
#include <future>
#include <set>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace breakwater::net {
namespace {

using Kind = WorkerPool::Kind;

TEST(WorkerPool, RunsWhatWasSubmittedBeforeItEnds) {
  std::atomic<int> done{0};
  {
    WorkerPool pool({.most = 3, .most_bulk = 2});
    for (int i = 0; i < 100; ++i) {
      pool.Submit(i % 2 == 0 ? Kind::kShort : Kind::kBulk, [&] { ++done; });
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPool, BeginsTasksOfAKindInOrder) {
  std::vector<int> order;
  {
    WorkerPool pool({.most = 1, .most_bulk = 1});
    for (int i = 0; i < 50; ++i) pool.Submit(Kind::kBulk, [&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 50U);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(WorkerPool, RunsAsManyAtOnceAsItMay) {
  WorkerPool pool({.most = 4, .most_bulk = 4});
  std::atomic<int> inside{0};
  std::promise<void> all;
  std::shared_future<void> all_inside = all.get_future().share();
  for (int i = 0; i < 4; ++i) {
    pool.Submit(Kind::kBulk, [&, all_inside] {
      if (++inside == 4) all.set_value();
      all_inside.wait();  // each needs the three others to be there
    });
  }
  all_inside.wait();
  EXPECT_EQ(inside, 4);
}

TEST(WorkerPool, KeepsThreadsFromBulk) {
  std::promise<void> opened;
  std::shared_future<void> gate = opened.get_future().share();
  std::promise<void> answered;
  WorkerPool pool({.most = 3, .most_bulk = 2});
  for (int i = 0; i < 10; ++i) pool.Submit(Kind::kBulk, [gate] { gate.wait(); });
  pool.Submit(Kind::kShort, [&] { answered.set_value(); });
  answered.get_future().wait();
  opened.set_value();
}

TEST(WorkerPool, TakesATaskFromATask) {
  std::promise<void> second;
  WorkerPool pool({.most = 1, .most_bulk = 1});
  pool.Submit(Kind::kShort, [&] { pool.Submit(Kind::kBulk, [&] { second.set_value(); }); });
  second.get_future().wait();
}

}  // namespace
}  // namespace breakwater::net
