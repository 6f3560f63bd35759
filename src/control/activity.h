// How what a caller does, or is refused, stands in the audit trail.
#pragma once

#include <string_view>

#include "audit/record.h"
#include "base/result.h"
#include "control/caller.h"
#include "control/resource.h"

namespace breakwater::control {

// The severity of a failure by its HTTP-like number (ibm-registry 3.14): critical where rights or
// the service itself are lacking, else a warning.
audit::Severity SeverityOf(int reason_code);

// A success of severity normal.
audit::Record RecordOf(const Caller& caller, std::string_view action, const Resource& resource);
audit::Record RefusalOf(const Caller& caller, std::string_view action, const Resource& resource,
                        const Error& error);

// The HTTP-like number that audit records and default faces give an error code.
int StatusOf(ErrorCode code);

}  // namespace breakwater::control
