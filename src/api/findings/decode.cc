#include "api/findings/decode.h"

#include <algorithm>
#include <initializer_list>

#include "base/check.h"
#include "json/reader.h"

namespace breakwater::api::findings {
namespace {

using insights::NoteDraft;
using insights::NoteKind;
using insights::OccurrenceDraft;
using json::Text;

constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxText = 4096;
constexpr std::size_t kMaxItems = 100;
constexpr std::size_t kMaxReference = 64U << 10;

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
  }));
}

std::string TextOf(const json::Reader& in, std::size_t max = kMaxText) {
  std::string text = in.String();
  if (Characters(text) > max) in.Fail("must have at most " + std::to_string(max) + " characters");
  return text;
}

std::string OneOf(const json::Reader& in, std::initializer_list<std::string_view> words) {
  std::string word = in.String();
  if (std::find(words.begin(), words.end(), word) != words.end()) return word;
  std::string all;
  for (const std::string_view known : words) all.append(all.empty() ? "" : ", ").append(known);
  in.Fail("must be one of " + all);
  return word;
}

// Ids are segments of paths and of names.
std::string IdOf(const json::Reader& in) {
  std::string id = TextOf(in, kMaxId);
  const bool fits = std::none_of(id.begin(), id.end(), [](char c) {
    return c == '/' || static_cast<unsigned char>(c) <= 0x20 || c == 0x7f;
  });
  if (id.empty() || !fits) in.Fail("must have 1 to 256 characters, without slash and space");
  return id;
}

NoteKind KindOf(const json::Reader& in) {
  const auto kind = insights::ParseNoteKind(in.String());
  if (kind.ok()) return *kind;
  in.Fail(kind.error().message());
  return NoteKind::kFinding;
}

// Copies what is there of these texts.
void CopyTexts(const json::Reader& in, std::initializer_list<std::string_view> names,
               json::Object* out) {
  for (const std::string_view name : names) {
    if (const auto text = in.Optional(name)) (*out)[name] = Text(TextOf(*text));
  }
}

void CopyInts(const json::Reader& in, std::initializer_list<std::string_view> names,
              json::Object* out) {
  for (const std::string_view name : names) {
    if (in.Optional(name)) (*out)[name] = in.Int(name, 0);
  }
}

json::Array Texts(const json::Reader& in) {
  json::Array texts;
  for (const std::string& text : in.Strings(kMaxItems)) texts.emplace_back(Text(text));
  return texts;
}

json::Array StepsOf(const json::Reader& in) {
  json::Array steps;
  for (const json::Reader& item : in.Items(kMaxItems)) {
    json::Object step;
    CopyTexts(item, {"title", "url"}, &step);
    steps.push_back(std::move(step));
  }
  return steps;
}

std::string SeverityOf(const json::Reader& in) {
  return OneOf(in, {"LOW", "MEDIUM", "HIGH", "CRITICAL"});
}

json::Object FindingTypeOf(const json::Reader& in) {
  json::Object finding{{"severity", Text(SeverityOf(in.Field("severity")))}};
  if (const auto steps = in.Optional("next_steps")) finding["next_steps"] = StepsOf(*steps);
  return finding;
}

json::Object KpiTypeOf(const json::Reader& in) {
  json::Object kpi{{"aggregation_type", Text(OneOf(in.Field("aggregation_type"), {"SUM"}))}};
  // With a capital, as clients know it.
  if (const auto severity = in.Optional("Severity")) {
    kpi["Severity"] = Text(SeverityOf(*severity));
  }
  return kpi;
}

constexpr std::size_t kMaxValueText = 22;

json::Object ValueTypeOf(const json::Reader& in, bool counts_only) {
  const json::Reader kind = in.Field("kind");
  json::Object value{{"kind", Text(OneOf(kind, {"KPI", "FINDING_COUNT"}))}, {"text", ""}};
  if (const auto text = in.Optional("text")) value["text"] = Text(TextOf(*text, kMaxValueText));
  if (kind.value() == json::Value("KPI")) {
    if (counts_only) kind.Fail("must be FINDING_COUNT in a TIME_SERIES");
    value["kpi_note_name"] = Text(TextOf(in.Field("kpi_note_name")));
  } else {
    value["finding_note_names"] = Texts(in.Field("finding_note_names"));
  }
  return value;
}

json::Object ElementOf(const json::Reader& in) {
  const std::string kind = OneOf(in.Field("kind"), {"NUMERIC", "BREAKDOWN", "TIME_SERIES"});
  const bool numeric = kind == "NUMERIC", series = kind == "TIME_SERIES";
  json::Object element{{"kind", Text(kind)},
                       {"text", Text(TextOf(in.Field("text"), numeric ? 60 : 65))}};
  if (const auto range = in.Optional("default_time_range")) {
    element["default_time_range"] = Text(OneOf(*range, {"1d", "2d", "3d", "4d"}));
  }
  if (series) CopyTexts(in, {"default_interval"}, &element);
  if (numeric) {
    element["value_type"] = ValueTypeOf(in.Field("value_type"), false);
    return element;
  }
  json::Array values;
  for (const json::Reader& item : in.Field("value_types").Items(series ? 3 : kMaxItems)) {
    values.push_back(ValueTypeOf(item, series));
  }
  element["value_types"] = std::move(values);
  return element;
}

// Up to four numbers, or up to two and one other (ibm-scc 3.5).
json::Array ElementsOf(const json::Reader& in) {
  json::Array elements;
  std::size_t others = 0;
  for (const json::Reader& item : in.Items(kMaxItems)) {
    elements.push_back(ElementOf(item));
    if (json::FindText(elements.back(), "kind") != "NUMERIC") ++others;
  }
  if (others > 1 || elements.size() > (others == 1 ? 3U : 4U)) {
    in.Fail("must be up to 4 NUMERIC, or up to 2 and one TIME_SERIES or BREAKDOWN");
  }
  return elements;
}

json::Object CardOf(const json::Reader& in) {
  json::Object card{{"section", Text(TextOf(in.Field("section"), 30))},
                    {"title", Text(TextOf(in.Field("title"), 28))},
                    {"subtitle", Text(TextOf(in.Field("subtitle"), 30))}};
  if (const auto order = in.Optional("order")) {
    card["order"] = order->Int();
    if (order->Int() < 1 || order->Int() > static_cast<int>(insights::kMaxCardsOfSection)) {
      order->Fail("must be from 1 to 6");
    }
  }
  card["finding_note_names"] = Texts(in.Field("finding_note_names"));
  card["requires_configuration"] = in.Bool("requires_configuration", false);
  CopyTexts(in, {"badge_text"}, &card);
  // An image, as base64.
  if (const auto image = in.Optional("badge_image")) {
    card["badge_image"] = Text(TextOf(*image, kMaxReference));
  }
  card["elements"] = ElementsOf(in.Field("elements"));
  return card;
}

json::Object SectionOf(const json::Reader& in) {
  return {{"title", Text(TextOf(in.Field("title")))},
          {"image", Text(TextOf(in.Field("image"), kMaxReference))}};
}

json::Object ReporterOf(const json::Reader& in) {
  json::Object reporter{{"id", Text(TextOf(in.Field("id")))},
                        {"title", Text(TextOf(in.Field("title")))}};
  CopyTexts(in, {"url"}, &reporter);
  return reporter;
}

struct Body {
  std::string_view field;
  json::Object (*decode)(const json::Reader&);
};

constexpr Body kBodies[] = {
    {"finding", FindingTypeOf}, {"kpi", KpiTypeOf}, {"card", CardOf}, {"section", SectionOf}};

std::string_view BodyOf(NoteKind kind) {
  switch (kind) {
    case NoteKind::kFinding: return "finding";
    case NoteKind::kKpi: return "kpi";
    case NoteKind::kCard:
    case NoteKind::kCardConfigured: return "card";
    case NoteKind::kSection: return "section";
  }
  BW_UNREACHABLE();
}

// Exactly the body of its kind.
void DecodeBody(const json::Reader& in, NoteKind kind, json::Object* document) {
  for (const Body& body : kBodies) {
    if (body.field == BodyOf(kind)) {
      (*document)[body.field] = body.decode(in.Field(body.field));
    } else if (in.Optional(body.field)) {
      in.Field(body.field)
          .Fail("field is not allowed for kind " + std::string(insights::ToString(kind)));
    }
  }
}

json::Object SocketOf(const json::Reader& in) {
  json::Object socket{{"address", Text(TextOf(in.Field("address")))}};
  CopyInts(in, {"port"}, &socket);
  return socket;
}

json::Object FindingOf(const json::Reader& in) {
  json::Object finding;
  if (const auto severity = in.Optional("severity")) {
    finding["severity"] = Text(SeverityOf(*severity));
  }
  if (const auto certainty = in.Optional("certainty")) {
    finding["certainty"] = Text(OneOf(*certainty, {"LOW", "MEDIUM", "HIGH"}));
  }
  if (const auto steps = in.Optional("next_steps")) finding["next_steps"] = StepsOf(*steps);
  if (const auto network = in.Optional("network_connection")) {
    json::Object connection;
    CopyTexts(*network, {"direction", "protocol"}, &connection);
    for (const std::string_view end : {"client", "server"}) {
      if (const auto socket = network->Optional(end)) connection[end] = SocketOf(*socket);
    }
    finding["network_connection"] = std::move(connection);
  }
  if (const auto transferred = in.Optional("data_transferred")) {
    json::Object data;
    CopyInts(*transferred, {"client_bytes", "server_bytes", "client_packets", "server_packets"},
             &data);
    finding["data_transferred"] = std::move(data);
  }
  return finding;
}

void CopyNumber(const json::Reader& in, std::string_view name, json::Object* out) {
  const json::Reader number = in.Field(name);
  if (!number.value().is_number() && !number.failed()) number.Fail("must be a number");
  (*out)[name] = number.value();
}

json::Object KpiOf(const json::Reader& in) {
  json::Object kpi;
  CopyNumber(in, "value", &kpi);
  if (in.Optional("total")) CopyNumber(in, "total", &kpi);
  return kpi;
}

json::Object ContextOf(const json::Reader& in) {
  json::Object context;
  CopyTexts(in,
            {"region", "resource_crn", "resource_id", "resource_name", "resource_type",
             "service_crn", "service_name", "environment_name", "component_name", "toolchain_id"},
            &context);
  return context;
}

// What it is about, in the words that lists show.
std::string ResourceOf(const json::Object& document) {
  const auto* context = document.if_contains("context");
  for (const std::string_view field : {"resource_crn", "resource_id", "resource_name"}) {
    if (context == nullptr) break;
    const std::string_view text = json::FindText(*context, field);
    if (!text.empty()) return std::string(text);
  }
  const auto* url = document.if_contains("resource_url");
  return url == nullptr ? "" : std::string(json::View(url->as_string()));
}

}  // namespace

Result<NoteDraft> DecodeNote(const json::Value& body) {
  const json::Reader in(body);
  NoteDraft draft{.id = IdOf(in.Field("id")), .kind = KindOf(in.Field("kind")), .document = {}};
  json::Object document{{"short_description", Text(TextOf(in.Field("short_description")))},
                        {"long_description", Text(TextOf(in.Field("long_description")))},
                        {"reported_by", ReporterOf(in.Field("reported_by"))},
                        {"shared", in.Bool("shared", true)}};
  if (const auto urls = in.Optional("related_url")) {
    json::Array related;
    for (const json::Reader& item : urls->Items(kMaxItems)) {
      related.push_back(
          {{"label", Text(TextOf(item.Field("label")))}, {"url", Text(TextOf(item.Field("url")))}});
    }
    document["related_url"] = std::move(related);
  }
  DecodeBody(in, draft.kind, &document);
  BW_TRY_STATUS(in.Finish());
  draft.document = std::move(document);
  return draft;
}

Result<OccurrenceDraft> DecodeOccurrence(const json::Value& body) {
  const json::Reader in(body);
  OccurrenceDraft draft;
  draft.id = IdOf(in.Field("id"));
  draft.kind = KindOf(in.Field("kind"));
  draft.note_name = in.Field("note_name").String();
  CopyTexts(in, {"resource_url", "remediation", "short_description", "long_description"},
            &draft.document);
  if (const auto context = in.Optional("context")) draft.document["context"] = ContextOf(*context);
  if (const auto data = in.Optional("reference_data")) {
    if (json::Serialize(data->value()).size() > kMaxReference) {
      data->Fail("must have at most " + std::to_string(kMaxReference) + " bytes");
    }
    draft.document["reference_data"] = data->value();
  }
  const bool is_kpi = draft.kind == NoteKind::kKpi;
  if (!is_kpi && draft.kind != NoteKind::kFinding) {
    in.Field("kind").Fail("must be FINDING or KPI");
  }
  const std::string_view own = is_kpi ? "kpi" : "finding", other = is_kpi ? "finding" : "kpi";
  const auto said = in.Optional(own);
  if (!said) {
    in.Fail("Missing field '" + std::string(own) + "' for kind '" +
            std::string(insights::ToString(draft.kind)) + "'");
  } else {
    draft.document[own] = is_kpi ? KpiOf(*said) : FindingOf(*said);
  }
  if (in.Optional(other)) {
    in.Field(other).Fail("field is not allowed for kind " +
                         std::string(insights::ToString(draft.kind)));
  }
  BW_TRY_STATUS(in.Finish());
  if (const auto* finding = draft.document.if_contains("finding")) {
    if (const auto severity = json::FindText(*finding, "severity"); !severity.empty()) {
      BW_TRY(draft.severity, insights::ParseSeverity(severity));
    }
  }
  draft.resource = ResourceOf(draft.document);
  return draft;
}

}  // namespace breakwater::api::findings
