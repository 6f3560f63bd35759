#include "api/native/sessions.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::api::native {
namespace {

using json::Text;

constexpr std::string_view kWhy =
    "everybody has sessions of their own; the domain asks for a right where they are another's";
constexpr std::int64_t kMostAtOnce = 100;
constexpr std::int64_t kMaxOffset = 1'000'000'000;

bool IsTrue(const Context& context, std::string_view name) {
  return context.query.Get(name) == "true";
}

Result<std::int64_t> Number(const Context& context, std::string_view name, std::int64_t fallback,
                            std::int64_t most) {
  const auto text = context.query.Get(name);
  if (!text) return fallback;
  const auto number = ParseInt(*text);
  if (!number.ok() || *number < 0) {
    return Invalid(std::string(name) + " must be a whole number from 0")
        .Reason("invalid_query_parameter");
  }
  return std::min(*number, most);
}

IamId Whose(const Context& context) {
  const auto named = context.query.Get("iam_id");
  return named && !named->empty() ? IamId(std::string(*named)) : context.caller.actor.iam_id;
}

Result<net::Response> List(::breakwater::iam::Sessions& sessions, const Context& context) {
  ::breakwater::iam::SessionFilter filter{.iam_id = Whose(context),
                                          .ended = IsTrue(context, "ended")};
  if (IsTrue(context, "all")) filter.iam_id = IamId();
  ::breakwater::iam::store::Page page;
  BW_TRY(page.offset, Number(context, "offset", 0, kMaxOffset));
  BW_TRY(page.limit, Number(context, "limit", kMostAtOnce, kMostAtOnce));
  BW_TRY(const auto listed, sessions.List(context.caller, context.account, filter, page));
  json::Array items;
  for (const ::breakwater::iam::Session& session : listed.items)
    items.push_back(::breakwater::iam::ToJson(session));
  return JsonResponse(200, {{"sessions", std::move(items)},
                            {"offset", page.offset},
                            {"limit", page.limit},
                            {"total", listed.total}});
}

}  // namespace

std::vector<Endpoint> SessionEndpoints(::breakwater::iam::Sessions& sessions, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/sessions", "ListSessions", Access::SignedIn(kWhy), face,
       [&sessions](Context& context) { return List(sessions, context); },
       Recorded::As("iam-identity.session.list")},
      {"DELETE", "/breakwater/v1/sessions", "EndSessions", Access::SignedIn(kWhy), face,
       [&sessions](Context& context) -> Result<net::Response> {
         BW_TRY(const std::int64_t ended,
                sessions.RevokeAll(context.caller, context.account, Whose(context)));
         return JsonResponse(200, {{"ended", ended}});
       }},
      {"GET", "/breakwater/v1/sessions/{id}", "GetSession", Access::SignedIn(kWhy), face,
       [&sessions](Context& context) -> Result<net::Response> {
         BW_TRY(const ::breakwater::iam::Session session,
                sessions.Get(context.caller, context.account, context.Path("id")));
         return JsonResponse(200, ::breakwater::iam::ToJson(session));
       },
       Recorded::As("iam-identity.session.read")},
      {"DELETE", "/breakwater/v1/sessions/{id}", "EndSession", Access::SignedIn(kWhy), face,
       [&sessions](Context& context) -> Result<net::Response> {
         BW_TRY_STATUS(sessions.Revoke(context.caller, context.account, context.Path("id")));
         return EmptyResponse(204);
       }},
  };
}

}  // namespace breakwater::api::native
