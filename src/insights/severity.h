// How bad a finding is, in the words of findings and channels (ibm-scc 3.3, 4.2).
#pragma once

#include <string_view>

#include "base/result.h"

namespace breakwater::insights {

enum class Severity { kLow, kMedium, kHigh, kCritical };

std::string_view ToString(Severity severity);           // "low", …; stored by these names
Result<Severity> ParseSeverity(std::string_view text);  // any case

}  // namespace breakwater::insights
