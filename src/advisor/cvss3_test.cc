#include "advisor/cvss3.h"

#include <gtest/gtest.h>

#include "advisor/severity.h"
#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

// Every "vector <TAB> base …" row scores as given. Returns the number of rows.
std::size_t ExpectScores(const std::filesystem::path& path) {
  const std::string text = testing::ReadText(path);
  std::size_t rows = 0;
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const auto cells = Split(line, '\t');
    auto score = Cvss3BaseScore(cells[0]);
    EXPECT_TRUE(score.ok()) << line;
    EXPECT_DOUBLE_EQ(std::move(score).value_or(-1), std::stod(std::string(cells[1]))) << line;
    ++rows;
  }
  return rows;
}

TEST(Cvss3, ScoresSampleVectors) {
  EXPECT_GE(ExpectScores(testing::Sample("cvss30.tsv")), 70U);
  EXPECT_GE(ExpectScores(testing::Sample("cvss31.tsv")), 80U);
}

TEST(Cvss3, ScoresEveryKnownVector) {
  const auto shared = testing::Shared();
  if (shared.empty()) GTEST_SKIP() << "BREAKWATER_SHARED is not set";
  std::size_t rows = 0;
  for (const char* name : {"cvss30.tsv", "cvss31.tsv", "cvss3-random.tsv"}) {
    rows += ExpectScores(shared / "data/cvss" / name);
  }
  EXPECT_GE(rows, 6000U);
}

TEST(Cvss3, RefusesWhatIsNoVector) {
  for (const char* bad :
       {"", "CVSS:3.1", "CVSS:3.1/", "AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H",
        "CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:Q/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/ZZ:H",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:U/E:U"}) {
    auto score = Cvss3BaseScore(bad);
    ASSERT_FALSE(score.ok()) << bad;
    EXPECT_EQ(score.error().reason(), "invalid_cvss");
  }
}

TEST(Severity, BandsFollowTheSpecification) {
  EXPECT_EQ(SeverityOfScore(0.0), Severity::kNegligible);
  EXPECT_EQ(SeverityOfScore(0.1), Severity::kLow);
  EXPECT_EQ(SeverityOfScore(3.9), Severity::kLow);
  EXPECT_EQ(SeverityOfScore(4.0), Severity::kMedium);
  EXPECT_EQ(SeverityOfScore(6.9), Severity::kMedium);
  EXPECT_EQ(SeverityOfScore(7.0), Severity::kHigh);
  EXPECT_EQ(SeverityOfScore(8.9), Severity::kHigh);
  EXPECT_EQ(SeverityOfScore(9.0), Severity::kCritical);
}

TEST(Severity, WordsReadBack) {
  for (Severity severity : kAllSeverities) EXPECT_EQ(ParseSeverity(ToString(severity)), severity);
  EXPECT_EQ(ParseSeverity("High"), std::nullopt);
}

TEST(Severity, OnlyRealDebianRatingsCount) {
  EXPECT_EQ(SeverityOfDebianUrgency("unimportant"), Severity::kNegligible);
  EXPECT_EQ(SeverityOfDebianUrgency("high**"), Severity::kHigh);
  EXPECT_EQ(SeverityOfDebianUrgency("not yet assigned"), std::nullopt);
  EXPECT_EQ(SeverityOfDebianUrgency("end-of-life"), std::nullopt);
  EXPECT_EQ(SeverityOfDebianUrgency(""), std::nullopt);
}

}  // namespace
}  // namespace breakwater::advisor
