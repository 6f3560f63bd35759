#include "package/dpkg_version.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/strings.h"
#include "package/testdata_test.h"

namespace breakwater::package {
namespace {

char Operator(std::weak_ordering order) {
  return order < 0 ? '<' : order > 0 ? '>' : '=';
}

// Every row "a op b" of a vector file holds. Returns the number of rows.
std::size_t ExpectRowsHold(const std::filesystem::path& path) {
  const std::string text = testing::ReadText(path);
  std::size_t rows = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const auto cells = Split(line, '\t');
    EXPECT_EQ(cells.size(), 3U) << line;
    if (cells.size() != 3) continue;
    EXPECT_EQ(Operator(CompareDpkgVersions(cells[0], cells[2])), cells[1].front()) << line;
    ++rows;
  }
  return rows;
}

TEST(DpkgVersion, OrdersLikeDpkgsOwnTests) {
  EXPECT_EQ(ExpectRowsHold(testing::Sample("dpkg.tsv")), 90U);
  EXPECT_EQ(ExpectRowsHold(testing::Sample("osv-debian.tsv")), 27U);
}

TEST(DpkgVersion, OrdersRealVersionsLikeDpkg) {
  EXPECT_EQ(ExpectRowsHold(testing::Sample("real-dpkg.tsv")), 160U);
}

TEST(DpkgVersion, OrdersEveryKnownVectorLikeDpkg) {
  const auto shared = testing::Shared();
  if (shared.empty()) GTEST_SKIP() << "BREAKWATER_SHARED is not set";
  std::size_t rows = 0;
  for (const char* name :
       {"dpkg.tsv", "real-dpkg.tsv", "osv-debian.tsv", "osv-debian-generated.tsv"}) {
    rows += ExpectRowsHold(shared / "data/versions" / name);
  }
  EXPECT_GE(rows, 3600U);
}

TEST(DpkgVersion, NumbersBeyondAnyIntegerStillCompare) {
  EXPECT_TRUE(CompareDpkgVersions("1.99999999999999999999999998", "1.99999999999999999999999999") <
              0);
  EXPECT_TRUE(CompareDpkgVersions("99999999999999999999:1", "2:1") > 0);
}

TEST(DpkgVersion, SplitsEpochUpstreamAndRevision) {
  auto version = DpkgVersion::Parse("2:1.0-rc1-3+b1");
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->epoch, 2U);
  EXPECT_EQ(version->upstream, "1.0-rc1");
  EXPECT_EQ(version->revision, "3+b1");
  EXPECT_EQ(version->ToString(), "2:1.0-rc1-3+b1");
}

TEST(DpkgVersion, RefusesWhatDpkgRefuses) {
  for (const char* bad : {"", " ", ":1", "a:1", "-1:1", "99999999999:1", "1:", "-1", "1-",
                          "1.0-1:2", "1 0", "abc", "1_0", "1.0-1_2", "1.0/2", "1\x01"}) {
    auto version = DpkgVersion::Parse(bad);
    ASSERT_FALSE(version.ok()) << '"' << bad << '"';
    EXPECT_EQ(version.error().reason(), "invalid_version");
  }
  for (const char* good : {"0", "1:2:3-4", "1.0~rc1+git20200101-0ubuntu1~20.04", "0foo-0"}) {
    EXPECT_TRUE(DpkgVersion::Parse(good).ok()) << good;
  }
}

// Texts out of the characters on which the order turns, so that near misses are frequent.
rc::Gen<std::string> VersionLike() {
  return rc::gen::container<std::string>(rc::gen::elementOf(std::string("0011299aZ.+~--::")));
}

RC_GTEST_PROP(DpkgVersionOrder, IsAntisymmetric, ()) {
  const auto a = *VersionLike();
  const auto b = *VersionLike();
  const auto forward = CompareDpkgVersions(a, b);
  const auto backward = CompareDpkgVersions(b, a);
  RC_ASSERT((forward < 0) == (backward > 0));
  RC_ASSERT((forward == 0) == (backward == 0));
}

RC_GTEST_PROP(DpkgVersionOrder, IsTransitive, ()) {
  const auto a = *VersionLike();
  const auto b = *VersionLike();
  const auto c = *VersionLike();
  if (CompareDpkgVersions(a, b) <= 0 && CompareDpkgVersions(b, c) <= 0) {
    RC_ASSERT((CompareDpkgVersions(a, c) <= 0));
  }
  if (CompareDpkgVersions(a, b) == 0) {
    RC_ASSERT(Operator(CompareDpkgVersions(a, c)) == Operator(CompareDpkgVersions(b, c)));
  }
}

RC_GTEST_PROP(DpkgVersionOrder, KeepsTildeBelowAndSuffixAbove, ()) {
  const auto a = *rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("0129aZ.+~"))));
  RC_ASSERT((CompareDpkgVersions(a + "~x", a) < 0));
  RC_ASSERT((CompareDpkgVersions(a + "+x", a) > 0));
  RC_ASSERT((CompareDpkgVersions("0:" + a, a) == 0));
}

RC_GTEST_PROP(DpkgVersionParse, PrintsWhatItRead, ()) {
  const auto text = *VersionLike();
  if (auto version = DpkgVersion::Parse(text); version.ok()) {
    auto again = DpkgVersion::Parse(version->ToString());
    RC_ASSERT(again.ok());
    RC_ASSERT(again->ToString() == version->ToString());
    RC_ASSERT((CompareDpkgVersions(text, version->ToString()) == 0));
  }
}

}  // namespace
}  // namespace breakwater::package
