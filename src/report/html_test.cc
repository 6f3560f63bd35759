#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pugixml.hpp>

#include "report/report.h"
#include "report/testing.h"

namespace breakwater::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Page(const posture::Assessment& assessment, const Options& options = {}) {
  auto report = Render(Format::kHtml, assessment, options);
  EXPECT_TRUE(report.ok());
  return report.ok() ? report->bytes : "";
}

// All that a browser could run or fetch, found in the tree that a parser makes of the page.
struct Danger : pugi::xml_tree_walker {
  std::vector<std::string> found;
  bool for_each(pugi::xml_node& node) override {
    const std::string name = node.name();
    for (const char* bad : {"script", "link", "img", "iframe", "object", "embed", "a", "form",
                            "base", "use", "image", "foreignObject", "animate"}) {
      if (name == bad) found.push_back(name);
    }
    for (const auto& attribute : node.attributes()) {
      const std::string key = attribute.name();
      if (key.starts_with("on") || key == "href" || key == "src" || key == "style" ||
          key.find("xlink") != std::string::npos) {
        found.push_back(name + " " + key);
      }
    }
    return true;
  }
};

std::vector<std::string> DangersOf(const std::string& page) {
  pugi::xml_document document;
  const auto parsed =
      document.load_buffer(page.data(), page.size(), pugi::parse_default | pugi::parse_doctype);
  EXPECT_TRUE(parsed) << parsed.description() << " at " << parsed.offset << ": "
                      << page.substr(static_cast<std::size_t>(parsed.offset), 80);
  Danger danger;
  document.traverse(danger);
  return danger.found;
}

TEST(HtmlReport, IsWellFormedAndLoadsNothing) {
  const std::string page = Page(testing::Realistic());
  EXPECT_THAT(DangersOf(page), ::testing::IsEmpty());
  EXPECT_THAT(page, Not(HasSubstr("url(")));
  EXPECT_THAT(page, Not(HasSubstr("@import")));
}

TEST(HtmlReport, KeepsHostileTextAsText) {
  const std::string page = Page(testing::Hostile());
  EXPECT_THAT(DangersOf(page), ::testing::IsEmpty());
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt;"));
  for (const char* harmful : {"\x1b", "\x01", "\xE2\x80\xAE", "\xFF"}) {
    EXPECT_EQ(page.find(harmful), std::string::npos);
  }
}

TEST(HtmlReport, SaysWhatTheFirstPageMustSay) {
  const auto assessment = testing::Realistic();
  const std::string page = Page(assessment);
  const std::string cover = page.substr(0, page.find("Failing goals ("));
  for (const std::string& text :
       {assessment.profile_name, assessment.scope_name, std::string("31 March 2026, 12:00:00 UTC"),
        std::to_string(assessment.score.points), std::string("Coverage "),
        std::string("1000 * sum(weight of passed goals)"), std::string("Score over the period")}) {
    EXPECT_THAT(cover, HasSubstr(text));
  }
}

TEST(HtmlReport, TellsFailingGoalsBeforeUnableOnesBeforePassedOnes) {
  const std::string page = Page(testing::Realistic());
  const auto failing = page.find("Failing goals (");
  const auto unable = page.find("Goals that could not be checked (");
  const auto passed = page.find("Goals that are met (");
  ASSERT_NE(passed, std::string::npos);
  EXPECT_LT(failing, unable);
  EXPECT_LT(unable, passed);
}

TEST(HtmlReport, ShowsRemedyAndExpectationOfEachFailingGoal) {
  auto assessment = testing::Large(1);
  assessment.goals[0].remedy = "do this & that";
  assessment.goals[0].expected = "at least <one>";
  assessment.goals[0].result.resources[0].actual = "found none";
  const std::string page = Page(assessment);
  EXPECT_THAT(page, HasSubstr("do this &amp; that"));
  EXPECT_THAT(page, HasSubstr("at least &lt;one&gt;"));
  EXPECT_THAT(page, HasSubstr("found none"));
}

TEST(HtmlReport, ListsSoManyResourcesAndSaysHowManyItLeftOut) {
  const std::string page = Page(testing::Large(100'000), {.resources_on_pages = 50});
  EXPECT_THAT(page, HasSubstr("99950 further resources"));
  EXPECT_LT(page.size(), 200'000U);
}

TEST(HtmlReport, CutsTextsThatFillAPage) {
  auto assessment = testing::Large(1);
  assessment.goals[0].result.resources[0].actual = std::string(5'000'000, 'x');
  EXPECT_LT(Page(assessment).size(), 100'000U);
}

TEST(HtmlReport, DrawsNoTrendOfOnePoint) {
  auto assessment = testing::Realistic();
  assessment.trend.resize(1);
  EXPECT_THAT(Page(assessment), Not(HasSubstr("Score over the period")));
}

}  // namespace
}  // namespace breakwater::report
