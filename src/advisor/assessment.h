// The verdict on an image: what its packages' vulnerabilities mean, in the reference system's
// words. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "advisor/advisory_store.h"
#include "advisor/image_index.h"
#include "advisor/matcher.h"
#include "base/time.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::advisor {

// ibm-registry 2.4. The words of ToString are on the wire and in the database.
enum class ImageStatus {
  kOk,           // assessed, nothing to do
  kWarn,         // issues, all of them exempt
  kFail,         // at least one active issue
  kUnsupported,  // no distribution that can be judged
  kIncomplete,   // the assessment could not be finished; never a pass
  kUnscanned,    // not assessed yet
};
std::string_view ToString(ImageStatus status);  // "OK", "WARN", …
std::optional<ImageStatus> ParseImageStatus(std::string_view word);

// Vulnerabilities (not packages) by severity.
struct SeverityCounts {
  std::map<Severity, std::int64_t> by_severity;
  std::int64_t Of(Severity severity) const;
  std::int64_t total() const;
  friend bool operator==(const SeverityCounts&, const SeverityCounts&) = default;
};
json::Object ToJson(const SeverityCounts& counts);  // every severity, zeros too

struct Assessment {
  ImageStatus status = ImageStatus::kUnscanned;
  // Why there is no verdict, or why it may not be the whole truth, for people; else "".
  std::string reason;
  MatchState state = MatchState::kMatched;
  package::OsRelease os;
  std::vector<Finding> findings;  // all of them, fixable or not
  std::vector<std::string> problems;
  Timestamp indexed;
  std::optional<FeedInfo> feed;
  bool of_place = false;  // only where it lies: what is known of the image elsewhere is another
};

// Which findings count as issues. The reference system reports only what a published fix cures, and
// nothing of the Debian source package linux, whose binaries in an image (headers) run nowhere:
// ibm-registry 2.6. Those are issues; `kAll` is everything that is known.
enum class IssueScope { kActionable, kAll };
bool IsIssue(const Finding& finding, IssueScope scope);
std::vector<Finding> IssuesOf(const Assessment& assessment, IssueScope scope);

// The notices that speak of a finding. A vulnerability that no notice speaks of is its own notice.
std::vector<std::string> NoticesOf(const Finding& finding);

// Vulnerabilities, each with the notices that speak of it.
using Issues = std::map<std::string, std::set<std::string>>;
Issues IssuesByName(const std::vector<Finding>& findings);

// Highest severity of each vulnerability among the findings.
SeverityCounts CountBySeverity(const std::vector<Finding>& findings);
// At most `limit` findings, worst first, one for each vulnerability.
std::vector<Finding> Worst(const std::vector<Finding>& findings, std::size_t limit);

// What to say with `scope`: FAIL as soon as there is one issue, whatever else is wrong; else
// INCOMPLETE with problems or without any advisories, UNSUPPORTED for a system that no advisory
// speaks of, and OK only if all was read and all is known.
ImageStatus StatusOf(const Assessment& assessment, IssueScope scope);

// The same of an image without issues.
ImageStatus StatusWithoutIssues(const Assessment& assessment);

// Brings index and advisories together. `status` is that of kActionable.
Result<Assessment> Assess(const ImageIndex& index, const std::optional<FeedInfo>& feed,
                          AdvisoryLookup& lookup);

// Of an image that lacks so many layers where it is: nothing is known of it, whatever is known of
// the same image elsewhere.
Assessment AssessSparse(std::int64_t absent_layers, const std::optional<FeedInfo>& feed,
                        Timestamp now);

// Equal for equal results, whatever feed they came from.
std::string ResultDigest(const Assessment& assessment);

}  // namespace breakwater::advisor
