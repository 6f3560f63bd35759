#include "registry/absent_layers.h"

#include <iterator>
#include <set>
#include <utility>

#include "registry/content.h"
#include "registry/stored_bytes.h"

namespace breakwater::registry {
namespace {

Result<bool> HasBlob(db::Transaction& tx, const std::string& repository_id,
                     const oci::Digest& digest) {
  BW_TRY(const auto linked,
         tx.QueryOne("SELECT 1 FROM repository_blob l JOIN blob b ON b.digest = l.digest "
                     "WHERE l.repository = $1 AND l.digest = $2",
                     {repository_id, digest.text()}, [](const db::Row&) { return true; }));
  return linked.has_value();
}

}  // namespace

Result<std::vector<oci::Digest>> AbsentBlobs(db::Transaction& tx, const std::string& repository_id,
                                             const oci::Manifest& manifest) {
  std::vector<oci::Digest> absent;
  for (const oci::Descriptor& blob : manifest.RequiredBlobs()) {
    BW_TRY(const bool there, HasBlob(tx, repository_id, blob.digest));
    if (!there) absent.push_back(blob.digest);
  }
  return absent;
}

Result<bool> WasThere(db::Transaction& tx, const std::string& repository_id,
                      const oci::Digest& digest, Timestamp now) {
  BW_TRY(const auto trace,
         tx.QueryOne("SELECT 1 FROM repository_blob WHERE repository = $1 AND digest = $2 UNION "
                     "ALL SELECT 1 FROM manifest_reference WHERE repository = $1 AND target = $2 "
                     "AND kind <> 2 UNION ALL SELECT 1 FROM lapsed_link WHERE repository = $1 AND "
                     "digest = $2 AND until > $3 LIMIT 1",
                     {repository_id, digest.text(), now}, [](const db::Row&) { return true; }));
  return trace.has_value();
}

Result<bool> IsAwaited(db::Transaction& tx, const std::string& repository_id,
                       const oci::Digest& digest) {
  BW_TRY(const auto waiting,
         tx.QueryOne("SELECT 1 FROM absent_layer WHERE repository = $1 AND digest = $2 LIMIT 1",
                     {repository_id, digest.text()}, [](const db::Row&) { return true; }));
  return waiting.has_value();
}

Status CheckWaiting(db::Transaction& tx, const std::string& repository_id,
                    const oci::Digest& manifest) {
  BW_TRY(const auto crowded,
         tx.QueryOne("SELECT a.digest FROM absent_layer a WHERE a.repository = $1 AND "
                     "a.manifest = $2 AND EXISTS (SELECT 1 FROM absent_layer o WHERE "
                     "o.repository = a.repository AND o.digest = a.digest LIMIT 1 OFFSET $3) "
                     "ORDER BY a.digest LIMIT 1",
                     {repository_id, manifest.text(), kMaxWaiting},
                     [](const db::Row& row) { return row.String(0); }));
  if (!crowded) return Ok();
  return Invalid(std::to_string(kMaxWaiting) +
                 " images of this repository wait for a layer already: push it first")
      .Reason("manifest_blob_unknown")
      .Detail("digest", *crowded);
}

Result<std::vector<oci::Digest>> FillAbsentLayers(db::Transaction& tx,
                                                  const std::string& repository_id,
                                                  const std::string& digest) {
  BW_TRY(const auto manifests,
         tx.QueryAll("SELECT manifest FROM absent_layer WHERE repository = $1 AND digest = $2 "
                     "ORDER BY manifest",
                     {repository_id, digest},
                     [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); }));
  std::vector<oci::Digest> completed;
  if (manifests.empty()) return completed;
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO manifest_reference (repository, manifest, kind, target, size) "
                 "SELECT repository, manifest, 1, digest, size FROM absent_layer WHERE "
                 "repository = $1 AND digest = $2 "
                 "ON CONFLICT (repository, manifest, kind, target) DO NOTHING",
                 {repository_id, digest}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM absent_layer WHERE repository = $1 AND digest = $2",
                           {repository_id, digest}));
  // It counts once, whichever of them needs it.
  BW_TRY_STATUS(AddStoredBlobs(tx, repository_id, manifests.front().text()));
  for (const oci::Digest& manifest : manifests) {
    BW_TRY(const std::int64_t left, CountAbsentLayers(tx, repository_id, manifest.text()));
    if (left == 0) completed.push_back(manifest);
  }
  return completed;
}

Result<std::vector<oci::Digest>> SettleAbsentLayers(db::Transaction& tx,
                                                    const std::string& repository_id,
                                                    const oci::Digest& manifest) {
  constexpr std::string_view kThere =
      "EXISTS (SELECT 1 FROM repository_blob l JOIN blob b ON b.digest = l.digest "
      "WHERE l.repository = a.repository AND l.digest = a.digest)";
  std::set<std::string> there;
  const auto add = [&](const db::Row& row) -> Status {
    there.insert(row.String(0));
    return Ok();
  };
  // Two queries, each of which has an index; of one with both conditions no database finds them.
  BW_TRY_STATUS(
      tx.Query("SELECT a.digest FROM absent_layer a WHERE a.repository = $1 AND a.manifest = $2 "
               "AND " +
                   std::string(kThere),
               {repository_id, manifest.text()}, add));
  BW_TRY_STATUS(
      tx.Query("SELECT DISTINCT a.digest FROM manifest_reference e JOIN absent_layer a ON "
               "a.repository = e.repository AND a.digest = e.target WHERE e.repository = $1 AND "
               "e.manifest = $2 AND e.kind <> 2 AND " +
                   std::string(kThere),
               {repository_id, manifest.text()}, add));
  std::vector<oci::Digest> completed;
  for (const std::string& digest : there) {
    BW_TRY(auto some, FillAbsentLayers(tx, repository_id, digest));
    std::move(some.begin(), some.end(), std::back_inserter(completed));
  }
  return completed;
}

Result<std::vector<jobs::Event>> Completions(db::Transaction& tx, const RepositoryPath& path,
                                             const std::string& repository_id,
                                             const std::vector<oci::Digest>& manifests) {
  std::vector<jobs::Event> events;
  for (const oci::Digest& digest : manifests) {
    BW_TRY(const auto media_type,
           tx.QueryOne("SELECT media_type FROM manifest WHERE repository = $1 AND digest = $2",
                       {repository_id, digest.text()},
                       [](const db::Row& row) { return row.String(0); }));
    if (!media_type) continue;
    BW_TRY(const auto tags, TagsOf(tx, repository_id, digest));
    events.push_back(ContentEvent(event::kImageCompleted, path, digest, tags, *media_type));
  }
  return events;
}

Result<std::int64_t> CountAbsentLayers(db::Transaction& tx, const std::string& repository_id,
                                       const std::string& manifest) {
  BW_TRY(const auto count,
         tx.QueryOne("SELECT COUNT(*) FROM absent_layer WHERE repository = $1 AND manifest = $2",
                     {repository_id, manifest}, [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

Status NoteLapsedLink(db::Transaction& tx, const std::string& repository_id,
                      const std::string& digest, Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO lapsed_link (repository, digest, until) VALUES ($1, $2, $3) "
                 "ON CONFLICT (repository, digest) DO UPDATE SET until = excluded.until",
                 {repository_id, digest, now + kLapsedLink}));
  return Ok();
}

Result<bool> AnyLapsedLink(db::Transaction& tx, Timestamp now) {
  BW_TRY(const auto over, tx.QueryOne("SELECT 1 FROM lapsed_link WHERE until <= $1 LIMIT 1", {now},
                                      [](const db::Row&) { return true; }));
  return over.has_value();
}

Status ForgetLapsedLinks(db::Transaction& tx, Timestamp now, std::size_t limit) {
  BW_TRY(const auto over,
         tx.QueryAll("SELECT repository, digest FROM lapsed_link WHERE until <= $1 ORDER BY until "
                     "LIMIT $2",
                     {now, limit},
                     [](const db::Row& row) { return std::pair(row.String(0), row.String(1)); }));
  for (const auto& [repository, digest] : over) {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM lapsed_link WHERE repository = $1 AND digest = $2 AND until <= $3",
                   {repository, digest, now}));
  }
  return Ok();
}

}  // namespace breakwater::registry
