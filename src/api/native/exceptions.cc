#include "api/native/exceptions.h"

#include "json/reader.h"

namespace breakwater::api::native {
namespace {

constexpr std::int64_t kMostListed = 1'000;

class Handlers {
 public:
  Handlers(control::Exceptions& exceptions, const Clock& clock)
      : exceptions_(exceptions), clock_(clock) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto all, exceptions_.List(context.account, kMostListed));
    json::Array encoded;
    for (const auto& one : all) encoded.push_back(control::ToJson(one, clock_.Now()));
    return JsonResponse(200, {{"exceptions", std::move(encoded)}});
  }

  Result<net::Response> Request(Context& context) const {
    BW_TRY(const json::Value body, ReadJson(context));
    const json::Reader in(body);
    in.OnlyFields({"kind", "subject", "crn", "owner", "reason", "ticket", "expires_at"});
    const std::string kind = in.Field("kind").String();
    control::ExceptionDraft draft{.kind = {},
                                  .subject = in.Field("subject").String(),
                                  .crn = in.String("crn", ""),
                                  .owner = in.Field("owner").String(),
                                  .reason = in.Field("reason").String(),
                                  .ticket = in.String("ticket", ""),
                                  .expires = {}};
    const std::string expires = in.Field("expires_at").String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(draft.kind, control::ParseExceptionKind(kind));
    BW_TRY(draft.expires, ParseRfc3339(expires).Context("expires_at"));
    BW_TRY(const auto made, exceptions_.Request(context.caller, context.account, draft));
    return JsonResponse(201, control::ToJson(made, clock_.Now()));
  }

  Result<net::Response> Approve(Context& context) const {
    BW_TRY(const auto one,
           exceptions_.Approve(context.caller, context.account, context.Path("id")));
    return JsonResponse(200, control::ToJson(one, clock_.Now()));
  }

  Result<net::Response> End(Context& context) const {
    BW_TRY(const auto one, exceptions_.End(context.caller, context.account, context.Path("id")));
    return JsonResponse(200, control::ToJson(one, clock_.Now()));
  }

 private:
  control::Exceptions& exceptions_;
  const Clock& clock_;
};

}  // namespace

std::vector<Endpoint> ExceptionEndpoints(control::Exceptions& exceptions, const Clock& clock,
                                         const SccFace& face) {
  const auto call = MethodsOf(Handlers(exceptions, clock));
  return {
      {"GET", "/breakwater/v1/exceptions", "ListExceptions",
       Access::To("breakwater.exception.list"), face, call(&Handlers::List)},
      {"POST", "/breakwater/v1/exceptions", "RequestException",
       Access::To("breakwater.exception.request"), face, call(&Handlers::Request)},
      {"POST", "/breakwater/v1/exceptions/{id}/approve", "ApproveException",
       Access::To("breakwater.exception.approve"), face, call(&Handlers::Approve)},
      {"POST", "/breakwater/v1/exceptions/{id}/end", "EndException",
       Access::To("breakwater.exception.end"), face, call(&Handlers::End)},
  };
}

}  // namespace breakwater::api::native
