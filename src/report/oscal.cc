#include "report/oscal.h"

#include <chrono>
#include <set>

#include "crypto/name_uuid.h"
#include "report/formats.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Text;

// Ours alone: made once, at random.
constexpr std::string_view kSpace = "8f0c6a52-5d0e-4c27-9f2b-7c1d0a5be3f4";

std::string NameOf(std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    out += std::to_string(name.size()) + ":";
    out += name;
  }
  return out;
}

std::string UuidOf(std::string_view space, std::string_view name) {
  auto uuid = crypto::NameUuid(space, name);
  BW_CHECK(uuid.ok());
  return *std::move(uuid);
}

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Markdown and HTML of strangers stay what they are: text.
std::string Literal(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("<[{`\\").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out.empty() ? "-" : out;
}

}  // namespace

std::string TokenOf(std::string_view text, std::string_view prefix) {
  static constexpr std::size_t kMax = 120;
  std::string token;
  for (const char c : text.substr(0, kMax)) {
    if (c == ')') continue;
    if (c >= 'A' && c <= 'Z') {
      token += static_cast<char>(c + 32);
    } else if (IsLetter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_') {
      token += c;
    } else {
      token += c == '(' ? '.' : '-';
    }
  }
  if (token.empty() || !(IsLetter(token[0]) || token[0] == '_')) token.insert(0, prefix);
  return token;
}

void AddProperty(json::Array& properties, std::string_view name, std::string_view value,
                 std::string_view kind) {
  const std::string line = OneLine(value, 100'000);
  if (line.empty()) return;
  json::Object property{{"name", Text(name)}, {"ns", Text(kOscalNamespace)}, {"value", Text(line)}};
  if (!kind.empty()) property["class"] = Text(kind);
  properties.push_back(std::move(property));
}

std::string MarkupLine(std::string_view text) {
  return Literal(OneLine(text));
}

std::string MarkupProse(std::string_view text) {
  return Literal(OneLine(text, 20'000));
}

std::string OscalTime(Timestamp at) {
  return FormatRfc3339(std::chrono::floor<std::chrono::seconds>(at));
}

OscalIds::OscalIds(const posture::Assessment& a)
    : space_(UuidOf(kSpace,
                    NameOf({a.installation, a.account.value(), std::to_string(a.attachment_id)}))) {
  std::set<std::string, std::less<>> taken;
  for (const auto& control : a.controls) {
    const std::string plain = TokenOf(control.external_control_id);
    std::string token = plain;
    for (std::size_t i = 2; !taken.insert(token).second; ++i) {
      token = plain + "_" + std::to_string(i);
    }
    controls_.push_back(std::move(token));
  }
}

std::string OscalIds::Goal(const posture::AssessedGoal& goal) const {
  return TokenOf("goal-" + goal.id);
}

std::string OscalIds::Uuid(std::initializer_list<std::string_view> names) const {
  return UuidOf(space_, NameOf(names));
}

OscalDocument::OscalDocument(const posture::Assessment& assessment, Format format,
                             const Options& options, std::string_view root, std::string_view title)
    : a_(assessment), ids_(assessment), writer_(out_) {
  writer_.BeginObject();
  writer_.Key(root);
  writer_.BeginObject();
  Member("uuid", Text(ids_.Uuid({"document", ToString(format), options.oscal_version,
                                 FormatRfc3339(a_.at), a_.from ? FormatRfc3339(*a_.from) : ""})));
  Member("metadata", Metadata(title, options.oscal_version));
}

json::Object OscalDocument::Metadata(std::string_view title, std::string_view version) const {
  const std::string party = ids_.Uuid({"party"});
  return {{"title", Text(MarkupLine(std::string(title) + ": " + a_.profile_name))},
          {"last-modified", Text(OscalTime(a_.at))},
          {"version", Text(std::to_string(a_.profile_version))},
          {"oscal-version", Text(version)},
          {"roles", json::Array{json::Object{{"id", "assessor"}, {"title", "Automated assessor"}}}},
          {"parties",
           json::Array{json::Object{{"uuid", Text(party)},
                                    {"type", "organization"},
                                    {"name", Text(OneLine("Account " + a_.account.value()))}}}},
          {"responsible-parties",
           json::Array{
               json::Object{{"role-id", "assessor"}, {"party-uuids", json::Array{Text(party)}}}}}};
}

std::string OscalDocument::HrefOf(Format format) const {
  return "./" + FileNameOf(format, a_);
}

void OscalDocument::Member(std::string_view name, const json::Value& value) {
  references_.Add(name, value);
  writer_.Member(name, value);
}

void OscalDocument::List(std::string_view name, json::Array values) {
  if (!values.empty()) Member(name, std::move(values));
}

void OscalDocument::BeginList(std::string_view name) {
  list_ = name;
  writer_.Key(name);
  writer_.BeginArray();
}

void OscalDocument::Element(const json::Value& value) {
  references_.Add(list_, json::Array{value});
  writer_.Value(value);
}

void OscalDocument::EndList() {
  writer_.EndArray();
}

void OscalDocument::BeginObject(std::string_view name) {
  writer_.Key(name);
  writer_.BeginObject();
}

void OscalDocument::EndObject() {
  writer_.EndObject();
}

void OscalDocument::KnowControls() {
  for (std::size_t i = 0; i < a_.controls.size(); ++i) {
    if (!a_.controls[i].goals.empty()) references_.Know(ids_.Control(i));
  }
}

Result<std::string> OscalDocument::Finish() {
  writer_.EndObject();
  writer_.EndObject();
  out_ += '\n';
  if (const auto whole = references_.Check(); !whole.ok()) {
    return Internal("OSCAL document: " + whole.error().message());
  }
  return std::move(out_);
}

json::Object ReviewedControls(const OscalDocument& document) {
  json::Array controls;
  const auto& a = document.assessment();
  for (std::size_t i = 0; i < a.controls.size(); ++i) {
    if (a.controls[i].goals.empty()) continue;
    controls.push_back(json::Object{{"control-id", Text(document.ids().Control(i))}});
  }
  json::Object selection;
  if (controls.empty()) {
    selection["include-all"] = json::Object();
  } else {
    selection["include-controls"] = std::move(controls);
  }
  return {{"control-selections", json::Array{std::move(selection)}}};
}

json::Object ToolComponent(const OscalDocument& document) {
  const std::string& software = document.assessment().software;
  json::Array properties;
  AddProperty(properties, "score-formula", posture::kScoreFormula);
  return {{"uuid", Text(document.tool())},
          {"type", "software"},
          {"title", Text(MarkupLine(software))},
          {"description", "The registry's own evaluator of conditions over facts."},
          {"props", std::move(properties)},
          {"status", {{"state", "operational"}}}};
}

json::Object AssessmentAssets(const OscalDocument& document) {
  json::Object uses{{"component-uuid", Text(document.tool())}};
  json::Object platform{{"uuid", Text(document.ids().Uuid({"platform"}))},
                        {"title", Text(MarkupLine(document.assessment().installation))},
                        {"uses-components", json::Array{std::move(uses)}}};
  return {{"components", json::Array{ToolComponent(document)}},
          {"assessment-platforms", json::Array{std::move(platform)}}};
}

std::string ObservationOf(const OscalDocument& document, const posture::AssessedGoal& goal,
                          std::string_view crn) {
  return document.ids().Uuid({"observation", goal.id, crn});
}

}  // namespace breakwater::report
