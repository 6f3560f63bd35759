// The management API through the dispatcher, for its tests.
#pragma once

#include <gtest/gtest.h>

#include "api/oci/testing.h"

namespace breakwater::api::testing {

class RegistryApiTest : public ::testing::Test {
 protected:
  RegistryApiTest() { service_.world.authorizer.rule = ByName; }
  Answer Do(const std::string& method, const std::string& target, const std::string& body = "",
            std::vector<std::pair<std::string, std::string>> headers = {}) {
    return service_.Do(
        {.method = method, .target = target, .body = body, .headers = std::move(headers)});
  }
  Answer As(const std::string& name, const std::string& method, const std::string& target,
            const std::string& body = "") {
    return service_.Do({.method = method,
                        .target = target,
                        .body = body,
                        .authorization = name.empty() ? "" : "Basic " + name});
  }
  static std::string CodeOf(const Answer& answer) {
    return std::string(json::FindText(*json::Parse(answer.body), "code"));
  }
  void PushImage(const std::string& repository, const std::string& tag) {
    const std::string config =
        R"({"created":"2022-03-21T09:10:00Z","config":{"Labels":{"a":"b"}}})";
    ASSERT_EQ(service_.PushBlob(repository, config).status, 201);
    digest_ = service_.PutManifest(repository, tag, registry::testing::ImageManifest(config, {}))
                  .Header("Docker-Content-Digest");
  }

  Service service_;
  std::string digest_;
};

}  // namespace breakwater::api::testing
