// What is told of an account's posture: one attachment (a profile on a scope) at one moment, with
// what led there. Plain data, put together by Posture; every report and every evidence bundle is
// made out of this and of nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "json/json.h"
#include "posture/profile.h"
#include "posture/results.h"

namespace breakwater::posture {

// What somebody signed for where no fact can: ends by itself.
struct AttestationShown {
  std::string owner;
  std::string statement;
  std::string given_by = {};  // who was signed in
  Timestamp given;
  Timestamp expires;
};

// A failure that was accepted for a while. The result it covers is "not applicable", and says so.
struct ExceptionShown {
  std::string id;
  std::string owner;
  std::string approver;
  std::string ticket;
  std::string reason;
  std::string crn;  // of the resource it covers; empty: every resource of the goal
  Timestamp expires;
  std::string requested_by = {};
  Timestamp approved = {};
};

struct AssessedGoal {
  std::string id;           // "3000623"
  std::string description;  // parameters' values in place of each "#"
  std::string severity;     // Critical, High, Medium or Low
  std::string expected;
  std::string reason;
  std::string remedy;
  bool is_manual = false;  // answered by attestation
  Mappings mappings;
  std::string digest;    // sha256:… of the goal's canonical document
  json::Value document;  // the goal itself: whoever has it and the facts can evaluate again
  GoalResult result;     // with every resource and the facts used
  Counters resources;
  Timestamp since;  // since when the status is this
  std::optional<AttestationShown> attestation;
  std::vector<ExceptionShown> exceptions;
};

struct AssessedControl {
  std::string id;                   // digits
  std::string external_control_id;  // "5.3", "AC-6"
  std::string title;
  std::string parent;                   // external id of the family; may be empty
  std::vector<std::size_t> goals = {};  // places in Assessment::goals
  ResultStatus status = ResultStatus::kNotApplicable;
};

// The posture as it was at a moment: a point of the trend.
struct PosturePoint {
  Timestamp at;
  Score score;
  Counters goals;
};

struct GoalChange {
  Timestamp at;
  std::string goal_id;
  std::optional<ResultStatus> before;  // none: evaluated for the first time
  ResultStatus after = ResultStatus::kNotApplicable;
};

struct Assessment {
  std::string installation;  // public URL of the installation
  std::string software;      // "Breakwater 1.2.3"
  AccountId account;
  std::int64_t attachment_id = 0;
  std::string scope_id;
  std::string scope_name;
  std::string scope_description;  // with what it selects
  json::Value scope_selection;    // null: everything the account has
  std::string profile_id;
  std::string profile_name;
  std::string profile_description;
  std::int64_t profile_version = 1;
  std::string profile_digest;  // sha256:… of the profile version's canonical document
  json::Value parameters;      // name -> value in force

  Timestamp at;                   // the moment it is true of
  std::optional<Timestamp> from;  // the period's start, where a period is told of
  Timestamp checked;              // when all the facts were last looked at; zero: never

  Score score;
  Counters goal_counts;
  Counters control_counts;
  Counters resource_counts;
  std::vector<AssessedControl> controls;
  // The facts that results name by digest: FactsUsed of all goals on a kind of resource.
  std::map<std::string, json::Value> facts;
  std::vector<AssessedGoal> goals;  // each once, in the profile's order
  std::vector<PosturePoint> trend;  // oldest first, the last is `at`; empty without a period
  std::vector<GoalChange> changes;  // within the period, oldest first
};

}  // namespace breakwater::posture
