#include <algorithm>

#include "api/oci/handlers.h"
#include "iam/authorizer.h"
#include "oci/names.h"
#include "oci/referrers.h"

namespace breakwater::api::distribution {
namespace {

using registry::NamesPage;
using registry::Page;

json::Array TextArray(const std::vector<std::string>& texts) {
  json::Array array;
  array.reserve(texts.size());
  for (const std::string& text : texts) array.emplace_back(json::Text(text));
  return array;
}

// The next page by its whole URL: clients follow it rather than build their own.
void LinkNext(const std::string& path, const Page& asked, const NamesPage& page,
              net::Headers& headers) {
  if (!page.more || page.names.empty()) return;
  headers.Set("Link", "<" + path + "?n=" + std::to_string(asked.n.value_or(page.names.size())) +
                          "&last=" + PercentEncode(page.names.back(), "/") + ">; rel=\"next\"");
}

Result<net::Response> GetBase(Context&) {
  return OciJson(200, "{}", "application/json");
}

Result<net::Response> ListTags(const OciDeps& deps, Context& context) {
  BW_TRY(const Page asked, PageOf(context));
  BW_TRY(const registry::RepositoryPath path, ResolveForPull(deps, context));
  BW_TRY(const NamesPage page, deps.manifests.Tags(path, asked));
  net::Response response = OciJson(
      200, json::Serialize({{"name", json::Text(path.name)}, {"tags", TextArray(page.names)}}),
      "application/json");
  LinkNext("/v2/" + path.name + "/tags/list", asked, page, response.headers);
  return response;
}

Result<bool> MaySee(const OciDeps& deps, const Context& context, const std::string& name_space) {
  const auto ns = deps.namespaces.Get(context.registry.name, name_space);
  if (!ns.ok()) {
    if (ns.error().code() == ErrorCode::kNotFound) return false;
    return ns.error();
  }
  if ((*ns)->account != context.account) return false;
  control::Resource resource = control::NamespaceResource((*ns)->account, context.registry.name,
                                                          context.registry.region, name_space);
  resource.resource_group = (*ns)->resource_group;
  const Status allowed =
      deps.authorizer.Authorize(context.caller, registry::action::kNamespaceList, resource);
  if (allowed.ok()) return true;
  // Not allowed to see it is a no; a token that was not made for the catalogue is an error.
  if (allowed.error().code() == ErrorCode::kDenied) return false;
  return allowed.error();
}

// A token must have been made for the catalogue, whatever that would show its holder.
Status CheckScope(const control::Actor& actor) {
  if (::breakwater::iam::GrantsCatalog(actor)) return Ok();
  return Unauthenticated("the token was not made for the catalogue: ask for one with its scope")
      .Reason("insufficient_scope");
}

Result<net::Response> ListRepositories(const OciDeps& deps, Context& context) {
  BW_TRY_STATUS(CheckScope(context.caller.actor));
  BW_TRY(const Page asked, PageOf(context));
  BW_TRY(const NamesPage page,
         deps.manifests.Catalogue(context.registry.name, asked, [&](const std::string& name) {
           return MaySee(deps, context, name);
         }));
  net::Response response =
      OciJson(200, json::Serialize({{"repositories", TextArray(page.names)}}), "application/json");
  LinkNext("/v2/_catalog", asked, page, response.headers);
  return response;
}

Result<registry::ReferrersPage> Referrers(const OciDeps& deps, const Context& context,
                                          const oci::Digest& subject, std::string_view type) {
  const auto path = ResolveForPull(deps, context);
  if (!path.ok()) {
    // What is not there has no referrers; the protocol wants an empty list for it.
    if (path.error().reason() == "name_unknown") return registry::ReferrersPage{};
    return path.error();
  }
  return deps.manifests.Referrers(*path, subject, type, context.query.Get("last").value_or(""));
}

// The type asked for. Types have no spaces but many a "+" ("application/spdx+json"), which whoever
// writes a URL by hand does not escape.
std::string WantedType(const Context& context) {
  std::string type(context.query.Get("artifactType").value_or(""));
  std::replace(type.begin(), type.end(), ' ', '+');
  return type;
}

Result<net::Response> ListReferrers(const OciDeps& deps, Context& context) {
  BW_TRY(const oci::Digest subject, oci::Digest::Parse(context.Path("digest")));
  const std::string type = WantedType(context);
  BW_TRY(const registry::ReferrersPage page, Referrers(deps, context, subject, type));
  net::Response response = OciJson(200, oci::ReferrersIndex(page.entries), oci::kOciIndex);
  if (!type.empty()) response.headers.Set("OCI-Filters-Applied", "artifactType");
  if (page.more) {
    std::string link = "</v2/" + context.Path("name") + "/referrers/" + subject.text() +
                       "?last=" + PercentEncode(page.last, ":");
    if (!type.empty()) link += "&artifactType=" + PercentEncode(type);
    response.headers.Set("Link", link + ">; rel=\"next\"");
  }
  return response;
}

}  // namespace

void AddListEndpoints(const OciFace& face, const OciDeps& deps, std::vector<Endpoint>* out) {
  const Access pull = RepositoryAccess(deps, registry::action::kImagePull);
  const Access signed_in =
      Access::SignedIn("the login probe: says nothing but that the credential is valid");
  out->push_back({"GET", "/v2", "GetBase", signed_in, face, GetBase});
  out->push_back({"HEAD", "/v2", "HeadBase", signed_in, face, GetBase});
  out->push_back({"GET", "/v2/_catalog", "ListRepositories",
                  Access::SignedIn("lists only what the caller may see"), face,
                  [deps](Context& c) { return ListRepositories(deps, c); }});
  out->push_back({"GET", "/v2/{name...}/tags/list", "ListTags", pull, face,
                  [deps](Context& c) { return ListTags(deps, c); }});
  out->push_back({"GET", "/v2/{name...}/referrers/{digest}", "ListReferrers", pull, face,
                  [deps](Context& c) { return ListReferrers(deps, c); }});
}

}  // namespace breakwater::api::distribution
