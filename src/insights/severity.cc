#include "insights/severity.h"

#include "base/check.h"
#include "base/strings.h"

namespace breakwater::insights {

std::string_view ToString(Severity severity) {
  switch (severity) {
    case Severity::kLow: return "low";
    case Severity::kMedium: return "medium";
    case Severity::kHigh: return "high";
    case Severity::kCritical: return "critical";
  }
  BW_UNREACHABLE();
}

Result<Severity> ParseSeverity(std::string_view text) {
  for (const Severity severity :
       {Severity::kLow, Severity::kMedium, Severity::kHigh, Severity::kCritical}) {
    if (EqualsIgnoreCase(ToString(severity), text)) return severity;
  }
  return Invalid("a severity is critical, high, medium or low");
}

}  // namespace breakwater::insights
