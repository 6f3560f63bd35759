#include "iam/roles.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace breakwater::iam {
namespace {

constexpr RoleSet kRead{Role::kReader, Role::kManager};
constexpr RoleSet kWrite{Role::kWriter, Role::kManager};
constexpr RoleSet kAnyServiceRole{Role::kReader, Role::kWriter, Role::kManager};
constexpr RoleSet kManage{Role::kManager};
constexpr RoleSet kView{Role::kViewer, Role::kEditor, Role::kOperator, Role::kAdministrator};
constexpr RoleSet kEdit{Role::kEditor, Role::kAdministrator};
constexpr RoleSet kAdminister{Role::kAdministrator};

constexpr ActionScope kAccount = ActionScope::kAccount;
constexpr ActionScope kNamespace = ActionScope::kNamespace;

// Beside the reference's actions, the registry's rows hold the names that its audit events use for
// them ("image.tag" for a push by tagging; NeededAction says which right gives it).
constexpr ActionRule kRules[] = {
    {"container-registry.auth.get", kAnyServiceRole, kAccount},
    {"container-registry.auth.set", kManage, kAccount},
    {"container-registry.settings.get", kAnyServiceRole, kAccount},
    {"container-registry.settings.set", kManage, kAccount},
    {"container-registry.plan.get", kManage, kAccount},
    {"container-registry.plan.set", kManage, kAccount},
    {"container-registry.quota.get", kAnyServiceRole, kAccount},
    {"container-registry.quota.set", kManage, kAccount},
    {"container-registry.namespace.list", kRead, kNamespace},
    {"container-registry.namespace.create", kManage, kAccount},
    {"container-registry.namespace.update", kManage, kAccount},
    {"container-registry.namespace.delete", kManage, kAccount},
    {"container-registry.image.list", kRead, kNamespace},
    {"container-registry.image.inspect", kRead, kNamespace},
    {"container-registry.manifest.inspect", kRead, kNamespace},
    {"container-registry.image.pull", kAnyServiceRole, kNamespace},
    {"container-registry.image.push", kWrite, kNamespace},
    {"container-registry.image.tag", kWrite, kNamespace},
    {"container-registry.image.delete", kWrite, kNamespace},
    {"container-registry.image.bulkdelete", kWrite, kNamespace},
    {"container-registry.image.untag", kWrite, kNamespace},
    {"container-registry.image.vulnerabilities", kRead, kNamespace},
    {"container-registry.image-vulnerability-report.read", kRead, kNamespace},
    {"container-registry.image-vulnerability-status.read", kRead, kNamespace},
    {"container-registry.account-vulnerability-report.list", kRead, kNamespace},
    {"container-registry.account-vulnerability-status.list", kRead, kNamespace},
    {"container-registry.retention.list", kRead, kNamespace},
    {"container-registry.retention.get", kRead, kNamespace},
    {"container-registry.retention.analyze", kRead, kNamespace},
    {"container-registry.retention.set", kWrite, kNamespace},
    // The reference's documents name image.list and image.delete for the trash: either will do.
    {"container-registry.trash.list", kAnyServiceRole, kNamespace},
    {"container-registry.trash.restore", kWrite, kNamespace},
    {"container-registry.trash.purge", kManage, kNamespace},
    {"container-registry.exemption.list", kRead, kAccount},
    {"container-registry.exemption.manager", kManage, kAccount},
    {"container-registry.exemption.create", kManage, kAccount},
    {"container-registry.exemption.delete", kManage, kAccount},

    {"compliance.admin-settings.list", kView, kAccount},
    {"compliance.admin-settings.update", kAdminister, kAccount},
    {"compliance.admin.*", kAdminister, kAccount},
    {"compliance.configuration-governance.break-glass*", kAdminister, kAccount},
    // Editor, and Administrator on the scope: the one includes the other.
    {"compliance.configuration-governance.attachments-create", kAdminister, kAccount},
    {"compliance.configuration-governance.attachments-update", kAdminister, kAccount},
    {"compliance.configuration-governance.attachments-delete", kAdminister, kAccount},
    {"compliance.*read", kView, kAccount},
    {"compliance.*list", kView, kAccount},
    {"compliance.*view", kView, kAccount},
    {"compliance.*", kEdit, kAccount},

    {"security-advisor.*.read", kAnyServiceRole, kAccount},
    {"security-advisor.*.list", kAnyServiceRole, kAccount},
    {"security-advisor.partner-solution.*", kWrite, kAccount},
    {"security-advisor.*", kManage, kAccount},

    {"context-based-restrictions.*.read", kView, kAccount},
    {"context-based-restrictions.*.list", kView, kAccount},
    {"context-based-restrictions.zone.*", kEdit, kAccount},
    {"context-based-restrictions.*", kAdminister, kAccount},

    {"enterprise.*.read", kView, kAccount},
    {"enterprise.*.list", kView, kAccount},
    {"enterprise.*", kAdminister, kAccount},

    {"resource-controller.*.read", kView, kAccount},
    {"resource-controller.*.list", kView, kAccount},
    {"resource-controller.*", kEdit, kAccount},

    {"iam-*.read", kView, kAccount},
    {"iam-*.list", kView, kAccount},
    {"iam-*", kAdminister, kAccount},
    {"user-management.*.read", kView, kAccount},
    {"user-management.*.list", kView, kAccount},
    {"user-management.*", kAdminister, kAccount},

    {"breakwater.*.read", kView, kAccount},
    {"breakwater.*.list", kView, kAccount},
    {"breakwater.*.export", kView, kAccount},
    {"breakwater.*.verify", kView, kAccount},
    {"breakwater.exception.request", kEdit, kAccount},
    {"breakwater.exception.end", kEdit, kAccount},
    {"breakwater.*", kAdminister, kAccount},
};

}  // namespace

std::string_view ToString(Role role) {
  switch (role) {
    case Role::kReader: return "Reader";
    case Role::kWriter: return "Writer";
    case Role::kManager: return "Manager";
    case Role::kViewer: return "Viewer";
    case Role::kEditor: return "Editor";
    case Role::kOperator: return "Operator";
    case Role::kAdministrator: return "Administrator";
  }
  BW_UNREACHABLE();
}

bool IsServiceRole(Role role) {
  return role == Role::kReader || role == Role::kWriter || role == Role::kManager;
}

std::string RoleCrn(Role role) {
  return std::string("crn:v1:bluemix:public:iam::::") +
         (IsServiceRole(role) ? "serviceRole:" : "role:") + std::string(ToString(role));
}

std::optional<Role> RoleFromName(std::string_view name) {
  for (Role role : kAllRoles) {
    if (ToString(role) == name) return role;
  }
  return std::nullopt;
}

std::optional<Role> RoleFromCrn(std::string_view crn) {
  if (!crn.starts_with("crn:")) return std::nullopt;
  for (Role role : kAllRoles) {
    const std::string tail =
        (IsServiceRole(role) ? ":serviceRole:" : ":role:") + std::string(ToString(role));
    if (crn.ends_with(tail)) return role;
  }
  return std::nullopt;
}

std::vector<Role> RoleSet::ToVector() const {
  std::vector<Role> roles;
  for (Role role : kAllRoles) {
    if (Has(role)) roles.push_back(role);
  }
  return roles;
}

std::span<const ActionRule> ActionRules() {
  return kRules;
}

const ActionRule* RuleFor(std::string_view action) {
  // Asked for every request, and most rules name one action: matching those as patterns took longer
  // than all the rest of a decision.
  static constexpr auto kIsPattern = [] {
    std::array<bool, std::size(kRules)> is_pattern{};
    for (std::size_t i = 0; i < is_pattern.size(); ++i) {
      is_pattern[i] = kRules[i].pattern.find_first_of("*?") != std::string_view::npos;
    }
    return is_pattern;
  }();
  for (std::size_t i = 0; i < std::size(kRules); ++i) {
    const std::string_view pattern = kRules[i].pattern;
    if (kIsPattern[i] ? WildcardMatch(pattern, action) : pattern == action) return &kRules[i];
  }
  return nullptr;
}

ActionService ServiceOf(std::string_view action) {
  const std::string_view prefix = action.substr(0, action.find('.'));
  if (prefix == "iam-am") return {"iam-access-management", ServiceType::kPlatformService};
  return {prefix, TypeOfService(prefix)};
}

ServiceType TypeOfService(std::string_view service) {
  static constexpr std::string_view kPlatform[] = {"user-management", "breakwater",
                                                   "context-based-restrictions", "enterprise",
                                                   "resource-controller"};
  const bool platform =
      service.starts_with("iam-") || std::ranges::find(kPlatform, service) != std::end(kPlatform);
  return platform ? ServiceType::kPlatformService : ServiceType::kService;
}

std::string_view ToString(ServiceType type) {
  switch (type) {
    case ServiceType::kService: return "service";
    case ServiceType::kPlatformService: return "platform_service";
  }
  BW_UNREACHABLE();
}

bool WildcardMatch(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last "*", and where its text ends so far
  std::size_t star_end = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_end = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_end;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace breakwater::iam
