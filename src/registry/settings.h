// Settings of an account in a registry: /api/v1/auth and /api/v1/settings (ibm-registry 1.3, 1.4,
// 3.5, 3.6), and the facts rules and goals judge of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/facts.h"
#include "control/registries.h"
#include "control/remedy.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "json/json.h"

namespace breakwater::registry {

struct Settings {
  bool iam_authz = true;          // rights are decided by policies, not by membership
  bool private_only = false;      // push and pull on the private listener alone
  bool platform_metrics = false;  // the account's series are on /metrics

  friend bool operator==(const Settings&, const Settings&) = default;
};

json::Value ToJson(const Settings& settings);

// Fields to set; the others stay.
struct AuthPatch {
  std::optional<bool> iam_authz = std::nullopt;
  std::optional<bool> private_only = std::nullopt;
};

// What facts of a service say who knows them.
inline constexpr std::string_view kSettingsSource = "registry settings";

// Thread-safe. Source of the facts of container-registry/service.
class SettingsService final : public control::FactSource, public control::Remedy {
 public:
  struct Options {
    // iam_authz is one-way in the reference system: true -> false is refused unless this is set.
    bool allow_iam_authz_off = false;
  };
  SettingsService(Options options, db::Database& database, const Clock& clock,
                  const control::Registries& registries, control::ChangePath& changes)
      : options_(options),
        database_(database),
        clock_(clock),
        registries_(registries),
        changes_(changes) {}

  // From memory where nothing has changed.
  Result<Settings> Get(const AccountId& account, const RegistryName& registry) const;
  static Result<Settings> Get(db::Transaction& tx, const AccountId& account,
                              const RegistryName& registry);

  // Whether somebody, or a template, has decided about them; otherwise they are as always.
  static Result<bool> IsSet(db::Transaction& tx, const AccountId& account,
                            const RegistryName& registry);
  // Part of a change of theirs.
  static Status Store(db::Transaction& tx, const AccountId& account, const RegistryName& registry,
                      const Settings& settings, Timestamp now);

  // kConflict "iam_authz_one_way"; or the gate's refusal.
  Status PatchAuth(const control::Caller& caller, const control::Resource& service,
                   const AuthPatch& patch);
  Status PatchPlatformMetrics(const control::Caller& caller, const control::Resource& service,
                              std::optional<bool> platform_metrics);

  // control::FactSource
  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

  // control::Remedy
  condition::ResourceType Type() const override;
  bool CanSet(std::string_view property) const override;
  Status Check(std::string_view property, const condition::Value& value) const override;
  Status Set(const control::Caller& caller, const control::Resource& service,
             const Assignments& assignments) override;

  // The same of both in one change; at least one of the patch's members is given.
  Status ChangeAuth(const control::Caller& caller, const control::Resource& service,
                    const AuthPatch& patch, std::optional<bool> platform_metrics);

 private:
  using Edit = std::function<Status(Settings&)>;
  Status Submit(const control::Caller& caller, const control::Resource& service,
                std::string_view action, const Edit& edit);

  Options options_;
  db::Database& database_;
  const Clock& clock_;
  const control::Registries& registries_;
  control::ChangePath& changes_;
  db::EpochCache<Settings> current_{database_};
};

}  // namespace breakwater::registry
