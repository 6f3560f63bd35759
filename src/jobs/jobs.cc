#include "jobs/jobs.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <map>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "base/sync.h"
#include "jobs/keeper.h"
#include "jobs/queue.h"
#include "observe/log.h"

namespace breakwater::jobs {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr std::string_view kEveryPrefix = "every:";
constexpr json::Limits kPayloadLimits{.max_bytes = 2U << 20, .max_depth = 64};

struct Registration {
  RetryPolicy retry;
  Handler handler;
  std::optional<microseconds> interval;  // of a recurring job
};

// Doubled with each attempt, and then a random part of its second half left off, so that jobs that
// failed together do not come back together.
microseconds DelayBefore(int next_attempt, const RetryPolicy& retry) {
  milliseconds delay = std::min(retry.first_delay, retry.longest_delay);
  for (int i = 2; i < next_attempt && delay < retry.longest_delay; ++i) {
    delay = std::min(delay * 2, retry.longest_delay);
  }
  thread_local std::mt19937_64 random{std::random_device{}()};
  const microseconds longest = delay;
  std::uniform_int_distribution<std::int64_t> part(longest.count() / 2, longest.count());
  return microseconds(part(random));
}

Status Call(const Handler& handler, const Job& job) {
  try {
    return handler(job);
  } catch (const std::exception& e) {
    return Internal(std::string("exception in a job: ") + e.what());
  } catch (...) {
    return Internal("exception of unknown type in a job");
  }
}

class DatabaseJobs final : public Jobs {
 public:
  DatabaseJobs(Options options, db::Database& database, const Clock& clock)
      : options_(std::move(options)),
        clock_(clock),
        queue_(database, clock, options_.owner, options_.lease),
        keeper_(queue_, options_.lease / 3) {}
  ~DatabaseJobs() override {
    Stop(milliseconds(0));
    for (auto& thread : threads_) thread.join();
  }

  void Register(std::string kind, RetryPolicy retry, Handler handler) override {
    BW_CHECK(retry.max_attempts > 0 && retry.first_delay.count() >= 0 &&
             retry.longest_delay >= retry.first_delay);
    AddKind(std::move(kind), {retry, std::move(handler), {}});
  }
  void Subscribe(std::string event_type, std::string kind) override {
    BW_CHECK(threads_.empty());
    subscriptions_[std::move(event_type)].insert(std::move(kind));
  }
  void Every(std::string name, milliseconds interval, std::function<Status()> work) override {
    BW_CHECK(interval.count() > 0);
    // It never dies, and after a failure it does not wait longer than after a success.
    const RetryPolicy retry{.max_attempts = std::numeric_limits<int>::max(),
                            .first_delay = std::min(milliseconds(1000), interval),
                            .longest_delay = interval};
    AddKind(std::string(kEveryPrefix) + name,
            {retry, [work = std::move(work)](const Job&) { return work(); }, interval});
  }

  Status Enqueue(db::Transaction& tx, const NewJob& job) override;
  Status Emit(db::Transaction& tx, const Event& event) override;

  void Start() override;
  void Stop(milliseconds deadline) override;
  Result<int> RunDue() override;
  Result<Counts> Count() override { return queue_.Count(); }

 private:
  void AddKind(std::string kind, Registration registration);
  void Work(Queue::Taken taken);
  void WaitForWork(Queue::Taken taken, std::uint64_t seen);
  void Wake();
  Status PrepareRecurring();
  // Whether there was a job to run.
  Result<bool> RunNext(Queue::Taken taken);
  Status RunClaim(const Registration& registration, const Claim& claim);
  Status Settle(const Registration& registration, const Claim& claim, const Status& outcome);

  const Options options_;
  const Clock& clock_;
  Queue queue_;
  Keeper keeper_;
  // Fixed from the first run on.
  std::map<std::string, Registration> kinds_;
  std::map<std::string, std::set<std::string>> subscriptions_;  // event type to kinds

  Mutex mutex_;
  ConditionVariable changed_;
  std::uint64_t wakes_ BW_GUARDED_BY(mutex_) = 0;
  std::size_t working_ BW_GUARDED_BY(mutex_) = 0;
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  bool recurring_prepared_ BW_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

void DatabaseJobs::AddKind(std::string kind, Registration registration) {
  BW_CHECK(threads_.empty());
  BW_CHECK(kinds_.emplace(std::move(kind), std::move(registration)).second);
  std::vector<std::string> names;
  for (const auto& [name, unused] : kinds_) names.push_back(name);
  queue_.SetKinds(std::move(names));
}

Status DatabaseJobs::Enqueue(db::Transaction& tx, const NewJob& job) {
  const Timestamp now = clock_.Now();
  const Timestamp due = job.run_at.value_or(now);
  BW_TRY_STATUS(queue_.Add(tx, job, due));
  if (due <= now) tx.OnCommit([this] { Wake(); });
  return Ok();
}

Status DatabaseJobs::Emit(db::Transaction& tx, const Event& event) {
  const auto found = subscriptions_.find(event.type);
  if (found == subscriptions_.end()) return Ok();
  for (const std::string& kind : found->second) {
    BW_TRY_STATUS(Enqueue(
        tx, {.kind = kind, .payload = event.payload, .run_at = {}, .deduplication_key = {}}));
  }
  return Ok();
}

void DatabaseJobs::Start() {
  BW_CHECK(threads_.empty() && options_.workers > 0);
  {
    const MutexLock lock(mutex_);
    BW_CHECK(!stopping_);
    working_ = static_cast<std::size_t>(options_.workers) + 1;
  }
  for (int i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this] { Work(Queue::Taken::kAll); });
  }
  // However long the others are at what they have, somebody comes round by the clock.
  threads_.emplace_back([this] { Work(Queue::Taken::kRecurring); });
}

void DatabaseJobs::Stop(milliseconds deadline) {
  const auto until = std::chrono::steady_clock::now() + deadline;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    while (working_ > 0 && changed_.wait_until(mutex_, until) != std::cv_status::timeout) {
    }
  }
  keeper_.ReleaseAll();
}

void DatabaseJobs::Work(Queue::Taken taken) {
  for (;;) {
    std::uint64_t seen = 0;
    {
      const MutexLock lock(mutex_);
      if (stopping_) {
        --working_;
        changed_.notify_all();
        return;
      }
      seen = wakes_;
    }
    const auto ran = RunNext(taken);
    if (!ran.ok()) {
      observe::LogError(observe::Level::kError, "jobs cannot be taken", ran.error());
    }
    // After an error too: the database may need a moment.
    if (!ran.ok() || !*ran) WaitForWork(taken, seen);
  }
}

// Nothing that is added recurs, so that nobody is woken for those that do.
void DatabaseJobs::WaitForWork(Queue::Taken taken, std::uint64_t seen) {
  const auto until = std::chrono::steady_clock::now() + options_.poll;
  const MutexLock lock(mutex_);
  while ((taken == Queue::Taken::kRecurring || wakes_ == seen) && !stopping_ &&
         changed_.wait_until(mutex_, until) != std::cv_status::timeout) {
  }
}

void DatabaseJobs::Wake() {
  const MutexLock lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

Status DatabaseJobs::PrepareRecurring() {
  {
    const MutexLock lock(mutex_);
    if (recurring_prepared_) return Ok();
  }
  for (const auto& [kind, registration] : kinds_) {
    if (!registration.interval) continue;
    BW_TRY_STATUS(queue_.AddRecurring(kind, *registration.interval));
  }
  const MutexLock lock(mutex_);
  recurring_prepared_ = true;
  return Ok();
}

Result<int> DatabaseJobs::RunDue() {
  for (int count = 0;; ++count) {
    BW_TRY(const bool ran, RunNext(Queue::Taken::kAll));
    if (!ran) return count;
  }
}

Result<bool> DatabaseJobs::RunNext(Queue::Taken taken) {
  BW_TRY_STATUS(PrepareRecurring());
  BW_TRY(const auto claim, queue_.Next(taken));
  if (!claim) return false;
  const auto found = kinds_.find(claim->kind);
  BW_CHECK(found != kinds_.end());
  const Registration& registration = found->second;
  // If it cannot be settled, its lease ends and it runs again.
  const Status settled = Settle(registration, *claim, RunClaim(registration, *claim));
  if (!settled.ok()) {
    observe::LogError(observe::Level::kError, "a job's end was not stored", settled.error(),
                      {{"kind", claim->kind}, {"job", claim->id}});
  }
  return true;
}

Status DatabaseJobs::RunClaim(const Registration& registration, const Claim& claim) {
  // Its earlier attempts never came to an end: it may be what ends the process.
  if (claim.attempt > registration.retry.max_attempts) {
    return Internal("the job's attempts were all cut off");
  }
  BW_TRY(auto payload, json::Parse(claim.payload, kPayloadLimits));
  const Keeper::Hold hold(keeper_, claim);
  return Call(registration.handler, {.id = claim.id,
                                     .kind = claim.kind,
                                     .payload = std::move(payload),
                                     .attempt = claim.attempt,
                                     .created = claim.created});
}

Status DatabaseJobs::Settle(const Registration& registration, const Claim& claim,
                            const Status& outcome) {
  const Timestamp now = clock_.Now();
  if (outcome.ok()) {
    if (registration.interval) return queue_.Repeat(claim, now + *registration.interval);
    return queue_.Remove(claim);
  }
  const bool dead = claim.attempt >= registration.retry.max_attempts;
  observe::LogError(dead ? observe::Level::kError : observe::Level::kWarning,
                    dead ? "a job failed for good" : "a job failed and will be tried again",
                    outcome.error(),
                    {{"kind", claim.kind}, {"job", claim.id}, {"attempt", claim.attempt}});
  if (dead) return queue_.Bury(claim, outcome.error());
  return queue_.Retry(claim, now + DelayBefore(claim.attempt + 1, registration.retry),
                      outcome.error());
}

}  // namespace

std::unique_ptr<Jobs> NewJobs(Options options, db::Database& database, const Clock& clock) {
  BW_CHECK(!options.owner.empty() && options.lease.count() > 0);
  return std::make_unique<DatabaseJobs>(std::move(options), database, clock);
}

}  // namespace breakwater::jobs
