#include "api/advisor/exemptions.h"

#include <utility>

#include "advisor/exemptions.h"
#include "api/registry/handlers.h"
#include "json/reader.h"

namespace breakwater::api::va {
namespace {

using advisor::Exemption;
using advisor::ExemptionScope;
using json::Text;

constexpr std::string_view kList = "container-registry.exemption.list";
constexpr std::string_view kCreate = "container-registry.exemption.create";
constexpr std::string_view kDelete = "container-registry.exemption.delete";

// Images that one request may ask of.
constexpr std::size_t kMaxImages = 1000;

json::Object ScopeJson(const ExemptionScope& scope) {
  json::Object object{{"scope_type", Text(scope.type())}};
  if (!scope.name_space().empty()) object["namespace"] = Text(scope.name_space());
  if (!scope.repository().empty()) object["repository"] = Text(scope.repository());
  if (!scope.reference().empty()) object["tag"] = Text(scope.reference());
  return object;
}

json::Object ExemptionJson(const Context& context, const Exemption& exemption,
                           bool with_scope = true) {
  json::Object object{{"account_id", Text(context.account.value())},
                      {"issue_type", Text(exemption.issue.type)},
                      {"issue_id", Text(exemption.issue.id)}};
  if (with_scope) object["scope"] = ScopeJson(exemption.scope);
  return object;
}

json::Array ListJson(const Context& context, const std::vector<Exemption>& exemptions,
                     bool with_scope = true) {
  json::Array list;
  list.reserve(exemptions.size());
  for (const Exemption& one : exemptions) list.push_back(ExemptionJson(context, one, with_scope));
  return list;
}

// With a host of this registry before it, or without.
Result<ExemptionScope> ParseScope(const Context& context, std::string_view resource) {
  if (resource == "*") return ExemptionScope();
  BW_TRY(const oci::ImageName name, management::ParseImage(context, resource));
  return ExemptionScope::Of(name);
}

// What the path names; all of the account where it names nothing.
Result<ExemptionScope> ScopeOf(const Context& context) {
  const std::string* resource = context.FindPath("resource");
  return resource == nullptr ? ExemptionScope() : ParseScope(context, *resource);
}

Result<Exemption> Named(const Context& context) {
  BW_TRY(ExemptionScope scope, ScopeOf(context));
  return Exemption{std::move(scope), {context.Path("type"), context.Path("id")}};
}

// What a request is about; the account where nobody can say.
control::Resource Exempted(const Context& context) {
  const auto scope = ScopeOf(context);
  return advisor::ExemptedResource(context.account, context.registry,
                                   scope.ok() ? *scope : ExemptionScope());
}

class Exempting {
 public:
  Exempting(advisor::Exemptions& exemptions, const advisor::Advisor& advisor)
      : exemptions_(exemptions), advisor_(advisor) {}

  Result<net::Response> Types(Context&) const {
    json::Array types;
    for (const advisor::ExemptionType& type : advisor::ExemptionTypes()) {
      types.push_back(json::Object{{"identifier", Text(type.identifier)},
                                   {"display_name", Text(type.display_name)},
                                   {"translationKey", Text(type.identifier)},
                                   {"validation_regex", Text(type.pattern)}});
    }
    return JsonResponse(200, std::move(types));
  }

  Result<net::Response> ListAll(Context& context) const {
    BW_TRY(const auto all, exemptions_.List(context.account, context.registry.name));
    return JsonResponse(200, ListJson(context, all));
  }
  Result<net::Response> ListOfAccount(Context& context) const {
    return ListOf(context, {ExemptionScope()});
  }
  Result<net::Response> ListOfResource(Context& context) const {
    BW_TRY(const ExemptionScope scope, ScopeOf(context));
    return ListOf(context, {scope});
  }
  Result<net::Response> ListForImage(Context& context) const {
    BW_TRY(const bool with_scope, management::BoolParameter(context, "includeScope", false));
    BW_TRY(const ExemptionScope scope, ScopeOf(context));
    BW_TRY(const auto found, ApplyingTo(context, scope));
    return JsonResponse(200, ListJson(context, found, with_scope));
  }
  Result<net::Response> ListForImages(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader body(document);
    const std::vector<std::string> names = body.Strings(kMaxImages);
    BW_TRY_STATUS(body.Finish());
    json::Object lists;
    for (const std::string& name : names) {
      const auto scope = ParseScope(context, name);
      // Nothing is exempt here of another registry's image, and the others are asked of too.
      if (!scope.ok() && scope.error().reason() == "host_mismatch") {
        lists[name] = json::Array{};
        continue;
      }
      BW_TRY_STATUS(scope);
      BW_TRY(const auto found, ApplyingTo(context, *scope));
      lists[name] = ListJson(context, found);
    }
    return JsonResponse(200, std::move(lists));
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const Exemption named, Named(context));
    BW_TRY(const Exemption found, exemptions_.Get(context.account, context.registry.name, named));
    return JsonResponse(200, ExemptionJson(context, found));
  }
  Result<net::Response> Create(Context& context) const {
    BW_TRY(const Exemption named, Named(context));
    const auto there = exemptions_.Get(context.account, context.registry.name, named);
    if (there.ok()) {
      NoteRepeated(context, named);
    } else {
      BW_TRY_STATUS(exemptions_.Create(context.caller, context.account, context.registry, named));
    }
    return JsonResponse(201, ExemptionJson(context, named));
  }
  Result<net::Response> Delete(Context& context) const {
    BW_TRY(const Exemption named, Named(context));
    BW_TRY_STATUS(exemptions_.Delete(context.caller, context.account, context.registry, named));
    return EmptyResponse(200);
  }
  Result<net::Response> DeleteAll(Context& context) const {
    BW_TRY(const std::int64_t deleted,
           exemptions_.DeleteAll(context.caller, context.account, context.registry));
    return JsonResponse(200, {{"number_of_exemptions_deleted", deleted}});
  }

 private:
  // Nothing changes, so only a record of what was asked for can say what it was.
  void NoteRepeated(Context& context, const Exemption& named) const {
    context.activity.action = kCreate;
    context.activity.request = {{"issue_type", Text(named.issue.type)},
                                {"issue_id", Text(named.issue.id)}};
    const auto reference = oci::Reference::Parse(named.scope.reference());
    if (!reference.ok()) return;
    const auto image = advisor_.Named(
        context.account, context.registry.name,
        std::string(named.scope.name_space()) + "/" + std::string(named.scope.repository()),
        *reference);
    if (image.ok()) context.activity.digest = image->digests.front().text();
  }

  Result<net::Response> ListOf(const Context& context,
                               const std::vector<ExemptionScope>& scopes) const {
    BW_TRY(const auto found, exemptions_.ListOf(context.account, context.registry.name, scopes));
    return JsonResponse(200, ListJson(context, found));
  }

  // Of an image what its reports are judged by; of all else those of its scope and of wider ones.
  Result<std::vector<Exemption>> ApplyingTo(const Context& context,
                                            const ExemptionScope& scope) const {
    const RegistryName& registry = context.registry.name;
    if (scope.reference().empty()) {
      return exemptions_.ListOf(context.account, registry, scope.Widening());
    }
    const std::string repository =
        std::string(scope.name_space()) + "/" + std::string(scope.repository());
    BW_TRY(const auto reference, oci::Reference::Parse(scope.reference()));
    auto image = advisor_.Named(context.account, registry, repository, reference);
    if (!image.ok()) {
      if (image.error().code() != ErrorCode::kNotFound) return image.error();
      // It is not there, or not any more; what was exempt of that name still is.
      image = advisor::NamedImage{.repository = repository};
      if (reference.is_digest()) {
        image->digests = {reference.digest()};
      } else {
        image->tag = reference.tag();
      }
    }
    BW_TRY(const auto set, exemptions_.SetFor(context.account, registry, *image));
    return set.ListFor(*image);
  }

  advisor::Exemptions& exemptions_;
  const advisor::Advisor& advisor_;
};

// All of static storage, as Endpoint wants.
struct Route {
  std::string_view method;
  std::string_view path;
  std::string_view operation;
  std::string_view action;  // empty: whoever is signed in
  Result<net::Response> (Exempting::*handler)(Context&) const;
};

// Of two that fit a path, the first is meant: what is longer stands before.
constexpr Route kRoutes[] = {
    {"GET", "/va/api/v3/exempt/image", "ListExemptionAccountV3", kList, &Exempting::ListOfAccount},
    {"GET", "/va/api/v4/exempt/image", "ListExemptionAccount", kList, &Exempting::ListOfAccount},
    {"GET", "/va/api/v3/exempt/image/issue/{type}/{id}", "GetExemptionAccountV3", kList,
     &Exempting::Get},
    {"GET", "/va/api/v4/exempt/image/issue/{type}/{id}", "GetExemptionAccount", kList,
     &Exempting::Get},
    {"POST", "/va/api/v3/exempt/image/issue/{type}/{id}", "CreateExemptionAccountV3", kCreate,
     &Exempting::Create},
    {"POST", "/va/api/v4/exempt/image/issue/{type}/{id}", "CreateExemptionAccount", kCreate,
     &Exempting::Create},
    {"DELETE", "/va/api/v3/exempt/image/issue/{type}/{id}", "DeleteExemptionAccountV3", kDelete,
     &Exempting::Delete},
    {"DELETE", "/va/api/v4/exempt/image/issue/{type}/{id}", "DeleteExemptionAccount", kDelete,
     &Exempting::Delete},
    {"GET", "/va/api/v3/exempt/image/{resource...}/issue/{type}/{id}", "GetExemptionResourceV3",
     kList, &Exempting::Get},
    {"GET", "/va/api/v4/exempt/image/{resource...}/issue/{type}/{id}", "GetExemptionResource",
     kList, &Exempting::Get},
    {"POST", "/va/api/v3/exempt/image/{resource...}/issue/{type}/{id}", "CreateExemptionResourceV3",
     kCreate, &Exempting::Create},
    {"POST", "/va/api/v4/exempt/image/{resource...}/issue/{type}/{id}", "CreateExemptionResource",
     kCreate, &Exempting::Create},
    {"DELETE", "/va/api/v3/exempt/image/{resource...}/issue/{type}/{id}",
     "DeleteExemptionResourceV3", kDelete, &Exempting::Delete},
    {"DELETE", "/va/api/v4/exempt/image/{resource...}/issue/{type}/{id}", "DeleteExemptionResource",
     kDelete, &Exempting::Delete},
    {"GET", "/va/api/v3/exempt/types", "ExemptHandlerV3", "", &Exempting::Types},
    {"GET", "/va/api/v4/exempt/types", "ExemptHandler", "", &Exempting::Types},
    {"GET", "/va/api/v3/exemptions/account", "ListAccountExemptionsV3", kList, &Exempting::ListAll},
    {"GET", "/va/api/v4/exemptions/account", "ListAccountExemptions", kList, &Exempting::ListAll},
    {"POST", "/va/api/v3/exemptions/deleteAll", "ExemptionsAccountDeleteHandlerV3", kDelete,
     &Exempting::DeleteAll},
    {"POST", "/va/api/v4/exemptions/deleteAll", "ExemptionsAccountDeleteHandler", kDelete,
     &Exempting::DeleteAll},
    {"GET", "/va/api/v3/exemptions/image/{resource...}", "ListImageExemptionsV3", kList,
     &Exempting::ListForImage},
    {"GET", "/va/api/v4/exemptions/image/{resource...}", "ListImageExemptions", kList,
     &Exempting::ListForImage},
    {"POST", "/va/api/v3/exemptions/images", "ListBulkImageExemptionsV3", kList,
     &Exempting::ListForImages},
    {"POST", "/va/api/v4/exemptions/images", "ListBulkImageExemptions", kList,
     &Exempting::ListForImages},
    {"GET", "/va/api/v3/exempt/image/{resource...}", "ListExemptionResourceV3", kList,
     &Exempting::ListOfResource},
    {"GET", "/va/api/v4/exempt/image/{resource...}", "ListExemptionResource", kList,
     &Exempting::ListOfResource},
};

}  // namespace

void AddExemptionEndpoints(const AdvisorFace& face, const AdvisorDeps& deps,
                           std::vector<Endpoint>& out) {
  const auto call = MethodsOf(Exempting(deps.exemptions, deps.advisor));
  for (const Route& route : kRoutes) {
    const Access access = route.action.empty()
                              ? Access::SignedIn("which types there are is no secret")
                              : Access::To(route.action, Exempted);
    out.push_back({route.method, route.path, route.operation, access, face, call(route.handler),
                   Recorded::Not("ibm-registry 3.14: reading exemptions emits nothing")});
  }
}

}  // namespace breakwater::api::va
