// The parts of an installation, in the order they are built. Private to app/.
#pragma once

#include <memory>

#include "admin/audit_settings.h"
#include "admin/backup_snapshot.h"
#include "admin/checks.h"
#include "admin/installation_facts.h"
#include "admin/processes.h"
#include "advisor/advisor.h"
#include "advisor/exemptions.h"
#include "advisor/feed_facts.h"
#include "advisor/image_facts.h"
#include "advisor/importer.h"
#include "app/audit_sinks.h"
#include "app/configuration.h"
#include "app/content_rules.h"
#include "app/installation.h"
#include "app/sign_in_sources.h"
#include "app/stores.h"
#include "app/webhook_sender.h"
#include "audit/heads.h"
#include "audit/log.h"
#include "audit/recorder.h"
#include "audit/segments.h"
#include "condition/catalogue.h"
#include "control/change.h"
#include "control/exception_facts.h"
#include "control/exceptions.h"
#include "control/facts.h"
#include "evidence/archive.h"
#include "governance/break_glass.h"
#include "governance/break_glass_facts.h"
#include "governance/gate.h"
#include "governance/governance.h"
#include "governance/repair.h"
#include "governance/simulation.h"
#include "governance/templates.h"
#include "iam/access_explainer.h"
#include "iam/access_groups.h"
#include "iam/activity.h"
#include "iam/address_guard.h"
#include "iam/api_keys.h"
#include "iam/authorizer.h"
#include "iam/credentials.h"
#include "iam/custom_roles.h"
#include "iam/facts.h"
#include "iam/identities.h"
#include "iam/identity_facts.h"
#include "iam/key_rotation.h"
#include "iam/key_use.h"
#include "iam/network_zones.h"
#include "iam/policies.h"
#include "iam/policy_warnings.h"
#include "iam/profiles.h"
#include "iam/restriction_rules.h"
#include "iam/sessions.h"
#include "iam/settings_service.h"
#include "iam/sign_in/sign_in.h"
#include "iam/sign_in_facts.h"
#include "iam/tokens.h"
#include "insights/findings.h"
#include "insights/notes.h"
#include "insights/occurrences.h"
#include "jobs/jobs.h"
#include "jobs/ticker.h"
#include "notify/channels.h"
#include "notify/delivery.h"
#include "observe/metrics.h"
#include "organization/hierarchy.h"
#include "organization/organization.h"
#include "organization/resource_groups.h"
#include "posture/posture.h"
#include "registry/accounting.h"
#include "registry/admission.h"
#include "registry/beginnings.h"
#include "registry/blobs.h"
#include "registry/collector.h"
#include "registry/content_reader.h"
#include "registry/image_list.h"
#include "registry/last_pulls.h"
#include "registry/manifests.h"
#include "registry/namespaces.h"
#include "registry/quota_facts.h"
#include "registry/quotas.h"
#include "registry/repository_facts.h"
#include "registry/retention.h"
#include "registry/settings.h"
#include "registry/tag_immutability.h"
#include "registry/traffic.h"
#include "registry/trash.h"
#include "registry/uploads.h"

namespace breakwater::app {

// The registry keeps the setting, iam asks for it.
class SettingsAccessMode final : public iam::AccessMode {
 public:
  explicit SettingsAccessMode(const registry::SettingsService& settings) : settings_(settings) {}
  Result<bool> IamAuthz(const AccountId& account, const RegistryName& registry) override {
    BW_TRY(const registry::Settings settings, settings_.Get(account, registry));
    return settings.iam_authz;
  }

 private:
  const registry::SettingsService& settings_;  // built later, asked later still
};

// What there is in an account, of what the registry keeps and what the configuration names.
class RegistrySurroundings final : public iam::SurroundingsSource {
 public:
  RegistrySurroundings(const registry::Namespaces& namespaces,
                       const control::Registries& registries)
      : namespaces_(namespaces), registries_(registries) {}
  Result<iam::Surroundings> Of(const AccountId& account) override;

 private:
  const registry::Namespaces& namespaces_;  // built later, asked later still
  const control::Registries& registries_;
};

// organization keeps the groups, the registry asks for them.
class OrganizationGroups final : public registry::AccountGroups {
 public:
  std::string DefaultOf(const AccountId& account) const override {
    return organization::DefaultResourceGroup(account).id;
  }
  Result<bool> Has(db::Transaction& tx, const AccountId& account,
                   std::string_view group) const override {
    return organization::HasResourceGroup(tx, account, group);
  }
};

struct Installation::Parts {
  Parts(const config::Settings& settings, std::vector<control::RegistryInfo> registry_list,
        Stores opened, iam::SigningKeys signing_keys);
  // What needs the database to be made: after the first account.
  Status OpenAudit(const config::Settings& settings, bool alone);

  SystemClock clock;
  observe::Metrics metrics;  // the stores' too
  Stores stores;
  db::Database* const database;
  blob::BlobStore* const store;
  control::Registries registries;
  std::unique_ptr<jobs::Jobs> jobs;
  audit::Log audit;

  iam::AccessCache access_cache;
  SettingsAccessMode access_mode;
  iam::RestrictionEvents restriction_events;
  iam::Authorizer authorizer;
  iam::AccessExplainer access_explainer;
  organization::Hierarchy hierarchy;
  governance::AttachedRules attached_rules;
  governance::RuleGate gate;
  ContentRules content_rules;
  control::FactSources facts;
  control::ChangePath changes;
  admin::AuditSettings audit_settings;

  AccountId first_account;
  admin::Checks checks;
  admin::Processes processes;
  admin::InstallationFacts installation_facts;
  const std::string message;  // the operator's, to everybody
  const config::Metrics metrics_access;

  iam::KeyHasher key_hasher;
  iam::Tokens tokens;
  iam::Activity activity;
  iam::Credentials credentials;
  iam::AccessFacts access_facts;
  iam::IdentityFacts identity_facts;
  iam::SignInFacts sign_in_facts;
  iam::KeyUse key_use;
  iam::ChangeDeps iam_changes;
  iam::Users users;
  iam::ServiceIds service_ids;
  iam::ApiKeys api_keys;
  iam::AccessGroups access_groups;
  iam::Profiles profiles;
  iam::SettingsService account_settings;
  iam::AddressGuard address_guard;
  iam::Policies policies;
  iam::CustomRoles custom_roles;
  RegistrySurroundings surroundings;
  iam::PolicyWarnings policy_warnings;
  iam::NetworkZones network_zones;
  iam::RestrictionRules restrictions;
  iam::Sessions sessions;
  iam::KeyRotation key_rotation;
  crypto::PasswordHasher password_hasher;
  iam::SignInThrottle sign_in_throttle;
  iam::Passwords passwords;
  iam::Passcodes passcodes;
  iam::LocalPasswords local_passwords;
  SignInSources sign_in_sources;
  iam::Federation federation;
  iam::SignIn sign_in;

  organization::Organization organization;
  organization::ResourceGroups resource_groups;

  registry::SettingsService settings_service;
  governance::TemplateDefaults template_defaults;
  registry::Beginnings beginnings;
  OrganizationGroups account_groups;
  registry::Namespaces namespaces;
  registry::Blobs blobs;
  const std::unique_ptr<registry::DigestLocks> digest_locks;
  registry::Uploads uploads;
  registry::Collector collector;
  registry::Accounting accounting;
  registry::Quotas quotas;
  registry::QuotaFacts quota_facts;
  registry::RepositoryFacts repository_facts;
  registry::Traffic traffic;
  registry::Admission admission;
  registry::LastPulls last_pulls;
  registry::Manifests manifests;
  registry::Trash trash;
  registry::Retention retention;
  registry::TagImmutability tag_immutability;
  registry::ContentReader content;
  registry::ImageList images;

  advisor::Advisor advisor;
  advisor::Exemptions exemptions;
  advisor::ImageFacts image_facts;
  advisor::FeedFacts feed_facts;
  advisor::Importer importer;

  governance::Results rule_results;
  governance::Governance governance;
  governance::Templates templates;
  governance::BreakGlasses break_glasses;
  governance::BreakGlassFacts break_glass_facts;
  governance::Simulator simulator;
  governance::Repairs repairs;
  control::Exceptions exceptions;
  control::ExceptionFacts exception_facts;
  posture::Profiles posture_profiles;
  posture::Attachments posture_attachments;
  posture::Attestations attestations;
  posture::Setup posture_setup;
  posture::Posture posture;
  insights::Findings findings;
  insights::Notes notes;
  insights::Occurrences occurrences;
  WebhookSender sender;
  notify::Channels channels;
  notify::Deliveries deliveries;

  Configuration configuration;
  admin::BackupSource backup_source;

  // Built when the first account is known.
  std::unique_ptr<audit::Heads> heads;
  std::unique_ptr<evidence::Archive> evidence;
  std::unique_ptr<audit::Segments> segments;
  std::unique_ptr<AuditSinks> audit_sinks;
  std::unique_ptr<audit::Recorder> recorder;

  // Last: they use what is above.
  jobs::Ticker traffic_ticker;
  jobs::Ticker usage_ticker;
  jobs::Ticker pulls_ticker;
};

}  // namespace breakwater::app
