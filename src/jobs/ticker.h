// Small work that each process has to do for itself, such as writing down what it has counted: on a
// thread of its own, about once in an interval, and once more at the end. (Jobs::Every is done by
// one of all processes.)
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "base/result.h"
#include "base/sync.h"

namespace breakwater::jobs {

// Start and Stop are called by one thread.
class Ticker {
 public:
  // `work` is called by one thread at a time; its errors are logged under `name`, and it is called
  // again all the same.
  Ticker(std::string name, std::chrono::milliseconds interval, std::function<Status()> work)
      : name_(std::move(name)), interval_(interval), work_(std::move(work)) {}
  ~Ticker() { Stop(); }
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void Start();
  // Returns after the last time.
  void Stop();

 private:
  void Loop();
  void Tick() const;

  const std::string name_;
  const std::chrono::milliseconds interval_;
  const std::function<Status()> work_;
  Mutex mutex_;
  ConditionVariable changed_;
  bool stopping_ BW_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace breakwater::jobs
