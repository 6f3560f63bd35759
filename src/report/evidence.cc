#include "report/evidence.h"

#include <map>
#include <set>

#include "condition/evaluate.h"
#include "crypto/hash.h"
#include "json/reader.h"
#include "posture/evaluate.h"

namespace breakwater::report {
namespace {

using json::Text;
using posture::Goal;
using posture::Profile;

constexpr std::size_t kMaxResults = 10'000'000;

std::string DigestOf(const json::Value& document) {
  return "sha256:" + crypto::Sha256Hex(json::Canonical(document));
}

Error Wrong(const std::string& what) {
  return DataCorrupt(what);
}

json::Value AttestationOf(const posture::AssessedGoal& goal) {
  if (!goal.attestation) return nullptr;
  return {{"owner", Text(goal.attestation->owner)},
          {"statement", Text(goal.attestation->statement)},
          {"given_by", Text(goal.attestation->given_by)},
          {"given", Text(FormatRfc3339(goal.attestation->given))},
          {"expires", Text(FormatRfc3339(goal.attestation->expires))}};
}

json::Array ExceptionsOf(const posture::AssessedGoal& goal) {
  json::Array exceptions;
  for (const auto& one : goal.exceptions) {
    exceptions.push_back(json::Object{{"id", Text(one.id)},
                                      {"owner", Text(one.owner)},
                                      {"approver", Text(one.approver)},
                                      {"ticket", Text(one.ticket)},
                                      {"reason", Text(one.reason)},
                                      {"crn", Text(one.crn)},
                                      {"requested_by", Text(one.requested_by)},
                                      {"approved", Text(FormatRfc3339(one.approved))},
                                      {"expires", Text(FormatRfc3339(one.expires))}});
  }
  return exceptions;
}

json::Object DocumentOf(const posture::AssessedGoal& goal) {
  json::Array resources;
  for (const auto& r : goal.result.resources) {
    resources.push_back({{"name", Text(r.name)},
                         {"crn", Text(r.crn)},
                         {"status", Text(posture::ToString(r.status))},
                         {"facts_digest", Text(r.facts_digest)},
                         {"observed", Text(FormatRfc3339(r.observed))},
                         {"error", Text(r.facts_digest.empty() ? r.info : "")},
                         {"exception", Text(r.exception)}});
  }
  return {{"id", Text(goal.id)},
          {"digest", Text(goal.digest)},
          {"status", Text(posture::ToString(goal.result.status))},
          {"since", Text(FormatRfc3339(goal.since))},
          {"checked", Text(FormatRfc3339(goal.result.completed))},
          {"error", Text(goal.result.error)},
          {"parameters", goal.result.parameters},
          {"attestation", AttestationOf(goal)},
          {"exceptions", ExceptionsOf(goal)},
          {"resources_in_all", goal.resources.total()},
          {"resources", std::move(resources)}};
}

// What was found, without what can be looked up in the profile.
json::Value DocumentOf(const posture::Assessment& a) {
  json::Array goals;
  for (const auto& goal : a.goals) goals.push_back(DocumentOf(goal));
  return {{"installation", Text(a.installation)},
          {"software", Text(a.software)},
          {"account", Text(a.account.value())},
          {"attachment_id", a.attachment_id},
          {"scope",
           {{"id", Text(a.scope_id)},
            {"name", Text(a.scope_name)},
            {"description", Text(a.scope_description)},
            {"selection", a.scope_selection}}},
          {"profile",
           {{"id", Text(a.profile_id)},
            {"name", Text(a.profile_name)},
            {"version", a.profile_version},
            {"digest", Text(a.profile_digest)}}},
          {"at", Text(FormatRfc3339(a.at))},
          {"looked_at", Text(FormatRfc3339(a.checked))},
          {"score",
           {{"points", a.score.points},
            {"evaluated", a.score.evaluated},
            {"total", a.score.total},
            {"formula", Text(posture::kScoreFormula)}}},
          {"goals", std::move(goals)}};
}

std::string NameOf(const json::Value& assessment) {
  const json::Value* id = json::Find(assessment, "attachment_id");
  return "posture/" + (id == nullptr ? std::string("?") : json::Serialize(*id)) + "/" +
         std::string(json::FindText(assessment, "at"));
}

json::Object FactsOf(const posture::Assessment& a) {
  json::Object facts;
  for (const auto& [digest, document] : a.facts) facts[digest] = document;
  return facts;
}

using Facts = std::map<std::string, json::Value, std::less<>>;

Result<Facts> CheckFacts(const json::Value& predicate) {
  Facts facts;
  const json::Value* given = json::Find(predicate, "facts");
  if (given == nullptr || !given->is_object()) return Wrong("there are no facts");
  for (const auto& [digest, document] : given->as_object()) {
    if (DigestOf(document) != std::string_view(digest)) {
      return Wrong("the facts " + std::string(digest) + " have another digest");
    }
    facts.emplace(std::string(digest), document);
  }
  return facts;
}

Result<std::shared_ptr<const Profile>> CheckProfile(const json::Value& predicate) {
  const json::Value* document = json::Find(predicate, "profile_document");
  if (document == nullptr) return Wrong("there is no profile");
  BW_TRY(auto profile, posture::ProfileFromDocument(*document, condition::Catalogue::BuiltIn())
                           .Context("the profile cannot be read"));
  const json::Value* assessment = json::Find(predicate, "assessment");
  const json::Value* named = assessment == nullptr ? nullptr : json::Find(*assessment, "profile");
  if (named == nullptr || json::FindText(*named, "digest") != DigestOf(*document)) {
    return Wrong("the profile has another digest than the assessment names");
  }
  return profile;
}

// One result of one goal, evaluated again.
class Evaluation {
 public:
  Evaluation(const Facts& facts, Timestamp at, Timestamp looked, VerifiedEvidence& found)
      : facts_(facts), at_(at), looked_(looked), found_(found) {}

  Status Goal(const Profile& profile, const json::Value& goal) {
    const std::string id(json::FindText(goal, "id"));
    const posture::Goal* known = profile.FindGoal(id);
    if (known == nullptr) return Wrong("goal " + id + " is not in the profile");
    if (json::FindText(goal, "digest") != known->digest) {
      return Wrong("goal " + id + " has another digest than the profile's");
    }
    ++found_.goals;
    const json::Value* parameters = json::Find(goal, "parameters");
    BW_TRY(const auto values,
           condition::Parameters::Bind(known->parameters,
                                       parameters == nullptr ? json::Value() : *parameters));
    const json::Value* resources = json::Find(goal, "resources");
    if (resources == nullptr || !resources->is_array())
      return Wrong("goal " + id + " has no results");
    BW_TRY_STATUS(CheckAttestation(*known, goal));
    posture::Counters counts;
    std::set<std::string_view> told;
    for (const json::Value& resource : resources->as_array()) {
      if (!told.insert(json::FindText(resource, "crn")).second) {
        return Wrong("goal " + id + " has two results of one resource");
      }
      BW_TRY_STATUS(CheckException(goal, resource));
      BW_TRY(const auto status, Resource({known, values}, resource));
      counts.Add(status);
    }
    return CheckGoal(goal, id, counts);
  }

 private:
  // The goal's status follows from its results. Where some are left out it is none better than what
  // is there.
  Status CheckGoal(const json::Value& goal, const std::string& id,
                   const posture::Counters& counts) const {
    const json::Value* all = json::Find(goal, "resources_in_all");
    if (all == nullptr || !all->is_int64() || all->as_int64() < counts.total()) {
      return Wrong("goal " + id + " has more results than it says");
    }
    const std::int64_t missing = all->as_int64() - counts.total();
    found_.missing += missing;
    const std::string_view error = json::FindText(goal, "error");
    const auto status = posture::RollUpUnless(error, counts);
    BW_TRY(const auto said, posture::ParseResultStatus(json::FindText(goal, "status")));
    if (said == status || (missing > 0 && Rank(said) > Rank(status))) return Ok();
    return Wrong("the status of goal " + id + " does not follow from its results");
  }

  static int Rank(posture::ResultStatus status) {
    switch (status) {
      case posture::ResultStatus::kFail: return 3;
      case posture::ResultStatus::kUnableToPerform: return 2;
      case posture::ResultStatus::kPass: return 1;
      case posture::ResultStatus::kNotApplicable: break;
    }
    return 0;
  }

  Result<posture::ResultStatus> Resource(const posture::BoundGoal& goal,
                                         const json::Value& resource) {
    BW_TRY(const auto status, posture::ParseResultStatus(json::FindText(resource, "status")));
    const std::string digest(json::FindText(resource, "facts_digest"));
    if (digest.empty()) {
      const bool accepted = !json::FindText(resource, "exception").empty();
      const auto possible = accepted ? posture::ResultStatus::kNotApplicable
                                     : posture::ResultStatus::kUnableToPerform;
      if (status != possible) {
        return Wrong("a result of goal " + goal.goal->id + " is told without facts");
      }
      ++found_.unreadable;
      return status;
    }
    const auto facts = facts_.find(digest);
    if (facts == facts_.end()) return Wrong("the facts " + digest + " are not in the bundle");
    BW_TRY(const Timestamp observed, ParseRfc3339(json::FindText(resource, "observed")));
    if (observed > at_) return Wrong("facts of goal " + goal.goal->id + " are of a later time");
    // As they were when somebody last looked: what counts days has not come out otherwise since.
    BW_TRY(const auto known, posture::FactsFrom(facts->second, std::max(observed, looked_)));
    const bool accepted = !json::FindText(resource, "exception").empty();
    if (Again(goal, known, accepted) != status) {
      return Wrong("the result of goal " + goal.goal->id + " on " +
                   std::string(json::FindText(resource, "name")) +
                   " does not follow from its facts");
    }
    ++found_.results;
    return status;
  }

  static posture::ResultStatus Again(const posture::BoundGoal& bound, const condition::Facts& facts,
                                     bool accepted) {
    posture::Accepted exceptions;
    if (accepted) exceptions.emplace(bound.goal->id, std::pair(std::string(), std::string("one")));
    control::Resource resource;
    resource.name = bound.goal->id;  // what is attested is asked of the resource of that name
    const std::string letters = posture::Judge({bound}, resource, facts, exceptions);
    return posture::StatusOf(static_cast<posture::Letter>(letters.front()));
  }

  // What somebody answers for is told with who does, and counted at that moment.
  Status CheckAttestation(const posture::Goal& known, const json::Value& goal) {
    const std::string_view status = json::FindText(goal, "status");
    if (!known.is_manual() || (status != posture::ToString(posture::ResultStatus::kPass) &&
                               status != posture::ToString(posture::ResultStatus::kFail))) {
      return Ok();
    }
    const json::Value* attestation = json::Find(goal, "attestation");
    if (attestation == nullptr || json::FindText(*attestation, "owner").empty()) {
      return Wrong("nobody answers for goal " + known.id);
    }
    BW_TRY(const Timestamp given, ParseRfc3339(json::FindText(*attestation, "given")));
    BW_TRY(const Timestamp expires, ParseRfc3339(json::FindText(*attestation, "expires")));
    found_.recorded.emplace_back("compliance.posture-management.attestations-create", known.id);
    if (given <= at_ && at_ < expires) return Ok();
    return Wrong("the attestation of goal " + known.id + " did not count then");
  }

  // A failure that was accepted names the exception, which covered it at that moment.
  Status CheckException(const json::Value& goal, const json::Value& resource) {
    const std::string_view id = json::FindText(resource, "exception");
    if (id.empty()) return Ok();
    const json::Value* exceptions = json::Find(goal, "exceptions");
    if (exceptions != nullptr && exceptions->is_array()) {
      for (const json::Value& one : exceptions->as_array()) {
        if (json::FindText(one, "id") != id) continue;
        BW_TRY(const Timestamp expires, ParseRfc3339(json::FindText(one, "expires")));
        BW_TRY(const Timestamp approved, ParseRfc3339(json::FindText(one, "approved")));
        const std::string_view approver = json::FindText(one, "approver");
        const bool two_people =
            !approver.empty() && approver != json::FindText(one, "requested_by");
        const std::string_view crn = json::FindText(one, "crn");
        found_.recorded.emplace_back("breakwater.exception.approve", std::string(id));
        if (two_people && approved <= at_ && at_ < expires &&
            (crn.empty() || crn == json::FindText(resource, "crn")))
          return Ok();
      }
    }
    return Wrong("no exception " + std::string(id) + " covered what it is said to");
  }

  const Facts& facts_;
  Timestamp at_;
  Timestamp looked_;
  VerifiedEvidence& found_;
};

Status CheckScore(const json::Value& assessment, const Profile& profile) {
  std::vector<posture::Weighted> weighted;
  for (const json::Value& goal : assessment.at("goals").as_array()) {
    BW_TRY(const auto status, posture::ParseResultStatus(json::FindText(goal, "status")));
    weighted.push_back({profile.FindGoal(json::FindText(goal, "id"))->severity, status});
  }
  const posture::Score follows = posture::ScoreOf(weighted);
  const json::Value expected{{"points", follows.points},
                             {"evaluated", follows.evaluated},
                             {"total", follows.total},
                             {"formula", Text(posture::kScoreFormula)}};
  const json::Value* score = json::Find(assessment, "score");
  if (score == nullptr || *score != expected) {
    return Wrong("the score does not follow from the goals");
  }
  return Ok();
}

}  // namespace

json::Value StatementOf(const posture::Assessment& assessment, const Profile& profile,
                        const Witness& witness) {
  json::Value document = DocumentOf(assessment);
  const std::string digest = crypto::Sha256Hex(json::Canonical(document));
  return {{"_type", Text(kStatementType)},
          {"subject", {{{"name", Text(NameOf(document))}, {"digest", {{"sha256", Text(digest)}}}}}},
          {"predicateType", Text(kPredicateType)},
          {"predicate",
           {{"assessment", std::move(document)},
            {"profile_document", posture::ToDocument(profile)},
            {"facts", FactsOf(assessment)},
            {"made_at", Text(FormatRfc3339(witness.made))},
            {"audit_head", witness.audit_head}}}};
}

Result<VerifiedEvidence> VerifyEnvelope(std::string_view bytes, const crypto::VerifyingKey& key) {
  BW_TRY(const json::Value statement, OpenEnvelope(bytes, key));
  const json::Reader in(statement);
  const std::string statement_type = in.Field("_type").String();
  const std::string type = in.Field("predicateType").String();
  const json::Value& predicate = in.Field("predicate").value();
  const json::Value& assessment = in.Field("predicate").Field("assessment").value();
  const auto subjects = in.Field("subject").Items(1);
  const json::Reader goals = in.Field("predicate").Field("assessment").Field("goals");
  const auto all = goals.Items(kMaxResults);
  BW_TRY_STATUS(in.Finish());
  if (statement_type != kStatementType) return Wrong("this is no statement: " + statement_type);
  if (type != kPredicateType) return Wrong("the bundle is about something else: " + type);
  if (subjects.empty()) return Wrong("the bundle is about nothing");
  VerifiedEvidence found;
  found.subject = subjects.front().String("name", "");
  if (found.subject != NameOf(assessment)) return Wrong("the bundle is of another moment");
  const json::Value* digests = json::Find(subjects.front().value(), "digest");
  if (digests == nullptr ||
      json::FindText(*digests, "sha256") != crypto::Sha256Hex(json::Canonical(assessment))) {
    return Wrong("the assessment has another digest than the subject names");
  }
  BW_TRY(const auto facts, CheckFacts(predicate));
  BW_TRY(const auto profile, CheckProfile(predicate));
  found.profile = profile->name + ", version " + std::to_string(profile->version);
  found.at = json::FindText(assessment, "at");
  BW_TRY(const Timestamp at, ParseRfc3339(found.at).Context("the moment it is true of"));
  found.looked_at = json::FindText(assessment, "looked_at");
  BW_TRY(const Timestamp looked, ParseRfc3339(found.looked_at).Context("when it was looked at"));
  if (looked > at) return Wrong("it was looked at after the moment it is true of");
  found.made_at = json::FindText(predicate, "made_at");
  if (const json::Value* scope = json::Find(assessment, "scope")) {
    found.scope = std::string(json::FindText(*scope, "name")) + ": " +
                  std::string(json::FindText(*scope, "description"));
  }
  Evaluation evaluation(facts, at, looked, found);
  std::set<std::string> told;
  for (const json::Reader& goal : all) {
    told.insert(goal.Field("id").String());
    BW_TRY_STATUS(evaluation.Goal(*profile, goal.value()));
  }
  if (told.size() != all.size() || told.size() != profile->goals.size()) {
    return Wrong("the goals are not those of the profile, each once");
  }
  BW_TRY_STATUS(CheckScore(assessment, *profile));
  if (const json::Value* head = json::Find(predicate, "audit_head")) found.audit_head = *head;
  return found;
}

}  // namespace breakwater::report
