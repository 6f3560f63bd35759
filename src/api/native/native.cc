#include "api/native/native.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::api::native {
namespace {

using json::Text;

// Reading the trail shows what everybody did, so it is a right of its own.
constexpr std::string_view kReadAudit = "breakwater.audit.read";
constexpr std::int64_t kMaxEntries = 1000;

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.push_back(Text(text));
  return array;
}

std::optional<std::string> QueryText(const Context& context, std::string_view name) {
  const auto value = context.query.Get(name);
  return value ? std::optional(std::string(*value)) : std::nullopt;
}

Result<std::int64_t> QueryNumber(const Context& context, std::string_view name,
                                 std::int64_t fallback) {
  const auto value = context.query.Get(name);
  if (!value) return fallback;
  return ParseInt(*value).Context(name);
}

Result<std::optional<Timestamp>> QueryTime(const Context& context, std::string_view name) {
  const auto value = context.query.Get(name);
  if (!value) return std::optional<Timestamp>{};
  BW_TRY(const Timestamp time, ParseRfc3339(*value).Context(name));
  return std::optional(time);
}

Result<audit::Filter> FilterOf(const Context& context) {
  audit::Filter filter;
  filter.account = context.account;
  filter.action = QueryText(context, "action");
  filter.request_id = QueryText(context, "request_id");
  if (const auto initiator = QueryText(context, "initiator")) filter.initiator = IamId(*initiator);
  if (const auto outcome = QueryText(context, "outcome")) {
    if (*outcome != "success" && *outcome != "failure") {
      return Invalid("outcome must be success or failure");
    }
    filter.outcome = *outcome == "success" ? audit::Outcome::kSuccess : audit::Outcome::kFailure;
  }
  BW_TRY(filter.since, QueryTime(context, "since"));
  BW_TRY(filter.until, QueryTime(context, "until"));
  BW_TRY(filter.after_row, QueryNumber(context, "after", 0));
  BW_TRY(filter.limit, QueryNumber(context, "limit", filter.limit));
  filter.limit = std::clamp<std::int64_t>(filter.limit, 1, kMaxEntries);
  return filter;
}

Result<net::Response> WhoAmI(Context& context) {
  const control::Actor& actor = context.caller.actor;
  return JsonResponse(200, {{"account_id", Text(actor.account.value())},
                            {"iam_id", Text(actor.iam_id.value())},
                            {"name", Text(actor.name)},
                            {"kind", Text(control::ToString(actor.kind))},
                            {"credential", Text(actor.credential)}});
}

Result<net::Response> ListRegistries(const control::Registries& registries) {
  json::Array all;
  for (const control::RegistryInfo& registry : registries.all()) {
    all.push_back({{"name", Text(registry.name.value())},
                   {"region", Text(registry.region)},
                   {"public_hosts", Texts(registry.public_hosts)},
                   {"private_hosts", Texts(registry.private_hosts)}});
  }
  return JsonResponse(200, {{"registries", std::move(all)}});
}

Result<net::Response> ListAuditRecords(const audit::Log& log, const Context& context) {
  BW_TRY(const audit::Filter filter, FilterOf(context));
  BW_TRY(const auto found, log.Query(filter));
  json::Array records;
  for (const audit::Found& one : found) {
    json::Value record = audit::ToJson(one.record);
    record.as_object()["sequence"] = one.sequence ? json::Value(*one.sequence) : json::Value();
    records.push_back(std::move(record));
  }
  json::Object body{{"records", std::move(records)}};
  if (static_cast<std::int64_t>(found.size()) == filter.limit)
    body["next_after"] = found.back().row;
  return JsonResponse(200, body);
}

// Sealed entries as a verifier needs them: every account's, since one chain holds them all.
Result<net::Response> ExportAudit(const audit::Log& log, const Context& context) {
  BW_TRY(const std::int64_t first, QueryNumber(context, "from", 1));
  BW_TRY(const auto sealed, log.Seal());
  (void)sealed;
  json::Array entries;
  std::int64_t next = first;
  constexpr std::string_view kEnough = "page_full";
  const Status status = log.Export(first, [&](const audit::Entry& entry) -> Status {
    if (static_cast<std::int64_t>(entries.size()) == kMaxEntries) {
      return Invalid("").Reason(std::string(kEnough));
    }
    entries.push_back(audit::ToJson(entry));
    next = entry.sequence + 1;
    return Ok();
  });
  const bool more = !status.ok() && status.error().reason() == kEnough;
  if (!status.ok() && !more) return status.error();
  json::Object body{{"entries", std::move(entries)}};
  if (more) body["next_from"] = next;
  return JsonResponse(200, body);
}

Result<net::Response> VerifyAudit(const audit::Log& log) {
  const auto verified = log.Verify();
  if (!verified.ok()) {
    if (verified.error().code() != ErrorCode::kDataCorrupt) return verified.error();
    return JsonResponse(200, {{"intact", false}, {"problem", Text(verified.error().message())}});
  }
  return JsonResponse(200, {{"intact", true},
                            {"sealed", verified->sealed},
                            {"unsealed", verified->unsealed},
                            {"head", Text(verified->head)}});
}

}  // namespace

std::vector<Endpoint> NativeEndpoints(NativeDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/whoami", "WhoAmI", Access::SignedIn("tells callers about themselves"),
       face, WhoAmI},
      {"GET", "/breakwater/v1/registries", "ListRegistries",
       Access::SignedIn("the names clients push to"), face,
       [&r = deps.registries](Context&) { return ListRegistries(r); }},
      {"GET", "/breakwater/v1/properties", "ListProperties",
       Access::SignedIn("what rules and goals can name"), face,
       [&c = deps.catalogue](Context&) -> Result<net::Response> {
         return JsonResponse(200, c.document());
       }},
      {"GET", "/breakwater/v1/audit/records", "ListAuditRecords", Access::To(kReadAudit), face,
       [&log = deps.audit](Context& context) { return ListAuditRecords(log, context); }},
      {"GET", "/breakwater/v1/audit/entries", "ExportAudit", Access::To("breakwater.audit.export"),
       face, [&log = deps.audit](Context& context) { return ExportAudit(log, context); }},
      {"GET", "/breakwater/v1/audit/verification", "VerifyAudit", Access::To(kReadAudit), face,
       [&log = deps.audit](Context&) { return VerifyAudit(log); }},
  };
}

}  // namespace breakwater::api::native
