#include "oci/ranges.h"

#include <gtest/gtest.h>

namespace breakwater::oci {
namespace {

TEST(Range, IsFirstToLastToEndOrSuffix) {
  EXPECT_EQ(**ParseRange("bytes=500-1499", 2000), (ByteRange{500, 1000}));
  EXPECT_EQ(**ParseRange("bytes=500-", 2000), (ByteRange{500, 1500}));
  EXPECT_EQ(**ParseRange("bytes=-500", 2000), (ByteRange{1500, 500}));
  EXPECT_EQ(**ParseRange("bytes=0-0", 2000), (ByteRange{0, 1}));
}

TEST(Range, IsCutAtTheEnd) {
  EXPECT_EQ(**ParseRange("bytes=1500-9999", 2000), (ByteRange{1500, 500}));
  EXPECT_EQ(**ParseRange("bytes=-9999", 2000), (ByteRange{0, 2000}));
}

TEST(Range, OutsideOrMalformedCannotBeSatisfied) {
  for (const char* bad :
       {"bytes=2000-", "bytes=2000-2001", "bytes=500-0", "bytes=-0", "bytes=", "bytes=-",
        "bytes=a-b", "bytes=1", "bytes=1-b", "bytes=--1", "bytes=99999999999999999999-"}) {
    const auto range = ParseRange(bad, 2000);
    ASSERT_FALSE(range.ok()) << bad;
    EXPECT_EQ(range.error().code(), ErrorCode::kRangeInvalid) << bad;
  }
  EXPECT_FALSE(ParseRange("bytes=0-", 0).ok());
}

TEST(Range, OfAnotherUnitOrSeveralIsAnsweredWhole) {
  EXPECT_FALSE(ParseRange("lines=1-2", 2000)->has_value());
  EXPECT_FALSE(ParseRange("bytes=0-1,5-6", 2000)->has_value());
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
