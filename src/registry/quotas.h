// Plans and quotas of an account in a registry (ibm-registry 1.5, 3.10), and of its namespaces,
// which the reference system does not have. What they mean for a push or a pull is in admission.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/registries.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "registry/types.h"

namespace breakwater::registry {

namespace action {
inline constexpr std::string_view kPlanGet = "container-registry.plan.get";
inline constexpr std::string_view kPlanSet = "container-registry.plan.set";
inline constexpr std::string_view kQuotaGet = "container-registry.quota.get";
inline constexpr std::string_view kQuotaSet = "container-registry.quota.set";
}  // namespace action

enum class Plan { kFree, kStandard };
std::string_view ToString(Plan plan);  // "Free"
// kInvalid "plan_invalid".
Result<Plan> ParsePlan(std::string_view name);

inline constexpr std::int64_t kMegabyte = 1'048'576;
inline constexpr std::int64_t kUnlimited = -1;
inline constexpr std::int64_t kFreeStorage = 512 * kMegabyte;
inline constexpr std::int64_t kFreeTraffic = 5120 * kMegabyte;

// In bytes, of traffic in a calendar month (UTC).
struct Limits {
  std::int64_t storage = kUnlimited;
  std::int64_t traffic = kUnlimited;
  // Refuses what would go beyond the limit; else what begins below it may finish above.
  bool hard = false;

  bool finite() const { return storage != kUnlimited || traffic != kUnlimited; }
  friend bool operator==(const Limits&, const Limits&) = default;
};
json::Value ToJson(const Limits& limits);

// What an account has in a registry.
struct AccountPlan {
  Plan plan = Plan::kStandard;
  // Absent: what the plan gives.
  std::optional<std::int64_t> storage;
  std::optional<std::int64_t> traffic;
  bool hard = false;

  Limits limits() const;
  friend bool operator==(const AccountPlan&, const AccountPlan&) = default;
};

// Fields to set; the others stay. kUnlimited is a value.
struct QuotaPatch {
  std::optional<std::int64_t> storage = std::nullopt;
  std::optional<std::int64_t> traffic = std::nullopt;
  std::optional<bool> hard = std::nullopt;
};

// Thread-safe.
class Quotas {
 public:
  // `default_plan`: of accounts that have never chosen one.
  Quotas(Plan default_plan, db::Database& database, const Clock& clock,
         control::ChangePath& changes)
      : default_plan_(default_plan), database_(database), clock_(clock), changes_(changes) {}

  // From memory where nothing has changed.
  Result<AccountPlan> Get(const AccountId& account, const RegistryName& registry) const;
  Result<AccountPlan> Get(db::Transaction& tx, const AccountId& account,
                          const RegistryName& registry) const;
  // kConflict "plan_one_way" from Standard to Free.
  Status PatchPlan(const control::Caller& caller, const control::Resource& service, Plan plan);
  // kInvalid "quota_invalid"; kDenied "quota_above_plan": the plan Free takes only lower limits
  // than its own.
  Status PatchQuota(const control::Caller& caller, const control::Resource& service,
                    const QuotaPatch& patch);

  // Of a namespace of the account; kNotFound "name_unknown".
  Result<Limits> GetNamespace(const AccountId& account, const RegistryName& registry,
                              std::string_view name_space) const;
  // Unlimited where there are none.
  static Result<Limits> GetNamespace(db::Transaction& tx, const RegistryName& registry,
                                     std::string_view name_space);
  Status PatchNamespace(const control::Caller& caller, const AccountId& account,
                        const control::RegistryInfo& registry, const std::string& name_space,
                        const QuotaPatch& patch);

  // Another one after each change that this process made.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }

 private:
  using Edit = std::function<Status(AccountPlan&)>;
  Status Submit(const control::Caller& caller, const control::Resource& service,
                std::string_view action, const std::function<json::Value(const AccountPlan&)>& show,
                const Edit& edit);

  const Plan default_plan_;
  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
  std::atomic<std::uint64_t> version_{1};
  db::EpochCache<AccountPlan> current_{database_};
};

}  // namespace breakwater::registry
