#include "admin/configuration.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <utility>

#include "audit/record.h"
#include "base/strings.h"
#include "control/together.h"
#include "crypto/hash.h"
#include "json/reader.h"

namespace breakwater::admin {
namespace {

using control::ConfigurationItem;
using control::ConfigurationSection;
using json::Text;
using Kind = ConfigurationStep::Kind;

// More than any account can have of anything.
constexpr std::size_t kMaxItems = 100'000;

std::string Place(std::string_view section, std::string_view key) {
  return "sections." + std::string(section) + "." + std::string(key.substr(0, 128));
}

// Every text that is one id becomes the other.
void Replace(json::Value& value, std::string_view from, std::string_view to) {
  if (value.is_string()) {
    if (json::View(value.as_string()) == from) value = Text(to);
  } else if (value.is_array()) {
    for (json::Value& item : value.as_array()) Replace(item, from, to);
  } else if (value.is_object()) {
    for (auto& member : value.as_object()) Replace(member.value(), from, to);
  }
}

Result<json::Value> Adopted(const json::Value& document, const AccountId& account) {
  const json::Reader in(document);
  in.OnlyFields({"format", "account", "sections", "not_applied"});
  const json::Reader format = in.Field("format");
  if (format.String() != kConfigurationFormat) {
    format.Fail("must be " + std::string(kConfigurationFormat));
  }
  const std::string from = in.String("account", account.value());
  json::Value sections = in.Field("sections").value();
  BW_TRY_STATUS(in.Finish());
  if (!sections.is_object()) {
    return Invalid("sections: must be an object").Reason("invalid_field");
  }
  if (from != account.value()) Replace(sections, from, account.value());
  return sections;
}

Status CheckNames(const ConfigurationSections& sections, const json::Value& wanted) {
  std::vector<std::string> known;
  for (const ConfigurationSection* one : sections) known.emplace_back(one->name());
  for (const auto& member : wanted.as_object()) {
    if (std::ranges::find(known, std::string_view(member.key())) != known.end()) continue;
    return Invalid("sections." + std::string(std::string_view(member.key()).substr(0, 128)) +
                   ": there is no such section (there are: " + Join(known, ", ") + ")")
        .Reason("invalid_field");
  }
  return Ok();
}

// What the plan of one section is made of.
struct SectionPlan {
  std::vector<ConfigurationStep> puts;
  std::vector<ConfigurationStep> removals;
};

class SectionPlanner {
 public:
  SectionPlanner(ConfigurationSection& section, const AccountId& account)
      : section_(section), account_(account) {}

  Result<SectionPlan> Plan(const json::Value& wanted) {
    if (!wanted.is_object()) {
      return Invalid("sections." + std::string(section_.name()) + ": must be an object")
          .Reason("invalid_field");
    }
    if (wanted.as_object().size() > kMaxItems) return TooLarge("the section has too many items");
    BW_TRY(const auto items, section_.Export(account_));
    for (const ConfigurationItem& item : items) there_.emplace(item.key, item);
    for (const auto& [key, document] : wanted.as_object()) {
      BW_TRY_STATUS(PlanItem(std::string(key), document)
                        .Context(Place(section_.name(), std::string_view(key))));
    }
    if (!section_.fixed()) PlanRemovals(items);
    return std::move(plan_);
  }

 private:
  json::Value Now(const std::string& key) const {
    const auto found = there_.find(key);
    return found == there_.end() ? json::Value() : found->second.document;
  }

  Status PlanItem(const std::string& key, const json::Value& document) {
    if (!document.is_object()) return Invalid("must be an object").Reason("invalid_field");
    BW_TRY(ConfigurationItem item,
           section_.Complete(account_, {.key = key, .document = document}, Now(key)));
    if (!named_.insert(item.key).second) {
      return Invalid("says the same as another item").Reason("invalid_field");
    }
    json::Value before = Now(item.key);
    json::Value after = item.document;
    if (before.is_null()) {
      if (section_.fixed()) return NotFound("cannot be made").Reason("not_found");
      plan_.puts.push_back(Step(Kind::kCreate, std::move(item), nullptr, std::move(after)));
    } else if (json::Canonical(before) != json::Canonical(after)) {
      item.id = there_.at(item.key).id;
      plan_.puts.push_back(
          Step(Kind::kUpdate, std::move(item), std::move(before), std::move(after)));
    }
    return Ok();
  }

  void PlanRemovals(const std::vector<ConfigurationItem>& items) {
    for (auto item = items.rbegin(); item != items.rend(); ++item) {
      if (named_.contains(item->key)) continue;
      plan_.removals.push_back(Step(Kind::kRemove, *item, item->document, nullptr));
    }
  }

  ConfigurationStep Step(Kind kind, ConfigurationItem item, json::Value before, json::Value after) {
    return {.kind = kind,
            .section = &section_,
            .item = std::move(item),
            .before = std::move(before),
            .after = std::move(after)};
  }

  ConfigurationSection& section_;
  const AccountId& account_;
  std::map<std::string, ConfigurationItem> there_;
  std::set<std::string> named_;
  SectionPlan plan_;
};

std::string DigestOf(const std::vector<ConfigurationStep>& steps) {
  crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  for (const ConfigurationStep& step : steps) {
    hasher.Update(json::Canonical(json::Object{{"section", Text(step.section->name())},
                                               {"key", Text(step.item.key)},
                                               {"id", Text(step.item.id)},
                                               {"before", step.before},
                                               {"after", step.after}}));
  }
  return "sha256:" + HexEncode(hasher.Finish());
}

}  // namespace

std::string_view ToString(Kind kind) {
  switch (kind) {
    case Kind::kCreate: return "create";
    case Kind::kUpdate: return "update";
    case Kind::kRemove: return "remove";
  }
  BW_UNREACHABLE();
}

json::Value ToJson(const ConfigurationStep& step) {
  json::Array changes;
  for (const audit::FieldChange& change : audit::Differences(step.before, step.after)) {
    changes.push_back(
        {{"field", Text(change.field)}, {"before", change.before}, {"after", change.after}});
  }
  return {{"section", Text(step.section->name())},
          {"key", Text(step.item.key)},
          {"action", Text(ToString(step.kind))},
          {"changes", std::move(changes)}};
}

Result<json::Value> ExportConfiguration(const ConfigurationSections& sections,
                                        const AccountId& account) {
  json::Object all;
  for (ConfigurationSection* section : sections) {
    BW_TRY(const auto items, section->Export(account));
    json::Object members;
    for (const ConfigurationItem& item : items) members[item.key] = item.document;
    all[section->name()] = std::move(members);
  }
  return json::Object{{"format", Text(kConfigurationFormat)},
                      {"account", Text(account.value())},
                      {"sections", std::move(all)}};
}

Result<ConfigurationPlan> PlanConfiguration(const ConfigurationSections& sections,
                                            const AccountId& account, const json::Value& document) {
  BW_TRY(const json::Value wanted, Adopted(document, account));
  BW_TRY_STATUS(CheckNames(sections, wanted));
  ConfigurationPlan plan;
  std::vector<ConfigurationStep> removals;  // the last section's last
  for (ConfigurationSection* section : sections) {
    const json::Value* of_section = json::Find(wanted, section->name());
    if (of_section == nullptr) continue;
    BW_TRY(SectionPlan steps, SectionPlanner(*section, account).Plan(*of_section));
    std::ranges::move(steps.puts, std::back_inserter(plan.steps));
    removals.insert(removals.begin(), std::make_move_iterator(steps.removals.begin()),
                    std::make_move_iterator(steps.removals.end()));
  }
  std::ranges::move(removals, std::back_inserter(plan.steps));
  plan.digest = DigestOf(plan.steps);
  return plan;
}

namespace {

Status Do(const control::Caller& caller, const AccountId& account, const ConfigurationStep& step) {
  return step.kind == Kind::kRemove ? step.section->Remove(caller, account, step.item)
                                    : step.section->Put(caller, account, step.item);
}

// Steps in the order in which they are made: rules last, also those that go.
std::vector<std::size_t> RulesLast(const ConfigurationPlan& plan) {
  std::vector<std::size_t> order(plan.steps.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_partition(
      order, [&](std::size_t step) { return !plan.steps[step].section->judges(); });
  return order;
}

// How far the steps of one change have come.
struct Progress {
  std::vector<std::size_t> tried{};
  std::vector<std::size_t> step_of{};  // by the changes that were submitted
  std::optional<std::size_t> doing{};

  // Whose error it is, if it is one's; `refused`: of the submitted.
  std::optional<std::size_t> Culprit(std::optional<std::size_t> refused) const {
    if (refused && *refused < step_of.size()) return step_of[*refused];
    return doing;
  }
};

using JointWork = std::function<Status(control::JointChanges&)>;
// Of control::Together or control::Rehearse.
using Maker = std::function<Status(const JointWork&, std::optional<std::size_t>* refused)>;

Result<StepOutcomes> AsOneChange(const control::Caller& caller, const AccountId& account,
                                 const ConfigurationPlan& plan, const Maker& make) {
  const std::vector<std::size_t> order = RulesLast(plan);
  Progress progress;
  std::optional<std::size_t> refused;
  const Status done = make(
      [&](control::JointChanges& joint) -> Status {
        progress = {};
        for (const std::size_t step : order) {
          if (plan.steps[step].section->judges()) BW_TRY_STATUS(joint.Judge());
          progress.doing = step;
          progress.tried.push_back(step);
          BW_TRY_STATUS(Do(caller, account, plan.steps[step]));
          progress.step_of.resize(joint.submitted(), step);
          progress.doing.reset();
        }
        return Ok();
      },
      &refused);
  StepOutcomes outcomes(plan.steps.size());
  for (const std::size_t step : progress.tried) {
    outcomes[step].kind = done.ok() ? StepOutcome::Kind::kDone : StepOutcome::Kind::kUndone;
  }
  if (done.ok()) return outcomes;
  const auto culprit = progress.Culprit(refused);
  if (!culprit) return done.error();  // of the store, or of none of them
  outcomes[*culprit] = {.kind = StepOutcome::Kind::kRefused, .error = done.error()};
  return outcomes;
}

}  // namespace

Result<StepOutcomes> ApplyConfiguration(control::ChangePath& changes, db::Database& database,
                                        const control::Caller& caller, const AccountId& account,
                                        const ConfigurationPlan& plan) {
  if (plan.steps.size() > kMaxStepsTogether) {
    return TooLarge("a document that changes more than " + std::to_string(kMaxStepsTogether) +
                    " things is not applied as one change: apply it step by step, with keep_going")
        .Reason("too_many_steps");
  }
  return AsOneChange(caller, account, plan,
                     [&](const JointWork& work, std::optional<std::size_t>* refused) {
                       return control::Together(changes, database, work, refused);
                     });
}

Result<StepOutcomes> RehearseConfiguration(control::ChangePath& changes, db::Database& database,
                                           const control::Caller& caller, const AccountId& account,
                                           const ConfigurationPlan& plan) {
  if (plan.steps.size() > kMostStepsRehearsed) {
    return TooLarge("more than " + std::to_string(kMostStepsRehearsed) +
                    " steps are not tried before they are applied")
        .Reason("too_many_steps");
  }
  auto outcomes = AsOneChange(
      caller, account, plan, [&](const JointWork& work, std::optional<std::size_t>* refused) {
        return control::Rehearse(changes, database, work, refused, kMostTimeRehearsed);
      });
  if (!outcomes.ok()) return outcomes;
  // Time that was over at a step says nothing of that step.
  for (const StepOutcome& one : *outcomes) {
    if (one.error && one.error->reason() == "too_long") {
      return TooLarge("to try all steps before they are applied would take too long")
          .Reason("too_long");
    }
  }
  return outcomes;
}

StepOutcomes ApplyStepByStep(control::ChangePath& changes, db::Database& database,
                             const control::Caller& caller, const AccountId& account,
                             const ConfigurationPlan& plan) {
  StepOutcomes outcomes(plan.steps.size());
  for (const std::size_t step : RulesLast(plan)) {
    const Status done = control::Together(changes, database, [&](control::JointChanges&) {
      return Do(caller, account, plan.steps[step]);
    });
    StepOutcome& outcome = outcomes[step];
    outcome.kind = done.ok() ? StepOutcome::Kind::kDone : StepOutcome::Kind::kRefused;
    if (!done.ok()) outcome.error = done.error();
  }
  return outcomes;
}

}  // namespace breakwater::admin
