#include "app/restore.h"

#include <algorithm>

#include "admin/backup.h"
#include "app/parts.h"
#include "iam/bootstrap.h"

namespace breakwater::app {
namespace {

// Those that are configured, and those that rows are of: all that rules can be about.
Result<std::vector<control::RegistryInfo>> RegistriesOf(const config::Settings& settings,
                                                        db::Database& database) {
  std::vector<control::RegistryInfo> registries;
  for (const config::Registry& registry : settings.registries) {
    registries.push_back({.name = RegistryName(registry.public_hosts.front()),
                          .region = registry.region,
                          .public_hosts = registry.public_hosts,
                          .private_hosts = registry.private_hosts});
  }
  BW_TRY(const auto named, database.ReadValue([](db::Transaction& tx) {
    return tx.QueryAll("SELECT registry FROM registry_setting UNION SELECT registry FROM namespace",
                       {}, [](const db::Row& row) { return RegistryName(row.String(0)); });
  }));
  for (const RegistryName& name : named) {
    if (std::ranges::find(registries, name, &control::RegistryInfo::name) != registries.end()) {
      continue;
    }
    registries.push_back({.name = name, .public_hosts = {name.value()}, .private_hosts = {}});
  }
  if (registries.empty()) {
    registries.push_back(
        {.name = RegistryName("localhost"), .public_hosts = {"localhost"}, .private_hosts = {}});
  }
  return registries;
}

// Makes the document's rules rules of the installation's own account, unless they are already.
// Those that were restored stay.
Status AddRules(Installation::Parts& parts, const json::Value& document) {
  const json::Value* sections = json::Find(document, "sections");
  const json::Value* rules = sections == nullptr ? nullptr : json::Find(*sections, "governance");
  if (rules == nullptr) {
    return Invalid("the configuration document has no section governance").Reason("invalid_field");
  }
  json::Value only = document;
  only.as_object()["sections"] = json::Object{{"governance", *rules}};
  BW_TRY(const iam::Account account, iam::FirstAccount(*parts.database));
  governance::RulesSection section(parts.governance, condition::Catalogue::BuiltIn());
  BW_TRY(const auto plan, admin::PlanConfiguration({&section}, account.id, only));
  const control::Caller caller = control::SystemCaller(account.id, "restore");
  for (const admin::ConfigurationStep& step : plan.steps) {
    if (step.kind == admin::ConfigurationStep::Kind::kRemove) continue;
    BW_TRY_STATUS(section.Put(caller, account.id, step.item).Context("rule " + step.item.key));
  }
  return Ok();
}

Status JudgeAccount(Installation::Parts& parts, db::Transaction& tx, const AccountId& account,
                    std::vector<RestoredViolation>& violations) {
  const control::Caller caller = control::SystemCaller(account, "restore");
  for (const auto& config : condition::Catalogue::BuiltIn().configs()) {
    control::FactSource* source = parts.facts.For(config.type);
    if (source == nullptr) continue;
    BW_TRY(const auto resources, source->List(tx, config.type, account));
    for (const control::Resource& resource : resources) {
      BW_TRY(const condition::Facts facts, source->Read(tx, resource));
      BW_TRY(const auto judgement, parts.gate.Judge(tx, caller, resource, facts, nullptr));
      if (!judgement.refusal) continue;
      violations.push_back(
          {.resource = resource.crn().ToString(), .text = judgement.refusal->message()});
    }
  }
  return Ok();
}

Result<std::vector<RestoredViolation>> JudgeAll(Installation::Parts& parts) {
  return parts.database->WriteValue(
      [&](db::Transaction& tx) -> Result<std::vector<RestoredViolation>> {
        std::vector<RestoredViolation> violations;
        BW_TRY(const auto accounts, iam::store::ListAccounts(tx));
        for (const AccountId& account : accounts) {
          BW_TRY_STATUS(JudgeAccount(parts, tx, account, violations));
        }
        return violations;
      });
}

Status Finish(Installation::Parts& parts, const std::string& backup,
              const std::vector<RestoredViolation>& violations) {
  json::Array accepted;
  for (const RestoredViolation& one : violations) {
    accepted.push_back({{"resource", json::Text(one.resource)}, {"text", json::Text(one.text)}});
  }
  BW_TRY(const iam::Account account, iam::FirstAccount(*parts.database));
  return parts.changes.Submit(
      control::SystemCaller(account.id, "restore"),
      {.action = "breakwater.backup.restore",
       .resource = control::AccountResource(account.id, "backup"),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(admin::FinishRestore(tx));
         BW_TRY_STATUS(parts.audit.Continue(tx, account.id));
         return control::Effect{
             .before = nullptr,
             .after = {{"backup", json::Text(backup)}, {"accepted_violations", accepted}},
             .governed = {},
             .events = {}};
       }});
}

}  // namespace

Result<RestoreVerdict> ConcludeRestore(const config::Settings& settings, Stores stores,
                                       const RestoreConclusion& conclusion) {
  static const SystemClock clock;
  BW_TRY(auto registries, RegistriesOf(settings, *stores.database));
  BW_TRY(auto keys, iam::SigningKeys::Open(*stores.database, stores.master_key, clock));
  // Nothing of it runs: no job is started, nothing is listened to.
  Installation::Parts parts(settings, std::move(registries), std::move(stores), std::move(keys));
  if (!conclusion.rules.is_null()) BW_TRY_STATUS(AddRules(parts, conclusion.rules));
  RestoreVerdict verdict;
  BW_TRY(verdict.violations, JudgeAll(parts));
  verdict.accepted = verdict.violations.empty() || conclusion.accept;
  if (verdict.accepted) BW_TRY_STATUS(Finish(parts, conclusion.backup, verdict.violations));
  return verdict;
}

}  // namespace breakwater::app
