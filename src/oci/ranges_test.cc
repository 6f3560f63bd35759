#include "oci/ranges.h"

#include <gtest/gtest.h>

namespace breakwater::oci {
namespace {

using Ranges = std::vector<ByteRange>;

TEST(Range, IsFirstToLastToEndOrSuffix) {
  EXPECT_EQ(*ParseRanges("bytes=500-1499", 2000), (Ranges{{500, 1000}}));
  EXPECT_EQ(*ParseRanges("bytes=500-", 2000), (Ranges{{500, 1500}}));
  EXPECT_EQ(*ParseRanges("bytes=-500", 2000), (Ranges{{1500, 500}}));
  EXPECT_EQ(*ParseRanges("bytes=0-0", 2000), (Ranges{{0, 1}}));
}

TEST(Range, IsCutAtTheEnd) {
  EXPECT_EQ(*ParseRanges("bytes=1500-9999", 2000), (Ranges{{1500, 500}}));
  EXPECT_EQ(*ParseRanges("bytes=-9999", 2000), (Ranges{{0, 2000}}));
}

TEST(Range, OutsideOrMalformedCannotBeSatisfied) {
  for (const char* bad :
       {"bytes=2000-", "bytes=2000-2001", "bytes=500-0", "bytes=-0", "bytes=", "bytes=-",
        "bytes=a-b", "bytes=1", "bytes=1-b", "bytes=--1", "bytes=99999999999999999999-", "bytes=,",
        "bytes=0-1,x", "bytes=0-1,5-4", "bytes=2000-,-0"}) {
    const auto ranges = ParseRanges(bad, 2000);
    ASSERT_FALSE(ranges.ok()) << bad;
    EXPECT_EQ(ranges.error().code(), ErrorCode::kRangeInvalid) << bad;
  }
  EXPECT_FALSE(ParseRanges("bytes=0-", 0).ok());
}

TEST(Range, BeyondEveryNumberIsBeyondTheEnd) {
  for (const char* last : {"9223372036854775807", "18446744073709551615", "99999999999999999999"}) {
    EXPECT_EQ(*ParseRanges("bytes=500-" + std::string(last), 2000), (Ranges{{500, 1500}})) << last;
    EXPECT_EQ(*ParseRanges("bytes=-" + std::string(last), 2000), (Ranges{{0, 2000}})) << last;
  }
}

TEST(Range, OfAnotherUnitIsAnsweredWhole) {
  EXPECT_TRUE(ParseRanges("lines=1-2", 2000)->empty());
  EXPECT_TRUE(ParseRanges("byte", 2000)->empty());
  EXPECT_EQ(*ParseRanges("Bytes=0-9", 2000), (Ranges{{0, 10}})) << "units have no case";
}

TEST(Range, SeveralKeepTheOrderAskedForWithoutThoseOutside) {
  EXPECT_EQ(*ParseRanges("bytes=500-599, 0-9 ,-1", 2000), (Ranges{{500, 100}, {0, 10}, {1999, 1}}));
  EXPECT_EQ(*ParseRanges("bytes=0-9,10-19", 2000), (Ranges{{0, 10}, {10, 10}}));
  EXPECT_EQ(*ParseRanges("bytes=5000-,0-9", 2000), (Ranges{{0, 10}}));
  EXPECT_EQ(*ParseRanges("bytes=0-9,", 2000), (Ranges{{0, 10}})) << "an empty element is none";
  EXPECT_EQ(*ParseRanges("bytes=, 0-9 ,,20-29", 2000), (Ranges{{0, 10}, {20, 10}}));
}

TEST(Range, SeveralMustNotOverlap) {
  for (const char* bad : {"bytes=0-9,9-19", "bytes=0-,0-", "bytes=5-5,0-9", "bytes=0-1,-2000"}) {
    const auto ranges = ParseRanges(bad, 2000);
    ASSERT_FALSE(ranges.ok()) << bad;
    EXPECT_EQ(ranges.error().reason(), "range_invalid") << bad;
  }
}

TEST(Range, SeveralAreBoundedInNumber) {
  const auto header = [](std::size_t count) {
    std::string text = "bytes=";
    for (std::size_t i = 0; i < count; ++i) {
      text += (i > 0 ? "," : "") + std::to_string(2 * i) + "-" + std::to_string(2 * i);
    }
    return text;
  };
  EXPECT_EQ(ParseRanges(header(kMaxRanges), 1U << 20)->size(), kMaxRanges);
  const auto more = ParseRanges(header(kMaxRanges + 1), 1U << 20);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().code(), ErrorCode::kInvalid);
  EXPECT_EQ(more.error().reason(), "too_many_ranges");
}

TEST(ContentRange, IsStartToEndWithOrWithoutUnitAndTotal) {
  EXPECT_EQ(*ParseContentRange("0-1023"), (ByteRange{0, 1024}));
  EXPECT_EQ(*ParseContentRange("1024-1024"), (ByteRange{1024, 1}));
  EXPECT_EQ(*ParseContentRange("bytes 5-9/100"), (ByteRange{5, 5}));
  EXPECT_EQ(*ParseContentRange("bytes 5-9/*"), (ByteRange{5, 5}));
}

TEST(ContentRange, MalformedIsRefused) {
  for (const char* bad : {"", "-", "5", "5-", "-5", "9-5", "a-b", "0-1-2", "bytes=0-1", "0x0-1",
                          "0-99999999999999999999", "+0-1"}) {
    const auto range = ParseContentRange(bad);
    ASSERT_FALSE(range.ok()) << bad;
    EXPECT_EQ(range.error().reason(), "blob_upload_invalid");
  }
}

}  // namespace
}  // namespace breakwater::oci
