#include "posture/assess.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace breakwater::posture {
namespace {

using Bound = std::map<condition::ResourceType, std::vector<BoundGoal>>;

ResultStatus StatusOf(const Goal& goal, const ledger::GoalPoints& points) {
  const auto found = points.find(goal.id);
  return found == points.end() ? ResultStatus::kUnableToPerform : found->second.status;
}

ResultStatus StatusOf(const Control& control, const ledger::GoalPoints& points) {
  Counters goals;
  for (const std::string& id : control.goals) {
    const auto found = points.find(id);
    goals.Add(found == points.end() ? ResultStatus::kUnableToPerform : found->second.status);
  }
  return RollUp(goals);
}

// Goals as they were, with their texts, without resources.
std::vector<AssessedGoal> GoalsOf(const Profile& profile, const Bound& bound,
                                  const ledger::GoalPoints& points, Timestamp at) {
  std::vector<AssessedGoal> assessed;
  for (const auto& goal : profile.goals) {
    const auto& peers = bound.at(goal->type);
    const auto own = std::find_if(peers.begin(), peers.end(),
                                  [&](const BoundGoal& one) { return one.goal == goal.get(); });
    AssessedGoal shown{.id = goal->id,
                       .description = WithParameters(goal->description, *goal, own->parameters),
                       .severity = goal->severity,
                       .expected = WithParameters(goal->expected, *goal, own->parameters),
                       .reason = goal->reason,
                       .remedy = goal->remedy,
                       .is_manual = goal->is_manual(),
                       .mappings = goal->mappings,
                       .digest = goal->digest,
                       .document = goal->document,
                       .result = {},
                       .resources = {},
                       .since = {},
                       .attestation = {},
                       .exceptions = {}};
    shown.result.goal_id = goal->id;
    shown.result.parameters = own->parameters.ToJson();
    shown.result.status = ResultStatus::kUnableToPerform;
    shown.result.error = "not evaluated yet";
    if (const auto point = points.find(goal->id); point != points.end()) {
      shown.result.status = point->second.status;
      shown.result.error = point->second.error;
      shown.result.completed = std::min(point->second.checked, at);
      shown.resources = point->second.resources;
      shown.since = point->second.since;
    }
    assessed.push_back(std::move(shown));
  }
  return assessed;
}

class Resources {
 public:
  Resources(db::Transaction& tx, const Bound& bound, const Accepted& accepted,
            std::vector<AssessedGoal>& goals, std::size_t max)
      : tx_(tx), bound_(bound), accepted_(accepted), max_(max) {
    for (AssessedGoal& goal : goals) goals_.emplace(goal.id, &goal);
  }

  Status Add(const ResourcePoint& point) {
    const auto goals = bound_.find({point.resource.service, point.resource.kind});
    if (goals == bound_.end() || point.statuses.size() != goals->second.size()) return Ok();
    for (std::size_t i = 0; i < goals->second.size(); ++i) {
      const auto letter = static_cast<Letter>(point.statuses[i]);
      if (letter == Letter::kElsewhere) continue;
      auto& results = letter == Letter::kPass
                          ? passes_[goals->second[i].goal->id]
                          : goals_.at(goals->second[i].goal->id)->result.resources;
      if (results.size() >= max_) continue;
      BW_TRY(const json::Value* facts, FactsOf(point.facts_digest));
      results.push_back(Explain(goals->second[i],
                                {.resource = point.resource,
                                 .letter = letter,
                                 .facts = *facts,
                                 .facts_digest = point.facts_digest,
                                 .error = point.error,
                                 .observed = point.since},
                                accepted_));
    }
    return Ok();
  }

  // Passes are shown where there is room beside what does not pass.
  void AddPasses() {
    for (auto& [id, passes] : passes_) {
      auto& results = goals_.at(id)->result.resources;
      const std::size_t room = std::min(max_ - std::min(max_, results.size()), passes.size());
      std::move(passes.begin(), passes.begin() + static_cast<std::ptrdiff_t>(room),
                std::back_inserter(results));
    }
  }

  std::map<std::string, json::Value> facts() && { return std::move(facts_); }

 private:
  Result<const json::Value*> FactsOf(const std::string& digest) {
    static const json::Value kNone;
    if (digest.empty()) return &kNone;
    const auto known = facts_.find(digest);
    if (known != facts_.end()) return &known->second;
    BW_TRY(const std::string text, ledger::FactsOf(tx_, digest));
    BW_TRY(json::Value document, json::Parse(text));
    return &facts_.emplace(digest, std::move(document)).first->second;
  }

  db::Transaction& tx_;
  const Bound& bound_;
  const Accepted& accepted_;
  std::size_t max_;
  std::map<std::string, AssessedGoal*, std::less<>> goals_;
  std::map<std::string, std::vector<ResourceResult>> passes_;
  std::map<std::string, json::Value> facts_;
};

// What does not pass comes first, then by name: the same order whatever the database's.
void Sort(std::vector<AssessedGoal>& goals) {
  const auto rank = [](ResultStatus status) {
    switch (status) {
      case ResultStatus::kFail: return 0;
      case ResultStatus::kUnableToPerform: return 1;
      case ResultStatus::kNotApplicable: return 2;
      case ResultStatus::kPass: break;
    }
    return 3;
  };
  for (AssessedGoal& goal : goals) {
    std::sort(goal.result.resources.begin(), goal.result.resources.end(),
              [&](const ResourceResult& a, const ResourceResult& b) {
                const int first = rank(a.status);
                const int second = rank(b.status);
                return std::tie(first, a.name, a.crn) < std::tie(second, b.name, b.crn);
              });
  }
}

void FillControls(const Profile& profile, const ledger::GoalPoints& points,
                  Assessment& assessment) {
  std::map<std::string, std::size_t, std::less<>> places;
  for (std::size_t i = 0; i < assessment.goals.size(); ++i) {
    places.emplace(assessment.goals[i].id, i);
  }
  for (const Control& control : profile.controls) {
    AssessedControl shown{.id = control.id,
                          .external_control_id = control.external_control_id,
                          .title = control.Title(profile),
                          .parent = control.parent,
                          .goals = {},
                          .status = StatusOf(control, points)};
    for (const std::string& id : control.goals) shown.goals.push_back(places.at(id));
    assessment.controls.push_back(std::move(shown));
  }
}

// The trend as it grows, each of its points scored by the version in force then.
class Trend {
 public:
  Trend(std::vector<std::pair<Timestamp, std::shared_ptr<const Profile>>> in_force,
        Assessment& assessment)
      : in_force_(std::move(in_force)), assessment_(assessment) {}

  void Add(const GoalPoint& point, Timestamp from) {
    bool altered = false;
    while (place_ + 1 < in_force_.size() && in_force_[place_ + 1].first <= point.at) {
      ++place_;
      altered = true;
    }
    // Whatever was known of the goals has ended with what was in force.
    if (altered) standing_.clear();
    standing_.insert_or_assign(point.goal_id, point);
    const auto last = last_.find(point.goal_id);
    const bool changed = last == last_.end() || last->second != point.status;
    if (changed && point.at > from) {
      assessment_.changes.push_back(
          {.at = point.at,
           .goal_id = point.goal_id,
           .before = last == last_.end() ? std::nullopt : std::optional(last->second),
           .after = point.status});
    }
    last_.insert_or_assign(point.goal_id, point.status);
    // Goals that were evaluated together make one point.
    if (changed || altered || marked_ == point.at) Mark(point.at, from);
  }

 private:
  void Mark(Timestamp at, Timestamp from) {
    marked_ = at;
    const ScanCounts counts = CountsOf(*in_force_[place_].second, standing_);
    auto& trend = assessment_.trend;
    const Timestamp shown = std::max(at, from);
    if (!trend.empty() && trend.back().at == shown) trend.pop_back();
    trend.push_back({shown, counts.score, counts.goals});
  }

  std::vector<std::pair<Timestamp, std::shared_ptr<const Profile>>> in_force_;  // oldest first
  Assessment& assessment_;
  std::size_t place_ = 0;
  ledger::GoalPoints standing_;
  std::map<std::string, ResultStatus, std::less<>> last_;
  std::optional<Timestamp> marked_;
};

// Points of the period's goals folded into the posture after each of its moments.
Status FillPeriod(db::Transaction& tx, const AssessSource& source, const Attachment& attachment,
                  Timestamp from, Assessment& assessment) {
  BW_TRY(const auto versions,
         source.attachments.InForceBetween(tx, attachment.id, from, assessment.at));
  std::vector<std::pair<Timestamp, std::shared_ptr<const Profile>>> in_force;
  for (const InForce& one : versions) {
    BW_TRY(auto profile, source.profiles.Load(tx, attachment.profile_id, one.profile_version));
    in_force.emplace_back(one.since, std::move(profile));
  }
  if (in_force.empty()) return Ok();
  BW_TRY(const auto points, ledger::GoalsBetween(tx, attachment.id, from, assessment.at));
  Trend trend(std::move(in_force), assessment);
  for (const GoalPoint& point : points) trend.Add(point, from);
  if (!assessment.trend.empty() && assessment.trend.back().at < assessment.at) {
    assessment.trend.push_back({assessment.at, assessment.score, assessment.goal_counts});
  }
  return Ok();
}

}  // namespace

ScanCounts CountsOf(const Profile& profile, const ledger::GoalPoints& points) {
  ScanCounts counts;
  std::vector<Weighted> weighted;
  for (const auto& goal : profile.goals) {
    const ResultStatus status = StatusOf(*goal, points);
    counts.goals.Add(status);
    weighted.push_back({goal->severity, status});
  }
  for (const Control& control : profile.controls) {
    if (!control.goals.empty()) counts.controls.Add(StatusOf(control, points));
  }
  counts.score = ScoreOf(weighted);
  return counts;
}

Result<Assessment> Assess(db::Transaction& tx, const AssessSource& source,
                          const Attachment& attachment, const AssessOptions& options,
                          Timestamp now) {
  Assessment out;
  const Timestamp present = std::max(now, attachment.evaluated);
  out.at = options.at.value_or(present);
  if (out.at > present) {
    return Invalid("at: nobody knows yet what will be").Reason("invalid_field");
  }
  out.from = options.from;
  BW_TRY(const auto in_force, source.attachments.InForceAt(tx, attachment.id, out.at));
  if (!in_force) {
    return NotFound("attachment " + std::to_string(attachment.id) + " was made after " +
                    FormatRfc3339(out.at));
  }
  BW_TRY(const auto profile,
         source.profiles.Load(tx, attachment.profile_id, in_force->profile_version));
  Bound bound;
  for (const auto& type : profile->Types()) {
    BW_TRY(auto goals, BindGoals(*profile, type, in_force->parameters));
    bound.emplace(type, std::move(goals));
  }
  BW_TRY(const auto points, ledger::GoalsAt(tx, attachment.id, out.at));

  out.account = attachment.account;
  out.attachment_id = attachment.id;
  out.scope_id = attachment.scope_id;
  out.profile_id = profile->id;
  out.profile_name = profile->name;
  out.profile_description = profile->description;
  out.profile_version = profile->version;
  out.profile_digest = DigestOf(*profile);
  out.goals = GoalsOf(*profile, bound, points, out.at);
  json::Object parameters;
  for (const AssessedGoal& goal : out.goals) {
    out.checked = std::max(out.checked, goal.result.completed);
    out.resource_counts += goal.resources;
    for (const auto& member : goal.result.parameters.as_object()) {
      parameters[member.key()] = member.value();
    }
  }
  out.parameters = std::move(parameters);
  const ScanCounts counts = CountsOf(*profile, points);
  out.score = counts.score;
  out.goal_counts = counts.goals;
  out.control_counts = counts.controls;
  FillControls(*profile, points, out);
  if (options.max_resources > 0) {
    Resources resources(tx, bound, source.accepted, out.goals, options.max_resources);
    BW_TRY_STATUS(ledger::ForEach(tx, attachment.id, out.at, {}, [&](const ResourcePoint& point) {
      return resources.Add(point);
    }));
    resources.AddPasses();
    out.facts = std::move(resources).facts();
    Sort(out.goals);
  }
  if (options.from) BW_TRY_STATUS(FillPeriod(tx, source, attachment, *options.from, out));
  return out;
}

}  // namespace breakwater::posture
