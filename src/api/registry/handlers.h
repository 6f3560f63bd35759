// What the handlers of the management API share.
#pragma once

#include <string>
#include <vector>

#include "api/registry/registry.h"
#include "oci/names.h"

namespace breakwater::api::management {

// An image as {image...} of the path names it: its repository, with the host checked against this
// registry. "us.icr.io/ns/app:1", "127.0.0.1:5000/ns/app@sha256:…", "ns/app".
Result<oci::ImageName> ImageOf(const Context& context);
// The image's namespace as what a right is needed on; one without a name if the path has none.
control::Resource ImageResource(const registry::Namespaces& namespaces, const Context& context);

json::Array TextArray(const std::vector<std::string>& texts);

void AddSettingsEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                          std::vector<Endpoint>* out);
void AddNamespaceEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out);
void AddImageEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out);

}  // namespace breakwater::api::management
