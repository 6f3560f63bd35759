#include "registry/repository_facts.h"

#include <cstdint>
#include <optional>
#include <string_view>

#include "registry/content.h"
#include "registry/namespaces.h"
#include "registry/tag_immutability.h"

namespace breakwater::registry {
namespace {

using condition::Fact;
using condition::Number;

constexpr std::string_view kSource = "registry content";

struct ManifestCounts {
  std::int64_t count = 0;
  std::int64_t untagged = 0;
  std::optional<Timestamp> last_push;
  std::optional<Timestamp> last_pull;
};

Result<ManifestCounts> CountManifests(db::Transaction& tx, const std::string& repository) {
  BW_TRY(auto counted,
         tx.QueryOne("SELECT count(*), MAX(m.pushed), MAX(p.pulled), count(CASE WHEN NOT EXISTS "
                     "(SELECT 1 FROM tag t WHERE t.repository = m.repository AND t.digest = "
                     "m.digest) THEN 1 END) FROM manifest m LEFT JOIN manifest_pull p ON "
                     "p.repository = m.repository AND p.digest = m.digest WHERE m.repository = $1",
                     {repository}, [](const db::Row& row) {
                       return ManifestCounts{.count = row.Int(0),
                                             .untagged = row.Int(3),
                                             .last_push = row.OptionalTime(1),
                                             .last_pull = row.OptionalTime(2)};
                     }));
  return counted.value_or(ManifestCounts{});
}

struct TagCounts {
  std::int64_t count = 0;
  std::int64_t immutable = 0;
};

Result<TagCounts> CountTags(db::Transaction& tx, const std::string& repository,
                            const TagPatterns& patterns) {
  TagCounts tags;
  BW_TRY_STATUS(tx.Query("SELECT name FROM tag WHERE repository = $1", {repository},
                         [&](const db::Row& row) -> Status {
                           ++tags.count;
                           if (patterns.Covers(row.Text(0))) ++tags.immutable;
                           return Ok();
                         }));
  return tags;
}

}  // namespace

condition::ResourceType RepositoryType() {
  return {"container-registry", "repository"};
}

std::vector<condition::ResourceType> RepositoryFacts::Types() const {
  return {RepositoryType()};
}

control::Resource RepositoryResource(const RepositoryPath& path) {
  control::Resource repository = path.Namespace();
  repository.kind = RepositoryType().kind;
  repository.name = path.name;
  return repository;
}

Result<bool> HoldsSomething(db::Transaction& tx, const RegistryName& registry,
                            std::string_view repository) {
  BW_TRY(const auto held,
         tx.QueryOne("SELECT 1 FROM repository r WHERE r.registry = $1 AND r.name = $2 AND EXISTS "
                     "(SELECT 1 FROM manifest m WHERE m.repository = r.id)",
                     {registry, repository}, [](const db::Row&) { return true; }));
  return held.has_value();
}

Result<std::vector<control::Resource>> RepositoriesIn(db::Transaction& tx,
                                                      const RepositoryPath& path) {
  return tx.QueryAll(
      "SELECT r.name FROM repository r WHERE r.registry = $1 AND r.name_space = $2 AND EXISTS "
      "(SELECT 1 FROM manifest m WHERE m.repository = r.id) ORDER BY r.name",
      {path.registry, path.name_space}, [&](const db::Row& row) {
        control::Resource repository = RepositoryResource(path);
        repository.name = row.String(0);
        return repository;
      });
}

Result<std::vector<control::Resource>> RepositoryFacts::List(db::Transaction& tx,
                                                             const condition::ResourceType& type,
                                                             const AccountId& account) {
  std::vector<control::Resource> all;
  for (const control::RegistryInfo& registry : registries_.all()) {
    BW_TRY_STATUS(
        tx.Query("SELECT n.name, n.resource_group, r.name FROM namespace n JOIN repository r ON "
                 "r.registry = n.registry AND r.name_space = n.name WHERE n.account = $1 AND "
                 "n.registry = $2 AND EXISTS (SELECT 1 FROM manifest m WHERE m.repository = r.id) "
                 "ORDER BY r.name",
                 {account, registry.name}, [&](const db::Row& row) -> Status {
                   all.push_back(control::NamespaceResource(account, registry.name, registry.region,
                                                            row.String(0)));
                   all.back().kind = type.kind;
                   all.back().resource_group = row.String(1);
                   all.back().name = row.String(2);
                   return Ok();
                 }));
  }
  return all;
}

Status RepositoryFacts::Complete(db::Transaction& tx, control::Resource& resource) {
  const auto owned =
      Namespaces::GetOwned(tx, resource.account, resource.registry, resource.name_space);
  if (owned.ok()) resource.resource_group = owned->resource_group;
  return owned.ok() || owned.error().code() == ErrorCode::kNotFound ? Ok() : Status(owned.error());
}

Result<condition::Facts> RepositoryFacts::Read(db::Transaction& tx,
                                               const control::Resource& resource) {
  BW_TRY_STATUS(Namespaces::GetOwned(tx, resource.account, resource.registry, resource.name_space));
  BW_TRY(const auto repository, FindRepository(tx, resource.registry, resource.name));
  if (!repository) return NameUnknown();
  BW_TRY(const ManifestCounts manifests, CountManifests(tx, *repository));
  if (manifests.count == 0) return NameUnknown();
  BW_TRY(const auto patterns, ReadTagPatterns(tx, resource.registry, resource.name_space));
  BW_TRY(const TagCounts tags, CountTags(tx, *repository, patterns));
  const Timestamp now = clock_.Now();
  const std::string source(kSource);
  const auto moment = [&](const std::optional<Timestamp>& at) {
    return at ? Fact::Present(*at, source, now) : Fact::Absent(source, now);
  };
  condition::Facts facts;
  facts.Set("tags", Fact::Present(Number(tags.count), source, now));
  facts.Set("immutable_tags", Fact::Present(Number(tags.immutable), source, now));
  facts.Set("manifests", Fact::Present(Number(manifests.count), source, now));
  facts.Set("untagged_manifests", Fact::Present(Number(manifests.untagged), source, now));
  facts.Set("last_push", moment(manifests.last_push));
  facts.Set("last_pull", moment(manifests.last_pull));
  return facts;
}

}  // namespace breakwater::registry
