#include "iam/store.h"
#include "iam/store_sql.h"

namespace breakwater::iam::store {
namespace {

constexpr std::string_view kPolicyColumns =
    "SELECT id, account_id, subject_kind, subject, description, roles, attributes, created_at, "
    "created_by, modified_at, modified_by, version FROM iam_policy ";

Result<Policy> MakePolicy(const db::Row& row) {
  Policy policy{
      .id = row.String(0),
      .account = AccountId(row.String(1)),
      .subject = {row.Text(2) == "iam_id" ? SubjectKind::kIdentity : SubjectKind::kAccessGroup,
                  row.String(3)},
      .description = row.String(4),
      .roles = {},
      .attributes = {},
      .created = row.Time(7),
      .created_by = IamId(row.String(8)),
      .modified = row.Time(9),
      .modified_by = IamId(row.String(10)),
      .version = row.Int(11)};
  BW_TRY(policy.roles, RolesFromJson(row.Text(5)));
  BW_TRY(policy.attributes, AttributesFromJson(row.Text(6)));
  return policy;
}

}  // namespace

Status InsertPolicy(db::Transaction& tx, const Policy& p) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_policy (id, account_id, subject_kind, subject, description, roles, "
      "attributes, fingerprint, created_at, created_by, modified_at, modified_by, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
      {p.id, p.account, ToString(p.subject.kind), p.subject.id, p.description,
       json::Serialize(RolesToJson(p.roles)), json::Serialize(AttributesToJson(p.attributes)),
       Fingerprint(p), p.created, p.created_by, p.modified, p.modified_by, p.version}));
  return Ok();
}

Status UpdatePolicy(db::Transaction& tx, const Policy& p) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_policy SET subject_kind = $2, subject = $3, description = $4, roles = $5, "
      "attributes = $6, fingerprint = $7, modified_at = $8, modified_by = $9, version = $10 "
      "WHERE id = $1",
      {p.id, ToString(p.subject.kind), p.subject.id, p.description,
       json::Serialize(RolesToJson(p.roles)), json::Serialize(AttributesToJson(p.attributes)),
       Fingerprint(p), p.modified, p.modified_by, p.version}));
  return Ok();
}

Status DeletePolicy(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_policy WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<Policy>> FindPolicy(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kPolicyColumns, "WHERE id = $1"), {id}, MakePolicy);
}

Result<std::optional<Policy>> FindPolicyByFingerprint(db::Transaction& tx, const AccountId& account,
                                                      std::string_view fingerprint) {
  return tx.QueryOne(Sql(kPolicyColumns, "WHERE account_id = $1 AND fingerprint = $2"),
                     {account, fingerprint}, MakePolicy);
}

Result<Listed<Policy>> ListPolicies(db::Transaction& tx, const AccountId& account,
                                    const std::optional<Subject>& subject, const Page& page) {
  constexpr std::string_view kWhere =
      "WHERE account_id = $1 AND ($2 = '' OR (subject_kind = $2 AND subject = $3)) ";
  const std::string_view kind = subject ? ToString(subject->kind) : std::string_view();
  const std::string id = subject ? subject->id : std::string();
  Listed<Policy> listed;
  BW_TRY(listed.total,
         Number(tx, Sql("SELECT count(*) FROM iam_policy ", kWhere), {account, kind, id}));
  BW_TRY(listed.items, tx.QueryAll(Sql(kPolicyColumns, kWhere) + "ORDER BY id LIMIT $4 OFFSET $5",
                                   {account, kind, id, page.limit, page.offset}, MakePolicy));
  return listed;
}

Result<std::vector<Policy>> PoliciesFor(db::Transaction& tx, const AccountId& account,
                                        const IamId& iam_id, bool everybody, Timestamp now) {
  const std::string_view everybodys = everybody ? kPublicAccessGroup : std::string_view();
  return tx.QueryAll(Sql(kPolicyColumns,
                         "WHERE account_id = $1 AND ((subject_kind = 'iam_id' AND subject = $2) OR "
                         "(subject_kind = 'access_group_id' AND (subject = $3 OR subject IN "
                         "(SELECT group_id FROM iam_group_member WHERE iam_id = $2 UNION "
                         "SELECT group_id FROM iam_group_dynamic WHERE iam_id = $2 AND "
                         "expires_at > $4)))) ORDER BY id"),
                     {account, iam_id, everybodys, now}, MakePolicy);
}

Result<std::vector<Policy>> AllPolicies(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(Sql(kPolicyColumns, "WHERE account_id = $1 ORDER BY id"), {account},
                     MakePolicy);
}

}  // namespace breakwater::iam::store
