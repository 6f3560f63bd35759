#include "registry/tag_immutability.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>

#include "registry/content.h"
#include "registry/governed_content.h"
#include "registry/namespaces.h"
#include "registry/resources.h"
#include "registry/retention_rules.h"

namespace breakwater::registry {
namespace {

constexpr std::string_view kService = "container-registry";
constexpr std::string_view kKind = "namespace";
constexpr std::string_view kSource = "registry namespaces";
constexpr std::string_view kRetentionSource = "retention policies";
// Manifests looked at on the way up from one that is to go. Beyond it, it stays.
constexpr std::size_t kMaxAncestors = 10'000;

Error Immutable(std::string_view tag, std::string_view pattern, const std::string& what) {
  return Denied(what + ": the tag " + std::string(tag) +
                " is immutable by the namespace's pattern " + std::string(pattern) +
                ". Push under another tag, or have a manager of the registry change the "
                "namespace's tag immutability")
      .Reason("tag_immutable")
      .Detail("tag", std::string(tag))
      .Detail("pattern", std::string(pattern));
}

// The first immutable tag on a manifest, or nothing.
Result<std::optional<std::string>> ImmutableTagOn(db::Transaction& tx, const TagPatterns& patterns,
                                                  const ManifestKey& manifest) {
  BW_TRY(const auto tags, TagsOf(tx, manifest.repository, manifest.digest));
  for (const std::string& tag : tags) {
    if (patterns.Covers(tag)) return std::optional(tag);
  }
  return std::optional<std::string>();
}

// Indexes that list a manifest.
Result<std::vector<oci::Digest>> ParentsOf(db::Transaction& tx, const ManifestKey& manifest) {
  return tx.QueryAll(
      "SELECT manifest FROM manifest_reference WHERE repository = $1 AND target = $2 AND "
      "kind = 2",
      {manifest.repository, manifest.digest.text()},
      [](const db::Row& row) -> Result<oci::Digest> { return oci::Digest::Parse(row.Text(0)); });
}

// What retention.h keeps. A policy that keeps everything is none.
Status SetRetention(db::Transaction& tx, const control::Resource& name_space, Timestamp now,
                    condition::Facts& facts) {
  BW_TRY(const auto images,
         tx.QueryOne("SELECT images_per_repo FROM retention_policy WHERE registry = $1 AND "
                     "name_space = $2",
                     {name_space.registry, name_space.name_space},
                     [](const db::Row& row) { return row.Int(0); }));
  const RetentionPolicy policy{.images_per_repo = images.value_or(kKeepAllImages)};
  const std::string source(kRetentionSource);
  facts.Set("retention_policy", condition::Fact::Present(!policy.keeps_all(), source, now));
  facts.Set("retention_images_per_repository",
            policy.keeps_all()
                ? condition::Fact::Absent(source, now)
                : condition::Fact::Present(condition::Number(policy.images_per_repo), source, now));
  return Ok();
}

Status WritePatterns(db::Transaction& tx, const RegistryName& registry, std::string_view name_space,
                     const TagPatterns& patterns, Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO tag_immutability (registry, name_space, patterns, updated) "
                 "VALUES ($1, $2, $3, $4) ON CONFLICT (registry, name_space) DO UPDATE SET "
                 "patterns = excluded.patterns, updated = excluded.updated",
                 {registry, name_space, json::Serialize(ToJson(patterns)), now}));
  return Ok();
}

}  // namespace

Result<TagPatterns> ReadTagPatterns(db::Transaction& tx, const RegistryName& registry,
                                    std::string_view name_space) {
  BW_TRY(const auto text,
         tx.QueryOne("SELECT patterns FROM tag_immutability WHERE registry = $1 AND "
                     "name_space = $2",
                     {registry, name_space}, [](const db::Row& row) { return row.String(0); }));
  if (!text) return TagPatterns{};
  return TagPatternsFromJson(*text);
}

Result<TagPatterns> TagImmutability::Get(const AccountId& account, const RegistryName& registry,
                                         std::string_view name_space) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<TagPatterns> {
    BW_TRY_STATUS(Namespaces::GetOwned(tx, account, registry, name_space));
    return ReadTagPatterns(tx, registry, name_space);
  });
}

Status TagImmutability::Set(const control::Caller& caller, const AccountId& account,
                            const control::RegistryInfo& registry, const std::string& name_space,
                            const TagPatterns& patterns) {
  BW_TRY_STATUS(Validate(patterns));
  control::Change change;
  change.action = std::string(action::kNamespaceUpdate);
  // A right on the account's service as a whole, as all that makes and alters namespaces.
  change.resource = ManagedNamespace(database_, account, registry, name_space);
  change.severity = audit::Severity::kCritical;
  std::vector<control::Resource> repositories;
  change.weighed =
      control::Weigh([&](db::Transaction& tx) -> Result<std::vector<control::Resource>> {
        BW_TRY(const auto owned, Namespaces::GetOwned(tx, account, registry.name, name_space));
        BW_TRY(repositories, GovernedRepositories(tx, rules_, registry, owned));
        return repositories;
      });
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto owned, Namespaces::GetOwned(tx, account, registry.name, name_space));
    BW_TRY(const TagPatterns before, ReadTagPatterns(tx, registry.name, name_space));
    BW_TRY_STATUS(WritePatterns(tx, registry.name, name_space, patterns, clock_.Now()));
    std::vector<control::Resource> governed{GovernedNamespace(registry, owned)};
    std::ranges::move(repositories, std::back_inserter(governed));
    return control::Effect{.before = ToJson(before),
                           .after = ToJson(patterns),
                           .governed = std::move(governed),
                           .events = {}};
  };
  return changes_.Submit(caller, change);
}

std::vector<condition::ResourceType> TagImmutability::Types() const {
  return {{std::string(kService), std::string(kKind)}};
}

Result<std::vector<control::Resource>> TagImmutability::List(db::Transaction& tx,
                                                             const condition::ResourceType&,
                                                             const AccountId& account) {
  std::vector<control::Resource> resources;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY(const auto all, Namespaces::ListIn(tx, account, registry.name));
    for (const Namespace& one : all) resources.push_back(GovernedNamespace(registry, one));
  }
  return resources;
}

Result<condition::Facts> TagImmutability::Read(db::Transaction& tx,
                                               const control::Resource& resource) {
  BW_TRY_STATUS(Namespaces::GetOwned(tx, resource.account, resource.registry, resource.name_space));
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, resource.registry, resource.name_space));
  condition::Facts facts;
  facts.Set("tag_immutability", condition::Fact::Present(condition::StringList(patterns.ToList()),
                                                         std::string(kSource), clock_.Now()));
  BW_TRY_STATUS(SetRetention(tx, resource, clock_.Now(), facts));
  return facts;
}

condition::ResourceType TagImmutability::Type() const {
  return Types().front();
}

bool TagImmutability::CanSet(std::string_view property) const {
  return property == "tag_immutability";
}

Status TagImmutability::Check(std::string_view property, const condition::Value& value) const {
  const auto* list = CanSet(property) ? std::get_if<condition::StringList>(&value) : nullptr;
  if (list == nullptr) return Invalid("only tag_immutability can be set, to a list of patterns");
  return Validate(TagPatterns::FromList(*list));
}

Status TagImmutability::Set(const control::Caller& caller, const control::Resource& name_space,
                            const Assignments& assignments) {
  if (assignments.size() != 1) return Invalid("only tag_immutability can be set");
  const auto& [property, value] = assignments.front();
  BW_TRY_STATUS(Check(property, value));
  const auto* list = std::get_if<condition::StringList>(&value);
  const control::RegistryInfo* registry = registries_.Find(name_space.registry);
  if (registry == nullptr) return NotFound("there is no such registry");
  return Set(caller, name_space.account, *registry, name_space.name_space,
             TagPatterns::FromList(*list));
}

Status StartWithTagPatterns(db::Transaction& tx, const Namespace& name_space,
                            const std::vector<std::string>& list, Timestamp now) {
  const TagPatterns patterns = TagPatterns::FromList(list);
  BW_TRY_STATUS(Validate(patterns));
  return WritePatterns(tx, name_space.registry, name_space.name, patterns, now);
}

Status CheckTagMayMove(db::Transaction& tx, const RepositoryPath& path, std::string_view tag,
                       const oci::Digest& now) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, path.registry, path.name_space));
  const std::string_view pattern = patterns.Covering(tag);
  if (pattern.empty()) return Ok();
  return Immutable(tag, pattern, "the tag points at " + now.text() + " and stays there");
}

Status CheckManifestMayChange(db::Transaction& tx, const RepositoryPath& path,
                              const ManifestKey& manifest) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, path.registry, path.name_space));
  if (patterns.immutable.empty()) return Ok();
  std::set<oci::Digest> seen{manifest.digest};
  std::deque<oci::Digest> to_look_at{manifest.digest};
  while (!to_look_at.empty()) {
    const ManifestKey one{manifest.repository, to_look_at.front()};
    to_look_at.pop_front();
    BW_TRY(const auto tag, ImmutableTagOn(tx, patterns, one));
    if (tag) {
      return Immutable(*tag, patterns.Covering(*tag),
                       one.digest == manifest.digest
                           ? "the manifest stays as it is"
                           : "the manifest belongs to the index " + one.digest.text());
    }
    BW_TRY(const auto parents, ParentsOf(tx, one));
    for (const oci::Digest& parent : parents) {
      if (seen.insert(parent).second) to_look_at.push_back(parent);
    }
    if (seen.size() > kMaxAncestors) {
      return Denied(
                 "the manifest belongs to too many indexes to tell whether an immutable tag "
                 "needs it: delete those indexes first")
          .Reason("tag_immutable");
    }
  }
  return Ok();
}

Status CheckNamespaceMayGo(db::Transaction& tx, const RegistryName& registry,
                           std::string_view name_space) {
  BW_TRY(const TagPatterns patterns, ReadTagPatterns(tx, registry, name_space));
  if (patterns.immutable.empty()) return Ok();
  return tx.Query(
      "SELECT t.name, r.name FROM repository r JOIN tag t ON t.repository = r.id "
      "WHERE r.registry = $1 AND r.name_space = $2",
      {registry, name_space}, [&](const db::Row& row) -> Status {
        const std::string_view pattern = patterns.Covering(row.Text(0));
        if (pattern.empty()) return Ok();
        return Immutable(row.Text(0), pattern, "the namespace stays: it holds " + row.String(1));
      });
}

}  // namespace breakwater::registry
