#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include "report/paper.h"
#include "report/report.h"
#include "report/testing.h"

namespace breakwater::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Pdf(const posture::Assessment& assessment, const Options& options = {}) {
  auto report = Render(Format::kPdf, assessment, options);
  EXPECT_TRUE(report.ok()) << report.error().log();
  return report.ok() ? report->bytes : "";
}

// All streams of the file, inflated; strings are written in hex by libharu or as text.
std::string ContentOf(const std::string& pdf) {
  std::string out;
  for (std::size_t at = 0; (at = pdf.find("stream\r\n", at)) != std::string::npos;) {
    at += 8;
    const std::size_t end = pdf.find("endstream", at);
    std::string plain(4U << 20, '\0');
    uLongf size = plain.size();
    const auto* source = reinterpret_cast<const Bytef*>(pdf.data() + at);
    if (uncompress(reinterpret_cast<Bytef*>(plain.data()), &size, source, end - at) == Z_OK) {
      out.append(plain, 0, size);
    }
    at = end;
  }
  return out;
}

std::size_t PagesOf(const std::string& pdf) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = pdf.find("/Type /Page\n", at)) != std::string::npos; ++at) ++count;
  return count;
}

Widths Even() {
  Widths widths{};
  widths.fill(1000);
  return widths;
}

TEST(Lines, BreakAtSpacesAndKeepLineFeeds) {
  EXPECT_THAT(BreakLines("one two three", Even(), 1, 7), ElementsAre("one two", "three"));
  EXPECT_THAT(BreakLines("a\n\nb", Even(), 1, 10), ElementsAre("a", "", "b"));
  EXPECT_THAT(BreakLines("", Even(), 1, 10), ElementsAre(""));
}

TEST(Lines, CutWordsThatAreWiderThanALine) {
  EXPECT_THAT(BreakLines("abcdefgh", Even(), 1, 3), ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(BreakLines("x abcdefgh", Even(), 1, 4), ElementsAre("x", "abcd", "efgh"));
  EXPECT_THAT(BreakLines("ab", Even(), 1, 0.5), ElementsAre("a", "b"));
}

TEST(WinAnsi, ReplacesAndCountsWhatItLacks) {
  std::size_t lost = 0;
  EXPECT_EQ(ToWinAnsi("Jørgen – 5 €", lost), "J\xF8rgen \x96 5 \x80");
  EXPECT_EQ(lost, 0U);
  EXPECT_EQ(ToWinAnsi("漢 Ω!", lost), "? ?!");
  EXPECT_EQ(lost, 2U);
}

TEST(PdfReport, HasTheSameBytesEachTimeAndTheDateOfTheAssessment) {
  const std::string pdf = Pdf(testing::Realistic());
  EXPECT_TRUE(pdf.starts_with("%PDF-1."));
  EXPECT_THAT(pdf, HasSubstr("D:20260331120000"));
  EXPECT_EQ(pdf, Pdf(testing::Realistic()));
}

TEST(PdfReport, ShowsFoundExpectedAndRemedyOfAFailingGoal) {
  auto assessment = testing::Large(1);
  assessment.goals[0].remedy = "REMEDY-7";
  assessment.goals[0].expected = "EXPECTED-7";
  assessment.goals[0].result.resources[0].actual = "FOUND-7";
  const std::string content = ContentOf(Pdf(assessment));
  EXPECT_THAT(content, HasSubstr("REMEDY-7"));
  EXPECT_THAT(content, HasSubstr("EXPECTED-7"));
  EXPECT_THAT(content, HasSubstr("FOUND-7"));
}

TEST(PdfReport, ContinuesLongListsOverPagesAndNumbersThem) {
  const std::string pdf = Pdf(testing::Large(200));
  const std::size_t pages = PagesOf(pdf);
  EXPECT_GT(pages, 6U);
  EXPECT_THAT(ContentOf(pdf), HasSubstr("Page 2 of " + std::to_string(pages)));
}

TEST(PdfReport, SaysHowManyResourcesItLeftOut) {
  const std::string pdf = Pdf(testing::Large(100'000), {.resources_on_pages = 20});
  EXPECT_THAT(ContentOf(pdf), HasSubstr("99980 further resources"));
  EXPECT_LT(pdf.size(), 100'000U);
}

TEST(PdfReport, SurvivesHostileTextAndSaysWhatItReplaced) {
  EXPECT_THAT(ContentOf(Pdf(testing::Hostile())), HasSubstr("outside Windows-1252"));
}

TEST(PdfReport, SurvivesTextsThatFillPages) {
  auto assessment = testing::Large(1);
  assessment.goals[0].remedy = std::string(3'000'000, 'x');
  assessment.goals[0].description = std::string(3'000'000, 'y');
  assessment.profile_name = std::string(1'000'000, 'z');
  EXPECT_LT(PagesOf(Pdf(assessment)), 10U);
}

}  // namespace
}  // namespace breakwater::report
