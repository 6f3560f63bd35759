#include "iam/activity.h"

#include <algorithm>

#include "observe/log.h"

namespace breakwater::iam {
namespace {

void Add(const ActivityCounts& more, ActivityCounts& to) {
  to.count += more.count;
  to.last = std::max(to.last, more.last);
}

}  // namespace

Activity::~Activity() {
  Stop();
}

void Activity::Note(std::string_view subject) {
  const Timestamp now = clock_.Now();
  const MutexLock lock(mutex_);
  const auto found = noted_.find(subject);
  if (found != noted_.end()) {
    Add({now, 1}, found->second);
  } else if (noted_.size() < kMostUnwritten) {
    noted_.emplace(subject, ActivityCounts{now, 1});
  }
}

Result<ActivityCounts> Activity::Read(std::string_view subject) {
  BW_TRY(const auto all, Read(std::vector<std::string>{std::string(subject)}));
  return all.front();
}

Result<std::vector<ActivityCounts>> Activity::Read(const std::vector<std::string>& subjects) {
  using All = std::vector<ActivityCounts>;
  BW_TRY(All all, database_.ReadValue([&](db::Transaction& tx) -> Result<All> {
    All written;
    for (const std::string& subject : subjects) {
      BW_TRY(
          const auto one,
          tx.QueryOne("SELECT last_at, count FROM iam_activity WHERE subject = $1", {subject},
                      [](const db::Row& row) { return ActivityCounts{row.Time(0), row.Int(1)}; }));
      written.push_back(one.value_or(ActivityCounts{}));
    }
    return written;
  }));
  const MutexLock lock(mutex_);
  for (std::size_t i = 0; i < subjects.size(); ++i) {
    const auto found = noted_.find(subjects[i]);
    if (found != noted_.end()) Add(found->second, all[i]);
  }
  return all;
}

Status Activity::Sweep() {
  const Timestamp before = clock_.Now() - kKept;
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_activity WHERE last_at < $1", {before}));
    return Ok();
  });
}

Status Activity::Write() {
  Noted noted;
  {
    const MutexLock lock(mutex_);
    noted.swap(noted_);
  }
  if (noted.empty()) return Ok();
  // In the order of their names, so that two processes do not wait for each other.
  const Status written = database_.Write([&](db::Transaction& tx) -> Status {
    for (const auto& [subject, counts] : noted) {
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO iam_activity (subject, last_at, count) VALUES ($1, $2, $3) ON CONFLICT "
          "(subject) DO UPDATE SET count = iam_activity.count + excluded.count, last_at = CASE "
          "WHEN iam_activity.last_at < excluded.last_at THEN excluded.last_at ELSE "
          "iam_activity.last_at END",
          {subject, *counts.last, counts.count}));
    }
    return Ok();
  });
  if (written.ok()) return written;
  const MutexLock lock(mutex_);
  for (const auto& [subject, counts] : noted) Add(counts, noted_[subject]);
  return written;
}

void Activity::Start(std::chrono::milliseconds every) {
  thread_ = std::thread([this, every] { Run(every); });
}

void Activity::Run(std::chrono::milliseconds every) {
  bool stopping = false;
  while (!stopping) {
    {
      const MutexLock lock(mutex_);
      const auto deadline = std::chrono::steady_clock::now() + every;
      while (!stopping_ && stopped_.wait_until(mutex_, deadline) == std::cv_status::no_timeout) {
      }
      stopping = stopping_;
    }
    if (const Status written = Write(); !written.ok()) {
      observe::LogError(observe::Level::kWarning, "the use of API keys was not written down",
                        written.error());
    }
  }
}

void Activity::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  thread_.join();
}

}  // namespace breakwater::iam
