#include "posture/ledger.h"

#include "condition/catalogue.h"
#include "json/reader.h"

namespace breakwater::posture::ledger {
namespace {

using json::Text;

std::string TypeOf(const control::Resource& resource) {
  return condition::ToString(condition::ResourceType{resource.service, resource.kind});
}

std::string PlaceOf(const control::Resource& r) {
  return json::Serialize({{"service", Text(r.service)},
                          {"kind", Text(r.kind)},
                          {"account", Text(r.account.value())},
                          {"registry", Text(r.registry.value())},
                          {"region", Text(r.region)},
                          {"resource_group", Text(r.resource_group)},
                          {"namespace", Text(r.name_space)},
                          {"name", Text(r.name)}});
}

Result<control::Resource> ResourceAt(std::string_view place) {
  BW_TRY(const json::Value document, json::Parse(place));
  const json::Reader in(document);
  control::Resource r;
  r.service = in.Field("service").String();
  r.kind = in.Field("kind").String();
  r.account = AccountId(in.Field("account").String());
  r.registry = RegistryName(in.Field("registry").String());
  r.region = in.Field("region").String();
  r.resource_group = in.Field("resource_group").String();
  r.name_space = in.Field("namespace").String();
  r.name = in.Field("name").String();
  BW_TRY_STATUS(in.Finish());
  return r;
}

Result<ResourcePoint> PointOf(const db::Row& row) {
  BW_TRY(auto resource, ResourceAt(row.Text(0)));
  return ResourcePoint{.resource = std::move(resource),
                       .statuses = row.String(1),
                       .facts_digest = row.String(2),
                       .error = row.String(3),
                       .since = row.Time(4)};
}

constexpr std::string_view kGoalColumns =
    "SELECT goal_id, status, pass, fail, unable, not_applicable, error, at, since "
    "FROM posture_goal WHERE attachment_id = $1 ";

Result<GoalPoint> GoalOf(const db::Row& row) {
  GoalPoint point{.goal_id = row.String(0),
                  .status = {},
                  .resources = {.pass = row.Int(2),
                                .fail = row.Int(3),
                                .unable_to_perform = row.Int(4),
                                .not_applicable = row.Int(5)},
                  .error = row.String(6),
                  .at = row.Time(7),
                  .since = row.Time(8)};
  BW_TRY(point.status, ParseResultStatus(row.Text(1)));
  return point;
}

Status EndGoal(db::Transaction& tx, std::int64_t attachment, Timestamp at,
               std::string_view goal_id) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_goal SET until = $3 WHERE attachment_id = $1 AND goal_id = $2 "
                 "AND until IS NULL",
                 {attachment, goal_id, at}));
  return Ok();
}

}  // namespace

Result<std::optional<ResourcePoint>> Current(db::Transaction& tx, std::int64_t attachment,
                                             const control::Resource& resource) {
  return tx.QueryOne(
      "SELECT place, statuses, facts_digest, error, at FROM posture_resource "
      "WHERE attachment_id = $1 AND type = $2 AND crn = $3 AND until IS NULL",
      {attachment, TypeOf(resource), resource.crn().ToString()}, PointOf);
}

Status Put(db::Transaction& tx, std::int64_t attachment, Timestamp at, const ResourcePoint& point,
           const std::string& facts) {
  BW_TRY_STATUS(End(tx, attachment, at, point.resource));
  if (!point.facts_digest.empty()) {
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO posture_facts (digest, document) VALUES ($1, $2) "
                   "ON CONFLICT (digest) DO UPDATE SET document = excluded.document",
                   {point.facts_digest, facts}));
  }
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO posture_resource (attachment_id, type, crn, at, until, place, statuses, "
      "facts_digest, error) VALUES ($1, $2, $3, $4, NULL, $5, $6, $7, $8)",
      {attachment, TypeOf(point.resource), point.resource.crn().ToString(), at,
       PlaceOf(point.resource), point.statuses, point.facts_digest, point.error}));
  return Ok();
}

Status End(db::Transaction& tx, std::int64_t attachment, Timestamp at,
           const control::Resource& resource) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_resource SET until = $4 WHERE attachment_id = $1 AND type = $2 "
                 "AND crn = $3 AND until IS NULL",
                 {attachment, TypeOf(resource), resource.crn().ToString(), at}));
  return Ok();
}

Status EndAll(db::Transaction& tx, std::int64_t attachment, Timestamp at) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_resource SET until = $2 "
                 "WHERE attachment_id = $1 AND until IS NULL",
                 {attachment, at}));
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_goal SET until = $2 WHERE attachment_id = $1 AND until IS NULL",
                 {attachment, at}));
  return Ok();
}

Status ForEachLetters(db::Transaction& tx, std::int64_t attachment,
                      const condition::ResourceType& type, const EachLetters& each) {
  return tx.Query(
      "SELECT statuses, count(*) FROM posture_resource WHERE attachment_id = $1 AND type = $2 AND "
      "until IS NULL GROUP BY statuses",
      {attachment, condition::ToString(type)},
      [&](const db::Row& row) { return each(row.Text(0), row.Int(1)); });
}

Status ForEach(db::Transaction& tx, std::int64_t attachment, std::optional<Timestamp> at,
               const std::optional<condition::ResourceType>& type, const EachResource& each) {
  const auto row = [&](const db::Row& found) -> Status {
    BW_TRY(const auto point, PointOf(found));
    return each(point);
  };
  std::string sql =
      "SELECT place, statuses, facts_digest, error, at FROM posture_resource "
      "WHERE attachment_id = $1 AND until IS NULL";
  if (at) {
    sql =
        "SELECT place, statuses, facts_digest, error, at FROM posture_resource "
        "WHERE attachment_id = $1 AND at <= $2 AND (until IS NULL OR until > $2)";
  }
  if (!type) return at ? tx.Query(sql, {attachment, *at}, row) : tx.Query(sql, {attachment}, row);
  const std::string named = condition::ToString(*type);
  if (at) return tx.Query(sql + " AND type = $3", {attachment, *at, named}, row);
  return tx.Query(sql + " AND type = $2", {attachment, named}, row);
}

Result<std::string> FactsOf(db::Transaction& tx, std::string_view digest) {
  BW_TRY(auto document, tx.QueryOne("SELECT document FROM posture_facts WHERE digest = $1",
                                    {digest}, [](const db::Row& row) { return row.String(0); }));
  if (!document) return DataCorrupt("the facts " + std::string(digest) + " are not there");
  return *std::move(document);
}

Result<GoalPoints> GoalsAt(db::Transaction& tx, std::int64_t attachment,
                           std::optional<Timestamp> at) {
  GoalPoints points;
  const auto row = [&](const db::Row& found) -> Status {
    BW_TRY(auto point, GoalOf(found));
    std::string id = point.goal_id;
    points.insert_or_assign(std::move(id), std::move(point));
    return Ok();
  };
  const std::string select(kGoalColumns);
  if (at) {
    BW_TRY_STATUS(tx.Query(select + "AND at <= $2 AND (until IS NULL OR until > $2)",
                           {attachment, *at}, row));
  } else {
    BW_TRY_STATUS(tx.Query(select + "AND until IS NULL", {attachment}, row));
  }
  return points;
}

Result<std::vector<GoalPoint>> GoalsBetween(db::Transaction& tx, std::int64_t attachment,
                                            Timestamp from, Timestamp until) {
  return tx.QueryAll(std::string(kGoalColumns) +
                         "AND at <= $3 AND (until IS NULL OR until > $2) ORDER BY at, goal_id",
                     {attachment, from, until}, GoalOf);
}

Status PutGoal(db::Transaction& tx, std::int64_t attachment, const GoalPoint* before,
               const GoalPoint& now) {
  if (before != nullptr && before->status == now.status && before->resources == now.resources &&
      before->error == now.error) {
    return Ok();
  }
  BW_TRY_STATUS(EndGoal(tx, attachment, now.at, now.goal_id));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO posture_goal (attachment_id, goal_id, at, until, status, since, pass, "
      "fail, unable, not_applicable, error) "
      "VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10)",
      {attachment, now.goal_id, now.at, ToString(now.status), now.since, now.resources.pass,
       now.resources.fail, now.resources.unable_to_perform, now.resources.not_applicable,
       now.error}));
  return Ok();
}

}  // namespace breakwater::posture::ledger
