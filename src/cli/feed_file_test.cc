#include "cli/feed_file.h"

#include <fstream>
#include <map>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "io/decompress.h"
#include "io/tar.h"

namespace breakwater::cli {
namespace {

namespace fs = std::filesystem;

void Put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

std::string Content(FeedFile& feed) {
  auto text = io::ReadAll(*feed.source, 1U << 20);
  EXPECT_TRUE(text.ok());
  EXPECT_EQ(text->size(), feed.size);
  return *std::move(text);
}

TEST(FeedFile, SendsAnArchiveAsItIs) {
  const testing::TempDir dir;
  Put(dir.path() / "feed.tar.zst", "zst bytes");
  auto feed = OpenFeedFile(dir.path() / "feed.tar.zst");
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->name, "feed.tar.zst");
  EXPECT_EQ(feed->content_type, "application/x-tar");
  EXPECT_EQ(Content(*feed), "zst bytes");
}

TEST(FeedFile, SendsASingleRecordAsJson) {
  const testing::TempDir dir;
  Put(dir.path() / "CVE-1.json", "{}");
  auto feed = OpenFeedFile(dir.path() / "CVE-1.json");
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->content_type, "application/json");
  EXPECT_EQ(Content(*feed), "{}");
}

TEST(FeedFile, InADirectoryTheLastDebianArchiveGoesBeforeLooseRecords) {
  const testing::TempDir dir;
  Put(dir.path() / "kev/schema.json", "{}");
  Put(dir.path() / "alpine/alpine-2030.tar.zst", "alpine");
  Put(dir.path() / "debian/debian-osv-2025-01-01.tar.zst", "old");
  Put(dir.path() / "debian/debian-osv-2025-02-12.tar.zst", "new");
  auto feed = OpenFeedFile(dir.path());
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(feed->name, "debian-osv-2025-02-12.tar.zst");
  EXPECT_EQ(Content(*feed), "new");
}

TEST(FeedFile, PacksTheRecordsOfADirectoryAndRemovesTheArchiveAfterwards) {
  const testing::TempDir dir;
  Put(dir.path() / "a/CVE-2.json", "two");
  Put(dir.path() / "CVE-1.json", "one");
  Put(dir.path() / "README.md", "no record");
  fs::path packed;
  {
    auto feed = OpenFeedFile(dir.path());
    ASSERT_TRUE(feed.ok());
    EXPECT_EQ(feed->name, dir.path().filename().string());
    packed = feed->packed->path();
    EXPECT_TRUE(fs::exists(packed));
    const std::string bytes = Content(*feed);
    io::StringSource source(bytes);
    const auto plain = io::Gunzip(source);
    io::TarReader tar(*plain);
    std::map<std::string, std::string> records;
    for (auto next = tar.Next(); next.ok() && *next; next = tar.Next()) {
      records[(*next)->path] = io::ReadAll(tar.Body(), 100).value();
    }
    const std::map<std::string, std::string> expected{{"CVE-1.json", "one"},
                                                      {"a/CVE-2.json", "two"}};
    EXPECT_EQ(records, expected);
  }
  EXPECT_FALSE(fs::exists(packed));
}

TEST(FeedFile, SaysWhatIsWrongWithThePath) {
  const testing::TempDir dir;
  EXPECT_EQ(OpenFeedFile(dir.path() / "absent").error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(OpenFeedFile(dir.path()).error().code(), ErrorCode::kNotFound);
  Put(dir.path() / "feed.rpm", "x");
  EXPECT_EQ(OpenFeedFile(dir.path() / "feed.rpm").error().code(), ErrorCode::kInvalid);
}

}  // namespace
}  // namespace breakwater::cli
