// Signing in with an OpenID provider: the browser's way there and back, and that of a device
// without a browser (RFC 8628). Both end at POST /identity/token.

#include "api/iam/handlers.h"
#include "base/strings.h"
#include "base/wait.h"
#include "observe/log.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::string_view kCookie = "breakwater-sign-in";
constexpr std::int64_t kLeastPort = 1024;
constexpr std::int64_t kMostPort = 65'535;

Error NoSource() {
  return NotFound("there is no such source of identities").Reason("source_unknown");
}

std::string CookieOf(const Context& context) {
  const std::string cookies = HeaderText(context, "Cookie");
  for (const std::string_view pair : Split(cookies, ';')) {
    const auto sides = SplitN(Trim(pair), '=', 2);
    if (sides.size() == 2 && sides[0] == kCookie) return std::string(sides[1]);
  }
  return {};
}

// For the page alone that comes back, and never to scripts.
std::string SetCookie(const Context& context, std::string_view value, std::int64_t seconds) {
  std::string cookie =
      std::string(kCookie) + "=" + std::string(value) +
      "; Path=/identity/sign-in; HttpOnly; SameSite=Lax; Max-Age=" + std::to_string(seconds);
  const bool plain = context.request.peer.server_address.starts_with("127.") ||
                     context.request.peer.server_address.starts_with("[::1]");
  if (context.request.peer.tls || !plain) cookie += "; Secure";
  return cookie;
}

net::Response Redirect(std::string url) {
  net::Response response = EmptyResponse(302);
  response.headers.Set("Location", std::move(url));
  return response;
}

// A passcode has no character that means something in HTML.
net::Response PasscodePage(const domain::Passcode& passcode) {
  net::Response response;
  response.headers.Set("Content-Type", "text/html; charset=utf-8");
  response.headers.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
  response.headers.Set("Referrer-Policy", "no-referrer");
  response.body =
      "<!doctype html><title>Signed in</title><p>You are signed in. Your passcode, good "
      "once and for five minutes:</p><pre>" +
      passcode.value.Reveal() +  // shown this once
      "</pre>\n";
  return response;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> Start(const Context& context) const {
    BW_TRY(const OpenidSource source, Find(context.Path("source")));
    std::uint16_t port = 0;
    if (const auto asked = context.query.Get("port")) {
      const auto number = ParseInt(*asked);
      if (!number.ok() || *number < kLeastPort || *number > kMostPort) {
        return Invalid("port must be a number from 1024 to 65535")
            .Reason("invalid_query_parameter");
      }
      port = static_cast<std::uint16_t>(*number);
    }
    // Whatever program listens at a port gets what comes there: a passcode that only the one can
    // use that asked for it.
    const std::string challenge = QueryText(context, "code_challenge");
    if (port != 0 || !challenge.empty()) {
      const std::string method = QueryText(context, "code_challenge_method");
      if (!domain::IsChallenge(challenge) || (!method.empty() && method != "S256")) {
        return Invalid(
                   "with port, code_challenge must be the base64url of the SHA-256 of a "
                   "code_verifier of 43 to 128 characters (code_challenge_method S256)")
            .Reason("invalid_query_parameter");
      }
    }
    BW_TRY(const auto start, source.provider->Start(port, challenge));
    net::Response response = Redirect(start.url);
    response.headers.Set("Set-Cookie", SetCookie(context, start.cookie, 600));
    return response;
  }

  Result<net::Response> Finish(const Context& context) const {
    BW_TRY(const OpenidSource source, Find(context.Path("source")));
    BW_TRY_STATUS(BeforeWaiting());
    const auto end = source.provider->Finish({.code = QueryText(context, "code"),
                                              .state = QueryText(context, "state"),
                                              .error = QueryText(context, "error"),
                                              .cookie = CookieOf(context)});
    if (!end.ok()) {
      if (end.error().code() == ErrorCode::kUnauthenticated) {
        observe::LogError(observe::Level::kInfo, "a sign-in is refused", end.error(),
                          {{"source", source.provider->name()}});
        deps_.sign_in.RecordRefusal(context.caller.origin, end.error());
      }
      return end.error();
    }
    BW_TRY(const auto passcode, deps_.sign_in.PasscodeFor(context.caller.origin, source.admission,
                                                          end->person, end->challenge));
    net::Response response = end->port == 0
                                 ? PasscodePage(passcode)
                                 : Redirect("http://127.0.0.1:" + std::to_string(end->port) +
                                            "/?passcode=" + PercentEncode(passcode.value.Reveal()));
    response.headers.Set("Set-Cookie", SetCookie(context, "", 0));
    return response;
  }

  Result<net::Response> StartDevice(Context& context) const {
    BW_TRY(const net::Parameters form, ReadForm(context));
    BW_TRY(const OpenidSource source, Find(form.Get("source").value_or("")));
    // Each asks the provider, on behalf of nobody yet.
    BW_TRY_STATUS(deps_.sign_in.EnterDevice(context.caller.origin));
    BW_TRY(const auto start, source.provider->StartDevice());
    json::Object body{{"device_code", Text(start.handle)},
                      {"user_code", Text(start.shown.user_code)},
                      {"verification_uri", Text(start.shown.verification_uri)},
                      {"expires_in", start.shown.expires_in},
                      {"interval", start.shown.interval}};
    if (!start.shown.verification_uri_complete.empty()) {
      body["verification_uri_complete"] = Text(start.shown.verification_uri_complete);
    }
    return JsonResponse(200, body);
  }

 private:
  Result<OpenidSource> Find(std::string_view name) const {
    for (const OpenidSource& source : deps_.outside.providers) {
      if (source.provider->name() == name) return source;
    }
    return NoSource();
  }

  IamDeps deps_;
};

}  // namespace

void AddSignInEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  out->push_back({"GET", "/identity/sign-in/{source}", "StartSignIn",
                  Access::Anyone("sends a browser to where it signs in"), faces.token,
                  [handlers](Context& c) { return handlers.Start(c); }});
  out->push_back({"GET", "/identity/sign-in/{source}/callback", "FinishSignIn",
                  Access::Anyone("the provider's code and the browser's cookie are the credential"),
                  faces.token, [handlers](Context& c) { return handlers.Finish(c); }});
  out->push_back({"POST", "/identity/device_authorization", "StartDeviceSignIn",
                  Access::Anyone("begins a sign-in that its user finishes elsewhere"), faces.token,
                  [handlers](Context& c) { return handlers.StartDevice(c); }});
}

}  // namespace breakwater::api::iam
