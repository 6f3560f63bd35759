#include "io/decompress.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <string>

#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace breakwater::io {
namespace {

Error Malformed(std::string_view what, std::string log) {
  return Invalid("malformed " + std::string(what) + " data")
      .Reason("malformed_compression")
      .Log(std::move(log));
}

// Compressed bytes on their way from a Source to a decoder.
class Input {
 public:
  explicit Input(Source& source) : source_(&source), buffer_(kPieceSize) {}

  ByteView rest() const { return ByteView(buffer_).subspan(begin_, end_ - begin_); }
  bool ended() const { return ended_; }
  std::uint64_t consumed() const { return consumed_; }
  void Consume(std::size_t count) {
    begin_ += count;
    consumed_ += count;
  }

  // Reads until `least` bytes are at hand or the source has ended.
  Status Want(std::size_t least) {
    if (end_ - begin_ >= least || ended_) return Ok();
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
    while (end_ < least && !ended_) {
      BW_TRY(const std::size_t count, source_->Read(std::span(buffer_).subspan(end_)));
      end_ += count;
      ended_ = count == 0;
    }
    return Ok();
  }

 private:
  Source* source_;  // the caller's, outlives the decoder
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::uint64_t consumed_ = 0;
  bool ended_ = false;
};

// What all decoders share: the limits, and that an error stays.
class DecodingSource : public Source {
 public:
  DecodingSource(Input input, const DecompressLimits& limits)
      : input_(std::move(input)), limits_(limits) {}

  Result<std::size_t> Read(std::span<std::byte> out) final {
    if (failure_.has_value()) return *failure_;
    auto count = Decode(out);
    if (count.ok()) {
      produced_ += *count;
      if (auto within = CheckLimits(); !within.ok()) count = std::move(within).error();
    }
    if (!count.ok()) failure_ = count.error();
    return count;
  }

 protected:
  virtual Result<std::size_t> Decode(std::span<std::byte> out) = 0;
  Input& input() { return input_; }

 private:
  Status CheckLimits() const {
    const auto refused = [](std::string message) {
      return TooLarge(std::move(message)).Reason("decompressed_too_large");
    };
    if (produced_ > limits_.max_output) {
      return refused("decompresses to more than " + std::to_string(limits_.max_output) + " bytes");
    }
    if (produced_ > kFreeOutput && produced_ / limits_.max_ratio > input_.consumed()) {
      return refused("decompresses to more than " + std::to_string(limits_.max_ratio) +
                     " times its size");
    }
    return Ok();
  }

  Input input_;
  DecompressLimits limits_;
  std::uint64_t produced_ = 0;
  std::optional<Error> failure_;
};

class PlainSource final : public DecodingSource {
 public:
  using DecodingSource::DecodingSource;

 protected:
  Result<std::size_t> Decode(std::span<std::byte> out) override {
    BW_TRY_STATUS(input().Want(1));
    const ByteView rest = input().rest();
    const std::size_t count = std::min(rest.size(), out.size());
    if (count > 0) std::memcpy(out.data(), rest.data(), count);
    input().Consume(count);
    return count;
  }
};

class GzipSource final : public DecodingSource {
 public:
  GzipSource(Input input, const DecompressLimits& limits)
      : DecodingSource(std::move(input), limits), state_(std::make_unique<inflate_state>()) {
    isal_inflate_init(state_.get());
  }

 protected:
  Result<std::size_t> Decode(std::span<std::byte> out) override {
    int idle = 0;
    while (true) {
      BW_TRY_STATUS(input().Want(1));
      const bool starved = input().rest().empty();
      if (!in_member_) {
        if (starved && members_ > 0) return std::size_t{0};
        StartMember();
      }
      BW_TRY(const Progress progress, in_header_ ? ReadHeader() : Inflate(out));
      if (progress.produced > 0) return progress.produced;
      if (!in_member_ || progress.consumed > 0) {
        idle = 0;
      } else if (starved) {
        return Malformed("gzip", "truncated");
      } else if (++idle > 1) {
        return Malformed("gzip", "no progress");
      }
    }
  }

 private:
  struct Progress {
    std::size_t consumed;
    std::size_t produced;
  };

  void StartMember() {
    isal_inflate_reset(state_.get());
    state_->crc_flag = ISAL_GZIP_NO_HDR_VER;
    header_ = {};
    in_member_ = true;
    in_header_ = true;
    ++members_;
  }

  void OfferInput() {
    const ByteView rest = input().rest();
    // igzip takes its input by a pointer to non-const and does not write there.
    state_->next_in = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(rest.data()));
    state_->avail_in = static_cast<std::uint32_t>(rest.size());
  }

  std::size_t TakeInput() {
    const std::size_t consumed = input().rest().size() - state_->avail_in;
    input().Consume(consumed);
    return consumed;
  }

  static Error IgzipError(int code) {
    return Malformed("gzip", "igzip error " + std::to_string(code));
  }

  // Left to itself, isal_inflate forgets the header's flags between two calls (ISA-L 2.30), so that
  // a header with a name that comes in two pieces may be misread.
  Result<Progress> ReadHeader() {
    OfferInput();
    const int code = isal_read_gzip_header(state_.get(), &header_);
    if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) return IgzipError(code);
    in_header_ = code != ISAL_DECOMP_OK;
    return Progress{TakeInput(), 0};
  }

  Result<Progress> Inflate(std::span<std::byte> out) {
    constexpr std::size_t kMost = std::numeric_limits<std::uint32_t>::max();
    const auto room = static_cast<std::uint32_t>(std::min(out.size(), kMost));
    OfferInput();
    state_->next_out = reinterpret_cast<std::uint8_t*>(out.data());
    state_->avail_out = room;
    const int code = isal_inflate(state_.get());
    if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT) return IgzipError(code);
    if (state_->block_state == ISAL_BLOCK_FINISH) in_member_ = false;
    return Progress{TakeInput(), room - state_->avail_out};
  }

  std::unique_ptr<inflate_state> state_;
  isal_gzip_header header_{};
  bool in_member_ = false;
  bool in_header_ = false;
  std::uint64_t members_ = 0;
};

class ZstdSource final : public DecodingSource {
 public:
  ZstdSource(Input input, const DecompressLimits& limits)
      : DecodingSource(std::move(input), limits), context_(ZSTD_createDCtx()) {
    BW_CHECK(context_ != nullptr);
    const std::size_t code =
        ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, kZstdWindowLog);
    BW_CHECK(ZSTD_isError(code) == 0);
  }

 protected:
  Result<std::size_t> Decode(std::span<std::byte> out) override {
    while (true) {
      BW_TRY_STATUS(input().Want(1));
      const ByteView rest = input().rest();
      const bool starved = rest.empty();
      if (starved && !in_frame_ && frames_ > 0) return std::size_t{0};
      ZSTD_inBuffer in{rest.data(), rest.size(), 0};
      ZSTD_outBuffer to{out.data(), out.size(), 0};
      const std::size_t code = ZSTD_decompressStream(context_.get(), &to, &in);
      if (ZSTD_isError(code) != 0) return Malformed("zstd", ZSTD_getErrorName(code));
      input().Consume(in.pos);
      in_frame_ = code != 0;
      if (!in_frame_) ++frames_;
      if (to.pos > 0) return to.pos;
      if (starved && in_frame_) return Malformed("zstd", "truncated");
    }
  }

 private:
  struct ContextDeleter {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, ContextDeleter> context_;
  bool in_frame_ = false;
  std::uint64_t frames_ = 0;
};

bool StartsWith(ByteView head, std::string_view magic) {
  return AsText(head).substr(0, magic.size()) == magic;
}

bool StartsWithSkippableFrame(ByteView head) {
  // RFC 8878 §3.1.2: 0x184D2A50 to 0x184D2A5F, little-endian.
  return head.size() >= 4 && (std::to_integer<unsigned>(head[0]) & 0xf0U) == 0x50U &&
         StartsWith(head.subspan(1), "\x2a\x4d\x18");
}

}  // namespace

Compression DetectCompression(ByteView head) {
  if (StartsWith(head, "\x1f\x8b")) return Compression::kGzip;
  if (StartsWith(head, "\x28\xb5\x2f\xfd") || StartsWithSkippableFrame(head)) {
    return Compression::kZstd;
  }
  return Compression::kNone;
}

std::unique_ptr<Source> Gunzip(Source& source, const DecompressLimits& limits) {
  return std::make_unique<GzipSource>(Input(source), limits);
}

std::unique_ptr<Source> Unzstd(Source& source, const DecompressLimits& limits) {
  return std::make_unique<ZstdSource>(Input(source), limits);
}

Result<std::unique_ptr<Source>> DecompressAuto(Source& source, const DecompressLimits& limits) {
  Input input(source);
  BW_TRY_STATUS(input.Want(4));
  std::unique_ptr<Source> out;
  switch (DetectCompression(input.rest())) {
    case Compression::kNone: out = std::make_unique<PlainSource>(std::move(input), limits); break;
    case Compression::kGzip: out = std::make_unique<GzipSource>(std::move(input), limits); break;
    case Compression::kZstd: out = std::make_unique<ZstdSource>(std::move(input), limits); break;
  }
  return out;
}

}  // namespace breakwater::io
