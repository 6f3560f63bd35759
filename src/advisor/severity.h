// How bad a vulnerability is, in the words that reports, alerts and gates use.
#pragma once

#include <optional>
#include <string_view>

namespace breakwater::advisor {

// Ordered. The words of ToString are stored and sent; they never change.
enum class Severity { kUnknown, kNegligible, kLow, kMedium, kHigh, kCritical };

inline constexpr Severity kAllSeverities[] = {Severity::kCritical,   Severity::kHigh,
                                              Severity::kMedium,     Severity::kLow,
                                              Severity::kNegligible, Severity::kUnknown};

std::string_view ToString(Severity severity);  // "unknown", "negligible", "low", …
std::optional<Severity> ParseSeverity(std::string_view word);

// CVSS v3.1 specification, section 5: 0.1-3.9 low, 4.0-6.9 medium, 7.0-8.9 high, 9.0-10.0 critical;
// 0.0 ("none") is negligible.
Severity SeverityOfScore(double score);

// The Debian tracker's urgency, where it is a rating: "unimportant" (no effect on the binary
// packages, or no issue in practice) is negligible; "not yet assigned" and "end-of-life" say
// nothing.
std::optional<Severity> SeverityOfDebianUrgency(std::string_view urgency);

}  // namespace breakwater::advisor
