// SARIF 2.1.0: rules are goals, results are resources that fail or cannot be looked at. What an
// exception covers is a failure with a suppression, so it does not come back as new when it ends.
#include <array>

#include "base/time.h"
#include "crypto/hash.h"
#include "report/figures.h"
#include "report/formats.h"
#include "report/json_writer.h"
#include "report/text.h"

namespace breakwater::report {
namespace {

using json::Text;
using posture::ResultStatus;

constexpr std::string_view kSchema =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

json::Value Message(std::string_view text) {
  const std::string clean = Clean(text);
  return json::Object{{"text", Text(clean.empty() ? "-" : clean)}};
}

std::string_view LevelOf(std::string_view severity) {
  static constexpr std::array<std::string_view, 5> kLevels = {"error", "error", "warning", "note",
                                                              "warning"};
  return kLevels.at(RankOf(severity));
}

// What code hosts sort by, 0.0 to 10.0.
std::string_view SecuritySeverity(std::string_view severity) {
  static constexpr std::array<std::string_view, 5> kNumbers = {"9.5", "8.0", "5.5", "2.0", "5.5"};
  return kNumbers.at(RankOf(severity));
}

json::Object RuleOf(const posture::AssessedGoal& goal) {
  json::Array tags = {"security", "posture"};
  for (const auto& [framework, ids] : goal.mappings) {
    for (const std::string& id : ids) tags.push_back(Text(OneLine(framework + ":" + id)));
  }
  return {{"id", Text(goal.id)},
          {"shortDescription", Message(OneLine(goal.description))},
          {"fullDescription", Message(goal.description + "\n" + goal.reason)},
          {"help", Message(goal.remedy)},
          {"defaultConfiguration", {{"level", Text(LevelOf(goal.severity))}}},
          {"properties",
           {{"severity", Text(goal.severity)},
            {"security-severity", Text(SecuritySeverity(goal.severity))},
            {"digest", Text(goal.digest)},
            {"status", Text(posture::ToString(goal.result.status))},
            {"tags", std::move(tags)}}}};
}

// A CRN is a URI but for the octets that no URI may hold (RFC 3986 §2).
std::string UriOf(std::string_view crn) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "-._~:/@!$&'()*+,;=";
  std::string out;
  for (const char c : crn) {
    const auto octet = static_cast<unsigned char>(c);
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (alnum || kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      out += {'%', kHex[octet >> 4U], kHex[octet & 0xFU]};
    }
  }
  return out.starts_with("crn:") ? out : "crn:" + out;
}

json::Array LocationsOf(const posture::ResourceResult& resource) {
  json::Object logical{{"name", Text(OneLine(resource.name))},
                       {"fullyQualifiedName", Text(OneLine(resource.crn))},
                       {"kind", "resource"}};
  json::Object place{{"artifactLocation", {{"uri", Text(UriOf(resource.crn))}}}};
  return {json::Object{{"physicalLocation", std::move(place)},
                       {"logicalLocations", json::Array{std::move(logical)}}}};
}

std::string FingerprintOf(const posture::AssessedGoal& goal, const posture::ResourceResult& r) {
  std::string subject = goal.id;
  subject += '\n';
  subject += r.crn;
  return crypto::Sha256Hex(subject);
}

json::Array SuppressionsOf(const posture::AssessedGoal& goal, const posture::ResourceResult& r) {
  const auto* exception = ExceptionOf(goal, r);
  std::string why = "exception " + r.exception;
  if (exception != nullptr) {
    why += ": " + exception->reason + " (owner " + exception->owner + ", approved by " +
           exception->approver + ", ticket " + exception->ticket + ", until " +
           FormatRfc3339(exception->expires) + ")";
  }
  return {json::Object{
      {"kind", "external"}, {"status", "accepted"}, {"justification", Text(Clean(why))}}};
}

// What was not looked at is "open", never a failure; and never left out.
json::Object ResultOf(const posture::AssessedGoal& goal, std::size_t index,
                      const posture::ResourceResult& r) {
  const bool known = !r.facts.is_null();
  const bool failed = r.status == ResultStatus::kFail || (!r.exception.empty() && known);
  std::string message = goal.description + ": " + r.name;
  message += failed ? " does not meet it. Expected: " + r.expected + ". Found: " + r.actual + "."
                    : " could not be looked at.";
  if (!r.info.empty()) message += " " + r.info;
  json::Object result{
      {"ruleId", Text(goal.id)},
      {"ruleIndex", index},
      {"kind", failed ? "fail" : "open"},
      {"level", Text(failed ? LevelOf(goal.severity) : "none")},
      {"message", Message(message)},
      {"locations", LocationsOf(r)},
      {"partialFingerprints", {{"goalAndResource/v1", Text(FingerprintOf(goal, r))}}},
      {"properties",
       {{"resource_type", Text(r.type)},
        {"expected", Text(Clean(r.expected))},
        {"actual", Text(Clean(r.actual))},
        {"facts_digest", json::TextOrNull(r.facts_digest)}}}};
  if (!r.exception.empty()) result["suppressions"] = SuppressionsOf(goal, r);
  return result;
}

// A goal that nothing could be performed for has no resource to speak of.
json::Object ErrorOf(const posture::AssessedGoal& goal, std::size_t index) {
  return {
      {"ruleId", Text(goal.id)},
      {"ruleIndex", index},
      {"kind", "open"},
      {"level", "none"},
      {"message", Message(goal.description + ": could not be performed. " + goal.result.error)}};
}

void WriteDriver(JsonWriter& writer, const posture::Assessment& a) {
  writer.Key("tool");
  writer.BeginObject();
  writer.Key("driver");
  writer.BeginObject();
  writer.Member("name", "Breakwater");
  if (!a.software.empty()) writer.Member("fullName", Text(OneLine(a.software)));
  writer.Key("rules");
  writer.BeginArray();
  for (const auto& goal : a.goals) writer.Value(RuleOf(goal));
  writer.EndArray();
  writer.EndObject();
  writer.EndObject();
}

void WriteResults(JsonWriter& writer, const posture::Assessment& a) {
  writer.Key("results");
  writer.BeginArray();
  for (std::size_t i = 0; i < a.goals.size(); ++i) {
    const auto& goal = a.goals[i];
    for (const auto& resource : goal.result.resources) {
      const bool told = resource.status == ResultStatus::kFail ||
                        resource.status == ResultStatus::kUnableToPerform ||
                        !resource.exception.empty();
      if (told) writer.Value(ResultOf(goal, i, resource));
    }
    if (goal.result.resources.empty() && goal.result.status == ResultStatus::kUnableToPerform) {
      writer.Value(ErrorOf(goal, i));
    }
  }
  writer.EndArray();
}

}  // namespace

std::string RenderSarif(const posture::Assessment& a) {
  std::string out;
  JsonWriter writer(out);
  writer.BeginObject();
  writer.Member("$schema", Text(kSchema));
  writer.Member("version", "2.1.0");
  writer.Key("runs");
  writer.BeginArray();
  writer.BeginObject();
  WriteDriver(writer, a);
  writer.Member("automationDetails",
                json::Object{{"id", Text("posture/" + std::to_string(a.attachment_id) + "/" +
                                         FormatRfc3339(a.at))}});
  const auto ended = std::chrono::floor<std::chrono::milliseconds>(a.at);
  writer.Member("invocations",
                json::Array{json::Object{{"executionSuccessful", true},
                                         {"endTimeUtc", Text(FormatRfc3339(ended))}}});
  WriteResults(writer, a);
  writer.Member("properties", json::Object{{"account", Text(a.account.value())},
                                           {"scope", Text(OneLine(a.scope_name))},
                                           {"profile", Text(OneLine(a.profile_name))},
                                           {"profile_version", a.profile_version},
                                           {"profile_digest", Text(a.profile_digest)},
                                           {"score", a.score.points},
                                           {"score_formula", Text(posture::kScoreFormula)},
                                           {"goals_evaluated", a.score.evaluated},
                                           {"goals_total", a.score.total}});
  writer.EndObject();
  writer.EndArray();
  writer.EndObject();
  out += '\n';
  return out;
}

}  // namespace breakwater::report
