#include "iam/sign_in/fair_turns.h"

#include <functional>
#include <optional>
#include <thread>

#include <gtest/gtest.h>

#include "base/testing.h"

namespace breakwater::iam {
namespace {

class FairTurnsTest : public ::testing::Test {
 protected:
  ~FairTurnsTest() override { End(); }
  // Somebody who waits for a turn, notes it, and gives it back.
  void Come(const std::string& address) {
    threads.emplace_back([this, address] {
      const auto turn = turns.Take(address);
      const MutexLock lock(mutex);
      (turn.ok() ? served : refused).push_back(address);
    });
  }
  void Until(const std::function<bool()>& holds) {
    while (!holds()) std::this_thread::yield();
  }
  std::size_t Refused() {
    const MutexLock lock(mutex);
    return refused.size();
  }
  void End() {
    for (std::thread& one : threads) one.join();
    threads.clear();
  }

  breakwater::testing::ManualClock clock;
  FairTurns turns{clock, {.max_waiting = 8, .max_wait = std::chrono::minutes(10)}};
  std::vector<std::thread> threads;
  Mutex mutex;
  std::vector<std::string> served;
  std::vector<std::string> refused;
};

TEST_F(FairTurnsTest, WhoWastedNoneGoesBeforeAFullQueueOfThoseWhoDid) {
  std::optional<FairTurns::Turn> held(*turns.Take("198.51.100.1"));
  for (int i = 0; i < 8; ++i) {
    const std::string address = "192.0.2." + std::to_string(i);
    turns.Waste(address);
    Come(address);
    Until([&] { return turns.waiting() == static_cast<std::size_t>(i) + 1; });
  }
  Come("203.0.113.9");
  Until([&] { return Refused() == 1; });
  EXPECT_EQ(refused.front(), "192.0.2.7");
  held.reset();
  End();
  ASSERT_EQ(served.size(), 8U);
  EXPECT_EQ(served.front(), "203.0.113.9");
}

TEST_F(FairTurnsTest, WhoWastedAsManyAsTheOthersWaitsLikeThem) {
  const std::optional<FairTurns::Turn> held(*turns.Take("198.51.100.1"));
  for (int i = 0; i < 8; ++i) Come("192.0.2." + std::to_string(i));
  Until([&] { return turns.waiting() == 8; });
  EXPECT_EQ(turns.Take("192.0.2.100").error().reason(), "password_hash_busy");
}

TEST_F(FairTurnsTest, OneNetworkHasFewPlaces) {
  std::optional<FairTurns::Turn> held(*turns.Take("198.51.100.1"));
  for (int i = 0; i < 4; ++i) Come("2001:db8::" + std::to_string(i));
  Until([&] { return turns.waiting() == 4; });
  EXPECT_EQ(turns.Take("2001:db8::ffff").error().reason(), "password_hash_busy");
  held.reset();
}

TEST_F(FairTurnsTest, TheMachineItselfGoesFirst) {
  std::optional<FairTurns::Turn> held(*turns.Take("198.51.100.1"));
  Come("192.0.2.1");
  Until([&] { return turns.waiting() == 1; });
  Come("127.0.0.1");
  Until([&] { return turns.waiting() == 2; });
  held.reset();
  End();
  EXPECT_EQ(served, (std::vector<std::string>{"127.0.0.1", "192.0.2.1"}));
}

TEST_F(FairTurnsTest, WasteIsForgotten) {
  turns.Waste("192.0.2.1");
  clock.Advance(std::chrono::hours(2));
  std::optional<FairTurns::Turn> held(*turns.Take("198.51.100.1"));
  Come("192.0.2.1");
  Until([&] { return turns.waiting() == 1; });
  Come("192.0.2.2");
  Until([&] { return turns.waiting() == 2; });
  held.reset();
  End();
  EXPECT_EQ(served.front(), "192.0.2.1");
}

}  // namespace
}  // namespace breakwater::iam
