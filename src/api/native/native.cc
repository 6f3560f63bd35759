#include "api/native/native.h"

namespace breakwater::api::native {
namespace {

using json::Text;

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.push_back(Text(text));
  return array;
}

Result<net::Response> WhoAmI(Context& context) {
  const control::Actor& actor = context.caller.actor;
  return JsonResponse(200, {{"account_id", Text(actor.account.value())},
                            {"iam_id", Text(actor.iam_id.value())},
                            {"name", Text(actor.name)},
                            {"kind", Text(control::ToString(actor.kind))},
                            {"credential", Text(actor.credential)}});
}

Result<net::Response> ListRegistries(const control::Registries& registries) {
  json::Array all;
  for (const control::RegistryInfo& registry : registries.all()) {
    all.push_back({{"name", Text(registry.name.value())},
                   {"region", Text(registry.region)},
                   {"public_hosts", Texts(registry.public_hosts)},
                   {"private_hosts", Texts(registry.private_hosts)}});
  }
  return JsonResponse(200, {{"registries", std::move(all)}});
}

}  // namespace

std::vector<Endpoint> NativeEndpoints(NativeDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/whoami", "WhoAmI", Access::SignedIn("tells callers about themselves"),
       face, WhoAmI},
      {"GET", "/breakwater/v1/registries", "ListRegistries",
       Access::SignedIn("the names clients push to"), face,
       [&r = deps.registries](Context&) { return ListRegistries(r); }},
      {"GET", "/breakwater/v1/properties", "ListProperties",
       Access::SignedIn("what rules and goals can name"), face,
       [&c = deps.catalogue](Context&) -> Result<net::Response> {
         return JsonResponse(200, c.document());
       }},
  };
}

}  // namespace breakwater::api::native
