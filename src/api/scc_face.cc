#include "api/scc_face.h"

#include <algorithm>

#include "base/strings.h"
#include "control/change.h"

namespace breakwater::api {
namespace {

constexpr std::int64_t kMaxPage = 1000;
// Beyond any list there is; sums with it stay far from overflow.
constexpr std::int64_t kMaxNumber = 1'000'000'000;

Result<std::int64_t> NumberOf(const Context& context, std::string_view name,
                              std::int64_t fallback) {
  const auto text = context.query.Get(name);
  if (!text) return fallback;
  auto number = ParseInt(*text);
  if (!number.ok() || *number < 0 || *number > kMaxNumber) {
    return Invalid(std::string(name) + " must be a whole number from 0")
        .Reason("invalid_query_parameter");
  }
  return number;
}

}  // namespace

json::Object ErrorItem(const Error& error) {
  json::Object item{
      {"code", json::Text(error.reason().empty() ? ToString(error.code()) : error.reason())},
      {"message", json::Text(error.message())}};
  if (!error.details().empty()) {
    json::Object details;
    for (const ErrorDetail& detail : error.details()) {
      details[detail.name] = json::Text(detail.value);
    }
    item["details"] = std::move(details);
  }
  return item;
}

void SayWhenToRetry(net::Response& response, const Error& error) {
  if (response.status != 429) return;
  std::string seconds = "1";
  for (const ErrorDetail& detail : error.details()) {
    if (detail.name == "retry_after") seconds = detail.value;
  }
  response.headers.Set("Retry-After", seconds);
}

net::Response SccFace::EncodeError(const Error& error, const net::Request& request,
                                   const Context*) const {
  net::Response response =
      JsonResponse(control::StatusOf(error.code()),
                   {{"errors", json::Array{ErrorItem(error)}}, {"trace", json::Text(request.id)}});
  if (error.code() == ErrorCode::kUnauthenticated) {
    response.headers.Set("WWW-Authenticate", "Bearer realm=\"breakwater\"");
  }
  SayWhenToRetry(response, error);
  return response;
}

void SccFace::Decorate(net::Response& response, const net::Request& request) const {
  response.headers.Set("Transaction-Id", request.id);
}

Result<Page> PageOf(const Context& context) {
  Page page;
  BW_TRY(page.offset, NumberOf(context, "offset", 0));
  BW_TRY(page.limit, NumberOf(context, "limit", page.limit));
  page.limit = std::min(page.limit, kMaxPage);
  if (page.limit == 0) {
    return Invalid("limit must be from 1 to 1000").Reason("invalid_query_parameter");
  }
  return page;
}

std::string QueryWithout(const Context& context, std::initializer_list<std::string_view> names) {
  std::string others;
  for (const std::string_view parameter : Split(context.request.query, '&')) {
    const auto parsed = net::Parameters::Parse(parameter);
    const bool left_out = parameter.empty() || !parsed.ok() ||
                          std::any_of(names.begin(), names.end(),
                                      [&](std::string_view name) { return parsed->Has(name); });
    if (!left_out) others.append("&").append(parameter);
  }
  return others;
}

json::Object PageFields(const Context& context, const Page& page, std::int64_t total,
                        std::string_view path) {
  const std::string others = QueryWithout(context, {"offset", "limit"});
  const auto link = [&](std::int64_t offset) -> json::Object {
    return {{"href", json::Text(std::string(path) + "?offset=" + std::to_string(offset) +
                                "&limit=" + std::to_string(page.limit) + others)}};
  };
  const std::int64_t last = total == 0 ? 0 : (total - 1) / page.limit * page.limit;
  json::Object fields{{"offset", page.offset},
                      {"limit", page.limit},
                      {"total_count", total},
                      {"first", link(0)},
                      {"last", link(last)}};
  if (page.offset > 0) {
    fields["previous"] = link(std::max<std::int64_t>(0, page.offset - page.limit));
  }
  if (page.offset + page.limit < total) {
    fields["next"] = link(page.offset + page.limit);
  }
  return fields;
}

Result<AccountId> AccountOf(const Context& context, std::string_view named) {
  if (!named.empty() && named != context.account.value()) {
    return Denied("your credential does not belong to account " + std::string(named))
        .Reason("account_mismatch");
  }
  return context.account;
}

}  // namespace breakwater::api
