#include "posture/assess.h"

#include <algorithm>
#include <iterator>
#include <tuple>

#include "posture/selection.h"

namespace breakwater::posture {
namespace {

using Bound = std::map<condition::ResourceType, std::vector<BoundGoal>>;

// All is looked at once an hour: after three nobody knows what is so.
constexpr std::chrono::hours kStaleAfter{3};

struct Looked {
  Timestamp last;      // when all was looked at; zero: not yet, as it is in force
  bool stale = false;  // that is too long ago
};

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
                                  const ledger::GoalPoints& points, Timestamp looked) {
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
      shown.result.completed = std::max(point->second.at, looked);
      shown.resources = point->second.resources;
      shown.since = point->second.since;
    }
    assessed.push_back(std::move(shown));
  }
  return assessed;
}

// What each resource came to at the moment: the letters that were found, with the exceptions and
// attestations that counted then. Goals follow from them.
class Resources {
 public:
  Resources(db::Transaction& tx, const Bound& bound, const AssessSource& source,
            const Looked& looked, std::vector<AssessedGoal>& goals, std::size_t max)
      : tx_(tx), bound_(bound), source_(source), looked_(looked), max_(max) {
    for (AssessedGoal& goal : goals) goals_[goal.id].assessed = &goal;
  }

  Status Add(const ResourcePoint& point) {
    const auto goals = bound_.find({point.resource.service, point.resource.kind});
    if (goals == bound_.end() || point.statuses.size() != goals->second.size()) return Ok();
    const std::string crn = point.resource.crn().ToString();
    for (std::size_t i = 0; i < goals->second.size(); ++i) {
      const auto letter = static_cast<Letter>(point.statuses[i]);
      if (letter == Letter::kElsewhere) continue;
      BW_TRY_STATUS(Add(goals->second[i], point, crn, letter));
    }
    return Ok();
  }

  // Passes are shown where there is room beside what does not pass.
  void Finish(ledger::GoalPoints& points) {
    for (auto& [id, goal] : goals_) {
      auto& results = goal.assessed->result.resources;
      const std::size_t room = std::min(max_ - std::min(max_, results.size()), goal.passes.size());
      std::move(goal.passes.begin(), goal.passes.begin() + static_cast<std::ptrdiff_t>(room),
                std::back_inserter(results));
      AssessedGoal& assessed = *goal.assessed;
      assessed.resources = goal.counters;
      const ResultStatus status = RollUpUnless(assessed.result.error, goal.counters);
      if (status != assessed.result.status) assessed.since = goal.latest;
      assessed.result.status = status;
      if (const auto point = points.find(id); point != points.end()) point->second.status = status;
    }
  }

  std::map<std::string, json::Value> facts() && { return std::move(facts_); }

 private:
  struct OfGoal {
    AssessedGoal* assessed = nullptr;
    Counters counters;
    Timestamp latest;  // change of any of its resources
    std::vector<ResourceResult> passes;
  };

  Status Add(const BoundGoal& bound, const ResourcePoint& point, const std::string& crn,
             Letter letter) {
    OfGoal& goal = goals_.at(bound.goal->id);
    std::string_view unknown = WhyUnknown(*bound.goal, letter);
    if (!unknown.empty()) letter = Letter::kUnable;
    letter = WithExceptions(letter, !AcceptedBy(source_.accepted, bound.goal->id, crn).empty());
    goal.counters.Add(StatusOf(letter));
    goal.latest = std::max(goal.latest, point.since);
    auto& results = letter == Letter::kPass ? goal.passes : goal.assessed->result.resources;
    if (results.size() >= max_) return Ok();
    const std::string no_facts;
    const std::string& digest = unknown.empty() ? point.facts_digest : no_facts;
    if (digest.empty() && unknown.empty()) unknown = point.error;
    BW_TRY(const json::Value* facts, FactsOf(digest));
    results.push_back(Explain(bound,
                              {.resource = point.resource,
                               .letter = letter,
                               .facts = *facts,
                               .facts_digest = digest,
                               .error = unknown,
                               .observed = point.since,
                               .judged = std::max(point.since, looked_.last)},
                              source_.accepted));
    return Ok();
  }

  // Why what was found tells nothing of the moment; empty if it does.
  std::string_view WhyUnknown(const Goal& goal, Letter letter) const {
    if (looked_.stale) return "nobody had looked for more than three hours";
    const bool answered =
        letter == Letter::kPass || letter == Letter::kFail || letter == Letter::kAcceptedFailure;
    if (goal.is_manual() && answered && !source_.attested.contains(goal.id)) {
      return "nobody attests it, or the attestation has ended";
    }
    return {};
  }

  static Letter WithExceptions(Letter letter, bool covered) {
    switch (letter) {
      case Letter::kFail:
      case Letter::kAcceptedFailure: return covered ? Letter::kAcceptedFailure : Letter::kFail;
      case Letter::kUnable:
      case Letter::kAcceptedUnable: return covered ? Letter::kAcceptedUnable : Letter::kUnable;
      case Letter::kPass:
      case Letter::kInapplicable:
      case Letter::kElsewhere: break;
    }
    return letter;
  }

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
  const AssessSource& source_;
  const Looked looked_;
  std::size_t max_;
  std::map<std::string, OfGoal, std::less<>> goals_;
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

// What it is of.
Status Describe(const Attachment& attachment, const InForce& in_force, const Profile& profile,
                Assessment& out) {
  out.account = attachment.account;
  out.attachment_id = attachment.id;
  out.scope_id = attachment.scope_id;
  out.scope_name = in_force.scope.name;
  out.scope_description = in_force.scope.description;
  out.scope_selection = in_force.scope.selection;
  BW_TRY(const Selection selection, SelectionFrom(out.scope_selection));
  out.scope_description += Described(selection);
  out.profile_id = profile.id;
  out.profile_name = profile.name;
  out.profile_description = profile.description;
  out.profile_version = profile.version;
  out.profile_digest = DigestOf(profile);
  return Ok();
}

Result<Looked> LookedAt(db::Transaction& tx, const AssessSource& source,
                        const Attachment& attachment, const InForce& in_force, Timestamp at) {
  BW_TRY(const auto last, source.attachments.LastLook(tx, attachment.id, in_force.since, at));
  if (!last) return Looked{};
  return Looked{*last, at - *last > kStaleAfter};
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
  BW_TRY(auto points, ledger::GoalsAt(tx, attachment.id, out.at));
  BW_TRY(const Looked looked, LookedAt(tx, source, attachment, *in_force, out.at));
  if (looked.stale) {
    for (auto& [id, point] : points) point.status = ResultStatus::kUnableToPerform;
  }

  BW_TRY_STATUS(Describe(attachment, *in_force, *profile, out));
  out.checked = looked.last;
  out.goals = GoalsOf(*profile, bound, points, looked.last);
  if (options.max_resources > 0) {
    Resources resources(tx, bound, source, looked, out.goals, options.max_resources);
    BW_TRY_STATUS(ledger::ForEach(tx, attachment.id, out.at, {}, [&](const ResourcePoint& point) {
      return resources.Add(point);
    }));
    resources.Finish(points);
    out.facts = std::move(resources).facts();
    Sort(out.goals);
  }
  json::Object parameters;
  for (const AssessedGoal& goal : out.goals) {
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
  if (options.from) BW_TRY_STATUS(FillPeriod(tx, source, attachment, *options.from, out));
  return out;
}

}  // namespace breakwater::posture
