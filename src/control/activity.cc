#include "control/activity.h"

#include "base/check.h"

namespace breakwater::control {

audit::Severity SeverityOf(int reason_code) {
  switch (reason_code) {
    case 401:
    case 403:
    case 503:
    case 507: return audit::Severity::kCritical;
    default: return audit::Severity::kWarning;
  }
}

audit::Record RecordOf(const Caller& caller, std::string_view action, const Resource& resource) {
  audit::Record record;
  record.account = resource.account;
  record.registry = resource.registry;
  record.action = std::string(action);
  record.data_event = audit::IsDataEvent(action);
  record.initiator = ToInitiator(caller);
  record.target = {.crn = resource.crn().ToString(),
                   .kind = resource.kind,
                   .name = resource.name.empty() ? resource.name_space : resource.name,
                   .digest = {},
                   .resource_group = resource.resource_group};
  record.request_id = caller.origin.request_id;
  record.private_network = caller.origin.private_network;
  return record;
}

audit::Record RefusalOf(const Caller& caller, std::string_view action, const Resource& resource,
                        const Error& error) {
  audit::Record record = RecordOf(caller, action, resource);
  record.outcome = audit::Outcome::kFailure;
  record.reason_code = StatusOf(error.code());
  record.reason = error.message();
  record.severity = SeverityOf(record.reason_code);
  return record;
}

int StatusOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return 400;
    case ErrorCode::kUnauthenticated: return 401;
    case ErrorCode::kDenied: return 403;
    case ErrorCode::kNotFound: return 404;
    case ErrorCode::kExists: return 409;
    case ErrorCode::kConflict: return 409;
    case ErrorCode::kPrecondition: return 412;
    case ErrorCode::kRangeInvalid: return 416;
    case ErrorCode::kTooLarge: return 413;
    case ErrorCode::kQuota: return 403;
    case ErrorCode::kRateLimited: return 429;
    case ErrorCode::kUnsupported: return 405;
    case ErrorCode::kUnavailable: return 503;
    case ErrorCode::kDeadline: return 504;
    case ErrorCode::kDataCorrupt: return 500;
    case ErrorCode::kInternal: return 500;
  }
  BW_UNREACHABLE();
}

}  // namespace breakwater::control
