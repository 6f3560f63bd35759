#include "iam/access_explainer.h"

#include <algorithm>
#include <map>
#include <set>

#include "iam/store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kRegistryService = "container-registry";
constexpr std::string_view kCreateServiceId = "iam-identity.account-serviceid.create";
constexpr std::string_view kPullImages = "container-registry.image.pull";

// Tells the layers one after the other; the first that refuses is the last.
class Teller {
 public:
  explicit Teller(AccessReport* report) : report_(report) {}

  // False once somebody refused.
  bool Tell(std::string name, bool good, std::string outcome, std::string text = {}) {
    report_->layers.push_back({name, std::move(outcome), std::move(text)});
    if (good && report_->layer.empty()) return true;
    if (!good) {
      report_->allowed = false;
      report_->layer = std::move(name);
    }
    return good;
  }
  void Decide(std::string name) {
    report_->allowed = true;
    report_->layer = std::move(name);
  }

 private:
  AccessReport* report_;
};

std::string_view PublicRefusal(std::string_view action) {
  return action == kPullImages ? "" : "who has no credential may pull public images and no more";
}

std::string PolicyText(const Explanation& explanation) {
  if (!explanation.allowed) return "no policy gives it";
  if (explanation.reason != Decision::Reason::kPolicy) return {};
  const PolicyTrace& by = explanation.policies.front();
  return "policy " + by.policy + " gives it by the role " + ToString(*by.role) +
         (by.group.empty() ? std::string() : " through the access group " + by.group);
}

void TellRestrictions(const Restrictions& restrictions, const control::Caller& who,
                      std::string_view action, const control::Resource& resource, Teller* teller) {
  if (restrictions.empty()) return;
  const auto verdict = restrictions.Judge(who.origin, action, resource);
  if (verdict.refused_by == nullptr) {
    teller->Tell("restrictions", true, "passes", "from " + who.origin.address);
    return;
  }
  teller->Tell("restrictions", false, "refuses",
               "restriction " + verdict.refused_by->id + " admits this only " +
                   restrictions.Admits(*verdict.refused_by) + ", not from " + who.origin.address);
}

AccessPath PathOf(const Policy& policy, const Question& question, std::size_t index) {
  AccessPath path;
  path.policy = policy.id;
  path.role = question.GivenBy(index);
  path.kind = policy.subject.kind == SubjectKind::kAccessGroup ? "group" : "policy";
  if (path.kind == "group") path.group = policy.subject.id;
  return path;
}

// The policies that give the action, by whom they apply to.
struct Giving {
  std::map<std::string, std::vector<AccessPath>> identities;  // by iam_id
  std::map<std::string, std::vector<AccessPath>> groups;      // by id
  IamId owner;
};

Giving FindGiving(const PolicySet& set, std::string_view action, const control::Resource& resource,
                  Timestamp now) {
  const Question question(set, action, resource, now);
  Giving giving;
  for (const std::size_t i : PoliciesThatGive(set, action, resource, now)) {
    const Policy& policy = set.policies()[i];
    auto& place = policy.subject.kind == SubjectKind::kIdentity ? giving.identities : giving.groups;
    place[policy.subject.id].push_back(PathOf(policy, question, i));
  }
  return giving;
}

// The first so many who may, behind `after`: those of the account who can use what they have.
Result<std::set<std::string>> Candidates(db::Transaction& tx, const AccountId& account,
                                         const Giving& giving, const IamId& after,
                                         std::int64_t limit, Timestamp now) {
  std::set<std::string> candidates;
  const auto add = [&](const std::string& iam_id) -> Status {
    if (iam_id <= after.value() || candidates.contains(iam_id)) return Ok();
    const bool full = static_cast<std::int64_t>(candidates.size()) == limit;
    if (full && iam_id > *candidates.rbegin()) return Ok();
    BW_TRY(const auto named, store::FindNamed(tx, account, IamId(iam_id)));
    if (!named || !named->active) return Ok();
    candidates.insert(iam_id);
    if (full) candidates.erase(std::prev(candidates.end()));
    return Ok();
  };
  BW_TRY_STATUS(add(giving.owner.value()));
  for (const auto& [iam_id, paths] : giving.identities) BW_TRY_STATUS(add(iam_id));
  for (const auto& [group, paths] : giving.groups) {
    IamId from = after;
    // A group is read on while those it gave cannot act: they do not count.
    for (bool more = true; more;) {
      BW_TRY(const auto members, store::MembersBehind(tx, group, from, limit, now));
      for (const IamId& iam_id : members) BW_TRY_STATUS(add(iam_id.value()));
      more = static_cast<std::int64_t>(members.size()) == limit &&
             static_cast<std::int64_t>(candidates.size()) < limit;
      if (!members.empty()) from = members.back();
    }
  }
  return candidates;
}

Result<WhoMay> PathsOf(db::Transaction& tx, const AccountId& account, const Giving& giving,
                       const IamId& iam_id, Timestamp now) {
  WhoMay one;
  one.iam_id = iam_id;
  BW_TRY(const auto named, store::FindNamed(tx, account, iam_id));
  if (named) {
    one.kind = named->kind;
    one.name = named->name;
  }
  if (giving.owner == iam_id) {
    AccessPath path;
    path.kind = "owner";
    one.paths.push_back(std::move(path));
  }
  const auto take = [&](const std::map<std::string, std::vector<AccessPath>>& from,
                        const std::string& key) {
    const auto found = from.find(key);
    if (found == from.end()) return;
    one.paths.insert(one.paths.end(), found->second.begin(), found->second.end());
  };
  take(giving.identities, iam_id.value());
  BW_TRY(const auto groups, store::GroupsOf(tx, iam_id, now));
  for (const std::string& group : groups.ids) take(giving.groups, group);
  return one;
}

}  // namespace

Result<bool> AccessExplainer::WithoutPolicies(std::string_view action,
                                              const control::Resource& resource) {
  if (ServiceOf(action).name != kRegistryService || resource.registry.empty()) return false;
  BW_TRY(const bool policies_count, mode_.IamAuthz(resource.account, resource.registry));
  return !policies_count;
}

Result<AccessReport> AccessExplainer::Explain(const AccountId& account, const control::Caller& who,
                                              std::string_view action,
                                              const control::Resource& resource) {
  const bool nobody = who.actor.kind == control::IdentityKind::kAnonymous;
  auto found = nobody ? cache_.GetPublic(account) : cache_.Get(account, who.actor.iam_id);
  if (!found.ok()) {
    if (found.error().code() != ErrorCode::kUnauthenticated) return found.error();
    return NotFound("there is no such identity in the account").Reason("identity_unknown");
  }
  const IdentityAccess& access = **found;
  AccessReport report;
  report.identity = access.identity;
  report.explanation = iam::Explain(nobody ? access.identity : IdentityBySettings(access, action),
                                    access.groups, access.policies, action, resource, clock_.Now());
  Teller teller(&report);
  if (const Status active = CheckNotSuspended(access); !active.ok()) {
    teller.Tell("identity", false, "refuses", active.error().message());
    return report;
  }
  if (nobody && action != kPullImages) {
    teller.Tell("identity", false, "refuses", std::string(PublicRefusal(action)));
    return report;
  }
  const Explanation& explanation = report.explanation;
  const std::string layer(LayerOf(explanation.reason));
  bool allowed = explanation.allowed;
  teller.Tell(layer, true, allowed ? "allows" : "refuses", PolicyText(explanation));
  teller.Decide(layer);
  if (!allowed && !nobody && GivenBySettings(access, action, explanation.reason)) {
    allowed = true;
    teller.Tell("settings", true, "allows", "the account's settings let every member do this");
    teller.Decide("settings");
  }
  if (!allowed && !nobody && explanation.reason == Decision::Reason::kNoPolicy) {
    BW_TRY(allowed, WithoutPolicies(action, resource));
    if (allowed) {
      teller.Tell("iam_authz", true, "allows",
                  "IAM authorization is off in this registry: every member of the account may");
      teller.Decide("iam_authz");
    }
  }
  report.allowed = allowed;
  if (!allowed) return report;
  TellRestrictions(*access.restrictions, who, action, resource, &teller);
  if (report.allowed && !GrantsInclude(who.actor, action, resource)) {
    teller.Tell("grants", false, "refuses", "the token was not made for this");
  }
  return report;
}

Result<WhoCan> AccessExplainer::FindWhoCan(const AccountId& account, std::string_view action,
                                           const control::Resource& resource, const IamId& after,
                                           std::int64_t limit) {
  const Timestamp now = clock_.Now();
  BW_TRY(const bool every_member, WithoutPolicies(action, resource));
  BW_TRY(auto who, database_.ReadValue([&](db::Transaction& tx) -> Result<WhoCan> {
    BW_TRY(const auto found, store::FindAccount(tx, account));
    BW_TRY(auto policies, store::AllPolicies(tx, account));
    BW_TRY(auto roles, store::AllCustomRoles(tx, account));
    BW_TRY(const auto open, store::ReadPublicAccess(tx, account));
    const PolicySet set(std::move(policies), std::move(roles));
    Giving giving = FindGiving(set, action, resource, now);
    if (found) giving.owner = found->owner;
    WhoCan page;
    BW_TRY(const auto settings, store::ReadAccountSettings(tx, account));
    page.every_member =
        action == kCreateServiceId && settings.create_service_id == WhoMayCreate::kNotRestricted;
    auto everybody = giving.groups.extract(std::string(kPublicAccessGroup));
    if (!everybody.empty() && open.enabled && action == kPullImages) {
      page.everybody = std::move(everybody.mapped());
    }
    // One more than asked for tells whether there are more.
    BW_TRY(const auto candidates, Candidates(tx, account, giving, after, limit + 1, now));
    for (const std::string& iam_id : candidates) {
      if (static_cast<std::int64_t>(page.identities.size()) == limit) {
        page.next = page.identities.back().iam_id;
        break;
      }
      BW_TRY(auto one, PathsOf(tx, account, giving, IamId(iam_id), now));
      page.identities.push_back(std::move(one));
    }
    return page;
  }));
  who.every_member = who.every_member || every_member;
  return who;
}

}  // namespace breakwater::iam
