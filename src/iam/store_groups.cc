#include "iam/store.h"
#include "iam/store_sql.h"
#include "json/json.h"

namespace breakwater::iam::store {
namespace {

constexpr std::string_view kGroupColumns =
    "SELECT id, account_id, name, description, created_at, created_by, modified_at, modified_by, "
    "version, (SELECT count(*) FROM iam_group_rule r WHERE r.group_id = iam_group.id) AS rules "
    "FROM iam_group ";
constexpr std::string_view kRuleColumns =
    "SELECT id, group_id, account_id, name, realm, expiration, conditions, created_at, created_by, "
    "modified_at, modified_by, version FROM iam_group_rule ";
// Of the group $1 at the time $2; a federated user may be in it by several rules.
constexpr std::string_view kMembers =
    "(SELECT iam_id, kind, created_at, created_by, 'static' AS membership FROM iam_group_member "
    "WHERE group_id = $1 UNION ALL "
    "SELECT iam_id, 'user', min(created_at), '', 'dynamic' FROM iam_group_dynamic "
    "WHERE group_id = $1 AND expires_at > $2 GROUP BY iam_id) m ";
constexpr std::string_view kMembersWhere =
    "WHERE ($3 = '' OR m.kind = $3) AND ($4 = '' OR m.membership = $4) ";

AccessGroup MakeGroup(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .name = row.String(2),
          .description = row.String(3),
          .created = row.Time(4),
          .created_by = IamId(row.String(5)),
          .modified = row.Time(6),
          .modified_by = IamId(row.String(7)),
          .version = row.Int(8),
          .federated = row.Int(9) > 0};
}

// The stored words for the kinds a member can be of.
std::string_view MemberKind(control::IdentityKind kind) {
  if (kind == control::IdentityKind::kServiceId) return "service";
  return kind == control::IdentityKind::kProfile ? "profile" : "user";
}

control::IdentityKind ParseMemberKind(std::string_view text) {
  if (text == "service") return control::IdentityKind::kServiceId;
  return text == "profile" ? control::IdentityKind::kProfile : control::IdentityKind::kUser;
}

Member MakeMember(const db::Row& row) {
  return {
      .iam_id = IamId(row.String(0)),
      .kind = ParseMemberKind(row.Text(1)),
      .created = row.Time(2),
      .created_by = IamId(row.String(3)),
      .name = row.String(4),
      .email = row.String(5),
      .description = row.String(6),
      .membership = row.Text(7) == "dynamic" ? MembershipType::kDynamic : MembershipType::kStatic};
}

Result<GroupRule> MakeRule(const db::Row& row) {
  GroupRule rule{.id = row.String(0),
                 .group = row.String(1),
                 .account = AccountId(row.String(2)),
                 .name = row.String(3),
                 .realm = row.String(4),
                 .expiration_hours = row.Int(5),
                 .conditions = {},
                 .created = row.Time(7),
                 .created_by = IamId(row.String(8)),
                 .modified = row.Time(9),
                 .modified_by = IamId(row.String(10)),
                 .version = row.Int(11)};
  BW_TRY(rule.conditions, ConditionsFromJson(row.Text(6)));
  return rule;
}

std::string_view Wanted(const std::optional<MembershipType>& type) {
  return type ? ToString(*type) : std::string_view();
}

std::string_view Direction(Order order) {
  return order == Order::kDescending ? " DESC" : "";
}

// Columns of our own naming alone: what a caller asks to sort by never becomes SQL.
std::string GroupOrder(const GroupFilter& filter) {
  std::string_view column = "name";
  if (filter.sort == "id") column = "id";
  if (filter.sort == "description") column = "description";
  if (filter.sort == "is_federated") column = "rules";
  return "ORDER BY " + std::string(column) + std::string(Direction(filter.order)) + ", id ";
}

std::string MemberOrder(const MemberFilter& filter) {
  std::string_view column = "m.iam_id";
  if (filter.sort == "name") column = "5";
  if (filter.sort == "email") column = "6";
  return "ORDER BY " + std::string(column) + std::string(Direction(filter.order)) +
         ", m.iam_id, m.membership ";
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
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_dynamic WHERE group_id = $1", {group.id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_rule WHERE group_id = $1", {group.id}));
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
                                       const GroupFilter& filter, const Page& page, Timestamp now) {
  constexpr std::string_view kWhere =
      "WHERE account_id = $1 AND ($2 = '' OR "
      "($4 <> 'dynamic' AND id IN (SELECT group_id FROM iam_group_member WHERE iam_id = $2)) OR "
      "($4 <> 'static' AND id IN (SELECT group_id FROM iam_group_dynamic WHERE iam_id = $2 AND "
      "expires_at > $5))) AND "
      "($3 = '' OR replace(lower(name), lower($3), '') <> lower(name)) ";
  const std::string member = filter.member ? filter.member->value() : std::string();
  const std::string_view type = Wanted(filter.membership);
  Listed<AccessGroup> listed;
  BW_TRY(listed.total, Number(tx, Sql("SELECT count(*) FROM iam_group ", kWhere),
                              {account, member, filter.search, type, now}));
  BW_TRY(
      listed.items,
      tx.QueryAll(Sql(kGroupColumns, kWhere) + GroupOrder(filter) + "LIMIT $6 OFFSET $7",
                  {account, member, filter.search, type, now, page.limit, page.offset}, MakeGroup));
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

Result<bool> IsMember(db::Transaction& tx, std::string_view group, const IamId& iam_id,
                      Timestamp now) {
  BW_TRY(const auto count,
         Number(tx, Sql("SELECT count(*) FROM ", kMembers) + "WHERE m.iam_id = $3",
                {group, now, iam_id}));
  return count > 0;
}

Result<Listed<Member>> ListMembers(db::Transaction& tx, std::string_view group,
                                   const MemberFilter& filter, const Page& page, Timestamp now) {
  const std::string_view kind = filter.kind ? MemberKind(*filter.kind) : std::string_view();
  const std::string_view type = Wanted(filter.membership);
  Listed<Member> listed;
  BW_TRY(listed.total,
         Number(tx, Sql("SELECT count(*) FROM ", kMembers) + std::string(kMembersWhere),
                {group, now, kind, type}));
  BW_TRY(listed.items,
         tx.QueryAll("SELECT m.iam_id, m.kind, m.created_at, m.created_by, "
                     "coalesce(s.name, p.name, trim(u.first_name || ' ' || u.last_name), ''), "
                     "coalesce(u.email, ''), coalesce(s.description, p.description, ''), "
                     "m.membership FROM " +
                         std::string(kMembers) +
                         "LEFT JOIN iam_user u ON u.iam_id = m.iam_id "
                         "LEFT JOIN iam_service_id s ON s.iam_id = m.iam_id "
                         "LEFT JOIN iam_profile p ON p.iam_id = m.iam_id " +
                         std::string(kMembersWhere) + MemberOrder(filter) + "LIMIT $5 OFFSET $6",
                     {group, now, kind, type, page.limit, page.offset}, MakeMember));
  return listed;
}

Result<std::vector<std::string>> StaticGroupsOf(db::Transaction& tx, const IamId& iam_id) {
  return tx.QueryAll("SELECT group_id FROM iam_group_member WHERE iam_id = $1 ORDER BY group_id",
                     {iam_id}, [](const db::Row& row) { return row.String(0); });
}

Result<Groups> GroupsOf(db::Transaction& tx, const IamId& iam_id, Timestamp now) {
  Groups groups;
  BW_TRY(groups.ids, tx.QueryAll("SELECT group_id FROM iam_group_member WHERE iam_id = $1 UNION "
                                 "SELECT group_id FROM iam_group_dynamic WHERE iam_id = $1 AND "
                                 "expires_at > $2 ORDER BY group_id",
                                 {iam_id, now}, [](const db::Row& row) { return row.String(0); }));
  BW_TRY(const auto until,
         tx.QueryOne("SELECT min(expires_at) FROM iam_group_dynamic WHERE iam_id = $1 AND "
                     "expires_at > $2",
                     {iam_id, now}, [](const db::Row& row) { return row.OptionalTime(0); }));
  groups.until = until.value_or(std::nullopt);
  return groups;
}

Status InsertGroupRule(db::Transaction& tx, const GroupRule& r) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_group_rule (id, group_id, account_id, name, realm, expiration, conditions, "
      "created_at, created_by, modified_at, modified_by, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
      {r.id, r.group, r.account, r.name, r.realm, r.expiration_hours,
       json::Serialize(ConditionsToJson(r.conditions)), r.created, r.created_by, r.modified,
       r.modified_by, r.version}));
  return Ok();
}

Status UpdateGroupRule(db::Transaction& tx, const GroupRule& r) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_group_rule SET name = $2, realm = $3, expiration = $4, conditions = $5, "
      "modified_at = $6, modified_by = $7, version = $8 WHERE id = $1",
      {r.id, r.name, r.realm, r.expiration_hours, json::Serialize(ConditionsToJson(r.conditions)),
       r.modified, r.modified_by, r.version}));
  return Ok();
}

Status DeleteGroupRule(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(DeleteMembershipsOfRule(tx, id));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_rule WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<GroupRule>> FindGroupRule(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kRuleColumns, "WHERE id = $1"), {id}, MakeRule);
}

Result<std::vector<GroupRule>> ListGroupRules(db::Transaction& tx, std::string_view group) {
  return tx.QueryAll(Sql(kRuleColumns, "WHERE group_id = $1 ORDER BY created_at, id"), {group},
                     MakeRule);
}

Result<std::vector<GroupRule>> GroupRulesOfRealm(db::Transaction& tx, const AccountId& account,
                                                 std::string_view realm) {
  return tx.QueryAll(Sql(kRuleColumns, "WHERE account_id = $1 AND realm = $2 ORDER BY id"),
                     {account, realm}, MakeRule);
}

Result<std::vector<std::string>> DynamicRulesOf(db::Transaction& tx, const IamId& iam_id,
                                                Timestamp now) {
  return tx.QueryAll(
      "SELECT rule_id FROM iam_group_dynamic WHERE iam_id = $1 AND expires_at > $2 "
      "ORDER BY rule_id",
      {iam_id, now}, [](const db::Row& row) { return row.String(0); });
}

Status InsertDynamicMember(db::Transaction& tx, const GroupRule& rule, const IamId& iam_id,
                           Timestamp now, Timestamp expires) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_group_dynamic (iam_id, group_id, rule_id, created_at, expires_at) "
      "VALUES ($1, $2, $3, $4, $5)",
      {iam_id, rule.group, rule.id, now, expires}));
  return Ok();
}

Status DeleteDynamicMemberships(db::Transaction& tx, const AccountId& account, const IamId& iam_id,
                                std::string_view realm, Timestamp now) {
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_group_dynamic WHERE iam_id = $1 AND (expires_at <= $4 OR rule_id IN "
      "(SELECT id FROM iam_group_rule WHERE account_id = $2 AND realm = $3))",
      {iam_id, account, realm, now}));
  return Ok();
}

Status DeleteMembershipsOfRule(db::Transaction& tx, std::string_view rule) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_dynamic WHERE rule_id = $1", {rule}));
  return Ok();
}

Result<PublicAccess> ReadPublicAccess(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT enabled, modified_at, modified_by FROM iam_public_access "
                     "WHERE account_id = $1",
                     {account}, [](const db::Row& row) {
                       return PublicAccess{.enabled = row.Bool(0),
                                           .modified = row.Time(1),
                                           .modified_by = IamId(row.String(2))};
                     }));
  return found.value_or(PublicAccess{});
}

Status WritePublicAccess(db::Transaction& tx, const AccountId& account,
                         const PublicAccess& access) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_public_access WHERE account_id = $1", {account}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO iam_public_access (account_id, enabled, modified_at, modified_by) "
                 "VALUES ($1, $2, $3, $4)",
                 {account, access.enabled, access.modified, access.modified_by}));
  return Ok();
}

}  // namespace breakwater::iam::store
