#include "organization/store.h"

#include <string>

namespace breakwater::organization::store {
namespace {

const std::string kEnterprises =
    "SELECT id, account_id, name, domain, primary_contact, created_at, created_by, modified_at, "
    "modified_by FROM enterprise ";
const std::string kGroups =
    "SELECT id, enterprise_id, parent, name, primary_contact, deleted, created_at, created_by, "
    "modified_at, modified_by FROM account_group ";
const std::string kMembers =
    "SELECT p.account_id, a.name, a.owner, coalesce(u.email, ''), a.deleted, p.enterprise_id, "
    "p.parent, p.created_at, p.created_by, p.modified_at, p.modified_by FROM account_place p "
    "JOIN iam_account a ON a.id = p.account_id LEFT JOIN iam_user u ON u.iam_id = a.owner ";
const std::string kResourceGroups =
    "SELECT id, account_id, name, created_at, modified_at FROM resource_group ";

// From four columns.
Origin MakeOrigin(const db::Row& row, int first) {
  return {.created = row.Time(first),
          .created_by = IamId(row.String(first + 1)),
          .modified = row.Time(first + 2),
          .modified_by = IamId(row.String(first + 3))};
}

Enterprise MakeEnterprise(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .name = row.String(2),
          .domain = row.String(3),
          .primary_contact = IamId(row.String(4)),
          .origin = MakeOrigin(row, 5)};
}

AccountGroup MakeGroup(const db::Row& row) {
  return {.id = row.String(0),
          .enterprise = row.String(1),
          .parent = row.String(2),
          .name = row.String(3),
          .primary_contact = IamId(row.String(4)),
          .deleted = row.Bool(5),
          .origin = MakeOrigin(row, 6)};
}

MemberAccount MakeMember(const db::Row& row) {
  return {.id = AccountId(row.String(0)),
          .name = row.String(1),
          .owner = IamId(row.String(2)),
          .owner_email = row.String(3),
          .deleted = row.Bool(4),
          .enterprise = row.String(5),
          .parent = row.String(6),
          .origin = MakeOrigin(row, 7)};
}

ResourceGroup MakeResourceGroup(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .name = row.String(2),
          .is_default = false,
          .created = row.Time(3),
          .modified = row.Time(4)};
}

Status Done(const Result<std::int64_t>& executed) {
  return executed.ok() ? Ok() : Status(executed.error());
}

}  // namespace

Status Insert(db::Transaction& tx, const Enterprise& e) {
  return Done(tx.Execute(
      "INSERT INTO enterprise (id, account_id, name, domain, primary_contact, created_at, "
      "created_by, modified_at, modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {e.id, e.account, e.name, e.domain, e.primary_contact, e.origin.created, e.origin.created_by,
       e.origin.modified, e.origin.modified_by}));
}

Status Update(db::Transaction& tx, const Enterprise& e) {
  return Done(tx.Execute(
      "UPDATE enterprise SET name = $2, domain = $3, primary_contact = $4, "
      "modified_at = $5, modified_by = $6 WHERE id = $1",
      {e.id, e.name, e.domain, e.primary_contact, e.origin.modified, e.origin.modified_by}));
}

Result<std::optional<Enterprise>> EnterpriseOf(db::Transaction& tx, const AccountId& account) {
  return tx.QueryOne(kEnterprises +
                         "WHERE id IN (SELECT enterprise_id FROM account_place WHERE "
                         "account_id = $1)",
                     {account}, MakeEnterprise);
}

Status Insert(db::Transaction& tx, const AccountGroup& g) {
  return Done(tx.Execute(
      "INSERT INTO account_group (id, enterprise_id, parent, name, primary_contact, deleted, "
      "created_at, created_by, modified_at, modified_by) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      {g.id, g.enterprise, g.parent, g.name, g.primary_contact, g.deleted, g.origin.created,
       g.origin.created_by, g.origin.modified, g.origin.modified_by}));
}

Status Update(db::Transaction& tx, const AccountGroup& g) {
  return Done(tx.Execute(
      "UPDATE account_group SET name = $2, primary_contact = $3, deleted = $4, "
      "modified_at = $5, modified_by = $6 WHERE id = $1",
      {g.id, g.name, g.primary_contact, g.deleted, g.origin.modified, g.origin.modified_by}));
}

Result<std::vector<AccountGroup>> ListGroups(db::Transaction& tx, std::string_view enterprise,
                                             bool with_deleted) {
  return tx.QueryAll(kGroups + "WHERE enterprise_id = $1 AND (deleted = 0 OR $2 = 1) ORDER BY id",
                     {enterprise, with_deleted}, MakeGroup);
}

Status InsertPlace(db::Transaction& tx, const MemberAccount& a) {
  return Done(
      tx.Execute("INSERT INTO account_place (account_id, enterprise_id, parent, created_at, "
                 "created_by, modified_at, modified_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 {a.id, a.enterprise, a.parent, a.origin.created, a.origin.created_by,
                  a.origin.modified, a.origin.modified_by}));
}

Status UpdatePlace(db::Transaction& tx, const MemberAccount& a) {
  return Done(
      tx.Execute("UPDATE account_place SET parent = $2, modified_at = $3, modified_by = $4 "
                 "WHERE account_id = $1",
                 {a.id, a.parent, a.origin.modified, a.origin.modified_by}));
}

Result<std::optional<MemberAccount>> FindMember(db::Transaction& tx, const AccountId& id) {
  return tx.QueryOne(kMembers + "WHERE p.account_id = $1", {id}, MakeMember);
}

Result<std::vector<MemberAccount>> ListMembers(db::Transaction& tx, std::string_view enterprise,
                                               bool with_deleted) {
  return tx.QueryAll(kMembers +
                         "WHERE p.enterprise_id = $1 AND (a.deleted = 0 OR $2 = 1) ORDER BY "
                         "p.account_id",
                     {enterprise, with_deleted}, MakeMember);
}

Status Sweep(db::Transaction& tx, Timestamp before) {
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM account_group WHERE deleted = 1 AND modified_at < $1", {before}));
  return Done(tx.Execute(
      "DELETE FROM account_place WHERE modified_at < $1 AND account_id IN (SELECT id FROM "
      "iam_account WHERE deleted = 1)",
      {before}));
}

Status Insert(db::Transaction& tx, const ResourceGroup& g) {
  return Done(
      tx.Execute("INSERT INTO resource_group (id, account_id, name, created_at, "
                 "modified_at) VALUES ($1, $2, $3, $4, $5)",
                 {g.id, g.account, g.name, g.created, g.modified}));
}

Status Update(db::Transaction& tx, const ResourceGroup& g) {
  return Done(tx.Execute("UPDATE resource_group SET name = $2, modified_at = $3 WHERE id = $1",
                         {g.id, g.name, g.modified}));
}

Status DeleteResourceGroup(db::Transaction& tx, std::string_view id) {
  return Done(tx.Execute("DELETE FROM resource_group WHERE id = $1", {id}));
}

Result<std::optional<ResourceGroup>> FindResourceGroup(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(kResourceGroups + "WHERE id = $1", {id}, MakeResourceGroup);
}

Result<std::vector<ResourceGroup>> ListResourceGroups(db::Transaction& tx,
                                                      const AccountId& account) {
  return tx.QueryAll(kResourceGroups + "WHERE account_id = $1 ORDER BY name", {account},
                     MakeResourceGroup);
}

}  // namespace breakwater::organization::store
