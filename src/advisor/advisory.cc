#include "advisor/advisory.h"

#include <algorithm>
#include <map>

#include "advisor/cvss3.h"
#include "base/strings.h"
#include "package/dpkg_version.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kDebianPrefix = "Debian:";
constexpr std::size_t kMaxSummary = 1000;

bool Less(std::string_view a, std::string_view b) {
  return package::CompareDpkgVersions(a, b) < 0;
}

// "0" in an `introduced` event stands before every version, even "0~~".
bool IsBeginning(const OsvEvent& event) {
  return event.kind == OsvEventKind::kIntroduced && event.version == "0";
}

// An introduction comes before an end at the same version: "introduced 2, fixed 2" is nothing.
void SortByVersion(std::vector<OsvEvent>& events) {
  std::ranges::sort(events, [](const OsvEvent& a, const OsvEvent& b) {
    if (IsBeginning(a) || IsBeginning(b)) return IsBeginning(a) && !IsBeginning(b);
    const auto order = package::CompareDpkgVersions(a.version, b.version);
    return order < 0 || (order == 0 && a.kind < b.kind);
  });
}

void AppendIntervals(std::vector<OsvEvent> events, std::vector<VersionInterval>& out) {
  SortByVersion(events);
  std::optional<VersionInterval> open;
  for (const OsvEvent& event : events) {
    if (event.kind == OsvEventKind::kIntroduced) {
      if (!open) open.emplace().introduced = IsBeginning(event) ? "" : event.version;
      continue;
    }
    if (!open) continue;
    (event.kind == OsvEventKind::kFixed ? open->fixed : open->last_affected) = event.version;
    out.push_back(*std::exchange(open, std::nullopt));
  }
  if (open) out.push_back(*std::move(open));
}

// A text for people, cut at a character border.
std::string SummaryOf(const OsvRecord& record) {
  std::string_view text = Trim(record.summary.empty() ? record.details : record.summary);
  if (text.size() <= kMaxSummary) return std::string(text);
  std::size_t end = kMaxSummary;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "…";
}

// Debian releases by codename, as debian.org/releases lists them.
std::optional<std::string_view> ReleaseOfCodename(std::string_view codename) {
  constexpr std::pair<std::string_view, std::string_view> kReleases[] = {
      {"stretch", "9"}, {"buster", "10"}, {"bullseye", "11"}, {"bookworm", "12"},
      {"trixie", "13"}, {"forky", "14"},  {"duke", "15"}};
  for (const auto& [name, number] : kReleases) {
    if (name == codename) return number;
  }
  return std::nullopt;
}

}  // namespace

bool VersionInterval::Contains(std::string_view version) const {
  if (!introduced.empty() && Less(version, introduced)) return false;
  if (!fixed.empty() && !Less(version, fixed)) return false;
  return last_affected.empty() || !Less(last_affected, version);
}

std::vector<VersionInterval> IntervalsOf(const OsvAffected& affected) {
  std::vector<VersionInterval> intervals;
  for (const auto& events : affected.ranges) AppendIntervals(events, intervals);
  for (const std::string& version : affected.versions) {
    intervals.push_back({.introduced = version, .fixed = {}, .last_affected = version});
  }
  return intervals;
}

RecordKind KindOf(const OsvRecord& record) {
  for (std::string_view prefix : {"DSA-", "DLA-", "DTSA-"}) {
    if (record.id.starts_with(prefix)) return RecordKind::kNotice;
  }
  return RecordKind::kVulnerability;
}

std::string VulnerabilityIdOf(const OsvRecord& record) {
  constexpr std::string_view kDebianCve = "DEBIAN-CVE-";
  if (record.id.starts_with(kDebianCve)) return "CVE-" + record.id.substr(kDebianCve.size());
  return record.id;
}

std::vector<Advisory> DebianAdvisoriesOf(const OsvRecord& record) {
  if (record.withdrawn) return {};
  std::map<std::pair<std::string_view, std::string_view>, Advisory> merged;
  for (const OsvAffected& affected : record.affected) {
    if (!IsDebianEcosystem(affected.ecosystem)) continue;
    Advisory& advisory = merged[{affected.ecosystem, affected.package}];
    std::ranges::move(IntervalsOf(affected), std::back_inserter(advisory.intervals));
    if (advisory.urgency.empty()) advisory.urgency = affected.urgency;
  }
  std::vector<Advisory> advisories;
  auto score = Cvss3BaseScore(record.cvss_v3);
  for (auto& [key, advisory] : merged) {
    if (advisory.intervals.empty()) continue;
    advisory.ecosystem = key.first;
    advisory.package = key.second;
    advisory.vulnerability = VulnerabilityIdOf(record);
    advisory.summary = SummaryOf(record);
    if (score.ok()) {
      advisory.cvss_vector = record.cvss_v3;
      advisory.cvss_score = *score;
    }
    advisories.push_back(std::move(advisory));
  }
  return advisories;
}

bool IsDebianEcosystem(std::string_view ecosystem) {
  return ecosystem.starts_with(kDebianPrefix);
}

std::optional<std::string> EcosystemOf(const package::OsRelease& os) {
  if (os.id != "debian") return std::nullopt;
  std::string release = os.version_id.substr(0, os.version_id.find('.'));
  if (release.empty()) {
    const auto known = ReleaseOfCodename(os.version_codename);
    release = known ? std::string(*known) : os.version_codename;
  }
  if (release.empty()) release = "unknown";
  return std::string(kDebianPrefix) + release;
}

}  // namespace breakwater::advisor
