#include "report/oscal_import.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "posture/content.h"
#include "report/oscal_resolve.h"
#include "report/report.h"
#include "report/testing.h"

namespace breakwater::report {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kCatalog =
    R"({"catalog":{"uuid":"u","metadata":{"title":"C","version":"3"},
  "groups":[{"id":"ac","title":"Access","controls":[
    {"id":"ac-6","title":"Least privilege","params":[{"id":"p1","label":"who"}],
     "props":[{"name":"label","class":"zero-padded","value":"AC-06"},{"name":"label","value":"AC-6"}],
     "parts":[{"id":"ac-6_smt","name":"statement","prose":"x"}],
     "controls":[{"id":"ac-6.5","title":"Privileged accounts"}]},
    {"id":"ac-2","title":"Accounts"}]}]}})";

OscalFile File(const std::string& name, std::string_view text) {
  auto document = json::Parse(text, {.max_bytes = 1U << 26, .max_depth = 64});
  EXPECT_TRUE(document.ok()) << document.error().message();
  return {name, *document};
}

OscalFile Profile(const std::string& body, const std::string& name = "profile.json") {
  return File(name, R"({"profile":{"uuid":"u","metadata":{"title":"P"},)" + body + "}}");
}

Result<ImportedProfile> Import(const std::string& body) {
  return ImportOscal({Profile(body), File("catalog.json", kCatalog)},
                     posture::Content::BuiltIn().goals());
}

std::vector<std::string> Ids(const Result<ImportedProfile>& profile) {
  EXPECT_TRUE(profile.ok()) << profile.error().message();
  std::vector<std::string> ids;
  if (profile.ok()) {
    for (const auto& control : profile->controls) ids.push_back(control.id);
  }
  return ids;
}

std::string Refusal(const Result<ImportedProfile>& profile) {
  return profile.ok() ? "" : profile.error().message();
}

TEST(OscalImport, ReadsACatalogWithItsGroupsAndEnhancements) {
  const auto read =
      ImportOscal({File("catalog.json", kCatalog)}, posture::Content::BuiltIn().goals());
  EXPECT_THAT(Ids(read), ElementsAre("ac", "ac-6", "ac-6.5", "ac-2"));
  EXPECT_EQ(read->version, "3");
  EXPECT_EQ(read->controls[1].external_id, "AC-6");
  EXPECT_EQ(read->controls[2].parent, "ac-6");
  EXPECT_TRUE(read->controls[0].is_group);
}

TEST(OscalImport, FindsGoalsByTheirNistMappings) {
  const auto read =
      ImportOscal({File("catalog.json", kCatalog)}, posture::Content::BuiltIn().goals());
  ASSERT_TRUE(read.ok());
  EXPECT_THAT(read->controls[1].goals, Contains("3000623"));
  EXPECT_THAT(read->controls[2].goals, Contains("3000623"));
  EXPECT_THAT(read->controls[0].goals, IsEmpty());
}

TEST(OscalImport, TakesTheControlsThatAreIncludedAndNotExcluded) {
  EXPECT_THAT(Ids(Import(R"("imports":[{"href":"catalog.json","include-all":{}}])")),
              ElementsAre("ac-6", "ac-6.5", "ac-2"));
  EXPECT_THAT(Ids(Import(R"("imports":[{"href":"./catalog.json",
      "include-controls":[{"with-ids":["ac-6"],"with-child-controls":"yes"}]}])")),
              ElementsAre("ac-6", "ac-6.5"));
  EXPECT_THAT(Ids(Import(R"("imports":[{"href":"catalog.json",
      "include-controls":[{"matching":[{"pattern":"ac-?"}]}],
      "exclude-controls":[{"with-ids":["ac-2"]}]}])")),
              ElementsAre("ac-6"));
}

TEST(OscalImport, KeepsGroupsAsTheyAreOrDropsThem) {
  const std::string import =
      R"("imports":[{"href":"catalog.json","include-controls":[{"with-ids":["ac-6.5"]}]}])";
  const auto as_is = Import(import + R"(,"merge":{"as-is":true})");
  EXPECT_THAT(Ids(as_is), ElementsAre("ac", "ac-6.5"));
  EXPECT_EQ(as_is->controls[1].parent, "ac");
  const auto flat = Import(import + R"(,"merge":{"flat":{}})");
  EXPECT_THAT(Ids(flat), ElementsAre("ac-6.5"));
  EXPECT_EQ(flat->controls[0].parent, "");
}

TEST(OscalImport, SetsParametersAndAltersControls) {
  const auto read = Import(R"("imports":[{"href":"catalog.json","include-all":{}}],
    "modify":{"set-parameters":[{"param-id":"p1","values":["three","four"]}],
      "alters":[{"control-id":"ac-6",
        "removes":[{"by-name":"label"}],
        "adds":[{"position":"starting","title":"Least of all",
                 "props":[{"name":"label","value":"6"}]},
                {"by-id":"ac-6_smt","props":[{"name":"goal-id",
                 "ns":"urn:x-breakwater:oscal:1","value":"3000625"}]}]}]})");
  ASSERT_TRUE(read.ok()) << read.error().message();
  EXPECT_THAT(read->parameters.at(0).values, ElementsAre("three", "four"));
  EXPECT_EQ(read->controls[0].external_id, "6");
  EXPECT_EQ(read->controls[0].title, "Least of all");
  EXPECT_THAT(read->controls[0].goals, ElementsAre("3000625"));
}

TEST(OscalImport, ResolvesProfilesOfProfilesByNameAndByBackMatter) {
  const auto read = ImportOscal(
      {Profile(R"("imports":[{"href":"#r","include-controls":[{"with-ids":["ac-2"]}]}],
                  "back-matter":{"resources":[{"uuid":"r","rlinks":[
                    {"href":"https://example.com/x"},{"href":"./middle.json"}]}]})"),
       Profile(R"("imports":[{"href":"catalog.json","include-all":{}}])", "middle.json"),
       File("catalog.json", kCatalog)},
      {});
  EXPECT_THAT(Ids(read), ElementsAre("ac-2"));
}

TEST(OscalImport, RefusesWhatItCannotHonourAndSaysWhere) {
  const std::string all = R"("imports":[{"href":"catalog.json","include-all":{}}])";
  EXPECT_THAT(Refusal(Import(R"("imports":[{"href":"https://example.com/c.json"}])")),
              HasSubstr("profile.imports[0].href"));
  EXPECT_THAT(Refusal(Import(all + R"(,"merge":{"custom":{}})")), HasSubstr("custom"));
  EXPECT_THAT(Refusal(Import(all + R"(,"merge":{"combine":{"method":"merge"}})")),
              HasSubstr("profile.merge.combine.method"));
  EXPECT_THAT(Refusal(Import(all + R"(,"modify":{"set-parameters":[{"param-id":"no"}]})")),
              HasSubstr("profile.modify.set-parameters[0].param-id"));
  EXPECT_THAT(
      Refusal(Import(all + R"(,"modify":{"set-parameters":[{"param-id":"p1","select":{}}]})")),
      HasSubstr("select"));
  EXPECT_THAT(Refusal(Import(all + R"(,"modify":{"alters":[{"control-id":"no"}]})")),
              HasSubstr("profile.modify.alters[0].control-id"));
  EXPECT_THAT(Refusal(Import(R"("imports":[{"href":"catalog.json",
      "include-controls":[{"with-ids":["ac-99"]}]}])")),
              HasSubstr("profile.imports[0].include-controls[0].with-ids[0]"));
  EXPECT_THAT(Refusal(Import(R"("imports":[{"href":"catalog.json","include-all":{}},
      {"href":"catalog.json","include-all":{}}])")),
              HasSubstr("again"));
}

TEST(OscalImport, RefusesImportsInACircle) {
  const auto read =
      ImportOscal({Profile(R"("imports":[{"href":"b.json","include-all":{}}])", "a.json"),
                   Profile(R"("imports":[{"href":"a.json","include-all":{}}])", "b.json")},
                  {});
  EXPECT_THAT(Refusal(read), HasSubstr("b.json: profile.imports[0].href: imports in a circle"));
}

TEST(OscalImport, StopsAtImportsThatMultiply) {
  std::vector<OscalFile> bundle;
  for (int i = 0; i < 20; ++i) {
    const std::string next = "{\"href\":\"" + std::to_string(i + 1) + "\",\"include-all\":{}}";
    bundle.push_back(Profile("\"merge\":{\"combine\":{\"method\":\"use-first\"}},\"imports\":[" +
                                 next + "," + next + "]",
                             std::to_string(i)));
  }
  bundle.push_back(File("20", kCatalog));
  const auto read = ImportOscal(bundle, {});
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code(), ErrorCode::kTooLarge);
}

TEST(OscalImport, RefusesDocumentsThatAreNeitherCatalogNorProfile) {
  for (const char* text :
       {"[]", "null", "{}", R"({"catalog":[]})", R"({"profile":{"imports":7}})",
        R"({"catalog":{"controls":[{"id":"a"}]}})", R"({"component-definition":{}})"}) {
    EXPECT_FALSE(ImportOscal({File("x", text)}, {}).ok()) << text;
  }
}

TEST(OscalImport, ReadsWhatWeExport) {
  const auto assessment = testing::Realistic();
  const auto profile = Render(Format::kOscalProfile, assessment);
  const auto catalog = Render(Format::kOscalCatalog, assessment);
  ASSERT_TRUE(profile.ok() && catalog.ok());
  const auto read = ImportOscal(
      {File(profile->file_name, profile->bytes), File(catalog->file_name, catalog->bytes)},
      posture::Content::BuiltIn().goals());
  ASSERT_TRUE(read.ok()) << read.error().message();
  ASSERT_EQ(read->controls.size(), assessment.controls.size());
  for (std::size_t i = 0; i < read->controls.size(); ++i) {
    EXPECT_EQ(read->controls[i].external_id, assessment.controls[i].external_control_id);
    EXPECT_EQ(read->controls[i].goals.size(), assessment.controls[i].goals.size());
  }
}

TEST(OscalImport, ReadsNistsOwnCatalogAndProfile) {
  const char* shared = std::getenv("BREAKWATER_SHARED");
  if (shared == nullptr) GTEST_SKIP() << "BREAKWATER_SHARED does not name the folder of documents";
  const std::string folder = std::string(shared) + "/data/schemas/nist-800-53/";
  const auto text = [&](const std::string& name) {
    std::ifstream in(folder + name, std::ios::binary);
    std::ostringstream all;
    all << in.rdbuf();
    return all.str();
  };
  const std::string catalog =
      text("NIST_SP-800-53_rev5_HIGH-baseline-resolved-profile_catalog.json");
  ASSERT_FALSE(catalog.empty());
  const auto read =
      ImportOscal({File("catalog.json", catalog)}, posture::Content::BuiltIn().goals());
  ASSERT_TRUE(read.ok()) << read.error().message();
  std::size_t controls = 0;
  std::size_t with_goals = 0;
  for (const auto& control : read->controls) {
    if (!control.is_group) ++controls;
    if (!control.goals.empty()) ++with_goals;
  }
  EXPECT_EQ(controls, 370U);
  EXPECT_GT(with_goals, 10U);
  // Its low baseline names the catalog by a link of its back matter, and is part of the high one.
  const auto low =
      ImportOscal({File("low.json", text("NIST_SP-800-53_rev5_LOW-baseline_profile.json")),
                   File("NIST_SP-800-53_rev5_catalog.json", catalog)},
                  posture::Content::BuiltIn().goals());
  ASSERT_TRUE(low.ok()) << low.error().message();
  EXPECT_EQ(std::ranges::count(low->controls, false, &ImportedControl::is_group), 149);
}

TEST(Patterns, MatchAsFileNamesDo) {
  EXPECT_TRUE(MatchesPattern("ac-*", "ac-6.5"));
  EXPECT_TRUE(MatchesPattern("*", ""));
  EXPECT_TRUE(MatchesPattern("*.5", "ac-6.5"));
  EXPECT_FALSE(MatchesPattern("ac-?", "ac-6.5"));
  EXPECT_FALSE(MatchesPattern("", "a"));
}

}  // namespace
}  // namespace breakwater::report
