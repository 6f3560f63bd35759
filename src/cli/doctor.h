// `breakwater doctor`: looks whether the installation that the options describe has all it needs.
#pragma once

#include <string>

#include "admin/doctor.h"
#include "cli/serve.h"

namespace breakwater::cli {

// A line for each finding: "ok", "warning" or "FAILED", what was looked at, and what was found.
std::string RenderFindings(const admin::Findings& findings);
// {"healthy": …, "findings": [{"health", "check", "text", "advice"}, …]}
std::string RenderFindingsJson(const admin::Findings& findings);

// On standard output. The exit status: 1 if anything FAILED.
int Doctor(const ServerArguments& arguments, bool as_json);

}  // namespace breakwater::cli
