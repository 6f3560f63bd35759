// The management API of the reference system: authorization options, settings, plans, quotas,
// namespaces and images under /api/v1 (ibm-registry 1).
#pragma once

#include <vector>

#include "advisor/advisor.h"
#include "advisor/exemptions.h"
#include "api/endpoint.h"
#include "control/change.h"
#include "registry/content_reader.h"
#include "registry/image_list.h"
#include "registry/manifests.h"
#include "registry/namespaces.h"
#include "registry/quotas.h"
#include "registry/retention.h"
#include "registry/settings.h"
#include "registry/traffic.h"
#include "registry/trash.h"

namespace breakwater::api {

// Errors as {code, message, request-id} (ibm-registry 1.12), with `details` where there are any.
class RegistryFace final : public Face {
 public:
  std::string_view name() const override { return "registry"; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
};

struct RegistryDeps {
  registry::SettingsService& settings;
  registry::Namespaces& namespaces;
  registry::Manifests& manifests;
  registry::ContentReader& content;
  const registry::ImageList& images;
  registry::Trash& trash;
  registry::Retention& retention;
  const advisor::Advisor& advisor;
  const advisor::Exemptions& exemptions;
  control::Authorizer& authorizer;
  registry::Quotas& quotas;
  registry::Traffic& traffic;
  std::string message;  // the operator's, to everybody; empty: none
  db::Database& database;
  const Clock& clock;
  control::ChangePath& changes;
};

// `face` must outlive them; its prefix for unrouted paths is "/api/v1".
std::vector<Endpoint> RegistryEndpoints(const RegistryFace& face, const RegistryDeps& deps);

}  // namespace breakwater::api
