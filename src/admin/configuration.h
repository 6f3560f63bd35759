// All of an account's configuration as one document, and a document made true: first a plan that
// says field by field what would change, then that plan, all of it or nothing, along the one path
// for change.
//
//   {"format": "breakwater-configuration/1", "account": "…",
//    "sections": {"settings": {"us.icr.io": {"private_only": true, …}}, …}}
//
// Which sections there are, each folder that keeps configuration decides
// (control/configuration.h). A section that a document leaves out stays as it is; of one that it
// has, what it leaves out is removed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "control/caller.h"
#include "control/change.h"
#include "control/configuration.h"
#include "json/json.h"

namespace breakwater::admin {

inline constexpr std::string_view kConfigurationFormat = "breakwater-configuration/1";
inline constexpr std::size_t kMaxConfigurationBytes = 32U << 20;

// In the order in which their items are made; they are removed in the reverse order. None owned.
// Rules stand last: what a document would change is judged by the rules that stand before it.
using ConfigurationSections = std::vector<control::ConfigurationSection*>;

struct ConfigurationStep {
  enum class Kind { kCreate, kUpdate, kRemove };
  Kind kind = Kind::kCreate;
  control::ConfigurationSection* section = nullptr;
  control::ConfigurationItem item;  // as it shall be; as it is, if it goes
  json::Value before;               // null: it is not there
  json::Value after;                // null: it goes
};
std::string_view ToString(ConfigurationStep::Kind kind);  // "create", "update", "remove"

struct ConfigurationPlan {
  std::vector<ConfigurationStep> steps;
  std::string digest;  // "sha256:…" of all steps, before and after
};

// {"section", "key", "action", "changes": [{"field", "before", "after"}]}
json::Value ToJson(const ConfigurationStep& step);

Result<json::Value> ExportConfiguration(const ConfigurationSections& sections,
                                        const AccountId& account);
// kInvalid names the place in the document: "sections.namespaces.us.icr.io/team: …". Where the
// document is another account's, its account's id stands for this one's.
Result<ConfigurationPlan> PlanConfiguration(const ConfigurationSections& sections,
                                            const AccountId& account, const json::Value& document);

struct StepOutcome {
  enum class Kind { kNotTried, kDone, kUndone, kRefused };
  Kind kind = Kind::kNotTried;
  std::optional<Error> error{};  // of one that is refused
};
using StepOutcomes = std::vector<StepOutcome>;  // one for each step of the plan

// Steps that one change may have.
inline constexpr std::size_t kMaxStepsTogether = 10'000;

// As one change (control/together.h): all steps are done or none is, and rules judge what all of
// them leave: first those that stood before, then those that the plan leaves. If something is
// refused, one step says why, and all that were done are undone. kTooLarge "too_many_steps", and
// "too_long" where time was over at no step: at one, that step says so.
Result<StepOutcomes> ApplyConfiguration(control::ChangePath& changes, db::Database& database,
                                        const control::Caller& caller, const AccountId& account,
                                        const ConfigurationPlan& plan);
// Steps that are tried at most to say whether a plan can be applied, and how long that may take:
// whoever writes waits meanwhile, over SQLite.
inline constexpr std::size_t kMostStepsRehearsed = 1'000;
inline constexpr std::chrono::milliseconds kMostTimeRehearsed{5'000};
// What ApplyConfiguration would come to, for this caller and as things are: all steps are tried and
// undone, and nothing is put on record. Steps that could be made are kDone, or kUndone where
// another one is refused. kTooLarge "too_many_steps" or "too_long": it cannot be said.
Result<StepOutcomes> RehearseConfiguration(control::ChangePath& changes, db::Database& database,
                                           const control::Caller& caller, const AccountId& account,
                                           const ConfigurationPlan& plan);
// Every step as a change of its own, rules last, and past those that are refused, which change
// nothing.
StepOutcomes ApplyStepByStep(control::ChangePath& changes, db::Database& database,
                             const control::Caller& caller, const AccountId& account,
                             const ConfigurationPlan& plan);

}  // namespace breakwater::admin
