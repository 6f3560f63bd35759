#include "posture/profile_csv.h"

#include <gtest/gtest.h>

#include "posture/content.h"

namespace breakwater::posture {
namespace {

constexpr std::string_view kHead =
    "profilename,Mine\r\nprofilenumonic,MN\r\nprofiledescription,\"What, we \"\"hold\"\"\"\r\n"
    "##METAINFO ENDS##\r\nExternalControlId,Description,Parent,GoalId,Tags\r\n";

std::string WhatIsWrongWith(const std::string& rows) {
  const auto parsed = ParseProfileCsv(std::string(kHead) + rows);
  return parsed.ok() ? "nothing" : parsed.error().message();
}

TEST(ProfileCsv, FamiliesAndControlsAreReadWithQuotedLists) {
  const auto sheet = ParseProfileCsv(
      std::string(kHead) +
      "5,Vulnerabilities,,,\n5.1,\"two\nlines\",5,\"3000601, 3000602\",\"a,b\"\n\n");
  ASSERT_TRUE(sheet.ok()) << sheet.error().message();
  EXPECT_EQ(sheet->name, "Mine");
  EXPECT_EQ(sheet->mnemonic, "MN");
  EXPECT_EQ(sheet->description, "What, we \"hold\"");
  ASSERT_EQ(sheet->controls.size(), 2U);
  EXPECT_EQ(sheet->controls[1].description, "two\nlines");
  EXPECT_EQ(sheet->controls[1].parent, "5");
  EXPECT_EQ(sheet->controls[1].goals, (std::vector<std::string>{"3000601", "3000602"}));
  EXPECT_EQ(sheet->controls[1].tags, (std::vector<std::string>{"a", "b"}));
}

TEST(ProfileCsv, MistakesAreNamedByLineAndColumn) {
  EXPECT_EQ(WhatIsWrongWith("5.1,x,5,1,\n"), "line 6: column 3: the parent 5 must stand before it");
  EXPECT_EQ(WhatIsWrongWith("5,x,,,\n5,x,,,\n"), "line 7: column 1: is there twice");
  EXPECT_EQ(WhatIsWrongWith(",x,,,\n"), "line 6: column 1: must not be empty");
  EXPECT_EQ(WhatIsWrongWith("5,x,,7,\n"),
            "line 6: column 4: a family has no goals; a control names its parent");
  EXPECT_EQ(WhatIsWrongWith("5,\"x,,,\n"), "line 6: has a quote that is not closed");
  EXPECT_EQ(WhatIsWrongWith("5,\"x\"y,,,\n"), "line 6: has text behind a quoted cell");
  EXPECT_EQ(WhatIsWrongWith("5,x\"y,,,\n"), "line 6: has a quote in a bare cell");
  EXPECT_FALSE(ParseProfileCsv("").ok());
  EXPECT_FALSE(ParseProfileCsv("profilename,x\n").ok());
  EXPECT_FALSE(ParseProfileCsv("##METAINFO ENDS##\n").ok());
  EXPECT_FALSE(ParseProfileCsv("profilename,x\n##METAINFO ENDS##\nGoalId\n").ok());
  EXPECT_FALSE(ParseProfileCsv(std::string(kMaxCsvBytes + 1, 'x')).ok());
}

TEST(ProfileCsv, TheLayoutOfClientsIsReadToo) {
  const auto sheet = ParseProfileCsv(
      "\"profilename\",\"Imported\"\n\"profilemnemonic\",\n\"profiledescription\",\"d\"\n"
      "\"##METAINFO ENDS##\"\n"
      "\"ExternalControlId\",\"Description\",\"Parent\",\"ControlId\",\"Tags\"");
  ASSERT_TRUE(sheet.ok()) << sheet.error().message();
  EXPECT_EQ(sheet->name, "Imported");
  EXPECT_TRUE(sheet->controls.empty());
}

TEST(ProfileCsv, WhatIsWrittenIsReadBack) {
  const auto profile = Content::BuiltIn().FindProfile("60");
  const auto sheet = ParseProfileCsv(ProfileCsv(*profile));
  ASSERT_TRUE(sheet.ok()) << sheet.error().message();
  ASSERT_EQ(sheet->controls.size(), profile->controls.size());
  for (std::size_t i = 0; i < sheet->controls.size(); ++i) {
    EXPECT_EQ(sheet->controls[i].external_control_id, profile->controls[i].external_control_id);
    EXPECT_EQ(sheet->controls[i].goals, profile->controls[i].goals);
    EXPECT_EQ(sheet->controls[i].parent, profile->controls[i].parent);
  }
}

TEST(ProfileCsv, ControlsThatNameNoFamilyAreWrittenUnderOneSoThatTheyCanBeReadBack) {
  for (const char* id : {"48", "50", "51"}) {
    const auto profile = Content::BuiltIn().FindProfile(id);
    const auto sheet = ParseProfileCsv(ProfileCsv(*profile));
    ASSERT_TRUE(sheet.ok()) << id << ": " << sheet.error().message();
    std::vector<std::string> written;
    for (const Control& control : sheet->controls) {
      if (!control.goals.empty()) written.push_back(control.external_control_id);
    }
    std::vector<std::string> had;
    for (const Control& control : profile->controls) had.push_back(control.external_control_id);
    EXPECT_EQ(written, had) << id;
  }
  Profile odd = *Content::BuiltIn().FindProfile("50");
  odd.controls.at(0).external_control_id = "9";
  const auto sheet = ParseProfileCsv(ProfileCsv(odd));
  ASSERT_TRUE(sheet.ok()) << sheet.error().message();
  EXPECT_EQ(sheet->controls.at(0).external_control_id, "F9");
  EXPECT_EQ(sheet->controls.at(1).parent, "F9");
}

}  // namespace
}  // namespace breakwater::posture
