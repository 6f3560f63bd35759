#include "registry/stored_bytes.h"

#include <map>
#include <optional>

namespace breakwater::registry {
namespace {

struct NewBlob {
  std::string digest;
  std::int64_t size = 0;
};

Result<BookKey> NamespaceOf(db::Transaction& tx, const std::string& repository_id) {
  BW_TRY(
      auto found,
      tx.QueryOne("SELECT n.account, r.registry, r.name_space FROM repository r JOIN namespace n "
                  "ON n.registry = r.registry AND n.name = r.name_space WHERE r.id = $1",
                  {repository_id}, [](const db::Row& row) {
                    return BookKey{.account = AccountId(row.String(0)),
                                   .registry = RegistryName(row.String(1)),
                                   .name_space = row.String(2)};
                  }));
  // A repository that nobody can reach is in nobody's books.
  return found ? *std::move(found) : BookKey{};
}

BookKey WholeAccount(const BookKey& name_space) {
  return {.account = name_space.account, .registry = name_space.registry, .name_space = {}};
}

Status Change(db::Transaction& tx, const BookKey& key, std::int64_t bytes) {
  if (bytes == 0) return Ok();
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO storage_change (account, registry, name_space, bytes) "
                 "VALUES ($1, $2, $3, $4)",
                 {key.account, key.registry, key.name_space, bytes}));
  return Ok();
}

Status Insert(db::Transaction& tx, const BookKey& key, const NewBlob& blob) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO stored_blob (account, registry, digest, name_space, size) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account, registry, digest, name_space) DO NOTHING",
      {key.account, key.registry, blob.digest, key.name_space, blob.size}));
  return Ok();
}

// The size it was counted with, or nothing where it was not.
Result<std::optional<std::int64_t>> Remove(db::Transaction& tx, const BookKey& key,
                                           const std::string& digest) {
  BW_TRY(const auto size,
         tx.QueryOne("SELECT size FROM stored_blob WHERE account = $1 AND registry = $2 AND "
                     "digest = $3 AND name_space = $4",
                     {key.account, key.registry, digest, key.name_space},
                     [](const db::Row& row) { return row.Int(0); }));
  if (!size) return size;
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM stored_blob WHERE account = $1 AND registry = $2 AND "
                 "digest = $3 AND name_space = $4",
                 {key.account, key.registry, digest, key.name_space}));
  return size;
}

// Whether a manifest of the repository needs the blob.
Result<bool> NeededIn(db::Transaction& tx, const std::string& repository_id,
                      const std::string& digest) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT 1 FROM manifest_reference WHERE repository = $1 AND target = $2 AND "
                     "kind <> 2 LIMIT 1",
                     {repository_id, digest}, [](const db::Row&) { return true; }));
  return found.has_value();
}

// Whether one of the namespace does.
Result<bool> NeededInNamespace(db::Transaction& tx, const BookKey& key, const std::string& digest) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT 1 FROM repository_blob l JOIN repository r ON r.id = l.repository "
                     "WHERE l.digest = $1 AND r.registry = $2 AND r.name_space = $3 AND EXISTS "
                     "(SELECT 1 FROM manifest_reference e WHERE e.repository = l.repository AND "
                     "e.target = l.digest AND e.kind <> 2) LIMIT 1",
                     {digest, key.registry, key.name_space}, [](const db::Row&) { return true; }));
  return found.has_value();
}

Result<bool> CountedAnywhere(db::Transaction& tx, const BookKey& key, const std::string& digest) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT 1 FROM stored_blob WHERE account = $1 AND registry = $2 AND "
                     "digest = $3 AND name_space <> '' LIMIT 1",
                     {key.account, key.registry, digest}, [](const db::Row&) { return true; }));
  return found.has_value();
}

// What the rows of stored_blob should be, of blobs that are not lost. $1 account, $2 registry.
constexpr std::string_view kNeeded =
    "SELECT DISTINCT e.target AS digest, r.name_space AS name_space FROM namespace n "
    "JOIN repository r ON r.registry = n.registry AND r.name_space = n.name "
    "JOIN manifest_reference e ON e.repository = r.id AND e.kind <> 2 "
    "JOIN repository_blob l ON l.repository = e.repository AND l.digest = e.target "
    "JOIN blob b ON b.digest = e.target WHERE n.account = $1 AND n.registry = $2";

std::string NeededWithSums() {
  return "WITH needed AS (" + std::string(kNeeded) +
         "), wanted AS (SELECT digest, name_space FROM needed UNION SELECT digest, '' FROM "
         "needed) ";
}

Result<std::int64_t> CountOne(db::Transaction& tx, const std::string& sql, const BookKey& key) {
  BW_TRY(const auto count, tx.QueryOne(sql, {key.account, key.registry},
                                       [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

}  // namespace

Status AddStoredBlobs(db::Transaction& tx, const std::string& repository_id,
                      const std::string& manifest) {
  BW_TRY(const BookKey key, NamespaceOf(tx, repository_id));
  if (key.name_space.empty()) return Ok();
  BW_TRY(const auto blobs,
         tx.QueryAll(
             "SELECT DISTINCT e.target, b.size FROM manifest_reference e "
             "JOIN repository_blob l ON l.repository = e.repository AND l.digest = e.target "
             "JOIN blob b ON b.digest = e.target WHERE e.repository = $1 AND e.manifest = $2 AND "
             "e.kind <> 2 AND NOT EXISTS (SELECT 1 FROM stored_blob s WHERE s.account = $3 AND "
             "s.registry = $4 AND s.digest = e.target AND s.name_space = $5)",
             {repository_id, manifest, key.account, key.registry, key.name_space},
             [](const db::Row& row) { return NewBlob{row.String(0), row.Int(1)}; }));
  const BookKey account = WholeAccount(key);
  std::int64_t in_namespace = 0;
  std::int64_t in_account = 0;
  for (const NewBlob& blob : blobs) {
    BW_TRY(const bool counted, CountedAnywhere(tx, key, blob.digest));
    BW_TRY_STATUS(Insert(tx, key, blob));
    in_namespace += blob.size;
    if (counted) continue;
    BW_TRY_STATUS(Insert(tx, account, blob));
    in_account += blob.size;
  }
  BW_TRY_STATUS(Change(tx, key, in_namespace));
  return Change(tx, account, in_account);
}

Status DropStoredBlobs(db::Transaction& tx, const std::string& repository_id,
                       const std::vector<std::string>& digests) {
  if (digests.empty()) return Ok();
  BW_TRY(const BookKey key, NamespaceOf(tx, repository_id));
  if (key.name_space.empty()) return Ok();
  const BookKey account = WholeAccount(key);
  std::int64_t in_namespace = 0;
  std::int64_t in_account = 0;
  for (const std::string& digest : digests) {
    BW_TRY(const bool here, NeededIn(tx, repository_id, digest));
    if (here) continue;
    BW_TRY(const bool near, NeededInNamespace(tx, key, digest));
    if (near) continue;
    BW_TRY(const auto size, Remove(tx, key, digest));
    in_namespace += size.value_or(0);
    BW_TRY(const bool elsewhere, CountedAnywhere(tx, key, digest));
    if (elsewhere) continue;
    BW_TRY(const auto last, Remove(tx, account, digest));
    in_account += last.value_or(0);
  }
  BW_TRY_STATUS(Change(tx, key, -in_namespace));
  return Change(tx, account, -in_account);
}

Status DropStoredNamespace(db::Transaction& tx, const BookKey& name_space) {
  // Of those that no other namespace of the account has.
  constexpr std::string_view kOnlyHere =
      " s.account = $1 AND s.registry = $2 AND s.name_space = '' AND s.digest IN (SELECT h.digest "
      "FROM stored_blob h WHERE h.registry = $2 AND h.name_space = $3) AND NOT EXISTS (SELECT 1 "
      "FROM stored_blob o WHERE o.account = s.account AND o.registry = s.registry AND "
      "o.digest = s.digest AND o.name_space <> '' AND o.name_space <> $3)";
  const auto& [account, registry, name] = name_space;
  BW_TRY(const auto freed,
         tx.QueryOne("SELECT CAST(COALESCE(SUM(s.size), 0) AS BIGINT) FROM stored_blob s WHERE" +
                         std::string(kOnlyHere),
                     {account, registry, name}, [](const db::Row& row) { return row.Int(0); }));
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM stored_blob WHERE account = $1 AND registry = $2 AND "
                 "name_space = '' AND digest IN (SELECT s.digest FROM stored_blob s WHERE" +
                     std::string(kOnlyHere) + ")",
                 {account, registry, name}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM stored_blob WHERE registry = $1 AND name_space = $2",
                           {registry, name}));
  for (const std::string_view table : {"storage_used", "storage_change"}) {
    BW_TRY_STATUS(tx.Execute("DELETE FROM " + std::string(table) +
                                 " WHERE account = $1 AND registry = $2 AND name_space = $3",
                             {account, registry, name}));
  }
  return Change(tx, WholeAccount(name_space), -freed.value_or(0));
}

Result<std::int64_t> StoredBytes(db::Transaction& tx, const BookKey& key) {
  BW_TRY(const auto bytes,
         tx.QueryOne("SELECT COALESCE((SELECT bytes FROM storage_used WHERE account = $1 AND "
                     "registry = $2 AND name_space = $3), 0) + COALESCE((SELECT "
                     "CAST(SUM(bytes) AS BIGINT) FROM storage_change WHERE account = $1 AND "
                     "registry = $2 AND name_space = $3), 0)",
                     {key.account, key.registry, key.name_space},
                     [](const db::Row& row) { return row.Int(0); }));
  return bytes.value_or(0);
}

Result<std::vector<FoldedBytes>> FoldStoredBytes(db::Transaction& tx, std::size_t limit) {
  std::map<BookKey, std::int64_t> changes;
  std::vector<std::int64_t> ids;
  BW_TRY_STATUS(tx.Query(
      "SELECT id, account, registry, name_space, bytes FROM storage_change ORDER BY id LIMIT $1",
      {limit}, [&](const db::Row& row) -> Status {
        ids.push_back(row.Int(0));
        changes[{AccountId(row.String(1)), RegistryName(row.String(2)), row.String(3)}] +=
            row.Int(4);
        return Ok();
      }));
  std::vector<FoldedBytes> folded;
  for (const auto& [key, bytes] : changes) {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO storage_used (account, registry, name_space, bytes, warned) "
                   "VALUES ($1, $2, $3, $4, 0) ON CONFLICT (account, registry, name_space) DO "
                   "UPDATE SET bytes = storage_used.bytes + excluded.bytes",
                   {key.account, key.registry, key.name_space, bytes}));
    BW_TRY(auto now,
           tx.QueryOne("SELECT bytes, warned FROM storage_used WHERE account = $1 AND "
                       "registry = $2 AND name_space = $3",
                       {key.account, key.registry, key.name_space}, [&](const db::Row& row) {
                         return FoldedBytes{key, row.Int(0), row.Int(1)};
                       }));
    if (now) folded.push_back(*std::move(now));
  }
  for (const std::int64_t id : ids) {
    BW_TRY_STATUS(tx.Execute("DELETE FROM storage_change WHERE id = $1", {id}));
  }
  return folded;
}

Status SetStorageWarned(db::Transaction& tx, const BookKey& key, std::int64_t percent) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE storage_used SET warned = $4 WHERE account = $1 AND "
                 "registry = $2 AND name_space = $3",
                 {key.account, key.registry, key.name_space, percent}));
  return Ok();
}

Result<std::vector<BookKey>> StoredBooks(db::Transaction& tx) {
  return tx.QueryAll(
      "SELECT account, registry FROM namespace UNION SELECT account, registry FROM stored_blob "
      "UNION SELECT account, registry FROM storage_used UNION SELECT account, registry FROM "
      "storage_change ORDER BY 1, 2",
      {}, [](const db::Row& row) {
        return BookKey{AccountId(row.String(0)), RegistryName(row.String(1)), {}};
      });
}

Result<std::string> CheckStoredBooks(db::Transaction& tx, const BookKey& account) {
  const std::string with = NeededWithSums();
  BW_TRY(const std::int64_t missing,
         CountOne(tx,
                  with + "SELECT COUNT(*) FROM wanted w WHERE NOT EXISTS (SELECT 1 FROM "
                         "stored_blob s WHERE s.account = $1 AND s.registry = $2 AND "
                         "s.digest = w.digest AND s.name_space = w.name_space)",
                  account));
  if (missing > 0) return std::to_string(missing) + " blobs that images need are not counted";
  BW_TRY(const std::int64_t wanted, CountOne(tx, with + "SELECT COUNT(*) FROM wanted", account));
  BW_TRY(const std::int64_t there,
         CountOne(tx,
                  "SELECT COUNT(*) FROM stored_blob s JOIN blob b ON b.digest = s.digest WHERE "
                  "s.account = $1 AND s.registry = $2",
                  account));
  if (there > wanted) {
    return std::to_string(there - wanted) + " blobs are counted that no image needs";
  }
  BW_TRY(const std::int64_t wrong,
         CountOne(tx,
                  "SELECT COUNT(*) FROM stored_blob s JOIN blob b ON b.digest = s.digest "
                  "WHERE s.account = $1 AND s.registry = $2 AND s.size <> b.size",
                  account));
  if (wrong > 0) return std::to_string(wrong) + " blobs are counted with another size";
  BW_TRY(const std::int64_t sums,
         CountOne(tx,
                  "WITH entry AS (SELECT name_space, size AS bytes FROM stored_blob WHERE "
                  "account = $1 AND registry = $2 UNION ALL SELECT name_space, -bytes FROM "
                  "storage_used WHERE account = $1 AND registry = $2 UNION ALL SELECT name_space, "
                  "-bytes FROM storage_change WHERE account = $1 AND registry = $2) "
                  "SELECT COUNT(*) FROM (SELECT name_space FROM entry GROUP BY name_space "
                  "HAVING SUM(bytes) <> 0) unbalanced",
                  account));
  if (sums > 0) return std::to_string(sums) + " sums are not those of what is counted";
  return std::string();
}

Status RebuildStoredBooks(db::Transaction& tx, const BookKey& account) {
  for (const std::string_view table : {"stored_blob", "storage_used", "storage_change"}) {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM " + std::string(table) + " WHERE account = $1 AND registry = $2",
                   {account.account, account.registry}));
  }
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO stored_blob (account, registry, digest, name_space, size) " + NeededWithSums() +
          "SELECT $1, $2, w.digest, w.name_space, b.size FROM wanted w JOIN blob b ON "
          "b.digest = w.digest",
      {account.account, account.registry}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO storage_used (account, registry, name_space, bytes, warned) "
                 "SELECT account, registry, name_space, CAST(SUM(size) AS BIGINT), 0 FROM "
                 "stored_blob WHERE account = $1 AND registry = $2 GROUP BY account, registry, "
                 "name_space",
                 {account.account, account.registry}));
  return Ok();
}

}  // namespace breakwater::registry
