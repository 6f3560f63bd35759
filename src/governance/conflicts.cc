#include "governance/conflicts.h"

#include <algorithm>

#include "condition/contradiction.h"

namespace breakwater::governance {
namespace {

using condition::Contradiction;
using condition::Demand;

bool Disallows(const std::vector<Action>& actions) {
  return std::find(actions.begin(), actions.end(), Action::kDisallow) != actions.end();
}

// Somebody must be left who may administer.
const condition::Condition& WayIn() {
  static const condition::Condition condition = [] {
    const json::Value document =
        json::Object{{"or", json::Array{json::Object{{"property", "administrator_users"},
                                                     {"operator", "num_greater_than_equals"},
                                                     {"value", 1}},
                                        json::Object{{"property", "administrator_service_ids"},
                                                     {"operator", "num_greater_than_equals"},
                                                     {"value", 1}}}}};
    auto parsed = condition::Condition::Parse(document, condition::Catalogue::BuiltIn(),
                                              {"container-registry", "access"});
    BW_CHECK(parsed.ok());
    return *std::move(parsed);
  }();
  return condition;
}

Error Contradicts(const std::string& whom, const std::string& rule_id, const std::string& what) {
  return Conflict("the rule contradicts " + whom +
                  ", so that no change could be made any more: " + what)
      .Reason("rule_contradiction")
      .Detail("rule_id", rule_id)
      .Detail("contradiction", what);
}

// One attachment of the proposal.
struct Bound {
  const AttachmentDraft& attachment;
  condition::Parameters parameters;
};

Status CheckAlone(const Proposal& proposal, const Bound& bound) {
  const auto what = Contradiction({{&proposal.compiled.condition, &bound.parameters}});
  return what ? Status(Contradicts("itself", proposal.rule_id, *what)) : Ok();
}

// Whether an attached rule is in force where the proposal would be.
bool Meets(const Bound& bound, const ScopeTree& tree, const control::Place& place,
           const Candidate& other) {
  if (other.attachment.account == bound.attachment.account) {
    return Overlap(bound.attachment, other.attachment, tree);
  }
  // One from above counts where it covers the account, one from below where it is covered; their
  // scopes are not ours.
  const control::Resource whole = control::AccountResource(place.account, "account");
  const AttachmentDraft& from_above =
      other.attachment.account == place.account ? bound.attachment : other.attachment;
  return Covers(from_above, whole, place);
}

// What else is demanded of the same resources there.
Result<std::optional<Demand>> DemandBeside(const Proposal& proposal, const Bound& bound,
                                           const ScopeTree& tree, const control::Place& place,
                                           const Candidate& other) {
  const AttachedRule& rule = *other.rule;
  const bool counts = rule.id != proposal.rule_id && rule.compiled != nullptr &&
                      Disallows(rule.actions) &&
                      rule.compiled->target.MayOverlap(proposal.compiled.target) &&
                      Meets(bound, tree, place, other);
  if (!counts) return std::optional<Demand>();
  const Demand demand{&rule.compiled->condition, &rule.parameters};
  const auto what = Contradiction({{&proposal.compiled.condition, &bound.parameters}, demand});
  if (!what) return std::optional(demand);
  return Contradicts("the attached rule '" + rule.name + "' (" + rule.id + ")", rule.id, *what);
}

// Whether all that is demanded together leaves a way in.
Status CheckWayIn(const Proposal& proposal, std::vector<Demand> demands) {
  if (proposal.compiled.condition.type() != WayIn().type()) return Ok();
  const condition::Parameters none;
  demands.push_back({&WayIn(), &none});
  const auto what = Contradiction(demands);
  if (!what) return Ok();
  return Conflict("the rule would leave nobody who may administer the account: " + *what)
      .Reason("last_way_in")
      .Detail("contradiction", *what);
}

Status CheckIn(const Proposal& proposal, const Bound& bound, const ScopeTree& tree,
               const control::Place& place, const std::vector<Candidate>& others) {
  std::vector<Demand> demands{{&proposal.compiled.condition, &bound.parameters}};
  for (const Candidate& other : others) {
    BW_TRY(const auto demand, DemandBeside(proposal, bound, tree, place, other));
    if (demand) demands.push_back(*demand);
  }
  return CheckWayIn(proposal, std::move(demands));
}

// What accounts below have attached themselves must be possible beside what is inherited.
Status CheckBelow(db::Transaction& tx, const control::Hierarchy& hierarchy,
                  const AttachedRules& attached, const Proposal& proposal,
                  const std::vector<Bound>& bound, const ScopeTree& tree) {
  BW_TRY(const auto places, hierarchy.Ruled(tx, proposal.rule.account));
  for (const control::Place& place : places) {
    if (place.account == proposal.rule.account) continue;
    BW_TRY(const auto rules, attached.Of(tx, place.account));
    std::vector<Candidate> own = rules->candidates();
    std::erase_if(own,
                  [&](const Candidate& one) { return one.attachment.account != place.account; });
    for (const Bound& one : bound) {
      BW_TRY_STATUS(
          CheckIn(proposal, one, tree, place, own).Context("account " + place.account.value()));
    }
  }
  return Ok();
}

}  // namespace

Status CheckConflicts(db::Transaction& tx, const control::Hierarchy& hierarchy,
                      const AttachedRules& attached, const Proposal& proposal) {
  const AccountId& account = proposal.rule.account;
  std::vector<Bound> bound;
  for (const AttachmentDraft& draft : proposal.attachments) {
    auto parameters = condition::Parameters::Bind(proposal.compiled.parameters, draft.parameters);
    if (!parameters.ok()) {
      return Invalid("parameters: " + parameters.error().message())
          .Reason("attachment_error")
          .Detail("path", "parameters");
    }
    bound.push_back({draft, *std::move(parameters)});
  }
  if (!Disallows(proposal.rule.actions) || bound.empty()) return Ok();
  BW_TRY(const auto rules, attached.Of(tx, account));
  const auto& others = rules->candidates();
  std::vector<Scope> scopes = ScopesOf(proposal.attachments);
  for (const auto& other : others) {
    const auto more = ScopesOf({other.attachment});
    scopes.insert(scopes.end(), more.begin(), more.end());
  }
  BW_TRY(const auto tree, ScopeTree::Of(tx, hierarchy, account, scopes));
  BW_TRY(const auto place, hierarchy.PlaceOf(tx, account));
  for (const Bound& one : bound) {
    BW_TRY_STATUS(CheckAlone(proposal, one));
    BW_TRY_STATUS(CheckIn(proposal, one, tree, place, others));
  }
  return CheckBelow(tx, hierarchy, attached, proposal, bound, tree);
}

}  // namespace breakwater::governance
