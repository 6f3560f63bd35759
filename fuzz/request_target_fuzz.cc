// A request's path and query against routes like the data plane's: whatever a handler gets is
// decoded UTF-8 without NUL, and a repository's name has no way up or out in it. The query is also
// read as a form.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/router.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/strings.h"
#include "net/http.h"

namespace {

using namespace breakwater;

class NoFace final : public api::Face {
 public:
  std::string_view name() const override { return "none"; }
  net::Response EncodeError(const Error&, const net::Request&, const api::Context*) const override {
    return {};
  }
};

const std::vector<api::Endpoint>& Endpoints() {
  static const NoFace face;
  static const std::vector<api::Endpoint> endpoints = [] {
    std::vector<api::Endpoint> all;
    for (const char* path :
         {"/v2", "/v2/_catalog", "/v2/{name...}/tags/list", "/v2/{name...}/referrers/{digest}",
          "/v2/{name...}/blobs/uploads/{session}", "/v2/{name...}/blobs/{digest}",
          "/v2/{name...}/manifests/{reference}", "/api/v1/images/{image...}"}) {
      all.push_back({"GET", path, "Get", api::Access::Anyone("a fuzz target"), face, {}});
    }
    return all;
  }();
  return endpoints;
}

void CheckPath(const api::Router& router, std::string_view path) {
  const auto match = router.Find("GET", path);
  if (!match.ok()) {
    BW_CHECK(match.error().code() == ErrorCode::kInvalid);
    return;
  }
  BW_CHECK(match->endpoint == nullptr || match->allowed.empty());
  for (const auto& [name, value] : match->values) {
    BW_CHECK(IsValidUtf8(value) && value.find('\0') == std::string::npos);
    for (const std::string_view part : Split(value, '/')) {
      BW_CHECK(!part.empty() && part != "." && part != "..");
    }
  }
}

void CheckParameters(std::string_view query) {
  const auto parameters = net::Parameters::Parse(query);
  if (!parameters.ok()) {
    BW_CHECK(parameters.error().code() == ErrorCode::kInvalid);
    return;
  }
  for (const std::string_view name : {"digest", "n", "last", ""}) {
    const auto all = parameters->GetAll(name);
    BW_CHECK(parameters->Has(name) == !all.empty());
    BW_CHECK(all.empty() || *parameters->Get(name) == all.front());
    for (const std::string_view value : all) {
      BW_CHECK(IsValidUtf8(value) && value.find('\0') == std::string_view::npos);
      // What is printed in links is read back as it was.
      const auto again = PercentDecode(PercentEncode(value));
      BW_CHECK(again.ok() && *again == value);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const api::Router router(Endpoints());
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  // The parser of request heads lets nothing else through.
  const bool sane =
      std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (!sane) return 0;
  const auto parts = SplitN(text, '?', 2);
  CheckPath(router, parts[0]);
  if (parts.size() == 2) CheckParameters(parts[1]);
  return 0;
}
