// Advisories as the matcher wants them: one row says which versions of one source package in one
// release one vulnerability affects.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/osv.h"
#include "advisor/severity.h"
#include "base/result.h"
#include "package/os_release.h"

namespace breakwater::advisor {

// Versions from `introduced` on ("" = from the first) and below `fixed` ("" = no fix yet), or up to
// and with `last_affected`. Debian order.
struct VersionInterval {
  std::string introduced;
  std::string fixed;
  std::string last_affected;

  bool Contains(std::string_view version) const;
  friend bool operator==(const VersionInterval&, const VersionInterval&) = default;
};

struct Advisory {
  std::string ecosystem;      // "Debian:12"
  std::string package;        // source package
  std::string vulnerability;  // "CVE-2023-4911"
  std::vector<VersionInterval> intervals;
  std::string urgency;  // the distribution's own word, or ""
  std::string summary;
  std::string cvss_vector;           // v3, or ""
  double cvss_score = 0;             // meaningful when there is a vector
  std::vector<std::string> notices;  // the distributor's notices: "DSA-5514-1"
};

// Where advisories are kept. Thread rules are the implementation's.
class AdvisoryLookup {
 public:
  virtual ~AdvisoryLookup() = default;
  // Whether absence of an advisory in this ecosystem means anything. A handful of stray rows about
  // a release that its vendor has dropped is no coverage.
  virtual Result<bool> Covers(std::string_view ecosystem) = 0;
  virtual Result<std::vector<Advisory>> Find(std::string_view ecosystem,
                                             std::string_view source_package) = 0;
};

// OSV schema, "Evaluation": the intervals that a range's events describe, in Debian order.
std::vector<VersionInterval> IntervalsOf(const OsvAffected& affected);

// What a record is to the importer.
enum class RecordKind {
  kVulnerability,  // CVE-…, or anything that is not a notice
  kNotice,         // DSA-, DLA-, DTSA-: repeats CVE records; gives the notice's id
};
RecordKind KindOf(const OsvRecord& record);

// The id to report: osv.dev's "DEBIAN-CVE-2024-1" (since 2025) is CVE-2024-1.
std::string VulnerabilityIdOf(const OsvRecord& record);

// One advisory for each Debian release and package of the record; several `affected` entries of one
// package become one. Withdrawn records and other ecosystems give none.
std::vector<Advisory> DebianAdvisoriesOf(const OsvRecord& record);

bool IsDebianEcosystem(std::string_view ecosystem);

// "Debian:12", or nothing when the system is not Debian. Testing and unstable have no number:
// their codename is looked up where it is known, and else stands for itself ("Debian:sid"), which
// no feed covers.
std::optional<std::string> EcosystemOf(const package::OsRelease& os);

}  // namespace breakwater::advisor
