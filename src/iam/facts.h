// What goals and rules ask of an account's access to the registry: container-registry/access.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "control/facts.h"
#include "iam/model.h"

namespace breakwater::iam {

struct Membership {
  std::string group;
  IamId iam_id;
};

struct AccessCounts {
  std::int64_t administrator_users = 0;
  std::int64_t administrator_service_ids = 0;
  std::int64_t manager_users = 0;
  std::int64_t manager_service_ids = 0;
  std::int64_t direct_policies = 0;
  std::int64_t public_policies = 0;

  friend bool operator==(const AccessCounts&, const AccessCounts&) = default;
};

// Counted for a service, each identity once:
//   Administrators: by any policy that reaches the service, even a part of it: their number is to
//   be
//     small, so a narrow grant must not hide one.
//   Managers: by a policy on the whole service: their number is to be large enough, and who
//     manages one namespace, or in office hours, cannot stand in for another.
//   A custom role of the service counts as Administrator if it can assign access to the service
//     (which is what that role does here), and as Manager if it gives all that Manager does: a role
//     of one's own hides no administrator, and makes no manager of less.
//   Direct policies: those that reach the service and whose subject is an identity.
//   Public policies: those that reach it and whose subject is the group of everybody.
// Rules about time and access tags narrow like anything else. The account's owner counts by
// policies alone, like everybody. `identities` holds the account's
// users and service IDs; policies and memberships of others count for nobody.
//
// A trusted profile stands for those who may act as it: each identity it lists has what the profile
// has. Whom its rules let in nobody can count, so for administrators federated users count as one
// user, and workloads as one service ID.
struct ProfileTrust {
  IamId profile;
  std::vector<IamId> identities;
  bool federated = false;  // it has a rule for federated users
  bool workloads = false;  // it trusts workloads, by rule, link or CRN
};
AccessCounts CountAccess(std::span<const Policy> policies, std::span<const CustomRole> custom_roles,
                         std::span<const Membership> memberships, std::span<const IamId> identities,
                         std::string_view service, std::span<const ProfileTrust> profiles = {});

// Thread-safe.
class AccessFacts final : public control::FactSource {
 public:
  explicit AccessFacts(const Clock& clock) : clock_(clock) {}

  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  const Clock& clock_;
};

}  // namespace breakwater::iam
