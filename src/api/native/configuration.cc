#include "api/native/configuration.h"

#include <algorithm>

#include "json/reader.h"

namespace breakwater::api::native {
namespace {

using admin::ConfigurationPlan;
using admin::StepOutcome;
using admin::StepOutcomes;
using Kind = StepOutcome::Kind;
using json::Text;

constexpr std::string_view kGet = "breakwater.configuration.get";
constexpr std::string_view kPlan = "breakwater.configuration.plan";
constexpr std::string_view kApply = "breakwater.configuration.apply";

Result<net::Response> Get(const ConfigurationDeps& deps, const Context& context) {
  BW_TRY(const json::Value document, admin::ExportConfiguration(deps.sections, context.account));
  return JsonResponse(200, document);
}

Result<net::Response> Plan(const ConfigurationDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context, admin::kMaxConfigurationBytes));
  BW_TRY(const ConfigurationPlan plan,
         admin::PlanConfiguration(deps.sections, context.account, document));
  const auto tried = admin::RehearseConfiguration(deps.changes, deps.database, context.caller,
                                                  context.account, plan);
  if (!tried.ok() && tried.error().code() != ErrorCode::kTooLarge) return tried.error();
  json::Object body{{"digest", Text(plan.digest)}, {"feasible", tried.ok()}};
  if (!tried.ok()) {
    body["feasible"] = nullptr;
    body["not_tried"] = Text(tried.error().message());
  }
  json::Array steps;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    json::Value step = ToJson(plan.steps[i]);
    if (tried.ok() && (*tried)[i].error) {
      body["feasible"] = false;
      step.as_object()["error"] = ErrorItem(*(*tried)[i].error);
    }
    steps.push_back(std::move(step));
  }
  body["steps"] = std::move(steps);
  return JsonResponse(200, body);
}

std::string_view ToString(StepOutcome::Kind kind) {
  switch (kind) {
    case StepOutcome::Kind::kNotTried: return "not_tried";
    case StepOutcome::Kind::kDone: return "done";
    case StepOutcome::Kind::kUndone: return "undone";
    case StepOutcome::Kind::kRefused: return "refused";
  }
  BW_UNREACHABLE();
}

json::Value OutcomeOf(const admin::ConfigurationStep& step, const StepOutcome& outcome) {
  json::Object item{{"section", Text(step.section->name())},
                    {"key", Text(step.item.key)},
                    {"action", Text(ToString(step.kind))},
                    {"outcome", Text(ToString(outcome.kind))}};
  if (outcome.error) item["error"] = ErrorItem(*outcome.error);
  return item;
}

std::ptrdiff_t Count(const StepOutcomes& outcomes, StepOutcome::Kind kind) {
  return std::ranges::count(outcomes, kind, &StepOutcome::kind);
}

// The steps stand in the audit trail themselves; this says that they belong together.
Status Record(const ConfigurationDeps& deps, const Context& context, const ConfigurationPlan& plan,
              const StepOutcomes& outcomes) {
  return deps.changes.Submit(
      context.caller, {.action = std::string(kApply),
                       .resource = control::AccountResource(context.account, "configuration"),
                       .apply = [&](db::Transaction&) -> Result<control::Effect> {
                         return control::Effect{
                             .before = nullptr,
                             .after = {{"plan", Text(plan.digest)},
                                       {"steps", plan.steps.size()},
                                       {"done", Count(outcomes, Kind::kDone)},
                                       {"refused", Count(outcomes, Kind::kRefused)}},
                             .governed = {},
                             .events = {}};
                       }});
}

Result<net::Response> Apply(const ConfigurationDeps& deps, Context& context) {
  BW_TRY(const json::Value document, ReadJson(context, admin::kMaxConfigurationBytes));
  const json::Reader body(document);
  body.OnlyFields({"document", "digest", "keep_going"});
  const json::Value& wanted = body.Field("document").value();
  const std::string digest = body.Field("digest").String();
  const bool keep_going = body.Bool("keep_going", false);
  BW_TRY_STATUS(body.Finish());
  BW_TRY(const ConfigurationPlan plan,
         admin::PlanConfiguration(deps.sections, context.account, wanted));
  if (plan.digest != digest) {
    return Error(ErrorCode::kPrecondition,
                 "the configuration has changed since it was planned: plan again")
        .Reason("plan_changed");
  }
  StepOutcomes outcomes;
  if (keep_going) {
    outcomes = ApplyStepByStep(deps.changes, deps.database, context.caller, context.account, plan);
  } else {
    BW_TRY(outcomes,
           ApplyConfiguration(deps.changes, deps.database, context.caller, context.account, plan));
  }
  BW_TRY_STATUS(Record(deps, context, plan, outcomes));
  json::Array steps;
  for (std::size_t i = 0; i < plan.steps.size(); ++i) {
    steps.push_back(OutcomeOf(plan.steps[i], outcomes[i]));
  }
  const bool complete = Count(outcomes, Kind::kDone) == std::ssize(plan.steps);
  return JsonResponse(
      200, {{"digest", Text(plan.digest)}, {"complete", complete}, {"steps", std::move(steps)}});
}

}  // namespace

std::vector<Endpoint> ConfigurationEndpoints(ConfigurationDeps deps, const SccFace& face) {
  return {
      {"GET", "/breakwater/v1/configuration", "GetConfiguration", Access::To(kGet), face,
       [deps](Context& context) { return Get(deps, context); }},
      {"POST", "/breakwater/v1/configuration/plan", "PlanConfiguration", Access::To(kPlan), face,
       [deps](Context& context) { return Plan(deps, context); },
       Recorded::As(kPlan)},  // it tells of everything that it would change
      {"POST", "/breakwater/v1/configuration/apply", "ApplyConfiguration", Access::To(kApply), face,
       [deps](Context& context) { return Apply(deps, context); }},
  };
}

}  // namespace breakwater::api::native
