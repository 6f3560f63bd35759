#include "advisor/importer.h"

#include <chrono>

#include <gtest/gtest.h>

#include "advisor/job_kinds.h"
#include "advisor/test_support.h"
#include "base/testing.h"
#include "db/testing.h"
#include "io/decompress.h"
#include "io/tar.h"

namespace breakwater::advisor {
namespace {

namespace fs = std::filesystem;

class ImporterTest : public ::testing::Test {
 protected:
  ImporterTest()
      : holder_(db::testing::OpenTestDatabase()),
        database_(holder_->database()),
        jobs_(jobs::NewJobs({.owner = "test"}, database_, clock_)),
        importer_(database_, *jobs_, clock_) {
    jobs_->Register(std::string(kRematchJob), {}, [this](const jobs::Job&) {
      ++rematches_;
      return Ok();
    });
  }

  ImportReport MustImport(const fs::path& path) {
    auto report = importer_.Import(path);
    EXPECT_TRUE(report.ok()) << report.error().message() << report.error().log();
    return report.ok() ? *report : ImportReport{};
  }

  // What today's advisories say of a dpkg status file on Debian 12.
  std::set<testing::FindingKey> KeysFor(const std::vector<package::Package>& packages) {
    std::set<testing::FindingKey> keys;
    Status status = database_.Read([&](db::Transaction& tx) -> Status {
      BW_TRY(const auto feed, CurrentFeed(tx));
      StoredAdvisories advisories(tx, feed ? feed->generation : 0);
      BW_TRY(const MatchResult matched,
             Match(packages, package::ParseOsRelease("ID=debian\nVERSION_ID=12\n"), advisories));
      EXPECT_EQ(matched.state, MatchState::kMatched);
      keys = testing::KeysOf(matched.findings);
      return Ok();
    });
    EXPECT_TRUE(status.ok());
    return keys;
  }
  std::set<testing::FindingKey> KeysOfSample(const std::string& name) {
    return KeysFor(testing::PackagesOf(testing::Sample(name) / "status"));
  }

  std::int64_t CountRows(std::string_view table) {
    auto count = database_.ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT COUNT(*) FROM " + std::string(table), {},
                         [](const db::Row& row) { return row.Int(0); });
    });
    EXPECT_TRUE(count.ok());
    return count->value_or(-1);
  }

  fs::path Write(const std::string& name, std::string_view content) {
    const fs::path path = directory_.path() / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  breakwater::testing::ManualClock clock_;
  breakwater::testing::TempDir directory_;
  std::unique_ptr<db::testing::TestDatabase> holder_;
  db::Database& database_;
  std::unique_ptr<jobs::Jobs> jobs_;
  Importer importer_;
  int rematches_ = 0;
};

// The sample advisories as an archive.
std::string SampleTar() {
  io::StringSink sink(16U << 20);
  io::TarWriter writer(sink);
  for (const auto& file : fs::directory_iterator(testing::SampleAdvisories())) {
    io::TarEntry entry;
    entry.path = "feed/" + file.path().filename().string();
    EXPECT_TRUE(writer.Add(entry, testing::ReadText(file.path())).ok());
  }
  EXPECT_TRUE(writer.Finish().ok());
  return sink.Take();
}

TEST_F(ImporterTest, StoresADirectoryAndAnswersLikeTheTracker) {
  const ImportReport report = MustImport(testing::SampleAdvisories());
  EXPECT_FALSE(report.unchanged);
  EXPECT_EQ(report.counts.vulnerabilities, 60);
  EXPECT_EQ(report.feed.source, "sample-advisories");
  EXPECT_EQ(report.feed.imported, clock_.Now());
  for (const char* image : {"minimal", "at-release"}) {
    EXPECT_EQ(KeysOfSample(image), testing::ExpectedKeys(testing::Sample(image) / "expected.tsv"));
  }
}

TEST_F(ImporterTest, AttachesTheDistributorsNotices) {
  MustImport(testing::SampleAdvisories());
  Status status = database_.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto feed, CurrentFeed(tx));
    StoredAdvisories advisories(tx, feed->generation);
    BW_TRY(const auto glibc, advisories.Find("Debian:12", "glibc"));
    const auto looney = std::ranges::find(glibc, "CVE-2023-4911", &Advisory::vulnerability);
    EXPECT_NE(looney, glibc.end());
    EXPECT_EQ(looney->notices, std::vector<std::string>{"DSA-5514-1"});
    EXPECT_DOUBLE_EQ(looney->cvss_score, 7.8);
    EXPECT_FALSE(looney->summary.empty());
    return Ok();
  });
  EXPECT_TRUE(status.ok());
}

TEST_F(ImporterTest, ArchivesAndDirectoriesAreTheSameFeed) {
  const std::string tar = SampleTar();
  MustImport(Write("feed.tar", tar));
  io::StringSink gz(16U << 20);
  io::GzipSink gzip(gz);
  ASSERT_TRUE(gzip.Write(AsBytes(tar)).ok() && gzip.Finish().ok());
  EXPECT_TRUE(MustImport(Write("feed.tar.gz", gz.Take())).unchanged);
  EXPECT_TRUE(MustImport(testing::SampleAdvisories()).unchanged);
}

TEST_F(ImporterTest, TheBuiltInSampleIsTheFolderOfTheProject) {
  auto report = importer_.ImportSample();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->feed.source, Importer::kSampleSource);
  EXPECT_TRUE(MustImport(testing::SampleAdvisories()).unchanged);
}

TEST_F(ImporterTest, AnImportReplacesTheFeedAndLeavesNothingBehind) {
  MustImport(testing::SampleAdvisories());
  const std::int64_t before = CountRows("advisor_advisory");
  const fs::path one = Write("small/CVE-2023-4911.json",
                             testing::ReadText(testing::SampleAdvisories() / "CVE-2023-4911.json"));
  const ImportReport report = MustImport(one.parent_path());
  EXPECT_EQ(report.counts.vulnerabilities, 1);
  EXPECT_GT(before, 3);
  EXPECT_EQ(CountRows("advisor_advisory"), 3);
  EXPECT_EQ(CountRows("advisor_vulnerability"), 1);
  EXPECT_EQ(CountRows("advisor_feed"), 1);
}

TEST_F(ImporterTest, ASingleRecordIsAddedOrReplacesItsFormerVersion) {
  MustImport(testing::SampleAdvisories());
  const auto before = KeysOfSample("minimal");
  const fs::path record = Write("CVE-9999-1.json", R"({"id": "CVE-9999-1", "affected": [{
    "package": {"ecosystem": "Debian:12", "name": "bash"},
    "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}]}]})");
  EXPECT_EQ(MustImport(record).feed.vulnerabilities, 61);
  EXPECT_EQ(MustImport(record).feed.vulnerabilities, 61);
  EXPECT_EQ(KeysOfSample("minimal").size(), before.size() + 1);
  // The feed is no longer the one it was: bringing that again restores it.
  EXPECT_FALSE(MustImport(testing::SampleAdvisories()).unchanged);
  EXPECT_EQ(KeysOfSample("minimal"), before);
}

TEST_F(ImporterTest, AWithdrawnRecordTakesItsFormerVersionAway) {
  MustImport(testing::SampleAdvisories());
  const std::int64_t before = CountRows("advisor_advisory");
  const fs::path withdrawn = Write(
      "CVE-2023-4911.json", R"({"id": "CVE-2023-4911", "withdrawn": "2025-01-01T00:00:00Z"})");
  const ImportReport report = MustImport(withdrawn);
  EXPECT_EQ(report.counts.withdrawn, 1);
  EXPECT_EQ(report.feed.vulnerabilities, 59);
  EXPECT_EQ(CountRows("advisor_advisory"), before - 3);
  EXPECT_EQ(CountRows("advisor_vulnerability"), 59);
  EXPECT_EQ(CountRows("advisor_notice WHERE vulnerability = 'CVE-2023-4911'"), 0);
  // A withdrawn record is no feed.
  EXPECT_EQ(importer_.Import(withdrawn.parent_path()).error().reason(), "feed_empty");
}

TEST_F(ImporterTest, ANoticeAloneIsAddedReplacedAndWithdrawn) {
  MustImport(testing::SampleAdvisories());
  const auto notices = [&] {
    std::vector<std::string> found;
    EXPECT_TRUE(database_
                    .Read([&](db::Transaction& tx) -> Status {
                      BW_TRY(const auto feed, CurrentFeed(tx));
                      StoredAdvisories advisories(tx, feed->generation);
                      BW_TRY(const auto glibc, advisories.Find("Debian:12", "glibc"));
                      for (const Advisory& a : glibc) {
                        if (a.vulnerability == "CVE-2023-4911") found = a.notices;
                      }
                      return Ok();
                    })
                    .ok());
    return found;
  };
  const auto import = [&](std::string_view fixed, std::string_view more) {
    MustImport(Write("DSA-9999-1.json",
                     R"({"id": "DSA-9999-1", "related": ["CVE-2023-4911"], )" + std::string(more) +
                         R"("affected": [{"package": {"ecosystem": "Debian:12", "name": "glibc"},
                         "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"},
                         {"fixed": ")" +
                         std::string(fixed) + R"("}]}]}]})"));
  };
  const std::vector<std::string> old = {"DSA-5514-1"};
  const std::vector<std::string> both = {"DSA-5514-1", "DSA-9999-1"};
  import("2.36-9+deb12u3", "");
  EXPECT_EQ(notices(), both);
  import("2.0", "");
  EXPECT_EQ(notices(), old);
  import("2.36-9+deb12u3", "");
  EXPECT_EQ(notices(), both);
  import("2.36-9+deb12u3", R"("withdrawn": "2025-01-01T00:00:00Z", )");
  EXPECT_EQ(notices(), old);
  EXPECT_EQ(CountRows("advisor_notice WHERE id = 'DSA-9999-1'"), 0);
}

TEST_F(ImporterTest, EveryChangeOrdersOneRematch) {
  MustImport(testing::SampleAdvisories());
  ASSERT_TRUE(jobs_->RunDue().ok());
  EXPECT_EQ(rematches_, 1);
  MustImport(testing::SampleAdvisories());
  ASSERT_TRUE(jobs_->RunDue().ok());
  EXPECT_EQ(rematches_, 1);
}

TEST_F(ImporterTest, RefusesBadFeedsAndKeepsTheGoodOne) {
  MustImport(testing::SampleAdvisories());
  EXPECT_FALSE(importer_.Import(directory_.path() / "absent").ok());
  EXPECT_FALSE(importer_.Import(Write("empty/readme.txt", "x").parent_path()).ok());
  EXPECT_FALSE(importer_.Import(Write("broken.tar.gz", "\x1f\x8b\x08 broken")).ok());
  EXPECT_FALSE(importer_.Import(Write("broken.json", "{")).ok());
  EXPECT_EQ(KeysOfSample("minimal"),
            testing::ExpectedKeys(testing::Sample("minimal") / "expected.tsv"));
}

TEST_F(ImporterTest, AnImportThatBreaksOffIsInvisible) {
  MustImport(testing::SampleAdvisories());
  const auto before = KeysOfSample("minimal");
  const fs::path one = Write("small/CVE-2023-4911.json",
                             testing::ReadText(testing::SampleAdvisories() / "CVE-2023-4911.json"));
  int completed = 0;
  db::testing::ForEachFault(database_, [&](db::testing::FaultyDatabase& faulty) {
    auto jobs = jobs::NewJobs({.owner = "test"}, database_, clock_);
    Importer importer(faulty, *jobs, clock_);
    // Alternate between two feeds, so that each attempt has something to write.
    auto report =
        importer.Import(completed % 2 == 0 ? one.parent_path() : testing::SampleAdvisories());
    const auto keys = KeysOfSample("minimal");
    // The whole old set or the whole new set.
    EXPECT_TRUE(keys == before || keys.empty());
    if (report.ok()) ++completed;
  });
  MustImport(testing::SampleAdvisories());
  EXPECT_EQ(KeysOfSample("minimal"), before);
}

TEST_F(ImporterTest, WholeTrackerGivesExactlyTheGoldenFindings) {
  const fs::path shared = testing::Shared();
  if (shared.empty()) GTEST_SKIP() << "BREAKWATER_SHARED is not set";
  const auto start = std::chrono::steady_clock::now();
  const ImportReport report =
      MustImport(shared / "data/advisories/debian/debian-osv-2025-02-12.tar.zst");
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  RecordProperty("import_seconds", std::to_string(took.count()));
  EXPECT_EQ(report.counts.records, 44'181);
  EXPECT_EQ(report.counts.invalid, 0);
  EXPECT_GT(report.counts.vulnerabilities, 33'000);
  for (const char* image : {"debian-12-minimal", "debian-12-at-release", "debian-12-large"}) {
    SCOPED_TRACE(image);
    const fs::path folder = shared / "data/scanner-cases/derived" / image;
    EXPECT_EQ(KeysFor(testing::PackagesOf(folder / "input/var/lib/dpkg/status")),
              testing::GoldenKeys(folder));
  }
}

}  // namespace
}  // namespace breakwater::advisor
