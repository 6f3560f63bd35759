// `breakwater fsck`: verifies what an installation holds, and repairs what can be repaired.
#pragma once

#include <string>
#include <string_view>

#include "admin/fsck.h"
#include "cli/serve.h"

namespace breakwater::cli {

struct FsckArguments {
  bool repair = false;
  bool quick = false;
  bool as_json = false;
};

inline constexpr std::string_view kFsckHelp =
    "Stop every server of the installation first. Exit status: 0 everything is as it should be, 1 "
    "it "
    "was not and is repaired, 2 something is left, 3 it could not be looked at to the end.";

// "lost      blob_damaged sha256:…: its bytes are …", and the images below it.
std::string RenderFsckFinding(const admin::FsckFinding& finding);
// {"outcome", "problem", "what", "text", "images"} in one line.
std::string RenderFsckFindingJson(const admin::FsckFinding& finding);
int FsckStatus(const admin::FsckSummary& summary);

int Fsck(const ServerArguments& arguments, const FsckArguments& check);

}  // namespace breakwater::cli
