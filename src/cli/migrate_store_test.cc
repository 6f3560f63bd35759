#include "cli/migrate_store.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

using Step = admin::CopyProgress::Step;

TEST(MigrateStore, ProgressLineSaysHowFarItHasCome) {
  EXPECT_EQ(
      ProgressLine({.step = Step::kRows, .table = "manifest", .rows = 617, .rows_total = 1234}),
      "rows      50%  617 of 1234 rows  manifest");
  EXPECT_EQ(ProgressLine({.step = Step::kBlobs,
                          .table = {},
                          .blobs = 1,
                          .blobs_total = 4,
                          .bytes = 100,
                          .bytes_total = 1000}),
            "blobs     10%  1 of 4 blobs, 100 of 1000 bytes");
  EXPECT_EQ(ProgressLine({.step = Step::kBlobs, .table = {}}),
            "blobs    100%  0 of 0 blobs, 0 of 0 bytes");
}

TEST(MigrateStore, SummarySaysWhatWasNotCopied) {
  const std::string text = Summary({.resumed = false,
                                    .tables = {{"tag", 3, "ab"}, {"upload_like", 0, "cd"}},
                                    .not_copied = {{"upload", 2, ""}, {"digest_lock", 0, ""}},
                                    .blobs = 5,
                                    .blob_bytes = 600,
                                    .unnamed_blobs = 1,
                                    .unnamed_bytes = 70});
  EXPECT_NE(text.find("3 rows of 2 tables, 5 blobs of 600 bytes"), std::string::npos) << text;
  EXPECT_NE(text.find("not copied: 2 rows of upload\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1 blobs of 70 bytes"), std::string::npos) << text;
  EXPECT_EQ(text.find("digest_lock"), std::string::npos) << text;
}

TEST(MigrateStore, HelpNamesWhatIsNotCopiedAndThatServersMustBeStopped) {
  const std::string text = MigrateStoreHelp();
  EXPECT_NE(text.find("upload: "), std::string::npos);
  EXPECT_NE(text.find("Stop every server"), std::string::npos);
}

class MigrateStoreFiles : public ::testing::Test {
 protected:
  std::string Config(const std::string& name, const std::string& data) {
    const auto path = directory_.path() / (name + ".toml");
    const std::string text = "data = \"" + (directory_.path() / data).string() + "\"\n";
    EXPECT_TRUE(io::WriteFileDurably(path, AsBytes(text)).ok());
    return path.string();
  }
  // Exit status and standard error.
  std::pair<int, std::string> Run(const MigrateStoreArguments& arguments) {
    ::testing::internal::CaptureStderr();
    const int status = MigrateStore(arguments);
    return {status, ::testing::internal::GetCapturedStderr()};
  }
  bool Exists(const std::string& name) { return std::filesystem::exists(directory_.path() / name); }

 private:
  breakwater::testing::TempDir directory_;
};

TEST_F(MigrateStoreFiles, OneDirectoryForBothSidesIsRefused) {
  const auto [status, text] = Run({.from = Config("a", "data"), .to = Config("b", "./data")});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("both sides use the data directory"), std::string::npos) << text;
}

TEST_F(MigrateStoreFiles, SourceWithoutADatabaseIsRefusedAndNothingIsMade) {
  const auto [status, text] = Run({.from = Config("a", "one"), .to = Config("b", "two")});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("holds no database"), std::string::npos) << text;
  EXPECT_FALSE(Exists("one"));
  EXPECT_FALSE(Exists("two"));
}

TEST_F(MigrateStoreFiles, ConfigurationFileThatIsNotThereIsNamed) {
  const auto [status, text] = Run({.from = "/nowhere/a.toml", .to = Config("b", "two")});
  EXPECT_EQ(status, 1);
  EXPECT_NE(text.find("/nowhere/a.toml"), std::string::npos) << text;
}

}  // namespace
}  // namespace breakwater::cli
