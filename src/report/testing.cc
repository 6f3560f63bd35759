#include "report/testing.h"

#include <array>

#include "condition/parameters.h"
#include "crypto/hash.h"
#include "posture/content.h"
#include "posture/evaluate.h"

namespace breakwater::report::testing {
namespace {

using posture::ResultStatus;

constexpr std::chrono::hours kDay{24};

Timestamp Moment() {
  return Timestamp{std::chrono::sys_days{std::chrono::year{2026} / 3 / 31}} +
         std::chrono::hours{12};
}

std::string NameOfResource(const std::string& kind, std::size_t i) {
  static constexpr std::array kImages = {"payments/ledger:2.14.1",     "payments/gateway:1.9.0",
                                         "web/storefront:2026.03.2",   "batch/reports:0.8.4",
                                         "platform/base-debian:12.15", "data/loader:3.1.0"};
  if (kind == "image") return "registry.example.com/" + std::string(kImages.at(i % kImages.size()));
  return i == 0 ? "registry.example.com" : "registry-" + std::to_string(i) + ".example.com";
}

std::string TextOf(const char* what) {
  return what;
}

// A value as one of this name could have.
json::Value ValueOf(const std::string& property, bool good) {
  if (property.find("days") != std::string::npos) return good ? 30 : 365;
  if (property.find("users") != std::string::npos || property.find("_ids") != std::string::npos) {
    return good ? 3 : 1;
  }
  if (property.find("addresses") != std::string::npos) {
    return good ? json::Array{"10.20.0.0/16"} : json::Array();
  }
  if (property.find("kind") != std::string::npos) return "service ID";
  if (property.find("changed") != std::string::npos || property.find("last") == 0) {
    return good ? "2026-03-30T02:00:00Z" : "2024-11-02T09:30:00Z";
  }
  return good;
}

posture::ResourceResult ResourceOf(const posture::Goal& goal, std::size_t i, ResultStatus status) {
  posture::ResourceResult r;
  r.name = NameOfResource(goal.type.kind, i);
  r.crn = "crn:v1:bluemix:public:" + goal.type.service + ":eu-de:a/4f2a9c::" + goal.type.kind +
          ":" + r.name;
  r.type = condition::ToString(goal.type);
  r.status = status;
  r.expected = goal.expected;
  if (status == ResultStatus::kUnableToPerform) {
    r.info = "the facts could not be read: the store did not answer within 5 s";
    return r;
  }
  json::Object facts;
  const bool good = status == ResultStatus::kPass;
  for (const std::string& property : goal.Properties()) {
    const json::Value found = ValueOf(property, good);
    facts[property] = json::Object{
        {"value", found}, {"source", "registry settings"}, {"observed", "2026-03-31T11:58:00Z"}};
    const std::string text = json::Serialize(found);
    r.actual += (r.actual.empty() ? "" : ", ") + property + " = " + text;
    if (!good) r.info += (r.info.empty() ? "" : "; ") + property + " is " + text;
  }
  r.facts_digest = "sha256:" + crypto::Sha256Hex(json::Canonical(facts));
  r.facts = std::move(facts);
  return r;
}

void AddException(posture::AssessedGoal& goal, std::size_t index) {
  auto& resource = goal.result.resources.front();
  goal.exceptions.push_back({.id = "exc-" + std::to_string(100 + index),
                             .owner = "Maria Jensen",
                             .approver = "Tomás Ortega",
                             .ticket = "SEC-2291",
                             .reason = "The legacy build farm cannot sign yet; it is switched off "
                                       "on 30 April.",
                             .crn = resource.crn,
                             .expires = Moment() + 30 * kDay});
  resource.status = ResultStatus::kNotApplicable;
  resource.exception = goal.exceptions.back().id;
  resource.info = "accepted by exception " + resource.exception + ": " + resource.info;
}

// Statuses in a pattern, so that every section of a report has something in it.
ResultStatus StatusOf(std::size_t index) {
  static constexpr std::array kPattern = {
      ResultStatus::kPass, ResultStatus::kFail, ResultStatus::kPass,
      ResultStatus::kPass, ResultStatus::kPass, ResultStatus::kUnableToPerform,
      ResultStatus::kPass, ResultStatus::kPass, ResultStatus::kFail};
  return kPattern.at(index % kPattern.size());
}

posture::AssessedGoal GoalOf(const posture::Goal& goal, std::size_t index) {
  posture::AssessedGoal out;
  const auto parameters = condition::Parameters::Bind(goal.parameters, json::Object());
  out.id = goal.id;
  out.description = posture::WithParameters(goal.description, goal, *parameters);
  out.severity = goal.severity;
  out.expected = posture::WithParameters(goal.expected, goal, *parameters);
  out.reason = goal.reason;
  out.remedy = goal.remedy;
  out.is_manual = goal.is_manual();
  out.mappings = goal.mappings;
  out.digest = goal.digest;
  out.document = goal.document;
  out.since = Moment() - kDay * (3 + static_cast<int>(index));
  out.result.goal_id = goal.id;
  out.result.completed = Moment() - std::chrono::minutes{2};
  out.result.parameters = parameters->ToJson();
  const std::size_t count = goal.type.kind == "image" ? 6 : 1;
  for (std::size_t i = 0; i < count; ++i) {
    const bool odd = i % 2 == 1 && StatusOf(index) == ResultStatus::kFail;
    out.result.resources.push_back(
        ResourceOf(goal, i, odd ? ResultStatus::kPass : StatusOf(index)));
    out.result.resources.back().expected = out.expected;
  }
  if (index == 10) AddException(out, index);
  if (out.is_manual) {
    out.attestation = {.owner = "Priya Natarajan",
                       .statement =
                           "Reviewed at the access board on 12 March; minutes in the "
                           "archive under AB-2026-03.",
                       .given = Moment() - 19 * kDay,
                       .expires = Moment() + 71 * kDay};
  }
  for (const auto& r : out.result.resources) out.resources.Add(r.status);
  out.result.status = posture::RollUp(out.resources);
  return out;
}

void FillTrend(posture::Assessment& a) {
  static constexpr std::array kPoints = {412, 430, 430, 520, 505, 590, 640, 622, 700, 735};
  for (std::size_t i = 0; i < kPoints.size(); ++i) {
    posture::PosturePoint point{.at = *a.from + kDay * (9 * static_cast<int>(i)),
                                .score = {kPoints.at(i), a.score.evaluated, a.score.total},
                                .goals = a.goal_counts};
    a.trend.push_back(point);
  }
  a.trend.push_back({.at = a.at, .score = a.score, .goals = a.goal_counts});
  for (std::size_t i = 0; i < 3; ++i) {
    a.changes.push_back({.at = a.at - kDay * (20 - 5 * static_cast<int>(i)),
                         .goal_id = a.goals.at(i).id,
                         .before = i == 0 ? std::nullopt : std::optional(ResultStatus::kFail),
                         .after = ResultStatus::kPass});
  }
}

void Count(posture::Assessment& a) {
  std::vector<posture::Weighted> weighted;
  json::Object parameters;
  for (const auto& goal : a.goals) {
    a.goal_counts.Add(goal.result.status);
    a.resource_counts += goal.resources;
    weighted.push_back({goal.severity, goal.result.status});
    for (const auto& member : goal.result.parameters.as_object()) {
      parameters[member.key()] = member.value();
    }
  }
  a.parameters = std::move(parameters);
  a.score = posture::ScoreOf(weighted);
  for (auto& control : a.controls) {
    posture::Counters parts;
    for (const std::size_t goal : control.goals) parts.Add(a.goals.at(goal).result.status);
    control.status = posture::RollUp(parts);
    if (!control.goals.empty()) a.control_counts.Add(control.status);
  }
}

posture::Assessment Empty(const posture::Profile& profile) {
  posture::Assessment a;
  a.installation = "https://registry.example.com";
  a.software = "Breakwater 1.0.0";
  a.account = AccountId("4f2a9c");
  a.attachment_id = 7;
  a.scope_id = "1";
  a.scope_name = "Everything in Example Trading";
  a.scope_description = "Every registry, namespace and image of the account.";
  a.profile_id = profile.id;
  a.profile_name = profile.name;
  a.profile_description = profile.description;
  a.profile_version = profile.version;
  a.profile_digest = posture::DigestOf(profile);
  a.at = Moment();
  a.checked = Moment() - std::chrono::minutes{2};
  return a;
}

}  // namespace

const char* const kHostileText =
    "=cmd|'/c x'!A1 \"<script>alert(1)</script>\" ]]>\x01\x1b[31m\r\n\xE2\x80\xAE \xFF &amp; "
    "</style><!-- %s \\ (x) Ω漢";

posture::Assessment Realistic() {
  const auto profile = posture::Content::BuiltIn().FindProfile("60");
  posture::Assessment a = Empty(*profile);
  a.from = Moment() - 90 * kDay;
  std::map<std::string, std::size_t> places;
  for (const auto& goal : profile->goals) {
    places.emplace(goal->id, a.goals.size());
    a.goals.push_back(GoalOf(*goal, a.goals.size()));
  }
  for (const auto& control : profile->controls) {
    posture::AssessedControl shown{.id = control.id,
                                   .external_control_id = control.external_control_id,
                                   .title = control.Title(*profile),
                                   .parent = control.parent};
    for (const std::string& goal : control.goals) shown.goals.push_back(places.at(goal));
    a.controls.push_back(std::move(shown));
  }
  for (const auto& goal : a.goals) {
    for (const auto& r : goal.result.resources) {
      if (!r.facts_digest.empty()) a.facts.emplace(r.facts_digest, r.facts);
    }
  }
  Count(a);
  FillTrend(a);
  return a;
}

posture::Assessment Large(std::size_t resources) {
  const auto profile = posture::Content::BuiltIn().FindProfile("60");
  const auto goal = profile->goals.front();
  posture::Assessment a = Empty(*profile);
  posture::AssessedGoal shown = GoalOf(*goal, 1);
  shown.result.resources.clear();
  shown.resources = {};
  for (std::size_t i = 0; i < resources; ++i) {
    auto resource = ResourceOf(*goal, 0, ResultStatus::kFail);
    resource.crn += "-" + std::to_string(i);
    shown.result.resources.push_back(std::move(resource));
    shown.resources.Add(ResultStatus::kFail);
  }
  shown.result.status = ResultStatus::kFail;
  a.goals.push_back(std::move(shown));
  a.controls.push_back({.id = "1",
                        .external_control_id = "1.1",
                        .title = TextOf("One"),
                        .parent = "",
                        .goals = {0}});
  Count(a);
  return a;
}

posture::Assessment Hostile() {
  posture::Assessment a = Realistic();
  for (std::string* text :
       {&a.installation, &a.software, &a.scope_id, &a.scope_name, &a.scope_description,
        &a.profile_id, &a.profile_name, &a.profile_description, &a.profile_digest}) {
    *text = kHostileText;
  }
  a.account = AccountId(kHostileText);
  std::size_t number = 0;
  for (auto& control : a.controls) {
    control.title = kHostileText;
    control.parent = kHostileText;
    control.external_control_id = kHostileText + std::to_string(++number);
  }
  for (auto& goal : a.goals) {
    for (std::string* text : {&goal.description, &goal.severity, &goal.expected, &goal.reason,
                              &goal.remedy, &goal.digest, &goal.result.error}) {
      *text = kHostileText;
    }
    goal.mappings = {{kHostileText, {kHostileText}}};
    if (goal.attestation) goal.attestation->statement = goal.attestation->owner = kHostileText;
    for (auto& e : goal.exceptions) e.owner = e.approver = e.ticket = e.reason = kHostileText;
    for (auto& r : goal.result.resources) {
      r.name = r.type = r.expected = r.actual = r.info = kHostileText;
      r.crn += kHostileText;
    }
  }
  return a;
}

}  // namespace breakwater::report::testing
