// IAM on the wire, through the dispatcher, for tests of this folder.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "api/iam/authenticator.h"
#include "api/iam/iam.h"
#include "iam/iam_testing.h"
#include "io/stream.h"
#include "registry/tag_immutability.h"

namespace breakwater::api::iam {

using domain::Role;
using domain::testing::World;

class IamApi : public ::testing::Test {
 protected:
  struct Answer {
    int status = 0;
    json::Value body;
    net::Headers headers;
    std::string Text(std::string_view field) const {
      return std::string(json::FindText(body, field));
    }
    std::string ErrorCode() const {
      return std::string(json::FindText(body.at("errors").at(0), "code"));
    }
  };
  struct Ask {
    std::string authorization{};
    std::string body{};
    std::string query{};
    net::Headers headers{};
  };

  IamApi() : admin_(World::Basic(world_.administrator_key)) { world_.facts.Add(tag_immutability_); }

  Answer Call(std::string method, std::string path, Ask ask) {
    io::StringSource body(ask.body);
    net::Request request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.query = std::move(ask.query);
    request.headers = std::move(ask.headers);
    request.headers.Set("Host", "us.icr.io");
    if (!ask.authorization.empty()) request.headers.Set("Authorization", ask.authorization);
    request.id = "req-1";
    request.has_body = !ask.body.empty();
    request.content_length = ask.body.size();
    request.body = &body;
    net::Response response = dispatcher_.Handle(request);
    Answer answer{.status = response.status, .body = {}, .headers = response.headers};
    const auto& text = std::get<std::string>(response.body);
    if (!text.empty()) answer.body = *json::Parse(text);
    return answer;
  }
  Answer Admin(std::string method, std::string path, const json::Value& body = nullptr,
               net::Headers headers = {}) {
    return Call(std::move(method), std::move(path),
                {.authorization = admin_,
                 .body = body.is_null() ? std::string() : json::Serialize(body),
                 .headers = std::move(headers)});
  }
  static net::Headers IfMatch(const Answer& answer) {
    net::Headers headers;
    headers.Set("If-Match", std::string(*answer.headers.Get("ETag")));
    return headers;
  }
  Answer Exchange(const Secret& key, std::string client = {}) {
    return Call("POST", "/identity/token",
                {.authorization = std::move(client),
                 .body = "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey&apikey=" +
                         PercentEncode(key.Reveal())});
  }
  json::Value ClaimsOf(const std::string& token) {
    const std::size_t from = token.find('.') + 1;
    const auto bytes = Base64UrlDecode(token.substr(from, token.rfind('.') - from));
    return *json::Parse(AsText(*bytes));
  }
  // "a/b=pull,push c/d=" for the access claim of a registry token.
  std::string AccessOf(const std::string& token) {
    std::string text;
    const json::Value claims = ClaimsOf(token);
    for (const json::Value& item : claims.at("access").as_array()) {
      if (!text.empty()) text += ' ';
      text += std::string(json::FindText(item, "name")) + "=";
      std::string separator;
      for (const json::Value& action : item.at("actions").as_array()) {
        text += separator + std::string(json::View(action.as_string()));
        separator = ",";
      }
    }
    return text;
  }

  World world_;
  std::string admin_;
  IamFaces faces_;
  observe::Metrics metrics_;
  control::Registries registries_{{{.name = RegistryName("us.icr.io"),
                                    .region = "us-south",
                                    .public_hosts = {"us.icr.io"},
                                    .private_hosts = {}}}};
  OutsideSources outside_;
  registry::Namespaces namespaces_{world_.database->database(), world_.clock, world_.changes};
  registry::TagImmutability tag_immutability_{world_.database->database(), world_.clock,
                                              registries_, world_.changes};
  CredentialAuthenticator authenticator_{world_.credentials, world_.address_guard};
  Dispatcher dispatcher_{
      {registries_, authenticator_, world_.authorizer, world_.changes, world_.recorder, metrics_,
       world_.account},
      IamEndpoints(faces_, {world_.credentials,  world_.tokens,          world_.sessions,
                            world_.sign_in,      world_.address_guard,   world_.settings,
                            world_.users,        world_.service_ids,     world_.api_keys,
                            world_.groups,       world_.profiles,        world_.policies,
                            world_.custom_roles, world_.policy_warnings, world_.zones,
                            world_.restrictions, world_.authorizer,      outside_,
                            namespaces_,         world_.activity}),
      {{"/iam", &faces_.management}, {"/identity", &faces_.token}, {"/", &faces_.oauth}}};
};

}  // namespace breakwater::api::iam
