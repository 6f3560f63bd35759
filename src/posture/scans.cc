#include "posture/scans.h"

#include "json/reader.h"

namespace breakwater::posture::scans {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, attachment_id, account, scope_id, profile_id, profile_version, group_profile_id, "
    "requested_by, status, created, started, ended, moment, counts FROM posture_scan ";

json::Value ToJson(const Counters& c) {
  return {{"pass", c.pass},
          {"fail", c.fail},
          {"unable_to_perform", c.unable_to_perform},
          {"not_applicable", c.not_applicable}};
}

Counters CountersAt(const json::Reader& in) {
  return {.pass = in.Field("pass").Int(),
          .fail = in.Field("fail").Int(),
          .unable_to_perform = in.Field("unable_to_perform").Int(),
          .not_applicable = in.Field("not_applicable").Int()};
}

json::Value ToJson(const ScanCounts& counts) {
  return {{"goals", ToJson(counts.goals)},
          {"controls", ToJson(counts.controls)},
          {"score",
           {{"points", counts.score.points},
            {"evaluated", counts.score.evaluated},
            {"total", counts.score.total}}}};
}

Result<ScanCounts> CountsFrom(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader in(document);
  const json::Reader score = in.Field("score");
  const ScanCounts counts{.goals = CountersAt(in.Field("goals")),
                          .controls = CountersAt(in.Field("controls")),
                          .score = {.points = score.Field("points").Int(),
                                    .evaluated = score.Field("evaluated").Int(),
                                    .total = score.Field("total").Int()}};
  BW_TRY_STATUS(in.Finish());
  return counts;
}

Result<Scan> ScanOf(const db::Row& row) {
  Scan scan{.id = row.Int(0),
            .attachment_id = row.Int(1),
            .account = AccountId(row.String(2)),
            .scope_id = row.String(3),
            .profile_id = row.String(4),
            .profile_version = row.Int(5),
            .group_profile_id = row.String(6),
            .requested_by = row.String(7),
            .status = row.String(8),
            .created = row.Time(9),
            .started = row.OptionalTime(10),
            .ended = row.OptionalTime(11),
            .moment = row.OptionalTime(12),
            .counts = {}};
  if (!row.IsNull(13)) {
    BW_TRY(scan.counts, CountsFrom(row.Text(13)));
  }
  return scan;
}

}  // namespace

Result<std::int64_t> Insert(db::Transaction& tx, const Attachment& attachment,
                            std::string_view group_profile_id, std::string_view requested_by,
                            Timestamp now) {
  BW_TRY(const auto id,
         tx.QueryOne("INSERT INTO posture_scan (attachment_id, account, scope_id, profile_id, "
                     "profile_version, group_profile_id, requested_by, status, created) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
                     {attachment.id, attachment.account, attachment.scope_id, attachment.profile_id,
                      attachment.profile_version, group_profile_id, requested_by, kPending, now},
                     [](const db::Row& row) { return row.Int(0); }));
  if (!id) return Internal("a scan was not written");
  return *id;
}

Result<Scan> Find(db::Transaction& tx, const AccountId& account, std::int64_t id) {
  BW_TRY(auto scan, tx.QueryOne(std::string(kSelect) + "WHERE account = $1 AND id = $2",
                                {account, id}, ScanOf));
  if (!scan) return NotFound("scan " + std::to_string(id) + " was not found");
  return *std::move(scan);
}

Result<Scan> Begin(db::Transaction& tx, std::int64_t id, Timestamp now) {
  BW_TRY_STATUS(tx.Execute("UPDATE posture_scan SET status = $1, started = $2 WHERE id = $3",
                           {kInProgress, now, id}));
  BW_TRY(auto scan, tx.QueryOne(std::string(kSelect) + "WHERE id = $1", {id}, ScanOf));
  if (!scan) return NotFound("scan " + std::to_string(id) + " was not found");
  return *std::move(scan);
}

Status Finish(db::Transaction& tx, std::int64_t id, std::int64_t profile_version, Timestamp moment,
              Timestamp now, const ScanCounts& counts) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_scan SET status = $2, ended = $3, moment = $4, counts = $5, "
                 "profile_version = $6 WHERE id = $1",
                 {id, kPosted, now, moment, json::Serialize(ToJson(counts)), profile_version}));
  return Ok();
}

Result<std::optional<std::int64_t>> Pending(db::Transaction& tx, std::int64_t attachment,
                                            std::string_view group_profile_id) {
  return tx.QueryOne(
      "SELECT id FROM posture_scan WHERE attachment_id = $1 AND group_profile_id = $2 "
      "AND status = $3 ORDER BY id DESC LIMIT 1",
      {attachment, group_profile_id, kPending}, [](const db::Row& row) { return row.Int(0); });
}

Status GiveUp(db::Transaction& tx, std::int64_t id, Timestamp now) {
  BW_TRY_STATUS(tx.Execute("UPDATE posture_scan SET status = $1, ended = $2 WHERE id = $3",
                           {kFailed, now, id}));
  return Ok();
}

Result<std::vector<Scan>> Latest(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(std::string(kSelect) +
                         "WHERE id IN (SELECT MAX(id) FROM posture_scan WHERE account = $1 "
                         "GROUP BY attachment_id) ORDER BY id DESC",
                     {account}, ScanOf);
}

Result<std::vector<Scan>> Of(db::Transaction& tx, std::int64_t attachment, std::int64_t offset,
                             std::int64_t limit) {
  return tx.QueryAll(
      std::string(kSelect) + "WHERE attachment_id = $1 ORDER BY id DESC LIMIT $2 OFFSET $3",
      {attachment, limit, offset}, ScanOf);
}

Result<std::int64_t> CountOf(db::Transaction& tx, std::int64_t attachment) {
  BW_TRY(const auto count,
         tx.QueryOne("SELECT count(*) FROM posture_scan WHERE attachment_id = $1", {attachment},
                     [](const db::Row& row) { return row.Int(0); }));
  return count.value_or(0);
}

}  // namespace breakwater::posture::scans
