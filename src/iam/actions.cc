#include "iam/actions.h"

#include <algorithm>

namespace breakwater::iam {
namespace {

// Actions that rows with patterns stand for. Those of rows without are taken from the table.
constexpr std::string_view kByPattern[] = {
    "breakwater.advisories.import",
    "breakwater.advisories.read",
    "breakwater.audit.export",
    "breakwater.audit.read",
    "breakwater.audit.set",
    "breakwater.backup.create",
    "breakwater.configuration.apply",
    "breakwater.configuration.get",
    "breakwater.configuration.plan",
    "breakwater.exception.approve",
    "breakwater.exception.end",
    "breakwater.exception.list",
    "breakwater.exception.request",
    "breakwater.garbage-collection.run",
    "breakwater.signing-key.list",
    "breakwater.signing-key.rotate",
    "breakwater.storage.read",

    "compliance.admin-settings.list",
    "compliance.admin-settings.update",
    "compliance.admin.test-event-send",
    "compliance.configuration-governance.attachments-create",
    "compliance.configuration-governance.attachments-delete",
    "compliance.configuration-governance.attachments-read",
    "compliance.configuration-governance.attachments-update",
    "compliance.configuration-governance.break-glass-close",
    "compliance.configuration-governance.break-glass-open",
    "compliance.configuration-governance.results-read",
    "compliance.configuration-governance.rules-create",
    "compliance.configuration-governance.rules-delete",
    "compliance.configuration-governance.rules-read",
    "compliance.configuration-governance.rules-update",
    "compliance.configuration-governance.templates-create",
    "compliance.configuration-governance.templates-delete",
    "compliance.configuration-governance.templates-read",
    "compliance.configuration-governance.templates-update",
    "compliance.posture-management.attachments-create",
    "compliance.posture-management.attachments-delete",
    "compliance.posture-management.attachments-update",
    "compliance.posture-management.attestations-create",
    "compliance.posture-management.attestations-delete",
    "compliance.posture-management.collectors-create",
    "compliance.posture-management.collectors-delete",
    "compliance.posture-management.collectors-read",
    "compliance.posture-management.collectors-update",
    "compliance.posture-management.credentials-create",
    "compliance.posture-management.credentials-delete",
    "compliance.posture-management.credentials-read",
    "compliance.posture-management.credentials-update",
    "compliance.posture-management.evidence-create",
    "compliance.posture-management.profiles-create",
    "compliance.posture-management.profiles-delete",
    "compliance.posture-management.profiles-read",
    "compliance.posture-management.profiles-update",
    "compliance.posture-management.scopes-create",
    "compliance.posture-management.scopes-delete",
    "compliance.posture-management.scopes-read",
    "compliance.posture-management.scopes-update",
    "compliance.posture-management.validations-create",
    "compliance.posture-management.validations-read",

    "context-based-restrictions.rule.create",
    "context-based-restrictions.rule.delete",
    "context-based-restrictions.rule.list",
    "context-based-restrictions.rule.read",
    "context-based-restrictions.rule.update",
    "context-based-restrictions.zone.create",
    "context-based-restrictions.zone.delete",
    "context-based-restrictions.zone.list",
    "context-based-restrictions.zone.read",
    "context-based-restrictions.zone.update",

    "enterprise.account-group.create",
    "enterprise.account-group.delete",
    "enterprise.account-group.list",
    "enterprise.account-group.read",
    "enterprise.account-group.update",
    "enterprise.account.create",
    "enterprise.account.delete",
    "enterprise.account.import",
    "enterprise.account.list",
    "enterprise.account.read",
    "enterprise.account.update",
    "enterprise.enterprise.create",
    "enterprise.enterprise.list",
    "enterprise.enterprise.read",
    "enterprise.enterprise.update",

    "iam-am.policy.create",
    "iam-am.policy.delete",
    "iam-am.policy.read",
    "iam-am.policy.update",
    "iam-am.role.create",
    "iam-am.role.delete",
    "iam-am.role.read",
    "iam-am.role.update",

    "iam-groups.account-settings.read",
    "iam-groups.account-settings.update",
    "iam-groups.group.create",
    "iam-groups.group.delete",
    "iam-groups.group.read",
    "iam-groups.group.update",
    "iam-groups.member.add",
    "iam-groups.member.delete",
    "iam-groups.member.read",
    "iam-groups.rule.create",
    "iam-groups.rule.delete",
    "iam-groups.rule.read",
    "iam-groups.rule.update",

    "iam-identity.account-profile.create",
    "iam-identity.account-profile.delete",
    "iam-identity.account-profile.read",
    "iam-identity.account-profile.update",
    "iam-identity.account-serviceid.create",
    "iam-identity.account-serviceid.delete",
    "iam-identity.account-serviceid.read",
    "iam-identity.account-serviceid.update",
    "iam-identity.accountsettings.read",
    "iam-identity.accountsettings.update",
    "iam-identity.serviceid-apikey.create",
    "iam-identity.serviceid-apikey.delete",
    "iam-identity.serviceid-apikey.read",
    "iam-identity.serviceid-apikey.update",
    "iam-identity.session.delete",
    "iam-identity.session.list",
    "iam-identity.session.read",
    "iam-identity.user-apikey.create",
    "iam-identity.user-apikey.delete",
    "iam-identity.user-apikey.read",
    "iam-identity.user-apikey.update",
    "iam-identity.user-password.delete",
    "iam-identity.user-password.reset",
    "iam-identity.user-password.update",

    "resource-controller.group.create",
    "resource-controller.group.delete",
    "resource-controller.group.list",
    "resource-controller.group.read",
    "resource-controller.group.update",

    "security-advisor.findings.delete",
    "security-advisor.findings.read",
    "security-advisor.findings.update",
    "security-advisor.findings.write",
    "security-advisor.metadata.delete",
    "security-advisor.metadata.read",
    "security-advisor.metadata.update",
    "security-advisor.metadata.write",
    "security-advisor.notification-channels.create",
    "security-advisor.notification-channels.delete",
    "security-advisor.notification-channels.list",
    "security-advisor.notification-channels.read",
    "security-advisor.notification-channels.update",

    "user-management.user.create",
    "user-management.user.delete",
    "user-management.user.read",
    "user-management.user.update",
};

constexpr std::string_view kOnPolicies[] = {"iam-am.policy.create", "iam-am.policy.delete",
                                            "iam-am.policy.update"};

struct Alias {
  std::string_view theirs;  // how names begin
  std::string_view ours;
};
constexpr Alias kAliases[] = {
    {"iam-groups.groups.", "iam-groups.group."},
    {"iam-groups.members.", "iam-groups.member."},
    {"iam.policy.", "iam-am.policy."},
    {"iam.customRole.", "iam-am.role."},
};

const std::vector<std::string_view>& AllActions() {
  static const std::vector<std::string_view> all = [] {
    std::vector<std::string_view> names(std::begin(kByPattern), std::end(kByPattern));
    for (const ActionRule& rule : ActionRules()) {
      const bool is_right = NeededAction(rule.pattern) == rule.pattern;
      if (is_right && rule.pattern.find('*') == std::string_view::npos) {
        names.push_back(rule.pattern);
      }
    }
    std::sort(names.begin(), names.end());
    return names;
  }();
  return all;
}

}  // namespace

std::vector<std::string_view> ServicesWithActions() {
  std::vector<std::string_view> services;
  for (const std::string_view action : AllActions()) services.push_back(ServiceOf(action).name);
  std::sort(services.begin(), services.end());
  services.erase(std::unique(services.begin(), services.end()), services.end());
  return services;
}

std::vector<std::string_view> ActionsOf(std::string_view service) {
  std::vector<std::string_view> actions;
  for (const std::string_view action : AllActions()) {
    if (ServiceOf(action).name == service) actions.push_back(action);
  }
  if (!actions.empty() && TypeOfService(service) == ServiceType::kService) {
    actions.insert(actions.end(), std::begin(kOnPolicies), std::end(kOnPolicies));
  }
  return actions;
}

std::vector<std::string_view> ActionsOf(Role role, std::string_view service) {
  std::vector<std::string_view> actions = ActionsOf(service);
  std::erase_if(actions, [&](std::string_view action) {
    const ActionRule* rule = RuleFor(action);
    return rule == nullptr || !rule->roles.Has(role);
  });
  return actions;
}

bool IsPolicyAction(std::string_view action) {
  return action.starts_with("iam-am.policy.");
}

std::string_view NeededAction(std::string_view action) {
  constexpr std::pair<std::string_view, std::string_view> kTable[] = {
      {"container-registry.image.tag", "container-registry.image.push"},
      {"container-registry.trash.restore", "container-registry.image.push"},
      {"container-registry.image.untag", "container-registry.image.delete"},
      {"container-registry.image.bulkdelete", "container-registry.image.delete"},
      {"container-registry.manifest.inspect", "container-registry.image.inspect"},
      {"container-registry.signature.read", "container-registry.image.pull"},
      {"container-registry.signature.write", "container-registry.image.push"},
      {"container-registry.exemption.create", "container-registry.exemption.manager"},
      {"container-registry.exemption.delete", "container-registry.exemption.manager"},
  };
  for (const auto& [recorded, needed] : kTable) {
    if (recorded == action) return needed;
  }
  return action;
}

std::string CanonicalAction(std::string_view action) {
  for (const Alias& alias : kAliases) {
    if (!action.starts_with(alias.theirs)) continue;
    return std::string(alias.ours) + std::string(action.substr(alias.theirs.size()));
  }
  return std::string(action);
}

}  // namespace breakwater::iam
