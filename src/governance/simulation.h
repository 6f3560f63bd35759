// What a rule would have done: replayed over the recorded changes of a period, and over what there
// is now. Nothing is changed.
//
// Every judged change is on record with the facts that were judged (control::Judgement::record), so
// that the replay is the gate's own evaluation of them, decision by decision. Of sub-rules the
// record does not hold what they looked at: such decisions count as unable.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "audit/log.h"
#include "control/facts.h"
#include "control/hierarchy.h"
#include "governance/gate.h"

namespace breakwater::governance {

struct SimulationRequest {
  RuleDraft rule;
  std::vector<AttachmentDraft> attachments{};  // empty: the whole account
  Timestamp since{};
  Timestamp until{};
  std::int64_t most_changes = 100'000;  // that are looked at, oldest first
  std::size_t most_shown = 100;         // refused changes, and failing resources
  // Whether it may be told who made the changes of an account: that is the audit trail's to tell.
  std::function<bool(const AccountId&)> may_name = [](const AccountId&) { return true; };
};

// One decision that the rule would have made otherwise than to allow.
struct SimulatedDecision {
  Timestamp at;
  std::string record;  // id of the audit record
  std::string action;
  IamId initiator;  // empty, as the name, where nobody may be named
  std::string initiator_name;
  std::string resource;  // CRN
  condition::Verdict verdict;
  Consequence consequence = Consequence::kNone;
  bool happened = false;  // the change was made; otherwise something else refused it
};

struct SimulatedState {
  std::string resource;  // CRN
  condition::Verdict verdict;
};

struct Simulation {
  std::int64_t scanned = 0;  // records, of whatever kind
  std::int64_t changes = 0;  // recorded ones with something that can be judged
  // Decisions: the rule applied to a resource, by however many attachments.
  std::int64_t judged = 0;
  std::int64_t refused = 0;  // changes, however many of their decisions would have refused them
  // Changes that let an image in, and whose record holds no facts of it, or of its repository, as
  // no rule asked for them then; counted of rules on images, or on repositories. What the rule says
  // of them is unknown.
  std::int64_t not_recorded = 0;
  std::int64_t unable = 0;  // decisions that could not be judged; refused ones among them
  bool truncated = false;   // there were more changes
  std::map<std::string, std::int64_t> refused_by_initiator;  // IAM id -> changes
  std::int64_t refused_unnamed = 0;          // refused changes of initiators who may not be named
  std::vector<SimulatedDecision> decisions;  // not compliant, oldest first
  std::int64_t resources = 0;                // the rule applies to now
  std::int64_t failing = 0;                  // of these
  std::vector<SimulatedState> states;        // failing ones
};

struct SimulatorDeps {
  db::Database& database;
  const audit::Log& audit;
  const control::FactSources& facts;
  const condition::Catalogue& catalogue;
  const control::Hierarchy& hierarchy;
  const Limits& limits;
};

// Thread-safe.
class Simulator {
 public:
  explicit Simulator(SimulatorDeps deps) : deps_(deps) {}

  // kInvalid as making and attaching the rule would be.
  Result<Simulation> Run(const SimulationRequest& request) const;

 private:
  struct Bound;
  struct Frame;  // what all of one run is judged by

  static ApplicableRuleList Applicable(const std::vector<Bound>& bound,
                                       const control::Resource& resource,
                                       const control::Place& place);
  Result<std::vector<Bound>> Bind(const SimulationRequest& request) const;
  Status Replay(const Frame& frame, const control::Place& place, Simulation& out) const;
  Status Judge(const Frame& frame, const control::Place& place, const audit::Record& record,
               const control::Resource& resource, const json::Value& judgement, bool& refused,
               Simulation& out) const;
  Status JudgePresent(const Frame& frame, const control::Place& place, Simulation& out) const;

  SimulatorDeps deps_;
};

}  // namespace breakwater::governance
