#include "advisor/assessment.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "crypto/hash.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kKernelSource = "linux";

constexpr std::pair<ImageStatus, std::string_view> kWords[] = {
    {ImageStatus::kOk, "OK"},
    {ImageStatus::kWarn, "WARN"},
    {ImageStatus::kFail, "FAIL"},
    {ImageStatus::kUnsupported, "UNSUPPORTED"},
    {ImageStatus::kIncomplete, "INCOMPLETE"},
    {ImageStatus::kUnscanned, "UNSCANNED"}};

std::string SystemName(const package::OsRelease& os) {
  if (!os.pretty_name.empty()) return os.pretty_name;
  const std::string& release = os.version_id.empty() ? os.version_codename : os.version_id;
  return release.empty() ? os.id : os.id + " " + release;
}

std::string ReasonFor(const ImageIndex& index, const Assessment& assessment) {
  if (index.kind == ImageKind::kNotAnImage) return "this is no container image";
  if (!assessment.problems.empty()) return assessment.problems.front();
  switch (assessment.state) {
    case MatchState::kMatched: return "";
    case MatchState::kUnsupportedOs:
      return assessment.os.empty() ? "the image does not say which distribution it is"
                                   : "no advisories are kept for " + SystemName(assessment.os);
    case MatchState::kNoAdvisoryData:
      return assessment.feed ? "no advisory data for " + SystemName(assessment.os)
                             : "no advisory data has been imported";
  }
  BW_UNREACHABLE();
}

}  // namespace

std::string_view ToString(ImageStatus status) {
  for (const auto& [value, word] : kWords) {
    if (value == status) return word;
  }
  BW_UNREACHABLE();
}

std::optional<ImageStatus> ParseImageStatus(std::string_view word) {
  for (const auto& [value, known] : kWords) {
    if (known == word) return value;
  }
  return std::nullopt;
}

std::int64_t SeverityCounts::Of(Severity severity) const {
  const auto found = by_severity.find(severity);
  return found == by_severity.end() ? 0 : found->second;
}

std::int64_t SeverityCounts::total() const {
  std::int64_t sum = 0;
  for (const auto& [severity, count] : by_severity) sum += count;
  return sum;
}

json::Object ToJson(const SeverityCounts& counts) {
  json::Object object;
  for (Severity severity : kAllSeverities) object[ToString(severity)] = counts.Of(severity);
  return object;
}

bool IsIssue(const Finding& finding, IssueScope scope) {
  if (scope == IssueScope::kAll) return true;
  return finding.fixable() && finding.package.source_name != kKernelSource;
}

std::vector<Finding> IssuesOf(const Assessment& assessment, IssueScope scope) {
  std::vector<Finding> issues;
  std::ranges::copy_if(assessment.findings, std::back_inserter(issues),
                       [&](const Finding& finding) { return IsIssue(finding, scope); });
  return issues;
}

std::vector<std::string> NoticesOf(const Finding& finding) {
  if (!finding.notices.empty()) return finding.notices;
  return {finding.vulnerability};
}

Issues IssuesByName(const std::vector<Finding>& findings) {
  Issues issues;
  for (const Finding& finding : findings) {
    auto& notices = issues[finding.vulnerability];
    for (std::string& notice : NoticesOf(finding)) notices.insert(std::move(notice));
  }
  return issues;
}

SeverityCounts CountBySeverity(const std::vector<Finding>& findings) {
  std::map<std::string_view, Severity> worst;
  for (const Finding& finding : findings) {
    auto [at, added] = worst.try_emplace(finding.vulnerability, finding.severity);
    at->second = std::max(at->second, finding.severity);
  }
  SeverityCounts counts;
  for (const auto& [id, severity] : worst) ++counts.by_severity[severity];
  return counts;
}

std::vector<Finding> Worst(const std::vector<Finding>& findings, std::size_t limit) {
  std::vector<const Finding*> sorted;
  for (const Finding& finding : findings) sorted.push_back(&finding);
  std::ranges::sort(sorted, [](const Finding* a, const Finding* b) { return WorseThan(*a, *b); });
  std::vector<Finding> worst;
  std::set<std::string_view> seen;
  for (const Finding* finding : sorted) {
    if (worst.size() == limit) break;
    if (seen.insert(finding->vulnerability).second) worst.push_back(*finding);
  }
  return worst;
}

ImageStatus StatusOf(const Assessment& assessment, IssueScope scope) {
  const bool any_issue = std::ranges::any_of(
      assessment.findings, [&](const Finding& finding) { return IsIssue(finding, scope); });
  return any_issue ? ImageStatus::kFail : assessment.status;
}

ImageStatus StatusWithoutIssues(const Assessment& assessment) {
  if (!assessment.problems.empty()) return ImageStatus::kIncomplete;
  if (assessment.state == MatchState::kUnsupportedOs) return ImageStatus::kUnsupported;
  if (!assessment.feed) return ImageStatus::kIncomplete;
  if (assessment.state == MatchState::kNoAdvisoryData) return ImageStatus::kUnsupported;
  return ImageStatus::kOk;
}

Result<Assessment> Assess(const ImageIndex& index, const std::optional<FeedInfo>& feed,
                          AdvisoryLookup& lookup) {
  Assessment assessment;
  assessment.os = index.inventory.os;
  assessment.problems = index.inventory.problems;
  assessment.indexed = index.indexed;
  assessment.feed = feed;
  if (index.kind == ImageKind::kNotAnImage) {
    assessment.state = MatchState::kUnsupportedOs;
  } else {
    BW_TRY(MatchResult matched, Match(index.inventory.packages, index.inventory.os, lookup));
    assessment.state = matched.state;
    assessment.findings = std::move(matched.findings);
  }
  assessment.reason = ReasonFor(index, assessment);
  assessment.status = StatusWithoutIssues(assessment);
  assessment.status = StatusOf(assessment, IssueScope::kActionable);
  return assessment;
}

Assessment AssessSparse(std::int64_t absent_layers, const std::optional<FeedInfo>& feed,
                        Timestamp now) {
  Assessment assessment;
  assessment.status = ImageStatus::kIncomplete;
  assessment.reason = std::to_string(absent_layers) +
                      (absent_layers == 1 ? " layer of the image is not in its repository"
                                          : " layers of the image are not in its repository");
  assessment.problems = {assessment.reason};
  assessment.state = MatchState::kUnsupportedOs;
  assessment.indexed = now;
  assessment.feed = feed;
  assessment.of_place = true;
  return assessment;
}

std::string ResultDigest(const Assessment& assessment) {
  crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  const auto add = [&hasher](std::string_view text) {
    hasher.Update(text);
    hasher.Update(std::string_view("\0", 1));
  };
  add(ToString(assessment.status));
  add(assessment.reason);
  for (const Finding& f : assessment.findings) {
    for (std::string_view text :
         {std::string_view(f.vulnerability), std::string_view(f.package.name),
          std::string_view(f.package.architecture), std::string_view(f.package.version),
          std::string_view(f.fixed_version), ToString(f.severity)}) {
      add(text);
    }
  }
  return HexEncode(hasher.Finish());
}

}  // namespace breakwater::advisor
