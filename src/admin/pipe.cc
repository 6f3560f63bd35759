#include "admin/pipe.h"

#include <algorithm>
#include <cstring>

namespace breakwater::admin {

Status Pipe::Write(ByteView bytes) {
  while (!bytes.empty()) {
    const MutexLock lock(mutex_);
    while (!closed_ && bytes_.size() - begin_ >= limit_) changed_.wait(mutex_);
    if (closed_) return Unavailable("nobody reads any more").Reason("reader_gone");
    bytes_.erase(0, std::exchange(begin_, 0));
    const std::size_t count = std::min(bytes.size(), limit_ - bytes_.size());
    bytes_ += AsText(bytes.first(count));
    bytes = bytes.subspan(count);
    changed_.notify_all();
  }
  return Ok();
}

void Pipe::End(Status status) {
  const MutexLock lock(mutex_);
  end_ = std::move(status);
  changed_.notify_all();
}

Result<std::size_t> Pipe::Read(std::span<std::byte> out) {
  const MutexLock lock(mutex_);
  while (!end_ && bytes_.size() == begin_) changed_.wait(mutex_);
  if (bytes_.size() == begin_) {
    if (!end_->ok()) return end_->error();
    return std::size_t{0};
  }
  const std::size_t count = std::min(out.size(), bytes_.size() - begin_);
  std::memcpy(out.data(), bytes_.data() + begin_, count);
  begin_ += count;
  changed_.notify_all();
  return count;
}

void Pipe::Close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

}  // namespace breakwater::admin
