// Answers control's question "may they?" from the account's identities, groups and policies.
#pragma once

#include <string_view>

#include "control/change.h"
#include "iam/access_cache.h"
#include "iam/activity.h"
#include "iam/restriction_events.h"

namespace breakwater::iam {

// Whether the account's policies count in a registry: the setting iam_authz, which the registry
// keeps. Thread-safe.
class AccessMode {
 public:
  virtual ~AccessMode() = default;
  virtual Result<bool> IamAuthz(const AccountId& account, const RegistryName& registry) = 0;
};

// The repository that a resource names: "ns/app" of "ns/app@sha256:…" or "ns/app:tag"; empty if it
// names none.
std::string_view RepositoryOf(const control::Resource& resource);

// The "repository" of a Grant that stands for the scope registry:catalog:*.
inline constexpr std::string_view kCatalogGrant = "registry:catalog";
// Whether what the actor's token was made for includes the catalogue. True for an actor that is not
// limited to grants.
bool GrantsCatalog(const control::Actor& actor);

// Whether what the actor's token was made for includes a container-registry action on a resource.
// True for an actor that is not limited to grants. A resource that names no repository but a
// namespace is included if any granted repository lies in it, so whoever serves one repository
// must name it in the resource.
bool GrantsInclude(const control::Actor& actor, std::string_view action,
                   const control::Resource& resource);

// Who asks, as the account's settings have it: without keys of their own where making those is
// restricted. And whether the settings give what no policy does.
Identity IdentityBySettings(const IdentityAccess& access, std::string_view action);
bool GivenBySettings(const IdentityAccess& access, std::string_view action,
                     Decision::Reason reason);

// Thread-safe. Errors of Authorize:
//   kUnauthenticated "credential_required"   nobody asks, and the account lets not everybody do it
//   kUnauthenticated "identity_unknown"      the identity is gone
//   kUnauthenticated "identity_suspended"    it is a user whose state forbids everything
//   kUnauthenticated "insufficient_scope"    they may, but their registry token was not made for it
//   kDenied "not_authorized"                 they may not; the message says which role would give
//   it
//   kDenied "restricted"                     they may, but not from where they come
class Authorizer final : public control::Authorizer {
 public:
  Authorizer(AccessCache& cache, AccessMode& mode, RestrictionEvents& events, const Clock& clock)
      : cache_(cache), mode_(mode), events_(events), clock_(clock) {}

  // Before the first request: where it is counted which policies give rights.
  void Count(Activity& activity) { activity_ = &activity; }

  Status Authorize(const control::Caller& caller, std::string_view action,
                   const control::Resource& resource) override;

 private:
  Decision DecideBySettings(const IdentityAccess& access, std::string_view action,
                            const control::Resource& resource);
  Status Check(const control::Caller& caller, std::string_view action,
               const control::Resource& resource);
  // Of nobody: images may be public, by a policy of the group that holds everybody.
  Status CheckPublic(const control::Caller& caller, std::string_view action,
                     const control::Resource& resource);
  Error Refusal(const IdentityAccess& access, const Decision& decision, std::string_view action,
                const control::Resource& resource) const;
  // After the right itself, so that who has none learns nothing of restrictions.
  Status CheckRestrictions(const Restrictions& restrictions, const control::Caller& caller,
                           std::string_view action, const control::Resource& resource);

  AccessCache& cache_;
  AccessMode& mode_;
  RestrictionEvents& events_;
  const Clock& clock_;
  Activity* activity_ = nullptr;
};

}  // namespace breakwater::iam
