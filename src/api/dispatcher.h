// From a request to an endpoint and back: registry by host name, route, admission, who, may they,
// handler, error in the format of the face it came by.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.h"
#include "audit/recorder.h"
#include "base/result.h"
#include "control/change.h"
#include "control/registries.h"
#include "net/http.h"
#include "observe/metrics.h"

namespace breakwater::api {

// Turns credentials into an identity. Implemented by iam's tokens and keys. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  // `authorization` is the header's value, or empty: then the actor is anonymous.
  virtual Result<control::Actor> Authenticate(std::string_view authorization, Audience audience,
                                              const control::Origin& origin) = 0;
};

struct DispatcherDeps {
  const control::Registries& registries;
  Authenticator& authenticator;
  control::Authorizer& authorizer;
  control::ChangePath& changes;  // records refused changes
  audit::Recorder& recorder;     // records reads
  observe::Metrics& metrics;
  AccountId first_account;
};

// Immutable after construction; thread-safe.
class Dispatcher {
 public:
  // `unrouted` answers paths that no endpoint has, by the longest matching prefix of `faces`.
  struct FacePrefix {
    std::string_view prefix;
    const Face* face;  // never null
  };
  Dispatcher(DispatcherDeps deps, std::vector<Endpoint> endpoints, std::vector<FacePrefix> faces);
  ~Dispatcher();

  net::Response Handle(net::Request& request) const;
  const std::vector<Endpoint>& endpoints() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// OpenAPI 3.1 made from the table.
json::Value OpenApi(const std::vector<Endpoint>& endpoints, std::string_view version);

}  // namespace breakwater::api
