// What benchmarks that are programs of their own have in common.
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "base/result.h"

namespace breakwater::bench {

// Seconds on the wall.
inline double Waited(const std::function<void()>& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// A benchmark that fails has measured nothing: it ends, and says why.
inline void Must(const Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s (%s)\n", status.error().message().c_str(), status.error().log().c_str());
  std::exit(1);
}
template <class T>
T Must(Result<T> result) {
  if (!result.ok()) Must(Status(std::move(result).error()));
  return *std::move(result);
}

}  // namespace breakwater::bench
