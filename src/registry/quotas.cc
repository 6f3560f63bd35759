#include "registry/quotas.h"

#include "base/check.h"
#include "control/fact_events.h"
#include "registry/namespaces.h"
#include "registry/quota_facts.h"
#include "registry/resources.h"

namespace breakwater::registry {
namespace {

// A limit at which counting stops to be exact in other programs' numbers: 8 PiB.
constexpr std::int64_t kMaxLimit = std::int64_t{1} << 53;

std::int64_t LimitOf(Plan plan, std::int64_t of_free) {
  return plan == Plan::kFree ? of_free : kUnlimited;
}

Status CheckLimit(std::string_view what, std::int64_t limit) {
  if (limit == kUnlimited || (limit >= 0 && limit <= kMaxLimit)) return Ok();
  return Invalid("the quota of " + std::string(what) +
                 " must be -1 (unlimited), 0 or more, and at most 8 PiB")
      .Reason("quota_invalid");
}

Status CheckAgainstPlan(std::string_view what, std::int64_t limit, std::int64_t of_free) {
  if (limit != kUnlimited && limit <= of_free) return Ok();
  return Denied("the plan Free has at most " + std::to_string(of_free / kMegabyte) +
                " megabytes of " + std::string(what) +
                ": set a lower quota, or change the plan to Standard")
      .Reason("quota_above_plan");
}

Status CheckPatch(const QuotaPatch& patch) {
  if (patch.storage) BW_TRY_STATUS(CheckLimit("storage", *patch.storage));
  if (patch.traffic) BW_TRY_STATUS(CheckLimit("traffic", *patch.traffic));
  return Ok();
}

// The limit may be reached a second time from now on.
Status ForgetReached(db::Transaction& tx, const AccountId& account, const RegistryName& registry,
                     std::string_view name_space) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE pull_traffic SET reached = NULL WHERE account = $1 AND "
                 "registry = $2 AND name_space = $3",
                 {account, registry, name_space}));
  return Ok();
}

json::Value PlanJson(const AccountPlan& plan) {
  return {{"plan", json::Text(ToString(plan.plan))}};
}

}  // namespace

std::string_view ToString(Plan plan) {
  switch (plan) {
    case Plan::kFree: return "Free";
    case Plan::kStandard: return "Standard";
  }
  BW_UNREACHABLE();
}

Result<Plan> ParsePlan(std::string_view name) {
  if (name == "Free") return Plan::kFree;
  if (name == "Standard") return Plan::kStandard;
  return Invalid("a plan is Free or Standard").Reason("plan_invalid");
}

json::Value ToJson(const Limits& limits) {
  return {{"storage_bytes", limits.storage},
          {"traffic_bytes", limits.traffic},
          {"enforcement", limits.hard ? "hard" : "soft"}};
}

Limits AccountPlan::limits() const {
  return {.storage = storage.value_or(LimitOf(plan, kFreeStorage)),
          .traffic = traffic.value_or(LimitOf(plan, kFreeTraffic)),
          .hard = hard};
}

Result<AccountPlan> Quotas::Get(const AccountId& account, const RegistryName& registry) const {
  BW_TRY(const auto plan, current_.Get({account.value(), registry.value()}, [&] {
    return database_.ReadValue(
        [&](db::Transaction& tx) -> Result<AccountPlan> { return Get(tx, account, registry); });
  }));
  return *plan;
}

Result<AccountPlan> Quotas::Get(db::Transaction& tx, const AccountId& account,
                                const RegistryName& registry) const {
  const auto limit = [](const db::Row& row, int column) {
    return row.IsNull(column) ? std::nullopt : std::optional(row.Int(column));
  };
  BW_TRY(const auto found,
         tx.QueryOne("SELECT plan, storage_limit, traffic_limit, hard FROM registry_plan WHERE "
                     "account = $1 AND registry = $2",
                     {account, registry}, [&](const db::Row& row) -> Result<AccountPlan> {
                       AccountPlan plan{.plan = default_plan_,
                                        .storage = limit(row, 1),
                                        .traffic = limit(row, 2),
                                        .hard = row.Bool(3)};
                       if (!row.Text(0).empty()) {
                         BW_TRY(plan.plan, ParsePlan(row.Text(0)));
                       }
                       return plan;
                     }));
  return found.value_or(AccountPlan{.plan = default_plan_, .storage = {}, .traffic = {}});
}

Status Quotas::Submit(const control::Caller& caller, const control::Resource& service,
                      std::string_view action,
                      const std::function<json::Value(const AccountPlan&)>& show,
                      const Edit& edit) {
  control::Change change;
  change.action = std::string(action);
  change.resource = service;
  const control::Resource governed =
      QuotaResource(service.account, service.registry, service.region, "");
  change.weighed = control::Weigh(governed);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const AccountPlan before, Get(tx, service.account, service.registry));
    AccountPlan after = before;
    BW_TRY_STATUS(edit(after));
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO registry_plan (account, registry, plan, storage_limit, traffic_limit, hard, "
        "updated) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, registry) DO UPDATE "
        "SET plan = excluded.plan, storage_limit = excluded.storage_limit, traffic_limit = "
        "excluded.traffic_limit, hard = excluded.hard, updated = excluded.updated",
        {service.account, service.registry, ToString(after.plan), after.storage, after.traffic,
         after.hard, clock_.Now()}));
    BW_TRY_STATUS(ForgetReached(tx, service.account, service.registry, ""));
    return control::Effect{.before = show(before),
                           .after = show(after),
                           .governed = {governed},
                           .events = {control::FactsChanged(service.account, {QuotaType()})}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  version_.fetch_add(1, std::memory_order_acq_rel);
  return Ok();
}

Status Quotas::PatchPlan(const control::Caller& caller, const control::Resource& service,
                         Plan plan) {
  return Submit(caller, service, action::kPlanSet, PlanJson, [&](AccountPlan& now) -> Status {
    if (now.plan == Plan::kStandard && plan == Plan::kFree) {
      return Conflict("there is no way back from the plan Standard to Free: set a quota instead")
          .Reason("plan_one_way");
    }
    now.plan = plan;
    return Ok();
  });
}

Status Quotas::PatchQuota(const control::Caller& caller, const control::Resource& service,
                          const QuotaPatch& patch) {
  BW_TRY_STATUS(CheckPatch(patch));
  const auto show = [](const AccountPlan& plan) { return ToJson(plan.limits()); };
  return Submit(caller, service, action::kQuotaSet, show, [&](AccountPlan& now) -> Status {
    if (now.plan == Plan::kFree) {
      if (patch.storage) {
        BW_TRY_STATUS(CheckAgainstPlan("storage", *patch.storage, kFreeStorage));
      }
      if (patch.traffic) {
        BW_TRY_STATUS(CheckAgainstPlan("traffic", *patch.traffic, kFreeTraffic));
      }
    }
    if (patch.storage) now.storage = patch.storage;
    if (patch.traffic) now.traffic = patch.traffic;
    if (patch.hard) now.hard = *patch.hard;
    return Ok();
  });
}

Result<Limits> Quotas::GetNamespace(const AccountId& account, const RegistryName& registry,
                                    std::string_view name_space) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Limits> {
    BW_TRY_STATUS(Namespaces::GetOwned(tx, account, registry, name_space));
    return GetNamespace(tx, registry, name_space);
  });
}

Result<Limits> Quotas::GetNamespace(db::Transaction& tx, const RegistryName& registry,
                                    std::string_view name_space) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT storage_limit, traffic_limit, hard FROM namespace_quota WHERE "
                     "registry = $1 AND name_space = $2",
                     {registry, name_space}, [](const db::Row& row) {
                       return Limits{
                           .storage = row.Int(0), .traffic = row.Int(1), .hard = row.Bool(2)};
                     }));
  return found.value_or(Limits{});
}

Status Quotas::PatchNamespace(const control::Caller& caller, const AccountId& account,
                              const control::RegistryInfo& registry, const std::string& name_space,
                              const QuotaPatch& patch) {
  BW_TRY_STATUS(CheckPatch(patch));
  control::Change change;
  change.action = std::string(action::kQuotaSet);
  // A right on the account's service as a whole, as the account's own quota.
  change.resource = ManagedNamespace(database_, account, registry, name_space);
  const auto quota = QuotaResource(account, registry.name, registry.region, name_space);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY_STATUS(Namespaces::GetOwned(tx, account, registry.name, name_space));
    BW_TRY(const Limits before, GetNamespace(tx, registry.name, name_space));
    const Limits after{.storage = patch.storage.value_or(before.storage),
                       .traffic = patch.traffic.value_or(before.traffic),
                       .hard = patch.hard.value_or(before.hard)};
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO namespace_quota (registry, name_space, storage_limit, traffic_limit, hard, "
        "updated) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (registry, name_space) DO UPDATE SET "
        "storage_limit = excluded.storage_limit, traffic_limit = excluded.traffic_limit, "
        "hard = excluded.hard, updated = excluded.updated",
        {registry.name, name_space, after.storage, after.traffic, after.hard, clock_.Now()}));
    BW_TRY_STATUS(ForgetReached(tx, account, registry.name, name_space));
    return control::Effect{
        .before = ToJson(before), .after = ToJson(after), .governed = {quota}, .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  version_.fetch_add(1, std::memory_order_acq_rel);
  return Ok();
}

}  // namespace breakwater::registry
