#include "advisor/severity.h"

#include "base/check.h"

namespace breakwater::advisor {

std::string_view ToString(Severity severity) {
  switch (severity) {
    case Severity::kUnknown: return "unknown";
    case Severity::kNegligible: return "negligible";
    case Severity::kLow: return "low";
    case Severity::kMedium: return "medium";
    case Severity::kHigh: return "high";
    case Severity::kCritical: return "critical";
  }
  BW_UNREACHABLE();
}

std::optional<Severity> ParseSeverity(std::string_view word) {
  for (Severity severity : kAllSeverities) {
    if (ToString(severity) == word) return severity;
  }
  return std::nullopt;
}

Severity SeverityOfScore(double score) {
  if (score >= 9.0) return Severity::kCritical;
  if (score >= 7.0) return Severity::kHigh;
  if (score >= 4.0) return Severity::kMedium;
  if (score > 0.0) return Severity::kLow;
  return Severity::kNegligible;
}

std::optional<Severity> SeverityOfDebianUrgency(std::string_view urgency) {
  // The tracker marks its own automatic ratings with asterisks.
  while (!urgency.empty() && urgency.back() == '*') urgency.remove_suffix(1);
  if (urgency == "unimportant") return Severity::kNegligible;
  if (urgency == "low") return Severity::kLow;
  if (urgency == "medium") return Severity::kMedium;
  if (urgency == "high") return Severity::kHigh;
  return std::nullopt;
}

}  // namespace breakwater::advisor
