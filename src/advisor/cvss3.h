// Base scores of CVSS v3.0 and v3.1 vectors. FIRST, "CVSS v3.1 Specification", section 7.1, and
// Appendix A for the rounding, in which the two versions differ.
#pragma once

#include <string_view>

#include "base/result.h"

namespace breakwater::advisor {

// 0.0 to 10.0, one decimal. Temporal and environmental metrics may be present and are not applied.
// kInvalid ("invalid_cvss") when the prefix is not CVSS:3.0 or CVSS:3.1, a base metric is missing,
// or a metric or value is unknown or given twice.
Result<double> Cvss3BaseScore(std::string_view vector);

}  // namespace breakwater::advisor
