#include "api/endpoint.h"

#include "base/check.h"
#include "crypto/hash.h"
#include "io/decompress.h"
#include "io/stream.h"

namespace breakwater::api {
namespace {

// Room for rules of 16 nested groups inside a bulk request.
constexpr std::size_t kMaxDepth = 64;

Result<std::string> ReadBody(Context& context, std::size_t max_bytes) {
  const auto& length = context.request.content_length;
  if (length && *length > max_bytes) {
    return TooLarge("the body may have at most " + std::to_string(max_bytes) + " bytes");
  }
  const auto encoding = context.request.headers.Get("Content-Encoding");
  if (!encoding || *encoding == "identity") return io::ReadAll(*context.request.body, max_bytes);
  if (*encoding != "gzip") {
    return Invalid("Content-Encoding must be gzip or absent").Reason("unsupported_encoding");
  }
  BW_TRY(const auto unpacked, io::DecompressAuto(*context.request.body, {.max_output = max_bytes}));
  return io::ReadAll(*unpacked, max_bytes);
}

}  // namespace

const std::string& Context::Path(std::string_view name) const {
  const std::string* found = FindPath(name);
  BW_CHECK(found != nullptr);
  return *found;
}

const std::string* Context::FindPath(std::string_view name) const {
  for (const auto& [placeholder, value] : path) {
    if (placeholder == name) return &value;
  }
  return nullptr;
}

std::string_view Endpoint::recorded_action() const {
  switch (recorded.how) {
    case Recorded::How::kAs:
    case Recorded::How::kAsPull: return recorded.text;
    case Recorded::How::kNot: return {};
    case Recorded::How::kByAccess: break;
  }
  const bool reads = method == "GET" && face.audience() == Audience::kControlPlane;
  return reads ? access.action() : std::string_view();
}

control::Resource Context::Service() const {
  return control::ServiceResource(account, registry.name, registry.region);
}

Result<json::Value> ReadJson(Context& context, std::size_t max_bytes) {
  BW_TRY(const std::string text, ReadBody(context, max_bytes));
  if (text.empty()) return Invalid("a JSON body is required").Reason("malformed_json");
  return json::Parse(text, {.max_bytes = max_bytes, .max_depth = kMaxDepth});
}

Result<net::Parameters> ReadForm(Context& context, std::size_t max_bytes) {
  BW_TRY(const std::string text, ReadBody(context, max_bytes));
  return net::Parameters::Parse(text);
}

net::Response JsonResponse(int status, const json::Value& body) {
  net::Response response;
  response.status = status;
  response.headers.Set("Content-Type", "application/json");
  response.body = json::Serialize(body);
  return response;
}

net::Response EmptyResponse(int status) {
  net::Response response;
  response.status = status;
  return response;
}

std::string EntityTag(const json::Value& document) {
  return "\"" + crypto::Sha256Hex(json::Canonical(document)).substr(0, 32) + "\"";
}

}  // namespace breakwater::api
