#include "posture/evaluator.h"

#include <algorithm>
#include <map>
#include <span>
#include <unordered_set>

#include "base/check.h"

namespace breakwater::posture {
namespace {

using json::Text;

// Small enough that others who write do not wait for long.
constexpr std::size_t kStep = 250;
// How often a step is begun anew because something more could not be read.
constexpr int kMostUnreadable = 16;

condition::ResourceType TypeOf(const control::Resource& resource) {
  return {resource.service, resource.kind};
}

bool Same(const ResourcePoint& a, const ResourcePoint& b) {
  return a.statuses == b.statuses && a.facts_digest == b.facts_digest && a.error == b.error;
}

const GoalPoint* PointOf(const ledger::GoalPoints& points, std::string_view goal_id) {
  const auto found = points.find(goal_id);
  return found == points.end() ? nullptr : &found->second;
}

}  // namespace

// What an attachment is evaluated by, under its lock.
struct Evaluator::Frame {
  Attachment attachment;
  std::shared_ptr<const Profile> profile;
  std::map<condition::ResourceType, std::vector<BoundGoal>> goals;
  ScopeFilter in_scope;
  Accepted accepted;
};

// What there is of a type, and what there was.
struct Evaluator::Listing {
  condition::ResourceType type;
  std::optional<Error> failure;  // the list could not be read
  std::vector<control::Resource> resources;
  std::vector<control::Resource> vanished;  // known before and not listed
};

// What could not be read, by CRN or by type. After a statement that failed PostgreSQL runs nothing
// more in a transaction: it is begun anew, and what is known to fail is not tried.
struct Evaluator::Unreadable {
  std::map<std::string, Error> known;
  std::map<std::string, Error> noted;  // in this run

  // False if there is nothing new to leave out.
  bool Learn() {
    const std::size_t before = known.size();
    known.merge(noted);
    return known.size() > before;
  }
  template <class T, class Read>
  Result<T> Try(const std::string& what, const Read& read) {
    if (const auto found = known.find(what); found != known.end()) return found->second;
    Result<T> result = read();
    if (!result.ok() && result.error().code() != ErrorCode::kNotFound) {
      noted.emplace(what, result.error());
    }
    return result;
  }
};

struct Evaluator::Listings {
  Attachment attachment;  // as it was when they were made
  std::vector<Listing> all;
};

Result<Evaluator::Frame> Evaluator::FrameOf(db::Transaction& tx,
                                            const Attachment& attachment) const {
  Frame frame{.attachment = attachment, .profile = {}, .goals = {}, .in_scope = {}, .accepted = {}};
  BW_TRY(frame.profile, deps_.profiles.Load(tx, attachment.profile_id, attachment.profile_version));
  for (const auto& type : frame.profile->Types()) {
    BW_TRY(auto goals, BindGoals(*frame.profile, type, attachment.parameters));
    frame.goals.emplace(type, std::move(goals));
  }
  BW_TRY(frame.in_scope, deps_.scope(tx, attachment.account, attachment.scope_id));
  BW_TRY(frame.accepted, deps_.accepted(tx, attachment.account));
  return frame;
}

Status Evaluator::Write(const Step& step) const {
  Unreadable unreadable;
  for (int attempt = 0;; ++attempt) {
    Status done = deps_.database.Write([&](db::Transaction& tx) {
      unreadable.noted.clear();  // the database may run it again by itself
      return step(tx, unreadable);
    });
    if (done.ok() || attempt >= kMostUnreadable || !unreadable.Learn()) return done;
  }
}

Result<Evaluator::Listings> Evaluator::ListAll(
    std::int64_t id, const std::set<condition::ResourceType>& types) const {
  Unreadable unreadable;
  for (int attempt = 0;; ++attempt) {
    auto listed = deps_.database.ReadValue([&](db::Transaction& tx) {
      unreadable.noted.clear();
      return ListOnce(tx, id, types, unreadable);
    });
    if (listed.ok() || attempt >= kMostUnreadable || !unreadable.Learn()) return listed;
  }
}

Result<Evaluator::Listings> Evaluator::ListOnce(db::Transaction& tx, std::int64_t id,
                                                const std::set<condition::ResourceType>& types,
                                                Unreadable& unreadable) const {
  BW_TRY(const Attachment attachment, deps_.attachments.Get(tx, id));
  if (!attachment.enabled) return Attachments::Ended(id);
  BW_TRY(const Frame frame, FrameOf(tx, attachment));
  std::vector<Listing> listings;
  for (const auto& [type, goals] : frame.goals) {
    if (!types.empty() && !types.contains(type)) continue;
    Listing& listing = listings.emplace_back(Listing{type, {}, {}, {}});
    control::FactSource* source = deps_.facts.For(type);
    using Listed = std::vector<control::Resource>;
    const std::string name = condition::ToString(type);
    auto listed = source == nullptr ? Result<Listed>(Unavailable("nothing here knows " + name))
                                    : unreadable.Try<Listed>(name, [&] {
                                        return source->List(tx, type, attachment.account);
                                      });
    if (!listed.ok()) {
      listing.failure = std::move(listed).error();
      continue;
    }
    listing.resources = *std::move(listed);
    std::erase_if(listing.resources, [&](const auto& r) { return !frame.in_scope(r); });
  }
  std::unordered_set<std::string> known;
  for (const Listing& listing : listings) {
    for (const auto& resource : listing.resources) known.insert(resource.crn().ToString());
  }
  for (Listing& listing : listings) {
    if (listing.failure) continue;
    BW_TRY_STATUS(
        ledger::ForEach(tx, id, {}, listing.type, [&](const ResourcePoint& point) -> Status {
          if (!known.contains(point.resource.crn().ToString())) {
            listing.vanished.push_back(point.resource);
          }
          return Ok();
        }));
  }
  return Listings{attachment, std::move(listings)};
}

// Listed once more, under the lock: what is missing may have been made again since.
Status Evaluator::EndVanished(db::Transaction& tx, const Frame& frame,
                              const Listing& listing) const {
  control::FactSource* source = deps_.facts.For(listing.type);
  if (listing.vanished.empty() || source == nullptr) return Ok();
  BW_TRY(const auto now, source->List(tx, listing.type, frame.attachment.account));
  std::unordered_set<std::string> there;
  for (const control::Resource& resource : now) {
    if (frame.in_scope(resource)) there.insert(resource.crn().ToString());
  }
  for (const control::Resource& resource : listing.vanished) {
    if (there.contains(resource.crn().ToString())) continue;
    BW_TRY_STATUS(ledger::End(tx, frame.attachment.id, frame.attachment.evaluated, resource));
  }
  return Ok();
}

Status Evaluator::LookAt(db::Transaction& tx, const Frame& frame, const control::Resource& resource,
                         Unreadable& unreadable, ResourcePoint* before,
                         ResourcePoint* after) const {
  const std::int64_t id = frame.attachment.id;
  const Timestamp at = frame.attachment.evaluated;
  BW_TRY(auto current, ledger::Current(tx, id, resource));
  if (current) *before = *current;
  const auto& goals = frame.goals.at(TypeOf(resource));
  control::FactSource* source = deps_.facts.For(TypeOf(resource));
  if (source == nullptr) return Ok();
  auto facts = frame.in_scope(resource)
                   ? unreadable.Try<condition::Facts>(resource.crn().ToString(),
                                                      [&] { return source->Read(tx, resource); })
                   : Result<condition::Facts>(NotFound("not in scope"));
  if (!facts.ok() && facts.error().code() == ErrorCode::kNotFound) {
    return current ? ledger::End(tx, id, at, resource) : Ok();
  }
  std::string document;
  ResourcePoint now{
      .resource = resource, .statuses = {}, .facts_digest = {}, .error = {}, .since = at};
  if (facts.ok()) {
    now.statuses = Judge(goals, resource, *facts, frame.accepted);
    document = json::Canonical(FactsUsed(goals, *facts));
    now.facts_digest = DigestOfFacts(document);
  } else {
    now.statuses = JudgeUnreadable(goals, resource, frame.accepted);
    now.error = facts.error().message();
  }
  *after = now;
  if (current && Same(*current, now)) return Ok();
  return ledger::Put(tx, id, at, now, document);
}

Status Evaluator::Store(db::Transaction& tx, const Frame& frame, const GoalPoint* before,
                        const GoalPoint* prior, GoalPoint now) const {
  now.status = RollUpUnless(now.error, now.resources);
  now.at = frame.attachment.evaluated;
  const bool changed = prior == nullptr || prior->status != now.status;
  now.since = changed ? now.at : prior->since;
  BW_TRY_STATUS(ledger::PutGoal(tx, frame.attachment.id, before, now));
  if (!changed) return Ok();
  return deps_.jobs.Emit(
      tx,
      {std::string(kGoalChanged),
       {{"account", Text(frame.attachment.account.value())},
        {"attachment_id", frame.attachment.id},
        {"profile_id", Text(frame.attachment.profile_id)},
        {"goal_id", Text(now.goal_id)},
        {"before", prior == nullptr ? json::Value() : json::Value(Text(ToString(prior->status)))},
        {"after", Text(ToString(now.status))}}});
}

Status Evaluator::Recount(db::Transaction& tx, const Frame& frame,
                          const std::vector<Listing>& listings) const {
  std::map<condition::ResourceType, std::vector<Counters>> counts;
  for (const auto& [type, goals] : frame.goals) counts[type].resize(goals.size());
  for (const Listing& listing : listings) {
    const auto of = counts.find(listing.type);
    if (of == counts.end()) continue;
    BW_TRY_STATUS(ledger::ForEachLetters(tx, frame.attachment.id, listing.type,
                                         [&](std::string_view letters, std::int64_t resources) {
                                           Count(letters, resources, of->second);
                                           return Ok();
                                         }));
  }
  BW_TRY(const auto before, ledger::GoalsAt(tx, frame.attachment.id, {}));
  BW_TRY(const auto prior, BeforeItWasAltered(tx, frame.attachment));
  for (const Listing& listing : listings) {
    const auto goals = frame.goals.find(listing.type);
    if (goals == frame.goals.end()) continue;
    for (std::size_t i = 0; i < goals->second.size(); ++i) {
      GoalPoint now{.goal_id = goals->second[i].goal->id,
                    .status = {},
                    .resources = counts.at(listing.type)[i],
                    .error = {},
                    .at = {},
                    .since = {}};
      if (listing.failure) {
        now.error = "the resources could not be listed: " + listing.failure->message();
      }
      const GoalPoint* old = PointOf(before, now.goal_id);
      const GoalPoint* known = old == nullptr ? PointOf(prior, now.goal_id) : old;
      BW_TRY_STATUS(Store(tx, frame, old, known, std::move(now)));
    }
  }
  return Ok();
}

// The goals as they stood when what is in force began: a status that comes out the same has lasted
// since before.
Result<ledger::GoalPoints> Evaluator::BeforeItWasAltered(db::Transaction& tx,
                                                         const Attachment& attachment) const {
  BW_TRY(const auto in_force, deps_.attachments.InForceAt(tx, attachment.id, attachment.evaluated));
  if (!in_force) return ledger::GoalPoints();
  return ledger::GoalsAt(tx, attachment.id, in_force->since - std::chrono::microseconds(1));
}

Result<Timestamp> Evaluator::EvaluateAll(std::int64_t id,
                                         const std::set<condition::ResourceType>& types) const {
  BW_TRY(const auto listed, ListAll(id, types));
  const auto& listings = listed.all;
  // What was begun under one version or set of parameters is not ended under another.
  const auto lock = [&](db::Transaction& tx) -> Result<Attachment> {
    BW_TRY(auto now, deps_.attachments.Lock(tx, id));
    if (!now.enabled) return Attachments::Ended(id);
    const Attachment& then = listed.attachment;
    if (now.profile_version != then.profile_version || now.parameters != then.parameters ||
        now.enabled != then.enabled) {
      return Unavailable("the attachment was changed while it was evaluated");
    }
    return now;
  };
  for (const Listing& listing : listings) {
    std::span<const control::Resource> rest = listing.resources;
    while (!rest.empty()) {
      const auto step = rest.first(std::min(kStep, rest.size()));
      rest = rest.subspan(step.size());
      BW_TRY_STATUS(Write([&](db::Transaction& tx, Unreadable& unreadable) -> Status {
        BW_TRY(const Attachment attachment, lock(tx));
        BW_TRY(const Frame frame, FrameOf(tx, attachment));
        if (!frame.goals.contains(listing.type)) return Ok();  // another version since
        for (const control::Resource& resource : step) {
          ResourcePoint before;
          ResourcePoint after;
          BW_TRY_STATUS(LookAt(tx, frame, resource, unreadable, &before, &after));
        }
        return Ok();
      }));
    }
  }
  return deps_.database.WriteValue([&](db::Transaction& tx) -> Result<Timestamp> {
    BW_TRY(const Attachment attachment, lock(tx));
    BW_TRY(const Frame frame, FrameOf(tx, attachment));
    for (const Listing& listing : listings) BW_TRY_STATUS(EndVanished(tx, frame, listing));
    BW_TRY_STATUS(Recount(tx, frame, listings));
    if (types.empty()) {
      BW_TRY_STATUS(deps_.attachments.MarkChecked(tx, id, attachment.evaluated));
    }
    return attachment.evaluated;
  });
}

Status Evaluator::Evaluate(std::int64_t id, const std::vector<control::Resource>& resources) const {
  return Write([&](db::Transaction& tx, Unreadable& unreadable) -> Status {
    BW_TRY(const Attachment attachment, deps_.attachments.Lock(tx, id));
    if (!attachment.enabled) return Attachments::Ended(id);
    BW_TRY(const Frame frame, FrameOf(tx, attachment));
    BW_TRY(const auto before, ledger::GoalsAt(tx, id, {}));
    std::map<std::string, GoalPoint> touched;
    const auto count = [&](const std::vector<BoundGoal>& goals, const std::string& letters,
                           std::int64_t by) {
      for (std::size_t i = 0; i < letters.size() && i < goals.size(); ++i) {
        const auto letter = static_cast<Letter>(letters[i]);
        if (letter == Letter::kElsewhere) continue;
        const std::string& goal_id = goals[i].goal->id;
        const auto known = before.find(goal_id);
        if (known == before.end()) continue;  // never evaluated as a whole: nothing to add to
        auto& point = touched.try_emplace(goal_id, known->second).first->second;
        point.goal_id = goal_id;
        point.resources.Add(StatusOf(letter), by);
      }
    };
    for (control::Resource resource : resources) {
      const auto goals = frame.goals.find(TypeOf(resource));
      if (goals == frame.goals.end()) continue;
      if (auto* source = deps_.facts.For(TypeOf(resource)); source != nullptr) {
        BW_TRY(resource,
               unreadable.Try<control::Resource>("where " + resource.crn().ToString() + " lies",
                                                 [&]() -> Result<control::Resource> {
                                                   control::Resource whole = resource;
                                                   BW_TRY_STATUS(source->Complete(tx, whole));
                                                   return whole;
                                                 }));
      }
      ResourcePoint was;
      ResourcePoint is;
      BW_TRY_STATUS(LookAt(tx, frame, resource, unreadable, &was, &is));
      if (was.statuses == is.statuses) continue;
      count(goals->second, was.statuses, -1);
      count(goals->second, is.statuses, +1);
    }
    for (auto& [goal_id, point] : touched) {
      if (before.at(goal_id).resources == point.resources) continue;
      const GoalPoint* old = PointOf(before, goal_id);
      BW_TRY_STATUS(Store(tx, frame, old, old, point));
    }
    return Ok();
  });
}

}  // namespace breakwater::posture
