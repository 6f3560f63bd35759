#include "api/governance/extensions.h"

#include "api/governance/decode.h"
#include "api/governance/encode.h"
#include "json/reader.h"

namespace breakwater::api::governance {
namespace {

namespace domain = breakwater::governance;
using json::Text;

constexpr std::string_view kReadAudit = "breakwater.audit.read";

std::string_view WordOf(domain::Consequence consequence) {
  switch (consequence) {
    case domain::Consequence::kNone: return "recorded";
    case domain::Consequence::kObserved: return "observed";
    case domain::Consequence::kLifted: return "lifted";
    case domain::Consequence::kExcepted: return "excepted";
    case domain::Consequence::kWeighed: return "weighed";
    case domain::Consequence::kRefused: return "refused";
  }
  BW_UNREACHABLE();
}

json::Object EncodeDecision(const domain::SimulatedDecision& decision) {
  json::Object object;
  object["at"] = Text(FormatRfc3339(decision.at));
  object["record"] = Text(decision.record);
  object["action"] = Text(decision.action);
  if (!decision.initiator.empty()) {
    object["initiator"] = Text(decision.initiator.value());
    object["initiator_name"] = Text(decision.initiator_name);
  }
  object["resource"] = Text(decision.resource);
  object["consequence"] = Text(WordOf(decision.consequence));
  object["happened"] = decision.happened;
  object["verdict"] = decision.verdict.ToJson();
  return object;
}

json::Object EncodeSimulation(const domain::Simulation& simulation) {
  json::Object by_initiator;
  for (const auto& [initiator, count] : simulation.refused_by_initiator) {
    by_initiator[initiator] = count;
  }
  json::Array decisions;
  for (const auto& decision : simulation.decisions) decisions.push_back(EncodeDecision(decision));
  json::Array states;
  for (const auto& state : simulation.states) {
    states.push_back({{"resource", Text(state.resource)}, {"verdict", state.verdict.ToJson()}});
  }
  return {{"history",
           {{"changes", simulation.changes},
            {"decisions", simulation.judged},
            {"refused", simulation.refused},
            {"unable", simulation.unable},
            {"not_recorded", simulation.not_recorded},
            {"truncated", simulation.truncated},
            {"refused_by_initiator", std::move(by_initiator)},
            {"refused_unnamed", simulation.refused_unnamed},
            {"not_compliant", std::move(decisions)}}},
          {"present",
           {{"resources", simulation.resources},
            {"failing", simulation.failing},
            {"not_compliant", std::move(states)}}}};
}

json::Object EncodePlan(const domain::RepairPlan& plan, bool applied) {
  json::Array steps;
  for (const domain::RepairStep& step : plan.steps) {
    steps.push_back({{"property", Text(step.property)},
                     {"now", step.now},
                     {"wanted", step.wanted},
                     {"possible", step.possible}});
  }
  json::Object object;
  object["rule_id"] = Text(plan.rule_id);
  object["resource"] = Text(plan.resource);
  object["compliant"] = plan.compliant;
  object["steps"] = std::move(steps);
  if (!plan.obstacle.empty()) object["obstacle"] = Text(plan.obstacle);
  object["applied"] = applied;
  return object;
}

Result<net::Response> Simulate(const ExtensionDeps& deps, Context& context) {
  BW_TRY(const json::Value body, ReadJson(context));
  BW_TRY(auto request, DecodeSimulation(context, body, deps.clock.Now()));
  request.may_name = [&](const AccountId& account) {
    control::Resource resource = context.Service();
    resource.account = account;
    return deps.authorizer.Authorize(context.caller, kReadAudit, resource).ok();
  };
  BW_TRY(const auto simulation, deps.simulator.Run(request));
  return JsonResponse(200, EncodeSimulation(simulation));
}

Result<net::Response> Evaluate(const ExtensionDeps& deps, Context& context) {
  BW_TRY_STATUS(deps.results.EvaluateAllBelow(context.account));
  json::Object counts;
  for (const auto outcome : {condition::Outcome::kCompliant, condition::Outcome::kViolated,
                             condition::Outcome::kUnable}) {
    BW_TRY(const auto page, deps.results.Find(context.account, {.outcome = outcome, .limit = 1}));
    counts[StatusWord(outcome)] = page.total;
  }
  return JsonResponse(200, {{"results", std::move(counts)}});
}

Result<net::Response> ListBreakGlasses(const ExtensionDeps& deps, Context& context) {
  BW_TRY(const auto all, deps.break_glasses.List(context.account));
  const Timestamp now = deps.clock.Now();
  json::Array listed;
  for (const domain::BreakGlass& one : all) {
    json::Object object = ToJson(one).get_object();
    object["open"] = one.OpenAt(now);
    listed.push_back(std::move(object));
  }
  return JsonResponse(200, {{"break_glass", std::move(listed)}});
}

Result<net::Response> OpenBreakGlass(const ExtensionDeps& deps, Context& context) {
  BW_TRY(const json::Value body, ReadJson(context));
  BW_TRY(const auto request, DecodeBreakGlass(body));
  BW_TRY(const auto opened, deps.break_glasses.Open(context.caller, context.account, request));
  return JsonResponse(201, ToJson(opened));
}

Result<net::Response> CloseBreakGlass(const ExtensionDeps& deps, Context& context) {
  BW_TRY(const auto closed,
         deps.break_glasses.Close(context.caller, context.account, context.Path("id")));
  return JsonResponse(200, ToJson(closed));
}

// Shows what is to be done; with "apply", the steps that were shown, does it.
Result<net::Response> Repair(const ExtensionDeps& deps, Context& context) {
  BW_TRY(const json::Value body, ReadJson(context));
  const json::Reader in(body);
  in.OnlyFields({"rule_id", "resource", "apply"});
  domain::RepairPlan shown;
  shown.rule_id = in.Field("rule_id").String();
  shown.resource = in.Field("resource").String();
  const auto apply = in.Optional("apply");
  if (apply) {
    for (const json::Reader& step : apply->Items(100)) {
      shown.steps.push_back({.property = step.Field("property").String(),
                             .now = nullptr,
                             .wanted = step.Field("wanted").value(),
                             .possible = true});
    }
  }
  BW_TRY_STATUS(in.Finish());
  if (!apply) {
    BW_TRY(const auto plan, deps.repairs.Plan(context.account, shown.rule_id, shown.resource));
    return JsonResponse(200, EncodePlan(plan, false));
  }
  BW_TRY(const auto plan, deps.repairs.Apply(context.caller, context.account, shown));
  return JsonResponse(200, EncodePlan(plan, !plan.compliant));
}

}  // namespace

std::vector<Endpoint> ExtensionEndpoints(ExtensionDeps deps, const SccFace& face) {
  const auto on = [deps](auto handler) {
    return [deps, handler](Context& context) { return handler(deps, context); };
  };
  constexpr std::string_view kBreakGlass = "/breakwater/v1/governance/break-glass";
  const auto to = [](std::string_view action) { return Access::To(action); };
  return {
      {"POST", "/breakwater/v1/governance/simulate", "SimulateRule",
       to("compliance.configuration-governance.rules-create"), face, on(Simulate)},
      {"POST", "/breakwater/v1/governance/evaluate", "EvaluateRules",
       to("compliance.configuration-governance.rules-update"), face, on(Evaluate)},
      {"POST", "/breakwater/v1/governance/repairs", "RepairResource",
       to("compliance.configuration-governance.results-read"), face, on(Repair)},
      {"GET", kBreakGlass, "ListBreakGlasses", to("compliance.configuration-governance.rules-read"),
       face, on(ListBreakGlasses)},
      {"POST", kBreakGlass, "OpenBreakGlass",
       to("compliance.configuration-governance.break-glass-open"), face, on(OpenBreakGlass)},
      {"DELETE", "/breakwater/v1/governance/break-glass/{id}", "CloseBreakGlass",
       to("compliance.configuration-governance.break-glass-close"), face, on(CloseBreakGlass)},
  };
}

}  // namespace breakwater::api::governance
