#include "iam/store.h"
#include "iam/store_sql.h"

namespace breakwater::iam::store {
namespace {

constexpr std::string_view kGroupColumns =
    "SELECT id, account_id, name, description, created_at, created_by, modified_at, modified_by, "
    "version FROM iam_group ";
constexpr std::string_view kPolicyColumns =
    "SELECT id, account_id, subject_kind, subject, description, roles, attributes, created_at, "
    "created_by, modified_at, modified_by, version FROM iam_policy ";

AccessGroup MakeGroup(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .name = row.String(2),
          .description = row.String(3),
          .created = row.Time(4),
          .created_by = IamId(row.String(5)),
          .modified = row.Time(6),
          .modified_by = IamId(row.String(7)),
          .version = row.Int(8)};
}

// The stored words for the kinds a member can be of.
std::string_view MemberKind(control::IdentityKind kind) {
  return kind == control::IdentityKind::kServiceId ? "service" : "user";
}

Member MakeMember(const db::Row& row) {
  return {.iam_id = IamId(row.String(0)),
          .kind = row.Text(1) == "service" ? control::IdentityKind::kServiceId
                                           : control::IdentityKind::kUser,
          .created = row.Time(2),
          .created_by = IamId(row.String(3)),
          .name = row.String(4),
          .email = row.String(5)};
}

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

Status InsertGroup(db::Transaction& tx, const AccessGroup& g) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_group (id, account_id, name, description, created_at, created_by, "
      "modified_at, modified_by, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
      {g.id, g.account, g.name, g.description, g.created, g.created_by, g.modified, g.modified_by,
       g.version}));
  return Ok();
}

Status UpdateGroup(db::Transaction& tx, const AccessGroup& g) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_group SET name = $2, description = $3, modified_at = $4, modified_by = $5, "
      "version = $6 WHERE id = $1",
      {g.id, g.name, g.description, g.modified, g.modified_by, g.version}));
  return Ok();
}

Status DeleteGroup(db::Transaction& tx, const AccessGroup& group) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_member WHERE group_id = $1", {group.id}));
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_policy WHERE account_id = $1 AND subject_kind = 'access_group_id' AND "
      "subject = $2",
      {group.account, group.id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group WHERE id = $1", {group.id}));
  return Ok();
}

Result<std::optional<AccessGroup>> FindGroup(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kGroupColumns, "WHERE id = $1"), {id}, MakeGroup);
}

Result<Listed<AccessGroup>> ListGroups(db::Transaction& tx, const AccountId& account,
                                       const GroupFilter& filter, const Page& page) {
  constexpr std::string_view kWhere =
      "WHERE account_id = $1 AND ($2 = '' OR id IN (SELECT group_id FROM iam_group_member WHERE "
      "iam_id = $2)) AND ($3 = '' OR replace(lower(name), lower($3), '') <> "
      "lower(name)) ";
  const std::string member = filter.member ? filter.member->value() : std::string();
  Listed<AccessGroup> listed;
  BW_TRY(listed.total, Number(tx, Sql("SELECT count(*) FROM iam_group ", kWhere),
                              {account, member, filter.search}));
  BW_TRY(listed.items,
         tx.QueryAll(Sql(kGroupColumns, kWhere) + "ORDER BY name, id LIMIT $4 OFFSET $5",
                     {account, member, filter.search, page.limit, page.offset}, MakeGroup));
  return listed;
}

Status InsertMember(db::Transaction& tx, std::string_view group, const Member& member) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_group_member (group_id, iam_id, kind, created_at, created_by) "
      "VALUES ($1, $2, $3, $4, $5)",
      {group, member.iam_id, MemberKind(member.kind), member.created, member.created_by}));
  return Ok();
}

Result<bool> DeleteMember(db::Transaction& tx, std::string_view group, const IamId& iam_id) {
  BW_TRY(const auto changed,
         tx.Execute("DELETE FROM iam_group_member WHERE group_id = $1 AND iam_id = $2",
                    {group, iam_id}));
  return changed > 0;
}

Result<bool> IsMember(db::Transaction& tx, std::string_view group, const IamId& iam_id) {
  BW_TRY(const auto count,
         Number(tx, "SELECT count(*) FROM iam_group_member WHERE group_id = $1 AND iam_id = $2",
                {group, iam_id}));
  return count > 0;
}

Result<Listed<Member>> ListMembers(db::Transaction& tx, std::string_view group,
                                   std::optional<control::IdentityKind> kind, const Page& page) {
  const std::string_view wanted = kind ? MemberKind(*kind) : std::string_view();
  Listed<Member> listed;
  BW_TRY(listed.total, Number(tx,
                              "SELECT count(*) FROM iam_group_member WHERE group_id = $1 AND "
                              "($2 = '' OR kind = $2)",
                              {group, wanted}));
  BW_TRY(listed.items,
         tx.QueryAll("SELECT m.iam_id, m.kind, m.created_at, m.created_by, "
                     "coalesce(s.name, trim(u.first_name || ' ' || u.last_name), ''), "
                     "coalesce(u.email, '') FROM iam_group_member m "
                     "LEFT JOIN iam_user u ON u.iam_id = m.iam_id "
                     "LEFT JOIN iam_service_id s ON s.iam_id = m.iam_id "
                     "WHERE m.group_id = $1 AND ($2 = '' OR m.kind = $2) "
                     "ORDER BY m.iam_id LIMIT $3 OFFSET $4",
                     {group, wanted, page.limit, page.offset}, MakeMember));
  return listed;
}

Result<std::vector<std::string>> GroupsOf(db::Transaction& tx, const IamId& iam_id) {
  return tx.QueryAll("SELECT group_id FROM iam_group_member WHERE iam_id = $1 ORDER BY group_id",
                     {iam_id}, [](const db::Row& row) { return row.String(0); });
}

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
                                        const IamId& iam_id) {
  return tx.QueryAll(Sql(kPolicyColumns,
                         "WHERE account_id = $1 AND ((subject_kind = 'iam_id' AND subject = $2) OR "
                         "(subject_kind = 'access_group_id' AND (subject = $3 OR subject IN "
                         "(SELECT group_id FROM iam_group_member WHERE iam_id = $2)))) "
                         "ORDER BY id"),
                     {account, iam_id, kPublicAccessGroup}, MakePolicy);
}

Result<std::vector<Policy>> AllPolicies(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(Sql(kPolicyColumns, "WHERE account_id = $1 ORDER BY id"), {account},
                     MakePolicy);
}

}  // namespace breakwater::iam::store
