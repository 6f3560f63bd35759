#include "api/native/audit.h"

#include "api/native/activity_event.h"
#include "audit/lines.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::api::native {
namespace {

using json::Text;

// Reading the trail shows what everybody did, so it is a right of its own.
constexpr std::string_view kRead = "breakwater.audit.read";
constexpr std::string_view kExport = "breakwater.audit.export";
constexpr std::int64_t kMaxEntries = 1000;
constexpr std::int64_t kMaxLines = 20'000;
constexpr std::size_t kMaxLineBytes = 8U << 20;

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

// What a page ends with: the time in microseconds, the row, and how far the trail was sealed.
std::string ToText(const audit::Position& position) {
  return std::to_string(ToMicros(position.time)) + "." + std::to_string(position.row) + "." +
         std::to_string(position.sealed.value_or(0));
}

Result<audit::Position> PositionFrom(std::string_view text) {
  const auto malformed = [] {
    return Invalid("after must be what next_after of the page before said");
  };
  const std::vector<std::string_view> parts = Split(text, '.');
  if (parts.size() < 2 || parts.size() > 3) return malformed();
  BW_TRY(const std::int64_t micros, ParseInt(parts[0]).Context("after"));
  if (micros < 0) return malformed();
  BW_TRY(const std::int64_t row, ParseInt(parts[1]).Context("after"));
  audit::Position position{.time = FromMicros(micros), .row = row};
  if (parts.size() == 3) {
    BW_TRY(position.sealed, ParseInt(parts[2]).Context("after"));
  }
  return position;
}

Result<audit::Filter> FilterOf(const Context& context) {
  audit::Filter filter;
  filter.account = context.account;
  filter.action = QueryText(context, "action");
  filter.request_id = QueryText(context, "request_id");
  filter.target = QueryText(context, "target");
  if (const auto initiator = QueryText(context, "initiator")) filter.initiator = IamId(*initiator);
  if (const auto outcome = QueryText(context, "outcome")) {
    if (*outcome != "success" && *outcome != "failure") {
      return Invalid("outcome must be success or failure");
    }
    filter.outcome = *outcome == "success" ? audit::Outcome::kSuccess : audit::Outcome::kFailure;
  }
  BW_TRY(filter.since, QueryTime(context, "since"));
  BW_TRY(filter.until, QueryTime(context, "until"));
  if (const auto after = QueryText(context, "after")) {
    BW_TRY(filter.after, PositionFrom(*after));
  }
  BW_TRY(filter.limit, QueryNumber(context, "limit", filter.limit));
  // Whoever asks for more than there can be, or for none, must not take the answer for all there
  // is.
  if (filter.limit < 1 || filter.limit > kMaxEntries) {
    return Invalid("limit must be from 1 to " + std::to_string(kMaxEntries))
        .Reason("invalid_query_parameter");
  }
  return filter;
}

json::Value RecordJson(const audit::Found& found) {
  json::Value record = audit::ToJson(found.record);
  record.as_object()["sequence"] = found.sequence ? json::Value(*found.sequence) : json::Value();
  return record;
}

Result<net::Response> List(const AuditDeps& deps, const Context& context, const char* member,
                           json::Value (*encode)(const audit::Found&)) {
  BW_TRY(const audit::Filter filter, FilterOf(context));
  BW_TRY(const audit::Page page, deps.log.List(filter));
  BW_TRY(const std::int64_t removed, deps.segments.RemovedUntil());
  json::Array list;
  for (const audit::Found& one : page.found) list.push_back(encode(one));
  json::Object body{{member, std::move(list)}};
  body[page.full ? "next_after" : "resume_after"] = Text(ToText(page.end));
  // Nobody must take an empty answer for nothing: older entries are exported, not asked for.
  if (removed > 0) body["removed_until"] = removed;
  return JsonResponse(200, body);
}

Status CheckOwner(const AuditDeps& deps, const Context& context) {
  if (context.account == deps.owner) return Ok();
  return Denied(
             "the whole trail, and what is recorded, are the business of the installation's own "
             "account; yours is at /breakwater/v1/audit/records")
      .Reason("not_authorized");
}

// Sealed entries as a verifier needs them: every account's, since one chain holds them all.
Result<net::Response> Export(const AuditDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  const audit::Log& log = deps.log;
  BW_TRY(const std::int64_t first, QueryNumber(context, "from", 1));
  BW_TRY(const auto sealed, log.Seal());
  (void)sealed;
  json::Array entries;
  std::int64_t next = first;
  BW_TRY_STATUS(log.Export(first, kMaxEntries, [&](const audit::Entry& entry) -> Status {
    entries.push_back(audit::ToJson(entry));
    next = entry.sequence + 1;
    return Ok();
  }));
  const bool full = static_cast<std::int64_t>(entries.size()) == kMaxEntries;
  json::Object body{{"entries", std::move(entries)}};
  if (full) body["next_from"] = next;
  // What was removed from the database is exported as lines, out of its segments.
  BW_TRY(const std::int64_t removed, deps.segments.RemovedUntil());
  if (removed >= first) body["removed_until"] = removed;
  return JsonResponse(200, body);
}

Result<net::Response> Verify(const AuditDeps& deps) {
  const auto verified = deps.checks.VerifyAudit(deps.log, deps.heads);
  if (!verified.ok()) {
    if (verified.error().code() != ErrorCode::kDataCorrupt) return verified.error();
    return JsonResponse(200, {{"intact", false}, {"problem", Text(verified.error().message())}});
  }
  return JsonResponse(200, {{"intact", true},
                            {"first", verified->first},
                            {"sealed", verified->sealed},
                            {"unsealed", verified->unsealed},
                            {"head", Text(verified->head)}});
}

Result<net::Response> SetSettings(const AuditDeps& deps, Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const json::Value body, ReadJson(context));
  const json::Reader in(body);
  const json::Reader pulls = in.Field("pulls");
  const auto level = audit::PullLevelFrom(pulls.String());
  if (!level) pulls.Fail("must be all, by_tag or first_of_day");
  audit::Settings wanted;
  wanted.keep_days = in.Field("keep_days").Int();
  BW_TRY_STATUS(in.Finish());
  wanted.pulls = *level;
  BW_TRY_STATUS(deps.settings.Set(context.caller, context.account, wanted));
  return JsonResponse(200, audit::ToJson(wanted));
}

// Lines for `breakwater audit verify`. An empty answer is the end; its trailer says how long the
// tail is that is not sealed yet.
Result<net::Response> ExportLines(const AuditDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const std::int64_t first, QueryNumber(context, "from", 1));
  if (first < 1) return Invalid("from counts from 1");
  std::string lines;
  BW_TRY(const std::int64_t next, deps.segments.Export(first, kMaxLines, kMaxLineBytes, lines));
  if (next == first) {
    // What a verifier can ask for now stands behind the last entry, signed.
    BW_TRY(const auto head, deps.heads.Sign());
    if (head && head->sequence + 1 == first) audit::AppendLine(*head, lines);
    BW_TRY(const std::int64_t unsealed, deps.log.CountUnsealed());
    audit::AppendUnsealed(unsealed, lines);
  }
  net::Response response;
  response.status = 200;
  response.headers.Set("Content-Type", "application/jsonl");
  if (next > first) response.headers.Set("Breakwater-Next-From", std::to_string(next));
  response.body = std::move(lines);
  return response;
}

Result<net::Response> ListHeads(const AuditDeps& deps, const Context& context) {
  BW_TRY(const std::int64_t first, QueryNumber(context, "from", 1));
  BW_TRY(const auto heads, deps.heads.List(first, kMaxEntries));
  json::Array list;
  for (const audit::Head& head : heads) list.push_back(audit::ToJson(head));
  json::Object body{{"heads", std::move(list)}};
  if (static_cast<std::int64_t>(heads.size()) == kMaxEntries) {
    body["next_from"] = heads.back().sequence + 1;
  }
  return JsonResponse(200, body);
}

Result<net::Response> LatestHead(const AuditDeps& deps) {
  BW_TRY(const auto head, deps.heads.Latest());
  if (!head) return NotFound("no head was signed yet").Reason("not_found");
  return JsonResponse(200, audit::ToJson(*head));
}

Result<net::Response> PublicKey(const AuditDeps& deps) {
  const auto& key = deps.heads.public_key();
  return JsonResponse(200, {{"kid", Text(key.kid())},
                            {"algorithm", Text(key.algorithm())},
                            {"pem", Text(key.ToPem())},
                            {"jwk", key.ToJwk()}});
}

Result<net::Response> ListSegments(const AuditDeps& deps, const Context& context) {
  BW_TRY_STATUS(CheckOwner(deps, context));
  BW_TRY(const std::int64_t first, QueryNumber(context, "from", 1));
  BW_TRY(const auto segments, deps.segments.List(first, kMaxEntries));
  json::Array list;
  for (const audit::Segment& segment : segments) list.push_back(audit::ToJson(segment));
  json::Object body{{"segments", std::move(list)}};
  if (static_cast<std::int64_t>(segments.size()) == kMaxEntries) {
    body["next_from"] = segments.back().last + 1;
  }
  return JsonResponse(200, body);
}

control::Resource SettingsOf(const Context& context) {
  return control::AccountResource(context.account, "audit", "settings");
}

}  // namespace

std::vector<Endpoint> AuditEndpoints(AuditDeps deps, const SccFace& face) {
  admin::AuditSettings& settings = deps.settings;
  return {
      {"GET", "/breakwater/v1/audit/records", "ListAuditRecords", Access::To(kRead), face,
       [deps](Context& context) { return List(deps, context, "records", RecordJson); }},
      {"GET", "/breakwater/v1/audit/events", "ListAuditEvents", Access::To(kRead), face,
       [deps](Context& context) {
         return List(deps, context, "events",
                     [](const audit::Found& found) { return ActivityEvent(found.record); });
       }},
      {"GET", "/breakwater/v1/audit/entries", "ExportAudit", Access::To(kExport), face,
       [deps](Context& context) { return Export(deps, context); }},
      {"GET", "/breakwater/v1/audit/verification", "VerifyAudit", Access::To(kRead), face,
       [deps](Context& context) -> Result<net::Response> {
         BW_TRY_STATUS(CheckOwner(deps, context));
         return Verify(deps);
       }},
      {"GET", "/breakwater/v1/audit/export", "ExportAuditLines", Access::To(kExport), face,
       [deps](Context& context) { return ExportLines(deps, context); }},
      {"GET", "/breakwater/v1/audit/segments", "ListAuditSegments", Access::To(kExport), face,
       [deps](Context& context) { return ListSegments(deps, context); }},
      {"GET", "/breakwater/v1/audit/heads", "ListAuditHeads", Access::To(kRead), face,
       [deps](Context& context) { return ListHeads(deps, context); }},
      {"GET", "/breakwater/v1/audit/heads/latest", "GetLatestAuditHead", Access::To(kRead), face,
       [deps](Context&) { return LatestHead(deps); }},
      {"GET", "/breakwater/v1/audit/key", "GetAuditKey", Access::To(kRead), face,
       [deps](Context&) { return PublicKey(deps); }},
      {"GET", "/breakwater/v1/audit/settings", "GetAuditSettings", Access::To(kRead, SettingsOf),
       face,
       [&settings](Context&) -> Result<net::Response> {
         BW_TRY(const audit::Settings found, settings.Get());
         return JsonResponse(200, audit::ToJson(found));
       }},
      {"PUT", "/breakwater/v1/audit/settings", "SetAuditSettings",
       Access::To(admin::AuditSettings::kAction, SettingsOf), face,
       [deps](Context& context) { return SetSettings(deps, context); }},
  };
}

}  // namespace breakwater::api::native
