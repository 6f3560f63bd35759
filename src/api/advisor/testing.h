// The advisor's API beside the registry's through a dispatcher, for their tests: an image
// "tests/app:1" with vulnerabilities, and the sample advisories.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/importer.h"
#include "advisor/test_images.h"
#include "api/advisor/advisor.h"
#include "api/dispatcher.h"
#include "api/registry/registry.h"

namespace breakwater::api::testing {

// Everybody is the owner of the test's account.
class OneIdentity final : public Authenticator {
 public:
  explicit OneIdentity(control::Actor actor) : actor_(std::move(actor)) {}
  Result<control::Actor> Authenticate(std::string_view, Audience, const control::Origin&) override {
    return actor_;
  }

 private:
  control::Actor actor_;
};

// The C library of Debian 12 as it was released.
inline constexpr std::string_view kStatus =
    "Package: libc6\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n"
    "Version: 2.36-9\n\n"
    "Package: libc-bin\nStatus: install ok installed\nArchitecture: amd64\nSource: glibc\n"
    "Version: 2.36-9\n";
inline constexpr std::string_view kOs =
    "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nPRETTY_NAME=\"Debian 12\"\n";

class AdvisorApiTest : public ::testing::Test {
 protected:
  AdvisorApiTest() {
    advisor_.Register();
    BW_CHECK(importer_.ImportSample().ok());
    digest_ = advisor::testing::PushImage(world_, "tests/app", "1", {Layer(kStatus)}).text();
    world_.clock.Advance(std::chrono::hours(1));
  }

  static advisor::testing::Layer Layer(std::string_view status) {
    return advisor::testing::MakeLayer(
        {{"etc/os-release", std::string(kOs)}, {"var/lib/dpkg/status", std::string(status)}});
  }
  void Scan() { ASSERT_TRUE(world_.jobs->RunDue().ok()); }

  struct Answer {
    int status = 0;
    json::Value body;
    net::Headers headers;
  };
  Answer Get(std::string path, std::string query = "") {
    return Send("GET", std::move(path), std::move(query));
  }
  Answer Send(std::string method, std::string path, std::string query = "",
              const std::string& document = "") {
    io::StringSource body_source(document);
    net::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(query);
    request.headers.Add("Host", host_);
    request.peer.server_address = "127.0.0.1:5000";
    request.id = "req-7";
    request.body = &body_source;
    net::Response response = dispatcher_.Handle(request);
    auto* stream = std::get_if<net::StreamBody>(&response.body);
    const std::string text = stream != nullptr ? *io::ReadAll(*stream->source, 1U << 20)
                                               : std::get<std::string>(response.body);
    auto body = json::Parse(text.empty() ? "null" : text);
    EXPECT_TRUE(body.ok());
    return {response.status, body.ok() ? *body : json::Value(), std::move(response.headers)};
  }
  std::string Name(std::string_view reference = ":1") {
    return std::string(registry::testing::kRegistry) + "/tests/app" + std::string(reference);
  }

  std::vector<Endpoint> Endpoints() {
    auto& s = *world_.services;
    std::vector<Endpoint> all =
        AdvisorEndpoints(face_, {advisor_, exemptions_, s.images, s.namespaces, world_.authorizer});
    const RegistryDeps lists{s.settings,  s.namespaces,      s.manifests,      s.content,
                             s.images,    s.trash,           world_.retention, advisor_,
                             exemptions_, world_.authorizer, s.quotas,         s.traffic,
                             {},          world_.database,   world_.clock,     world_.changes};
    for (Endpoint& one : RegistryEndpoints(registry_face_, lists)) all.push_back(std::move(one));
    return all;
  }

  registry::testing::World world_;
  advisor::Advisor advisor_{
      {}, world_.database, *world_.jobs, world_.clock, world_.services->content};
  advisor::Exemptions exemptions_{world_.database, world_.clock, world_.changes};
  advisor::Importer importer_{world_.database, *world_.jobs, world_.clock};
  OneIdentity identity_{world_.Caller().actor};
  observe::Metrics metrics_;
  AdvisorFace face_;
  RegistryFace registry_face_;
  Dispatcher dispatcher_{{world_.registries, identity_, world_.authorizer, world_.changes,
                          world_.recorder, metrics_, AccountId("acc")},
                         Endpoints(),
                         {{"/va/api", &face_}, {"/", &registry_face_}}};
  std::string digest_;
  std::string host_ = registry::testing::kRegistry;  // that is asked
};

}  // namespace breakwater::api::testing
