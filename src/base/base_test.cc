#include <set>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/strings.h"
#include "base/testing.h"
#include "base/time.h"

namespace breakwater {
namespace {

Result<int> Half(int n) {
  if (n % 2 != 0) return Invalid("odd");
  return n / 2;
}
Result<int> Quarter(int n) {
  BW_TRY(const int half, Half(n));
  BW_TRY(const int quarter, Half(half));
  return quarter;
}

TEST(Result, TryReturnsTheFirstError) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_EQ(Quarter(6).error().message(), "odd");
}

TEST(Result, ContextIsPutBeforeTheMessageOfAnErrorOnly) {
  EXPECT_EQ(Half(1).Context("n").error().message(), "n: odd");
  EXPECT_EQ(*Half(4).Context("n"), 2);
}

TEST(Bytes, Base64MatchesRfc4648Vectors) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64Encode(AsBytes(plain)), encoded);
    EXPECT_EQ(AsText(*Base64Decode(encoded)), plain);
  }
}

TEST(Bytes, Base64UrlRefusesPaddingStrayBitsAndForeignCharacters) {
  EXPECT_EQ(Base64UrlEncode(AsBytes("\xfb\xff")), "-_8");
  for (const char* bad : {"Zg==", "Zh", "A", "a+b/", "Z g"})
    EXPECT_FALSE(Base64UrlDecode(bad).ok());
}

TEST(Bytes, PercentDecodeRefusesBrokenEscapesAndNul) {
  EXPECT_EQ(*PercentDecode("a%2Fb%3a+"), "a/b:+");
  EXPECT_EQ(*PercentDecode("a+b", true), "a b");
  for (const char* bad : {"%", "%2", "%zz", "%00"}) EXPECT_FALSE(PercentDecode(bad).ok());
  EXPECT_FALSE(PercentDecode("%ff").ok());
  EXPECT_EQ(PercentEncode("a/b:c d", "/"), "a/b%3Ac%20d");
}

TEST(Time, Rfc3339RoundTripsAndNormalisesOffsets) {
  EXPECT_EQ(FormatRfc3339(*ParseRfc3339("2022-03-21T09:30:00Z")), "2022-03-21T09:30:00Z");
  EXPECT_EQ(FormatRfc3339(*ParseRfc3339("2022-03-21T09:30:00.5+02:00")),
            "2022-03-21T07:30:00.500000Z");
  EXPECT_EQ(FormatRfc3339(*ParseRfc3339("1969-12-31T23:59:59.999999999Z")),
            "1969-12-31T23:59:59.999999Z");
  for (const char* bad : {"", "2022-02-30T00:00:00Z", "2022-03-21", "2022-03-21T24:00:00Z",
                          "2022-03-21T09:30:00", "2022-03-21T09:30:00Zx"}) {
    EXPECT_FALSE(ParseRfc3339(bad).ok()) << bad;
  }
}

TEST(Ids, UuidV7SortsByTime) {
  testing::ManualClock clock;
  const std::string first = NewUuidV7(clock.Now());
  clock.Advance(std::chrono::milliseconds{1});
  EXPECT_LT(first, NewUuidV7(clock.Now()));
  EXPECT_EQ(first.size(), 36U);
  EXPECT_EQ(first[14], '7');
}

TEST(Ids, CrnRoundTripsAndKeepsColonsOfTheResource) {
  const Crn crn{"container-registry", "us-south", AccountId("acc"), "", "image", "ns/r@sha256:ab"};
  EXPECT_EQ(crn.ToString(),
            "crn:v1:bluemix:public:container-registry:us-south:a/acc::image:ns/r@sha256:ab");
  EXPECT_EQ(*Crn::Parse(crn.ToString()), crn);
  EXPECT_FALSE(Crn::Parse("crn:v1:x").ok());
}

TEST(Strings, NearestFindsASlipAndNothingForAStranger) {
  const std::vector<std::string> known = {"private_hosts", "public_hosts", "region"};
  EXPECT_EQ(Nearest("pubic_hosts", known), "public_hosts");
  EXPECT_EQ(Nearest("zzzzzzzz", known), "");
}

TEST(Strings, Utf8RefusesOverlongSurrogateAndCutSequences) {
  EXPECT_TRUE(IsValidUtf8("gr\xc3\xbc\xc3\x9f \xf0\x9f\x9a\xa2"));
  for (const char* bad : {"\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xff", "\xf4\x90\x80\x80"}) {
    EXPECT_FALSE(IsValidUtf8(bad));
  }
}

TEST(Strings, InvalidUtf8IsReplacedByteByByte) {
  EXPECT_EQ(ReplaceInvalidUtf8("a\xc3(\xff\xc3\xbc"), "a\xef\xbf\xbd(\xef\xbf\xbd\xc3\xbc");
  EXPECT_EQ(ReplaceInvalidUtf8("plain"), "plain");
}

TEST(Strings, ParseIntTakesWholeTextOnly) {
  EXPECT_EQ(*ParseInt("-12"), -12);
  for (const char* bad : {"", "1x", " 1", "9223372036854775808"}) EXPECT_FALSE(ParseInt(bad).ok());
}

TEST(SecretText, ComparesByContentAndMovesAway) {
  Secret a("key");
  EXPECT_TRUE(a == Secret("key"));
  EXPECT_FALSE(a == Secret("kez"));
  const Secret b = std::move(a);
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): the wipe is the point
  EXPECT_EQ(b.Reveal(), "key");
}

}  // namespace
}  // namespace breakwater
