#include "cli/doctor.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "json/json.h"

namespace breakwater::cli {
namespace {

const admin::Findings kFindings = {
    {admin::Health::kOk, "one", "is there", ""},
    {admin::Health::kFailed, "two", "is gone\nfor\x1b good", "bring it back"}};

TEST(Doctor, EveryFindingIsALineWithItsAdviceBelow) {
  EXPECT_EQ(RenderFindings(kFindings),
            "ok       one: is there\n"
            "FAILED   two: is gone\n"
            "for? good\n"
            "         -> bring it back\n");
}

TEST(Doctor, JsonHasTheSameFindings) {
  const auto document = json::Parse(RenderFindingsJson(kFindings));
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(*json::Find(*document, "healthy"), json::Value(false));
  const auto& findings = json::Find(*document, "findings")->as_array();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(json::FindText(findings[1], "health"), "failed");
  EXPECT_EQ(json::FindText(findings[1], "check"), "two");
  EXPECT_EQ(json::FindText(findings[1], "advice"), "bring it back");
}

class DoctorRun : public ::testing::Test {
 protected:
  // Exit status and standard output.
  std::pair<int, std::string> Run(std::vector<config::FlagValue> flags) {
    flags.push_back({"public", "127.0.0.1:0"});
    flags.push_back({"private", "127.0.0.1:0"});
    ::testing::internal::CaptureStdout();
    const int status = Doctor({.config_file = "", .flags = std::move(flags)}, false);
    return {status, ::testing::internal::GetCapturedStdout()};
  }
  breakwater::testing::TempDir directory_;
};

TEST_F(DoctorRun, MakesNothingWhereNothingIsYet) {
  const auto data = directory_.path() / "data";
  const auto [status, text] = Run({{"data", data.string()}});
  EXPECT_EQ(status, 0) << text;
  EXPECT_NE(text.find("warning  data_directory: "), std::string::npos) << text;
  EXPECT_FALSE(std::filesystem::exists(data));
}

TEST_F(DoctorRun, UnknownOptionIsAFailureThatNamesIt) {
  const auto [status, text] = Run({{"colour", "red"}});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("FAILED   configuration: unknown flag '--colour'"), std::string::npos)
      << text;
}

TEST_F(DoctorRun, ServicesThatDoNotAnswerAreNamedAndNoSecretIsTold) {
  const auto [status, text] = Run({{"data", (directory_.path() / "data").string()},
                                   {"database-url", "postgresql://user:hush-hush@127.0.0.1:1/db"},
                                   {"s3-endpoint", "http://127.0.0.1:1"},
                                   {"s3-bucket", "bucket"},
                                   {"s3-access-key", "access"},
                                   {"s3-secret-key", "very-hush"},
                                   {"master-key", std::string(64, 'e')}});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("FAILED   database_server: "), std::string::npos) << text;
  EXPECT_NE(text.find("FAILED   blob_store: "), std::string::npos) << text;
  for (const std::string& secret :
       {std::string("hush-hush"), std::string("very-hush"), std::string(64, 'e')}) {
    EXPECT_EQ(text.find(secret), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace breakwater::cli
