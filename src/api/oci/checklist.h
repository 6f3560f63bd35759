// What the tests of the protocol's checklist share: one repository with a configuration and a layer
// in it, and calls as clients make them. Each test is named after the line or the endpoint of the
// distribution specification that it holds us to ("end-7b").
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "api/oci/testing.h"
#include "oci/referrers.h"

namespace breakwater::api::testing {

class OciChecklist : public ::testing::Test {
 protected:
  OciChecklist() {
    service_.world.Repository(kRepo);
    service_.world.Repository("team-b/app");
    service_.world.authorizer.rule = ByName;
    EXPECT_EQ(service_.PushBlob(kRepo, "config").status, 201);
    EXPECT_EQ(service_.PushBlob(kRepo, "layer").status, 201);
  }

  Answer Do(const Call& call) { return service_.Do(call); }
  Answer Get(const std::string& target) { return service_.Get(target); }
  Answer Head(const std::string& target) { return Do({.method = "HEAD", .target = target}); }
  Answer Delete(const std::string& target) { return Do({.method = "DELETE", .target = target}); }
  Answer Post(const std::string& query, const std::string& body = "") {
    return Do({.method = "POST", .target = kUploads + query, .body = body});
  }
  std::string Start(const std::string& query = "") {
    const Answer answer = Post(query);
    EXPECT_EQ(answer.status, 202);
    return answer.Header("Location");
  }
  Answer Patch(const std::string& location, const std::string& body,
               const std::string& content_range = "") {
    return Send("PATCH", location, body, content_range);
  }
  Answer Finish(const std::string& location, const std::string& digest,
                const std::string& body = "", const std::string& content_range = "") {
    return Send("PUT", location + "&digest=" + digest, body, content_range);
  }
  Answer Put(const std::string& reference, const std::string& content,
             std::string_view type = oci::kOciManifest) {
    return service_.PutManifest(kRepo, reference, content, std::string(type));
  }
  Answer Blob(const std::string& digest) { return Get(kBlobs + digest); }
  Answer Manifest(const std::string& reference) { return Get(kManifests + reference); }
  Answer Tags(const std::string& query = "") { return Get("/v2/" + kRepo + "/tags/list" + query); }
  Answer Referrers(const std::string& subject, const std::string& query = "") {
    return Get("/v2/" + kRepo + "/referrers/" + subject + query);
  }
  static json::Array Entries(const Answer& answer) {
    const auto document = json::Parse(answer.body);
    return json::Find(*document, "manifests")->get_array();
  }
  // An index of manifests with these digests.
  static std::string Index(const std::vector<std::string>& digests, std::string_view more = "") {
    std::string text =
        R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) + R"(","manifests":[)";
    for (std::size_t i = 0; i < digests.size(); ++i) {
      if (i > 0) text += ",";
      text += R"({"mediaType":")" + std::string(oci::kOciManifest) + R"(","digest":")" +
              digests[i] + R"(","size":1})";
    }
    return text + "]" + std::string(more) + "}";
  }
  // An image that refers to `subject`.
  static std::string Referrer(const std::string& subject, const std::string& type) {
    return registry::testing::ImageManifest(
        "config", {},
        R"(,"artifactType":")" + type +
            R"(","annotations":{"k":"v"},"subject":{"mediaType":"x/y","digest":")" + subject +
            R"(","size":1})");
  }

  const std::string kUploads = "/v2/" + kRepo + "/blobs/uploads/";
  const std::string kBlobs = "/v2/" + kRepo + "/blobs/";
  const std::string kManifests = "/v2/" + kRepo + "/manifests/";
  Service service_;
  const std::string image_ = registry::testing::ImageManifest("config", {"layer"});

 private:
  Answer Send(const char* method, const std::string& target, const std::string& body,
              const std::string& content_range) {
    Call call{.method = method, .target = target, .body = body};
    if (!content_range.empty()) call.headers.emplace_back("Content-Range", content_range);
    return Do(call);
  }
};

}  // namespace breakwater::api::testing
