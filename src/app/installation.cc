#include "app/installation.h"

#include <algorithm>

#include "admin/copy_state.h"
#include "app/exposed_metrics.h"
#include "app/fact_news.h"
#include "app/identity_alerts.h"
#include "app/metered_stores.h"
#include "app/parts.h"
#include "app/posture_alerts.h"
#include "app/quota_alerts.h"
#include "control/fact_events.h"
#include "crypto/hash.h"
#include "iam/bootstrap.h"
#include "observe/log.h"
#include "registry/quota_warnings.h"

namespace breakwater::app {
namespace {

constexpr std::chrono::seconds kSealInterval{1};
// Of what is counted in memory: what a crash may lose.
constexpr std::chrono::seconds kFlushInterval{1};
constexpr std::chrono::minutes kHeadInterval{1};
constexpr std::chrono::hours kVerifyInterval{24};
constexpr std::chrono::hours kSweepInterval{1};
constexpr std::chrono::hours kKeyEndsInterval{1};
constexpr std::chrono::seconds kActivityInterval{30};
// A run over the whole installation is taken in turns, so that a server that stops does not wait
// for it.
constexpr std::chrono::minutes kCollectionInterval{1};
constexpr std::chrono::seconds kCollectionTurn{5};
constexpr std::chrono::hours kRetentionInterval{24};

std::chrono::seconds Seconds(std::chrono::milliseconds duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

// A key for one purpose, which tells nothing of the master key or of another purpose's.
Secret KeyFor(const Secret& master_key, std::string_view purpose) {
  const Bytes derived = crypto::HmacSha256(AsBytes(master_key.Reveal()), AsBytes(purpose));
  return Secret(std::string(AsText(derived)));
}

std::string IssuerOf(const std::vector<control::RegistryInfo>& registries) {
  return "https://" + registries.front().name.value() + "/identity";
}

net::ClientOptions WebhookClient(const config::Webhooks& webhooks) {
  net::ClientOptions options;
  options.policy.allow_plain_http = webhooks.allow_http;
  options.policy.allowed = webhooks.private_destinations;
  return options;
}

iam::RotationOptions RotationFrom(const config::Settings& settings) {
  const config::Tokens& tokens = settings.tokens;
  return {.every = Seconds(tokens.signing_key_rotation),
          .longest_token = Seconds(std::max(
              {tokens.access_lifetime, tokens.refresh_lifetime, tokens.registry_lifetime}))};
}

registry::UploadOptions UploadsFrom(const config::Settings& settings, const Stores& stores) {
  registry::UploadOptions options;
  options.key = KeyFor(stores.master_key, "upload sessions");
  options.shared = stores.shared;
  options.life = std::chrono::ceil<std::chrono::hours>(settings.content.upload_expiry);
  options.max_blob = static_cast<std::uint64_t>(settings.content.blob_bytes);
  return options;
}

iam::Limits IamLimitsFrom(const config::Iam& settings) {
  return {.groups_per_account = settings.groups_per_account,
          .groups_per_identity = settings.groups_per_identity,
          .rules_per_group = settings.rules_per_group,
          .keys_per_identity = settings.api_keys_per_identity,
          .policies_per_account = settings.policies_per_account,
          .policies_per_subject = settings.policies_per_subject,
          .custom_roles_per_account = settings.custom_roles_per_account,
          .service_ids_per_account = settings.service_ids_per_account,
          .users_per_account = settings.users_per_account,
          .profiles_per_account = settings.profiles_per_account,
          .entries_per_profile = settings.entries_per_profile,
          .zones_per_account = settings.zones_per_account,
          .restrictions_per_account = settings.restrictions_per_account};
}

organization::Limits TreeLimitsFrom(const config::Iam& settings) {
  return {.accounts = settings.accounts_per_enterprise,
          .account_groups = settings.account_groups_per_enterprise,
          .resource_groups = settings.resource_groups_per_account};
}

advisor::AdvisorOptions AdvisorFrom(const config::Settings& settings) {
  advisor::AdvisorOptions options;
  options.limits.layer.max_uncompressed = static_cast<std::uint64_t>(settings.advisor.layer_bytes);
  options.limits.layer.max_entries = static_cast<std::uint64_t>(settings.advisor.layer_entries);
  return options;
}

// Whoever has signed in as an identity that is no longer configured is out.
Status CheckBreakGlass(Installation::Parts& parts, const config::BreakGlass& configured) {
  if (!configured.password_hash.empty()) {
    return crypto::CheckPasswordHash(configured.password_hash.Reveal())
        .Context("break_glass.password_hash");
  }
  const IamId iam_id{std::string(iam::kBreakGlassId)};
  return parts.database->Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto ended,
           iam::store::EndSessionsOf(tx, iam_id, {}, parts.clock.Now(), "no_break_glass_identity"));
    return ended == 0 ? Ok() : iam::store::BumpVersion(tx, parts.first_account);
  });
}

// What was taken out of the configuration is asked no more whether it still knows anybody.
Status EndSessionsOfRemovedSources(Installation::Parts& parts,
                                   const std::vector<config::SignInSource>& configured) {
  BW_TRY(const std::int64_t ended,
         parts.database->WriteValue([&](db::Transaction& tx) -> Result<std::int64_t> {
           return iam::store::EndSessionsOfOtherSources(tx, SourceNames(configured),
                                                        parts.clock.Now());
         }));
  if (ended > 0) {
    observe::Log(observe::Level::kWarning,
                 "ended the sessions of sources of identities that are no longer configured",
                 {{"sessions", ended}});
  }
  return Ok();
}

Status Bootstrap(Installation::Parts& parts, const config::Settings& settings) {
  iam::BootstrapOptions options;
  if (!settings.account.id.empty()) options.account = AccountId(settings.account.id);
  options.account_name = settings.account.name;
  const bool given = !settings.bootstrap_api_key.empty();
  if (!given && !parts.stores.data) {
    const auto installed = iam::FirstAccount(*parts.database);
    if (!installed.ok() && installed.error().code() == ErrorCode::kNotFound) {
      return Invalid(
                 "the database is empty and there is no data directory to keep a new "
                 "administrator's API key in: set bootstrap_api_key for the first start")
          .Reason("bootstrap_api_key_missing");
    }
  }
  if (given) options.api_key = settings.bootstrap_api_key;
  BW_TRY(const auto key, iam::EnsureInstalled(parts.iam_changes, parts.key_hasher, options));
  if (key && !given) BW_TRY_STATUS(parts.stores.data->KeepAdminKey(*key));
  BW_TRY(const iam::Account account, iam::FirstAccount(*parts.database));
  parts.first_account = account.id;
  parts.credentials.Watch(parts.sign_in);
  parts.credentials.Count(parts.activity);
  parts.credentials.RecordTo(parts.changes);
  parts.authorizer.Count(parts.activity);
  BW_TRY_STATUS(EndSessionsOfRemovedSources(parts, settings.sign_in));
  BW_TRY_STATUS(parts.posture_profiles.Publish());
  BW_TRY(const auto accounts, parts.database->ReadValue(iam::store::ListAccounts));
  BW_TRY_STATUS(parts.beginnings.OfNewRegistries(accounts));
  return CheckBreakGlass(parts, settings.break_glass);
}

Status SweepAtStart(Installation::Parts& parts) {
  BW_TRY_STATUS(parts.uploads.Sweep(true));
  BW_TRY(const auto removed, parts.collector.RemoveOrphans());
  if (removed.orphans > 0) {
    observe::Log(observe::Level::kInfo, "reclaimed blobs that a crash has left",
                 {{"blobs", removed.orphans}});
  }
  return Ok();
}

// Background work that belongs to no single folder's constructor.
void Schedule(Installation::Parts& parts) {
  parts.jobs->Every("audit.seal", kSealInterval, [&parts]() -> Status {
    BW_TRY(const auto sealed, parts.audit.Seal());
    (void)sealed;
    return Ok();
  });
  parts.jobs->Every("audit.heads", kHeadInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.heads->Sign());
    return Ok();
  });
  parts.jobs->Every("audit.segments", kHeadInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.segments->Close());
    BW_TRY(const audit::Settings settings, parts.audit_settings.Get());
    BW_TRY_STATUS(parts.segments->RemoveOld(settings.keep_days));
    return Ok();
  });
  parts.audit_sinks->Schedule(*parts.jobs);
  parts.jobs->Every("audit.verification", kVerifyInterval, [&parts]() -> Status {
    const auto verified = parts.checks.VerifyAudit(parts.audit, *parts.heads);
    if (verified.ok()) return Ok();
    if (verified.error().code() != ErrorCode::kDataCorrupt) return verified.error();
    observe::LogError(observe::Level::kError, "the audit trail does not verify", verified.error());
    return Ok();
  });
  parts.jobs->Every("registry.sweep", kSweepInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.uploads.Sweep(false));
    return Ok();
  });
  parts.jobs->Every("iam.sweep", kSweepInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.sessions.Sweep());
    BW_TRY_STATUS(parts.passcodes.Sweep());
    BW_TRY_STATUS(parts.organization.Sweep());
    BW_TRY_STATUS(parts.activity.Sweep());
    return parts.sign_in_throttle.Sweep();
  });
  parts.jobs->Every("iam.api_key_ends", kKeyEndsInterval,
                    [&parts]() -> Status { return parts.api_keys.WarnOfEnds(*parts.jobs); });
  parts.jobs->Every("iam.key_use", kActivityInterval,
                    [&parts]() -> Status { return parts.key_use.Tell(); });
  AnnounceIdentityAlerts(*parts.jobs, *parts.database);
  AnnouncePostureAlerts(*parts.jobs, *parts.database, parts.posture_profiles);
  AnnounceFacts(*parts.jobs, *parts.database);
  parts.jobs->Every("iam.signing_keys", kSweepInterval, [&parts]() -> Status {
    return parts.key_rotation.RunSchedule(parts.first_account);
  });
  parts.jobs->Every("registry.retention", kRetentionInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.retention.ApplyAll());
    return Ok();
  });
  parts.jobs->Every("registry.trash", kSweepInterval, [&parts]() -> Status {
    BW_TRY(const auto removed, parts.trash.Expire());
    if (removed > 0) {
      observe::Log(observe::Level::kInfo, "deleted images expired", {{"images", removed}});
    }
    return Ok();
  });
  parts.jobs->Every("registry.collection", kCollectionInterval, [&parts]() -> Status {
    BW_TRY_STATUS(parts.collector.Run(std::chrono::steady_clock::now() + kCollectionTurn));
    return Ok();
  });
}

}  // namespace

Result<iam::Surroundings> RegistrySurroundings::Of(const AccountId& account) {
  iam::Surroundings around;
  for (const control::RegistryInfo& registry : registries_.all()) {
    around.registries.push_back({registry.name.value(), registry.region});
    BW_TRY(const auto namespaces, namespaces_.List(account, registry.name));
    for (const registry::Namespace& one : namespaces) {
      around.namespaces.push_back(one.name);
      if (!one.resource_group.empty()) around.resource_groups.push_back(one.resource_group);
    }
  }
  return around;
}

Installation::Parts::Parts(const config::Settings& settings,
                           std::vector<control::RegistryInfo> registry_list, Stores opened,
                           iam::SigningKeys signing_keys)
    : stores(Metered(std::move(opened), metrics)),
      database(stores.database.get()),
      store(stores.blobs.get()),
      registries(registry_list),
      jobs(jobs::NewJobs({.workers = static_cast<int>(settings.jobs.workers), .owner = NewUuid()},
                         *database, clock)),
      audit(*database, clock),
      access_cache(*database, clock),
      access_mode(settings_service),
      restriction_events(audit, clock),
      authorizer(access_cache, access_mode, restriction_events, clock),
      access_explainer(*database, access_cache, access_mode, clock),
      attached_rules(condition::Catalogue::BuiltIn(), hierarchy),
      gate(database->dialect(), attached_rules, facts, clock),
      content_rules(gate, image_facts),
      changes(*database, audit, *jobs, authorizer, gate, facts),
      audit_settings(*database, clock, changes),
      checks({*database, *jobs, changes, clock, first_account}),
      processes(*database, *jobs, clock, first_account),
      installation_facts(clock, first_account),
      message(settings.message),
      metrics_access(settings.metrics),
      key_hasher(stores.master_key),
      tokens({.issuer = IssuerOf(registry_list),
              .access_life = Seconds(settings.tokens.access_lifetime),
              .registry_life = Seconds(settings.tokens.registry_lifetime),
              .refresh_life = Seconds(settings.tokens.refresh_lifetime)},
             std::move(signing_keys), clock),
      activity(*database, clock),
      credentials(*database, access_cache, key_hasher, tokens, clock),
      access_facts(clock),
      identity_facts(clock),
      sign_in_facts(clock),
      key_use(*database, *jobs, clock),
      iam_changes{*database, changes, clock, IamLimitsFrom(settings.iam)},
      users(iam_changes, authorizer),
      service_ids(iam_changes, key_hasher),
      api_keys(iam_changes, authorizer, key_hasher),
      access_groups(iam_changes),
      profiles(iam_changes),
      account_settings(iam_changes),
      address_guard(access_cache, changes),
      policies(iam_changes, authorizer),
      custom_roles(iam_changes),
      surroundings(namespaces, registries),
      policy_warnings(*database, surroundings, clock),
      network_zones(iam_changes),
      restrictions(iam_changes, authorizer),
      sessions(iam_changes, authorizer),
      key_rotation(iam_changes, stores.master_key, RotationFrom(settings)),
      sign_in_throttle(*database, clock),
      passwords(iam_changes, authorizer, password_hasher, sign_in_throttle),
      passcodes(*database, key_hasher, clock),
      local_passwords(LocalSourceName(settings.sign_in), *database, passwords, first_account),
      sign_in_sources(settings.sign_in, KeyFor(stores.master_key, "sign-in states"), passcodes,
                      local_passwords, clock),
      federation(
          iam_changes,
          [this](db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                 const std::string& realm, const json::Object& claims, iam::Joining joining) {
            return access_groups.RefreshDynamic(tx, account, iam_id, realm, claims, joining);
          }),
      sign_in(
          {iam_changes, access_cache, credentials, sessions, passwords, passcodes, sign_in_throttle,
           federation, key_hasher, first_account},
          {.name = settings.break_glass.name, .password_hash = settings.break_glass.password_hash},
          sign_in_sources.asked()),
      organization({iam_changes, key_hasher,
                    [](db::Transaction& tx, const AccountId& account) {
                      return registry::HasNamespaces(tx, account);
                    },
                    TreeLimitsFrom(settings.iam),
                    [this](db::Transaction& tx, const AccountId& account) {
                      return beginnings.OfAccount(tx, account);
                    }}),
      resource_groups({iam_changes,
                       [](db::Transaction& tx, const AccountId& account, std::string_view group) {
                         return registry::HasNamespaces(tx, account, group);
                       },
                       TreeLimitsFrom(settings.iam)}),
      settings_service({.allow_iam_authz_off = settings.allow_iam_authz_off}, *database, clock,
                       registries, changes),
      template_defaults(condition::Catalogue::BuiltIn(), hierarchy),
      beginnings(*database, clock, registries, changes, template_defaults),
      namespaces(*database, clock, changes, &template_defaults, &account_groups, &content_rules),
      blobs(*database, *store, clock, {jobs.get(), &admission}),
      digest_locks(stores.shared || !settings.s3.endpoint.empty()
                       ? registry::NewSharedDigestLocks(*database, clock)
                       : registry::NewLocalDigestLocks()),
      uploads(UploadsFrom(settings, stores), *database, *store, *digest_locks, clock,
              {jobs.get(), &admission}),
      collector({}, {*database, *store, *digest_locks}, clock),
      accounting(*database, *store, clock),
      quotas(
          settings.quota.default_plan == "Free" ? registry::Plan::kFree : registry::Plan::kStandard,
          *database, clock, changes),
      quota_facts(registries, quotas, clock),
      repository_facts(registries, clock),
      traffic(*database, clock, quotas, *jobs),
      admission({.pull_grace = Seconds(settings.quota.pull_grace)}, *database, clock, traffic),
      last_pulls(*database, clock),
      manifests({.accept_absent_layers = settings.content.absent_layers == "accept",
                 .admission = &admission,
                 .trash_life = Seconds(settings.content.trash_life),
                 .rules = &content_rules,
                 .content = &content},
                *database, clock, changes),
      trash(*database, clock, registries, changes, &admission, &content_rules),
      retention({*database, *store, clock, registries, changes, audit, *jobs,
                 Seconds(settings.content.trash_life), &content_rules}),
      tag_immutability(*database, clock, registries, changes, &content_rules),
      content(*database, *store),
      images(*database, *store),
      advisor(AdvisorFrom(settings), *database, *jobs, clock, content),
      exemptions(*database, clock, changes),
      image_facts(registries, clock),
      feed_facts(clock),
      importer(*database, *jobs, clock),
      rule_results({*database, *jobs, facts, condition::Catalogue::BuiltIn(), attached_rules,
                    hierarchy, clock}),
      governance({*database,
                  *jobs,
                  changes,
                  authorizer,
                  condition::Catalogue::BuiltIn(),
                  rule_results,
                  attached_rules,
                  hierarchy,
                  clock,
                  {}}),
      templates({*database,
                 changes,
                 authorizer,
                 condition::Catalogue::BuiltIn(),
                 hierarchy,
                 clock,
                 {.remedies = {&settings_service, &tag_immutability}}}),
      break_glasses(*database, clock, changes),
      break_glass_facts(clock),
      simulator({*database, audit, facts, condition::Catalogue::BuiltIn(), hierarchy,
                 governance.limits()}),
      repairs({*database, facts, attached_rules, {&settings_service, &tag_immutability}}),
      exceptions(*database, changes, *jobs, clock),
      exception_facts(clock),
      posture_profiles(*database, changes, posture::Content::BuiltIn(),
                       condition::Catalogue::BuiltIn(), clock),
      posture_attachments(*database, changes, posture_profiles, clock),
      attestations(*database, changes, *jobs, posture::Content::BuiltIn(), clock),
      posture_setup(*database, changes, posture_attachments, clock),
      posture({*database, *jobs, changes, facts, posture_profiles, posture_attachments,
               attestations, posture_setup, exceptions, clock,
               [this]() -> Result<std::vector<AccountId>> {
                 return database->ReadValue(iam::store::ListAccounts);
               }}),
      findings(*database, *jobs, clock),
      notes(*database, changes, clock),
      occurrences(*database, changes, clock),
      sender(WebhookClient(settings.webhooks), settings.webhooks.deadline),
      channels({.allow_http = settings.webhooks.allow_http}, *database, changes, clock),
      deliveries({*database, *jobs, channels, sender, clock,
                  KeyFor(stores.master_key, "alert signing keys"),
                  registry_list.front().name.value()}),
      configuration(
          {settings_service,
           namespaces,
           tag_immutability,
           quotas,
           retention,
           registries,
           resource_groups,
           channels,
           posture,
           [this](const control::Caller& caller, const AccountId& account,
                  const std::string& repository) -> Status {
             BW_TRY(const auto path,
                    evidence->Pushable(caller, account, registries.all().front(), repository));
             if (evidence::NameOf(path) == repository) return Ok();
             return Invalid("must be named with its registry: " + evidence::NameOf(path))
                 .Reason("invalid_field");
           },
           users,
           service_ids,
           profiles,
           custom_roles,
           access_groups,
           policies,
           network_zones,
           restrictions,
           account_settings,
           *database,
           templates,
           governance}),
      backup_source({.program = BW_VERSION}, *database, *store, clock),
      traffic_ticker("registry.traffic", kFlushInterval, [this] { return traffic.Flush(); }),
      // Pushes add up what is not folded: it must not wait for a free worker.
      usage_ticker("registry.usage", kFlushInterval,
                   [this] { return registry::FoldAndWarn(*database, quotas, *jobs); }),
      pulls_ticker("registry.last_pulls", kFlushInterval, [this] { return last_pulls.Flush(); }) {
  advisor.Register();
  retention.Register();
  facts.Add(settings_service);
  facts.Add(tag_immutability);
  facts.Add(access_facts);
  facts.Add(identity_facts);
  facts.Add(sign_in_facts);
  facts.Add(channels);
  facts.Add(image_facts);
  facts.Add(attestations);
  facts.Add(exception_facts);
  facts.Add(break_glass_facts);
  facts.Add(quota_facts);
  facts.Add(repository_facts);
  facts.Add(feed_facts);
  facts.Add(processes);
  facts.Add(installation_facts);
}

Status Installation::Parts::OpenAudit(const config::Settings& settings, bool alone) {
  BW_TRY(auto opened,
         audit::Heads::Open(*database, audit, KeyFor(stores.master_key, "audit heads"), clock));
  heads = std::make_unique<audit::Heads>(std::move(opened));
  evidence = std::make_unique<evidence::Archive>(
      evidence::ArchiveDeps{*database, *jobs, posture, *heads, authorizer, registries, namespaces,
                            admission, uploads, manifests, clock});
  segments = std::make_unique<audit::Segments>(audit::SegmentOptions{}, *database, *store, audit,
                                               *heads, clock);
  BW_TRY(audit_sinks, AuditSinks::Open(settings.audit_sinks,
                                       {*database, audit, *heads, *segments, *jobs, clock,
                                        first_account, registries.all().front().name.value()}));
  recorder = std::make_unique<audit::Recorder>(
      audit::RecorderOptions{.process = NewUuid(), .account = first_account, .alone = alone},
      *database, audit, clock);
  return Ok();
}

Installation::Installation(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
// Handlers that outlived StopJobs are waited for while all they use is still there.
Installation::~Installation() {
  parts_->traffic_ticker.Stop();  // these make jobs
  parts_->usage_ticker.Stop();
  parts_->recorder->Stop();
  parts_->jobs.reset();
}

Result<std::unique_ptr<Installation>> Installation::Open(
    const config::Settings& settings, std::vector<control::RegistryInfo> registries) {
  static const SystemClock clock;  // the stores' too
  BW_TRY(Stores stores, OpenStores(settings, clock));
  BW_TRY_STATUS(admin::RefuseUnfinishedCopy(*stores.database));
  BW_TRY(auto keys, iam::SigningKeys::Open(*stores.database, stores.master_key, clock));
  BW_TRY_STATUS(CheckSignInSources(settings.sign_in));
  BW_TRY_STATUS(CheckAuditSinks(settings.audit_sinks));
  const bool shared = stores.shared;
  auto parts =
      std::make_unique<Parts>(settings, std::move(registries), std::move(stores), std::move(keys));
  BW_TRY_STATUS(Bootstrap(*parts, settings));
  BW_TRY_STATUS(parts->OpenAudit(settings, !shared));
  // Where others may be at work nothing is known to be left over: the hourly sweep looks at ages.
  if (!shared) BW_TRY_STATUS(SweepAtStart(*parts));
  Schedule(*parts);
  RegisterQuotaAlerts(*parts);
  ExposeMetrics(*parts);
  return std::unique_ptr<Installation>(new Installation(std::move(parts)));
}

void Installation::StartJobs() {
  // Registries, goals or properties may be others than when the program last ran.
  std::vector<condition::ResourceType> types;
  for (const auto& config : condition::Catalogue::BuiltIn().configs()) types.push_back(config.type);
  const Status asked = parts_->database->Write([&](db::Transaction& tx) {
    return parts_->jobs->Emit(tx, control::FactsChanged(parts_->first_account, types));
  });
  if (!asked.ok()) {
    observe::LogError(observe::Level::kWarning, "goals are not evaluated at start", asked.error());
  }
  parts_->traffic_ticker.Start();
  parts_->usage_ticker.Start();
  parts_->pulls_ticker.Start();
  parts_->jobs->Start();
  parts_->recorder->Start();
  parts_->activity.Start(kActivityInterval);
}

void Installation::StopJobs(std::chrono::milliseconds deadline) {
  parts_->jobs->Stop(deadline);
  parts_->traffic_ticker.Stop();
  parts_->usage_ticker.Stop();
  parts_->pulls_ticker.Stop();
  parts_->recorder->Stop();
  parts_->activity.Stop();
}

}  // namespace breakwater::app
