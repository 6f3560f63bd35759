#include "api/native/advisories.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::api::native {
namespace {

constexpr std::string_view kImportAction = "breakwater.advisories.import";

using json::Text;

constexpr std::size_t kMaxRecord = 4U << 20;
constexpr std::size_t kMaxSourceName = 255;

json::Value FeedJson(const advisor::FeedInfo& feed) {
  return {{"source", Text(feed.source)}, {"digest", Text(feed.digest)},
          {"newest", Text(feed.newest)}, {"imported", Text(FormatRfc3339(feed.imported))},
          {"records", feed.records},     {"vulnerabilities", feed.vulnerabilities}};
}

json::Value CountsJson(const advisor::FeedCounts& counts) {
  return {{"records", counts.records},
          {"invalid", counts.invalid},
          {"withdrawn", counts.withdrawn},
          {"other_ecosystems", counts.other_ecosystems},
          {"vulnerabilities", counts.vulnerabilities},
          {"advisories", counts.advisories},
          {"notices", counts.notices}};
}

// The name a feed is remembered by: shown to people, so one line of text.
Result<std::string> SourceName(const Context& context) {
  const auto named = context.query.Get("source");
  if (!named || named->empty()) return std::string("upload");
  const bool fits = named->size() <= kMaxSourceName && IsValidUtf8(*named) &&
                    std::none_of(named->begin(), named->end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  if (fits) return std::string(*named);
  return Invalid("source must be a name of at most 255 characters")
      .Reason("invalid_query_parameter");
}

bool IsJson(const Context& context) {
  const std::string_view type = context.request.headers.Get("Content-Type").value_or("");
  return EqualsIgnoreCase(Trim(type.substr(0, type.find(';'))), "application/json");
}

Result<advisor::ImportReport> ImportBody(advisor::Importer& importer, const Context& context) {
  BW_TRY(const std::string source, SourceName(context));
  if (!context.request.has_body) {
    return Invalid("the body must be a tar of OSV records, or one record as application/json")
        .Reason("body_missing");
  }
  if (!IsJson(context)) return importer.ImportArchive(*context.request.body, source);
  BW_TRY(const std::string record, io::ReadAll(*context.request.body, kMaxRecord));
  return importer.ImportRecord(record, source);
}

// Every verdict rests on the feed, so its replacement stands in the audit trail.
Status Record(const AdvisoriesDeps& deps, const Context& context,
              const std::optional<advisor::FeedInfo>& before, const advisor::FeedInfo& after) {
  return deps.changes.Submit(
      context.caller,
      {.action = std::string(kImportAction),
       .resource = control::AccountResource(context.account, "advisories", after.source),
       .apply = [&](db::Transaction&) -> Result<control::Effect> {
         return control::Effect{.before = before ? FeedJson(*before) : json::Value(),
                                .after = FeedJson(after),
                                .governed = {},
                                .events = {}};
       }});
}

Result<net::Response> Import(const AdvisoriesDeps& deps, const Context& context) {
  const bool sample = context.query.Get("sample") == "true";
  BW_TRY(const auto before, deps.advisor.Feed());
  BW_TRY(const advisor::ImportReport report,
         sample ? deps.importer.ImportSample() : ImportBody(deps.importer, context));
  if (!report.unchanged) BW_TRY_STATUS(Record(deps, context, before, report.feed));
  return JsonResponse(200, {{"unchanged", report.unchanged},
                            {"counts", CountsJson(report.counts)},
                            {"feed", FeedJson(report.feed)}});
}

Result<net::Response> Current(const advisor::Advisor& advisor) {
  BW_TRY(const auto feed, advisor.Feed());
  return JsonResponse(200, {{"feed", feed ? FeedJson(*feed) : json::Value()}});
}

}  // namespace

std::vector<Endpoint> AdvisoriesEndpoints(AdvisoriesDeps deps, const SccFace& face) {
  constexpr std::string_view kPath = "/breakwater/v1/advisories";
  return {
      {"GET", kPath, "GetAdvisories", Access::To("breakwater.advisories.read"), face,
       [&advisor = deps.advisor](Context&) { return Current(advisor); }},
      {"POST", kPath, "ImportAdvisories", Access::To(kImportAction), face,
       [deps](Context& context) { return Import(deps, context); }},
  };
}

}  // namespace breakwater::api::native
