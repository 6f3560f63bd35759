// What no well-meant client sends. Whatever it is, the answer is in the protocol's form and no
// fault of the server's.
#include <algorithm>
#include <thread>

#include "api/oci/checklist.h"

namespace breakwater::api::testing {
namespace {

using registry::testing::ImageManifest;

class Hostile : public OciChecklist {
 protected:
  // Every route of the data plane with this repository, reference or digest in its place.
  static std::vector<Call> RoutesWith(const std::string& name, const std::string& reference,
                                      const std::string& digest) {
    const std::string base = "/v2/" + name;
    std::vector<Call> calls;
    for (const char* method : {"GET", "HEAD", "PUT", "DELETE"}) {
      calls.push_back({.method = method, .target = base + "/manifests/" + reference});
    }
    for (const char* method : {"GET", "HEAD", "DELETE"}) {
      calls.push_back({.method = method, .target = base + "/blobs/" + digest});
    }
    calls.push_back({.method = "GET", .target = base + "/tags/list"});
    calls.push_back({.method = "GET", .target = base + "/referrers/" + digest});
    calls.push_back({.method = "POST", .target = base + "/blobs/uploads/?digest=" + digest});
    calls.push_back({.method = "POST", .target = base + "/blobs/uploads/?mount=" + digest});
    for (const char* method : {"GET", "PATCH", "PUT", "DELETE"}) {
      calls.push_back(
          {.method = method, .target = base + "/blobs/uploads/x?state=y&digest=" + digest});
    }
    return calls;
  }
  void ExpectProtocolForm(const Call& call, const Answer& answer) {
    const std::string what = call.method + " " + call.target + "\n" + answer.body;
    EXPECT_LT(answer.status, 500) << what;
    if (answer.status < 400) return;
    EXPECT_EQ(answer.Header("Content-Type"), "application/json") << what;
    if (call.method != "HEAD") {
      EXPECT_NE(answer.Code(), "(no JSON)") << what;
    }
  }
};

TEST_F(Hostile, MalformedDigestIs400OnEveryRoute) {
  for (const std::string& bad :
       {std::string("sha256:bad"), "sha256:" + std::string(64, 'G'), std::string("sha1:"),
        std::string(":::"), "sha256:" + std::string(2000, 'a'), std::string("%00:a"),
        std::string("sha256:%ff"), std::string("sha256:..")}) {
    for (const Call& call : RoutesWith(kRepo, bad, bad)) {
      if (call.target.find("/tags/list") != std::string::npos) continue;
      const Answer answer = Do(call);
      // Of a session it is found out first that there is none.
      const bool session = call.target.find("/uploads/x") != std::string::npos;
      EXPECT_TRUE(answer.status == 400 || (session && answer.status == 404))
          << call.method << " " << call.target << " " << answer.status;
      ExpectProtocolForm(call, answer);
    }
  }
}

TEST_F(Hostile, NamesWithWaysUpOrOutAre400Or404OnEveryRoute) {
  for (const std::string& bad : {std::string("team-a/.."),
                                 std::string("team-a/%2e%2e"),
                                 std::string("team-a/%2E%2E/app"),
                                 std::string("../team-a"),
                                 std::string("team-a//app"),
                                 std::string("/team-a/app"),
                                 std::string("team-a/%2Fapp"),
                                 std::string("team-a%2F%2Fapp"),
                                 std::string("team-a/./app"),
                                 std::string("team-a/%00app"),
                                 std::string("team-a/app%00"),
                                 std::string("team-a/%zz"),
                                 std::string("team-a/%"),
                                 std::string("team-a/%c0%ae%c0%ae"),
                                 std::string("team-a/%ff"),
                                 std::string("team-a/%25252e"),
                                 std::string("team-a/app%0d%0aX:%20y"),
                                 std::string("team-a/app\\..\\x"),
                                 "team-a/" + std::string(300, 'a'),
                                 "team-a/" + std::string(7000, '-'),
                                 std::string("team-a/") + std::string(250, '/')}) {
    for (const Call& call : RoutesWith(bad, "v1", DigestOf("config"))) {
      const Answer answer = Do(call);
      EXPECT_TRUE(answer.status == 400 || answer.status == 404)
          << call.method << " " << call.target << " " << answer.status;
      ExpectProtocolForm(call, answer);
    }
  }
  // An escaped slash between good components is a slash.
  EXPECT_EQ(Get("/v2/team-a%2Fapp/tags/list").status, 200);
}

TEST_F(Hostile, PathsWithoutARouteAre404OrBadWithoutTouchingAnything) {
  for (const std::string& target :
       {std::string("/v2/x"), std::string("/v2/team-a/app"), std::string("/v2/team-a/app/blobs"),
        std::string("/v2/team-a/app/manifests"), std::string("/v2/team-a/app/blobs/a/b"),
        std::string("/v2/%2e%2e/%2e%2e/etc/passwd"), std::string("/v2/_catalog/x"),
        "/v2/" + std::string(3000, '/'), std::string("/v2/tags/list"),
        std::string("/v2/blobs/uploads/"), std::string("/v2//manifests/v1")}) {
    for (const char* method : {"GET", "PUT", "DELETE", "POST", "PATCH"}) {
      const Call call{.method = method, .target = target};
      const Answer answer = Do(call);
      EXPECT_TRUE(answer.status == 400 || answer.status == 404 || answer.status == 405)
          << method << " " << target << answer.status;
      ExpectProtocolForm(call, answer);
    }
  }
}

TEST_F(Hostile, UnknownMethodsAre405WithAllowOnEveryRoute) {
  for (const Call& route : RoutesWith(kRepo, "v1", DigestOf("config"))) {
    for (const char* method : {"OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"}) {
      Call call = route;
      call.method = method;
      const Answer answer = Do(call);
      EXPECT_EQ(answer.status, 405) << method << " " << call.target;
      EXPECT_EQ(answer.Code(), "UNSUPPORTED");
      const std::string allow = answer.Header("Allow");
      EXPECT_NE(allow.find(route.method), std::string::npos) << allow << " " << call.target;
    }
  }
  EXPECT_EQ(Do({.method = "POST", .target = "/v2/"}).Header("Allow"), "GET, HEAD");
}

TEST_F(Hostile, ManifestsOfAnyShapeAreTakenOrRefusedButNeverAFault) {
  const std::string image = image_;
  const auto inside = [&](const std::string& member) {
    return image.substr(0, image.size() - 1) + "," + member + "}";
  };
  std::string deep = "1";
  for (int i = 0; i < 10'000; ++i) deep = "[" + deep + "]";
  std::string wide = "[";
  for (int i = 0; i < 200'000; ++i) wide += "{},";
  wide += "{}]";
  const std::vector<std::pair<std::string, int>> documents = {
      {inside("\"x\":" + deep), 400},
      {std::string(1'000'000, '['), 400},
      {inside("\"x\":" + wide), 201},
      {inside(R"("schemaVersion":2)"), 400},
      {inside(R"("mediaType":")" + std::string(oci::kOciIndex) + "\""), 400},
      {inside(R"("subject":{"digest":"x"})"), 400},
      {inside(R"("subject":[])"), 400},
      {inside(R"("annotations":{"a":1})"), 400},
      {inside(R"("annotations":{"a":"1","a":"2"})"), 400},
      {inside("\"x\":\"\xff\xfe\""), 400},
      {inside(R"("x":"\ud800")"), 400},
      {inside(R"("x":1e999)"), 201},  // a number, and not ours to read
      {inside(R"("x":NaN)"), 400},
      {image + image, 400},
      {image + std::string(1, '\0'), 400},
      {"\xef\xbb\xbf" + image, 400},
      {R"({"schemaVersion":2,"config":{},"layers":[]})", 400},
      {R"({"schemaVersion":"2","config":null})", 400},
      {"", 400},
      {"{", 400},
      {"[]", 400},
      {"null", 400},
  };
  for (const auto& [content, status] : documents) {
    const Answer answer = Put("v1", content);
    EXPECT_EQ(answer.status, status)
        << content.substr(content.size() - std::min<std::size_t>(content.size(), 200));
    if (status == 400) {
      EXPECT_EQ(answer.Code(), "MANIFEST_INVALID") << content.substr(0, 200);
    }
    EXPECT_LT(answer.body.size(), 4096U);
  }
  std::string layers = "[";
  for (int i = 0; i < 10'001; ++i) {
    layers += std::string(i > 0 ? "," : "") + R"({"mediaType":"a/b","digest":")" +
              DigestOf("layer") + R"(","size":5})";
  }
  EXPECT_EQ(Put("v1", R"({"schemaVersion":2,"config":)" + layers.substr(1, layers.find('}')) +
                          R"(,"layers":)" + layers + "]}")
                .Code(),
            "MANIFEST_INVALID");
}

TEST_F(Hostile, HeadersOfAnyShapeAreNoFault) {
  ASSERT_EQ(Put("v1", image_).status, 201);
  const std::string long_text(20'000, 'x');
  const std::vector<std::pair<std::string, std::string>> headers = {
      {"Range", "bytes=" + std::string(5000, ',')},
      {"Range", "bytes=0-0" + std::string(3000, '9')},
      {"Range", "bytes=-"},
      {"Range", long_text},
      {"If-None-Match", long_text},
      {"If-None-Match", std::string(3000, '"')},
      {"If-Range", long_text},
      {"Content-Range", long_text},
      {"Content-Range", "bytes */*"},
      {"Content-Type", long_text},
      {"Content-Type", ";;;"},
      {"Accept", long_text},
      {"Host", ""},
      {"Host", "a\tb"},
      {"Authorization", "Basic"},
      {"Account", long_text},
      {"User-Agent", long_text},
      {"Expect", "everything"},
  };
  for (const auto& header : headers) {
    for (Call call : RoutesWith(kRepo, "v1", DigestOf("config"))) {
      if (call.method == "DELETE") continue;
      call.headers = {header};
      ExpectProtocolForm(call, Do(call));
    }
  }
  for (const char* query : {"?%", "?n=%ff", "?last=%00", "?=&&&=", "?digest=%zz", "?tag=%"}) {
    for (const std::string& target : {std::string("/v2/_catalog"), kManifests + "v1", kUploads}) {
      for (const char* method : {"GET", "PUT", "POST"}) {
        const Call call{.method = method, .target = target + query};
        ExpectProtocolForm(call, Do(call));
      }
    }
  }
}

TEST_F(Hostile, ClientsThatWriteOneTagAtOnceLeaveOneOfTheirManifestsAndEveryOtherTag) {
  std::vector<std::string> images;
  for (int i = 0; i < 4; ++i) {
    images.push_back(
        ImageManifest("config", {}, R"(,"annotations":{"a":")" + std::to_string(i) + "\"}"));
  }
  std::vector<int> failures(images.size(), 0);
  {
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < images.size(); ++i) {
      clients.emplace_back([&, i] {
        for (int round = 0; round < 5; ++round) {
          if (Put("shared", images[i]).status != 201) ++failures[i];
          const std::string own = "own-" + std::to_string(i) + "-" + std::to_string(round);
          if (Put(own, images[i]).status != 201) ++failures[i];
        }
      });
    }
  }
  EXPECT_EQ(failures, std::vector<int>(images.size(), 0));
  const Answer shared = Manifest("shared");
  EXPECT_NE(std::find(images.begin(), images.end(), shared.body), images.end());
  EXPECT_EQ(json::Find(*json::Parse(Tags().body), "tags")->get_array().size(), 21U);
}

}  // namespace
}  // namespace breakwater::api::testing
