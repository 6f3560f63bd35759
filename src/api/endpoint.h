// Routes are data. One Endpoint says everything about a route that others need to know: routing,
// authorization, error format, metrics labels, OpenAPI and the authorization matrix test derive
// from the table of them. An endpoint without an access rule does not compile.
//
// A handler does four things: decode, call the domain, encode, and let its face map errors.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "control/caller.h"
#include "control/registries.h"
#include "control/resource.h"
#include "json/json.h"
#include "net/http.h"

namespace breakwater::api {

// Decoded values of a pattern's {placeholders}, by name, in the pattern's order.
using PathValues = std::vector<std::pair<std::string_view, std::string>>;

// What only the handler knows of a request that the audit trail is told of.
struct Activity {
  std::string_view action = {};                    // of static storage; empty: the endpoint's
  std::optional<control::Resource> resource = {};  // absent: what the endpoint's Access is about
  std::string digest = {};                         // of the image
  json::Value request = {};
  json::Value response = {};
};

// One request on its way through an endpoint.
struct Context {
  net::Request& request;
  const control::RegistryInfo& registry;  // the one whose host name the request carries
  control::Caller caller;
  AccountId account;  // whose things it is about: the caller's own; the first account for nobody
  PathValues path;
  net::Parameters query;
  Activity activity = {};

  const std::string& Path(std::string_view name) const;      // must be a placeholder of the pattern
  const std::string* FindPath(std::string_view name) const;  // null if it is none
  // The settings of `account` in `registry`: what account-level actions are decided on.
  control::Resource Service() const;
};

// Who may call an endpoint.
class Access {
 public:
  using ResourceOf = std::function<control::Resource(const Context&)>;

  // Nobody needs a credential. `why` is kept for the reference and the matrix test.
  static Access Anyone(std::string_view why) { return {Kind::kAnyone, why, nullptr}; }
  // Any valid credential; what may be done is decided by the handler (for lists that are filtered)
  // or by the change path.
  static Access SignedIn(std::string_view why) { return {Kind::kSignedIn, why, nullptr}; }
  // The caller needs this action on the account's settings in this registry…
  static Access To(std::string_view action) { return {Kind::kAction, action, nullptr}; }
  // …or on the resource that the request names.
  static Access To(std::string_view action, ResourceOf resource) {
    return {Kind::kAction, action, std::move(resource)};
  }

  enum class Kind { kAnyone, kSignedIn, kAction };
  Kind kind() const { return kind_; }
  std::string_view action() const { return kind_ == Kind::kAction ? text_ : std::string_view{}; }
  std::string_view why() const { return kind_ == Kind::kAction ? std::string_view{} : text_; }
  control::Resource ResourceFor(const Context& context) const {
    return resource_ == nullptr ? context.Service() : resource_(context);
  }

 private:
  Access(Kind kind, std::string_view text, ResourceOf resource)
      : kind_(kind), text_(text), resource_(std::move(resource)) {}
  Kind kind_;
  std::string_view text_;  // of static storage
  ResourceOf resource_;
};

// Which credentials a family of endpoints takes.
enum class Audience {
  kControlPlane,  // IAM tokens, or Basic with an API key
  kDataPlane,     // registry tokens too
};

// A family of endpoints with one wire format: how errors look, which credentials it takes.
// Implementations are immutable and live as long as the server.
class Face {
 public:
  virtual ~Face() = default;
  virtual std::string_view name() const = 0;  // metrics label
  virtual Audience audience() const { return Audience::kControlPlane; }
  // The one table from code and reason to status and wire code. `context` is null if the request
  // was refused before it could be routed.
  virtual net::Response EncodeError(const Error& error, const net::Request& request,
                                    const Context* context) const = 0;
  // Adds what every answer of the family carries, refusals included.
  virtual void Decorate(net::Response& response, const net::Request& request) const {
    (void)response;
    (void)request;
  }
};

// Whether the dispatcher records requests to an endpoint in the audit trail. Changes are recorded
// by the path for change; this is for what is only read. The default: each GET of the control plane
// whose Access names an action, under that action.
struct Recorded {
  enum class How { kByAccess, kAs, kAsPull, kNot };
  How how = How::kByAccess;
  // The action, or why not; of static storage. With kByAccess: of a change that is refused or only
  // tried, where it is another than the right's; empty: that.
  std::string_view text = {};
  Access::ResourceOf resource = {};  // the target; null: what Access is about

  static Recorded As(std::string_view action, Access::ResourceOf resource = nullptr) {
    return {How::kAs, action, std::move(resource)};
  }
  // Of an image, at the level that is set.
  static Recorded AsPull(std::string_view action, Access::ResourceOf resource) {
    return {How::kAsPull, action, std::move(resource)};
  }
  // Of a change, which records itself once it is done, as long as it is not.
  static Recorded Change(std::string_view action, Access::ResourceOf resource = nullptr) {
    return {How::kByAccess, action, std::move(resource)};
  }
  static Recorded Not(std::string_view why) { return {How::kNot, why}; }
};

// Whether a change can be asked for with ?dry_run=true and then changes nothing. Of an endpoint
// that takes none, the dispatcher refuses such a request: whoever asks only to be told must not
// find that it is done.
enum class DryRun { kNone, kTaken };

using Handler = std::function<Result<net::Response>(Context&)>;

struct Endpoint {
  std::string_view method;
  // "/api/v1/namespaces/{name}"; one "{name...}" takes several segments, and what follows it is
  // matched from the right end: "/v2/{name...}/blobs/{digest}". Placeholder values are
  // percent-decoded per segment, so an encoded and a raw slash are the same there. One trailing
  // slash of a request is ignored.
  std::string_view path;
  std::string_view operation;  // "ListNamespaces": metrics label and OpenAPI operation id
  Access access;
  const Face& face;
  Handler handler;
  Recorded recorded = {};
  DryRun dry_run = DryRun::kNone;

  // The action that reads are recorded under; empty: they are not.
  std::string_view recorded_action() const;
};

// --- What handlers use ---

// The methods of one set of handlers, each as the handler of an endpoint:
// `const auto call = MethodsOf(Handlers(store));` and then `call(&Handlers::List)`.
template <typename Handlers>
auto MethodsOf(Handlers handlers) {
  return [handlers = std::move(handlers)](Result<net::Response> (Handlers::*method)(Context&)
                                              const) -> Handler {
    return [handlers, method](Context& context) { return (handlers.*method)(context); };
  };
}

// The whole body as JSON. At most `max_bytes`; an empty body is an error that says so.
// Content-Encoding: gzip is understood.
Result<json::Value> ReadJson(Context& context, std::size_t max_bytes = 1U << 20);
// An application/x-www-form-urlencoded body.
Result<net::Parameters> ReadForm(Context& context, std::size_t max_bytes = 64U << 10);

net::Response JsonResponse(int status, const json::Value& body);
net::Response EmptyResponse(int status);

// Entity tags for If-Match: the digest of a document's canonical form, quoted. RFC 9110 §8.8.3.
std::string EntityTag(const json::Value& document);

}  // namespace breakwater::api
