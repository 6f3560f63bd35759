// The data plane over a real database with everything that decides about a pull: an image, and a
// service ID that may read its namespace by a policy, with an API key and a registry token. Nothing
// is committed there that its user did not ask for. For tests and benchmarks.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/dispatcher.h"
#include "api/iam/authenticator.h"
#include "api/oci/oci.h"
#include "iam/iam_testing.h"
#include "io/stream.h"
#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::api::testing {

class PullWorld {
 public:
  PullWorld() {
    auto opened = blob::OpenFsBlobStore(
        {.root = directory_.path(), .durability = blob::Durability::kNone, .sync_threads = 2});
    BW_CHECK(opened.ok());
    store_ = *std::move(opened);
    services = std::make_unique<registry::testing::Services>(
        iam.database->database(), *store_, iam.clock, registries_, changes_, *iam.jobs,
        registry::testing::TestUploadOptions());
    facts_.Add(services->settings);
    facts_.Add(services->tag_immutability);
    dispatcher_ = std::make_unique<Dispatcher>(
        DispatcherDeps{registries_, authenticator_, iam.authorizer, changes_, iam.recorder,
                       metrics_, iam.account},
        OciEndpoints(
            face_, {services->namespaces, services->blobs, services->uploads, services->manifests,
                    iam.authorizer, services->settings, services->admission, services->last_pulls}),
        std::vector<Dispatcher::FacePrefix>{{"", &face_}});
    BW_CHECK(services->namespaces.Create(admin(), iam.account, registry(), "team-a", "").ok());
    MakeReader();
    BW_CHECK(PushImage("v1", 'a') == 201);
  }

  // A request without a body, which may be handled any number of times.
  net::Request NewRequest(std::string method, const std::string& target,
                          const std::string& authorization) {
    net::Request request;
    request.method = std::move(method);
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    request.headers.Add("Host", registry().name.value());
    request.headers.Add("User-Agent", "containerd/1.7.24");
    request.headers.Add("Accept", std::string(oci::kOciManifest));
    request.headers.Add("Authorization", authorization);
    request.peer.address = "192.0.2.7";
    request.peer.server_address = "192.0.2.1:5000";
    request.id = "7c0f3e5a-90be-4c1c-b1a2-b4fd2a4f7f10";
    request.body = &no_body_;
    return request;
  }
  net::Response Handle(net::Request& request) const { return dispatcher_->Handle(request); }

  struct Reply {
    int status = 0;
    net::Headers headers = {};
    std::string text = {};  // empty for a body that is not in memory
  };
  Reply Do(const std::string& method, const std::string& target, const std::string& authorization,
           std::string_view body = {}, const std::string& content_type = "") {
    net::Request request = NewRequest(method, target, authorization);
    if (!content_type.empty()) request.headers.Add("Content-Type", content_type);
    io::StringSource source(body);
    request.has_body = !body.empty();
    if (request.has_body) request.content_length = body.size();
    request.body = &source;
    const net::Response response = Handle(request);
    return {.status = response.status,
            .headers = response.headers,
            .text = std::string(response.text().value_or(""))};
  }

  // An image with one small layer of `seed`; the status of its manifest's PUT.
  int PushImage(const std::string& tag, char seed) {
    const std::string config = R"({"architecture":"amd64","os":"linux"})";
    const std::string layer(4096, seed);
    PushBlob(config);
    PushBlob(layer);
    layer_digest = DigestOf(layer);
    manifest = registry::testing::ImageManifest(config, {layer});
    return Do("PUT", ManifestPath(tag), admin_authorization(), manifest,
              std::string(oci::kOciManifest))
        .status;
  }
  void PushBlob(const std::string& bytes) {
    const Reply started = Do("POST", "/v2/team-a/app/blobs/uploads/", admin_authorization());
    const auto location = started.headers.Get("Location");
    BW_CHECK(location.has_value());
    const std::string target = std::string(*location) + "&digest=" + DigestOf(bytes);
    BW_CHECK(Do("PUT", target, admin_authorization(), bytes).status == 201);
  }

  static std::string DigestOf(std::string_view bytes) {
    return oci::Digest::Of(AsBytes(bytes)).text();
  }
  static std::string ManifestPath(const std::string& reference) {
    return "/v2/team-a/app/manifests/" + reference;
  }
  static std::string BlobPath(const std::string& digest) {
    return "/v2/team-a/app/blobs/" + digest;
  }

  const control::RegistryInfo& registry() const { return registries_.all().front(); }
  const control::Caller& admin() const { return iam.administrator; }
  std::string admin_authorization() const { return iam.Basic(iam.administrator_key); }

  breakwater::iam::testing::World iam;
  std::unique_ptr<registry::testing::Services> services;
  std::string reader_authorization;  // by the service ID's API key
  std::string reader_key;            // the key's id
  std::string reader_policy;         // the policy's id
  std::string token_authorization;   // by the service ID's registry token
  std::string manifest;              // what was pushed last
  std::string layer_digest;

 private:
  void MakeReader() {
    const auto made = iam.service_ids.Create(
        admin(), iam.account,
        {.name = "puller", .api_key = breakwater::iam::NewApiKey{.name = "key"}});
    BW_CHECK(made.ok() && made->api_key);
    reader_key = made->api_key->key.id;
    reader_authorization = iam.Basic(made->api_key->value);
    reader_policy = iam.Grant(iam.Of(made->service_id.iam_id), {breakwater::iam::Role::kReader},
                              {{"resourceType", "namespace"}, {"resource", "team-a"}})
                        .id;
    const auto login = iam.credentials.WithApiKey(made->api_key->value);
    BW_CHECK(login.ok());
    const auto token = iam.tokens.IssueRegistry(
        &*login, registry().name.value(),
        {{.type = "repository", .name = "team-a/app", .actions = {"pull"}}});
    BW_CHECK(token.ok());
    token_authorization = "Bearer " + token->token;
  }

  breakwater::testing::TempDir directory_;
  std::unique_ptr<blob::BlobStore> store_;
  io::StringSource no_body_{""};
  const control::Registries registries_{{{.name = iam.registry,
                                          .region = "us-south",
                                          .public_hosts = {iam.registry.value()},
                                          .private_hosts = {}}}};
  registry::testing::ToldGate gate_;
  control::FactSources facts_;
  control::ChangePath changes_{iam.database->database(), iam.audit, *iam.jobs,
                               iam.authorizer,           gate_,     facts_};
  api::iam::CredentialAuthenticator authenticator_{iam.credentials, iam.address_guard};
  observe::Metrics metrics_;
  OciFace face_;
  std::unique_ptr<Dispatcher> dispatcher_;
};

}  // namespace breakwater::api::testing
