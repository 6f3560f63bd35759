#include "cli/fsck.h"

#include <gtest/gtest.h>

namespace breakwater::cli {
namespace {

const admin::FsckFinding kFinding{.problem = "blob_damaged",
                                  .what = "sha256:ab",
                                  .text = "its bytes are not those that were pushed",
                                  .outcome = admin::FsckOutcome::kLost,
                                  .images = {"us.icr.io/ns/app:v1"}};

TEST(FsckCommand, SaysWhatIsWrongAndWhichImagesItBreaks) {
  EXPECT_EQ(RenderFsckFinding(kFinding),
            "lost      blob_damaged sha256:ab: its bytes are not those that were pushed\n"
            "          in us.icr.io/ns/app:v1\n");
}

TEST(FsckCommand, PrintsAFindingAsALineOfJson) {
  EXPECT_EQ(RenderFsckFindingJson(kFinding),
            R"({"outcome":"lost","problem":"blob_damaged","what":"sha256:ab",)"
            R"("text":"its bytes are not those that were pushed","images":["us.icr.io/ns/app:v1"]})"
            "\n");
}

TEST(FsckCommand, EndsWithAStatusForWhatIsLeft) {
  EXPECT_EQ(FsckStatus({}), 0);
  EXPECT_EQ(FsckStatus({.repaired = 3}), 1);
  EXPECT_EQ(FsckStatus({.found = 1, .repaired = 3}), 2);
  EXPECT_EQ(FsckStatus({.repaired = 3, .lost = 1}), 2);
}

}  // namespace
}  // namespace breakwater::cli
