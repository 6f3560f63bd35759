// The chunked transfer coding. RFC 9112 §7.1. Pure; fuzzed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"

namespace breakwater::net {

// Decodes a chunked body piece by piece and in place. Extensions and trailers are bounded and
// ignored. Not thread-safe.
class ChunkedDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // coded bytes taken; less than given only when the body is done
    std::size_t produced = 0;  // decoded bytes, now at the front of what was given
  };

  // kInvalid ("malformed_chunk") on anything but the grammar; the decoder is then unusable.
  Result<Step> Decode(std::span<std::byte> bytes);
  // The last chunk and the trailers are through.
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailer,
    kTrailerLf,
    kEndLf,
    kDone,
  };

  Status Control(unsigned char c);
  Status SizeDigit(unsigned char c);
  Status Expect(unsigned char c, unsigned char wanted, State next);

  State state_ = State::kSize;
  std::uint64_t left_ = 0;    // of the chunk
  unsigned digits_ = 0;       // of the size being read
  std::size_t overhead_ = 0;  // extensions and trailers so far
};

// "1f\r\n": what goes before a chunk of `size` > 0 bytes.
std::string ChunkPrefix(std::size_t size);

}  // namespace breakwater::net
