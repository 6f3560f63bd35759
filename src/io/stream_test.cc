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
