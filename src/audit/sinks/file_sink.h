// Lines in a file of a directory, closed and renamed when it is large: audit.jsonl, and
// audit-<last entry>.jsonl for those that are closed. Entries may come again and end with the same
// one: a file that is closed is never written over, the next is audit-<last entry>-2.jsonl. Where
// somebody else moves, removes or empties audit.jsonl, what comes next goes into a new one.
#pragma once

#include <filesystem>

#include "audit/sinks/sink.h"
#include "io/file.h"

namespace breakwater::audit {

struct FileSinkOptions {
  std::filesystem::path directory;
  std::uint64_t rotate_bytes = 64U << 20;
};

class FileSink final : public Sink {
 public:
  explicit FileSink(FileSinkOptions options) : options_(std::move(options)) {}
  // Durable when it returns. A piece of a line that a crash has left is removed first.
  Status Deliver(std::span<const SinkItem> items) override;

 private:
  Status Open();
  // Whether the path still leads to the open file, and that has what was written.
  bool IsThere() const;
  Status Rotate(std::int64_t last);

  const FileSinkOptions options_;
  io::UniqueFd file_;
  std::uint64_t size_ = 0;
};

}  // namespace breakwater::audit
