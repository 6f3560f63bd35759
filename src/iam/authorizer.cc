#include "iam/authorizer.h"

#include <algorithm>
#include <utility>

#include "iam/changes.h"
#include "iam/explain.h"
#include "iam/sign_in/break_glass.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kRegistryService = "container-registry";
// All that who has no credential may ever do.
constexpr std::string_view kCreateOwnKey = "iam-identity.user-apikey.create";
constexpr std::string_view kCreateServiceId = "iam-identity.account-serviceid.create";
constexpr std::string_view kPullImages = "container-registry.image.pull";
constexpr std::string_view kReadPolicies = "iam-am.policy.read";
constexpr std::string_view kListNamespaces = "container-registry.namespace.list";

// What a registry token must have been made for. Reading about images goes with pulling them.
std::string_view GrantFor(std::string_view action) {
  constexpr std::pair<std::string_view, std::string_view> kTable[] = {
      {"container-registry.image.pull", "pull"},
      {"container-registry.image.list", "pull"},
      {"container-registry.image.inspect", "pull"},
      {"container-registry.manifest.inspect", "pull"},
      {"container-registry.image.push", "push"},
      {"container-registry.image.tag", "push"},
      {"container-registry.signature.write", "push"},
      {"container-registry.image.delete", "delete"},
      {"container-registry.image.untag", "delete"},
      {"container-registry.image.bulkdelete", "delete"},
  };
  for (const auto& [name, grant] : kTable) {
    if (name == action) return grant;
  }
  return {};
}

bool LiesIn(std::string_view repository, std::string_view name_space) {
  return repository.substr(0, repository.find('/')) == name_space;
}

bool Includes(const control::Grant& grant, std::string_view action, std::string_view repository,
              std::string_view name_space) {
  const bool named =
      repository.empty() ? LiesIn(grant.repository, name_space) : grant.repository == repository;
  return named &&
         std::find(grant.actions.begin(), grant.actions.end(), action) != grant.actions.end();
}

Error NobodyMay() {
  return Unauthenticated("a credential is required: an IAM token, or Basic with iamapikey")
      .Reason("credential_required");
}

}  // namespace

std::string_view RepositoryOf(const control::Resource& resource) {
  if (resource.kind != "image" && resource.kind != "repository" && resource.kind != "namespace") {
    return {};
  }
  std::string_view name = resource.name;
  name = name.substr(0, name.find('@'));
  const std::size_t slash = name.rfind('/');
  const std::size_t colon = name.rfind(':');
  if (colon != std::string_view::npos && (slash == std::string_view::npos || colon > slash)) {
    name = name.substr(0, colon);
  }
  // A namespace may carry its own name there, which is no repository.
  if (resource.kind == "namespace" && name == resource.name_space) return {};
  return name;
}

bool GrantsCatalog(const control::Actor& actor) {
  return !actor.grants ||
         std::any_of(actor.grants->begin(), actor.grants->end(), [](const control::Grant& grant) {
           return grant.repository == kCatalogGrant &&
                  std::find(grant.actions.begin(), grant.actions.end(), "*") != grant.actions.end();
         });
}

bool GrantsInclude(const control::Actor& actor, std::string_view action,
                   const control::Resource& resource) {
  if (!actor.grants) return true;
  if (action == kListNamespaces) return GrantsCatalog(actor);
  const std::string_view needed = GrantFor(action);
  if (needed.empty() || resource.name_space.empty()) return false;
  const std::string_view repository = RepositoryOf(resource);
  return std::any_of(actor.grants->begin(), actor.grants->end(), [&](const control::Grant& grant) {
    return Includes(grant, needed, repository, resource.name_space);
  });
}

Status Authorizer::Authorize(const control::Caller& caller, std::string_view action,
                             const control::Resource& resource) {
  const control::Actor& actor = caller.actor;
  if (actor.kind == control::IdentityKind::kSystem) return Ok();
  const bool nobody = actor.kind == control::IdentityKind::kAnonymous;
  BW_TRY_STATUS(nobody ? CheckPublic(caller, action, resource) : Check(caller, action, resource));
  if (!GrantsInclude(actor, action, resource)) {
    return Unauthenticated("the token was not made for this: ask for one with this scope")
        .Reason("insufficient_scope");
  }
  return Ok();
}

// Nobody may do no more than pull images that are public.
Status Authorizer::CheckPublic(const control::Caller& caller, std::string_view action,
                               const control::Resource& resource) {
  if (action != kPullImages) return NobodyMay();
  const auto access = cache_.GetPublic(resource.account);
  if (!access.ok()) {
    return access.error().code() == ErrorCode::kUnauthenticated ? NobodyMay() : access.error();
  }
  const Decision decision = Decide((*access)->identity, (*access)->groups, (*access)->policies,
                                   action, resource, clock_.Now());
  if (!decision.allowed ||
      !CheckRestrictions(*(*access)->restrictions, caller, action, resource).ok()) {
    return NobodyMay();
  }
  return Ok();
}

// What the account's settings say of making service IDs and API keys goes before the policies.
Identity IdentityBySettings(const IdentityAccess& access, std::string_view action) {
  Identity identity = access.identity;
  if (action == kCreateOwnKey && access.settings->create_api_key == WhoMayCreate::kRestricted) {
    identity.kind = control::IdentityKind::kProfile;  // none that may manage keys of its own
  }
  return identity;
}

bool GivenBySettings(const IdentityAccess& access, std::string_view action,
                     Decision::Reason reason) {
  return action == kCreateServiceId && reason == Decision::Reason::kNoPolicy &&
         access.settings->create_service_id == WhoMayCreate::kNotRestricted;
}

Decision Authorizer::DecideBySettings(const IdentityAccess& access, std::string_view action,
                                      const control::Resource& resource) {
  Decision decision = Decide(IdentityBySettings(access, action), access.groups, access.policies,
                             action, resource, clock_.Now());
  if (GivenBySettings(access, action, decision.reason)) {
    decision.allowed = true;
    decision.reason = Decision::Reason::kSelf;
  }
  return decision;
}

Status Authorizer::Check(const control::Caller& caller, std::string_view action,
                         const control::Resource& resource) {
  const control::Actor& actor = caller.actor;
  BW_TRY(const auto access, cache_.Get(actor.account, actor.iam_id));
  BW_TRY_STATUS(CheckNotSuspended(*access));
  const Decision decision = DecideBySettings(*access, action, resource);
  if (decision.allowed) {
    BW_TRY_STATUS(CheckRestrictions(*access->restrictions, caller, action, resource));
    if (activity_ != nullptr && !decision.policy.empty()) activity_->Note(decision.policy);
    return Ok();
  }
  const bool member = decision.reason != Decision::Reason::kOtherAccount;
  // What everybody may is not refused for having signed in.
  if (!member && action == kPullImages && CheckPublic(caller, action, resource).ok()) return Ok();
  if (member && ServiceOf(action).name == kRegistryService && !resource.registry.empty()) {
    BW_TRY(const bool policies_count, mode_.IamAuthz(resource.account, resource.registry));
    if (!policies_count) {
      return CheckRestrictions(*access->restrictions, caller, action, resource);
    }
  }
  return Refusal(*access, decision, action, resource);
}

// Who may read policies is told which of theirs came nearest, and what it lacks.
Error Authorizer::Refusal(const IdentityAccess& access, const Decision& decision,
                          std::string_view action, const control::Resource& resource) const {
  Error refusal = Denied(ExplainRefusal(decision, action, resource)).Reason("not_authorized");
  if (decision.reason == Decision::Reason::kOtherAccount) return refusal;
  const auto policies = IamResource(resource.account, "iam-access-management", "policy");
  const Timestamp now = clock_.Now();
  if (!Decide(access.identity, access.groups, access.policies, kReadPolicies, policies, now)
           .allowed) {
    return refusal;
  }
  const Explanation why =
      Explain(access.identity, access.groups, access.policies, action, resource, now);
  Error told = std::move(refusal).Detail("layer", std::string(LayerOf(why.reason)));
  if (!why.policies.empty()) {
    Error more = std::move(told).Detail("nearest_policy", why.policies.front().policy);
    told = std::move(more);
  }
  if (why.remedies.empty()) return told;
  return std::move(told).Detail("would_have_to_change", why.remedies.front());
}

Status Authorizer::CheckRestrictions(const Restrictions& restrictions,
                                     const control::Caller& caller, std::string_view action,
                                     const control::Resource& resource) {
  // The way back in for who has shut everybody out.
  if (IsBreakGlass(caller.actor.iam_id)) return Ok();
  const auto verdict = restrictions.Judge(caller.origin, action, resource);
  for (const Restriction* rule : verdict.would_refuse) {
    events_.Record(caller, action, resource, *rule);
  }
  if (verdict.refused_by == nullptr) return Ok();
  events_.Record(caller, action, resource, *verdict.refused_by);
  return Denied("a context-based restriction (" + verdict.refused_by->id + ") admits this only " +
                restrictions.Admits(*verdict.refused_by) + "; you came from " +
                caller.origin.address + " over a " +
                (caller.origin.private_network ? "private" : "public") + " endpoint")
      .Reason("restricted");
}

}  // namespace breakwater::iam
