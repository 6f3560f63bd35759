// Reports in the reference system's schemas (ibm-registry 2.3). Pure.
#pragma once

#include <string>

#include "advisor/advisor.h"
#include "advisor/exemptions.h"
#include "json/json.h"

namespace breakwater::api::va {

// Which of the two generations of the interface is spoken.
enum class Version { kV3, kV4 };

// ScanReport; v4 adds os_distribution.
json::Object ReportJson(const advisor::ImageReport& report, Version version,
                        advisor::IssueScope scope, const advisor::ExemptIssues& exempt);
// ScanreportSummary.
json::Object SummaryJson(const advisor::Assessment& assessment, Version version,
                         advisor::IssueScope scope, const advisor::ExemptIssues& exempt);

// What a list says of one image: ScanreportImageSummary.
struct ListedImage {
  std::string name;          // host/ns/repo:tag
  std::int64_t created = 0;  // Unix seconds
  advisor::ImageStatus status = advisor::ImageStatus::kUnscanned;
  std::int64_t scanned = 0;  // Unix seconds; 0 when it was not
  advisor::IssueCounts issues;
};
json::Object ListedJson(const ListedImage& image);

}  // namespace breakwater::api::va
