#include "net/chunked.h"

#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/bytes.h"

namespace breakwater::net {
namespace {

struct Decoded {
  bool ok = true;
  bool done = false;
  std::string body;
  std::string rest;  // behind the body
};

// Feeds pieces of `piece` bytes.
Decoded Decode(std::string text, std::size_t piece) {
  ChunkedDecoder decoder;
  Decoded out;
  std::size_t at = 0;
  while (at < text.size() && !decoder.done()) {
    const std::size_t n = std::min(piece, text.size() - at);
    const auto step = decoder.Decode(std::as_writable_bytes(std::span(text.data() + at, n)));
    if (!step.ok()) {
      out.ok = false;
      return out;
    }
    out.body.append(text, at, step->produced);
    at += step->consumed;
  }
  out.done = decoder.done();
  out.rest = text.substr(at);
  return out;
}

TEST(Chunked, DecodesInPiecesOfAnySize) {
  const std::string text =
      "5\r\nhello\r\n1;ext=\"x\"\r\n,\r\n00A\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nGET";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const auto decoded = Decode(text, piece);
    EXPECT_TRUE(decoded.ok && decoded.done) << piece;
    EXPECT_EQ(decoded.body, "hello,0123456789") << piece;
    EXPECT_EQ(decoded.rest, "GET") << piece;
  }
}

TEST(Chunked, IsNotDoneBeforeTheLastLine) {
  for (const char* text :
       {"", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nT: x\r\n", "0\r\n\r"}) {
    const auto decoded = Decode(text, 1);
    EXPECT_TRUE(decoded.ok) << text;
    EXPECT_FALSE(decoded.done) << text;
  }
}

TEST(Chunked, RefusesEverythingBesideTheGrammar) {
  for (const std::string text :
       {"\r\n", "x\r\n", "-1\r\n", "+1\r\n", "0x1\r\n", " 1\r\n", "1 \r\n", "1\nx", "1\rx",
        ";x\r\n", "1\r\nab\r\n", "1\r\na\n", "1\r\na\rx", "1;\x01\r\n", "1;a\nb\r\n", "0\r\nA\nB",
        "0\r\n\rx", "1111111111111111\r\n", "ffffffffffffffffffff\r\n"}) {
    EXPECT_FALSE(Decode(text, 1).ok) << text;
    EXPECT_FALSE(Decode(text, text.size()).ok) << text;
  }
}

TEST(Chunked, BoundsExtensionsAndTrailers) {
  EXPECT_FALSE(Decode("1;" + std::string(20'000, 'x'), 4096).ok);
  EXPECT_FALSE(Decode("0\r\nT: " + std::string(20'000, 'x'), 4096).ok);
  std::string many;
  for (int i = 0; i < 200; ++i) many += "1;" + std::string(100, 'x') + "\r\na\r\n";
  EXPECT_FALSE(Decode(many, 4096).ok);
}

RC_GTEST_PROP(ChunkedProperty, WhatWasCodedIsDecoded,
              (const std::vector<std::string>& pieces, const std::string& rest)) {
  std::string coded;
  std::string plain;
  for (const auto& piece : pieces) {
    if (piece.empty()) continue;
    coded += ChunkPrefix(piece.size()) + piece + "\r\n";
    plain += piece;
  }
  coded += "0\r\n\r\n" + rest;
  const auto decoded = Decode(coded, *rc::gen::inRange<std::size_t>(1, 50));
  RC_ASSERT(decoded.ok && decoded.done);
  RC_ASSERT(decoded.body == plain);
  RC_ASSERT(decoded.rest == rest);
}

}  // namespace
}  // namespace breakwater::net
