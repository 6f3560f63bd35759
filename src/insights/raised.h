// The event that a finding opened or became worse: what people should be told.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "insights/severity.h"
#include "jobs/jobs.h"
#include "json/json.h"

namespace breakwater::insights {

// Type of the event.
inline constexpr std::string_view kFindingRaised = "finding.raised";

// The vulnerability advisor as channels name it, and its type for images.
inline constexpr std::string_view kVulnerabilityAdvisor = "VA";
inline constexpr std::string_view kImageWithVulnerabilities = "image_with_vulnerabilities";

struct Raised {
  AccountId account;
  std::string provider;      // "VA"
  std::string finding_type;  // "image_with_vulnerabilities"
  Severity severity = Severity::kLow;
  std::string group;         // to be announced once; a finding that became worse is another group
  std::string finding_name;  // full occurrence name
  json::Value payload;       // the occurrence
};

jobs::Event ToEvent(const Raised& raised);
Result<Raised> RaisedFrom(const json::Value& payload);

}  // namespace breakwater::insights
