#include "db/connection_slots.h"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace breakwater::db {
namespace {

using std::chrono::milliseconds;
using Slots = ConnectionSlots<int>;

TEST(ConnectionSlots, LatestConnectionGivenBackIsTakenFirst) {
  Slots slots(3, milliseconds(0));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(*slots.Take(), nullptr);
  for (int i = 0; i < 3; ++i) slots.GiveBack(std::make_unique<int>(i));
  EXPECT_EQ(*slots.Take().value(), 2);
  EXPECT_EQ(*slots.Take().value(), 1);
}

TEST(ConnectionSlots, NoMoreAreOutThanThereAreSlots) {
  Slots slots(2, milliseconds(0));
  EXPECT_TRUE(slots.Take());
  EXPECT_TRUE(slots.Take());
  EXPECT_FALSE(slots.Take());
  slots.GiveBack(nullptr);
  EXPECT_TRUE(slots.Take());
  EXPECT_FALSE(slots.Take());
}

TEST(ConnectionSlots, WhoWaitsGetsWhatIsGivenBack) {
  constexpr int kThreads = 8;
  constexpr int kTurns = 200;
  Slots slots(2, std::chrono::hours(1));
  std::atomic<int> out = 0;
  std::atomic<int> most = 0;
  std::atomic<int> turns = 0;
  const auto take_turns = [&] {
    for (int i = 0; i < kTurns; ++i) {
      auto connection = slots.Take();
      if (!connection) return;
      const int now = ++out;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      ++turns;
      --out;
      // Now and then one that is not worth keeping.
      slots.GiveBack(i % 7 == 0 ? nullptr : std::make_unique<int>(i));
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int i = 0; i < kThreads; ++i) threads.emplace_back(take_turns);
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(turns, kThreads * kTurns);
  EXPECT_LE(most, 2);
}

}  // namespace
}  // namespace breakwater::db
