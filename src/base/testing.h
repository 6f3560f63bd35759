// Helpers for tests of any folder.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>

#include "base/time.h"

namespace breakwater::testing {

// A clock that stands still until told. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start = FromMicros(1'647'853'800'000'000)) {  // 2022-03-21 09:10
    Set(start);
  }
  Timestamp Now() const override { return FromMicros(micros_.load()); }
  void Set(Timestamp t) { micros_.store(ToMicros(t)); }
  void Advance(std::chrono::microseconds by) { micros_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> micros_{0};
};

// A fresh folder, removed with everything in it.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace breakwater::testing
