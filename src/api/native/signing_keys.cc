#include "api/native/signing_keys.h"

#include "json/reader.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kList = "breakwater.signing-key.list";
constexpr std::string_view kRotate = "breakwater.signing-key.rotate";

// All accounts' tokens are signed by the same keys.
Status CheckOwner(const SigningKeyDeps& deps, const Context& context) {
  if (context.account == deps.owner) return Ok();
  return Denied("signing keys are the business of the installation's own account")
      .Reason("not_authorized");
}

Result<bool> Revokes(Context& context) {
  if (!context.request.has_body) return false;
  BW_TRY(const json::Value body, ReadJson(context));
  const json::Reader reader(body);
  reader.OnlyFields({"revoke"});
  const bool revoke = reader.Bool("revoke", false);
  BW_TRY_STATUS(reader.Finish());
  return revoke;
}

Result<net::Response> List(const SigningKeyDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const auto keys, deps.rotation.List());
  json::Array all;
  for (const auto& key : keys) all.push_back(ToJson(key));
  return JsonResponse(200, {{"keys", std::move(all)}});
}

Result<net::Response> Rotate(const SigningKeyDeps& deps, Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const bool revoke, Revokes(context));
  BW_TRY(const auto key, revoke ? deps.rotation.Replace(context.caller, context.account)
                                : deps.rotation.Rotate(context.caller, context.account));
  return JsonResponse(201, ToJson(key));
}

}  // namespace

std::vector<Endpoint> SigningKeyEndpoints(SigningKeyDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/signing-keys", "ListSigningKeys", Access::To(kList), face,
       [deps](Context& context) { return List(deps, context); }},
      {"POST", "/breakwater/v1/signing-keys/rotate", "RotateSigningKeys", Access::To(kRotate), face,
       [deps](Context& context) { return Rotate(deps, context); }},
  };
}

}  // namespace breakwater::api::native
