#include "api/findings/findings.h"

#include <algorithm>

#include "api/findings/decode.h"
#include "base/strings.h"
#include "insights/graph.h"
#include "io/stream.h"
#include "json/reader.h"

namespace breakwater::api::findings {
namespace {

using insights::Finding;
using insights::FindingFilter;
using insights::GraphField;
using insights::NoteFilter;
using json::Text;

constexpr std::string_view kRead = "security-advisor.findings.read";
constexpr std::string_view kReadNotes = "security-advisor.metadata.read";
constexpr std::int64_t kMaxPageSize = 1000;
constexpr std::int64_t kMaxProviders = 200;
constexpr std::size_t kMaxQueryBytes = 128U << 10;

json::Object EncodeNote(const insights::Note& note) {
  json::Object object = note.draft.document.as_object();
  object["id"] = Text(note.draft.id);
  object["kind"] = Text(insights::ToString(note.draft.kind));
  object["name"] = Text(note.name());
  object["provider_id"] = Text(note.provider_id);
  object["provider_name"] = Text(insights::ProviderName(note.account, note.provider_id));
  object["context"] = json::Object{{"account_id", Text(note.account.value())}};
  if (note.created && note.updated) {
    object["create_time"] = Text(FormatRfc3339(*note.created));
    object["create_timestamp"] = ToMicros(*note.created) / 1000;
    object["update_time"] = Text(FormatRfc3339(*note.updated));
    object["update_timestamp"] = ToMicros(*note.updated) / 1000;
  }
  return object;
}

Result<std::int64_t> NumberOf(const Context& context, std::string_view name, std::int64_t fallback,
                              std::int64_t least, std::int64_t most) {
  const auto text = context.query.Get(name);
  if (!text || text->empty()) return fallback;
  BW_TRY(const std::int64_t number, ParseInt(*text).Context(name));
  if (number >= least && number <= most) return number;
  return Invalid(std::string(name) + " must be from " + std::to_string(least) + " to " +
                 std::to_string(most))
      .Reason("invalid_query_parameter");
}

// page_token is the offset of the next page; the empty token ends the list.
template <class Filter>
Status ReadPage(const Context& context, Filter* filter) {
  BW_TRY(filter->limit, NumberOf(context, "page_size", filter->limit, 1, kMaxPageSize));
  BW_TRY(filter->offset, NumberOf(context, "page_token", 0, 0, 1'000'000'000));
  return Ok();
}

template <class Filter>
json::Value NextToken(const Filter& filter, std::size_t found) {
  const bool full = static_cast<std::int64_t>(found) == filter.limit;
  return Text(full ? std::to_string(filter.offset + filter.limit) : "");
}

// The id of the path and that of the body are one.
Status CheckSameId(std::string_view of_path, std::string_view of_body) {
  if (of_path == of_body) return Ok();
  return Invalid("id: must be " + std::string(of_path) + ", as in the path")
      .Reason("invalid_field");
}

std::optional<std::string> TextArgument(const GraphField& field, std::string_view name) {
  const json::Value* value = field.Argument(name);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(json::View(value->get_string()));
}

std::int64_t LimitOf(const GraphField& field) {
  const json::Value* limit = field.Argument("limit");
  if (limit == nullptr || !limit->is_int64()) return kMaxPageSize;
  return std::clamp<std::int64_t>(limit->get_int64(), 1, kMaxPageSize);
}

class Handlers {
 public:
  explicit Handlers(const Deps& deps) : deps_(deps) {}

  // An older client pages with tokens.
  Result<net::Response> Providers(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(std::int64_t limit, NumberOf(context, "limit", kMaxProviders, 1, kMaxPageSize));
    BW_TRY(std::int64_t skip, NumberOf(context, "skip", 0, 0, 1'000'000'000));
    BW_TRY(limit, NumberOf(context, "page_size", limit, 1, kMaxPageSize));
    BW_TRY(skip, NumberOf(context, "page_token", skip, 0, 1'000'000'000));
    BW_TRY(auto ids, deps_.notes.Providers(account));
    const auto first = context.query.Get("start_provider_id");
    const auto last = context.query.Get("end_provider_id");
    std::erase_if(ids, [&](const std::string& id) {
      return (first && id < *first) || (last && !last->empty() && id > *last);
    });
    json::Array providers;
    const auto total = static_cast<std::int64_t>(ids.size());
    for (std::int64_t i = skip; i < std::min(total, skip + limit); ++i) {
      const std::string& id = ids[static_cast<std::size_t>(i)];
      providers.push_back({{"name", Text(insights::ProviderName(account, id))}, {"id", Text(id)}});
    }
    return JsonResponse(
        200, {{"providers", std::move(providers)},
              {"limit", limit},
              {"skip", skip},
              {"total_count", total},
              {"next_page_token", Text(skip + limit < total ? std::to_string(skip + limit) : "")}});
  }

  Result<net::Response> Notes(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    NoteFilter filter;
    filter.provider_id = context.Path("provider_id");
    BW_TRY_STATUS(ReadPage(context, &filter));
    BW_TRY(const auto found, deps_.notes.List(account, filter));
    json::Array notes;
    for (const insights::Note& note : found) notes.push_back(EncodeNote(note));
    return JsonResponse(
        200, {{"notes", std::move(notes)}, {"next_page_token", NextToken(filter, found.size())}});
  }

  Result<net::Response> Note(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const auto note,
           deps_.notes.Find(account, context.Path("provider_id"), context.Path("note_id")));
    return JsonResponse(200, EncodeNote(note));
  }

  Result<net::Response> CreateNote(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(auto draft, DecodeNote(body));
    BW_TRY(const auto note, deps_.notes.Create(context.caller, account, context.Path("provider_id"),
                                               std::move(draft)));
    return JsonResponse(200, EncodeNote(note));
  }

  Result<net::Response> UpdateNote(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(auto draft, DecodeNote(body));
    BW_TRY_STATUS(CheckSameId(context.Path("note_id"), draft.id));
    BW_TRY(const auto note, deps_.notes.Replace(context.caller, account,
                                                context.Path("provider_id"), std::move(draft)));
    return JsonResponse(200, EncodeNote(note));
  }

  Result<net::Response> DeleteNote(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY_STATUS(deps_.notes.Delete(context.caller, account, context.Path("provider_id"),
                                     context.Path("note_id")));
    return JsonResponse(200, json::Object());
  }

  Result<net::Response> Occurrences(Context& context) const {
    return ListOccurrences(context, std::nullopt);
  }

  Result<net::Response> OccurrencesOfNote(Context& context) const {
    return ListOccurrences(context, context.Path("note_id"));
  }

  Result<net::Response> Occurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const Finding finding, deps_.findings.Find(account, context.Path("provider_id"),
                                                      context.Path("occurrence_id")));
    return JsonResponse(200, finding.document);
  }

  Result<net::Response> NoteOfOccurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const auto note, deps_.occurrences.NoteOf(account, context.Path("provider_id"),
                                                     context.Path("occurrence_id")));
    return JsonResponse(200, EncodeNote(note));
  }

  Result<net::Response> CreateOccurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeOccurrence(body));
    const auto replace = context.request.headers.Get("Replace-If-Exists");
    BW_TRY(const Finding made,
           deps_.occurrences.Create(context.caller, account, context.Path("provider_id"), draft,
                                    replace && EqualsIgnoreCase(*replace, "true")));
    return JsonResponse(200, made.document);
  }

  Result<net::Response> UpdateOccurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY(const json::Value body, ReadJson(context));
    BW_TRY(const auto draft, DecodeOccurrence(body));
    BW_TRY_STATUS(CheckSameId(context.Path("occurrence_id"), draft.id));
    BW_TRY(const Finding changed,
           deps_.occurrences.Replace(context.caller, account, context.Path("provider_id"), draft));
    return JsonResponse(200, changed.document);
  }

  Result<net::Response> DeleteOccurrence(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    BW_TRY_STATUS(deps_.occurrences.Delete(context.caller, account, context.Path("provider_id"),
                                           context.Path("occurrence_id")));
    return JsonResponse(200, json::Object());
  }

  // The query itself, or {"query": …}, as Content-Type says.
  Result<net::Response> Graph(Context& context) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    const auto type = context.request.headers.Get("Content-Type");
    std::string query;
    if (type && type->starts_with("application/graphql")) {
      BW_TRY(query, io::ReadAll(*context.request.body, kMaxQueryBytes));
    } else {
      BW_TRY(const json::Value body, ReadJson(context));
      const json::Reader in(body);
      query = in.Field("query").String();
      BW_TRY_STATUS(in.Finish());
    }
    BW_TRY(const auto fields, insights::ParseGraphQuery(query));
    json::Object data;
    for (const GraphField& field : fields) {
      BW_TRY(data[field.alias], Resolve(account, field));
    }
    return JsonResponse(200, {{"data", std::move(data)}});
  }

  Result<net::Response> ByState(Context& context) const {
    BW_TRY(const Page page, PageOf(context));
    FindingFilter filter;
    filter.kind = "FINDING";
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
    BW_TRY(const auto found, deps_.findings.List(context.account, filter));
    BW_TRY(const std::int64_t total, deps_.findings.Count(context.account, filter));
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
  Result<net::Response> ListOccurrences(const Context& context,
                                        std::optional<std::string> note_id) const {
    BW_TRY(const AccountId account, AccountOf(context, context.Path("account_id")));
    FindingFilter filter;
    filter.state = insights::State::kOpen;
    filter.provider_id = context.Path("provider_id");
    filter.note_id = std::move(note_id);
    BW_TRY_STATUS(ReadPage(context, &filter));
    BW_TRY(const auto found, deps_.findings.List(account, filter));
    json::Array occurrences;
    for (const Finding& finding : found) occurrences.push_back(finding.document);
    return JsonResponse(200, {{"occurrences", std::move(occurrences)},
                              {"next_page_token", NextToken(filter, found.size())}});
  }

  // A field of the query itself.
  Result<json::Value> Resolve(const AccountId& account, const GraphField& field) const {
    if (field.name == "providers") return GraphProviders(account, field);
    if (field.name == "notes") return GraphNotes(account, field);
    if (field.name == "occurrences") return GraphOccurrences(account, field);
    if (field.name == "note" || field.name == "occurrence") return GraphOne(account, field);
    return Invalid("query: there is no field " + field.name.substr(0, 64) +
                   " (there are providers, notes, note, occurrences, occurrence)")
        .Reason("invalid_query");
  }

  Result<json::Value> GraphProviders(const AccountId& account, const GraphField& field) const {
    BW_TRY(const auto ids, deps_.notes.Providers(account));
    json::Array all;
    for (const std::string& id : ids) {
      all.push_back({{"id", Text(id)}, {"name", Text(insights::ProviderName(account, id))}});
    }
    return insights::Project(all, field.fields);
  }

  Result<json::Value> GraphNotes(const AccountId& account, const GraphField& field) const {
    NoteFilter filter;
    filter.limit = LimitOf(field);
    filter.provider_id = TextArgument(field, "providerId");
    if (const auto kind = TextArgument(field, "kind")) {
      BW_TRY(filter.kind, insights::ParseNoteKind(*kind));
    }
    BW_TRY(const auto found, deps_.notes.List(account, filter));
    const auto id = TextArgument(field, "id");
    json::Array all;
    for (const insights::Note& note : found) {
      if (!id || *id == note.draft.id) all.push_back(EncodeNote(note));
    }
    return insights::Project(all, field.fields);
  }

  Result<json::Value> GraphOccurrences(const AccountId& account, const GraphField& field) const {
    FindingFilter filter;
    filter.state = insights::State::kOpen;
    filter.limit = LimitOf(field);
    filter.provider_id = TextArgument(field, "providerId");
    if (const auto kind = TextArgument(field, "kind")) {
      BW_TRY_STATUS(insights::ParseNoteKind(*kind));
      filter.kind = *kind == "KPI" ? "KPI" : "FINDING";
    }
    if (const auto name = TextArgument(field, "noteName")) {
      BW_TRY(const auto note, insights::ParseNoteName(account, *name));
      filter.provider_id = note.provider_id;
      filter.note_id = note.id;
    }
    if (const auto severity = TextArgument(field, "severity")) {
      BW_TRY(filter.severity, insights::ParseSeverity(*severity));
    }
    BW_TRY(const auto found, deps_.findings.List(account, filter));
    json::Array all;
    for (const Finding& finding : found) all.push_back(finding.document);
    return insights::Project(all, field.fields);
  }

  // By its full name; null if there is none.
  Result<json::Value> GraphOne(const AccountId& account, const GraphField& field) const {
    const std::string name = TextArgument(field, "name").value_or("");
    constexpr std::string_view kNotes = "/notes/", kOccurrences = "/occurrences/";
    const std::string provider = insights::ProviderName(account, "");
    const std::string_view separator = field.name == "note" ? kNotes : kOccurrences;
    const auto at = name.find(separator);
    if (!name.starts_with(provider) || at == std::string::npos) {
      return Invalid("query: " + field.name + " needs the name of one").Reason("invalid_query");
    }
    const std::string provider_id = name.substr(provider.size(), at - provider.size());
    const std::string id = name.substr(at + separator.size());
    if (field.name == "note") {
      const auto note = deps_.notes.Find(account, provider_id, id);
      if (note.ok()) return insights::Project(EncodeNote(*note), field.fields);
      return OrNull(note.error());
    }
    const auto finding = deps_.findings.Find(account, provider_id, id);
    if (finding.ok()) return insights::Project(finding->document, field.fields);
    return OrNull(finding.error());
  }

  static Result<json::Value> OrNull(const Error& error) {
    if (error.code() == ErrorCode::kNotFound) return json::Value();
    return error;
  }

  Deps deps_;
};

}  // namespace

std::vector<Endpoint> Endpoints(const Deps& deps, const SccFace& face) {
  const auto call = MethodsOf(Handlers(deps));
  std::vector<Endpoint> all;
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation,
                       std::string_view action,
                       Result<net::Response> (Handlers::*handler)(Context&) const) {
    all.push_back({method, path, operation, Access::To(action), face, call(handler)});
  };
  constexpr std::string_view kNotes = "/findings/v1/{account_id}/providers/{provider_id}/notes";
  constexpr std::string_view kNote =
      "/findings/v1/{account_id}/providers/{provider_id}/notes/{note_id}";
  constexpr std::string_view kAll = "/findings/v1/{account_id}/providers/{provider_id}/occurrences";
  constexpr std::string_view kOne =
      "/findings/v1/{account_id}/providers/{provider_id}/occurrences/{occurrence_id}";
  add("GET", "/findings/v1/{account_id}/providers", "ListProviders", kReadNotes,
      &Handlers::Providers);
  add("GET", kNotes, "ListNotes", kReadNotes, &Handlers::Notes);
  add("POST", kNotes, "CreateNote", "security-advisor.metadata.write", &Handlers::CreateNote);
  add("GET", kNote, "GetNote", kReadNotes, &Handlers::Note);
  add("PUT", kNote, "UpdateNote", "security-advisor.metadata.update", &Handlers::UpdateNote);
  add("DELETE", kNote, "DeleteNote", "security-advisor.metadata.delete", &Handlers::DeleteNote);
  add("GET", "/findings/v1/{account_id}/providers/{provider_id}/notes/{note_id}/occurrences",
      "ListNoteOccurrences", kRead, &Handlers::OccurrencesOfNote);
  add("GET", kAll, "ListOccurrences", kRead, &Handlers::Occurrences);
  add("POST", kAll, "CreateOccurrence", "security-advisor.findings.write",
      &Handlers::CreateOccurrence);
  add("GET", kOne, "GetOccurrence", kRead, &Handlers::Occurrence);
  add("PUT", kOne, "UpdateOccurrence", "security-advisor.findings.update",
      &Handlers::UpdateOccurrence);
  add("DELETE", kOne, "DeleteOccurrence", "security-advisor.findings.delete",
      &Handlers::DeleteOccurrence);
  add("GET", "/findings/v1/{account_id}/providers/{provider_id}/occurrences/{occurrence_id}/note",
      "GetOccurrenceNote", kReadNotes, &Handlers::NoteOfOccurrence);
  add("POST", "/findings/v1/{account_id}/graph", "PostGraph", kRead, &Handlers::Graph);
  all.back().recorded = Recorded::As(kRead);
  add("GET", "/breakwater/v1/findings", "ListFindings", kRead, &Handlers::ByState);
  return all;
}

}  // namespace breakwater::api::findings
