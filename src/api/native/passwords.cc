#include "api/native/passwords.h"

#include "json/reader.h"

namespace breakwater::api::native {
namespace {

namespace domain = ::breakwater::iam;

constexpr std::string_view kWhy =
    "everybody may have a password of their own; the domain asks for a right where it is another's";

IamId Whose(const Context& context) {
  return IamId(context.Path("iam_id"));
}

Result<net::Response> Change(domain::Passwords& passwords, Context& context) {
  if (Whose(context) != context.caller.actor.iam_id) {
    return Denied("nobody chooses another's password: reset it instead").Reason("not_authorized");
  }
  BW_TRY(const json::Value body, ReadJson(context));
  const json::Reader reader(body);
  reader.OnlyFields({"password", "current_password"});
  const Secret wanted(reader.Field("password").String());
  const Secret current(reader.String("current_password", ""));
  BW_TRY_STATUS(reader.Finish());
  BW_TRY_STATUS(passwords.Change(context.caller, current, wanted));
  return EmptyResponse(204);
}

Result<net::Response> Reset(domain::Passwords& passwords, const Context& context) {
  BW_TRY(const auto made, passwords.Reset(context.caller, context.account, Whose(context)));
  net::Response response =
      JsonResponse(201, {{"initial_password", json::Text(made.value.Reveal())},  // shown this once
                         {"expires_at", json::Text(FormatRfc3339(made.expires))}});
  response.headers.Set("Cache-Control", "no-store");
  return response;
}

}  // namespace

std::vector<Endpoint> PasswordEndpoints(domain::Passwords& passwords, const SccFace& face) {
  constexpr std::string_view kPath = "/breakwater/v1/users/{iam_id}/password";
  return {
      {"PUT", kPath, "ChangePassword", Access::SignedIn(kWhy), face,
       [&passwords](Context& context) { return Change(passwords, context); }},
      {"POST", "/breakwater/v1/users/{iam_id}/password/reset", "ResetPassword",
       Access::SignedIn(kWhy), face,
       [&passwords](Context& context) { return Reset(passwords, context); }},
      {"DELETE", kPath, "RemovePassword", Access::SignedIn(kWhy), face,
       [&passwords](Context& context) -> Result<net::Response> {
         BW_TRY_STATUS(passwords.Remove(context.caller, context.account, Whose(context)));
         return EmptyResponse(204);
       }},
  };
}

}  // namespace breakwater::api::native
