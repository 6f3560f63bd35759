#include "registry/namespaces.h"

#include <algorithm>
#include <iterator>

#include "oci/names.h"
#include "registry/content.h"
#include "registry/governed_content.h"
#include "registry/namespace_record.h"
#include "registry/resources.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

constexpr std::string_view kColumns =
    "registry, name, account, resource_group, created, resource_created, updated";

Namespace FromRow(const db::Row& row) {
  return {.registry = RegistryName(row.String(0)),
          .name = row.String(1),
          .account = AccountId(row.String(2)),
          .resource_group = row.String(3),
          .created = row.Time(4),
          .resource_created = row.OptionalTime(5),
          .updated = row.Time(6)};
}

json::Value Document(const Namespace& ns) {
  return {{"namespace", json::Text(ns.name)},
          {"resource_group", json::TextOrNull(ns.resource_group)}};
}

Error Unknown() {
  return NotFound("there is no such namespace in this registry").Reason("name_unknown");
}

Result<std::optional<Namespace>> Find(db::Transaction& tx, const RegistryName& registry,
                                      std::string_view name) {
  return tx.QueryOne(
      "SELECT " + std::string(kColumns) + " FROM namespace WHERE registry = $1 AND name = $2",
      {registry, name}, FromRow);
}

Status CheckLimit(db::Transaction& tx, const AccountId& account, const RegistryName& registry) {
  BW_TRY(const auto count,
         tx.QueryOne("SELECT COUNT(*) FROM namespace WHERE account = $1 AND registry = $2",
                     {account, registry}, [](const db::Row& row) { return row.Int(0); }));
  if (count.value_or(0) < static_cast<std::int64_t>(kMaxNamespacesPerAccount)) return Ok();
  return Conflict("an account may have at most 100 namespaces in a registry")
      .Reason("namespace_limit");
}

// Rows of repositories stay when their last image goes: what counts is what would be lost, the
// trash too.
Status CheckEmpty(db::Transaction& tx, const RegistryName& registry, std::string_view name) {
  for (const std::string table : {"manifest", "trash_image"}) {
    BW_TRY(const auto found,
           tx.QueryOne("SELECT 1 FROM repository r JOIN " + table +
                           " m ON m.repository = r.id WHERE r.registry = $1 AND r.name_space = $2 "
                           "LIMIT 1",
                       {registry, name}, [](const db::Row&) { return true; }));
    if (!found) continue;
    return Conflict(
               table == "manifest"
                   ? "the namespace holds images: delete it with all of them, or those first"
                   : "the namespace holds deleted images that could be restored: delete it with "
                     "them, or empty its trash first")
        .Reason("namespace_not_empty");
  }
  return Ok();
}

Status Insert(db::Transaction& tx, const Namespace& ns) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO namespace (registry, name, account, resource_group, "
                 "created, resource_created, updated) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {ns.registry, ns.name, ns.account, ns.resource_group, ns.created,
                  ns.resource_created, ns.updated}));
  return Ok();
}

control::Change NewChange(std::string_view action, control::Resource resource) {
  control::Change change;
  change.action = std::string(action);
  change.resource = std::move(resource);
  return change;
}

}  // namespace

Status ValidateNamespace(std::string_view name) {
  if (name.size() < 4 || name.size() > 30 || name.find('.') != std::string_view::npos ||
      name.find('/') != std::string_view::npos || !oci::ValidateRepository(name).ok()) {
    return Invalid(
               "malformed namespace: want 4 to 30 lower-case letters, digits, '-' and '_', "
               "beginning and ending with a letter or digit")
        .Reason("namespace_invalid");
  }
  return Ok();
}

Result<std::vector<Namespace>> Namespaces::List(const AccountId& account,
                                                const RegistryName& registry) const {
  return database_.ReadValue([&](db::Transaction& tx) { return ListIn(tx, account, registry); });
}

Result<std::vector<Namespace>> Namespaces::ListIn(db::Transaction& tx, const AccountId& account,
                                                  const RegistryName& registry) {
  return tx.QueryAll("SELECT " + std::string(kColumns) +
                         " FROM namespace WHERE account = $1 AND registry = $2 ORDER BY name",
                     {account, registry}, FromRow);
}

Result<std::shared_ptr<const Namespace>> Namespaces::Get(const RegistryName& registry,
                                                         std::string_view name) const {
  return current_.Get({registry.value(), name}, [&] {
    return database_.ReadValue(
        [&](db::Transaction& tx) -> Result<Namespace> { return Get(tx, registry, name); });
  });
}

Result<Namespace> Namespaces::Get(db::Transaction& tx, const RegistryName& registry,
                                  std::string_view name) {
  BW_TRY(auto found, Find(tx, registry, name));
  if (!found) return Unknown();
  return *std::move(found);
}

Result<Namespace> Namespaces::GetOwned(db::Transaction& tx, const AccountId& account,
                                       const RegistryName& registry, std::string_view name) {
  BW_TRY(Namespace found, Get(tx, registry, name));
  if (found.account != account) return Unknown();
  return found;
}

Result<RepositoryPath> Namespaces::Resolve(const control::RegistryInfo& registry,
                                           std::string_view repository) const {
  BW_TRY_STATUS(oci::ValidateRepository(repository));
  const std::string_view name = oci::NamespaceOf(repository);
  if (name.empty()) {
    return NotFound("repositories of this registry are named NAMESPACE/NAME")
        .Reason("name_unknown");
  }
  BW_TRY(const auto ns, Get(registry.name, name));
  return RepositoryPath{.registry = registry.name,
                        .region = registry.region,
                        .account = ns->account,
                        .name_space = ns->name,
                        .resource_group = ns->resource_group,
                        .name = std::string(repository)};
}

Status Namespaces::CheckGroup(db::Transaction& tx, const AccountId& account,
                              std::string_view group) const {
  if (groups_ == nullptr || group.empty()) return Ok();
  BW_TRY(const bool known, groups_->Has(tx, account, group));
  if (known) return Ok();
  // No kNotFound: whoever sets up a namespace would take that for the namespace.
  return Invalid("the account has no such resource group").Reason("resource_group_unknown");
}

Result<bool> Namespaces::Create(const control::Caller& caller, const AccountId& account,
                                const control::RegistryInfo& registry, const std::string& name,
                                const std::string& resource_group) {
  BW_TRY_STATUS(ValidateNamespace(name));
  bool created = false;
  control::Change change =
      NewChange(action::kNamespaceCreate, ManagedNamespace(*this, account, registry, name));
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    created = false;
    BW_TRY(const auto found, Find(tx, registry.name, name));
    if (found && found->account != account) {
      return Exists("this namespace is taken: choose another name").Reason("namespace_taken");
    }
    if (found) return control::Effect{Document(*found), Document(*found), {}, {}};
    BW_TRY_STATUS(CheckLimit(tx, account, registry.name));
    const std::string group =
        resource_group.empty() && groups_ != nullptr ? groups_->DefaultOf(account) : resource_group;
    BW_TRY_STATUS(CheckGroup(tx, account, group));
    const Timestamp now = clock_.Now();
    Namespace ns{.registry = registry.name,
                 .name = name,
                 .account = account,
                 .resource_group = group,
                 .created = now,
                 .resource_created = std::nullopt,
                 .updated = now};
    if (!group.empty()) ns.resource_created = now;
    BW_TRY_STATUS(Insert(tx, ns));
    BW_TRY_STATUS(ApplyDefaults(tx, GovernedNamespace(registry, ns), ns));
    created = true;
    return control::Effect{nullptr, Document(ns), {GovernedNamespace(registry, ns)}, {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return created;
}

Status Namespaces::Assign(const control::Caller& caller, const AccountId& account,
                          const control::RegistryInfo& registry, const std::string& name,
                          const std::string& resource_group) {
  if (resource_group.empty()) {
    return Invalid("a resource group is required").Reason("resource_group_required");
  }
  control::Change change =
      NewChange(action::kNamespaceUpdate, ManagedNamespace(*this, account, registry, name));
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Namespace before, GetOwned(tx, account, registry.name, name));
    if (!before.resource_group.empty() && before.resource_group != resource_group) {
      return Conflict("the namespace belongs to another resource group, and cannot change it")
          .Reason("resource_group_fixed");
    }
    BW_TRY_STATUS(CheckGroup(tx, account, resource_group));
    Namespace after = before;
    after.resource_group = resource_group;
    if (before.resource_group.empty()) {
      BW_TRY_STATUS(
          tx.Execute("UPDATE namespace SET resource_group = $3, resource_created = $4, "
                     "updated = $4 WHERE registry = $1 AND name = $2",
                     {registry.name, name, resource_group, clock_.Now()}));
    }
    control::Effect effect{
        Document(before), Document(after), {GovernedNamespace(registry, after)}, {}};
    BW_TRY(auto repositories, GovernedRepositories(tx, rules_, registry, after));
    std::ranges::move(repositories, std::back_inserter(effect.governed));
    return effect;
  };
  return changes_.Submit(caller, change);
}

Status Namespaces::ApplyDefaults(db::Transaction& tx, const control::Resource& resource,
                                 const Namespace& made) const {
  if (defaults_ == nullptr) return Ok();
  BW_TRY(const auto defaults, defaults_->For(tx, resource));
  const auto patterns = defaults.find("tag_immutability");
  if (patterns == defaults.end()) return Ok();
  const auto* list = std::get_if<condition::StringList>(&patterns->second);
  if (list == nullptr) return Internal("a template's tag_immutability is no list");
  return StartWithTagPatterns(tx, made, *list, clock_.Now());
}

Status Namespaces::Delete(const control::Caller& caller, const AccountId& account,
                          const control::RegistryInfo& registry, const std::string& name) {
  return Remove(caller, account, registry, name, false);
}

Result<std::vector<std::string>> Namespaces::PlanDelete(const AccountId& account,
                                                        const control::RegistryInfo& registry,
                                                        const std::string& name) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<std::string>> {
    BW_TRY(const Namespace found, GetOwned(tx, account, registry.name, name));
    BW_TRY_STATUS(CheckNamespaceMayGo(tx, registry.name, name));
    return SettingsOfNamespace(tx, found);
  });
}

Status Namespaces::DeleteEmpty(const control::Caller& caller, const AccountId& account,
                               const control::RegistryInfo& registry, const std::string& name) {
  return Remove(caller, account, registry, name, true);
}

Status Namespaces::Remove(const control::Caller& caller, const AccountId& account,
                          const control::RegistryInfo& registry, const std::string& name,
                          bool only_empty) {
  control::Change change =
      NewChange(action::kNamespaceDelete, ManagedNamespace(*this, account, registry, name));
  change.severity = audit::Severity::kCritical;
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Namespace before, GetOwned(tx, account, registry.name, name));
    if (only_empty) BW_TRY_STATUS(CheckEmpty(tx, registry.name, name));
    BW_TRY_STATUS(CheckNamespaceMayGo(tx, registry.name, name));
    json::Value document = Document(before);
    BW_TRY(document.as_object()["settings"], SettingsToRecord(tx, before));
    BW_TRY(document.as_object()["content"], ContentToRecord(tx, before));
    std::vector<control::Resource> gone{GovernedNamespace(registry, before)};
    BW_TRY(auto repositories, GovernedRepositories(tx, rules_, registry, before));
    std::ranges::move(repositories, std::back_inserter(gone));
    BW_TRY(auto events, DeleteNamespaceContent(tx, before, registry.region));
    BW_TRY_STATUS(tx.Execute("DELETE FROM namespace WHERE registry = $1 AND name = $2",
                             {registry.name, name}));
    return control::Effect{.before = std::move(document),
                           .after = nullptr,
                           .governed = {},
                           .events = std::move(events),
                           .gone = std::move(gone)};
  };
  return changes_.Submit(caller, change);
}

control::Resource GovernedNamespace(const control::RegistryInfo& registry, const Namespace& one) {
  control::Resource resource =
      control::NamespaceResource(one.account, registry.name, registry.region, one.name);
  resource.resource_group = one.resource_group;
  resource.name = one.name;
  return resource;
}

Result<bool> HasNamespaces(db::Transaction& tx, const AccountId& account,
                           std::string_view resource_group) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT 1 FROM namespace WHERE account = $1 AND ($2 = '' OR resource_group = "
                     "$2) LIMIT 1",
                     {account, resource_group}, [](const db::Row&) { return true; }));
  return found.has_value();
}

}  // namespace breakwater::registry
