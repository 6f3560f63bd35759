#include <algorithm>

#include "api/registry/handlers.h"
#include "base/check.h"
#include "control/change.h"

namespace breakwater::api {
namespace {

struct ReasonCode {
  std::string_view reason;
  std::string_view code;
};

// Codes of the reference system where its documents name one (ibm-registry 1.12), else our own.
constexpr ReasonCode kByReason[] = {
    {"account_mismatch", "CRG0009E"},       {"config_rule_denied", "BRW0403R"},
    {"iam_authz_one_way", "BRW0409A"},      {"namespace_taken", "BRW0409N"},
    {"namespace_limit", "BRW0409L"},        {"resource_group_fixed", "BRW0409G"},
    {"malformed_json", "BRW0400J"},         {"invalid_field", "BRW0400F"},
    {"namespace_invalid", "BRW0400N"},      {"tag_required", "BRW0400T"},
    {"host_mismatch", "BRW0400H"},          {"tag_immutable", "BRW0403T"},
    {"schema_unsupported", "CRI0301E"},     {"manifest_type_unsupported", "CRI0302E"},
    {"manifest_child_unknown", "CRI0304E"}, {"plan_invalid", "BRW0400P"},
    {"plan_one_way", "BRW0409P"},           {"quota_above_plan", "BRW0403P"},
    {"quota_invalid", "BRW0400Q"},          {"tag_live", "CRT0500E"},
    {"digest_required", "BRW0400D"},
};

std::string_view ByCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return "BRW0400E";
    case ErrorCode::kUnauthenticated: return "CRG0014E";
    case ErrorCode::kDenied: return "CRG0020E";
    case ErrorCode::kNotFound: return "BRW0404E";
    case ErrorCode::kExists: return "BRW0409E";
    case ErrorCode::kConflict: return "BRW0409E";
    case ErrorCode::kPrecondition: return "BRW0412E";
    case ErrorCode::kRangeInvalid: return "BRW0416E";
    case ErrorCode::kTooLarge: return "BRW0413E";
    case ErrorCode::kQuota: return "BRW0403Q";
    case ErrorCode::kRateLimited: return "BRW0429E";
    case ErrorCode::kUnsupported: return "BRW0405E";
    case ErrorCode::kUnavailable: return "BRW0503E";
    case ErrorCode::kDeadline: return "BRW0504E";
    case ErrorCode::kDataCorrupt: return "BRW0500D";
    case ErrorCode::kInternal: return "BRW0500E";
  }
  BW_UNREACHABLE();
}

}  // namespace

std::string_view management::WireCode(const Error& error) {
  const auto* known = std::find_if(std::begin(kByReason), std::end(kByReason),
                                   [&](const ReasonCode& r) { return r.reason == error.reason(); });
  return known == std::end(kByReason) ? ByCode(error.code()) : known->code;
}

net::Response RegistryFace::EncodeError(const Error& error, const net::Request& request,
                                        const Context*) const {
  json::Object body{{"code", json::Text(management::WireCode(error))},
                    {"message", json::Text(error.message())},
                    {"request-id", json::Text(request.id)}};
  if (!error.details().empty()) {
    json::Object details;
    for (const ErrorDetail& detail : error.details()) {
      details[detail.name] = json::Text(detail.value);
    }
    body["details"] = std::move(details);
  }
  net::Response response = JsonResponse(control::StatusOf(error.code()), std::move(body));
  if (response.status == 401) {
    response.headers.Set("WWW-Authenticate", "Bearer realm=\"IAM access token\"");
  }
  if (response.status == 429) response.headers.Set("Retry-After", "1");
  return response;
}

}  // namespace breakwater::api
