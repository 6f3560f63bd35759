#include "observe/request_id.h"

#include <gtest/gtest.h>

namespace breakwater::observe {
namespace {

TEST(RequestId, IsNewEachTimeAndValid) {
  const auto a = NewRequestId();
  EXPECT_TRUE(IsValidRequestId(a));
  EXPECT_NE(a, NewRequestId());
}

TEST(RequestId, OfACallerMustBeShortAndPlain) {
  EXPECT_TRUE(IsValidRequestId("a"));
  EXPECT_TRUE(IsValidRequestId("Az09._-"));
  EXPECT_TRUE(IsValidRequestId(std::string(128, 'x')));
  EXPECT_FALSE(IsValidRequestId(""));
  EXPECT_FALSE(IsValidRequestId(std::string(129, 'x')));
  for (const char* bad : {"a b", "a\r\nSet-Cookie: x", "a\"b", "\xc3\xa9", "a/b", "a:b"}) {
    EXPECT_FALSE(IsValidRequestId(bad)) << bad;
  }
}

constexpr const char* kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceParent, RoundTrips) {
  const auto parent = TraceParent::Parse(kGood);
  ASSERT_TRUE(parent.has_value());
  EXPECT_EQ(parent->trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(parent->parent_id, "b7ad6b7169203331");
  EXPECT_TRUE(parent->sampled);
  EXPECT_EQ(parent->ToString(), kGood);
}

TEST(TraceParent, ReadsOnlyTheSampledFlag) {
  EXPECT_TRUE(
      TraceParent::Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0b")->sampled);
  EXPECT_FALSE(
      TraceParent::Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-f0")->sampled);
}

TEST(TraceParent, ReadsHigherVersionsAsFarAsItKnowsThem) {
  EXPECT_TRUE(TraceParent::Parse("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
}

TEST(TraceParent, RefusesWhatIsNotWellFormed) {
  for (const char* bad : {"", "00", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
                          "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(TraceParent::Parse(bad).has_value()) << bad;
  }
}

TEST(TraceParent, ChildKeepsTheTraceAndChangesTheParent) {
  const auto parent = TraceParent::New();
  ASSERT_TRUE(TraceParent::Parse(parent.ToString()).has_value());
  const auto child = parent.Child();
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.parent_id, parent.parent_id);
}

}  // namespace
}  // namespace breakwater::observe
