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
  const Demand demand{&proposal.compiled.condition, &bound.parameters};
  if (const auto what = Contradiction({demand})) {
    return Contradicts("itself", proposal.rule_id, *what);
  }
  if (proposal.compiled.condition.type() != WayIn().type()) return Ok();
  const condition::Parameters none;
  const auto what = Contradiction({demand, {&WayIn(), &none}});
  if (!what) return Ok();
  return Conflict("the rule would leave nobody who may administer the account: " + *what)
      .Reason("last_way_in")
      .Detail("contradiction", *what);
}

Status CheckBeside(const Proposal& proposal, const Bound& bound, const ScopeTree& tree,
                   const control::Place& place, const Candidate& other) {
  const AttachedRule& rule = *other.rule;
  if (rule.id == proposal.rule_id || rule.compiled == nullptr || !Disallows(rule.actions)) {
    return Ok();
  }
  if (!rule.compiled->target.MayOverlap(proposal.compiled.target)) return Ok();
  // What is inherited from above counts where it covers the account; its scopes are not ours.
  const control::Resource whole = control::AccountResource(place.account, "account");
  const bool overlaps = other.attachment.account == bound.attachment.account
                            ? Overlap(bound.attachment, other.attachment, tree)
                            : Covers(other.attachment, whole, place);
  if (!overlaps) return Ok();
  const auto what = Contradiction({{&proposal.compiled.condition, &bound.parameters},
                                   {&rule.compiled->condition, &rule.parameters}});
  if (!what) return Ok();
  return Contradicts("the attached rule '" + rule.name + "' (" + rule.id + ")", rule.id, *what);
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
    for (const auto& other : others) {
      BW_TRY_STATUS(CheckBeside(proposal, one, tree, place, other));
    }
  }
  return Ok();
}

}  // namespace breakwater::governance
