#include <algorithm>

#include "api/oci/challenge.h"
#include "api/oci/handlers.h"
#include "api/oci/oci.h"
#include "base/check.h"
#include "base/strings.h"

namespace breakwater::api {
namespace {

struct Wire {
  int status;
  std::string_view code;
};

struct ReasonWire {
  std::string_view reason;
  Wire wire;
};

// distribution-spec, "Error Codes", and the codes that Docker's registry added.
constexpr ReasonWire kByReason[] = {
    {"blob_in_use", {405, "UNSUPPORTED"}},
    {"blob_too_large", {413, "SIZE_INVALID"}},
    {"blob_unknown", {404, "BLOB_UNKNOWN"}},
    {"blob_upload_invalid", {400, "BLOB_UPLOAD_INVALID"}},
    {"blob_upload_unknown", {404, "BLOB_UPLOAD_UNKNOWN"}},
    {"body_incomplete", {400, "SIZE_INVALID"}},
    {"body_too_slow", {408, "BLOB_UPLOAD_INVALID"}},
    {"digest_invalid", {400, "DIGEST_INVALID"}},
    {"malformed_chunk", {400, "BLOB_UPLOAD_INVALID"}},
    {"manifest_blob_unknown", {400, "MANIFEST_BLOB_UNKNOWN"}},
    {"manifest_invalid", {400, "MANIFEST_INVALID"}},
    {"manifest_unknown", {404, "MANIFEST_UNKNOWN"}},
    {"name_invalid", {400, "NAME_INVALID"}},
    {"name_unknown", {404, "NAME_UNKNOWN"}},
    {"pagination_invalid", {400, "PAGINATION_NUMBER_INVALID"}},
    {"range_invalid", {416, "RANGE_INVALID"}},
    {"range_mismatch", {416, "BLOB_UPLOAD_INVALID"}},
    {"signature_exists", {409, "SIGNATURE_EXISTS"}},
    {"signature_invalid", {400, "SIGNATURE_INVALID"}},
    {"size_invalid", {400, "SIZE_INVALID"}},
    {"tag_invalid", {400, "TAG_INVALID"}},
    {"too_many_ranges", {400, "RANGE_INVALID"}},
    {"too_many_tags", {414, "TAG_INVALID"}},
    {"upload_busy", {416, "BLOB_UPLOAD_INVALID"}},
};

Wire ByCode(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid: return {400, "NAME_INVALID"};
    case ErrorCode::kUnauthenticated: return {401, "UNAUTHORIZED"};
    case ErrorCode::kDenied: return {403, "DENIED"};
    case ErrorCode::kNotFound: return {404, "NAME_UNKNOWN"};
    case ErrorCode::kExists: return {409, "DENIED"};
    case ErrorCode::kConflict: return {409, "DENIED"};
    case ErrorCode::kPrecondition: return {412, "DENIED"};
    case ErrorCode::kRangeInvalid: return {416, "RANGE_INVALID"};
    case ErrorCode::kTooLarge: return {413, "SIZE_INVALID"};
    case ErrorCode::kQuota: return {403, "DENIED"};
    case ErrorCode::kRateLimited: return {429, "TOOMANYREQUESTS"};
    case ErrorCode::kUnsupported: return {405, "UNSUPPORTED"};
    case ErrorCode::kUnavailable: return {503, "UNAVAILABLE"};
    case ErrorCode::kDeadline: return {504, "UNAVAILABLE"};
    case ErrorCode::kDataCorrupt: return {500, "UNKNOWN"};
    case ErrorCode::kInternal: return {500, "UNKNOWN"};
  }
  BW_UNREACHABLE();
}

Wire WireOf(const Error& error) {
  const auto* known = std::find_if(std::begin(kByReason), std::end(kByReason),
                                   [&](const ReasonWire& r) { return r.reason == error.reason(); });
  if (known == std::end(kByReason)) return ByCode(error.code());
  // A manifest that is malformed by its size keeps its code with the status for size.
  const int status = error.code() == ErrorCode::kTooLarge ? 413 : known->wire.status;
  return {status, known->wire.code};
}

json::Value OneError(std::string_view code, std::string_view message, json::Value detail) {
  return {
      {"code", json::Text(code)}, {"message", json::Text(message)}, {"detail", std::move(detail)}};
}

json::Value DetailOf(const Error& error) {
  json::Object detail;
  for (const ErrorDetail& part : error.details()) detail[part.name] = json::Text(part.value);
  if (!error.reason().empty()) detail["reason"] = json::Text(error.reason());
  return detail.empty() ? json::Value(nullptr) : json::Value(std::move(detail));
}

std::string Body(const Error& error, std::string_view code) {
  json::Array errors;
  if (error.reason() == "manifest_blob_unknown") {
    // One entry for each blob that is missing, as clients expect.
    for (const ErrorDetail& part : error.details()) {
      errors.push_back(OneError(code, error.message(), {{"digest", json::Text(part.value)}}));
    }
  }
  if (errors.empty()) errors.push_back(OneError(code, error.message(), DetailOf(error)));
  return json::Serialize({{"errors", std::move(errors)}});
}

// What there is, so that a client can go on from there: the end of an upload, or the size of a blob
// (RFC 9110 §15.5.17).
void AddSize(const Error& error, net::Headers& headers) {
  const bool upload = error.reason() == "range_mismatch" || error.reason() == "upload_busy";
  if (!upload && error.reason() != "range_invalid") return;
  for (const ErrorDetail& part : error.details()) {
    const auto size = part.name == "size" ? ParseInt(part.value) : Result<std::int64_t>(-1);
    if (!size.ok() || *size < 0) continue;
    if (upload) {
      headers.Set("Range", "0-" + std::to_string(std::max<std::int64_t>(*size - 1, 0)));
    } else {
      headers.Set("Content-Range", "bytes */" + std::to_string(*size));
    }
  }
}

}  // namespace

net::Response OciFace::EncodeError(const Error& error, const net::Request& request,
                                   const Context* context) const {
  const Wire wire = WireOf(error);
  net::Response response =
      distribution::OciJson(wire.status, Body(error, wire.code), "application/json");
  if (wire.status == 401) distribution::AddChallenges(error, request, context, response.headers);
  if (wire.status == 429) response.headers.Set("Retry-After", "1");
  AddSize(error, response.headers);
  return response;
}

void OciFace::Decorate(net::Response& response, const net::Request& request) const {
  response.headers.Set("Docker-Distribution-Api-Version", "registry/2.0");
  if (request.path == "/v2/" || request.path == "/v2") {
    response.headers.Set("X-Registry-Supports-Signatures", "1");
  }
}

}  // namespace breakwater::api
