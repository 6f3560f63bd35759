// Bytes from one thread to another, a bounded number of them under way.
#pragma once

#include <optional>
#include <string>

#include "base/sync.h"
#include "io/stream.h"

namespace breakwater::admin {

// One thread writes and ends; another reads and closes.
class Pipe final : public io::Sink, public io::Source {
 public:
  explicit Pipe(std::size_t limit) : limit_(limit) {}

  // Waits for room. kUnavailable "reader_gone" after Close.
  Status Write(ByteView bytes) override;
  // No more comes: the reader gets the end, or this error.
  void End(Status status);

  Result<std::size_t> Read(std::span<std::byte> out) override;
  // Nobody reads any more.
  void Close();

 private:
  const std::size_t limit_;
  Mutex mutex_;
  ConditionVariable changed_;
  std::string bytes_ BW_GUARDED_BY(mutex_);
  std::size_t begin_ BW_GUARDED_BY(mutex_) = 0;
  std::optional<Status> end_ BW_GUARDED_BY(mutex_);
  bool closed_ BW_GUARDED_BY(mutex_) = false;
};

}  // namespace breakwater::admin
