// A dispatcher over a registry of its own, and a client that speaks to it without a network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

#include "api/dispatcher.h"
#include "api/oci/oci.h"
#include "api/registry/registry.h"
#include "base/strings.h"
#include "io/stream.h"
#include "registry/testing.h"

namespace breakwater::api::testing {

inline const std::string kRepo = "team-a/app";

inline std::string DigestOf(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes)).text();
}
inline std::string Sha512Of(const std::string& bytes) {
  return oci::Digest::Of(AsBytes(bytes), crypto::HashAlgorithm::kSha512).text();
}

// "Basic NAME" is a user of the account "acc"; "Bearer NAME GRANTS…" the same with a registry token
// made for "ns/app=pull,push" and so on; anything else is nobody.
class ToldAuthenticator final : public Authenticator {
 public:
  Result<control::Actor> Authenticate(std::string_view authorization, Audience,
                                      const control::Origin&) override {
    const auto words = Split(authorization, ' ');
    control::Actor actor;
    if (words.size() < 2) return actor;
    actor.kind = control::IdentityKind::kUser;
    actor.account = AccountId(words[1] == "stranger" ? "other" : "acc");
    actor.iam_id = IamId("IBMid-" + std::string(words[1]));
    actor.name = std::string(words[1]);
    actor.credential = "apikey";
    if (words[0] != "Bearer") return actor;
    actor.credential = "registry-token";
    actor.grants.emplace();
    for (std::size_t i = 2; i < words.size(); ++i) {
      const auto parts = SplitN(words[i], '=', 2);
      control::Grant grant{.repository = std::string(parts[0]), .actions = {}};
      for (const std::string_view action : Split(parts[1], ',')) {
        if (!action.empty()) grant.actions.emplace_back(action);
      }
      actor.grants->push_back(std::move(grant));
    }
    return actor;
  }
};

struct Answer {
  int status = 0;
  net::Headers headers;
  std::string body;
  std::optional<std::uint64_t> length;  // its Content-Length; nothing: it would be chunked

  std::string Header(std::string_view name) const {
    return std::string(headers.Get(name).value_or(""));
  }
  // The code of the first error in the OCI form.
  std::string Code() const {
    const auto document = json::Parse(body);
    if (!document.ok()) return "(no JSON)";
    const json::Value* errors = json::Find(*document, "errors");
    if (errors == nullptr || !errors->is_array() || errors->get_array().empty()) return "(none)";
    return std::string(json::FindText(errors->get_array()[0], "code"));
  }
};

struct Call {
  std::string method = {};
  std::string target = {};  // path and query
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string authorization = "Basic owner";
  bool chunked = false;                              // no Content-Length
  std::optional<std::uint64_t> content_length = {};  // instead of the body's own
  io::Source* source = nullptr;                      // instead of `body`
  bool private_network = false;
};

// The data plane and the management API over a World.
class Service {
 public:
  Service() { Rebuild(); }

  // After World::Restart the endpoints refer to services that are gone.
  void Restart() {
    dispatcher.reset();
    world.Restart();
    Rebuild();
  }

  Answer Do(const Call& call) {
    io::StringSource source(call.body, 4096);
    net::Request request;
    request.method = call.method;
    const auto parts = SplitN(call.target, '?', 2);
    request.path = std::string(parts[0]);
    if (parts.size() > 1) request.query = std::string(parts[1]);
    request.headers.Set("Host", registry::testing::kRegistry);
    if (!call.authorization.empty()) request.headers.Set("Authorization", call.authorization);
    for (const auto& [name, value] : call.headers) {
      // A request has one Host: theirs instead of the registry's.
      if (name == "Host") request.headers.Remove(name);
      request.headers.Add(name, value);
    }
    request.peer.server_address = "127.0.0.1:5000";
    if (call.private_network) request.peer.listener = net::ListenerKind::kPrivate;
    request.id = "req-1";
    request.has_body = !call.body.empty() || call.source != nullptr;
    if (request.has_body && !call.chunked) {
      request.content_length = call.content_length.value_or(call.body.size());
    }
    request.body = call.source != nullptr ? call.source : &source;
    net::Response response = dispatcher->Handle(request);
    const auto length = response.announced_length ? response.announced_length : LengthOf(response);
    return {.status = response.status,
            .headers = response.headers,
            .body = request.method == "HEAD" ? std::string() : ReadBody(response),
            .length = length};
  }
  Answer Get(const std::string& target) { return Do({.method = "GET", .target = target}); }

  // What the management API works on.
  RegistryDeps Management() {
    auto& s = *world.services;
    return {s.settings,  s.namespaces,     s.manifests,     s.content,
            s.images,    s.trash,          world.retention, *assessor,
            *exemptions, world.authorizer, s.quotas,        s.traffic,
            {},          world.database,   world.clock,     world.changes};
  }

  // POST and PUT, as most clients do it.
  Answer PushBlob(const std::string& repository, const std::string& bytes) {
    const Answer started =
        Do({.method = "POST", .target = "/v2/" + repository + "/blobs/uploads/"});
    return Do(
        {.method = "PUT",
         .target = started.Header("Location") + "&digest=" + oci::Digest::Of(AsBytes(bytes)).text(),
         .body = bytes});
  }
  Answer PutManifest(const std::string& repository, const std::string& reference,
                     const std::string& content,
                     const std::string& type = std::string(oci::kOciManifest)) {
    return Do({.method = "PUT",
               .target = "/v2/" + repository + "/manifests/" + reference,
               .body = content,
               .headers = {{"Content-Type", type}}});
  }

  registry::testing::World world;
  ToldAuthenticator authenticator;
  observe::Metrics metrics;
  std::unique_ptr<OciFace> oci_face;
  std::unique_ptr<advisor::Advisor> assessor;
  std::unique_ptr<advisor::Exemptions> exemptions;
  RegistryFace registry_face;
  std::unique_ptr<Dispatcher> dispatcher;

 private:
  static std::optional<std::uint64_t> LengthOf(const net::Response& response) {
    if (const auto text = response.text()) return text->size();
    if (const auto* slice = std::get_if<net::FileSlice>(&response.body)) return slice->length;
    return std::get<net::StreamBody>(response.body).length;
  }
  static std::string ReadBody(net::Response& response) {
    if (const auto text = response.text()) return std::string(*text);
    if (auto* stream = std::get_if<net::StreamBody>(&response.body)) {
      return *io::ReadAll(*stream->source, 64U << 20);
    }
    const auto& slice = std::get<net::FileSlice>(response.body);
    std::string bytes(slice.length, '\0');
    const auto count =
        ::pread(slice.descriptor, bytes.data(), bytes.size(), static_cast<off_t>(slice.offset));
    bytes.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
    return bytes;
  }

  void Rebuild() {
    auto& s = *world.services;
    oci_face = std::make_unique<OciFace>();
    std::vector<Endpoint> endpoints =
        OciEndpoints(*oci_face, {s.namespaces, s.blobs, s.uploads, s.manifests, world.authorizer,
                                 s.settings, s.admission, s.last_pulls});
    assessor = std::make_unique<advisor::Advisor>(advisor::AdvisorOptions{}, world.database,
                                                  *world.jobs, world.clock, s.content);
    exemptions = std::make_unique<advisor::Exemptions>(world.database, world.clock, world.changes);
    for (Endpoint& endpoint : RegistryEndpoints(registry_face, Management())) {
      endpoints.push_back(std::move(endpoint));
    }
    dispatcher = std::make_unique<Dispatcher>(
        DispatcherDeps{world.registries, authenticator, world.authorizer, world.changes,
                       world.recorder, metrics, AccountId("acc")},
        std::move(endpoints),
        std::vector<Dispatcher::FacePrefix>{{"/v2", oci_face.get()}, {"/", &registry_face}});
  }
};

// What a policy-minded authorizer says of nobody and of tokens made for something else; users named
// "reader" may not write, users named "nobody" may do nothing.
inline Status ByName(const control::Caller& caller, std::string_view action,
                     const control::Resource& resource) {
  const control::Actor& actor = caller.actor;
  if (actor.kind == control::IdentityKind::kAnonymous) {
    return Unauthenticated("a credential is required").Reason("credential_required");
  }
  const bool reads = action == registry::action::kImagePull ||
                     action == registry::action::kNamespaceList ||
                     action == registry::action::kImageList;
  if (actor.name == "nobody" || (actor.name == "reader" && !reads)) {
    return Denied("you may not").Reason("not_authorized");
  }
  if (!actor.grants) return Ok();
  const std::string_view word = action == registry::action::kImagePull     ? "pull"
                                : action == registry::action::kImagePush   ? "push"
                                : action == registry::action::kImageDelete ? "delete"
                                                                           : "*";
  const std::string wanted = word == "*" ? "registry:catalog" : resource.name;
  for (const control::Grant& grant : *actor.grants) {
    const std::string_view repository = grant.repository;
    if (!std::string_view(wanted).starts_with(repository)) continue;
    for (const std::string& granted : grant.actions) {
      if (granted == word) return Ok();
    }
  }
  return Unauthenticated("not in the token").Reason("insufficient_scope");
}

}  // namespace breakwater::api::testing
