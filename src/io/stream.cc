#include "io/stream.h"

#include <algorithm>
#include <cstring>

namespace breakwater::io {

Result<std::size_t> StringSource::Read(std::span<std::byte> out) {
  const std::size_t count = std::min({out.size(), rest_.size(), piece_});
  if (count > 0) std::memcpy(out.data(), rest_.data(), count);
  rest_.remove_prefix(count);
  return count;
}

Status StringSink::Write(ByteView bytes) {
  if (bytes.size() > limit_ - text_.size()) {
    return TooLarge("more than " + std::to_string(limit_) + " bytes");
  }
  text_ += AsText(bytes);
  return Ok();
}

Result<std::uint64_t> Copy(Source& source, Sink& sink, std::uint64_t limit) {
  Bytes buffer(kPieceSize);
  std::uint64_t total = 0;
  while (true) {
    BW_TRY(const std::size_t count, source.Read(buffer));
    if (count == 0) return total;
    if (count > limit - total) {
      return TooLarge("more than " + std::to_string(limit) + " bytes");
    }
    BW_TRY_STATUS(sink.Write(ByteView(buffer).first(count)));
    total += count;
  }
}

Result<std::string> ReadAll(Source& source, std::size_t limit) {
  StringSink sink(limit);
  BW_TRY_STATUS(Copy(source, sink, limit));
  return sink.Take();
}

Result<std::size_t> ReadFull(Source& source, std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size()) {
    BW_TRY(const std::size_t count, source.Read(out.subspan(filled)));
    if (count == 0) break;
    filled += count;
  }
  return filled;
}

}  // namespace breakwater::io
