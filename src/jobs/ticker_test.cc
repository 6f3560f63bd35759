#include "jobs/ticker.h"

#include <atomic>

#include <gtest/gtest.h>

namespace breakwater::jobs {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

TEST(Ticker, WorksOnceMoreAtTheEnd) {
  std::atomic<int> times{0};
  Ticker ticker("test", hours{1}, [&] {
    ++times;
    return Ok();
  });
  ticker.Start();
  EXPECT_EQ(times, 0);
  ticker.Stop();
  EXPECT_EQ(times, 1);
  ticker.Stop();
  EXPECT_EQ(times, 1);
}

TEST(Ticker, WorksAgainAfterAnError) {
  Mutex mutex;
  ConditionVariable changed;
  int times = 0;
  Ticker ticker("test", milliseconds{1}, [&]() -> Status {
    const MutexLock lock(mutex);
    ++times;
    changed.notify_all();
    return Unavailable("as it was told to");
  });
  ticker.Start();
  {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return times >= 3; });
  }
  ticker.Stop();
  EXPECT_GE(times, 4);
}

TEST(Ticker, ThatNeverStartedDoesNothing) {
  bool worked = false;
  {
    Ticker ticker("test", milliseconds{1}, [&] {
      worked = true;
      return Ok();
    });
  }
  EXPECT_FALSE(worked);
}

}  // namespace
}  // namespace breakwater::jobs
