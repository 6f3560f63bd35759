#include "governance/simulation.h"

#include "governance/related.h"

namespace breakwater::governance {
namespace {

constexpr std::int64_t kPage = 1000;
constexpr std::int64_t kMostScanned = 1'000'000;
constexpr std::string_view kProposed = "rule-simulated";

// The judgements in a record, those of rules that look at what was changed among them.
void CollectJudged(const json::Value& judgement, std::vector<const json::Value*>& out) {
  if (judgement.is_array()) {
    for (const json::Value& one : judgement.get_array()) CollectJudged(one, out);
    return;
  }
  if (!judgement.is_object()) return;
  out.push_back(&judgement);
  if (const json::Value* also = json::Find(judgement, "also")) CollectJudged(*also, out);
}

}  // namespace

// The proposed rule as one attachment would have it.
struct Simulator::Bound {
  AttachedRulePtr rule;
  AttachmentDraft attachment;

  bool AppliesTo(const control::Resource& resource, const control::Place& place) const {
    return Covers(attachment, resource, place) &&
           rule->compiled->target.Matches({resource.service, resource.kind}, resource.Attributes());
  }
};

Result<std::vector<Simulator::Bound>> Simulator::Bind(const SimulationRequest& request) const {
  const RuleDraft& draft = request.rule;
  BW_TRY(auto compiled, Compile(draft, deps_.catalogue, deps_.limits));
  const auto shared = std::make_shared<const CompiledRule>(std::move(compiled));
  std::vector<AttachmentDraft> attachments = request.attachments;
  if (attachments.empty()) {
    attachments.push_back({.account = draft.account,
                           .included = {ScopeType::kAccount, draft.account.value(), ""},
                           .excluded = {}});
  }
  BW_TRY(const auto tree, deps_.database.ReadValue([&](db::Transaction& tx) {
    return ScopeTree::Of(tx, deps_.hierarchy, draft.account, ScopesOf(attachments));
  }));
  std::vector<Bound> bound;
  for (AttachmentDraft& attachment : attachments) {
    BW_TRY_STATUS(Check(attachment, tree, deps_.limits.attachment));
    auto rule = std::make_shared<AttachedRule>();
    rule->id = kProposed;
    rule->name = draft.name;
    rule->account = draft.account;
    rule->actions = draft.actions;
    rule->enforced_from = draft.enforced_from;
    BW_TRY(auto parameters, condition::Parameters::Bind(shared->parameters, attachment.parameters));
    rule->Use(shared, std::move(parameters));
    bound.push_back({std::move(rule), std::move(attachment)});
  }
  return bound;
}

Result<Simulation> Simulator::Run(const SimulationRequest& request) const {
  BW_TRY(const auto bound, Bind(request));
  BW_TRY(const auto places, deps_.database.ReadValue([&](db::Transaction& tx) {
    return deps_.hierarchy.Ruled(tx, request.rule.account);
  }));
  Simulation simulation;
  for (const control::Place& place : places) {
    BW_TRY_STATUS(Replay(request, bound, place, simulation));
    BW_TRY_STATUS(JudgePresent(request, bound, place, simulation));
  }
  return simulation;
}

Status Simulator::Replay(const SimulationRequest& request, const std::vector<Bound>& bound,
                         const control::Place& place, Simulation& out) const {
  audit::Filter filter{.account = place.account, .since = request.since, .until = request.until};
  filter.limit = kPage;
  while (true) {
    BW_TRY(const auto page, deps_.audit.Query(filter));
    out.scanned += std::ssize(page);
    for (const audit::Found& found : page) {
      filter.after = found.position;
      const audit::Record& record = found.record;
      std::vector<const json::Value*> judged;
      CollectJudged(record.judgement, judged);
      if (judged.empty()) continue;
      if (out.changes == request.most_changes) {
        out.truncated = true;
        return Ok();
      }
      ++out.changes;
      for (const json::Value* judgement : judged) {
        BW_TRY_STATUS(Judge(request, bound, place, record, *judgement, out));
      }
    }
    if (std::ssize(page) < kPage) return Ok();
    // Most records are of reads and pulls, which nothing judges.
    if (out.scanned >= kMostScanned) {
      out.truncated = true;
      return Ok();
    }
  }
}

Status Simulator::Judge(const SimulationRequest& request, const std::vector<Bound>& bound,
                        const control::Place& place, const audit::Record& record,
                        const json::Value& judgement, Simulation& out) const {
  const json::Value* target = json::Find(judgement, "target");
  const json::Value* recorded = json::Find(judgement, "facts");
  if (target == nullptr || recorded == nullptr) return Ok();  // judged before facts were recorded
  BW_TRY(const auto resource, ResourceFrom(place.account, *target));
  BW_TRY(const auto facts, condition::Facts::FromJson(*recorded));
  for (const Bound& one : bound) {
    if (!one.AppliesTo(resource, place)) continue;
    ++out.judged;
    const auto violations = Violations({one.rule.get()}, facts, nullptr);
    if (violations.empty()) continue;
    SimulatedDecision decision{
        .at = record.time,
        .record = record.id,
        .action = record.action,
        .initiator = record.initiator.iam_id,
        .initiator_name = record.initiator.name,
        .resource = resource.crn().ToString(),
        .verdict = violations.front().verdict,
        .consequence = ConsequenceOf(*one.rule, resource, {.now = record.time}),
        .happened = record.outcome == audit::Outcome::kSuccess};
    if (decision.verdict.outcome == condition::Outcome::kUnable) ++out.unable;
    if (decision.consequence == Consequence::kRefused) {
      ++out.refused;
      ++out.refused_by_initiator[decision.initiator.value()];
    }
    if (out.decisions.size() < request.most_shown) out.decisions.push_back(std::move(decision));
  }
  return Ok();
}

Status Simulator::JudgePresent(const SimulationRequest& request, const std::vector<Bound>& bound,
                               const control::Place& place, Simulation& out) const {
  const condition::ResourceType& type = bound.front().rule->compiled->target.type();
  control::FactSource* source = deps_.facts.For(type);
  if (source == nullptr) return Unavailable("nothing here knows " + condition::ToString(type));
  return deps_.database.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto resources, source->List(tx, type, place.account));
    for (const control::Resource& resource : resources) {
      const RelatedResources related(tx, deps_.facts, resource);
      for (const Bound& one : bound) {
        if (!one.AppliesTo(resource, place)) continue;
        ++out.resources;
        auto facts = source->Read(tx, resource);
        const auto violations =
            Violations({one.rule.get()}, facts.ok() ? *facts : condition::Facts(), &related);
        if (violations.empty()) continue;
        ++out.failing;
        if (out.states.size() >= request.most_shown) continue;
        out.states.push_back({resource.crn().ToString(), violations.front().verdict});
      }
    }
    return Ok();
  });
}

}  // namespace breakwater::governance
