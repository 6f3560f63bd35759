#include "api/advisor/encode.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/check.h"
#include "crypto/hash.h"
#include "package/package.h"

namespace breakwater::api::va {
namespace {

using advisor::Assessment;
using advisor::ExemptIssues;
using advisor::ExemptState;
using advisor::Finding;
using advisor::IssueCounts;
using advisor::IssueScope;
using json::Text;

constexpr std::string_view kTracker = "https://security-tracker.debian.org/tracker/";

// What the reference system calls the time of a scan: v3 looked at the image then, v4 at its data
// source (ibm-registry 2.1).
std::int64_t ScanTime(const Assessment& assessment, Version version) {
  if (version == Version::kV4 && assessment.feed) return ToUnixSeconds(assessment.feed->imported);
  return ToUnixSeconds(assessment.indexed);
}

std::string CorrectiveAction(const Finding& finding) {
  if (!finding.fixable()) return "No fix has been published";
  return "Upgrade " + finding.package.name + " to at least version " + finding.fixed_version;
}

json::Object PackageJson(const Finding& finding, const package::OsRelease& os) {
  const auto purl = package::PurlOf(finding.package, os);
  return {{"package_name", Text(finding.package.name)},
          {"installed_version", Text(finding.package.version)},
          {"fix_version", Text(finding.fixed_version)},
          {"corrective_action", Text(CorrectiveAction(finding))},
          {"description", Text("Source package " + finding.package.source_name + " " +
                               finding.package.source_version)},
          {"architecture", Text(finding.package.architecture)},
          {"source_package", Text(finding.package.source_name)},
          {"source_version", Text(finding.package.source_version)},
          {"severity", Text(ToString(finding.severity))},
          {"purl", Text(purl.ok() ? purl->ToString() : "")}};
}

std::string_view ToString(ExemptState state) {
  switch (state) {
    case ExemptState::kActive: return "active";
    case ExemptState::kPartial: return "partial";
    case ExemptState::kExempt: return "exempt";
  }
  BW_UNREACHABLE();
}

using FindingPointers = std::vector<const Finding*>;

// Clients of the reference system read packages from notices only.
json::Array NoticesJson(const FindingPointers& findings, const package::OsRelease& os,
                        const ExemptIssues& exempt) {
  std::map<std::string, json::Array> packages;
  for (const Finding* finding : findings) {
    for (std::string& id : advisor::NoticesOf(*finding)) {
      packages[std::move(id)].push_back(PackageJson(*finding, os));
    }
  }
  json::Array notices;
  for (auto& [id, vulnerable] : packages) {
    notices.push_back(json::Object{{"notice", Text(std::string(kTracker) + id)},
                                   {"notice_id", Text(id)},
                                   {"notice_exempt", exempt.HasNotice(id)},
                                   {"summary", Text(findings.front()->summary)},
                                   {"vulnerable_packages", std::move(vulnerable)}});
  }
  return notices;
}

json::Object VulnerabilityJson(const FindingPointers& findings, const package::OsRelease& os,
                               const ExemptIssues& exempt) {
  const Finding& worst =
      **std::ranges::max_element(findings, {}, [](const Finding* f) { return f->severity; });
  std::set<std::string> ids;
  for (const Finding* finding : findings) {
    for (std::string& id : advisor::NoticesOf(*finding)) ids.insert(std::move(id));
  }
  const auto count = static_cast<std::int64_t>(ids.size());
  const auto exempt_count = static_cast<std::int64_t>(
      std::ranges::count_if(ids, [&](const std::string& id) { return exempt.HasNotice(id); }));
  return {
      {"cve_id", Text(worst.vulnerability)},
      {"summary", Text(worst.summary)},
      {"cve_exempt", exempt.HasVulnerability(worst.vulnerability)},
      {"exempt_status", Text(ToString(StateOf(worst.vulnerability, ids, exempt)))},
      {"security_notices", NoticesJson(findings, os, exempt)},
      {"security_notice_count", count - exempt_count},
      {"exempt_security_notice_count", exempt_count},
      {"total_security_notice_count", count},
      {"severity", Text(ToString(worst.severity))},
      {"severity_source", Text(worst.severity_source)},
      {"score", worst.score},
      {"cvss_vector", Text(worst.cvss_vector)},
      {"fixable", std::ranges::any_of(findings, [](const Finding* f) { return f->fixable(); })}};
}

json::Array VulnerabilitiesJson(const std::vector<Finding>& issues, const package::OsRelease& os,
                                const ExemptIssues& exempt) {
  std::map<std::string_view, FindingPointers> by_id;
  for (const Finding& issue : issues) by_id[issue.vulnerability].push_back(&issue);
  json::Array array;
  array.reserve(by_id.size());
  for (const auto& [id, findings] : by_id) array.push_back(VulnerabilityJson(findings, os, exempt));
  return array;
}

json::Object DistributionJson(const package::OsRelease& os) {
  json::Object object;
  if (!os.id.empty()) object["distribution_id"] = Text(os.id);
  if (!os.version_id.empty()) object["version_id"] = Text(os.version_id);
  if (!os.version_codename.empty()) object["version_code_name"] = Text(os.version_codename);
  return object;
}

// Our own account of what the verdict rests on.
void AddBasis(const Assessment& assessment, json::Object& object) {
  object["status_reason"] = Text(assessment.reason);
  json::Array problems;
  for (const std::string& problem : assessment.problems) problems.push_back(Text(problem));
  object["problems"] = std::move(problems);
  if (!assessment.feed) {
    object["advisory_data"] = nullptr;
    return;
  }
  object["advisory_data"] = {{"source", Text(assessment.feed->source)},
                             {"newest", Text(assessment.feed->newest)},
                             {"imported", Text(FormatRfc3339(assessment.feed->imported))},
                             {"records", assessment.feed->records}};
}

void AddCounters(const IssueCounts& issues, json::Object& object) {
  object["issue_count"] = issues.active;
  object["exempt_issue_count"] = issues.exempt;
  object["vulnerability_count"] = issues.active;
  object["exempt_vulnerability_count"] = issues.exempt;
  object["configuration_issue_count"] = 0;
  object["exempt_configuration_issue_count"] = 0;
}

}  // namespace

json::Object ReportJson(const advisor::ImageReport& report, Version version, IssueScope scope,
                        const ExemptIssues& exempt) {
  const Assessment& assessment = report.assessment;
  const std::vector<Finding> issues = IssuesOf(assessment, scope);
  // One id for one result: the same question about the same state has the same answer.
  const std::string id = crypto::Sha256Hex(report.digest.text() + ResultDigest(assessment));
  json::Object object{{"id", Text(id)},
                      {"status", Text(ToString(StatusOf(assessment, scope, exempt)))},
                      {"scan_time", ScanTime(assessment, version)},
                      {"vulnerabilities", VulnerabilitiesJson(issues, assessment.os, exempt)},
                      {"configuration_issues", json::Array{}}};
  if (version == Version::kV4) object["os_distribution"] = DistributionJson(assessment.os);
  object["digest"] = Text(report.digest.text());
  object["severities"] = advisor::ToJson(CountBySeverity(issues));
  AddBasis(assessment, object);
  return object;
}

json::Object SummaryJson(const Assessment& assessment, Version version, IssueScope scope,
                         const ExemptIssues& exempt) {
  const std::vector<Finding> issues = IssuesOf(assessment, scope);
  json::Object object{{"status", Text(ToString(StatusOf(assessment, scope, exempt)))},
                      {"scan_time", ScanTime(assessment, version)}};
  AddCounters(CountIssues(IssuesByName(issues), exempt), object);
  object["severities"] = advisor::ToJson(CountBySeverity(issues));
  AddBasis(assessment, object);
  return object;
}

json::Object ListedJson(const ListedImage& image) {
  json::Object object{{"name", Text(image.name)},
                      {"created_time", image.created},
                      {"status", Text(ToString(image.status))},
                      {"scan_time", image.scanned}};
  AddCounters(image.issues, object);
  return object;
}

}  // namespace breakwater::api::va
