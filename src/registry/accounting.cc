#include "registry/accounting.h"

#include <set>

#include "registry/blob_removal.h"

namespace breakwater::registry {
namespace {

constexpr std::size_t kBatch = 1000;

// $1 account, $2 registry, $3 namespace, $4 repository, or empty.
//
// live: manifests that a tag leads to, over children of indexes and over subjects. UNION keeps each
// once, so that indexes that share children, or name each other, are walked once.
constexpr std::string_view kScopeAndLive =
    "WITH RECURSIVE scope AS (SELECT r.id AS id FROM namespace n JOIN repository r "
    "ON r.registry = n.registry AND r.name_space = n.name WHERE ($1 = '' OR n.account = $1) "
    "AND ($2 = '' OR r.registry = $2) AND ($3 = '' OR r.name_space = $3) "
    "AND ($4 = '' OR r.name = $4)), "
    "edge AS (SELECT repository, manifest AS source, target FROM manifest_reference WHERE kind = 2 "
    "UNION ALL SELECT repository, subject, digest FROM manifest WHERE subject IS NOT NULL), "
    "live AS (SELECT t.repository AS repository, t.digest AS digest FROM scope s "
    "JOIN tag t ON t.repository = s.id "
    "UNION SELECT v.repository, e.target FROM live v "
    "JOIN edge e ON e.repository = v.repository AND e.source = v.digest) ";

// `o` is of another repository of the account. What other accounts have is nobody else's business:
// whoever holds a blob would learn from it who else does.
constexpr std::string_view kElsewhere =
    "o.repository NOT IN (SELECT id FROM scope) AND EXISTS (SELECT 1 FROM repository p "
    "JOIN namespace q ON q.registry = p.registry AND q.name = p.name_space "
    "WHERE p.id = o.repository AND q.account = $1)";

// As rows name it.
std::string Number(StorageState state) {
  return std::to_string(static_cast<int>(state));
}

// By state: how many blobs, their bytes, and those of them that the account's repositories outside
// the scope hold. States are numbers of StorageState; $5 is the time.
std::string BlobsByState() {
  const std::string live = Number(StorageState::kLive);
  const std::string untagged = Number(StorageState::kUntagged);
  return std::string(kScopeAndLive) +
         ", used AS (SELECT e.repository AS repository, e.target AS digest, "
         "MIN(CASE WHEN v.digest IS NULL THEN " +
         untagged + " ELSE " + live +
         " END) AS state FROM scope s "
         "JOIN manifest_reference e ON e.repository = s.id AND e.kind <> 2 "
         "LEFT JOIN live v ON v.repository = e.repository AND v.digest = e.manifest "
         "GROUP BY e.repository, e.target), "
         // Live in several repositories, each of which has one row here: shared.
         "held AS (SELECT x.digest AS digest, CASE WHEN SUM(CASE WHEN x.state = " +
         live + " THEN 1 ELSE 0 END) > 1 THEN " + Number(StorageState::kShared) +
         " ELSE MIN(x.state) END AS state FROM (SELECT l.digest AS digest, "
         "CASE WHEN u.state IS NOT NULL THEN u.state WHEN l.leased_until > $5 THEN " +
         Number(StorageState::kLeased) + " ELSE " + Number(StorageState::kUnreferenced) +
         " END AS state FROM scope s JOIN repository_blob l ON l.repository = s.id "
         "LEFT JOIN used u ON u.repository = l.repository AND u.digest = l.digest "
         "UNION ALL SELECT t.target, " +
         Number(StorageState::kTrash) +
         " FROM scope s JOIN trash_reference t ON t.repository = s.id "
         "AND t.kind <> 2) x GROUP BY x.digest) "
         "SELECT h.state, COUNT(*), CAST(SUM(b.size) AS BIGINT), "
         "CAST(SUM(CASE WHEN EXISTS (SELECT 1 FROM repository_blob o WHERE o.digest = h.digest "
         "AND " +
         std::string(kElsewhere) +
         ") OR EXISTS (SELECT 1 FROM trash_reference o WHERE o.target = h.digest AND o.kind <> 2 "
         "AND " +
         std::string(kElsewhere) +
         ") THEN b.size ELSE 0 END) AS BIGINT) "
         "FROM held h JOIN blob b ON b.digest = h.digest GROUP BY h.state";
}

std::string ManifestsByState() {
  return std::string(kScopeAndLive) + "SELECT CASE WHEN v.digest IS NULL THEN " +
         Number(StorageState::kUntagged) + " ELSE " + Number(StorageState::kLive) +
         " END AS state, COUNT(*), "
         "CAST(SUM(length(m.content)) AS BIGINT) FROM scope s "
         "JOIN manifest m ON m.repository = s.id "
         "LEFT JOIN live v ON v.repository = m.repository AND v.digest = m.digest GROUP BY 1 "
         "UNION ALL SELECT " +
         Number(StorageState::kTrash) +
         ", COUNT(*), CAST(COALESCE(SUM(length(t.content)), 0) AS BIGINT) "
         "FROM scope s JOIN trash_image t ON t.repository = s.id";
}

// $1 to $4 as above; after $5 and $6, at most $7.
std::string NamesOfParts(StoragePart part) {
  const std::string name = part == StoragePart::kNamespace    ? "r.name_space"
                           : part == StoragePart::kRepository ? "r.name"
                                                              : "''";
  return "SELECT DISTINCT r.registry, " + name +
         " FROM namespace n JOIN repository r ON r.registry = n.registry AND r.name_space = n.name "
         "WHERE ($1 = '' OR n.account = $1) AND ($2 = '' OR r.registry = $2) "
         "AND ($3 = '' OR r.name_space = $3) AND ($4 = '' OR r.name = $4) "
         "AND (r.registry > $5 OR (r.registry = $5 AND " +
         name + " > $6)) ORDER BY 1, 2 LIMIT $7";
}

StorageAmount& At(StorageAmounts& amounts, StorageState state) {
  return amounts.at(static_cast<std::size_t>(state));
}

Status AddContent(db::Transaction& tx, const StorageScope& scope, Timestamp now,
                  StorageAmounts& amounts) {
  BW_TRY_STATUS(tx.Query(BlobsByState(),
                         {scope.account, scope.registry, scope.name_space, scope.repository, now},
                         [&](const db::Row& row) -> Status {
                           StorageAmount& amount = amounts.at(static_cast<std::size_t>(row.Int(0)));
                           amount.blobs = row.Int(1);
                           amount.blob_bytes = static_cast<std::uint64_t>(row.Int(2));
                           amount.shared_bytes = static_cast<std::uint64_t>(row.Int(3));
                           return Ok();
                         }));
  return tx.Query(ManifestsByState(),
                  {scope.account, scope.registry, scope.name_space, scope.repository},
                  [&](const db::Row& row) -> Status {
                    StorageAmount& amount = amounts.at(static_cast<std::size_t>(row.Int(0)));
                    amount.manifests = row.Int(1);
                    amount.manifest_bytes = static_cast<std::uint64_t>(row.Int(2));
                    return Ok();
                  });
}

// Blobs that nothing of an account holds: segments of the audit trail, or waiting for the
// collection.
Status AddUnlinked(db::Transaction& tx, StorageAmounts& amounts) {
  return tx.Query(
      "SELECT CASE WHEN EXISTS (SELECT 1 FROM audit_segment s WHERE s.digest = b.digest) THEN 1 "
      "ELSE 0 END AS segment, COUNT(*), CAST(COALESCE(SUM(b.size), 0) AS BIGINT) FROM blob b "
      "WHERE NOT EXISTS (SELECT 1 FROM repository_blob l WHERE l.digest = b.digest) AND NOT EXISTS "
      "(SELECT 1 FROM trash_reference t WHERE t.target = b.digest AND t.kind <> 2) GROUP BY 1",
      {}, [&](const db::Row& row) -> Status {
        StorageAmount& amount =
            At(amounts, row.Bool(0) ? StorageState::kAudit : StorageState::kUnreferenced);
        amount.blobs += row.Int(1);
        amount.blob_bytes += static_cast<std::uint64_t>(row.Int(2));
        return Ok();
      });
}

}  // namespace

std::string_view ToString(StorageState state) {
  switch (state) {
    case StorageState::kLive: return "live";
    case StorageState::kUntagged: return "untagged";
    case StorageState::kLeased: return "leased";
    case StorageState::kTrash: return "trash";
    case StorageState::kUnreferenced: return "unreferenced";
    case StorageState::kUploading: return "uploading";
    case StorageState::kOrphaned: return "orphaned";
    case StorageState::kAudit: return "audit";
    case StorageState::kShared: return "shared";
  }
  BW_UNREACHABLE();
}

std::uint64_t TotalBytes(const StorageAmounts& amounts) {
  std::uint64_t total = 0;
  for (const StorageAmount& amount : amounts) total += amount.bytes();
  return total;
}

Result<Accounting::Staging> Accounting::StagedBytes() const {
  Staging staging;
  BW_TRY_STATUS(store_.ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
    staging[info.id] = info.size;
    return Ok();
  }));
  return staging;
}

Status Accounting::AddUploads(db::Transaction& tx, const StorageScope& scope,
                              const Staging& staging, StorageAmounts& amounts) const {
  return tx.Query(
      "SELECT staged, length(buffered) FROM upload WHERE ($1 = '' OR account = $1) "
      "AND ($2 = '' OR registry = $2) AND ($3 = '' OR name_space = $3) "
      "AND ($4 = '' OR repository = $4)",
      {scope.account, scope.registry, scope.name_space, scope.repository},
      [&](const db::Row& row) -> Status {
        StorageAmount& amount = At(amounts, StorageState::kUploading);
        ++amount.blobs;
        amount.blob_bytes += static_cast<std::uint64_t>(row.Int(1));
        const auto staged = staging.find(row.String(0));
        if (staged != staging.end()) amount.blob_bytes += staged->second;
        return Ok();
      });
}

Result<StorageAmounts> Accounting::Of(const StorageScope& scope) const {
  BW_TRY(const Staging staging, StagedBytes());
  return Of(scope, staging);
}

Result<StorageAmounts> Accounting::Of(const StorageScope& scope, const Staging& staging) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<StorageAmounts> {
    StorageAmounts amounts{};
    BW_TRY_STATUS(AddContent(tx, scope, clock_.Now(), amounts));
    BW_TRY_STATUS(AddUploads(tx, scope, staging, amounts));
    return amounts;
  });
}

Result<std::vector<StoragePartAmounts>> Accounting::PartsOf(const StorageScope& scope,
                                                            StoragePart part,
                                                            const StoragePartAmounts& after) const {
  BW_TRY(const Staging staging, StagedBytes());
  BW_TRY(auto parts, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(NamesOfParts(part),
                       {scope.account, scope.registry, scope.name_space, scope.repository,
                        after.registry, after.name, kMaxStorageParts},
                       [](const db::Row& row) {
                         return StoragePartAmounts{.registry = row.String(0),
                                                   .name = row.String(1)};
                       });
  }));
  for (StoragePartAmounts& one : parts) {
    StorageScope narrower = scope;
    narrower.registry = one.registry;
    if (part == StoragePart::kNamespace) narrower.name_space = one.name;
    if (part == StoragePart::kRepository) narrower.repository = one.name;
    BW_TRY(one.amounts, Of(narrower, staging));
  }
  return parts;
}

Result<StorageAmounts> Accounting::OfInstallation() const {
  BW_TRY(const Staging staging, StagedBytes());
  BW_TRY(StorageAmounts amounts,
         database_.ReadValue([&](db::Transaction& tx) -> Result<StorageAmounts> {
           StorageAmounts all{};
           BW_TRY_STATUS(AddContent(tx, {}, clock_.Now(), all));
           BW_TRY_STATUS(AddUnlinked(tx, all));
           BW_TRY_STATUS(AddUploads(tx, {}, staging, all));
           StorageAmount& orphaned = At(all, StorageState::kOrphaned);
           for (const auto& [id, size] : staging) {
             BW_TRY(const auto owner, tx.QueryOne("SELECT 1 FROM upload WHERE staged = $1", {id},
                                                  [](const db::Row&) { return true; }));
             if (owner) continue;
             ++orphaned.blobs;
             orphaned.blob_bytes += size;
           }
           return all;
         }));
  BW_TRY_STATUS(AddOrphans(amounts));
  return amounts;
}

Status Accounting::AddOrphans(StorageAmounts& amounts) const {
  std::vector<std::pair<oci::Digest, std::uint64_t>> batch;
  StorageAmount& orphaned = At(amounts, StorageState::kOrphaned);
  const auto look_up = [&]() -> Status {
    BW_TRY(const StorageAmount found,
           database_.ReadValue([&](db::Transaction& tx) -> Result<StorageAmount> {
             StorageAmount unknown;
             for (const auto& [digest, size] : batch) {
               BW_TRY(const bool known, StoreHolds(tx, digest));
               if (known) continue;
               ++unknown.blobs;
               unknown.blob_bytes += size;
             }
             return unknown;
           }));
    orphaned.blobs += found.blobs;
    orphaned.blob_bytes += found.blob_bytes;
    batch.clear();
    return Ok();
  };
  BW_TRY_STATUS(store_.List([&](const oci::Digest& digest, std::uint64_t size) -> Status {
    batch.emplace_back(digest, size);
    return batch.size() < kBatch ? Ok() : look_up();
  }));
  return look_up();
}

Status Accounting::Measure() {
  BW_TRY(const StorageAmounts amounts, OfInstallation());
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM storage_measured"));
    for (const StorageState state : kStorageStates) {
      BW_TRY_STATUS(tx.Execute(
          "INSERT INTO storage_measured (state, bytes, measured) VALUES ($1, $2, $3)",
          {ToString(state), amounts.at(static_cast<std::size_t>(state)).bytes(), clock_.Now()}));
    }
    return Ok();
  });
}

Status Accounting::MeasureIfOlder(std::chrono::seconds age) {
  BW_TRY(const auto recent, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        "SELECT 1 FROM storage_measured WHERE measured > $1 AND bytes > 0 AND state <> $2 LIMIT 1",
        {clock_.Now() - age, ToString(StorageState::kAudit)}, [](const db::Row&) { return true; });
  }));
  return recent ? Ok() : Measure();
}

Result<std::vector<Accounting::Measured>> Accounting::Latest() const {
  return database_.ReadValue([](db::Transaction& tx) -> Result<std::vector<Measured>> {
    std::vector<Measured> all;
    BW_TRY_STATUS(tx.Query("SELECT state, bytes FROM storage_measured", {},
                           [&](const db::Row& row) -> Status {
                             for (const StorageState state : kStorageStates) {
                               if (ToString(state) != row.Text(0)) continue;
                               all.push_back({state, static_cast<std::uint64_t>(row.Int(1))});
                             }
                             return Ok();
                           }));
    return all;
  });
}

}  // namespace breakwater::registry
