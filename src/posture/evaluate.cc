#include "posture/evaluate.h"

#include "base/check.h"
#include "condition/evaluate.h"
#include "crypto/hash.h"
#include "posture/attainable.h"

namespace breakwater::posture {
namespace {

using json::Text;

char CharOf(Letter letter) {
  return static_cast<char>(letter);
}

// One found value stands alone, several are named.
std::string ActualOf(const condition::Verdict& verdict) {
  if (verdict.leaves.size() == 1) return json::Serialize(verdict.leaves.front().found);
  json::Object found;
  for (const auto& leaf : verdict.leaves) found[leaf.property] = leaf.found;
  return json::Serialize(found);
}

std::string ReasonsOf(const condition::Verdict& verdict) {
  std::string reasons;
  for (const condition::LeafReport* leaf : verdict.Failing()) {
    if (!reasons.empty()) reasons += "; ";
    reasons += leaf->property + ": " + leaf->reason;
  }
  return reasons;
}

// What nobody attested is a resource of its own for each goal that is answered so.
bool Asks(const Goal& goal, const control::Resource& resource) {
  return !goal.is_manual() || resource.name == goal.id;
}

Letter LetterOf(condition::Outcome outcome, bool accepted) {
  switch (outcome) {
    case condition::Outcome::kCompliant: return Letter::kPass;
    case condition::Outcome::kViolated: return accepted ? Letter::kAcceptedFailure : Letter::kFail;
    case condition::Outcome::kUnable: return accepted ? Letter::kAcceptedUnable : Letter::kUnable;
  }
  BW_UNREACHABLE();
}

std::string NameOf(const control::Resource& resource) {
  if (!resource.name.empty()) return resource.name;
  if (!resource.name_space.empty()) return resource.name_space;
  if (!resource.registry.empty()) return resource.registry.value();
  return resource.account.value();
}

// Of the goal's own properties.
json::Value Only(const json::Value& facts, const Goal& goal, Timestamp observed) {
  json::Object own;
  for (const std::string& property : goal.Properties()) {
    const json::Value* fact = json::Find(facts, property);
    if (fact == nullptr) continue;
    json::Value shown = *fact;
    if (shown.is_object()) shown.as_object()["observed"] = Text(FormatRfc3339(observed));
    own[property] = std::move(shown);
  }
  return own;
}

}  // namespace

ResultStatus StatusOf(Letter letter) {
  switch (letter) {
    case Letter::kPass: return ResultStatus::kPass;
    case Letter::kFail: return ResultStatus::kFail;
    case Letter::kUnable: return ResultStatus::kUnableToPerform;
    case Letter::kAcceptedFailure:
    case Letter::kAcceptedUnable:
    case Letter::kInapplicable: return ResultStatus::kNotApplicable;
    case Letter::kElsewhere: break;
  }
  BW_UNREACHABLE();
}

void Count(std::string_view letters, std::int64_t resources, std::vector<Counters>& goals) {
  BW_CHECK(letters.size() == goals.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const auto letter = static_cast<Letter>(letters[i]);
    if (letter != Letter::kElsewhere) goals[i].Add(StatusOf(letter), resources);
  }
}

Result<std::vector<BoundGoal>> BindGoals(const Profile& profile,
                                         const condition::ResourceType& type,
                                         const json::Object& parameters) {
  std::vector<BoundGoal> bound;
  for (const Goal* goal : profile.GoalsOn(type)) {
    json::Object own;
    for (const auto& declaration : goal->parameters) {
      if (const json::Value* value = parameters.if_contains(declaration.name)) {
        own[declaration.name] = *value;
      }
    }
    BW_TRY(auto values, condition::Parameters::Bind(goal->parameters, own));
    bound.push_back({goal, std::move(values)});
  }
  return bound;
}

std::string AcceptedBy(const Accepted& accepted, std::string_view goal_id, std::string_view crn) {
  const auto [first, last] = accepted.equal_range(goal_id);
  for (auto it = first; it != last; ++it) {
    const auto& [covered, id] = it->second;
    if (covered.empty() || covered == crn) return id;
  }
  return {};
}

std::string Judge(const std::vector<BoundGoal>& goals, const control::Resource& resource,
                  const condition::Facts& facts, const Accepted& accepted) {
  std::string letters;
  letters.reserve(goals.size());
  const std::string crn = accepted.empty() ? std::string() : resource.crn().ToString();
  for (const auto& [goal, parameters] : goals) {
    if (!Asks(*goal, resource)) {
      letters += CharOf(Letter::kElsewhere);
      continue;
    }
    const auto applies = goal->applies ? condition::Judge(*goal->applies, parameters, facts)
                                       : condition::Outcome::kCompliant;
    if (applies == condition::Outcome::kViolated) {
      letters += CharOf(Letter::kInapplicable);
      continue;
    }
    const bool covered = !accepted.empty() && !AcceptedBy(accepted, goal->id, crn).empty();
    if (applies == condition::Outcome::kUnable) {
      letters += CharOf(LetterOf(applies, covered));
      continue;
    }
    letters += CharOf(LetterOf(condition::Judge(goal->condition, parameters, facts), covered));
  }
  return letters;
}

std::string JudgeUnreadable(const std::vector<BoundGoal>& goals, const control::Resource& resource,
                            const Accepted& accepted) {
  std::string letters;
  const std::string crn = resource.crn().ToString();
  for (const auto& [goal, parameters] : goals) {
    const bool covered = !AcceptedBy(accepted, goal->id, crn).empty();
    letters += CharOf(!Asks(*goal, resource) ? Letter::kElsewhere
                                             : LetterOf(condition::Outcome::kUnable, covered));
  }
  return letters;
}

json::Value FactsUsed(const std::vector<BoundGoal>& goals, const condition::Facts& facts) {
  json::Object used;
  for (const auto& [goal, parameters] : goals) {
    for (const std::string& property : goal->Properties()) {
      if (used.contains(property)) continue;
      const condition::Fact* fact = facts.Find(property);
      json::Value document = fact == nullptr ? json::Value() : fact->ToJson();
      if (document.is_object()) document.as_object().erase("observed");
      used[property] = std::move(document);
    }
  }
  return used;
}

std::string DigestOfFacts(std::string_view canonical) {
  return "sha256:" + crypto::Sha256Hex(canonical);
}

Result<condition::Facts> FactsFrom(const json::Value& used, Timestamp observed) {
  condition::Facts facts;
  if (!used.is_object()) return DataCorrupt("facts are no object");
  for (const auto& [property, document] : used.as_object()) {
    if (document.is_null()) continue;
    json::Value whole = document;
    if (whole.is_object()) whole.as_object()["observed"] = Text(FormatRfc3339(observed));
    BW_TRY(auto fact, condition::Fact::FromJson(whole));
    facts.Set(std::string(property), std::move(fact));
  }
  return facts;
}

ResourceResult Explain(const BoundGoal& bound, const Stored& stored, const Accepted& accepted) {
  const Goal& goal = *bound.goal;
  ResourceResult result;
  result.name = NameOf(stored.resource);
  result.crn = stored.resource.crn().ToString();
  result.type = condition::ToString(goal.type);
  result.status = StatusOf(stored.letter);
  result.expected = WithParameters(goal.expected, goal, bound.parameters);
  if (stored.facts.is_null()) {
    result.info = "the facts could not be read: " + std::string(stored.error);
  } else if (auto facts = FactsFrom(stored.facts, stored.judged); facts.ok()) {
    const bool applies =
        !goal.applies ||
        condition::Judge(*goal.applies, bound.parameters, *facts) == condition::Outcome::kCompliant;
    const auto verdict =
        condition::Evaluate(applies ? goal.condition : *goal.applies, bound.parameters, *facts);
    result.actual = ActualOf(verdict);
    if (stored.letter != Letter::kPass) result.info = ReasonsOf(verdict);
    if (stored.letter == Letter::kFail) {
      const std::string why = WhyUnattainable(bound, *facts);
      if (!why.empty()) result.info += "; " + why;
    }
    result.facts = Only(stored.facts, goal, stored.observed);
    result.facts_digest = stored.facts_digest;
    result.observed = stored.observed;
  }
  if (stored.letter == Letter::kInapplicable) result.info = "does not apply: " + result.info;
  if (stored.letter == Letter::kAcceptedFailure || stored.letter == Letter::kAcceptedUnable) {
    result.exception = AcceptedBy(accepted, goal.id, result.crn);
    result.info = "accepted by exception " + result.exception + ": " + result.info;
  }
  return result;
}

std::string WithParameters(std::string_view text, const Goal& goal,
                           const condition::Parameters& parameters) {
  const json::Value values = parameters.ToJson();
  std::string out;
  std::size_t next = 0;
  for (const char c : text) {
    if (c != '#' || next >= goal.parameters.size()) {
      out += c;
      continue;
    }
    const json::Value* value = json::Find(values, goal.parameters[next++].name);
    out += value == nullptr ? "#" : json::Serialize(*value);
  }
  return out;
}

}  // namespace breakwater::posture
