// The Vulnerability Advisor of the reference system under /va/api/v3 and /va/api/v4 (ibm-registry
// 2): both from one engine, with v4's freshness.
//
// Reports list what the reference system lists: vulnerabilities with a published fix.
// `?includeUnfixed=true` lists everything that is known, with an empty `fix_version` where there is
// no fix, and the status judges what is listed. Beside the compatible fields there are our own:
// severity, score, purl and the like; clients of the reference system ignore them.
#pragma once

#include <vector>

#include "advisor/advisor.h"
#include "advisor/exemptions.h"
#include "api/endpoint.h"
#include "control/change.h"
#include "registry/image_list.h"
#include "registry/namespaces.h"

namespace breakwater::api {

// Errors as {code, message, request-id}, with the reference system's code where it is known:
// BXNVA0009E for an image that is not scanned yet.
class AdvisorFace final : public Face {
 public:
  std::string_view name() const override { return "advisor"; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
};

struct AdvisorDeps {
  advisor::Advisor& advisor;
  advisor::Exemptions& exemptions;
  const registry::ImageList& images;
  const registry::Namespaces& namespaces;
  control::Authorizer& authorizer;
};

// `face` must outlive them; its prefix for unrouted paths is "/va/api".
std::vector<Endpoint> AdvisorEndpoints(const AdvisorFace& face, const AdvisorDeps& deps);

}  // namespace breakwater::api
