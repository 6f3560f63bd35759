#include "net/chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace breakwater::net {
namespace {

// Extensions and trailers of one whole body. Nobody we know sends any.
constexpr std::size_t kMaxOverhead = 16 * 1024;

Error Malformed() {
  return Invalid("the chunked body is malformed").Reason("malformed_chunk");
}

int HexValue(unsigned char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsText(unsigned char c) {
  return (c >= 0x20 && c != 0x7f) || c == '\t';
}

}  // namespace

Result<ChunkedDecoder::Step> ChunkedDecoder::Decode(std::span<std::byte> bytes) {
  Step step;
  while (step.consumed < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kData) {
      const auto n =
          static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - step.consumed));
      std::memmove(bytes.data() + step.produced, bytes.data() + step.consumed, n);
      step.produced += n;
      step.consumed += n;
      left_ -= n;
      if (left_ == 0) state_ = State::kDataCr;
      continue;
    }
    BW_TRY_STATUS(Control(std::to_integer<unsigned char>(bytes[step.consumed])));
    ++step.consumed;
  }
  return step;
}

Status ChunkedDecoder::Control(unsigned char c) {
  switch (state_) {
    case State::kSize: return SizeDigit(c);
    case State::kSizeLf: return Expect(c, '\n', left_ == 0 ? State::kTrailerStart : State::kData);
    case State::kDataCr: return Expect(c, '\r', State::kDataLf);
    case State::kDataLf: digits_ = 0; return Expect(c, '\n', State::kSize);
    case State::kTrailerLf: return Expect(c, '\n', State::kTrailerStart);
    case State::kEndLf: return Expect(c, '\n', State::kDone);
    case State::kTrailerStart:
      if (c == '\r') return Expect(c, '\r', State::kEndLf);
      state_ = State::kTrailer;
      [[fallthrough]];
    case State::kExtension:
    case State::kTrailer:
      if (c == '\r') {
        state_ = state_ == State::kTrailer ? State::kTrailerLf : State::kSizeLf;
        return Ok();
      }
      if (!IsText(c) || ++overhead_ > kMaxOverhead) return Malformed();
      return Ok();
    case State::kData:
    case State::kDone: break;
  }
  BW_UNREACHABLE();
}

Status ChunkedDecoder::SizeDigit(unsigned char c) {
  if (const int value = HexValue(c); value >= 0) {
    if (digits_ == 0) left_ = 0;
    // 15 digits: far above any limit, far below overflow.
    if (++digits_ > 15) return Malformed();
    left_ = left_ * 16 + static_cast<std::uint64_t>(value);
    return Ok();
  }
  if (digits_ == 0) return Malformed();
  if (c == '\r') return Expect(c, '\r', State::kSizeLf);
  return Expect(c, ';', State::kExtension);
}

Status ChunkedDecoder::Expect(unsigned char c, unsigned char wanted, State next) {
  if (c != wanted) return Malformed();
  state_ = next;
  return Ok();
}

std::string ChunkPrefix(std::size_t size) {
  char text[24];
  char* end = std::to_chars(text, text + sizeof text - 2, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return {text, end};
}

}  // namespace breakwater::net
