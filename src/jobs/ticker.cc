#include "jobs/ticker.h"

#include <mutex>

#include "observe/log.h"

namespace breakwater::jobs {

void Ticker::Start() {
  thread_ = std::thread([this] { Loop(); });
}

void Ticker::Stop() {
  if (!thread_.joinable()) return;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Ticker::Tick() const {
  const Status done = work_();
  if (!done.ok()) {
    observe::LogError(observe::Level::kWarning, "background work is tried again", done.error(),
                      {{"work", name_}});
  }
}

void Ticker::Loop() {
  bool stopping = false;
  while (!stopping) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, interval_, [this] { return stopping_; });
      stopping = stopping_;
    }
    Tick();
  }
}

}  // namespace breakwater::jobs
