#include "base/error.h"

#include "base/check.h"

namespace breakwater {

std::string_view ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "invalid";
    case ErrorCode::kUnauthenticated: return "unauthenticated";
    case ErrorCode::kDenied: return "denied";
    case ErrorCode::kNotFound: return "not_found";
    case ErrorCode::kExists: return "exists";
    case ErrorCode::kConflict: return "conflict";
    case ErrorCode::kPrecondition: return "precondition_failed";
    case ErrorCode::kRangeInvalid: return "range_invalid";
    case ErrorCode::kTooLarge: return "too_large";
    case ErrorCode::kQuota: return "quota_exceeded";
    case ErrorCode::kRateLimited: return "rate_limited";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kDeadline: return "deadline_exceeded";
    case ErrorCode::kDataCorrupt: return "data_corrupt";
    case ErrorCode::kInternal: return "internal";
  }
  BW_UNREACHABLE();
}

}  // namespace breakwater
