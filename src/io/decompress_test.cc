#include "io/decompress.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <zstd.h>

#include "io/io_testing.h"

namespace breakwater::io {
namespace {

std::string Gzip(std::string_view text, int level = 6) {
  StringSink out(64U << 20);
  GzipSink sink(out, level);
  EXPECT_TRUE(sink.Write(AsBytes(text)).ok());
  EXPECT_TRUE(sink.Finish().ok());
  return out.Take();
}

std::string Zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  out.resize(size);
  return out;
}

// Decompresses input that comes in pieces of `piece` bytes.
Result<std::string> Auto(std::string_view input, std::size_t piece = kPieceSize,
                         const DecompressLimits& limits = {}) {
  StringSource source(input, piece);
  BW_TRY(const auto decoder, DecompressAuto(source, limits));
  return ReadAll(*decoder, 128U << 20);
}

// One byte of output at a time.
Result<std::string> AutoByteByByte(std::string_view input) {
  StringSource source(input, 1);
  BW_TRY(const auto decoder, DecompressAuto(source));
  std::string out;
  std::byte one{};
  while (true) {
    BW_TRY(const std::size_t count, decoder->Read({&one, 1}));
    if (count == 0) return out;
    out += static_cast<char>(one);
  }
}

std::string SampleText() {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "Package: p" + std::to_string(i * i) + "\n";
  return text;
}

std::string FromHex(std::string_view hex) {
  return std::string(AsText(*HexDecode(hex)));
}

TEST(Decompress, ReadsWhatTheUsualProgramsWrite) {
  // printf 'hello, hello, hello\n' | gzip -n, and | zstd --no-check
  EXPECT_EQ(*Auto(FromHex("1f8b0800000000000003cb48cdc9c9d751c840a2b800e7426e5214000000")),
            "hello, hello, hello\n");
  EXPECT_EQ(*Auto(FromHex("28b52ffd00587500004068656c6c6f2c200a0100e28a11")),
            "hello, hello, hello\n");
}

RC_GTEST_PROP(Decompress, GivesBackAnyTextInAnyPieces, (const std::string& text)) {
  const std::size_t piece = *rc::gen::inRange<std::size_t>(1, 100);
  RC_ASSERT(*Auto(Gzip(text), piece) == text);
  RC_ASSERT(*Auto(Zstd(text), piece) == text);
  RC_ASSERT(*AutoByteByByte(Gzip(text)) == text);
  RC_ASSERT(*AutoByteByByte(Zstd(text)) == text);
}

TEST(Decompress, GivesBackTextsLargerThanItsBuffers) {
  std::string text;
  std::uint32_t state = 1;
  while (text.size() < 3'000'000) {
    state = state * 1664525U + 1013904223U;
    text += static_cast<char>(state >> 24);
    if ((state >> 16) % 5 == 0) text += "a common piece of text";
  }
  for (const int level : {1, 6, 9}) EXPECT_TRUE(*Auto(Gzip(text, level)) == text);
  EXPECT_TRUE(*Auto(Zstd(text)) == text);
}

TEST(Decompress, ReadsMembersAndFramesInARow) {
  const std::string gzip = Gzip("one ") + Gzip("") + Gzip("two ") + Gzip("three");
  const std::string skippable = std::string("\x53\x2a\x4d\x18\x03\0\0\0abc", 11);
  const std::string zstd =
      skippable + Zstd("one ") + Zstd("") + skippable + Zstd("two ") + Zstd("three") + skippable;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, kPieceSize}) {
    EXPECT_EQ(*Auto(gzip, piece), "one two three") << piece;
    EXPECT_EQ(*Auto(zstd, piece), "one two three") << piece;
  }
}

TEST(Decompress, ReadsGzipHeadersWithEveryOptionInAnyPieces) {
  const std::string plain = Gzip("text");
  const std::string body = plain.substr(10);
  // RFC 1952 §2.3: FEXTRA, FNAME, FCOMMENT in this order.
  for (unsigned flags = 0; flags < 32; flags += 4) {
    std::string gzip = plain.substr(0, 3) + static_cast<char>(flags) + plain.substr(4, 6);
    if ((flags & 4U) != 0) gzip += std::string("\x05\0extra", 7);
    if ((flags & 8U) != 0) gzip += std::string("name\0", 5);
    if ((flags & 16U) != 0) gzip += std::string("a comment\0", 10);
    gzip += body;
    for (std::size_t piece = 1; piece <= gzip.size(); ++piece) {
      EXPECT_EQ(*Auto(gzip + gzip, piece), "texttext") << flags << " " << piece;
    }
    for (std::size_t size = 2; size < gzip.size(); ++size) {
      EXPECT_FALSE(Auto(std::string_view(gzip).substr(0, size), 3).ok()) << flags << " " << size;
    }
  }
}

TEST(Decompress, PassesPlainBytesThrough) {
  for (const std::string text : {"", "a", "ab", "\x1f", "abc", "\x28\xb5\x2f", "plain text"}) {
    EXPECT_EQ(*Auto(text, 1), text);
    EXPECT_EQ(*Auto(text), text);
  }
  const std::string large(1'000'000, 'p');
  EXPECT_TRUE(*Auto(large, 1000) == large);
}

TEST(Decompress, DetectsByMagicNumber) {
  EXPECT_EQ(DetectCompression(AsBytes(Gzip("x"))), Compression::kGzip);
  EXPECT_EQ(DetectCompression(AsBytes(Zstd("x"))), Compression::kZstd);
  EXPECT_EQ(DetectCompression(AsBytes("\x5f\x2a\x4d\x18")), Compression::kZstd);
  EXPECT_EQ(DetectCompression(AsBytes("\x60\x2a\x4d\x18")), Compression::kNone);
  EXPECT_EQ(DetectCompression({}), Compression::kNone);
}

TEST(Decompress, RefusesEveryTruncation) {
  for (const std::string& whole :
       {Gzip(SampleText()), Zstd(SampleText()), Gzip("a") + Gzip("b"), Zstd("a") + Zstd("b")}) {
    const std::size_t member = whole.size() < 100 ? whole.size() / 2 : 0;
    for (std::size_t size = 4; size < whole.size(); ++size) {
      if (size == member) continue;  // a whole stream by itself
      for (const std::size_t piece : {std::size_t{1}, kPieceSize}) {
        const auto text = Auto(std::string_view(whole).substr(0, size), piece);
        ASSERT_FALSE(text.ok()) << size;
        EXPECT_EQ(text.error().reason(), "malformed_compression") << size;
      }
    }
  }
}

TEST(Decompress, RefusesAnEmptyStreamWhereOneIsExpected) {
  StringSource nothing("");
  Bytes out(10);
  EXPECT_FALSE(Gunzip(nothing)->Read(out).ok());
  StringSource still_nothing("");
  EXPECT_FALSE(Unzstd(still_nothing)->Read(out).ok());
}

TEST(Decompress, RefusesTrailingGarbage) {
  for (const std::string& garbage :
       {std::string("x"), std::string("garbage"), std::string(1, '\0'), std::string(512, '\0'),
        std::string("\x1f"), std::string("\x1f\x8b")}) {
    for (const std::size_t piece : {std::size_t{1}, kPieceSize}) {
      EXPECT_EQ(Auto(Gzip("text") + garbage, piece).error().reason(), "malformed_compression");
      EXPECT_EQ(Auto(Zstd("text") + garbage, piece).error().reason(), "malformed_compression");
    }
  }
}

TEST(Decompress, AChangedByteIsNoticedOrChangesNothing) {
  const std::string text = SampleText();
  const std::string gzip = Gzip(text);
  for (std::size_t bit = 16; bit < gzip.size() * 8; ++bit) {
    std::string changed = gzip;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto read = Auto(changed);
    if (read.ok()) {
      EXPECT_TRUE(*read == text) << bit;
    }
  }
}

TEST(Decompress, AnErrorStays) {
  const std::string input = Gzip("text") + "garbage";
  StringSource source(input);
  const auto decoder = Gunzip(source);
  Bytes out(100);
  EXPECT_EQ(*decoder->Read(out), 4U);
  EXPECT_FALSE(decoder->Read(out).ok());
  EXPECT_FALSE(decoder->Read(out).ok());
}

TEST(Decompress, RefusesMoreOutputThanTheLimit) {
  const std::string text(10'000, 'x');
  for (const std::string& input : {Gzip(text), Zstd(text), text}) {
    EXPECT_TRUE(Auto(input, 100, {.max_output = 10'000}).ok());
    const auto refused = Auto(input, 100, {.max_output = 9'999});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kTooLarge);
    EXPECT_EQ(refused.error().reason(), "decompressed_too_large");
  }
}

TEST(Decompress, RefusesBombsByTheirRatio) {
  const std::string zeros(64U << 20, '\0');
  for (const std::string& input : {Gzip(zeros), Zstd(zeros)}) {
    EXPECT_EQ(Auto(input, 100, {.max_ratio = 100}).error().reason(), "decompressed_too_large");
    EXPECT_TRUE(Auto(input, 100, {.max_ratio = 1'000'000}).ok());
  }
  EXPECT_TRUE(Auto(Gzip(std::string(kFreeOutput, '\0')), 100, {.max_ratio = 100}).ok());
}

TEST(Decompress, KeepsZstdWindowsOf128MebibytesAndNoMore) {
  // RFC 8878 §3.1.1: a frame with a window descriptor and one empty last block.
  const auto frame = [](int log) {
    return std::string("\x28\xb5\x2f\xfd\0", 5) + static_cast<char>((log - 10) << 3) +
           std::string("\x01\0\0", 3);
  };
  EXPECT_EQ(*Auto(frame(27)), "");
  EXPECT_FALSE(Auto(frame(28)).ok());
}

TEST(Decompress, PassesTheErrorOfTheSourceOn) {
  const std::string gzip = Gzip(SampleText());
  for (const std::size_t size : {std::size_t{4}, std::size_t{20}, gzip.size()}) {
    testing::BreakingSource source(std::string_view(gzip).substr(0, size));
    const auto decoder = Gunzip(source);
    testing::CountingSink sink;
    const auto copied = Copy(*decoder, sink, 1U << 20);
    ASSERT_FALSE(copied.ok());
    EXPECT_EQ(copied.error().message(), "the line is cut");
  }
}

TEST(GzipSink, TheSameInputGivesTheSameBytesWithoutATime) {
  const std::string gzip = Gzip("text");
  EXPECT_EQ(gzip, Gzip("text"));
  EXPECT_EQ(gzip.substr(4, 4), std::string(4, '\0'));
}

}  // namespace
}  // namespace breakwater::io
