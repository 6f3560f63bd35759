// The data plane: the OCI distribution protocol and what Docker's clients expect beside it
// (distribution-spec; Docker registry HTTP API v2).
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "control/change.h"
#include "registry/admission.h"
#include "registry/blobs.h"
#include "registry/last_pulls.h"
#include "registry/manifests.h"
#include "registry/namespaces.h"
#include "registry/settings.h"
#include "registry/uploads.h"

namespace breakwater::api {

// Errors as {"errors":[{code,message,detail}]}, and challenges.
class OciFace final : public Face {
 public:
  std::string_view name() const override { return "oci"; }
  Audience audience() const override { return Audience::kDataPlane; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
  // The version header that Docker's clients look for, and on the login probe that signatures are
  // kept here: on refusals too.
  void Decorate(net::Response& response, const net::Request& request) const override;
};

struct OciDeps {
  registry::Namespaces& namespaces;
  registry::Blobs& blobs;
  registry::Uploads& uploads;
  registry::Manifests& manifests;
  control::Authorizer& authorizer;
  const registry::SettingsService& settings;
  const registry::Admission& admission;
  registry::LastPulls& last_pulls;
};

// The endpoints under /v2 and /extensions/v2. `face` must outlive them; its prefix for unrouted
// paths is "/v2".
std::vector<Endpoint> OciEndpoints(const OciFace& face, const OciDeps& deps);

}  // namespace breakwater::api
