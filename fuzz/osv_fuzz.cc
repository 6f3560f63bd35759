// OSV records: any bytes are refused, or give advisories whose intervals can be evaluated.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "advisor/advisory.h"
#include "advisor/osv.h"
#include "base/check.h"
#include "base/strings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace advisor = breakwater::advisor;
  static advisor::OsvParser parser;
  const auto record = parser.Parse({reinterpret_cast<const char*>(data), size});
  if (!record.ok()) return 0;
  for (const advisor::Advisory& advisory : advisor::DebianAdvisoriesOf(*record)) {
    BW_CHECK(!advisory.vulnerability.empty() && !advisory.intervals.empty());
    BW_CHECK(advisory.cvss_score >= 0 && advisory.cvss_score <= 10);
    BW_CHECK(breakwater::IsValidUtf8(advisory.summary));
    for (const advisor::VersionInterval& interval : advisory.intervals) {
      if (!interval.fixed.empty()) BW_CHECK(!interval.Contains(interval.fixed));
    }
  }
  return 0;
}
