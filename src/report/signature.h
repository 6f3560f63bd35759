// Signatures of reports: an in-toto statement that names the report's digest and what it is of, in
// a DSSE envelope beside the file. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/signing.h"
#include "json/json.h"
#include "posture/assessment.h"
#include "report/report.h"

namespace breakwater::report {

inline constexpr std::string_view kReportPredicateType =
    "https://breakwater.dev/attestation/posture-report/v1";

json::Value StatementOfReport(const posture::Assessment& assessment, const Report& report);

struct VerifiedReport {
  std::string name;     // of the file, as it was given out
  std::string profile;  // name and version
  std::string at;
};

// kDataCorrupt says what is not as it was signed.
Result<VerifiedReport> VerifyReport(std::string_view envelope, std::string_view report,
                                    const crypto::VerifyingKey& key);

}  // namespace breakwater::report
