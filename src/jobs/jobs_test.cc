#include "jobs/jobs.h"

#include <atomic>
#include <future>
#include <latch>
#include <map>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/sync.h"
#include "base/testing.h"
#include "db/testing.h"
#include "jobs/queue.h"

namespace breakwater::jobs {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class JobsTest : public ::testing::Test {
 protected:
  db::Database& database() { return database_->database(); }
  std::unique_ptr<Jobs> Make(const std::string& owner = "a", int workers = 2) {
    return MakeOver(database(), owner, workers);
  }
  std::unique_ptr<Jobs> MakeOver(db::Database& database, const std::string& owner, int workers) {
    return NewJobs({.workers = workers, .lease = minutes(1), .poll = hours(1), .owner = owner},
                   database, clock_);
  }
  Status Enqueue(Jobs& jobs, const NewJob& job) {
    return database().Write([&](db::Transaction& tx) { return jobs.Enqueue(tx, job); });
  }
  static NewJob JobOf(std::string kind, json::Value payload = nullptr) {
    return {.kind = std::move(kind),
            .payload = std::move(payload),
            .run_at = {},
            .deduplication_key = {}};
  }
  NewJob JobAt(std::string kind, microseconds later, json::Value payload = nullptr) {
    NewJob job = JobOf(std::move(kind), std::move(payload));
    job.run_at = clock_.Now() + later;
    return job;
  }
  static NewJob Keyed(std::string kind, std::string key, json::Value payload = nullptr) {
    NewJob job = JobOf(std::move(kind), std::move(payload));
    job.deduplication_key = std::move(key);
    return job;
  }
  // A handler that notes the payloads it gets.
  Handler Note() {
    return [this](const Job& job) {
      const MutexLock lock(mutex_);
      noted_.push_back(json::Serialize(job.payload));
      return Ok();
    };
  }
  std::vector<std::string> TakeNoted() {
    const MutexLock lock(mutex_);
    return std::exchange(noted_, {});
  }
  std::string LastError() {
    const auto text = database().ReadValue([](db::Transaction& tx) {
      return tx.QueryOne("SELECT last_error FROM job", {},
                         [](const db::Row& row) { return row.String(0); });
    });
    return text.ok() ? text->value_or("") : "";
  }

  testing::ManualClock clock_;
  std::unique_ptr<db::testing::TestDatabase> database_ = db::testing::OpenTestDatabase();
  Mutex mutex_;
  std::vector<std::string> noted_;
};

using Texts = std::vector<std::string>;

TEST_F(JobsTest, RunsWhatIsEnqueuedOnceAndForgetsIt) {
  const auto jobs = Make();
  jobs->Register("note", {}, Note());
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note", {{"n", 1}})).ok());
  EXPECT_EQ(jobs->Count()->pending, 1);
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_EQ(TakeNoted(), Texts{R"({"n":1})"});
  EXPECT_EQ(*jobs->RunDue(), 0);
  EXPECT_EQ(jobs->Count()->pending, 0);
}

TEST_F(JobsTest, LeavesJobsOfUnknownKindsForOtherProcesses) {
  const auto jobs = Make();
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note")).ok());
  EXPECT_EQ(*jobs->RunDue(), 0);
  const auto other = Make("b");
  other->Register("note", {}, Note());
  EXPECT_EQ(*other->RunDue(), 1);
}

TEST_F(JobsTest, JobOfARolledBackTransactionDoesNotExist) {
  const auto jobs = Make();
  jobs->Register("note", {}, Note());
  jobs->Subscribe("image.pushed", "note");
  const Status status = database().Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(jobs->Enqueue(tx, JobOf("note")));
    BW_TRY_STATUS(jobs->Emit(tx, {"image.pushed", {}}));
    return Conflict("no");
  });
  EXPECT_FALSE(status.ok());
  EXPECT_EQ(*jobs->RunDue(), 0);
}

TEST_F(JobsTest, EventBecomesOneJobForEachSubscriber) {
  const auto jobs = Make();
  std::set<std::string> kinds;
  for (const char* kind : {"scan", "notify", "other"}) {
    jobs->Register(kind, {}, [&](const Job& job) {
      kinds.insert(job.kind);
      EXPECT_EQ(json::Serialize(job.payload), R"({"image":"x"})");
      return Ok();
    });
  }
  jobs->Subscribe("image.pushed", "scan");
  jobs->Subscribe("image.pushed", "notify");
  jobs->Subscribe("image.pushed", "notify");
  jobs->Subscribe("image.deleted", "other");
  ASSERT_TRUE(database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(jobs->Emit(tx, {"nobody.cares", {}}));
                    return jobs->Emit(tx, {"image.pushed", {{"image", "x"}}});
                  })
                  .ok());
  EXPECT_EQ(*jobs->RunDue(), 2);
  EXPECT_EQ(kinds, (std::set<std::string>{"notify", "scan"}));
}

TEST_F(JobsTest, RunsByDueTimeThenInOrderOfArrival) {
  const auto jobs = Make();
  jobs->Register("note", {}, Note());
  ASSERT_TRUE(Enqueue(*jobs, JobAt("note", seconds(2), 4)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobAt("note", seconds(1), 2)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobAt("note", seconds(1), 3)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note", 1)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobAt("note", hours(1), 5)).ok());
  clock_.Advance(seconds(2));
  EXPECT_EQ(*jobs->RunDue(), 4);
  EXPECT_EQ(TakeNoted(), (Texts{"1", "2", "3", "4"}));
  clock_.Advance(hours(1));
  EXPECT_EQ(*jobs->RunDue(), 1);
}

TEST_F(JobsTest, PendingJobsOfOneKindAndKeyAreOne) {
  const auto jobs = Make();
  jobs->Register("note", {}, Note());
  jobs->Register("other", {}, Note());
  ASSERT_TRUE(Enqueue(*jobs, Keyed("note", "k", 1)).ok());
  ASSERT_TRUE(Enqueue(*jobs, Keyed("note", "k", 2)).ok());
  ASSERT_TRUE(Enqueue(*jobs, Keyed("note", "l", 3)).ok());
  ASSERT_TRUE(Enqueue(*jobs, Keyed("other", "k", 4)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note", 5)).ok());
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note", 6)).ok());
  EXPECT_EQ(*jobs->RunDue(), 5);
  EXPECT_EQ(TakeNoted(), (Texts{"1", "3", "4", "5", "6"}));
  ASSERT_TRUE(Enqueue(*jobs, Keyed("note", "k", 7)).ok());
  EXPECT_EQ(*jobs->RunDue(), 1);
}

TEST_F(JobsTest, RequestDuringARunMakesAnotherRun) {
  const auto jobs = Make();
  int runs = 0;
  jobs->Register("scan", {}, [&](const Job&) -> Status {
    if (++runs == 1) return Enqueue(*jobs, Keyed("scan", "k"));
    return Ok();
  });
  ASSERT_TRUE(Enqueue(*jobs, Keyed("scan", "k")).ok());
  EXPECT_EQ(*jobs->RunDue(), 2);
}

TEST_F(JobsTest, FailedRunGivesWayToAWaitingOneOfItsKey) {
  const auto jobs = Make();
  int runs = 0;
  jobs->Register("scan", {}, [&](const Job&) -> Status {
    if (++runs > 1) return Ok();
    BW_TRY_STATUS(Enqueue(*jobs, Keyed("scan", "k")));
    return Unavailable("later");
  });
  ASSERT_TRUE(Enqueue(*jobs, Keyed("scan", "k")).ok());
  EXPECT_EQ(*jobs->RunDue(), 2);
  clock_.Advance(hours(2));
  EXPECT_EQ(*jobs->RunDue(), 0);
}

TEST_F(JobsTest, FailedJobComesBackLaterEachTimeAndIsDeadInTheEnd) {
  const auto jobs = Make();
  std::vector<int> attempts;
  jobs->Register("fail",
                 {.max_attempts = 4, .first_delay = seconds(10), .longest_delay = seconds(25)},
                 [&](const Job& job) -> Status {
                   attempts.push_back(job.attempt);
                   return Unavailable("no answer").Reason("peer_down").Log("http://secret");
                 });
  ASSERT_TRUE(Enqueue(*jobs, JobOf("fail")).ok());
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_EQ(LastError(), "no answer (peer_down)");
  for (const seconds delay : {seconds(10), seconds(20), seconds(25)}) {
    clock_.Advance(delay / 2 - microseconds(1));
    EXPECT_EQ(*jobs->RunDue(), 0);
    clock_.Advance(delay - delay / 2 + microseconds(1));
    EXPECT_EQ(*jobs->RunDue(), 1);
  }
  EXPECT_EQ(attempts, (std::vector{1, 2, 3, 4}));
  const Counts counts = *jobs->Count();
  EXPECT_EQ(counts.dead, 1);
  EXPECT_EQ(counts.pending + counts.running, 0);
  clock_.Advance(hours(1000));
  EXPECT_EQ(*jobs->RunDue(), 0);
}

TEST_F(JobsTest, ExceptionIsAFailure) {
  const auto jobs = Make();
  jobs->Register("throw", {.max_attempts = 1},
                 [](const Job&) -> Status { throw std::runtime_error("oops"); });
  ASSERT_TRUE(Enqueue(*jobs, JobOf("throw")).ok());
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_EQ(jobs->Count()->dead, 1);
  EXPECT_EQ(LastError(), "internal error");
}

TEST_F(JobsTest, TooMuchDataIsRefused) {
  const auto jobs = Make();
  const Status status = Enqueue(*jobs, JobOf("note", json::Value(std::string(2 << 20, 'x'))));
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code(), ErrorCode::kTooLarge);
}

// A process that takes a job and dies.
class Crashing {
 public:
  Crashing(db::Database& database, const Clock& clock)
      : queue_(database, clock, "crashed", minutes(1)) {
    queue_.SetKinds({"note"});
  }
  std::optional<Claim> Take() { return *queue_.Next(); }
  Queue& queue() { return queue_; }

 private:
  Queue queue_;
};

TEST_F(JobsTest, JobOfACrashedProcessRunsAgainWhenItsLeaseEnds) {
  const auto jobs = Make();
  int attempt = 0;
  jobs->Register("note", {}, [&](const Job& job) {
    attempt = job.attempt;
    return Ok();
  });
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note")).ok());
  Crashing crashed(database(), clock_);
  ASSERT_TRUE(crashed.Take());
  EXPECT_EQ(jobs->Count()->running, 1);
  clock_.Advance(minutes(1) - microseconds(1));
  EXPECT_EQ(*jobs->RunDue(), 0);
  clock_.Advance(microseconds(1));
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_EQ(attempt, 2);
}

TEST_F(JobsTest, JobThatAlwaysEndsTheProcessIsDeadInTheEnd) {
  const auto jobs = Make();
  jobs->Register("note", {.max_attempts = 3}, Note());
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note")).ok());
  Crashing crashed(database(), clock_);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(crashed.Take());
    clock_.Advance(minutes(1));
  }
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_TRUE(TakeNoted().empty());
  EXPECT_EQ(jobs->Count()->dead, 1);
}

TEST_F(JobsTest, ClaimThatWasTakenOverChangesNothingMore) {
  const auto jobs = Make();
  ASSERT_TRUE(Enqueue(*jobs, JobOf("note")).ok());
  Crashing slow(database(), clock_);
  const auto first = slow.Take();
  clock_.Advance(minutes(1));
  // The same owner even: the attempt tells them apart.
  const auto second = slow.Take();
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(slow.queue().Remove(*first).ok());
  ASSERT_TRUE(slow.queue().Bury(*first, Unavailable("x")).ok());
  ASSERT_TRUE(slow.queue().Retry(*first, clock_.Now(), Unavailable("x")).ok());
  EXPECT_EQ(jobs->Count()->running, 1);
  ASSERT_TRUE(slow.queue().Remove(*second).ok());
  EXPECT_EQ(jobs->Count()->running, 0);
}

TEST_F(JobsTest, EightWorkersOfTwoProcessesRunEachJobOnce) {
  constexpr int kJobs = 200;
  std::latch all(kJobs);
  std::vector<std::atomic<int>> runs(kJobs);
  // With connections of its own, where several processes may have the database open.
  const auto other = database_->OpenAnother();
  std::unique_ptr<Jobs> processes[] = {Make("a", 4),
                                       MakeOver(other != nullptr ? *other : database(), "b", 4)};
  for (auto& process : processes) {
    process->Register("count", {}, [&](const Job& job) {
      ++runs[static_cast<std::size_t>(job.payload.as_int64())];
      all.count_down();
      return Ok();
    });
  }
  // Both sets of workers are awake only for jobs of their own process: polls are an hour away.
  for (int i = 0; i < kJobs / 2; ++i) ASSERT_TRUE(Enqueue(*processes[0], JobOf("count", i)).ok());
  for (auto& process : processes) process->Start();
  for (int i = kJobs / 2; i < kJobs; ++i) {
    ASSERT_TRUE(Enqueue(*processes[i % 2], JobOf("count", i)).ok());
  }
  all.wait();
  for (auto& process : processes) process->Stop(minutes(5));
  for (const auto& n : runs) EXPECT_EQ(n, 1);
  const Counts counts = *processes[0]->Count();
  EXPECT_EQ(counts.pending + counts.running + counts.dead, 0);
}

TEST_F(JobsTest, WaitingJobThatDoesForAnotherIsNotTakenBeforeThatOneIsCommitted) {
  const auto other = database_->OpenAnother();
  if (other == nullptr) GTEST_SKIP() << "one writer by nature";
  const auto jobs = Make();
  NewJob job = JobOf("note");
  job.deduplication_key = "all";
  ASSERT_TRUE(Enqueue(*jobs, job).ok());
  Crashing elsewhere(*other, clock_);
  ASSERT_TRUE(database()
                  .Write([&](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(jobs->Enqueue(tx, job));
                    // It would not see what this transaction is about to change.
                    EXPECT_FALSE(elsewhere.Take());
                    return Ok();
                  })
                  .ok());
  EXPECT_EQ(jobs->Count()->pending, 1);
  EXPECT_TRUE(elsewhere.Take());
  ASSERT_TRUE(Enqueue(*jobs, job).ok());
  EXPECT_EQ(jobs->Count()->pending, 1);
}

TEST_F(JobsTest, EveryRunsInOneOfTwoProcessesPerInterval) {
  const auto a = Make("a");
  const auto b = Make("b");
  int runs = 0;
  for (Jobs* jobs : {a.get(), b.get()}) {
    jobs->Every("sweep", hours(1), [&] {
      ++runs;
      return Ok();
    });
  }
  const auto run_both = [&] { return *a->RunDue() + *b->RunDue(); };
  EXPECT_EQ(run_both(), 1);
  EXPECT_EQ(run_both(), 0);
  for (int i = 2; i < 5; ++i) {
    clock_.Advance(hours(1));
    EXPECT_EQ(run_both(), 1);
    EXPECT_EQ(runs, i);
  }
  EXPECT_EQ(a->Count()->pending, 0);
}

TEST_F(JobsTest, EveryKeepsItsTimeOverARestartAndNoticesAShorterInterval) {
  const auto run = [&](minutes interval) {
    const auto jobs = Make();
    jobs->Every("sweep", interval, [] { return Ok(); });
    return *jobs->RunDue();
  };
  EXPECT_EQ(run(minutes(60)), 1);
  EXPECT_EQ(run(minutes(60)), 0);
  EXPECT_EQ(run(minutes(10)), 0);
  clock_.Advance(minutes(10));
  EXPECT_EQ(run(minutes(10)), 1);
}

// Whoever makes others' work by the thousand holds up nothing that runs by the clock.
TEST_F(JobsTest, WhatRecursComesBeforeWhateverHasBeenDueForLonger) {
  const auto jobs = Make();
  std::vector<std::string> ran;
  jobs->Register("report", {}, [&](const Job&) {
    ran.emplace_back("report");
    return Ok();
  });
  jobs->Every("sweep", minutes(1), [&] {
    ran.emplace_back("sweep");
    return Ok();
  });
  EXPECT_EQ(*jobs->RunDue(), 1);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Enqueue(*jobs, JobOf("report")).ok());
  clock_.Advance(minutes(1));
  EXPECT_EQ(*jobs->RunDue(), 4);
  EXPECT_EQ(ran, (std::vector<std::string>{"sweep", "sweep", "report", "report", "report"}));
}

TEST_F(JobsTest, WhatRecursRunsWhileAllWorkersAreAtSomethingLong) {
  int sweeps = 0;
  ConditionVariable swept;
  const auto jobs =
      NewJobs({.workers = 1, .poll = milliseconds(1), .owner = "a"}, database(), clock_);
  bool done = false;
  jobs->Register("report", {}, [&](const Job&) {
    const MutexLock lock(mutex_);
    const int before = sweeps;
    clock_.Advance(minutes(2));
    while (sweeps == before) swept.wait(mutex_);
    done = true;
    swept.notify_all();
    return Ok();
  });
  jobs->Every("sweep", minutes(1), [&] {
    const MutexLock lock(mutex_);
    ++sweeps;
    swept.notify_all();
    return Ok();
  });
  ASSERT_TRUE(Enqueue(*jobs, JobOf("report")).ok());
  jobs->Start();
  const MutexLock lock(mutex_);
  while (!done) swept.wait(mutex_);
}

TEST_F(JobsTest, EveryGoesOnAfterFailures) {
  const auto jobs = Make();
  int runs = 0;
  jobs->Every("sweep", minutes(1), [&]() -> Status {
    ++runs;
    return Unavailable("no");
  });
  for (int i = 1; i < 40; ++i) {
    EXPECT_EQ(*jobs->RunDue(), 1);
    clock_.Advance(minutes(1));
  }
  EXPECT_EQ(runs, 39);
  EXPECT_EQ(jobs->Count()->dead, 0);
}

TEST_F(JobsTest, LeaseIsProlongedWhileTheHandlerRuns) {
  // Prolonged every third of this, in real time; the lease itself is counted by the clock.
  const auto jobs = NewJobs({.lease = milliseconds(3), .owner = "a"}, database(), clock_);
  const auto due = [&] {
    return **database().ReadValue([](db::Transaction& tx) {
      return tx.QueryOne("SELECT due FROM job", {}, [](const db::Row& row) { return row.Time(0); });
    });
  };
  jobs->Register("slow", {}, [&](const Job&) {
    clock_.Advance(hours(1));
    while (due() < clock_.Now()) std::this_thread::yield();
    return Ok();
  });
  ASSERT_TRUE(Enqueue(*jobs, JobOf("slow")).ok());
  EXPECT_EQ(*jobs->RunDue(), 1);
  EXPECT_EQ(jobs->Count()->running, 0);
}

TEST_F(JobsTest, OwnJobsWakeTheWorkers) {
  const auto jobs = Make();  // which would poll in an hour
  std::promise<void> ran;
  jobs->Register("signal", {}, [&](const Job&) {
    ran.set_value();
    return Ok();
  });
  jobs->Start();
  ASSERT_TRUE(Enqueue(*jobs, JobOf("signal")).ok());
  ran.get_future().wait();
  jobs->Stop(minutes(5));
  EXPECT_EQ(jobs->Count()->running, 0);
}

TEST_F(JobsTest, HandlerThatOutlivesStopLosesItsLease) {
  auto jobs = Make();
  std::promise<void> started;
  std::promise<void> finish;
  jobs->Register("stuck", {}, [&](const Job&) {
    started.set_value();
    finish.get_future().wait();
    return Ok();
  });
  jobs->Start();
  ASSERT_TRUE(Enqueue(*jobs, JobOf("stuck")).ok());
  started.get_future().wait();
  jobs->Stop(milliseconds(0));
  clock_.Advance(minutes(1));

  const auto other = Make("b");
  int attempt = 0;
  other->Register("stuck", {}, [&](const Job& job) {
    attempt = job.attempt;
    finish.set_value();
    jobs.reset();  // which waits for the first handler, whose success is of no effect now
    EXPECT_EQ(other->Count()->running, 1);
    return Ok();
  });
  EXPECT_EQ(*other->RunDue(), 1);
  EXPECT_EQ(attempt, 2);
}

TEST_F(JobsTest, WhicheverDatabaseOperationFailsAnAcknowledgedJobRuns) {
  std::multiset<std::string> ran;
  int number = 0;
  const auto run = [&](db::Database& over, bool enqueue) {
    const auto jobs = NewJobs({.lease = minutes(1), .owner = "a"}, over, clock_);
    jobs->Register("note", {.max_attempts = 5}, [&](const Job& job) {
      ran.insert(json::Serialize(job.payload));
      return Ok();
    });
    jobs->Every("sweep", hours(1), [] { return Ok(); });
    bool acknowledged = false;
    if (enqueue) {
      acknowledged =
          over.Write([&](db::Transaction& tx) { return jobs->Enqueue(tx, JobOf("note", number)); })
              .ok();
    }
    static_cast<void>(jobs->RunDue());
    return acknowledged;
  };
  const int failed =
      db::testing::ForEachFault(database(), [&](db::testing::FaultyDatabase& faulty) {
        ++number;
        const bool acknowledged = run(faulty, true);
        clock_.Advance(minutes(2));  // a lease whose end could not be stored is over
        run(database(), false);
        if (acknowledged) {
          EXPECT_GE(ran.count(std::to_string(number)), 1U);
        }
        EXPECT_LE(ran.count(std::to_string(number)), 2U);
        const auto left = database().ReadValue([](db::Transaction& tx) {
          return tx.QueryOne("SELECT count(*) FROM job WHERE recurring = 0", {},
                             [](const db::Row& row) { return row.Int(0); });
        });
        EXPECT_EQ(**left, 0);
      });
  EXPECT_GT(failed, 15);
}

}  // namespace
}  // namespace breakwater::jobs
