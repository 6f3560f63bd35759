#include "advisor/feed_facts.h"

#include <gtest/gtest.h>

#include "advisor/importer.h"
#include "advisor/job_kinds.h"
#include "control/facts_testing.h"
#include "control/testing.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kRecord =
    R"({"id":"CVE-2022-1","modified":"2022-03-20T08:00:00Z","affected":[{"package":)"
    R"({"ecosystem":"Debian:12","name":"bash"},"ranges":[{"type":"ECOSYSTEM","events":)"
    R"([{"introduced":"0"},{"fixed":"5.2-1"}]}]}]})";

TEST(FeedFacts, TellHowOldTheAdvisoriesAreFromTheFirstImportOn) {
  control::testing::ControlFixture control;
  FeedFacts facts(control.clock);
  Importer importer(control.database, *control.jobs, control.clock);
  control::testing::SourceReader reader(control.database, facts);
  int told = 0;
  control.jobs->Register("test.for_all", {}, [&](const jobs::Job& job) {
    told += json::Serialize(job.payload).find("advisories") == std::string::npos ? 0 : 1;
    return Ok();
  });
  control.jobs->Register(std::string(kRematchJob), {}, [](const jobs::Job&) { return Ok(); });
  control.jobs->Subscribe(std::string(control::kFactsOfAllChanged), "test.for_all");
  const auto all = reader.List(FeedType(), control.account);
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(reader.Text(all[0], "newest_record_at"), "absent");
  EXPECT_EQ(reader.Text(all[0], "imported_at"), "absent");
  ASSERT_TRUE(importer.ImportSample().ok());
  ASSERT_TRUE(control.jobs->RunDue().ok());
  EXPECT_EQ(told, 1);
  EXPECT_EQ(reader.Text(all[0], "source"), "\"sample\"");
  EXPECT_EQ(reader.Text(all[0], "imported_at"), "\"" + FormatRfc3339(control.clock.Now()) + "\"");
  EXPECT_NE(reader.Text(all[0], "newest_record_at"), "absent");
  control::testing::ExpectCatalogued(FeedType(), *reader.Read(all[0]));
  control.clock.Advance(std::chrono::hours{1});
  ASSERT_TRUE(importer.ImportRecord(kRecord, "one").ok());
  ASSERT_TRUE(control.jobs->RunDue().ok());
  EXPECT_EQ(told, 2);
  EXPECT_EQ(reader.Text(all[0], "imported_at"), "\"" + FormatRfc3339(control.clock.Now()) + "\"");
}

}  // namespace
}  // namespace breakwater::advisor
