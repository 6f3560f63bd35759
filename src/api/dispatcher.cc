#include "api/dispatcher.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "api/router.h"
#include "base/strings.h"
#include "control/activity.h"
#include "control/refusals.h"
#include "observe/log.h"

namespace breakwater::api {
namespace {

// Kept in the audit trail, and chosen by the caller.
constexpr std::size_t kMaxUserAgent = 256;

control::Origin OriginOf(const net::Request& request) {
  return {.request_id = request.id,
          .address = request.peer.address,
          .user_agent =
              std::string(request.headers.Get("User-Agent").value_or("").substr(0, kMaxUserAgent)),
          .private_network = request.peer.listener == net::ListenerKind::kPrivate};
}

bool ChangesSomething(std::string_view method) {
  return method != "GET" && method != "HEAD";
}

// As handlers read it: the last of a repeated parameter counts.
bool IsDryRun(const Endpoint& endpoint, const Context& context) {
  if (endpoint.dry_run != DryRun::kTaken) return false;
  const auto asked = context.query.GetAll("dry_run");
  return !asked.empty() && asked.back() == "true";
}

// What a change is recorded as, and what it is about, where it comes to none: often that is named
// by more than the right which it needs.
std::string_view ChangeAction(const Endpoint& endpoint) {
  const Recorded& recorded = endpoint.recorded;
  if (recorded.how == Recorded::How::kByAccess && !recorded.text.empty()) return recorded.text;
  const std::string_view action = endpoint.access.action();
  return action.empty() ? endpoint.operation : action;
}
control::Resource ChangeTarget(const Endpoint& endpoint, const Context& context) {
  const Recorded& recorded = endpoint.recorded;
  return recorded.resource ? recorded.resource(context) : endpoint.access.ResourceFor(context);
}

// What a request is recorded as if it only reads; else nothing. A dry run has a name of its own, so
// that nobody who counts deletions counts it.
std::string ReadAction(const Endpoint& endpoint, const Context& context) {
  if (!context.activity.action.empty()) return std::string(context.activity.action);
  if (!IsDryRun(endpoint, context)) return std::string(endpoint.recorded_action());
  return std::string(ChangeAction(endpoint)) + ".dry-run";
}

// kInvalid "dry_run_unsupported" where a change that has no dry run is asked for with one.
Status CheckDryRun(const Endpoint& endpoint, const Context& context) {
  const bool reads = !ChangesSomething(endpoint.method) || !endpoint.recorded_action().empty();
  if (reads || endpoint.dry_run == DryRun::kTaken) return Ok();
  const auto asked = context.query.GetAll("dry_run");
  if (std::ranges::all_of(asked, [](auto value) { return value == "false"; })) return Ok();
  return Invalid("dry_run: " + std::string(endpoint.operation) +
                 " has no dry run; nothing was changed. Leave the parameter out to have it done")
      .Reason("dry_run_unsupported");
}

void LogServerFault(std::string_view operation, const Error& error) {
  if (control::StatusOf(error.code()) < 500) return;
  observe::LogError(observe::Level::kError, "request failed", error, {{"operation", operation}});
}

// Bytes of an answer's body, as far as they are known before they are sent.
std::uint64_t BodyBytes(const net::Response& response) {
  if (const auto text = response.text()) return text->size();
  if (const auto* slice = std::get_if<net::FileSlice>(&response.body)) return slice->length;
  return std::get<net::StreamBody>(response.body).length.value_or(0);
}

// What is counted of a family of endpoints.
struct FaceCounters {
  FaceCounters(observe::Metrics& metrics, const std::string& face)
      : received(metrics.AddCounter("breakwater_http_received_bytes_total",
                                    "Bytes of bodies that requests declared.", {{"face", face}})),
        sent(metrics.AddCounter("breakwater_http_sent_bytes_total",
                                "Bytes of bodies that answers declared.", {{"face", face}})) {
    for (int hundreds = 1; hundreds <= 5; ++hundreds) {
      by_class.push_back(&metrics.AddCounter(
          "breakwater_http_responses_total", "Answers by the class of their status.",
          {{"face", face}, {"class", std::to_string(hundreds) + "xx"}}));
    }
  }
  void Count(const net::Request& request, const net::Response& response) const {
    const auto hundreds = static_cast<std::size_t>(std::clamp(response.status / 100, 1, 5));
    by_class[hundreds - 1]->Increment();
    if (const auto bytes = request.content_length.value_or(0); bytes > 0) {
      received.Increment(static_cast<double>(bytes));
    }
    if (const auto bytes = BodyBytes(response); bytes > 0) {
      sent.Increment(static_cast<double>(bytes));
    }
  }

  observe::Counter& received;
  observe::Counter& sent;
  std::vector<observe::Counter*> by_class;  // 1xx first
};

// Each in a header of its own. Names in them come from whoever wrote the rule that warns.
void AddWarnings(const std::vector<std::string>& warnings, net::Response& response) {
  constexpr std::size_t kMostWarnings = 10;
  constexpr std::size_t kMostBytes = 512;
  for (std::size_t i = 0; i < std::min(warnings.size(), kMostWarnings); ++i) {
    std::string safe = warnings[i].substr(0, kMostBytes);
    std::replace_if(safe.begin(), safe.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    response.headers.Add("Breakwater-Warning", std::move(safe));
  }
}

}  // namespace

struct Dispatcher::Impl {
  Impl(DispatcherDeps d, std::vector<Endpoint> e, std::vector<FacePrefix> f)
      : deps(std::move(d)), endpoints(std::move(e)), faces(std::move(f)), router(endpoints) {
    // Longest first, so that the first prefix that fits is the nearest.
    std::stable_sort(faces.begin(), faces.end(), [](const FacePrefix& a, const FacePrefix& b) {
      return a.prefix.size() > b.prefix.size();
    });
    for (const Endpoint& endpoint : endpoints) {
      durations.push_back(&deps.metrics.AddHistogram(
          "breakwater_http_request_duration_seconds",
          "Time from the request's head to the answer's.", observe::DurationBuckets(),
          {{"operation", std::string(endpoint.operation)},
           {"face", std::string(endpoint.face.name())}}));
      const std::string face(endpoint.face.name());
      counters.push_back(&by_face.try_emplace(face, deps.metrics, face).first->second);
    }
  }

  const Face& FaceFor(std::string_view path) const {
    for (const FacePrefix& known : faces) {
      if (path.starts_with(known.prefix)) return *known.face;
    }
    return *faces.back().face;
  }

  Status Authenticate(Context& context, const Endpoint& endpoint) const;
  Result<net::Response> Serve(net::Request& request, const Endpoint& endpoint,
                              Context& context) const;
  // A refused change stands in the audit trail, also when it never became a change.
  void RecordEarlyRefusal(const Endpoint& endpoint, const Context& context,
                          const Error& error) const;
  // A read, and a sign-in, stands in the trail whether or not it was granted.
  void RecordRead(const Endpoint& endpoint, const Context& context, const Error* error) const;
  bool WantsPull(const Context& context, const Error* error) const;
  net::Response Refuse(const net::Request& request, const Error& error) const {
    const Face& face = FaceFor(request.path);
    net::Response response = face.EncodeError(error, request, nullptr);
    face.Decorate(response, request);
    return response;
  }

  DispatcherDeps deps;
  std::vector<Endpoint> endpoints;
  std::vector<FacePrefix> faces;
  Router router;
  std::map<std::string, FaceCounters> by_face;
  // In the order of `endpoints`.
  std::vector<observe::Histogram*> durations;
  std::vector<const FaceCounters*> counters;
};

Status Dispatcher::Impl::Authenticate(Context& context, const Endpoint& endpoint) const {
  const Access& access = endpoint.access;
  if (access.kind() == Access::Kind::kAnyone) return Ok();
  const auto credentials = context.request.headers.Get("Authorization").value_or("");
  BW_TRY(context.caller.actor, deps.authenticator.Authenticate(
                                   credentials, endpoint.face.audience(), context.caller.origin));
  const control::Actor& actor = context.caller.actor;
  if (!actor.audience.empty() && actor.audience != context.registry.name) {
    return Unauthenticated("the token was made for another registry").Reason("token_audience");
  }
  if (actor.kind != control::IdentityKind::kAnonymous) context.account = actor.account;

  // The reference system's clients name the account they mean with each request.
  const auto named = context.request.headers.Get("Account");
  if (named && !named->empty() && actor.kind != control::IdentityKind::kAnonymous &&
      *named != actor.account.value()) {
    return Denied("your credential does not belong to the account in the Account header")
        .Reason("account_mismatch");
  }
  if (access.kind() == Access::Kind::kSignedIn) {
    if (actor.kind == control::IdentityKind::kAnonymous) {
      return Unauthenticated("a credential is required: an IAM token, or Basic with iamapikey");
    }
    return Ok();
  }
  const control::Resource resource = access.ResourceFor(context);
  Status allowed = deps.authorizer.Authorize(context.caller, access.action(), resource);
  // Who has no credential changes nothing, and must not be able to fill the trail.
  if (!allowed.ok() && ChangesSomething(endpoint.method) && !IsDryRun(endpoint, context) &&
      actor.kind != control::IdentityKind::kAnonymous) {
    deps.changes.RecordRefusal(context.caller, ChangeAction(endpoint),
                               ChangeTarget(endpoint, context), allowed.error());
  }
  return allowed;
}

void Dispatcher::Impl::RecordEarlyRefusal(const Endpoint& endpoint, const Context& context,
                                          const Error& error) const {
  // What a handler, or what it calls, refuses before there is a change. A request that only reads
  // is recorded as what it is.
  const bool refused = error.code() == ErrorCode::kDenied || error.code() == ErrorCode::kQuota;
  const bool reads = !ChangesSomething(endpoint.method) || !ReadAction(endpoint, context).empty();
  if (!refused || reads || context.caller.actor.kind == control::IdentityKind::kAnonymous) return;
  deps.changes.RecordRefusal(context.caller, ChangeAction(endpoint),
                             ChangeTarget(endpoint, context), error);
}

bool Dispatcher::Impl::WantsPull(const Context& context, const Error* error) const {
  const std::string* reference = context.FindPath("reference");
  const std::string* repository = context.FindPath("name");
  return deps.recorder.Wants(
      {.identity = context.caller.actor.iam_id.value(),
       .address = context.caller.origin.address,
       .registry = context.registry.name.value(),
       .repository = repository == nullptr ? std::string_view() : *repository,
       .digest = error == nullptr ? std::string_view(context.activity.digest) : std::string_view(),
       .by_tag = reference != nullptr && reference->find(':') == std::string::npos});
}

void Dispatcher::Impl::RecordRead(const Endpoint& endpoint, const Context& context,
                                  const Error* error) const {
  const Activity& activity = context.activity;
  const std::string action = ReadAction(endpoint, context);
  if (action.empty()) return;
  const bool nobody = context.caller.actor.kind == control::IdentityKind::kAnonymous;
  // Who has no credential, and gets nothing, must not be able to fill the trail.
  if (nobody && error != nullptr) return;
  if (endpoint.recorded.how == Recorded::How::kAsPull && !WantsPull(context, error)) return;
  const control::Resource resource = activity.resource ? *activity.resource
                                     : endpoint.recorded.resource
                                         ? endpoint.recorded.resource(context)
                                         : endpoint.access.ResourceFor(context);
  audit::Record record = error == nullptr
                             ? control::RecordOf(context.caller, action, resource)
                             : control::RefusalOf(context.caller, action, resource, *error);
  record.target.digest = activity.digest;
  record.request = activity.request;
  if (IsDryRun(endpoint, context)) {
    if (!record.request.is_object()) record.request = json::Object();
    record.request.get_object()["dry_run"] = "true";
  }
  record.response = activity.response;
  deps.recorder.Add(std::move(record));
}

Result<net::Response> Dispatcher::Impl::Serve(net::Request& request, const Endpoint& endpoint,
                                              Context& context) const {
  BW_TRY(context.query, net::Parameters::Parse(request.query));
  BW_TRY_STATUS(Authenticate(context, endpoint));
  BW_TRY_STATUS(CheckDryRun(endpoint, context));
  return endpoint.handler(context);
}

Dispatcher::Dispatcher(DispatcherDeps deps, std::vector<Endpoint> endpoints,
                       std::vector<FacePrefix> faces)
    : impl_(std::make_unique<Impl>(std::move(deps), std::move(endpoints), std::move(faces))) {}

Dispatcher::~Dispatcher() = default;

const std::vector<Endpoint>& Dispatcher::endpoints() const {
  return impl_->endpoints;
}

net::Response Dispatcher::Handle(net::Request& request) const {
  const observe::ScopedRequestId logged_id(request.id);
  const auto started = std::chrono::steady_clock::now();
  auto match = impl_->router.Find(request.method, request.path);
  if (!match.ok()) return impl_->Refuse(request, match.error());
  if (match->endpoint == nullptr) {
    if (match->allowed.empty()) {
      return impl_->Refuse(request, NotFound("there is nothing at this path").Reason("no_route"));
    }
    net::Response response =
        impl_->Refuse(request, Unsupported("this method is not offered here").Reason("method"));
    std::string allow;
    for (const std::string_view method : match->allowed) {
      if (!allow.empty()) allow += ", ";
      allow += method;
    }
    response.headers.Set("Allow", allow);
    return response;
  }

  const Endpoint& endpoint = *match->endpoint;
  Context context{
      .request = request,
      .registry = impl_->deps.registries.ForHost(request.headers.Get("Host").value_or("")),
      .caller = {.actor = {}, .origin = OriginOf(request)},
      .account = impl_->deps.first_account,
      .path = std::move(match->values),
      .query = {}};
  if (ChangesSomething(endpoint.method)) {
    context.caller.warnings = std::make_shared<std::vector<std::string>>();
  }
  const control::RefusalWatch refusals;
  auto answered = impl_->Serve(request, endpoint, context);
  if (!answered.ok() && answered.error().reason() == "would_wait") {
    // No answer, and nothing to tell or count: the request is on a thread that must not wait, and
    // comes again on one that may.
    return endpoint.face.EncodeError(answered.error(), request, &context);
  }
  if (!answered.ok()) {
    LogServerFault(endpoint.operation, answered.error());
    if (!refusals.seen()) impl_->RecordEarlyRefusal(endpoint, context, answered.error());
  }
  impl_->RecordRead(endpoint, context, answered.ok() ? nullptr : &answered.error());
  net::Response response = answered.ok()
                               ? *std::move(answered)
                               : endpoint.face.EncodeError(answered.error(), request, &context);
  endpoint.face.Decorate(response, request);
  if (context.caller.warnings != nullptr) AddWarnings(*context.caller.warnings, response);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  const auto index = static_cast<std::size_t>(&endpoint - impl_->endpoints.data());
  impl_->durations[index]->Observe(took.count());
  impl_->counters[index]->Count(request, response);
  return response;
}

}  // namespace breakwater::api
