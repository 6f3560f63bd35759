#include "io/stream.h"

#include <gtest/gtest.h>

namespace breakwater::io {
namespace {

TEST(Stream, CopiesUpToTheLimitAndSaysHowMuch) {
  const std::string text(1000, 'x');
  StringSource source(text, 7);
  StringSink sink(1000);
  EXPECT_EQ(*Copy(source, sink, 1000), 1000U);
  EXPECT_EQ(sink.text(), text);
}

TEST(Stream, CopyNeverGivesTheSinkMoreThanTheLimit) {
  const std::string text(1000, 'x');
  StringSource source(text, 7);
  StringSink sink(5000);
  const auto copied = Copy(source, sink, 999);
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().code(), ErrorCode::kTooLarge);
  EXPECT_LE(sink.text().size(), 999U);
}

TEST(Stream, CopiesWhateverThePiecesAre) {
  std::string text(5'000'000, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i % 251);
  for (const std::size_t piece : {std::size_t{16 * 1024}, std::size_t{70'000}, text.size()}) {
    StringSource source(text, piece);
    StringSink sink(text.size());
    EXPECT_EQ(*Copy(source, sink, text.size()), text.size());
    EXPECT_TRUE(sink.text() == text);
  }
}

TEST(Stream, ReadAllRefusesMoreThanTheLimit) {
  StringSource fits("abc", 1);
  EXPECT_EQ(*ReadAll(fits, 3), "abc");
  StringSource larger("abcd", 1);
  EXPECT_EQ(ReadAll(larger, 3).error().code(), ErrorCode::kTooLarge);
  StringSource nothing("");
  EXPECT_EQ(*ReadAll(nothing, 0), "");
}

TEST(Stream, ReadFullFillsAcrossPiecesAndStopsAtTheEnd) {
  StringSource source("abcdefg", 2);
  Bytes out(5);
  EXPECT_EQ(*ReadFull(source, out), 5U);
  EXPECT_EQ(AsText(out), "abcde");
  EXPECT_EQ(*ReadFull(source, out), 2U);
  EXPECT_EQ(*ReadFull(source, out), 0U);
}

TEST(Stream, StringSinkRefusesMoreThanItsLimit) {
  StringSink sink(3);
  EXPECT_TRUE(sink.Write(AsBytes("ab")).ok());
  EXPECT_EQ(sink.Write(AsBytes("cd")).error().code(), ErrorCode::kTooLarge);
  EXPECT_TRUE(sink.Write(AsBytes("c")).ok());
  EXPECT_EQ(sink.Take(), "abc");
  EXPECT_EQ(sink.text(), "");
}

}  // namespace
}  // namespace breakwater::io
