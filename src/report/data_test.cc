#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/strings.h"
#include "crypto/hash.h"
#include "report/report.h"
#include "report/testing.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Bytes(Format format, const posture::Assessment& assessment) {
  auto report = Render(format, assessment);
  EXPECT_TRUE(report.ok()) << report.error().message();
  return report.ok() ? report->bytes : "";
}

json::Value Document(Format format, const posture::Assessment& assessment) {
  auto document = json::Parse(Bytes(format, assessment), {.max_bytes = 1U << 30, .max_depth = 64});
  EXPECT_TRUE(document.ok()) << document.error().message();
  return *document;
}

// Records of RFC 4180, by a reader that knows nothing of the writer.
std::vector<std::vector<std::string>> Records(const std::string& csv) {
  std::vector<std::vector<std::string>> records(1);
  std::string cell;
  bool quoted = false;
  for (std::size_t i = 0; i < csv.size(); ++i) {
    const char c = csv[i];
    if (quoted) {
      if (c != '"') {
        cell += c;
      } else if (i + 1 < csv.size() && csv[i + 1] == '"') {
        cell += csv[++i];
      } else {
        quoted = false;
      }
    } else if (c == '"') {
      quoted = true;
    } else if (c == ',') {
      records.back().push_back(std::exchange(cell, ""));
    } else if (c == '\n' && cell.ends_with('\r')) {
      cell.pop_back();
      records.back().push_back(std::exchange(cell, ""));
      records.emplace_back();
    } else {
      cell += c;
    }
  }
  records.pop_back();
  return records;
}

TEST(Formats, HaveNamesThatReadBack) {
  for (const Format format : kFormats) {
    const auto parsed = ParseFormat(ToString(format));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, format);
  }
  const auto wrong = ParseFormat("docx");
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().message(), HasSubstr("oscal-poam"));
}

TEST(Formats, GiveTheSameBytesForTheSameAssessment) {
  for (const Format format : kFormats) {
    EXPECT_EQ(Bytes(format, testing::Realistic()), Bytes(format, testing::Realistic()))
        << ToString(format);
  }
}

TEST(Formats, NameFilesWithoutFoldersOrForeignCharacters) {
  for (const Format format : kFormats) {
    const auto report = Render(format, testing::Hostile());
    ASSERT_TRUE(report.ok()) << ToString(format) << report.error().message();
    EXPECT_EQ(report->file_name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                                                  "WXYZ0123456789-."),
              std::string::npos)
        << report->file_name;
  }
}

TEST(NativeReport, HoldsEveryResourceWithFactsAndDigests) {
  const auto assessment = testing::Realistic();
  const auto document = Document(Format::kJson, assessment);
  const auto& goals = json::Find(document, "goals")->as_array();
  ASSERT_EQ(goals.size(), assessment.goals.size());
  for (std::size_t i = 0; i < goals.size(); ++i) {
    const auto& goal = assessment.goals[i];
    EXPECT_EQ(json::FindText(goals[i], "digest"), goal.digest);
    EXPECT_EQ(*json::Find(goals[i], "document"), goal.document);
    const auto& resources = json::Find(goals[i], "resources")->as_array();
    ASSERT_EQ(resources.size(), goal.result.resources.size());
    for (std::size_t j = 0; j < resources.size(); ++j) {
      EXPECT_EQ(*json::Find(resources[j], "facts"), goal.result.resources[j].facts);
      EXPECT_EQ(json::FindText(resources[j], "facts_digest"),
                goal.result.resources[j].facts_digest);
    }
  }
  const json::Value* score = json::Find(document, "score");
  EXPECT_EQ(json::FindText(*score, "formula"), posture::kScoreFormula);
  EXPECT_EQ(json::Find(document, "trend")->as_array().size(), assessment.trend.size());
}

TEST(NativeReport, HoldsTheFactsThatItsDigestsAreOf) {
  const auto document = Document(Format::kJson, testing::Realistic());
  const auto& facts = json::Find(document, "facts")->as_object();
  std::size_t named = 0;
  for (const auto& goal : json::Find(document, "goals")->as_array()) {
    for (const auto& resource : json::Find(goal, "resources")->as_array()) {
      const auto digest = json::FindText(resource, "facts_digest");
      if (digest.empty()) continue;
      ++named;
      ASSERT_TRUE(facts.contains(digest)) << digest;
      EXPECT_EQ("sha256:" + crypto::Sha256Hex(json::Canonical(facts.at(digest))), digest);
    }
  }
  EXPECT_GT(named, 20U);
}

TEST(NativeReport, SaysHowManyResourcesTheAssessmentLeftOut) {
  auto assessment = testing::Large(3);
  assessment.goals[0].resources.Add(posture::ResultStatus::kPass, 997);
  const auto document = Document(Format::kJson, assessment);
  EXPECT_EQ(*json::Find(json::Find(document, "goals")->as_array()[0], "resources_left_out"), 997);
}

TEST(CsvReport, HasARowForEachGoalAndResource) {
  const auto assessment = testing::Realistic();
  std::size_t rows = 1;
  for (const auto& goal : assessment.goals) {
    rows += std::max<std::size_t>(1, goal.result.resources.size());
  }
  const auto records = Records(Bytes(Format::kCsv, assessment));
  ASSERT_EQ(records.size(), rows);
  for (const auto& record : records) EXPECT_EQ(record.size(), records[0].size());
}

TEST(CsvReport, GivesAGoalWithoutResourcesARow) {
  auto assessment = testing::Large(0);
  const auto records = Records(Bytes(Format::kCsv, assessment));
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1][6], assessment.goals[0].id);
  EXPECT_EQ(records[1][13], "");
  EXPECT_EQ(records[1][15], "");
}

TEST(CsvReport, HoldsNoCellThatASpreadsheetWouldCalculate) {
  auto assessment = testing::Hostile();
  std::size_t seen = 0;
  for (const std::string text : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1"}) {
    assessment.goals[seen++].description = text;
  }
  for (const auto& record : Records(Bytes(Format::kCsv, assessment))) {
    for (const auto& cell : record) {
      ASSERT_EQ(std::string("=+-@\t\r\n").find(cell.empty() ? 'x' : cell[0]), std::string::npos)
          << cell;
      ASSERT_FALSE(cell.starts_with("  =")) << cell;
    }
  }
}

TEST(CsvReport, QuotesSoThatTextsReadBack) {
  auto assessment = testing::Large(1);
  assessment.goals[0].result.resources[0].name = "a,\"b\"\r\nc";
  EXPECT_EQ(Records(Bytes(Format::kCsv, assessment))[1][12], "a,\"b\"\r\nc");
}

TEST(SarifReport, HasAResultForEachFailureAndNoneForPasses) {
  const auto assessment = testing::Realistic();
  std::size_t failing = 0;
  std::size_t open = 0;
  std::size_t accepted = 0;
  for (const auto& goal : assessment.goals) {
    for (const auto& r : goal.result.resources) {
      if (r.status == posture::ResultStatus::kFail) ++failing;
      if (r.status == posture::ResultStatus::kUnableToPerform) ++open;
      if (!r.exception.empty()) ++accepted;
    }
  }
  ASSERT_GT(failing, 0U);
  ASSERT_GT(open, 0U);
  ASSERT_GT(accepted, 0U);
  const auto document = Document(Format::kSarif, assessment);
  const auto& run = json::Find(document, "runs")->as_array()[0];
  std::map<std::string, std::size_t> kinds;
  std::set<std::string> fingerprints;
  for (const auto& result : json::Find(run, "results")->as_array()) {
    ++kinds[json::Find(result, "suppressions") != nullptr
                ? "suppressed"
                : std::string(json::FindText(result, "kind"))];
    fingerprints.insert(json::Serialize(*json::Find(result, "partialFingerprints")));
  }
  EXPECT_EQ(kinds["fail"], failing);
  EXPECT_EQ(kinds["open"], open);
  EXPECT_EQ(kinds["suppressed"], accepted);
  EXPECT_EQ(fingerprints.size(), failing + open + accepted);
}

TEST(SarifReport, KeepsFingerprintsFromOneScanToTheNext) {
  auto assessment = testing::Large(1);
  const auto fingerprint = [](const json::Value& document) {
    const auto& run = json::Find(document, "runs")->as_array()[0];
    return *json::Find(json::Find(run, "results")->as_array()[0], "partialFingerprints");
  };
  const auto before = fingerprint(Document(Format::kSarif, assessment));
  assessment.at += std::chrono::hours{24};
  assessment.goals[0].result.resources[0].actual = "something else";
  EXPECT_EQ(fingerprint(Document(Format::kSarif, assessment)), before);
}

TEST(DataFormats, NameEachOfAHundredThousandResources) {
  const auto assessment = testing::Large(100'000);
  const std::string csv = Bytes(Format::kCsv, assessment);
  EXPECT_EQ(std::count(csv.begin(), csv.end(), '\n'), 100'001);
  EXPECT_THAT(csv, HasSubstr("-99999,"));
  EXPECT_NE(Bytes(Format::kJson, assessment).find("-99999\""), std::string::npos);
  EXPECT_NE(Bytes(Format::kSarif, assessment).find("-99999\""), std::string::npos);
}

TEST(Text, IsCleanedOfWhatControlsATerminalOrTurnsWriting) {
  EXPECT_EQ(Clean("a\x1b[31m\xE2\x80\xAE\xFFz\r\n\t"), "a\uFFFD[31m\uFFFD\uFFFDz\n\t");
  EXPECT_EQ(Clean("ääää", 3), "ä…");
  EXPECT_EQ(OneLine("  a \n\n b\t"), "a b");
  EXPECT_EQ(Escape("<a href='x'>&\"</a>"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;&lt;/a&gt;");
  EXPECT_THAT(Escape(testing::kHostileText), Not(HasSubstr("<")));
}

TEST(Text, TellsMomentsInWords) {
  EXPECT_EQ(FormatMoment(*ParseRfc3339("2026-03-01T09:05:07.5Z")), "1 March 2026, 09:05:07 UTC");
  EXPECT_EQ(Percent(1, 3), "33.3 %");
  EXPECT_EQ(Percent(0, 0), "0.0 %");
}

}  // namespace
}  // namespace breakwater::report
