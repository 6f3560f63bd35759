// From an image's packages to its findings. Pure: values in, values out.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "advisor/advisory.h"
#include "advisor/severity.h"
#include "base/result.h"
#include "package/package.h"

namespace breakwater::advisor {

// Whether "no findings" means anything.
enum class MatchState {
  kMatched,
  kUnsupportedOs,   // no distribution that we know how to judge
  kNoAdvisoryData,  // a known distribution, of which no feed says enough
};

std::string_view ToString(MatchState state);  // "matched", "unsupported_os", "no_advisory_data"

// One vulnerability in one installed package.
struct Finding {
  std::string vulnerability;
  package::Package package;
  Severity severity = Severity::kUnknown;
  std::string severity_source;  // "debian" or "cvss"; "" when unknown
  double score = 0;             // CVSS v3 base; 0 when there is no vector
  std::string cvss_vector;
  std::string urgency;
  std::string fixed_version;  // of the source package, the nearest above; "" = no fix published
  std::string summary;
  std::vector<std::string> notices;

  bool fixable() const { return !fixed_version.empty(); }
};

struct MatchResult {
  MatchState state = MatchState::kMatched;
  std::string ecosystem;          // "Debian:12"; "" when unsupported
  std::vector<Finding> findings;  // sorted by vulnerability, package, architecture, version
};

// Compares the source version of every package with the advisories of its source package. Fails
// only when the lookup does.
Result<MatchResult> Match(const std::vector<package::Package>& packages,
                          const package::OsRelease& os, AdvisoryLookup& lookup);

// The severity of an advisory and what it rests on: the distribution's rating if it gives one, else
// the CVSS band.
struct RatedSeverity {
  Severity severity = Severity::kUnknown;
  std::string_view source;
};
RatedSeverity Rate(const Advisory& advisory);

// Worst first: severity, then score, then id.
bool WorseThan(const Finding& a, const Finding& b);

}  // namespace breakwater::advisor
