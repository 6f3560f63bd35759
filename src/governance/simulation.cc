#include "governance/simulation.h"

#include <algorithm>

#include "governance/related.h"

namespace breakwater::governance {
namespace {

// Actions by which images come, and repositories alter.
constexpr std::string_view kArrivals[] = {"container-registry.image.push",
                                          "container-registry.image.tag",
                                          "container-registry.trash.restore"};

constexpr std::int64_t kPage = 1000;
constexpr std::int64_t kMostScanned = 1'000'000;
constexpr std::string_view kProposed = "rule-simulated";

// What is judged only where some rule asks for it.
bool IsContent(const condition::ResourceType& type) {
  return type.service == "container-registry" &&
         (type.kind == "image" || type.kind == "repository");
}

// What a record says was judged, and of which resource.
struct Recorded {
  control::Resource resource;
  const json::Value* judgement;
};

// The decisions on record that the proposed rule would have taken part in. Resources of other
// accounts that the change governed are the business of these.
Result<std::vector<Recorded>> DecisionsIn(const audit::Record& record, const AccountId& account,
                                          const condition::Condition& condition) {
  std::vector<Recorded> decisions;
  if (!record.judgement.is_array()) return decisions;
  for (const json::Value& judgement : record.judgement.get_array()) {
    const json::Value* target = json::Find(judgement, "target");
    if (target == nullptr || json::Find(judgement, "facts") == nullptr) continue;
    const json::Value* looks = json::Find(judgement, kLooks);
    if (looks != nullptr && condition.sub_rules().empty()) continue;
    BW_TRY(auto resource, ResourceFrom(account, *target));
    if (resource.account == account) decisions.push_back({std::move(resource), &judgement});
  }
  return decisions;
}

// Whether it let an image in, and holds no facts of the type: no rule asked for them then.
bool LetInUnseen(const audit::Record& record, const std::vector<Recorded>& decisions,
                 const condition::ResourceType& type) {
  return record.outcome == audit::Outcome::kSuccess &&
         std::ranges::find(kArrivals, record.action) != std::end(kArrivals) &&
         std::ranges::none_of(decisions, [&](const Recorded& one) {
           return condition::ResourceType{one.resource.service, one.resource.kind} == type;
         });
}

}  // namespace

// The proposed rule as one attachment would have it.
struct Simulator::Bound {
  AttachedRulePtr rule;
  AttachmentDraft attachment;
};

struct Simulator::Frame {
  const SimulationRequest& request;
  const std::vector<Bound>& bound;
  const std::vector<BreakGlass>& glasses;
};

// The rule with each set of parameters that an attachment gives it for the resource.
ApplicableRuleList Simulator::Applicable(const std::vector<Bound>& bound,
                                         const control::Resource& resource,
                                         const control::Place& place) {
  ApplicableRuleList rules;
  const condition::Target& target = bound.front().rule->compiled->target;
  if (!target.Matches({resource.service, resource.kind}, resource.Attributes())) return rules;
  for (const Bound& one : bound) {
    if (!Covers(one.attachment, resource, place)) continue;
    const bool again = std::ranges::any_of(rules, [&](const ApplicableRule& other) {
      return other->parameters.ToJson() == one.rule->parameters.ToJson();
    });
    if (!again) rules.push_back(one.rule.get());
  }
  return rules;
}

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
  BW_TRY(const auto glasses, deps_.database.ReadValue([&](db::Transaction& tx) {
    return BreakGlasses::OpenSince(tx, request.rule.account, request.since);
  }));
  const Frame frame{request, bound, glasses};
  Simulation simulation;
  for (const control::Place& place : places) {
    BW_TRY_STATUS(Replay(frame, place, simulation));
    BW_TRY_STATUS(JudgePresent(frame, place, simulation));
  }
  return simulation;
}

Status Simulator::Replay(const Frame& frame, const control::Place& place, Simulation& out) const {
  const CompiledRule& compiled = *frame.bound.front().rule->compiled;
  const bool named = frame.request.may_name(place.account);
  audit::Filter filter{
      .account = place.account, .since = frame.request.since, .until = frame.request.until};
  filter.limit = kPage;
  while (true) {
    BW_TRY(const auto page, deps_.audit.Query(filter));
    out.scanned += std::ssize(page);
    for (const audit::Found& found : page) {
      filter.after = found.position;
      const audit::Record& record = found.record;
      BW_TRY(const auto decisions, DecisionsIn(record, place.account, compiled.condition));
      const condition::ResourceType& type = compiled.target.type();
      if (IsContent(type) && LetInUnseen(record, decisions, type)) ++out.not_recorded;
      if (decisions.empty()) continue;
      if (out.changes == frame.request.most_changes) {
        out.truncated = true;
        return Ok();
      }
      ++out.changes;
      bool refused = false;
      for (const auto& [resource, judgement] : decisions) {
        BW_TRY_STATUS(Judge(frame, place, record, resource, *judgement, refused, out));
      }
      if (!refused) continue;
      ++out.refused;
      if (named) {
        ++out.refused_by_initiator[record.initiator.iam_id.value()];
      } else {
        ++out.refused_unnamed;
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

Status Simulator::Judge(const Frame& frame, const control::Place& place,
                        const audit::Record& record, const control::Resource& resource,
                        const json::Value& judgement, bool& refused, Simulation& out) const {
  BW_TRY(const auto facts, condition::Facts::FromJson(judgement.at("facts")));
  const ApplicableRuleList rules = Applicable(frame.bound, resource, place);
  if (rules.empty()) return Ok();
  ++out.judged;
  auto violations = Violations(rules, facts, nullptr);
  if (violations.empty()) return Ok();
  std::optional<condition::Facts> before;
  if (const json::Value* start = json::Find(judgement, "before")) {
    BW_TRY(before, condition::Facts::FromJson(*start));
  }
  const json::Value* lessens = json::Find(judgement, "takes_away");
  const bool takes_away = lessens != nullptr && *lessens == json::Value(true);
  // Of parameters that are violated, those that refuse decide.
  const auto consequence = [&](const RuleVerdict& one) {
    const auto found =
        ConsequenceOf(*one.rule, resource, {.now = record.time, .open = frame.glasses});
    const bool weighed = found == Consequence::kRefused && before &&
                         MakesNothingWorse(*one.rule, facts, {*before, takes_away});
    return weighed ? Consequence::kWeighed : found;
  };
  auto decisive = std::ranges::find(violations, Consequence::kRefused, consequence);
  if (decisive == violations.end()) decisive = violations.begin();
  SimulatedDecision decision{.at = record.time,
                             .record = record.id,
                             .action = record.action,
                             .initiator = record.initiator.iam_id,
                             .initiator_name = record.initiator.name,
                             .resource = resource.crn().ToString(),
                             .verdict = std::move(decisive->verdict),
                             .consequence = consequence(*decisive),
                             .happened = record.outcome == audit::Outcome::kSuccess};
  if (decision.verdict.outcome == condition::Outcome::kUnable) ++out.unable;
  refused = refused || decision.consequence == Consequence::kRefused;
  if (!frame.request.may_name(place.account)) {
    decision.initiator = IamId();
    decision.initiator_name.clear();
  }
  if (out.decisions.size() < frame.request.most_shown) out.decisions.push_back(std::move(decision));
  return Ok();
}

Status Simulator::JudgePresent(const Frame& frame, const control::Place& place,
                               Simulation& out) const {
  const condition::ResourceType& type = frame.bound.front().rule->compiled->target.type();
  control::FactSource* source = deps_.facts.For(type);
  if (source == nullptr) return Unavailable("nothing here knows " + condition::ToString(type));
  return deps_.database.Read([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto resources, source->List(tx, type, place.account));
    RelatedResources seen(tx, deps_.facts);
    for (const control::Resource& resource : resources) {
      const ApplicableRuleList rules = Applicable(frame.bound, resource, place);
      if (rules.empty()) continue;
      ++out.resources;
      const RelatedTo related(seen, resource);
      auto facts = source->Read(tx, resource);
      auto violations = Violations(rules, facts.ok() ? *facts : condition::Facts(), &related);
      if (violations.empty()) continue;
      ++out.failing;
      if (out.states.size() >= frame.request.most_shown) continue;
      out.states.push_back({resource.crn().ToString(), std::move(violations.front().verdict)});
    }
    return Ok();
  });
}

}  // namespace breakwater::governance
