// `breakwater verify`: evidence bundles and signed reports, without a server.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "report/evidence.h"

namespace breakwater::cli {

struct VerifyEvidenceArguments {
  std::string file;
  std::string key;     // PEM, or what GET /breakwater/v1/audit/key answers
  std::string report;  // the report that the file is the signature of; empty: it is a bundle
  std::vector<std::string> trail;  // exports of the audit trail to hold the bundle against
  std::string head;  // where to write the audit trail's head as the bundle has it; empty: nowhere
};

inline constexpr std::string_view kVerifyEvidenceHelp =
    "Evaluates every result again by the goals and the facts in the bundle. With --trail, exported "
    "files of the audit trail must be intact, hold the head that the bundle names, and record each "
    "attestation and exception that it counts on. With --report, the file is the signature of that "
    "report. Exit status: 0 all of it is as it was signed and follows from the facts, 1 something "
    "does not, 2 it could not be looked at.";

std::string RenderEvidence(const report::VerifiedEvidence& found);
// The process's exit status.
int VerifyEvidence(const VerifyEvidenceArguments& arguments);

}  // namespace breakwater::cli
