#include <limits>

#include <zlib.h>

#include "io/decompress.h"

namespace breakwater::io {
namespace {

// zlib: 16 more than the window's logarithm asks for the gzip wrapper.
constexpr int kGzipWindow = 15 + 16;
constexpr int kMemoryLevel = 8;

}  // namespace

GzipSink::GzipSink(Sink& target, int level)
    : target_(target), stream_(std::make_unique<z_stream>()), buffer_(kPieceSize) {
  BW_CHECK(level >= 1 && level <= 9);
  BW_CHECK(deflateInit2(stream_.get(), level, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                        Z_DEFAULT_STRATEGY) == Z_OK);
}

GzipSink::~GzipSink() {
  deflateEnd(stream_.get());
}

Status GzipSink::Write(ByteView bytes) {
  BW_CHECK(!finished_);
  constexpr std::size_t kMost = std::numeric_limits<uInt>::max();
  while (!bytes.empty()) {
    const ByteView piece = bytes.first(std::min(bytes.size(), kMost));
    BW_TRY_STATUS(Deflate(piece, Z_NO_FLUSH));
    bytes = bytes.subspan(piece.size());
  }
  return Ok();
}

Status GzipSink::Finish() {
  BW_CHECK(!finished_);
  finished_ = true;
  return Deflate({}, Z_FINISH);
}

Status GzipSink::Deflate(ByteView bytes, int flush) {
  // zlib takes its input by a pointer to non-const and does not write there.
  stream_->next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream_->avail_in = static_cast<uInt>(bytes.size());
  do {
    stream_->next_out = reinterpret_cast<Bytef*>(buffer_.data());
    stream_->avail_out = static_cast<uInt>(buffer_.size());
    // Z_BUF_ERROR only says that there was nothing left to do.
    const int code = deflate(stream_.get(), flush);
    BW_CHECK(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
    const ByteView made = ByteView(buffer_).first(buffer_.size() - stream_->avail_out);
    if (!made.empty()) BW_TRY_STATUS(target_.Write(made));
  } while (stream_->avail_out == 0);
  return Ok();
}

}  // namespace breakwater::io
