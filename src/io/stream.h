// Bytes that come and bytes that go, piece by piece.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace breakwater::io {

// The piece that decoders work in.
inline constexpr std::size_t kPieceSize = 256 * 1024;

// Not thread-safe. After an error, every further Read fails too.
class Source {
 public:
  virtual ~Source() = default;
  // Puts at least one byte into `out`, which must not be empty, and says how many; 0 is the end.
  virtual Result<std::size_t> Read(std::span<std::byte> out) = 0;
};

// Not thread-safe. After an error the sink's content is unspecified.
class Sink {
 public:
  virtual ~Sink() = default;
  // Takes all of `bytes`, or fails.
  virtual Status Write(ByteView bytes) = 0;
};

// Reads a text, which must outlive it.
class StringSource final : public Source {
 public:
  // `piece` is the most that one Read returns.
  explicit StringSource(std::string_view text, std::size_t piece = kPieceSize)
      : rest_(text), piece_(piece) {}
  Result<std::size_t> Read(std::span<std::byte> out) override;

 private:
  std::string_view rest_;  // the caller's, see above
  std::size_t piece_;
};

// Collects up to `limit` bytes; kTooLarge beyond.
class StringSink final : public Sink {
 public:
  explicit StringSink(std::size_t limit) : limit_(limit) {}
  Status Write(ByteView bytes) override;
  const std::string& text() const { return text_; }
  std::string Take() { return std::exchange(text_, {}); }

 private:
  std::size_t limit_;
  std::string text_;
};

// Moves everything from `source` to `sink` and returns how much that was. kTooLarge as soon as
// there is more than `limit`; the sink has then got no more than `limit`.
Result<std::uint64_t> Copy(Source& source, Sink& sink, std::uint64_t limit);

// Everything of `source`, kTooLarge beyond `limit` bytes.
Result<std::string> ReadAll(Source& source, std::size_t limit);

// Reads until `out` is full or the source ends, and says how much that was.
Result<std::size_t> ReadFull(Source& source, std::span<std::byte> out);

}  // namespace breakwater::io
