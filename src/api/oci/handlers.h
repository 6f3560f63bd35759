// What the handlers of the data plane share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.h"
#include "api/oci/oci.h"
#include "oci/digest.h"
#include "registry/types.h"

namespace breakwater::api::distribution {

inline constexpr std::string_view kDigestHeader = "Docker-Content-Digest";

net::Response OciJson(int status, std::string body, std::string_view content_type);

// The repository that the path names. kNotFound "name_unknown" if there is no such namespace, or
// it belongs to another account than the one the caller was judged in. CheckNetwork's refusal:
// every handler asks here before it reads a body, and only after the caller's rights were judged,
// so that nobody learns from a refusal which namespaces there are.
Result<registry::RepositoryPath> ResolveRepository(const OciDeps& deps, const Context& context);
Result<registry::RepositoryPath> ResolveRepository(const OciDeps& deps, const Context& context,
                                                   std::string_view repository);

// The same for what is only read: also another account's, where everybody may pull from it.
Result<registry::RepositoryPath> ResolveForPull(const OciDeps& deps, const Context& context);

// kDenied "private_only" where the owner of a namespace takes pushes and pulls on the private
// network alone and the request came by the public one.
Status CheckNetwork(const OciDeps& deps, const Context& context, const AccountId& owner);

// Whether the request came over the private network: such pulls are free.
bool IsPrivate(const Context& context);

// The repository as what a right is needed on, in the context's account.
control::Resource RepositoryResource(const OciDeps& deps, const Context& context,
                                     std::string_view repository);
// The right to `action` on the repository that the path names; for pulling as ResolveForPull.
Access RepositoryAccess(const OciDeps& deps, std::string_view action);

std::string EntityTagOf(const oci::Digest& digest);
// kPrecondition "precondition_failed" where there is an If-Match that does not name this entity. To
// be asked about what is there, before NotModified. RFC 9110 §13.1.1, §13.2.
Status CheckMatch(const net::Request& request, const oci::Digest& digest);
// Whether If-None-Match names this entity. RFC 9110 §13.1.2.
bool NotModified(const net::Request& request, const oci::Digest& digest);

// One warning for the people behind the client (distribution-spec, "Warnings"). Cut where it is
// longer than the protocol allows.
void AddWarning(std::string_view text, net::Headers& headers);

// The parameters n and last. kInvalid "pagination_invalid".
Result<registry::Page> PageOf(const Context& context);

bool IsHead(const Context& context);

// Handlers by area; each appends its endpoints.
void AddManifestEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out);
void AddUploadEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out);
void AddBlobEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out);
void AddListEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out);
void AddSignatureEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out);

}  // namespace breakwater::api::distribution
