#include "iam/restriction_store.h"

#include "iam/store_sql.h"

namespace breakwater::iam::store {
namespace {

constexpr std::string_view kZoneColumns =
    "SELECT id, account_id, name, description, addresses, excluded, created_at, created_by, "
    "modified_at, modified_by, version FROM iam_zone ";
constexpr std::string_view kRestrictionColumns =
    "SELECT id, account_id, description, contexts, resource, operations, mode, created_at, "
    "created_by, modified_at, modified_by, version FROM iam_restriction ";

Result<Zone> MakeZone(const db::Row& row) {
  Zone zone{.id = row.String(0),
            .account = AccountId(row.String(1)),
            .name = row.String(2),
            .description = row.String(3),
            .addresses = {},
            .excluded = {},
            .created = row.Time(6),
            .created_by = IamId(row.String(7)),
            .modified = row.Time(8),
            .modified_by = IamId(row.String(9)),
            .version = row.Int(10)};
  BW_TRY(zone.addresses, AddressesFromJson(row.Text(4)));
  BW_TRY(zone.excluded, AddressesFromJson(row.Text(5)));
  return zone;
}

Result<Restriction> MakeRestriction(const db::Row& row) {
  Restriction rule{.id = row.String(0),
                   .account = AccountId(row.String(1)),
                   .description = row.String(2),
                   .contexts = {},
                   .resource = {},
                   .operations = {},
                   .mode = Enforcement::kEnabled,
                   .created = row.Time(7),
                   .created_by = IamId(row.String(8)),
                   .modified = row.Time(9),
                   .modified_by = IamId(row.String(10)),
                   .version = row.Int(11)};
  BW_TRY(rule.contexts, ContextsFromJson(row.Text(3)));
  BW_TRY(rule.resource, ResourceFromJson(row.Text(4)));
  BW_TRY(rule.operations, json::Parse(row.Text(5)));
  const auto mode = ParseEnforcement(row.Text(6));
  if (!mode) return DataCorrupt("a stored restriction has an unknown mode");
  rule.mode = *mode;
  return rule;
}

}  // namespace

Status InsertZone(db::Transaction& tx, const Zone& zone) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_zone (id, account_id, name, description, addresses, excluded, created_at, "
      "created_by, modified_at, modified_by, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {zone.id, zone.account, zone.name, zone.description,
       json::Serialize(AddressesToJson(zone.addresses)),
       json::Serialize(AddressesToJson(zone.excluded)), zone.created, zone.created_by,
       zone.modified, zone.modified_by, zone.version}));
  return Ok();
}

Status UpdateZone(db::Transaction& tx, const Zone& zone) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_zone SET name = $2, description = $3, addresses = $4, excluded = $5, "
      "modified_at = $6, modified_by = $7, version = $8 WHERE id = $1",
      {zone.id, zone.name, zone.description, json::Serialize(AddressesToJson(zone.addresses)),
       json::Serialize(AddressesToJson(zone.excluded)), zone.modified, zone.modified_by,
       zone.version}));
  return Ok();
}

Status DeleteZone(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_zone WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<Zone>> FindZone(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kZoneColumns, "WHERE id = $1"), {id}, MakeZone);
}

Result<std::vector<Zone>> ListZones(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(Sql(kZoneColumns, "WHERE account_id = $1 ORDER BY name, id"), {account},
                     MakeZone);
}

Status InsertRestriction(db::Transaction& tx, const Restriction& rule) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_restriction (id, account_id, description, contexts, resource, operations, "
      "mode, created_at, created_by, modified_at, modified_by, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {rule.id, rule.account, rule.description, json::Serialize(ContextsToJson(rule.contexts)),
       json::Serialize(ResourceToJson(rule.resource)), json::Serialize(rule.operations),
       ToString(rule.mode), rule.created, rule.created_by, rule.modified, rule.modified_by,
       rule.version}));
  return Ok();
}

Status UpdateRestriction(db::Transaction& tx, const Restriction& rule) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_restriction SET description = $2, contexts = $3, resource = $4, operations = $5, "
      "mode = $6, modified_at = $7, modified_by = $8, version = $9 WHERE id = $1",
      {rule.id, rule.description, json::Serialize(ContextsToJson(rule.contexts)),
       json::Serialize(ResourceToJson(rule.resource)), json::Serialize(rule.operations),
       ToString(rule.mode), rule.modified, rule.modified_by, rule.version}));
  return Ok();
}

Status DeleteRestriction(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_restriction WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<Restriction>> FindRestriction(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kRestrictionColumns, "WHERE id = $1"), {id}, MakeRestriction);
}

Result<std::vector<Restriction>> ListRestrictions(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(Sql(kRestrictionColumns, "WHERE account_id = $1 ORDER BY id"), {account},
                     MakeRestriction);
}

Result<Restrictions> ReadRestrictions(db::Transaction& tx, const AccountId& account) {
  BW_TRY(auto rules, ListRestrictions(tx, account));
  if (rules.empty()) return Restrictions();
  BW_TRY(const auto zones, ListZones(tx, account));
  return Restrictions(zones, std::move(rules));
}

}  // namespace breakwater::iam::store
