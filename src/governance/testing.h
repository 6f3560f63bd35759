// A governed installation in a temporary database, with facts that tests set by changes of their
// own. Test code only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "base/testing.h"
#include "condition/value.h"
#include "control/change.h"
#include "control/testing.h"
#include "db/testing.h"
#include "governance/attached_rules.h"
#include "governance/break_glass.h"
#include "governance/gate.h"
#include "governance/governance.h"
#include "governance/results.h"
#include "governance/simulation.h"
#include "governance/templates.h"
#include "jobs/jobs.h"

namespace breakwater::governance::testing {

// Facts as rows, so that a change is seen by its own transaction first.
class FactTable final : public control::FactSource {
 public:
  explicit FactTable(std::vector<condition::ResourceType> types) : types_(std::move(types)) {}

  static Status Create(db::Transaction& tx) {
    BW_TRY_STATUS(
        tx.Execute("CREATE TABLE test_fact (account TEXT NOT NULL, kind TEXT NOT NULL, "
                   "registry TEXT NOT NULL, region TEXT NOT NULL, facts TEXT NOT NULL, "
                   "PRIMARY KEY (account, kind, registry))"));
    return Ok();
  }
  static Status Put(db::Transaction& tx, const control::Resource& resource,
                    const condition::Facts& facts) {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO test_fact (account, kind, registry, region, facts) "
                   "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, kind, registry) DO UPDATE "
                   "SET facts = $5",
                   {resource.account, resource.kind, resource.registry, resource.region,
                    json::Serialize(facts.ToJson())}));
    return Ok();
  }
  static Status Remove(db::Transaction& tx, const control::Resource& resource) {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM test_fact WHERE account = $1 AND kind = $2 AND registry = $3",
                   {resource.account, resource.kind, resource.registry}));
    return Ok();
  }

  std::vector<condition::ResourceType> Types() const override { return types_; }

  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override {
    if (list_fails) return Unavailable("the list is away");
    return tx.QueryAll(
        "SELECT registry, region FROM test_fact WHERE account = $1 AND kind = $2 ORDER BY registry",
        {account, type.kind}, [&](const db::Row& row) {
          control::Resource resource =
              control::ServiceResource(account, RegistryName(row.String(0)), row.String(1));
          resource.service = type.service;
          resource.kind = type.kind;
          return resource;
        });
  }

  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override {
    if (read_fails) return Unavailable("the settings are away");
    BW_TRY(auto facts, tx.QueryOne("SELECT facts FROM test_fact WHERE account = $1 AND kind = $2 "
                                   "AND registry = $3",
                                   {resource.account, resource.kind, resource.registry},
                                   [](const db::Row& row) -> Result<condition::Facts> {
                                     BW_TRY(const auto document, json::Parse(row.Text(0)));
                                     return condition::Facts::FromJson(document);
                                   }));
    if (!facts) return NotFound("no such resource");
    return *std::move(facts);
  }

  bool list_fails = false;
  bool read_fails = false;

 private:
  std::vector<condition::ResourceType> types_;
};

inline control::FactSources SourcesOf(control::FactSource& source) {
  control::FactSources sources;
  sources.Add(source);
  return sources;
}

// Everything from the database to governance, wired as in the program.
struct World {
  explicit World(const condition::Catalogue& catalogue, std::vector<condition::ResourceType> types,
                 Limits limits = {})
      : facts(std::move(types)),
        sources(SourcesOf(facts)),
        log(database(), clock),
        jobs(jobs::NewJobs({.owner = "test"}, database(), clock)),
        rules(catalogue, hierarchy),
        gate(database().dialect(), rules, sources, clock),
        changes(database(), log, *jobs, allow_all, gate, sources),
        results({database(), *jobs, sources, catalogue, rules, hierarchy, clock}),
        governance({database(), *jobs, changes, allow_all, catalogue, results, rules, hierarchy,
                    clock, limits}),
        templates({database(), changes, allow_all, catalogue, hierarchy, clock, {}}),
        break_glasses(database(), clock, changes),
        simulator({database(), log, sources, catalogue, hierarchy, governance.limits()}) {
    BW_CHECK(database().Write([](db::Transaction& tx) { return FactTable::Create(tx); }).ok());
    caller.actor.kind = control::IdentityKind::kUser;
    caller.actor.account = account;
    caller.actor.iam_id = IamId("IBMid-owner");
    caller.actor.name = "owner";
    caller.actor.credential = "apikey";
    caller.origin.request_id = "request-1";
  }

  db::Database& database() { return test_database->database(); }

  control::Resource Service(std::string registry, std::string region = "us-south") const {
    return control::ServiceResource(account, RegistryName(std::move(registry)), std::move(region));
  }

  // A change that leaves `resource` with these facts.
  Status Change(const control::Resource& resource, const condition::Facts& after) {
    return changes.Submit(caller, {.action = "container-registry.auth.set",
                                   .resource = resource,
                                   .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                     BW_TRY_STATUS(FactTable::Put(tx, resource, after));
                                     return control::Effect{.before = nullptr,
                                                            .after = after.ToJson(),
                                                            .governed = {resource},
                                                            .events = {}};
                                   }});
  }

  AttachmentDraft ToAccount() const {
    return {
        .account = account, .included = {ScopeType::kAccount, account.value(), ""}, .excluded = {}};
  }

  // Runs reactions until there are none.
  void Settle() {
    while (true) {
      const auto ran = jobs->RunDue();
      BW_CHECK(ran.ok());
      if (*ran == 0) return;
    }
  }

  std::vector<RuleResult> Found(ResultFilter filter = {}) {
    auto page = results.Find(account, filter);
    BW_CHECK(page.ok());
    return std::move(page->results);
  }

  // The newest audit record; there must be one since the last call.
  audit::Record LastRecord() {
    auto found = log.Query({.after = last, .limit = 100'000});
    BW_CHECK(found.ok() && !found->empty());
    last = found->back().position;
    return found->back().record;
  }

  AccountId account{"account-1"};
  control::Caller caller;
  std::optional<audit::Position> last;
  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> test_database = db::testing::OpenTestDatabase();
  FactTable facts;
  control::FactSources sources;
  control::testing::AllowAll allow_all;
  audit::Log log;
  std::unique_ptr<jobs::Jobs> jobs;
  control::testing::Trees hierarchy;
  AttachedRules rules;
  RuleGate gate;
  control::ChangePath changes;
  Results results;
  Governance governance;
  Templates templates;
  BreakGlasses break_glasses;
  Simulator simulator;
};

}  // namespace breakwater::governance::testing
