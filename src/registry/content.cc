#include "registry/content.h"

#include "crypto/random.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {
namespace {

// Octets of randomness in a repository's row id: 16 characters.
constexpr std::size_t kRepositoryIdOctets = 12;

// What is set for a namespace, and goes with it.
constexpr const char* kNamespaceSettings[] = {"advisor_exemption", "namespace_quota",
                                              "retention_policy", "tag_immutability"};

// Tags that an event names. An image may have any number of them, and a job's data has a limit:
// what is told of an image must not keep it from being deleted.
constexpr std::size_t kMaxToldTags = 100;

json::Array TagsToTell(const std::vector<std::string>& tags) {
  json::Array array;
  for (const std::string& tag : tags) {
    if (array.size() == kMaxToldTags) break;
    array.emplace_back(json::Text(tag));
  }
  return array;
}

}  // namespace

Error BlobUnknown() {
  return NotFound("there is no such blob in this repository").Reason("blob_unknown");
}
Error ManifestUnknown() {
  return NotFound("there is no such manifest in this repository").Reason("manifest_unknown");
}
Error UploadUnknown() {
  return NotFound("there is no such upload: it was finished, cancelled or has expired")
      .Reason("blob_upload_unknown");
}
Error NameUnknown() {
  return NotFound("there is no such repository in this registry").Reason("name_unknown");
}

Result<std::optional<std::string>> FindRepository(db::Transaction& tx, const RegistryName& registry,
                                                  std::string_view name) {
  return tx.QueryOne("SELECT id FROM repository WHERE registry = $1 AND name = $2",
                     {registry, name}, [](const db::Row& row) { return row.String(0); });
}

Result<std::string> EnsureRepository(db::Transaction& tx, const RepositoryPath& path,
                                     Timestamp now) {
  BW_TRY(const Namespace ns, Namespaces::Get(tx, path.registry, path.name_space));
  if (ns.account != path.account) return NameUnknown();
  BW_TRY(auto found, FindRepository(tx, path.registry, path.name));
  if (found) return *std::move(found);
  std::string id = crypto::RandomToken(kRepositoryIdOctets);
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO repository (id, registry, name_space, name, created) "
                 "VALUES ($1, $2, $3, $4, $5)",
                 {id, path.registry, path.name_space, path.name, now}));
  return id;
}

Result<std::optional<BlobRow>> FindBlob(db::Transaction& tx, const RegistryName& registry,
                                        std::string_view repository, const oci::Digest& digest) {
  return tx.QueryOne(
      "SELECT b.size, b.place FROM repository r "
      "JOIN repository_blob l ON l.repository = r.id AND l.digest = $3 "
      "JOIN blob b ON b.digest = l.digest WHERE r.registry = $1 AND r.name = $2",
      {registry, repository, digest.text()}, [](const db::Row& row) {
        return BlobRow{.size = static_cast<std::uint64_t>(row.Int(0)),
                       .place = static_cast<BlobPlace>(row.Int(1))};
      });
}

Result<std::string> ReadBlobContent(db::Transaction& tx, const oci::Digest& digest) {
  BW_TRY(auto content,
         tx.QueryOne("SELECT content FROM blob_content WHERE digest = $1", {digest.text()},
                     [](const db::Row& row) { return std::string(AsText(row.Blob(0))); }));
  if (!content)
    return DataCorrupt("the blob's bytes are missing").Log("blob_content " + digest.text());
  return *std::move(content);
}

Result<std::vector<std::string>> TagsOf(db::Transaction& tx, const std::string& repository_id,
                                        const oci::Digest& digest) {
  return tx.QueryAll("SELECT name FROM tag WHERE repository = $1 AND digest = $2 ORDER BY name",
                     {repository_id, digest.text()},
                     [](const db::Row& row) { return row.String(0); });
}

jobs::Event ContentEvent(std::string_view type, const RepositoryPath& path,
                         const oci::Digest& digest, const std::vector<std::string>& tags,
                         std::string_view media_type) {
  json::Object payload{{"account", json::Text(path.account.value())},
                       {"registry", json::Text(path.registry.value())},
                       {"region", json::Text(path.region)},
                       {"repository", json::Text(path.name)},
                       {"digest", json::Text(digest.text())},
                       {"tags", TagsToTell(tags)}};
  if (tags.size() > kMaxToldTags) payload["more_tags"] = tags.size() - kMaxToldTags;
  if (!media_type.empty()) payload["media_type"] = json::Text(media_type);
  return {std::string(type), std::move(payload)};
}

Result<std::vector<std::string>> SettingsOfNamespace(db::Transaction& tx,
                                                     const Namespace& name_space) {
  std::vector<std::string> present;
  for (const char* table : kNamespaceSettings) {
    BW_TRY(const auto found,
           tx.QueryOne(
               std::string("SELECT 1 FROM ") + table + " WHERE registry = $1 AND name_space = $2",
               {name_space.registry, name_space.name}, [](const db::Row&) { return true; }));
    if (found) present.emplace_back(table);
  }
  return present;
}

Result<std::vector<jobs::Event>> DeleteNamespaceContent(db::Transaction& tx,
                                                        const Namespace& name_space,
                                                        const std::string& region) {
  constexpr std::string_view kWhere =
      " WHERE repository IN (SELECT id FROM repository WHERE registry = $1 AND name_space = $2)";
  // Images first, as pushes have them first.
  for (const char* table :
       {"manifest", "tag", "manifest_reference", "absent_layer", "manifest_pull", "repository_blob",
        "lapsed_link", "trash_tag", "trash_reference", "trash_absent_layer", "trash_image"}) {
    BW_TRY_STATUS(tx.Execute(std::string("DELETE FROM ") + table + std::string(kWhere),
                             {name_space.registry, name_space.name}));
  }
  BW_TRY_STATUS(DropStoredNamespace(tx, {.account = name_space.account,
                                         .registry = name_space.registry,
                                         .name_space = name_space.name}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM repository WHERE registry = $1 AND name_space = $2",
                           {name_space.registry, name_space.name}));
  for (const char* table : kNamespaceSettings) {
    BW_TRY_STATUS(
        tx.Execute(std::string("DELETE FROM ") + table + " WHERE registry = $1 AND name_space = $2",
                   {name_space.registry, name_space.name}));
  }
  return std::vector<jobs::Event>{{std::string(event::kNamespaceDeleted),
                                   {{"account", json::Text(name_space.account.value())},
                                    {"registry", json::Text(name_space.registry.value())},
                                    {"region", json::Text(region)},
                                    {"namespace", json::Text(name_space.name)}}}};
}

}  // namespace breakwater::registry
