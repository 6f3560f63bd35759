// OSCAL (NIST): what its documents share. Ids are the same in every export of an attachment, so a
// second export of the same moment has the same bytes and one of a later moment tells the same
// things by the same ids; only a document's own UUID has the moment in it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posture/assessment.h"
#include "report/json_writer.h"
#include "report/references.h"
#include "report/report.h"

namespace breakwater::report {

// Of our own properties.
inline constexpr std::string_view kOscalNamespace = "urn:x-breakwater:oscal:1";
// Of rules in component definitions, as compliance-trestle reads them.
inline constexpr std::string_view kTrestleNamespace =
    "https://oscal-compass.github.io/compliance-trestle/schemas/oscal";

// A token of the standard: a letter or "_", then letters, digits, ".", "-" and "_". NIST's own form
// where there is one: "AC-6(5)" -> "ac-6.5"; "5.3" -> "control-5.3".
std::string TokenOf(std::string_view text, std::string_view prefix = "control-");

// A property's value: on one line, never empty (then the property is left out).
void AddProperty(json::Array& properties, std::string_view name, std::string_view value,
                 std::string_view kind = "");
std::string MarkupLine(std::string_view text);   // a title
std::string MarkupProse(std::string_view text);  // a description
std::string OscalTime(Timestamp at);             // whole seconds, "Z"

// Ids of everything of an assessment. The assessment must outlive it.
class OscalIds {
 public:
  explicit OscalIds(const posture::Assessment& assessment);

  // Of Assessment::controls at that place; each its own.
  const std::string& Control(std::size_t place) const { return controls_.at(place); }
  std::string Goal(const posture::AssessedGoal& goal) const;
  // Version 5, from the installation, the attachment, and these.
  std::string Uuid(std::initializer_list<std::string_view> names) const;

 private:
  std::string space_;
  std::vector<std::string> controls_;
};

// Writes one document, and keeps account of what it points at.
class OscalDocument {
 public:
  OscalDocument(const posture::Assessment& assessment, Format format, const Options& options,
                std::string_view root, std::string_view title);

  const OscalIds& ids() const { return ids_; }
  const posture::Assessment& assessment() const { return a_; }
  // Who looked: the actor of observations and risks.
  std::string tool() const { return ids_.Uuid({"tool"}); }
  // The document of another format of this export, relative.
  std::string HrefOf(Format format) const;

  void Member(std::string_view name, const json::Value& value);
  // Nothing if it is empty: the schemas refuse empty arrays.
  void List(std::string_view name, json::Array values);
  void BeginList(std::string_view name);
  void Element(const json::Value& value);  // of the list that was begun
  // An element written member by member; ended by EndObject.
  void BeginElement() { writer_.BeginObject(); }
  void EndList();
  void BeginObject(std::string_view name);
  void EndObject();
  // Controls with goals are those that are in another document of this export.
  void KnowControls();

  Result<std::string> Finish();

 private:
  json::Object Metadata(std::string_view title, std::string_view version) const;

  const posture::Assessment& a_;
  OscalIds ids_;
  std::string out_;
  JsonWriter writer_;
  References references_;
  std::string list_;
};

// {"control-selections": …} of all controls that have goals.
json::Object ReviewedControls(const OscalDocument& document);
json::Object ToolComponent(const OscalDocument& document);
// The tool and the platform it runs on.
json::Object AssessmentAssets(const OscalDocument& document);
// Risks of failing goals and of exceptions.
json::Array RisksOf(const OscalDocument& document, bool with_observations);
std::string ObservationOf(const OscalDocument& document, const posture::AssessedGoal& goal,
                          std::string_view crn);

}  // namespace breakwater::report
