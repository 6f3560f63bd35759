#include "advisor/matcher.h"

#include <algorithm>
#include <tuple>

#include "base/check.h"
#include "package/dpkg_version.h"

namespace breakwater::advisor {
namespace {

auto OrderKey(const Finding& f) {
  return std::tie(f.vulnerability, f.package.name, f.package.architecture, f.package.version);
}

// The smallest fixed version above `version` of all intervals, or "" if none has one.
std::string NearestFix(const Advisory& advisory, std::string_view version) {
  std::string nearest;
  for (const VersionInterval& interval : advisory.intervals) {
    if (interval.fixed.empty() || package::CompareDpkgVersions(interval.fixed, version) <= 0)
      continue;
    if (nearest.empty() || package::CompareDpkgVersions(interval.fixed, nearest) < 0) {
      nearest = interval.fixed;
    }
  }
  return nearest;
}

Finding MakeFinding(const package::Package& package, const Advisory& advisory) {
  const RatedSeverity rated = Rate(advisory);
  return {.vulnerability = advisory.vulnerability,
          .package = package,
          .severity = rated.severity,
          .severity_source = std::string(rated.source),
          .score = advisory.cvss_score,
          .cvss_vector = advisory.cvss_vector,
          .urgency = advisory.urgency,
          .fixed_version = NearestFix(advisory, package.source_version),
          .summary = advisory.summary,
          .notices = advisory.notices};
}

void MatchPackage(const package::Package& package, const std::vector<Advisory>& advisories,
                  std::vector<Finding>& findings) {
  for (const Advisory& advisory : advisories) {
    const bool affected = std::ranges::any_of(advisory.intervals, [&](const VersionInterval& i) {
      return i.Contains(package.source_version);
    });
    if (affected) findings.push_back(MakeFinding(package, advisory));
  }
}

}  // namespace

std::string_view ToString(MatchState state) {
  switch (state) {
    case MatchState::kMatched: return "matched";
    case MatchState::kUnsupportedOs: return "unsupported_os";
    case MatchState::kNoAdvisoryData: return "no_advisory_data";
  }
  BW_UNREACHABLE();
}

RatedSeverity Rate(const Advisory& advisory) {
  if (const auto vendor = SeverityOfDebianUrgency(advisory.urgency)) return {*vendor, "debian"};
  if (!advisory.cvss_vector.empty()) return {SeverityOfScore(advisory.cvss_score), "cvss"};
  return {};
}

bool WorseThan(const Finding& a, const Finding& b) {
  if (a.severity != b.severity) return a.severity > b.severity;
  if (a.score != b.score) return a.score > b.score;
  return OrderKey(a) < OrderKey(b);
}

Result<MatchResult> Match(const std::vector<package::Package>& packages,
                          const package::OsRelease& os, AdvisoryLookup& lookup) {
  MatchResult result;
  const auto ecosystem = EcosystemOf(os);
  if (!ecosystem) {
    result.state = MatchState::kUnsupportedOs;
    return result;
  }
  result.ecosystem = *ecosystem;
  BW_TRY(const bool covered, lookup.Covers(*ecosystem));
  if (!covered) {
    result.state = MatchState::kNoAdvisoryData;
    return result;
  }
  // Many binary packages share a source package; ask for each source once.
  std::map<std::string_view, std::vector<const package::Package*>> by_source;
  for (const package::Package& package : packages)
    by_source[package.source_name].push_back(&package);
  for (const auto& [source, binaries] : by_source) {
    BW_TRY(const std::vector<Advisory> advisories, lookup.Find(*ecosystem, source));
    for (const package::Package* binary : binaries) {
      MatchPackage(*binary, advisories, result.findings);
    }
  }
  const auto key = [](const Finding& f) { return OrderKey(f); };
  std::ranges::sort(result.findings, {}, key);
  const auto twins = std::ranges::unique(result.findings, {}, key);
  result.findings.erase(twins.begin(), twins.end());
  return result;
}

}  // namespace breakwater::advisor
