// What the handlers of the management API share.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "api/registry/registry.h"
#include "oci/names.h"

namespace breakwater::api::management {

// Whether `host` is one of this registry, or the address the request came to.
bool IsHostOf(const Context& context, std::string_view host);
// "us.icr.io/ns/app:1", "127.0.0.1:5000/ns/app@sha256:…", "ns/app". kInvalid "host_mismatch" for
// another host.
Result<oci::ImageName> ParseImage(const Context& context, std::string_view text);
// An image as {image...} of the path names it.
Result<oci::ImageName> ImageOf(const Context& context);
// The image's namespace as what a right is needed on; one without a name if the path has none.
control::Resource ImageResource(const registry::Namespaces& namespaces, const Context& context);
// The image itself, under the name by which it is asked for: what a record of a read is about.
control::Resource NamedImage(const registry::Namespaces& namespaces, const Context& context);
// The same of any text that names an image.
control::Resource NamedImage(const registry::Namespaces& namespaces, const Context& context,
                             std::string_view text);
// The namespace of any text that names an image.
control::Resource ResourceNamed(const registry::Namespaces& namespaces, const Context& context,
                                std::string_view image);
// Its repository. kNotFound "name_unknown" if the account has no such namespace.
Result<registry::RepositoryPath> Resolve(const RegistryDeps& deps, const Context& context,
                                         const oci::ImageName& image);

// What the names of images in an answer begin with: the host that the client asked, port and all,
// if it is a public one of the registry, for that is where the client reaches them; else the
// registry's name.
std::string NameFor(const Context& context);
// "us.icr.io/ns/app", and with tags. `host`: from NameFor.
std::string FullName(std::string_view host, std::string_view repository);
std::vector<std::string> FullTags(std::string_view host, std::string_view repository,
                                  const std::vector<std::string>& tags);

json::Array TextArray(const std::vector<std::string>& texts);
// {"Image": by its digest, "Tags": by their full names}.
json::Object ImageAndTags(std::string_view host, std::string_view repository,
                          std::string_view digest, const std::vector<std::string>& tags);

// The last of a repeated boolean parameter counts (ibm-registry 1.1). kInvalid "invalid_field".
Result<bool> BoolParameter(const Context& context, std::string_view name, bool fallback);

// Keeps parameters of the query that were given for the record of a list: a text, or the first
// kMaxRecorded of several.
inline constexpr std::size_t kMaxRecorded = 100;
void NoteFilter(Context& context, std::initializer_list<std::string_view> names);

// The account's namespaces (of those named, if any) on which the caller may do one of the actions.
Result<std::vector<std::string>> NamespacesFor(const RegistryDeps& deps, const Context& context,
                                               const std::vector<std::string_view>& actions,
                                               const std::vector<std::string>& only);

// The code that an error has on the wire.
std::string_view WireCode(const Error& error);

void AddSettingsEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                          std::vector<Endpoint>* out);
void AddQuotaEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out);
void AddNamespaceEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out);
void AddImageListEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out);
void AddImageEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out);
void AddTrashEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                       std::vector<Endpoint>* out);
void AddRetentionEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                           std::vector<Endpoint>* out);
void AddInspectionEndpoints(const RegistryFace& face, const RegistryDeps& deps,
                            std::vector<Endpoint>* out);

}  // namespace breakwater::api::management
