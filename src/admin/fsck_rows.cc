#include <set>

#include "admin/fsck_checks.h"
#include "oci/manifest.h"
#include "registry/absent_layers.h"
#include "registry/manifest_rows.h"

namespace breakwater::admin {
namespace {

using registry::ManifestReference;
using registry::ManifestRows;

// Manifests may have 4 MiB each.
constexpr std::size_t kManifestPage = 16;
constexpr std::size_t kPage = 500;

struct ManifestOfRow {
  std::string repository;
  std::string digest;
  ManifestRows rows;  // without references
  std::string content;
};

ManifestOfRow ManifestFromRow(const db::Row& row) {
  const auto text = [&](int column) {
    return row.IsNull(column) ? std::nullopt : std::optional(row.String(column));
  };
  return {.repository = row.String(0),
          .digest = row.String(1),
          .rows = {.media_type = row.String(2),
                   .artifact_type = row.String(3),
                   .config_digest = text(4),
                   .content_size = row.Int(5),
                   .subject = text(6),
                   .referrer = text(7),
                   .references = {}},
          .content = std::string(AsText(row.Blob(8)))};
}

// What the manifest refers to, absent layers too.
Result<std::vector<ManifestReference>> ReferencesIn(db::Transaction& tx,
                                                    const ManifestOfRow& manifest) {
  return tx.QueryAll(
      "SELECT kind, target, size FROM manifest_reference WHERE repository = $1 AND manifest = $2 "
      "UNION ALL SELECT 1, digest, size FROM absent_layer WHERE repository = $1 AND manifest = $2 "
      "ORDER BY 1, 2",
      {manifest.repository, manifest.digest}, [](const db::Row& row) {
        return ManifestReference{static_cast<registry::ReferenceKind>(row.Int(0)), row.String(1),
                                 row.Int(2)};
      });
}

Status RemoveManifest(FsckRun& run, const ManifestOfRow& manifest) {
  return run.database.Write([&](db::Transaction& tx) {
    return registry::DeleteManifestRows(tx, manifest.repository, manifest.digest, run.clock.Now());
  });
}

// Of these layers, those that neither have a reference nor are the repository's by a link. They are
// never made its own: it may not have had them.
Result<std::set<oci::Digest>> StillAbsent(db::Transaction& tx, const ManifestOfRow& manifest,
                                          const ManifestRows& rows) {
  std::set<oci::Digest> absent;
  for (const ManifestReference& row : rows.references) {
    if (row.kind != registry::ReferenceKind::kLayer) continue;
    BW_TRY(const auto had,
           tx.QueryOne("SELECT 1 FROM manifest_reference WHERE repository = $1 AND manifest = $2 "
                       "AND kind = 1 AND target = $3 UNION ALL SELECT 1 FROM repository_blob WHERE "
                       "repository = $1 AND digest = $3 LIMIT 1",
                       {manifest.repository, manifest.digest, row.target},
                       [](const db::Row&) { return true; }));
    if (had) continue;
    BW_TRY(oci::Digest digest, oci::Digest::Parse(row.target));
    absent.insert(std::move(digest));
  }
  return absent;
}

Status MakeRowsAgain(FsckRun& run, const ManifestOfRow& manifest, const ManifestRows& rows) {
  return run.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("UPDATE manifest SET media_type = $3, artifact_type = $4, "
                   "config_digest = $5, content_size = $6, subject = $7, referrer = $8 "
                   "WHERE repository = $1 AND digest = $2",
                   {manifest.repository, manifest.digest, rows.media_type, rows.artifact_type,
                    rows.config_digest, rows.content_size, rows.subject, rows.referrer}));
    BW_TRY(const auto absent, StillAbsent(tx, manifest, rows));
    BW_TRY_STATUS(registry::DeleteReferences(tx, manifest.repository, manifest.digest));
    return registry::InsertReferences(tx, manifest.repository, manifest.digest, rows.references,
                                      absent);
  });
}

Status CheckManifest(FsckRun& run, ManifestOfRow& manifest) {
  ++run.summary.manifests;
  const auto digest = oci::Digest::Parse(manifest.digest);
  FsckFinding finding{.problem = "manifest_damaged",
                      .what = manifest.digest,
                      .text = "a manifest's bytes are not those that were pushed"};
  if (!digest.ok() || oci::Digest::Of(AsBytes(manifest.content), digest->algorithm()) != *digest) {
    BW_TRY(finding.images, ImagesOf(run.database, manifest.repository, manifest.digest));
    return run.Report(std::move(finding), /*lost=*/true,
                      [&] { return RemoveManifest(run, manifest); });
  }
  const auto parsed = oci::ParseManifest(manifest.content, manifest.rows.media_type);
  if (!parsed.ok()) {
    finding.problem = "manifest_unreadable";
    finding.text = "a manifest is none: " + parsed.error().message();
    BW_TRY(finding.images, ImagesOf(run.database, manifest.repository, manifest.digest));
    return run.Report(std::move(finding), /*lost=*/true, nullptr);
  }
  BW_TRY(manifest.rows.references,
         run.database.ReadValue([&](db::Transaction& tx) { return ReferencesIn(tx, manifest); }));
  const ManifestRows rows = registry::RowsOf(*parsed, *digest, manifest.content.size());
  if (rows == manifest.rows) return Ok();
  finding.problem = "manifest_rows_wrong";
  finding.text = "what is noted of a manifest is not what it says";
  BW_TRY(finding.images, ImagesOf(run.database, manifest.repository, manifest.digest));
  return run.Report(std::move(finding), /*lost=*/false,
                    [&] { return MakeRowsAgain(run, manifest, rows); });
}

struct TrashOfRow {
  std::string repository;
  std::string digest;
  std::string content;
};

Status CheckTrashed(FsckRun& run, const TrashOfRow& trashed) {
  const auto digest = oci::Digest::Parse(trashed.digest);
  if (digest.ok() && oci::Digest::Of(AsBytes(trashed.content), digest->algorithm()) == *digest) {
    return Ok();
  }
  const auto remove = [&](db::Transaction& tx) -> Status {
    for (const char* sql :
         {"DELETE FROM trash_tag WHERE repository = $1 AND digest = $2",
          "DELETE FROM trash_reference WHERE repository = $1 AND manifest = $2",
          "DELETE FROM trash_absent_layer WHERE repository = $1 AND manifest = $2",
          "DELETE FROM trash_image WHERE repository = $1 AND digest = $2"}) {
      BW_TRY_STATUS(tx.Execute(sql, {trashed.repository, trashed.digest}));
    }
    return Ok();
  };
  return run.Report({.problem = "trash_damaged",
                     .what = trashed.digest,
                     .text = "a deleted image's manifest is not what was pushed: it cannot be "
                             "restored"},
                    /*lost=*/true, [&] { return run.database.Write(remove); });
}

// Rows of one kind that name what is not there.
struct Dangling {
  std::string_view problem;
  std::string_view text;
  // Gives two keys in order, which the row is deleted by, and what to call it. $1 and $2 are the
  // keys to go on after.
  std::string select;
  std::string repair;    // takes the keys
  bool stamped = false;  // and the time as $3
};

// "registry/name", or the id of a repository that is not there.
constexpr std::string_view kRepositoryName =
    "CASE WHEN r.id IS NULL THEN x.repository ELSE r.registry || '/' || r.name END";

std::string Select(std::string_view table, std::string_view key, std::string_view mark,
                   std::string_view missing) {
  const std::string column = "x." + std::string(key);
  return "SELECT x.repository, " + column + ", " + std::string(kRepositoryName) + " || '" +
         std::string(mark) + "' || " + column + " FROM " + std::string(table) +
         " x LEFT JOIN repository r ON r.id = x.repository WHERE (x.repository > $1 OR "
         "(x.repository = $1 AND " +
         column + " > $2)) AND " + std::string(missing) + " ORDER BY x.repository, " + column +
         " LIMIT $3";
}

std::string DeleteFrom(std::string_view table, std::string_view key) {
  return "DELETE FROM " + std::string(table) + " WHERE repository = $1 AND " + std::string(key) +
         " = $2";
}

std::vector<Dangling> Kinds() {
  constexpr std::string_view kNoRepository = "r.id IS NULL";
  constexpr std::string_view kNoTrashed =
      "NOT EXISTS (SELECT 1 FROM trash_image i WHERE i.repository = x.repository AND "
      "i.digest = x.digest)";
  constexpr std::string_view kOfNone = "it belongs to a repository that is not there";
  return {
      {"row_of_no_repository", kOfNone, Select("tag", "name", ":", kNoRepository),
       DeleteFrom("tag", "name")},
      {"row_of_no_repository", kOfNone, Select("manifest", "digest", "@", kNoRepository),
       DeleteFrom("manifest", "digest")},
      {"row_of_no_repository", kOfNone, Select("repository_blob", "digest", "@", kNoRepository),
       DeleteFrom("repository_blob", "digest")},
      {"row_of_no_repository", kOfNone, Select("lapsed_link", "digest", "@", kNoRepository),
       DeleteFrom("lapsed_link", "digest")},
      {"row_of_no_repository", kOfNone, Select("trash_image", "digest", "@", kNoRepository),
       DeleteFrom("trash_image", "digest")},
      {"trash_of_no_image", "a tag is noted for a deleted image that is not there",
       Select("(SELECT DISTINCT repository, digest FROM trash_tag)", "digest", "@", kNoTrashed),
       DeleteFrom("trash_tag", "digest")},
      {"trash_of_no_image", "what a deleted image refers to is noted, and it is not there",
       Select("(SELECT DISTINCT repository, manifest AS digest FROM trash_reference)", "digest",
              "@", kNoTrashed),
       DeleteFrom("trash_reference", "manifest")},
      {"trash_of_no_image", "what a deleted image lacked is noted, and it is not there",
       Select("(SELECT DISTINCT repository, manifest AS digest FROM trash_absent_layer)", "digest",
              "@", kNoTrashed),
       DeleteFrom("trash_absent_layer", "manifest")},
      {"tag_without_manifest", "the manifest that a tag names is gone: push the image again",
       Select("tag", "name", ":",
              "NOT EXISTS (SELECT 1 FROM manifest m WHERE m.repository = x.repository AND "
              "m.digest = x.digest)"),
       DeleteFrom("tag", "name")},
      {"reference_of_no_manifest", "what a manifest refers to is noted, and it is not there",
       Select("(SELECT DISTINCT repository, manifest FROM manifest_reference)", "manifest", "@",
              "NOT EXISTS (SELECT 1 FROM manifest m WHERE m.repository = x.repository AND "
              "m.digest = x.manifest)"),
       DeleteFrom("manifest_reference", "manifest")},
      {"reference_of_no_manifest", "what a manifest lacks is noted, and it is not there",
       Select("(SELECT DISTINCT repository, manifest FROM absent_layer)", "manifest", "@",
              "NOT EXISTS (SELECT 1 FROM manifest m WHERE m.repository = x.repository AND "
              "m.digest = x.manifest)"),
       DeleteFrom("absent_layer", "manifest")},
      {"link_missing", "a manifest's blob is not noted as its repository's",
       Select("(SELECT DISTINCT repository, target FROM manifest_reference WHERE kind <> 2)",
              "target", "@",
              "EXISTS (SELECT 1 FROM blob b WHERE b.digest = x.target) AND NOT EXISTS (SELECT 1 "
              "FROM repository_blob l WHERE l.repository = x.repository AND l.digest = x.target)"),
       "INSERT INTO repository_blob (repository, digest, linked, leased_until) VALUES ($1, $2, $3, "
       "$3)",
       /*stamped=*/true},
      {"link_without_blob", "a repository has a blob that is not there, and no manifest needs it",
       Select(
           "repository_blob", "digest", "@",
           "NOT EXISTS (SELECT 1 FROM blob b WHERE b.digest = x.digest) AND NOT EXISTS (SELECT 1 "
           "FROM manifest_reference e WHERE e.repository = x.repository AND e.target = x.digest "
           "AND e.kind <> 2)"),
       DeleteFrom("repository_blob", "digest")},
  };
}

Status CheckKind(FsckRun& run, const Dangling& kind) {
  struct Row {
    std::string repository;
    std::string key;
    std::string name;
  };
  const auto page = [&](db::Transaction& tx, const Row& after) {
    return tx.QueryAll(kind.select, {after.repository, after.key, kPage}, [](const db::Row& row) {
      return Row{row.String(0), row.String(1), row.String(2)};
    });
  };
  return ForEachRow<Row>(run.database, kPage, page, [&](const Row& row) {
    const auto repair = [&](db::Transaction& tx) -> Status {
      const db::Param all[] = {row.repository, row.key, run.clock.Now()};
      BW_TRY_STATUS(tx.ExecuteWith(kind.repair, std::span(all).first(kind.stamped ? 3 : 2)));
      return Ok();
    };
    return run.Report(
        {.problem = std::string(kind.problem), .what = row.name, .text = std::string(kind.text)},
        /*lost=*/false, [&] { return run.database.Write(repair); });
  });
}

// Layers that are noted as absent and are there. (The others may be absent: they are counted.)
Status CheckAbsentLayers(FsckRun& run) {
  struct Row {
    std::string repository;
    std::string digest;
    std::string name;
  };
  const auto page = [](db::Transaction& tx, const Row& after) {
    return tx.QueryAll(
        Select("(SELECT DISTINCT repository, digest FROM absent_layer)", "digest", "@",
               "EXISTS (SELECT 1 FROM repository_blob l JOIN blob b ON b.digest = l.digest WHERE "
               "l.repository = x.repository AND l.digest = x.digest)"),
        {after.repository, after.digest, kPage},
        [](const db::Row& row) { return Row{row.String(0), row.String(1), row.String(2)}; });
  };
  BW_TRY_STATUS(ForEachRow<Row>(run.database, kPage, page, [&](const Row& row) {
    const auto repair = [&](db::Transaction& tx) -> Status {
      BW_TRY(const auto completed, registry::FillAbsentLayers(tx, row.repository, row.digest));
      static_cast<void>(completed);  // the next import of advisories finds them
      return Ok();
    };
    return run.Report({.problem = "absent_layer_present",
                       .what = row.name,
                       .text = "images lack a layer by the rows, and the repository has it"},
                      /*lost=*/false, [&] { return run.database.Write(repair); });
  }));
  return run.database.Read([&](db::Transaction& tx) {
    return tx.Query(
        "SELECT COUNT(*), CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM (SELECT COUNT(*) AS n FROM "
        "absent_layer GROUP BY repository, manifest) sparse",
        {}, [&](const db::Row& row) -> Status {
          run.summary.sparse_images = row.Int(0);
          run.summary.absent_layers = row.Int(1);
          return Ok();
        });
  });
}

// Blobs that manifests need and that no row knows.
Status CheckNeededBlobs(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const std::string& after) {
    return tx.QueryAll(
        "SELECT DISTINCT e.target FROM manifest_reference e JOIN manifest m ON m.repository = "
        "e.repository AND m.digest = e.manifest WHERE e.kind <> 2 AND e.target > $1 AND NOT "
        "EXISTS (SELECT 1 FROM blob b WHERE b.digest = e.target) UNION SELECT t.target FROM "
        "trash_reference t WHERE t.kind <> 2 AND t.target > $1 AND NOT EXISTS (SELECT 1 FROM blob "
        "b "
        "WHERE b.digest = t.target) ORDER BY 1 LIMIT $2",
        {after, kPage}, [](const db::Row& row) { return row.String(0); });
  };
  return ForEachRow<std::string>(
      run.database, kPage, page, [&](const std::string& digest) -> Status {
        if (run.bad_blobs.contains(digest)) return Ok();
        FsckFinding finding{
            .problem = "blob_missing", .what = digest, .text = "its bytes are gone, and its row"};
        BW_TRY(finding.images, ImagesWithBlob(run.database, digest));
        return run.Report(std::move(finding), /*lost=*/true, nullptr);
      });
}

Status CheckRepositories(FsckRun& run) {
  struct Row {
    std::string registry;
    std::string name;
  };
  const auto page = [](db::Transaction& tx, const Row& after) {
    return tx.QueryAll(
        "SELECT r.registry, r.name FROM repository r WHERE NOT EXISTS (SELECT 1 FROM "
        "namespace n WHERE n.registry = r.registry AND n.name = r.name_space) AND "
        "(r.registry > $1 OR (r.registry = $1 AND r.name > $2)) "
        "ORDER BY r.registry, r.name LIMIT $3",
        {after.registry, after.name, kPage},
        [](const db::Row& row) { return Row{row.String(0), row.String(1)}; });
  };
  return ForEachRow<Row>(run.database, kPage, page, [&](const Row& row) {
    return run.Report({.problem = "repository_without_namespace",
                       .what = row.registry + "/" + row.name,
                       .text = "nobody can reach it: make the namespace again"},
                      /*lost=*/true, nullptr);
  });
}

}  // namespace

Status CheckManifests(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const ManifestOfRow& after) {
    return tx.QueryAll(
        "SELECT repository, digest, media_type, artifact_type, config_digest, content_size, "
        "subject, referrer, content FROM manifest WHERE repository > $1 OR (repository = $1 AND "
        "digest > $2) ORDER BY repository, digest LIMIT $3",
        {after.repository, after.digest, kManifestPage}, ManifestFromRow);
  };
  return ForEachRow<ManifestOfRow>(run.database, kManifestPage, page, [&](ManifestOfRow& manifest) {
    return CheckManifest(run, manifest);
  });
}

Status CheckTrash(FsckRun& run) {
  const auto page = [](db::Transaction& tx, const TrashOfRow& after) {
    return tx.QueryAll(
        "SELECT repository, digest, content FROM trash_image WHERE repository > $1 OR "
        "(repository = $1 AND digest > $2) ORDER BY repository, digest LIMIT $3",
        {after.repository, after.digest, kManifestPage}, [](const db::Row& row) {
          return TrashOfRow{row.String(0), row.String(1), std::string(AsText(row.Blob(2)))};
        });
  };
  return ForEachRow<TrashOfRow>(run.database, kManifestPage, page, [&](const TrashOfRow& trashed) {
    return CheckTrashed(run, trashed);
  });
}

Status CheckNames(FsckRun& run) {
  for (const Dangling& kind : Kinds()) BW_TRY_STATUS(CheckKind(run, kind));
  BW_TRY_STATUS(CheckAbsentLayers(run));
  BW_TRY_STATUS(CheckNeededBlobs(run));
  return CheckRepositories(run);
}

}  // namespace breakwater::admin
