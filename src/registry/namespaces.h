// Namespaces: the owners of repositories (ibm-registry 1.7, 3.1). A name belongs to one account of
// a registry.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "control/defaults.h"
#include "control/registries.h"
#include "db/database.h"
#include "db/epoch_cache.h"
#include "registry/types.h"

namespace breakwater::registry {

class ContentRules;

inline constexpr std::size_t kMaxNamespacesPerAccount = 100;

struct Namespace {
  RegistryName registry;
  std::string name;
  AccountId account;
  std::string resource_group;  // empty: not assigned
  Timestamp created;
  std::optional<Timestamp> resource_created;
  Timestamp updated;
};

// 4 to 30 lower-case letters, digits, "-" and "_", the first and last a letter or digit; and a
// legal component of a repository's name. kInvalid, "namespace_invalid".
Status ValidateNamespace(std::string_view name);

// The resource groups of accounts: who keeps them stands above. Inside the caller's transaction.
class AccountGroups {
 public:
  virtual ~AccountGroups() = default;
  // Where what is made without a group goes; empty: nowhere.
  virtual std::string DefaultOf(const AccountId& account) const = 0;
  virtual Result<bool> Has(db::Transaction& tx, const AccountId& account,
                           std::string_view group) const = 0;
};

// Thread-safe.
class Namespaces {
 public:
  // `defaults` says what a new namespace begins with; null: with nothing. `groups` may be null:
  // then any name is a group. `rules`: that ask about repositories, which change and go with their
  // namespace; null: none. All must outlive this.
  Namespaces(db::Database& database, const Clock& clock, control::ChangePath& changes,
             const control::Defaults* defaults = nullptr, const AccountGroups* groups = nullptr,
             const ContentRules* rules = nullptr)
      : database_(database),
        clock_(clock),
        changes_(changes),
        defaults_(defaults),
        groups_(groups),
        rules_(rules) {}

  // By name, in bytewise order.
  Result<std::vector<Namespace>> List(const AccountId& account, const RegistryName& registry) const;
  // From memory where nothing has changed; never null. kNotFound, "name_unknown".
  Result<std::shared_ptr<const Namespace>> Get(const RegistryName& registry,
                                               std::string_view name) const;
  static Result<Namespace> Get(db::Transaction& tx, const RegistryName& registry,
                               std::string_view name);
  // The same; what another account owns looks absent.
  static Result<Namespace> GetOwned(db::Transaction& tx, const AccountId& account,
                                    const RegistryName& registry, std::string_view name);

  static Result<std::vector<Namespace>> ListIn(db::Transaction& tx, const AccountId& account,
                                               const RegistryName& registry);

  // Where a repository of this name lies. kInvalid "name_invalid"; kNotFound "name_unknown" if
  // there is no such namespace.
  Result<RepositoryPath> Resolve(const control::RegistryInfo& registry,
                                 std::string_view repository) const;

  // True if it was made, false if the account had it already. kExists "namespace_taken" if another
  // account has it; kConflict "namespace_limit"; kNotFound "resource_group_unknown". Without a
  // group: in the account's default one.
  Result<bool> Create(const control::Caller& caller, const AccountId& account,
                      const control::RegistryInfo& registry, const std::string& name,
                      const std::string& resource_group);
  // Once, for a namespace without a group; the same group again is success. kConflict
  // "resource_group_fixed"; kNotFound "resource_group_unknown".
  Status Assign(const control::Caller& caller, const AccountId& account,
                const control::RegistryInfo& registry, const std::string& name,
                const std::string& resource_group);
  // With everything in it. kDenied "tag_immutable" while it holds a tag that must stay.
  Status Delete(const control::Caller& caller, const AccountId& account,
                const control::RegistryInfo& registry, const std::string& name);
  // Whether that could be done, and which settings of the namespace's own would go with its
  // content: "advisor_exemption", "namespace_quota", "retention_policy", "tag_immutability".
  // Changes nothing and asks for no right.
  Result<std::vector<std::string>> PlanDelete(const AccountId& account,
                                              const control::RegistryInfo& registry,
                                              const std::string& name) const;
  // kConflict "namespace_not_empty" if there are images in it, or in its trash.
  Status DeleteEmpty(const control::Caller& caller, const AccountId& account,
                     const control::RegistryInfo& registry, const std::string& name);

 private:
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::RegistryInfo& registry, const std::string& name, bool only_empty);

  Status CheckGroup(db::Transaction& tx, const AccountId& account, std::string_view group) const;

  db::Database& database_;
  const Clock& clock_;
  Status ApplyDefaults(db::Transaction& tx, const control::Resource& resource,
                       const Namespace& made) const;

  control::ChangePath& changes_;
  const control::Defaults* defaults_;
  const AccountGroups* groups_;
  const ContentRules* rules_;
  db::EpochCache<Namespace> current_{database_, {.max_bytes = 4U << 20}};
};

// What rules judge of a namespace.
control::Resource GovernedNamespace(const control::RegistryInfo& registry, const Namespace& one);

// Whether an account has namespaces at all, or (not empty) in this resource group.
Result<bool> HasNamespaces(db::Transaction& tx, const AccountId& account,
                           std::string_view resource_group = {});

}  // namespace breakwater::registry
