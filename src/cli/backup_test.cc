#include "cli/backup.h"

#include <gtest/gtest.h>

#include "base/testing.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

class VerifyBackupRun : public ::testing::Test {
 protected:
  int Verify(const std::filesystem::path& path, const std::string& snapshot = "") {
    return VerifyBackup({}, {.path = path.string(), .snapshot = snapshot});
  }

  testing::TempDir directory_;
};

TEST_F(VerifyBackupRun, WhatIsNotThereWasNotLookedAt) {
  EXPECT_EQ(Verify(directory_.path() / "none"), 3);
  EXPECT_EQ(Verify(directory_.path() / "none.tar"), 3);
  EXPECT_EQ(Verify(directory_.path()), 3) << "a directory without a snapshot";
}

TEST_F(VerifyBackupRun, ASnapshotThatLacksItsFilesIsDamaged) {
  const auto snapshot = directory_.path() / "snapshots" / "20260101T000000Z";
  ASSERT_TRUE(io::MakeDirectories(snapshot).ok());
  ASSERT_TRUE(io::WriteFileDurably(snapshot / "manifest.json.sha256", AsBytes("none")).ok());
  EXPECT_EQ(Verify(directory_.path()), 1);
}

TEST_F(VerifyBackupRun, HelpNamesEachExitStatus) {
  for (const char* status : {" 0 whole", " 1 damaged", " 3 not all"}) {
    EXPECT_NE(kVerifyBackupHelp.find(status), std::string_view::npos) << status;
  }
}

}  // namespace
}  // namespace breakwater::cli
