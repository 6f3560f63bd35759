// Helpers for tests of this folder.
#pragma once

#include <gtest/gtest.h>

#include "io/stream.h"

namespace breakwater::io::testing {

// Gives a text, then fails.
class BreakingSource final : public Source {
 public:
  explicit BreakingSource(std::string_view text) : text_(text) {}
  Result<std::size_t> Read(std::span<std::byte> out) override {
    BW_TRY(const std::size_t count, text_.Read(out));
    if (count == 0) return Unavailable("the line is cut");
    return count;
  }

 private:
  StringSource text_;
};

// Counts what passes and keeps nothing.
class CountingSink final : public Sink {
 public:
  Status Write(ByteView bytes) override {
    count_ += bytes.size();
    return Ok();
  }
  std::uint64_t count() const { return count_; }

 private:
  std::uint64_t count_ = 0;
};

}  // namespace breakwater::io::testing
