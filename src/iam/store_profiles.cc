#include "iam/store.h"
#include "iam/store_sql.h"
#include "json/reader.h"

namespace breakwater::iam::store {
namespace {

constexpr std::size_t kMaxAccounts = 100;

constexpr std::string_view kProfileColumns =
    "SELECT id, iam_id, account_id, name, description, email, created_at, created_by, modified_at, "
    "version, identities_version FROM iam_profile ";
constexpr std::string_view kIdentityColumns =
    "SELECT kind, identifier, iam_id, accounts, description FROM iam_profile_identity ";
constexpr std::string_view kRuleColumns =
    "SELECT id, profile_id, kind, name, realm, cr_type, expiration, conditions, created_at, "
    "modified_at, version FROM iam_profile_rule ";
constexpr std::string_view kLinkColumns =
    "SELECT id, profile_id, name, cr_type, crn, name_space, resource_name, component_type, "
    "component_name, created_at, modified_at, version FROM iam_profile_link ";

Profile MakeProfile(const db::Row& row) {
  return {.id = row.String(0),
          .iam_id = IamId(row.String(1)),
          .account = AccountId(row.String(2)),
          .name = row.String(3),
          .description = row.String(4),
          .email = row.String(5),
          .created = row.Time(6),
          .created_by = IamId(row.String(7)),
          .modified = row.Time(8),
          .version = row.Int(9),
          .identities_version = row.Int(10)};
}

Result<ProfileIdentity> MakeIdentity(const db::Row& row) {
  const auto kind = ParseTrustedKind(row.Text(0));
  if (!kind) return DataCorrupt("a stored identity of a profile is of an unknown kind");
  ProfileIdentity identity{.kind = *kind,
                           .identifier = row.String(1),
                           .iam_id = IamId(row.String(2)),
                           .accounts = {},
                           .description = row.String(4)};
  BW_TRY(const json::Value accounts, json::Parse(row.Text(3)));
  const json::Reader reader(accounts);
  identity.accounts = reader.Strings(kMaxAccounts);
  BW_TRY_STATUS(reader.Finish());
  return identity;
}

Result<ProfileRule> MakeRule(const db::Row& row) {
  const auto kind = ParseProfileRuleKind(row.Text(2));
  if (!kind) return DataCorrupt("a stored rule of a profile is of an unknown type");
  ProfileRule rule{.id = row.String(0),
                   .profile = row.String(1),
                   .kind = *kind,
                   .name = row.String(3),
                   .realm = row.String(4),
                   .cr_type = row.String(5),
                   .expiration_seconds = row.Int(6),
                   .conditions = {},
                   .created = row.Time(8),
                   .modified = row.Time(9),
                   .version = row.Int(10)};
  BW_TRY(rule.conditions, ConditionsFromJson(row.Text(7)));
  return rule;
}

ProfileLink MakeLink(const db::Row& row) {
  return {.id = row.String(0),
          .profile = row.String(1),
          .name = row.String(2),
          .cr_type = row.String(3),
          .crn = row.String(4),
          .name_space = row.String(5),
          .resource_name = row.String(6),
          .component_type = row.String(7),
          .component_name = row.String(8),
          .created = row.Time(9),
          .modified = row.Time(10),
          .version = row.Int(11)};
}

std::string AccountsText(const std::vector<std::string>& accounts) {
  json::Array items;
  for (const std::string& account : accounts) items.push_back(json::Text(account));
  return json::Serialize(items);
}

}  // namespace

Status InsertProfile(db::Transaction& tx, const Profile& p) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_profile (id, iam_id, account_id, name, description, email, created_at, "
      "created_by, modified_at, version, identities_version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {p.id, p.iam_id, p.account, p.name, p.description, p.email, p.created, p.created_by,
       p.modified, p.version, p.identities_version}));
  return Ok();
}

Status UpdateProfile(db::Transaction& tx, const Profile& p) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_profile SET name = $2, description = $3, email = $4, "
      "modified_at = $5, version = $6, identities_version = $7 WHERE id = $1",
      {p.id, p.name, p.description, p.email, p.modified, p.version, p.identities_version}));
  return Ok();
}

Status DeleteProfile(db::Transaction& tx, const Profile& profile) {
  for (const char* table : {"iam_profile_identity", "iam_profile_rule", "iam_profile_link"}) {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM " + std::string(table) + " WHERE profile_id = $1", {profile.id}));
  }
  BW_TRY_STATUS(DeleteIdentity(tx, profile.account, profile.iam_id));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_profile WHERE id = $1", {profile.id}));
  return Ok();
}

Result<std::optional<Profile>> FindProfile(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kProfileColumns, "WHERE id = $1"), {id}, MakeProfile);
}

Result<std::optional<Profile>> FindProfileByIamId(db::Transaction& tx, const IamId& iam_id) {
  return tx.QueryOne(Sql(kProfileColumns, "WHERE iam_id = $1"), {iam_id}, MakeProfile);
}

Result<std::optional<Profile>> FindProfileByName(db::Transaction& tx, const AccountId& account,
                                                 std::string_view name) {
  return tx.QueryOne(Sql(kProfileColumns, "WHERE account_id = $1 AND name = $2"), {account, name},
                     MakeProfile);
}

Result<Listed<Profile>> ListProfiles(db::Transaction& tx, const AccountId& account,
                                     const ProfileFilter& filter, const Page& page) {
  constexpr std::string_view kWhere = "WHERE account_id = $1 AND ($2 = '' OR name = $2) ";
  std::string column = "id";
  for (const std::string_view known : {"name", "description", "created_at", "modified_at"}) {
    if (filter.sort == known) column = known;
  }
  if (filter.order == Order::kDescending) column += " DESC";
  Listed<Profile> listed;
  BW_TRY(listed.total,
         Number(tx, Sql("SELECT count(*) FROM iam_profile ", kWhere), {account, filter.name}));
  BW_TRY(listed.items, tx.QueryAll(Sql(kProfileColumns, kWhere) + "ORDER BY " + column +
                                       ", id LIMIT $3 OFFSET $4",
                                   {account, filter.name, page.limit, page.offset}, MakeProfile));
  return listed;
}

Result<Trust> ReadTrust(db::Transaction& tx, std::string_view profile) {
  Trust trust;
  BW_TRY(trust.identities,
         tx.QueryAll(Sql(kIdentityColumns, "WHERE profile_id = $1 ORDER BY kind, identifier"),
                     {profile}, MakeIdentity));
  BW_TRY(trust.rules,
         tx.QueryAll(Sql(kRuleColumns, "WHERE profile_id = $1 ORDER BY created_at, id"), {profile},
                     MakeRule));
  BW_TRY(trust.links,
         tx.QueryAll(Sql(kLinkColumns, "WHERE profile_id = $1 ORDER BY created_at, id"), {profile},
                     MakeLink));
  return trust;
}

Status InsertProfileIdentity(db::Transaction& tx, std::string_view profile,
                             const ProfileIdentity& identity) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_profile_identity (profile_id, kind, identifier, iam_id, accounts, "
      "description) VALUES ($1, $2, $3, $4, $5, $6)",
      {profile, ToString(identity.kind), identity.identifier, identity.iam_id,
       AccountsText(identity.accounts), identity.description}));
  return Ok();
}

Result<bool> DeleteProfileIdentity(db::Transaction& tx, std::string_view profile, TrustedKind kind,
                                   std::string_view identifier) {
  BW_TRY(const auto changed,
         tx.Execute("DELETE FROM iam_profile_identity WHERE profile_id = $1 AND kind = $2 AND "
                    "identifier = $3",
                    {profile, ToString(kind), identifier}));
  return changed > 0;
}

Status InsertProfileRule(db::Transaction& tx, const ProfileRule& r) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_profile_rule (id, profile_id, kind, name, realm, cr_type, expiration, "
      "conditions, created_at, modified_at, version) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
      {r.id, r.profile, ToString(r.kind), r.name, r.realm, r.cr_type, r.expiration_seconds,
       json::Serialize(ConditionsToJson(r.conditions)), r.created, r.modified, r.version}));
  return Ok();
}

Status UpdateProfileRule(db::Transaction& tx, const ProfileRule& r) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE iam_profile_rule SET kind = $2, name = $3, realm = $4, cr_type = $5, "
                 "expiration = $6, conditions = $7, modified_at = $8, version = $9 WHERE id = $1",
                 {r.id, ToString(r.kind), r.name, r.realm, r.cr_type, r.expiration_seconds,
                  json::Serialize(ConditionsToJson(r.conditions)), r.modified, r.version}));
  return Ok();
}

Result<bool> DeleteProfileRule(db::Transaction& tx, std::string_view id) {
  BW_TRY(const auto changed, tx.Execute("DELETE FROM iam_profile_rule WHERE id = $1", {id}));
  return changed > 0;
}

Status InsertProfileLink(db::Transaction& tx, const ProfileLink& l) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO iam_profile_link (id, profile_id, name, cr_type, crn, name_space, "
                 "resource_name, component_type, component_name, created_at, modified_at, version) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                 {l.id, l.profile, l.name, l.cr_type, l.crn, l.name_space, l.resource_name,
                  l.component_type, l.component_name, l.created, l.modified, l.version}));
  return Ok();
}

Result<bool> DeleteProfileLink(db::Transaction& tx, std::string_view id) {
  BW_TRY(const auto changed, tx.Execute("DELETE FROM iam_profile_link WHERE id = $1", {id}));
  return changed > 0;
}

}  // namespace breakwater::iam::store
