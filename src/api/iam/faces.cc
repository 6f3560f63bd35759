#include <algorithm>

#include "api/iam/iam.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

struct TokenCode {
  std::string_view reason;
  std::string_view code;
};

// Those that begin with BXNIM are the reference's; the others are ours.
constexpr TokenCode kTokenCodes[] = {
    {"api_key_unknown", "BXNIM0415E"},
    {"api_key_disabled", "BXNIM0415E"},
    {"api_key_expired", "BXNIM0415E"},
    {"missing_parameter", "BXNIM0109E"},
    {"unsupported_grant", "BWIAM0001E"},
    {"wrong_password", "BXNIM0602E"},
    {"passcode_unknown", "BWIAM0003E"},
    {"password_change_required", "BWIAM0004E"},
    {"too_many_attempts", "BWIAM0005E"},
    {"profile_not_trusted", "BWIAM0006E"},
    {"address_not_allowed", "BWIAM0007E"},
    {"not_invited", "BWIAM0010E"},
    {"email_taken", "BWIAM0008E"},
    {"source_unavailable", "BWIAM0009E"},
    {"provider_unavailable", "BWIAM0009E"},
    {"authorization_pending", "authorization_pending"},
    {"slow_down", "slow_down"},
    {"access_denied", "access_denied"},
    {"expired_token", "expired_token"},
};

std::string_view TokenCodeOf(const Error& error) {
  for (const TokenCode& known : kTokenCodes) {
    if (known.reason == error.reason()) return known.code;
  }
  return error.code() == ErrorCode::kUnauthenticated ? "BXNIM0407E" : "BWIAM0002E";
}

struct WireWord {
  ErrorCode code;
  std::string_view word;
};

// The reference's words, spelling mistakes included, where the error has none of its own.
constexpr WireWord kManagementWords[] = {
    {ErrorCode::kInvalid, "invalid_body"},
    {ErrorCode::kUnauthenticated, "invalid_token"},
    {ErrorCode::kDenied, "insufficent_permissions"},
    {ErrorCode::kNotFound, "not_found"},
    {ErrorCode::kRateLimited, "too_many_requests"},
    {ErrorCode::kInternal, "request_not_processed"},
};
// Reasons that are the domain's own words, not the wire's.
constexpr std::string_view kInnerReasons[] = {
    "not_authorized",           "malformed_json",       "invalid_field",
    "credential_required",      "credential_malformed", "identity_unknown",
    "login_method_unsupported",
};

std::string_view ManagementCode(const Error& error) {
  const bool inner = error.reason().empty() ||
                     std::find(std::begin(kInnerReasons), std::end(kInnerReasons),
                               error.reason()) != std::end(kInnerReasons) ||
                     error.code() == ErrorCode::kUnauthenticated;
  if (!inner) return error.reason();
  for (const WireWord& known : kManagementWords) {
    if (known.code == error.code()) return known.word;
  }
  return error.reason().empty() ? ToString(error.code()) : std::string_view(error.reason());
}

std::string_view OauthCode(const Error& error) {
  if (error.reason() == "login_method_unsupported" || error.code() == ErrorCode::kUnsupported) {
    return "UNSUPPORTED";
  }
  switch (error.code()) {
    case ErrorCode::kUnauthenticated: return "UNAUTHORIZED";
    case ErrorCode::kDenied: return "DENIED";
    case ErrorCode::kRateLimited: return "TOOMANYREQUESTS";
    default: return "UNKNOWN";  // the specification has no code for the rest
  }
}

}  // namespace

net::Response TokenFace::EncodeError(const Error& error, const net::Request& request,
                                     const Context*) const {
  const bool wrong_credential = error.code() == ErrorCode::kUnauthenticated;
  // The reference's status for what is in the form; a missing header is another matter.
  const bool in_form =
      wrong_credential && !error.reason().empty() && error.reason() != "credential_required";
  net::Response response = JsonResponse(in_form ? 400 : control::StatusOf(error.code()),
                                        {{"errorCode", Text(TokenCodeOf(error))},
                                         {"errorMessage", Text(error.message())},
                                         {"context", {{"requestId", Text(request.id)}}}});
  SayWhenToRetry(response, error);
  return response;
}

void TokenFace::Decorate(net::Response& response, const net::Request& request) const {
  response.headers.Set("Transaction-Id", request.id);
  response.headers.Set("Cache-Control", "no-store");
}

net::Response ManagementFace::EncodeError(const Error& error, const net::Request& request,
                                          const Context*) const {
  const int status = control::StatusOf(error.code());
  json::Object item = ErrorItem(error);
  const std::string_view code = ManagementCode(error);
  item["code"] = Text(code);
  if (code.ends_with("_conflict_error") && item.contains("details")) {
    item["details"] = json::Object{{"conflicts_with", std::move(item["details"])}};
  }
  net::Response response = JsonResponse(
      status,
      {{"trace", Text(request.id)}, {"errors", json::Array{item}}, {"status_code", status}});
  if (status == 401) response.headers.Set("WWW-Authenticate", "Bearer realm=\"breakwater\"");
  SayWhenToRetry(response, error);
  return response;
}

net::Response OauthFace::EncodeError(const Error& error, const net::Request&,
                                     const Context* context) const {
  const int status = control::StatusOf(error.code());
  net::Response response =
      JsonResponse(status, {{"errors", json::Array{json::Object{{"code", Text(OauthCode(error))},
                                                                {"message", Text(error.message())},
                                                                {"detail", nullptr}}}}});
  if (status == 401) {
    const std::string realm = context == nullptr ? "registry" : context->registry.name.value();
    response.headers.Set("WWW-Authenticate", "Basic realm=\"" + realm + "\"");
  }
  SayWhenToRetry(response, error);
  return response;
}

void OauthFace::Decorate(net::Response& response, const net::Request&) const {
  response.headers.Set("Cache-Control", "no-store");
}

}  // namespace breakwater::api::iam
