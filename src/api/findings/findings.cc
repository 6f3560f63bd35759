#include "api/findings/findings.h"

#include "base/strings.h"

namespace breakwater::api::findings {
namespace {

using insights::Finding;
using insights::FindingFilter;
using json::Text;

constexpr std::string_view kRead = "security-advisor.findings.read";
constexpr std::string_view kReadNotes = "security-advisor.metadata.read";

json::Value ImageNote(const AccountId& account) {
  const std::string provider = account.value() + "/providers/" + std::string(insights::kProvider);
  return {
      {"id", Text(insights::kImageNote)},
      {"kind", "FINDING"},
      {"name", Text(provider + "/notes/" + std::string(insights::kImageNote))},
      {"provider_id", Text(insights::kProvider)},
      {"provider_name", Text(provider)},
      {"short_description", "Vulnerabilities found in container images"},
      {"long_description",
       "The vulnerability advisor found packages in an image for which vulnerabilities are known"},
      {"reported_by", {{"id", "breakwater"}, {"title", "Breakwater vulnerability advisor"}}},
      {"shared", true},
      {"finding",
       {{"severity", "HIGH"},
        {"next_steps",
         {{{"title", "Read the report of the image"}, {"url", "/va/api/v4/report/image/"}}}}}}};
}

Status OnlyOurProvider(const Context& context) {
  if (context.Path("provider_id") == insights::kProvider) return Ok();
  return NotFound("provider " + context.Path("provider_id") + " was not found");
}

// page_token is the offset of the next page; the empty token ends the list.
Result<FindingFilter> PageFilter(const Context& context) {
  FindingFilter filter;
  filter.state = insights::State::kOpen;
  if (const auto size = context.query.Get("page_size")) {
    BW_TRY(filter.limit, ParseInt(*size).Context("page_size"));
    if (filter.limit < 1 || filter.limit > 1000) return Invalid("page_size must be from 1 to 1000");
  }
  if (const auto token = context.query.Get("page_token"); token && !token->empty()) {
    BW_TRY(filter.offset, ParseInt(*token).Context("page_token"));
    if (filter.offset < 0) return Invalid("page_token is not one that was given out");
  }
  return filter;
}

Result<net::Response> ListOccurrences(const insights::Findings& findings, const Context& context,
                                      FindingFilter filter) {
  BW_TRY(const auto found, findings.List(context.account, filter));
  json::Array occurrences;
  for (const Finding& finding : found) occurrences.push_back(finding.document);
  const bool full = static_cast<std::int64_t>(found.size()) == filter.limit;
  return JsonResponse(
      200, {{"occurrences", std::move(occurrences)},
            {"next_page_token", Text(full ? std::to_string(filter.offset + filter.limit) : "")}});
}

class Handlers {
 public:
  explicit Handlers(insights::Findings& findings) : findings_(findings) {}

  Result<net::Response> Providers(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    const std::string id(insights::kProvider);
    return JsonResponse(
        200,
        {{"providers", {{{"name", Text(account.value() + "/providers/" + id)}, {"id", Text(id)}}}},
         {"limit", 200},
         {"skip", 0},
         {"total_count", 1}});
  }

  Result<net::Response> Notes(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY_STATUS(OnlyOurProvider(context));
    return JsonResponse(200, {{"notes", {ImageNote(account)}}, {"next_page_token", ""}});
  }

  Result<net::Response> Note(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY_STATUS(OnlyOurProvider(context));
    if (context.Path("note_id") != insights::kImageNote) {
      return NotFound("note " + context.Path("note_id") + " was not found");
    }
    return JsonResponse(200, ImageNote(account));
  }

  Result<net::Response> Occurrences(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    (void)account;
    BW_TRY_STATUS(OnlyOurProvider(context));
    BW_TRY(const FindingFilter filter, PageFilter(context));
    return ListOccurrences(findings_, context, filter);
  }

  Result<net::Response> OccurrencesOfNote(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    (void)account;
    BW_TRY_STATUS(OnlyOurProvider(context));
    BW_TRY(FindingFilter filter, PageFilter(context));
    filter.note_id = context.Path("note_id");
    return ListOccurrences(findings_, context, filter);
  }

  Result<net::Response> Occurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const Finding finding,
           findings_.Find(account, context.Path("provider_id"), context.Path("occurrence_id")));
    return JsonResponse(200, finding.document);
  }

  Result<net::Response> ByState(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    FindingFilter filter;
    filter.offset = page.offset;
    filter.limit = page.limit;
    if (const auto state = context.query.Get("state")) {
      if (*state != "open" && *state != "resolved")
        return Invalid("state must be open or resolved");
      filter.state = *state == "open" ? insights::State::kOpen : insights::State::kResolved;
    }
    if (const auto severity = context.query.Get("severity")) {
      BW_TRY(filter.severity, insights::ParseSeverity(*severity));
    }
    BW_TRY(const auto found, findings_.List(context.account, filter));
    BW_TRY(const std::int64_t total, findings_.Count(context.account, filter));
    json::Object body = PageFields(context, page, total, "/breakwater/v1/findings");
    json::Array items;
    for (const Finding& finding : found) {
      items.push_back(
          {{"id", Text(finding.id)},
           {"state", Text(insights::ToString(finding.state))},
           {"severity", Text(insights::ToString(finding.severity))},
           {"registry", Text(finding.registry.value())},
           {"resource", Text(finding.resource)},
           {"opened", Text(FormatRfc3339(finding.opened))},
           {"updated", Text(FormatRfc3339(finding.updated))},
           {"resolved", finding.resolved ? json::Value(Text(FormatRfc3339(*finding.resolved)))
                                         : json::Value(nullptr)},
           {"occurrence", finding.document}});
    }
    body["findings"] = std::move(items);
    return JsonResponse(200, body);
  }

 private:
  insights::Findings& findings_;
};

}  // namespace

std::vector<Endpoint> Endpoints(insights::Findings& findings, const SccFace& face) {
  const auto call = MethodsOf(Handlers(findings));
  return {
      {"GET", "/findings/v1/{account_id}/providers", "ListProviders", Access::To(kReadNotes), face,
       call(&Handlers::Providers)},
      {"GET", "/findings/v1/{account_id}/providers/{provider_id}/notes", "ListNotes",
       Access::To(kReadNotes), face, call(&Handlers::Notes)},
      {"GET", "/findings/v1/{account_id}/providers/{provider_id}/notes/{note_id}", "GetNote",
       Access::To(kReadNotes), face, call(&Handlers::Note)},
      {"GET", "/findings/v1/{account_id}/providers/{provider_id}/notes/{note_id}/occurrences",
       "ListNoteOccurrences", Access::To(kRead), face, call(&Handlers::OccurrencesOfNote)},
      {"GET", "/findings/v1/{account_id}/providers/{provider_id}/occurrences", "ListOccurrences",
       Access::To(kRead), face, call(&Handlers::Occurrences)},
      {"GET", "/findings/v1/{account_id}/providers/{provider_id}/occurrences/{occurrence_id}",
       "GetOccurrence", Access::To(kRead), face, call(&Handlers::Occurrence)},
      {"GET", "/breakwater/v1/findings", "ListFindings", Access::To(kRead), face,
       call(&Handlers::ByState)},
  };
}

}  // namespace breakwater::api::findings
