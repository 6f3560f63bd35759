// Roles and what each lets its holder do: one table.
//
// Sources: the reference registry's service roles (docs "Managing IAM access", 2022: Reader, Writer
// and Manager are independent sets, Writer does not include Reader) and its platform roles.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace breakwater::iam {

enum class Role : std::uint8_t {
  kReader,
  kWriter,
  kManager,
  kViewer,
  kEditor,
  kOperator,
  kAdministrator,
};
inline constexpr Role kAllRoles[] = {Role::kReader,       Role::kWriter, Role::kManager,
                                     Role::kViewer,       Role::kEditor, Role::kOperator,
                                     Role::kAdministrator};

std::string_view ToString(Role role);  // "Reader"
bool IsServiceRole(Role role);         // Reader, Writer, Manager; the others are platform roles
// "crn:v1:bluemix:public:iam::::serviceRole:Reader", "crn:v1:bluemix:public:iam::::role:Viewer".
std::string RoleCrn(Role role);
// By name, or by any CRN that ends in "serviceRole:Reader" or "role:Viewer".
std::optional<Role> RoleFromName(std::string_view name);
std::optional<Role> RoleFromCrn(std::string_view crn);

class RoleSet {
 public:
  constexpr RoleSet() = default;
  constexpr RoleSet(std::initializer_list<Role> roles) {
    for (Role role : roles) bits_ |= Bit(role);
  }
  constexpr bool Has(Role role) const { return (bits_ & Bit(role)) != 0; }
  constexpr void Add(Role role) { bits_ |= Bit(role); }
  constexpr bool empty() const { return bits_ == 0; }
  std::vector<Role> ToVector() const;

 private:
  static constexpr unsigned Bit(Role role) { return 1U << static_cast<unsigned>(role); }
  unsigned bits_ = 0;
};

// The widest resource a policy must cover to give an action.
enum class ActionScope {
  kAccount,    // only a policy that is not narrowed to namespaces or a resource group
  kNamespace,  // also one that is
};

struct ActionRule {
  std::string_view pattern;  // an action, or a pattern with "*"
  RoleSet roles;
  ActionScope scope;
};

// The whole table; of several rows that fit an action the first counts.
std::span<const ActionRule> ActionRules();
// Null for an action that no role gives: then the account's owner alone may do it.
const ActionRule* RuleFor(std::string_view action);

enum class ServiceType { kService, kPlatformService };

// What a policy calls the service that an action belongs to.
struct ActionService {
  std::string_view name;
  ServiceType type;
};
// "container-registry.image.pull" -> {container-registry, service};
// "iam-am.policy.create" -> {iam-access-management, platform_service}.
ActionService ServiceOf(std::string_view action);
ServiceType TypeOfService(std::string_view service);
std::string_view ToString(ServiceType type);  // "service", "platform_service"

// Whole-text match, case-sensitive: "*" is any text, "?" one character. Linear in time but for
// backtracking to the last "*" alone.
bool WildcardMatch(std::string_view pattern, std::string_view text);

}  // namespace breakwater::iam
