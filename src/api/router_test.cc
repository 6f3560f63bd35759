#include "api/router.h"

#include <gtest/gtest.h>

namespace breakwater::api {
namespace {

class PlainFace final : public Face {
 public:
  std::string_view name() const override { return "plain"; }
  net::Response EncodeError(const Error&, const net::Request&, const Context*) const override {
    return {};
  }
};
const PlainFace kFace;

Endpoint Route(std::string_view method, std::string_view path) {
  return {method, path, path, Access::Anyone("a test"), kFace, nullptr};
}

class Routing : public ::testing::Test {
 protected:
  std::string Found(std::string_view method, std::string_view path) {
    auto match = router_.Find(method, path);
    if (!match.ok()) return "invalid";
    if (match->endpoint == nullptr) return match->allowed.empty() ? "none" : "method";
    std::string out(match->endpoint->path);
    for (const auto& [name, value] : match->values) {
      out.append(" ").append(name).append("=").append(value);
    }
    return out;
  }

  std::vector<Endpoint> endpoints_ = {
      Route("GET", "/v2/"),
      Route("POST", "/v2/{name...}/blobs/uploads/"),
      Route("GET", "/v2/{name...}/blobs/{digest}"),
      Route("PUT", "/v2/{name...}/manifests/{reference}"),
      Route("GET", "/va/api/v4/report/image/status/{name...}"),
      Route("GET", "/va/api/v4/report/image/{name...}"),
      Route("GET", "/api/v1/images/{image...}/json"),
      Route("DELETE", "/api/v1/images/{image...}"),
  };
  Router router_{endpoints_};
};

TEST_F(Routing, RestTakesSeveralSegmentsAndSuffixMatchesFromTheRight) {
  EXPECT_EQ(Found("GET", "/v2"), "/v2/");
  EXPECT_EQ(Found("GET", "/v2/"), "/v2/");
  EXPECT_EQ(Found("GET", "/v2/a/blobs/b/blobs/sha256:x"),
            "/v2/{name...}/blobs/{digest} name=a/blobs/b digest=sha256:x");
  EXPECT_EQ(Found("POST", "/v2/a/b/blobs/uploads/"), "/v2/{name...}/blobs/uploads/ name=a/b");
  EXPECT_EQ(Found("POST", "/v2/a/b/blobs/uploads"), "/v2/{name...}/blobs/uploads/ name=a/b");
}

TEST_F(Routing, EncodedAndRawSlashesAreTheSameInARest) {
  const std::string want = "/api/v1/images/{image...}/json image=us.icr.io/ns/app:1";
  EXPECT_EQ(Found("GET", "/api/v1/images/us.icr.io%2Fns%2Fapp%3A1/json"), want);
  EXPECT_EQ(Found("GET", "/api/v1/images/us.icr.io/ns/app:1/json"), want);
}

TEST_F(Routing, TheFirstOfTwoFittingPatternsWins) {
  EXPECT_EQ(Found("GET", "/va/api/v4/report/image/status/h/n/r:t"),
            "/va/api/v4/report/image/status/{name...} name=h/n/r:t");
}

TEST_F(Routing, WrongMethodIsToldFromNoSuchPath) {
  EXPECT_EQ(Found("PATCH", "/v2/a/manifests/t"), "method");
  EXPECT_EQ(Found("GET", "/v2/a/nothing/t"), "none");
  EXPECT_EQ(Found("GET", "/"), "none");
  EXPECT_EQ(router_.Find("PATCH", "/v2/a/manifests/t")->allowed,
            std::vector<std::string_view>{"PUT"});
}

TEST_F(Routing, RefusesTraversalAndBrokenEscapes) {
  for (const char* path : {"/v2/a/../b/blobs/x", "/v2/a/%2e%2e/b/blobs/x", "/v2//blobs/x",
                           "/v2/a%2F..%2Fb/blobs/x", "/v2/a/blobs/%zz", "/v2/a/blobs/%00"}) {
    EXPECT_EQ(Found("GET", path), "invalid") << path;
  }
}

}  // namespace
}  // namespace breakwater::api
