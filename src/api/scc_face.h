// The wire conventions that governance, posture, findings, notifications and our own endpoints
// share: errors as {"errors":[{"code","message"}],"trace"}, the request id as Transaction-Id.
#pragma once

#include <initializer_list>
#include <string>

#include "api/endpoint.h"

namespace breakwater::api {

class SccFace : public Face {
 public:
  // `name` is the metrics label, of static storage.
  explicit SccFace(std::string_view name) : name_(name) {}

  std::string_view name() const override { return name_; }
  net::Response EncodeError(const Error& error, const net::Request& request,
                            const Context* context) const override;
  void Decorate(net::Response& response, const net::Request& request) const override;

 private:
  std::string_view name_;
};

// {"code": reason or canonical word, "message", and "details" by name where there are any}.
json::Object ErrorItem(const Error& error);
// Retry-After on a 429: the error's detail "retry_after" in seconds, else one.
void SayWhenToRetry(net::Response& response, const Error& error);

// offset/limit of the reference system's lists: default 100, at most 1000, from 0.
struct Page {
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};
Result<Page> PageOf(const Context& context);
// offset, limit, total_count, first, last, and previous and next where there are any, with links to
// `path` (absolute on this origin) that keep the request's other query parameters.
json::Object PageFields(const Context& context, const Page& page, std::int64_t total,
                        std::string_view path);
// The request's query as it was written, without the parameters of these names, each of the others
// led in by "&".
std::string QueryWithout(const Context& context, std::initializer_list<std::string_view> names);

// The account that `named` (a query parameter or a body field) asks for: the caller's own, or
// kDenied. Empty means the caller's own.
Result<AccountId> AccountOf(const Context& context, std::string_view named);

}  // namespace breakwater::api
