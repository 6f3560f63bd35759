#include "net/http.h"

#include <gtest/gtest.h>

#include "net/http_response.h"

namespace breakwater::net {
namespace {

using Views = std::vector<std::string_view>;

TEST(Headers, CompareNamesWithoutCaseAndKeepRepeatedOnes) {
  Headers headers;
  headers.Add("Accept", "a");
  headers.Add("ACCEPT", "b");
  EXPECT_EQ(headers.Get("accept"), "a");
  EXPECT_EQ(headers.GetAll("Accept"), (Views{"a", "b"}));
  EXPECT_FALSE(headers.Get("Accept-Language").has_value());
}

TEST(Headers, SetReplacesAllOfAName) {
  Headers headers;
  headers.Add("X", "1");
  headers.Add("x", "2");
  headers.Set("X", "3");
  EXPECT_EQ(headers.GetAll("x"), (Views{"3"}));
  headers.Remove("X");
  EXPECT_TRUE(headers.all().empty());
}

TEST(Parameters, AreDecodedAndKeptInOrder) {
  const auto parameters = Parameters::Parse("a=1&b=x%20y+z&a=2&flag&empty=&&=v");
  ASSERT_TRUE(parameters.ok());
  EXPECT_EQ(parameters->GetAll("a"), (Views{"1", "2"}));
  EXPECT_EQ(parameters->Get("b"), "x y z");
  EXPECT_EQ(parameters->Get("flag"), "");
  EXPECT_EQ(parameters->Get("empty"), "");
  EXPECT_EQ(parameters->Get(""), "v");
  EXPECT_FALSE(parameters->Has("c"));
}

TEST(Parameters, KeepEqualSignsOfTheValue) {
  EXPECT_EQ(Parameters::Parse("filter=a=b")->Get("filter"), "a=b");
}

TEST(Parameters, RefuseBrokenEscapesAndTooMany) {
  EXPECT_FALSE(Parameters::Parse("a=%zz").ok());
  EXPECT_FALSE(Parameters::Parse("a=%0").ok());
  EXPECT_FALSE(Parameters::Parse("%00=1").ok());
  std::string many;
  for (int i = 0; i < 300; ++i) many += "a=1&";
  EXPECT_EQ(Parameters::Parse(many).error().reason(), "too_many_parameters");
}

TEST(HttpDate, HasTheFixedForm) {
  // The example of RFC 9110 §5.6.7.
  EXPECT_EQ(FormatHttpDate(FromMicros(784'111'777'000'000)), "Sun, 06 Nov 1994 08:49:37 GMT");
}

}  // namespace
}  // namespace breakwater::net
