#include "app/endpoints.h"

#include "api/admin_service/admin_service.h"
#include "api/advisor/advisor.h"
#include "api/findings/findings.h"
#include "api/governance/extensions.h"
#include "api/governance/governance.h"
#include "api/iam/access_endpoints.h"
#include "api/iam/authenticator.h"
#include "api/iam/iam.h"
#include "api/native/advisories.h"
#include "api/native/audit.h"
#include "api/native/backup.h"
#include "api/native/configuration.h"
#include "api/native/enterprises.h"
#include "api/native/exceptions.h"
#include "api/native/namespaces.h"
#include "api/native/native.h"
#include "api/native/operations.h"
#include "api/native/passwords.h"
#include "api/native/quotas.h"
#include "api/native/sessions.h"
#include "api/native/signing_keys.h"
#include "api/native/storage.h"
#include "api/notifications/notifications.h"
#include "api/oci/oci.h"
#include "api/posture/evidence.h"
#include "api/posture/posture.h"
#include "api/registry/registry.h"
#include "app/parts.h"

namespace breakwater::app {
namespace {

void Append(std::vector<api::Endpoint>& all, std::vector<api::Endpoint> more) {
  for (api::Endpoint& endpoint : more) all.push_back(std::move(endpoint));
}

}  // namespace

struct Faces::State {
  explicit State(Installation::Parts& p)
      : parts(p), authenticator(p.credentials, p.address_guard) {}

  std::vector<api::Endpoint> Endpoints();
  // One write and one read of each store, as small as can be.
  Status Ready() const;

  Installation::Parts& parts;
  api::iam::CredentialAuthenticator authenticator;
  api::OciFace oci;
  api::RegistryFace registry;
  api::AdvisorFace advisor;
  api::iam::IamFaces iam;
  api::SccFace governance{"governance"};
  api::SccFace posture{"posture"};
  api::SccFace findings{"findings"};
  api::SccFace notifications{"notifications"};
  api::SccFace admin_service{"admin_service"};
  api::SccFace native{"native"};
  json::Value openapi;
};

Status Faces::State::Ready() const {
  return parts.database->Read([](db::Transaction& tx) {
    return tx.Query("SELECT 1", {}, [](const db::Row&) { return Ok(); });
  });
}

std::vector<api::Endpoint> Faces::State::Endpoints() {
  Installation::Parts& p = parts;
  std::vector<api::Endpoint> all;
  Append(all, api::OciEndpoints(oci, {p.namespaces, p.blobs, p.uploads, p.manifests, p.authorizer,
                                      p.settings_service, p.admission, p.last_pulls}));
  Append(all, api::RegistryEndpoints(
                  registry, {p.settings_service, p.namespaces, p.manifests, p.content, p.images,
                             p.trash, p.retention, p.advisor, p.exemptions, p.authorizer, p.quotas,
                             p.traffic, p.message, *p.database, p.clock, p.changes}));
  Append(all, api::AdvisorEndpoints(
                  advisor, {p.advisor, p.exemptions, p.images, p.namespaces, p.authorizer}));
  Append(all, api::iam::IamEndpoints(
                  iam, {p.credentials,   p.tokens,          p.sessions,
                        p.sign_in,       p.address_guard,   p.account_settings,
                        p.users,         p.service_ids,     p.api_keys,
                        p.access_groups, p.profiles,        p.policies,
                        p.custom_roles,  p.policy_warnings, p.network_zones,
                        p.restrictions,  p.authorizer,      p.sign_in_sources.outside(),
                        p.namespaces,    p.activity}));
  Append(all, api::iam::AccessEndpoints({p.access_explainer, p.policies, p.policy_warnings,
                                         p.api_keys, p.authorizer, p.namespaces},
                                        native));
  Append(all, api::governance::Endpoints(p.governance, p.templates, governance));
  Append(all, api::governance::ExtensionEndpoints(
                  {p.simulator, p.rule_results, p.break_glasses, p.repairs, p.authorizer, p.clock},
                  native));
  Append(all, api::posture::Endpoints(p.posture, *p.heads, posture));
  Append(all, api::posture::EvidenceEndpoints(*p.evidence, p.posture, posture));
  Append(all, api::findings::Endpoints({p.findings, p.notes, p.occurrences}, findings));
  Append(all, api::notifications::Endpoints(p.channels, p.deliveries, notifications));
  Append(all,
         api::admin_service::Endpoints({p.registries, p.channels, p.deliveries}, admin_service));
  Append(all,
         api::native::NativeEndpoints({p.registries, condition::Catalogue::BuiltIn()}, native));
  Append(all, api::native::AuditEndpoints(
                  {p.audit, *p.heads, *p.segments, p.audit_settings, p.checks, p.first_account},
                  native));
  Append(all, api::native::EnterpriseEndpoints({p.organization, p.resource_groups}, native));
  Append(all, api::native::ResourceGroupEndpoints({p.organization, p.resource_groups}, native));
  Append(all, api::native::NamespaceEndpoints({p.tag_immutability, p.namespaces}, native));
  Append(all, api::native::QuotaEndpoints({p.quotas, p.traffic, *p.database}, native));
  Append(all, api::native::AdvisoriesEndpoints({p.advisor, p.importer, p.changes}, native));
  Append(all, api::native::StorageEndpoints({p.accounting, p.collector, p.changes}, native));
  Append(all, api::native::BackupEndpoints({p.backup_source, p.changes, p.checks, p.first_account},
                                           native));
  Append(all, api::native::ConfigurationEndpoints(
                  {p.configuration.sections(), p.changes, *p.database}, native));
  Append(all, api::native::ExceptionEndpoints(p.exceptions, p.clock, native));
  Append(all, api::native::PasswordEndpoints(p.passwords, native));
  Append(all, api::native::SessionEndpoints(p.sessions, native));
  Append(all, api::native::SigningKeyEndpoints({p.key_rotation, p.first_account}, native));
  Append(all, api::native::OperationsEndpoints(
                  {.metrics = p.metrics,
                   .ready = [this] { return Ready(); },
                   .openapi = [this] { return openapi; },
                   .metrics_access = {p.metrics_access.private_only, p.metrics_access.token}},
                  native));
  return all;
}

Faces::Faces(Installation::Parts& parts) : state_(std::make_unique<State>(parts)) {}
Faces::~Faces() = default;

std::unique_ptr<api::Dispatcher> Faces::NewDispatcher() {
  State& s = *state_;
  Installation::Parts& p = s.parts;
  std::vector<api::Endpoint> endpoints = s.Endpoints();
  s.openapi = api::OpenApi(endpoints, BW_VERSION);
  return std::make_unique<api::Dispatcher>(
      api::DispatcherDeps{p.registries, s.authenticator, p.authorizer, p.changes, *p.recorder,
                          p.metrics, p.first_account},
      std::move(endpoints),
      std::vector<api::Dispatcher::FacePrefix>{{"/v2", &s.oci},
                                               {"/api/v1", &s.registry},
                                               {"/va/api", &s.advisor},
                                               {"/iam", &s.iam.management},
                                               {"/iam/identity", &s.iam.token},
                                               {"/identity", &s.iam.token},
                                               {"/oauth", &s.iam.oauth},
                                               {"", &s.native}});
}

}  // namespace breakwater::app
