#include "api/native/operations.h"

#include "base/wait.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kProbe = "probes carry no credentials and learn nothing";

net::Response PlainText(int status, std::string text) {
  net::Response response;
  response.status = status;
  response.headers.Set("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(text);
  return response;
}

// The operator's token, not one of IAM's: it opens nothing else, and a scraper keeps it for good.
Status CheckMetricsAccess(const MetricsAccess& access, const net::Request& request) {
  if (access.private_only && request.peer.listener != net::ListenerKind::kPrivate) {
    return Denied("metrics are given to private connections alone").Reason("not_private");
  }
  if (access.token.empty()) return Ok();
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view given = request.headers.Get("Authorization").value_or("");
  if (given.starts_with(kScheme) &&
      ConstantTimeEqual(given.substr(kScheme.size()), access.token.Reveal())) {
    return Ok();
  }
  return Unauthenticated("metrics are given to who shows the token of metrics.token");
}

}  // namespace

std::vector<Endpoint> OperationsEndpoints(Operations operations, const SccFace& face) {
  return {
      {"GET", "/livez", "GetLiveness", Access::Anyone(kProbe), face,
       [](Context&) -> Result<net::Response> { return PlainText(200, "ok\n"); }},
      {"GET", "/readyz", "GetReadiness", Access::Anyone(kProbe), face,
       [ready = operations.ready](Context&) -> Result<net::Response> {
         const Status status = ready();
         if (status.ok()) return PlainText(200, "ok\n");
         return PlainText(503, status.error().message() + "\n");
       }},
      {"GET", "/metrics", "GetMetrics",
       Access::Anyone("scrapers have no identity; the operator decides what they must show"), face,
       [&metrics = operations.metrics,
        access = operations.metrics_access](Context& context) -> Result<net::Response> {
         BW_TRY_STATUS(CheckMetricsAccess(access, context.request));
         BW_TRY_STATUS(BeforeWaiting());  // it takes long enough
         net::Response response = PlainText(200, metrics.Collect());
         response.headers.Set("Content-Type", observe::Metrics::kContentType);
         return response;
       }},
      {"GET", "/openapi.json", "GetOpenApi",
       Access::Anyone("the description of the API is not a secret"), face,
       [openapi = operations.openapi](Context&) -> Result<net::Response> {
         BW_TRY_STATUS(BeforeWaiting());  // it takes long enough
         return JsonResponse(200, openapi());
       }},
  };
}

}  // namespace breakwater::api::native
