// Decompression as a stream, bounded in output and ratio: gzip (RFC 1952) and zstd (RFC 8878).
//
// Bytes that are no such stream, or one that is cut or has something behind it, are kInvalid with
// reason "malformed_compression"; a limit passed is kTooLarge with "decompressed_too_large".
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "io/stream.h"

struct z_stream_s;

namespace breakwater::io {

enum class Compression { kNone, kGzip, kZstd };

struct DecompressLimits {
  std::uint64_t max_output = 64ULL << 30;
  // Output bytes for each input byte, looked at beyond kFreeOutput. Deflate itself cannot exceed
  // 1032; zstd can, but then only with a file of almost nothing.
  std::uint64_t max_ratio = 1100;
};

// Output that no ratio is asked for.
inline constexpr std::uint64_t kFreeOutput = 16ULL << 20;
// The largest zstd window that we keep: 2^27 bytes, what `zstd -d` takes without --long.
inline constexpr int kZstdWindowLog = 27;

// By the magic number; `head` should have four bytes where there are as many.
Compression DetectCompression(ByteView head);

// `source` must outlive the result.
// One or more gzip members in a row (RFC 1952 §2.2).
std::unique_ptr<Source> Gunzip(Source& source, const DecompressLimits& limits = {});
// One or more zstd frames in a row; skippable frames are skipped.
std::unique_ptr<Source> Unzstd(Source& source, const DecompressLimits& limits = {});
// Looks at the magic number: gzip, zstd, or the bytes as they are. Fails only as `source` does.
Result<std::unique_ptr<Source>> DecompressAuto(Source& source, const DecompressLimits& limits = {});

// Compresses into `target`, which must outlive it. The same input gives the same output: no name,
// no time. Complete only after Finish.
class GzipSink final : public Sink {
 public:
  explicit GzipSink(Sink& target, int level = 6);
  GzipSink(const GzipSink&) = delete;
  GzipSink& operator=(const GzipSink&) = delete;
  ~GzipSink() override;
  Status Write(ByteView bytes) override;
  // Writes the rest and the trailer. Nothing may be written afterwards.
  Status Finish();

 private:
  Status Deflate(ByteView bytes, int flush);

  Sink& target_;
  std::unique_ptr<z_stream_s> stream_;
  Bytes buffer_;
  bool finished_ = false;
};

}  // namespace breakwater::io
