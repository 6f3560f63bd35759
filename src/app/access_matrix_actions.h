// Which roles give each action: one half of what access_matrix_test.cc expects (access_matrix.h).
#pragma once

#include <string_view>

#include "iam/roles.h"

namespace breakwater::app::matrix {

// Reader, Writer, Manager, Viewer, Editor, Operator, Administrator.
inline char Letter(iam::Role role) {
  return ToString(role)[0];
}

struct Action {
  std::string_view name;
  std::string_view roles;      // the letters of those that give it
  bool on_namespaces = false;  // a policy on a namespace gives it, too
};

inline constexpr std::string_view kView = "VEOA";
inline constexpr std::string_view kEdit = "EA";
inline constexpr std::string_view kAdminister = "A";

inline constexpr Action kActions[] = {
    {"container-registry.auth.get", "RWM"},
    {"container-registry.auth.set", "M"},
    {"container-registry.settings.get", "RWM"},
    {"container-registry.settings.set", "M"},
    {"container-registry.plan.get", "M"},
    {"container-registry.plan.set", "M"},
    {"container-registry.quota.get", "RWM"},
    {"container-registry.quota.set", "M"},
    {"container-registry.namespace.list", "RM", true},
    {"container-registry.namespace.create", "M"},
    {"container-registry.namespace.update", "M"},
    {"container-registry.namespace.delete", "M"},
    {"container-registry.image.list", "RM", true},
    {"container-registry.image.inspect", "RM", true},
    {"container-registry.manifest.inspect", "RM", true},
    {"container-registry.image.pull", "RWM", true},
    {"container-registry.image.push", "WM", true},
    {"container-registry.image.delete", "WM", true},
    {"container-registry.image.bulkdelete", "WM", true},
    {"container-registry.image.untag", "WM", true},
    {"container-registry.image-vulnerability-report.read", "RM", true},
    {"container-registry.image-vulnerability-status.read", "RM", true},
    {"container-registry.account-vulnerability-report.list", "RM", true},
    {"container-registry.account-vulnerability-status.list", "RM", true},

    {"container-registry.exemption.list", "RM"},
    {"container-registry.exemption.create", "M"},
    {"container-registry.exemption.delete", "M"},
    {"container-registry.trash.purge", "M", true},
    {"container-registry.retention.get", "RM", true},
    {"container-registry.retention.analyze", "RM", true},
    {"container-registry.image.vulnerabilities", "RM", true},

    {"iam-identity.account-serviceid.read", kView},
    {"iam-identity.account-serviceid.create", kAdminister},
    {"iam-identity.account-serviceid.update", kAdminister},
    {"iam-identity.account-serviceid.delete", kAdminister},

    {"iam-identity.accountsettings.read", kView},
    {"iam-identity.accountsettings.update", kAdminister},

    {"iam-groups.account-settings.read", kView},
    {"iam-groups.account-settings.update", kAdminister},
    {"iam-groups.rule.create", kAdminister},
    {"iam-groups.rule.read", kView},
    {"iam-groups.rule.update", kAdminister},
    {"iam-groups.rule.delete", kAdminister},
    {"iam-groups.group.read", kView},
    {"iam-groups.group.create", kAdminister},
    {"iam-groups.group.update", kAdminister},
    {"iam-groups.group.delete", kAdminister},
    {"iam-groups.member.read", kView},
    {"iam-groups.member.add", kAdminister},
    {"iam-groups.member.delete", kAdminister},

    {"iam-identity.account-profile.read", kView},
    {"iam-identity.account-profile.create", kAdminister},
    {"iam-identity.account-profile.update", kAdminister},
    {"iam-identity.account-profile.delete", kAdminister},

    {"iam-am.policy.read", kView},

    {"context-based-restrictions.zone.list", kView},
    {"context-based-restrictions.zone.read", kView},
    {"context-based-restrictions.rule.list", kView},
    {"context-based-restrictions.rule.read", kView},

    {"iam-am.role.read", kView},
    {"iam-am.role.create", kAdminister},
    {"iam-am.role.update", kAdminister},
    {"iam-am.role.delete", kAdminister},

    {"iam-identity.accountsettings.read", kView},
    {"iam-identity.accountsettings.update", kAdminister},
    {"user-management.user.update", kAdminister},
    {"user-management.user.read", kView},
    {"user-management.user.create", kAdminister},
    {"user-management.user.update", kAdminister},
    {"user-management.user.delete", kAdminister},

    {"compliance.configuration-governance.rules-create", kEdit},
    {"compliance.configuration-governance.rules-read", kView},
    {"compliance.configuration-governance.rules-update", kEdit},
    {"compliance.configuration-governance.rules-delete", kEdit},
    {"compliance.configuration-governance.attachments-create", kAdminister},
    {"compliance.configuration-governance.attachments-read", kView},
    {"compliance.configuration-governance.attachments-update", kAdminister},
    {"compliance.configuration-governance.attachments-delete", kAdminister},
    {"compliance.configuration-governance.templates-create", kEdit},
    {"compliance.configuration-governance.templates-read", kView},
    {"compliance.configuration-governance.templates-update", kEdit},
    {"compliance.configuration-governance.templates-delete", kEdit},
    {"compliance.configuration-governance.results-read", kView},
    {"compliance.configuration-governance.break-glass-open", kAdminister},
    {"compliance.configuration-governance.break-glass-close", kAdminister},
    {"compliance.posture-management.validations-create", kEdit},
    {"compliance.posture-management.validations-read", kView},
    {"compliance.posture-management.profiles-read", kView},
    {"compliance.posture-management.scopes-read", kView},
    {"compliance.posture-management.profiles-update", kEdit},
    {"compliance.posture-management.attachments-create", kEdit},
    {"compliance.posture-management.attachments-update", kEdit},
    {"compliance.posture-management.attachments-delete", kEdit},
    {"compliance.posture-management.attestations-create", kEdit},
    {"compliance.posture-management.attestations-delete", kEdit},
    {"compliance.posture-management.evidence-create", kEdit},
    {"compliance.posture-management.collectors-create", kEdit},
    {"compliance.posture-management.collectors-read", kView},
    {"compliance.posture-management.collectors-update", kEdit},
    {"compliance.posture-management.collectors-delete", kEdit},
    {"compliance.posture-management.credentials-create", kEdit},
    {"compliance.posture-management.credentials-read", kView},
    {"compliance.posture-management.credentials-update", kEdit},
    {"compliance.posture-management.credentials-delete", kEdit},
    {"compliance.posture-management.profiles-create", kEdit},
    {"compliance.posture-management.profiles-delete", kEdit},
    {"compliance.posture-management.scopes-create", kEdit},
    {"compliance.posture-management.scopes-update", kEdit},
    {"compliance.posture-management.scopes-delete", kEdit},

    {"compliance.admin-settings.list", kView},
    {"compliance.admin-settings.update", kAdminister},
    {"compliance.admin.test-event-send", kAdminister},
    {"security-advisor.metadata.read", "RWM"},
    {"security-advisor.metadata.write", "M"},
    {"security-advisor.metadata.update", "M"},
    {"security-advisor.metadata.delete", "M"},
    {"security-advisor.findings.read", "RWM"},
    {"security-advisor.findings.write", "M"},
    {"security-advisor.findings.update", "M"},
    {"security-advisor.findings.delete", "M"},
    {"security-advisor.notification-channels.list", "RWM"},
    {"security-advisor.notification-channels.create", "M"},
    {"security-advisor.notification-channels.delete", "M"},
    {"security-advisor.notification-channels.read", "RWM"},
    {"security-advisor.notification-channels.update", "M"},

    {"breakwater.audit.read", kView},
    {"breakwater.audit.export", kView},
    {"breakwater.audit.set", kAdminister},
    {"breakwater.exception.list", kView},
    {"breakwater.exception.request", kEdit},
    {"breakwater.exception.end", kEdit},
    {"breakwater.exception.approve", kAdminister},

    {"enterprise.enterprise.list", kView},
    {"enterprise.enterprise.read", kView},
    {"enterprise.account.import", kAdminister},
    {"enterprise.account-group.list", kView},
    {"enterprise.account-group.read", kView},
    {"enterprise.account.list", kView},
    {"enterprise.account.read", kView},

    {"resource-controller.group.list", kView},
    {"resource-controller.group.read", kView},

    {"breakwater.advisories.read", kView},
    {"breakwater.advisories.import", kAdminister},
    {"breakwater.backup.create", kAdminister},
    {"breakwater.configuration.get", kAdminister},
    {"breakwater.configuration.plan", kAdminister},
    {"breakwater.configuration.apply", kAdminister},
    {"breakwater.storage.read", kView},
    {"breakwater.garbage-collection.run", kAdminister},
    {"breakwater.signing-key.list", kView},
    {"breakwater.signing-key.rotate", kAdminister},
};

}  // namespace breakwater::app::matrix
