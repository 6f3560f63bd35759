// A dispatcher over real database, jobs and path for change, with one signed-in caller; for tests
// of faces.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/dispatcher.h"
#include "control/testing.h"
#include "io/stream.h"

namespace breakwater::api::testing {

class OneCaller final : public Authenticator {
 public:
  explicit OneCaller(control::Actor known) : actor(std::move(known)) {}
  Result<control::Actor> Authenticate(std::string_view authorization, Audience,
                                      const control::Origin&) override {
    if (authorization.empty()) return control::Actor{};
    if (authorization != "Bearer good") return Unauthenticated("that token is no good");
    return actor;
  }
  control::Actor actor;
};

// Denies one action, and everything to nobody.
class Forbidding final : public control::Authorizer {
 public:
  Status Authorize(const control::Caller& caller, std::string_view action,
                   const control::Resource&) override {
    if (caller.actor.kind == control::IdentityKind::kAnonymous) {
      return Unauthenticated("a credential is required");
    }
    if (action == forbidden) return Denied("you lack " + forbidden);
    return Ok();
  }
  std::string forbidden;
};

struct Answer {
  int status = 0;
  json::Value body;
  net::Headers headers;
  std::string text;
};

class Harness {
 public:
  control::testing::ControlFixture control;
  Forbidding authorizer;
  OneCaller authenticator{control.caller.actor};
  control::Registries registries{{{RegistryName("us.icr.io"), "us-south", {"us.icr.io"}, {}}}};
  observe::Metrics metrics;
  SccFace face{"test"};
  std::string authorization = "Bearer good";
  std::string account;       // Account header
  std::string content_type;  // Content-Type header
  net::ListenerKind listener = net::ListenerKind::kPublic;
  net::Headers more;  // and whatever else

  void Serve(std::vector<Endpoint> endpoints) {
    dispatcher_.emplace(DispatcherDeps{registries, authenticator, authorizer, control.changes,
                                       control.recorder, metrics, control.account},
                        std::move(endpoints), std::vector<Dispatcher::FacePrefix>{{"", &face}});
  }

  Answer Send(std::string method, const std::string& target, std::string_view body = {}) {
    net::Request request;
    request.method = std::move(method);
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    request.query = question == std::string::npos ? "" : target.substr(question + 1);
    request.id = "trace-1";
    request.peer.listener = listener;
    request.has_body = !body.empty();
    request.headers.Set("Host", "us.icr.io");
    if (!authorization.empty()) request.headers.Set("Authorization", authorization);
    if (!content_type.empty()) request.headers.Set("Content-Type", content_type);
    if (!account.empty()) request.headers.Set("Account", account);
    for (const auto& [name, value] : more.all()) request.headers.Set(name, value);
    io::StringSource source(body);
    request.body = &source;
    net::Response response = dispatcher_->Handle(request);
    Answer answer{.status = response.status,
                  .body = {},
                  .headers = std::move(response.headers),
                  .text = std::get<std::string>(response.body)};
    if (auto document = json::Parse(answer.text); document.ok()) answer.body = *document;
    return answer;
  }

 private:
  std::optional<Dispatcher> dispatcher_;
};

}  // namespace breakwater::api::testing
