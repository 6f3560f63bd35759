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
using Seat = WorkerPool::Seat;

TEST(WorkerPool, RunsWhatWasSubmittedBeforeItEnds) {
  std::atomic<int> done{0};
  {
    WorkerPool pool({.most = 3, .most_bulk = 2});
    for (int i = 0; i < 100; ++i) {
      pool.Submit(i % 2 == 0 ? Kind::kShort : Kind::kBulk, [&](Seat&) { ++done; });
    }
  }
  EXPECT_EQ(done, 100);
}

TEST(WorkerPool, BeginsTasksOfAKindInOrder) {
  std::vector<int> order;
  {
    WorkerPool pool({.most = 1, .most_bulk = 1});
    for (int i = 0; i < 50; ++i)
      pool.Submit(Kind::kBulk, [&order, i](Seat&) { order.push_back(i); });
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
    pool.Submit(Kind::kBulk, [&, all_inside](Seat&) {
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
  for (int i = 0; i < 10; ++i) pool.Submit(Kind::kBulk, [gate](Seat&) { gate.wait(); });
  pool.Submit(Kind::kShort, [&](Seat&) { answered.set_value(); });
  answered.get_future().wait();
  opened.set_value();
}

TEST(WorkerPool, TakesATaskFromATask) {
  std::promise<void> second;
  WorkerPool pool({.most = 1, .most_bulk = 1});
  pool.Submit(Kind::kShort,
              [&](Seat&) { pool.Submit(Kind::kBulk, [&](Seat&) { second.set_value(); }); });
  second.get_future().wait();
}

TEST(WorkerPool, TurnsNoMoreTasksToBulkThanMayBe) {
  std::atomic<int> turned{0};
  std::promise<void> asked;
  std::promise<void> opened;
  std::shared_future<void> gate = opened.get_future().share();
  WorkerPool pool({.most = 3, .most_bulk = 1});
  std::atomic<int> left{2};
  for (int i = 0; i < 2; ++i) {
    pool.Submit(Kind::kShort, [&, gate](Seat& seat) {
      turned += seat.TurnToBulk() ? 1 : 0;
      if (--left == 0) asked.set_value();
      gate.wait();
    });
  }
  asked.get_future().wait();
  EXPECT_EQ(turned, 1);
  opened.set_value();
  // The place is free again.
  while (turned < 2) {
    std::promise<bool> tried;
    pool.Submit(Kind::kShort, [&](Seat& seat) { tried.set_value(seat.TurnToBulk()); });
    turned += tried.get_future().get() ? 1 : 0;
  }
}

}  // namespace
}  // namespace breakwater::net
