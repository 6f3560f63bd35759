#include "io/stream.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace breakwater::io {
namespace {

constexpr std::size_t kFirstPiece = 16 * 1024;
constexpr std::size_t kLargestPiece = 1024 * 1024;

}  // namespace

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

// Most bodies are small and many arrive slowly, while a large one that arrives fast costs least in
// large pieces: the buffer grows as it is filled.
Result<std::uint64_t> Copy(Source& source, Sink& sink, std::uint64_t limit) {
  std::size_t size = kFirstPiece;
  auto buffer = std::make_unique_for_overwrite<std::byte[]>(size);
  std::uint64_t total = 0;
  while (true) {
    BW_TRY(const std::size_t count, source.Read(std::span(buffer.get(), size)));
    if (count == 0) return total;
    if (count > limit - total) {
      return TooLarge("more than " + std::to_string(limit) + " bytes");
    }
    BW_TRY_STATUS(sink.Write(ByteView(buffer.get(), count)));
    total += count;
    if (count < size || size == kLargestPiece) continue;
    size = std::min(size * 4, kLargestPiece);
    buffer = std::make_unique_for_overwrite<std::byte[]>(size);
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
