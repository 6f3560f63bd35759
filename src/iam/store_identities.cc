#include "iam/history.h"
#include "iam/store.h"
#include "iam/store_sql.h"
#include "json/reader.h"

namespace breakwater::iam::store {
namespace {

constexpr std::size_t kMaxInstances = 64;

constexpr std::string_view kAccountColumns = "SELECT id, name, owner, deleted FROM iam_account ";
constexpr std::string_view kUserColumns =
    "SELECT iam_id, account_id, email, first_name, last_name, state, added_at, phone, other_phone, "
    "photo, language, notification_language, allowed_ip_addresses, self_manage FROM iam_user ";
constexpr std::string_view kServiceIdColumns =
    "SELECT id, iam_id, account_id, name, description, unique_instance_crns, locked, created_at, "
    "modified_at, version FROM iam_service_id ";
constexpr std::string_view kApiKeyColumns =
    "SELECT id, account_id, iam_id, name, description, locked, disabled, expires_at, created_at, "
    "created_by, modified_at, version, action_when_leaked, support_sessions, sealed_value "
    "FROM iam_api_key ";

// Of columns of our own naming alone: what a caller asks to sort by never becomes SQL.
std::string OrderBy(std::string_view sort, Order order) {
  std::string column = "id";
  for (const std::string_view known :
       {"name", "description", "created_at", "modified_at", "created_by"}) {
    if (sort == known) column = known;
  }
  return "ORDER BY " + column + (order == Order::kDescending ? " DESC" : "") + ", id ";
}

Result<User> MakeUser(const db::Row& row) {
  User user{.iam_id = IamId(row.String(0)),
            .account = AccountId(row.String(1)),
            .email = row.String(2),
            .first_name = row.String(3),
            .last_name = row.String(4),
            .state = {},
            .added = row.Time(6),
            .phone = row.String(7),
            .other_phone = row.String(8),
            .photo = row.String(9),
            .language = row.String(10),
            .notification_language = row.String(11),
            .allowed_addresses = row.String(12),
            .self_manage = row.Bool(13)};
  BW_TRY(user.state, ParseUserState(row.Text(5)));
  return user;
}

std::string CrnsText(const std::vector<std::string>& crns) {
  json::Array items;
  for (const std::string& crn : crns) items.push_back(json::Text(crn));
  return json::Serialize(items);
}

Result<ServiceId> MakeServiceId(const db::Row& row) {
  ServiceId service_id{.id = row.String(0),
                       .iam_id = IamId(row.String(1)),
                       .account = AccountId(row.String(2)),
                       .name = row.String(3),
                       .description = row.String(4),
                       .unique_instance_crns = {},
                       .locked = row.Bool(6),
                       .created = row.Time(7),
                       .modified = row.Time(8),
                       .version = row.Int(9)};
  BW_TRY(const json::Value crns, json::Parse(row.Text(5)));
  const json::Reader reader(crns);
  service_id.unique_instance_crns = reader.Strings(kMaxInstances);
  BW_TRY_STATUS(reader.Finish());
  return service_id;
}

ApiKey MakeApiKey(const db::Row& row) {
  ApiKey key{.id = row.String(0),
             .account = AccountId(row.String(1)),
             .iam_id = IamId(row.String(2)),
             .name = row.String(3),
             .description = row.String(4),
             .locked = row.Bool(5),
             .disabled = row.Bool(6),
             .expires = row.OptionalTime(7),
             .created = row.Time(8),
             .created_by = IamId(row.String(9)),
             .modified = row.Time(10),
             .version = row.Int(11),
             .action_when_leaked = row.String(12),
             .support_sessions = row.Bool(13)};
  if (!row.IsNull(14)) {
    const ByteView sealed = row.Blob(14);
    key.sealed_value.emplace(sealed.begin(), sealed.end());
  }
  return key;
}

Account MakeAccount(const db::Row& row) {
  return {.id = AccountId(row.String(0)),
          .name = row.String(1),
          .owner = IamId(row.String(2)),
          .deleted = row.Bool(3)};
}

}  // namespace

Result<std::int64_t> ReadVersion(db::Transaction& tx, const AccountId& account) {
  return Number(tx, "SELECT version FROM iam_version WHERE account_id = $1", {account});
}

Status BumpVersion(db::Transaction& tx, const AccountId& account) {
  BW_TRY(
      const auto changed,
      tx.Execute("UPDATE iam_version SET version = version + 1 WHERE account_id = $1", {account}));
  if (changed != 1) return NotFound("there is no such account").Reason("account_unknown");
  return Ok();
}

Status InsertAccount(db::Transaction& tx, const Account& account, Timestamp now) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO iam_account (id, name, owner, created_at) VALUES ($1, $2, $3, $4)",
                 {account.id, account.name, account.owner, now}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO iam_version (account_id, version) VALUES ($1, 1)", {account.id}));
  return Ok();
}

Result<std::optional<Account>> FindAccount(db::Transaction& tx, const AccountId& id) {
  return tx.QueryOne(Sql(kAccountColumns, "WHERE id = $1"), {id}, MakeAccount);
}

Result<std::optional<Account>> FirstAccount(db::Transaction& tx) {
  return tx.QueryOne(Sql(kAccountColumns, "ORDER BY created_at, id LIMIT 1"), {}, MakeAccount);
}

Result<std::vector<AccountId>> ListAccounts(db::Transaction& tx) {
  return tx.QueryAll("SELECT id FROM iam_account WHERE deleted = 0 ORDER BY created_at, id", {},
                     [](const db::Row& row) { return AccountId(row.String(0)); });
}

Status MarkAccountDeleted(db::Transaction& tx, const AccountId& id) {
  BW_TRY_STATUS(tx.Execute("UPDATE iam_account SET deleted = 1 WHERE id = $1", {id}));
  return BumpVersion(tx, id);
}

Status InsertUser(db::Transaction& tx, const User& user) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_user (iam_id, account_id, email, first_name, last_name, state, added_at) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7)",
      {user.iam_id, user.account, user.email, user.first_name, user.last_name, ToString(user.state),
       user.added}));
  return Ok();
}

Status UpdateUser(db::Transaction& tx, const User& u) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_user SET email = $2, first_name = $3, last_name = $4, state = $5, phone = $6, "
      "other_phone = $7, photo = $8, language = $9, notification_language = $10, "
      "allowed_ip_addresses = $11, self_manage = $12 WHERE iam_id = $1",
      {u.iam_id, u.email, u.first_name, u.last_name, ToString(u.state), u.phone, u.other_phone,
       u.photo, u.language, u.notification_language, u.allowed_addresses, u.self_manage}));
  return Ok();
}

Status SetUserState(db::Transaction& tx, const IamId& iam_id, UserState state) {
  BW_TRY_STATUS(
      tx.Execute("UPDATE iam_user SET state = $2 WHERE iam_id = $1", {iam_id, ToString(state)}));
  return Ok();
}

Result<std::optional<User>> FindUser(db::Transaction& tx, const IamId& iam_id) {
  return tx.QueryOne(Sql(kUserColumns, "WHERE iam_id = $1"), {iam_id}, MakeUser);
}

Result<Listed<User>> ListUsers(db::Transaction& tx, const AccountId& account,
                               const UserFilter& filter, const Page& page) {
  constexpr std::string_view kWhere =
      "WHERE account_id = $1 AND ($2 = '' OR replace(email, lower($2), '') <> email OR "
      "replace(lower(first_name || ' ' || last_name), lower($2), '') <> "
      "lower(first_name || ' ' || last_name)) AND ($3 = '' OR email = lower($3)) AND "
      "($4 = '' OR iam_id = $4) ";
  Listed<User> listed;
  BW_TRY(listed.total, Number(tx, Sql("SELECT count(*) FROM iam_user ", kWhere),
                              {account, filter.search, filter.email, filter.iam_id}));
  BW_TRY(listed.items,
         tx.QueryAll(Sql(kUserColumns, kWhere) + "ORDER BY email LIMIT $5 OFFSET $6",
                     {account, filter.search, filter.email, filter.iam_id, page.limit, page.offset},
                     MakeUser));
  return listed;
}

Status InsertServiceId(db::Transaction& tx, const ServiceId& s) {
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO iam_service_id (id, iam_id, account_id, name, description, "
                 "unique_instance_crns, locked, created_at, modified_at, version) "
                 "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                 {s.id, s.iam_id, s.account, s.name, s.description,
                  CrnsText(s.unique_instance_crns), s.locked, s.created, s.modified, s.version}));
  return Ok();
}

Status UpdateServiceId(db::Transaction& tx, const ServiceId& s) {
  BW_TRY_STATUS(tx.Execute(
      "UPDATE iam_service_id SET name = $2, description = $3, unique_instance_crns = $4, "
      "locked = $5, modified_at = $6, version = $7 WHERE id = $1",
      {s.id, s.name, s.description, CrnsText(s.unique_instance_crns), s.locked, s.modified,
       s.version}));
  return Ok();
}

Result<std::optional<ServiceId>> FindServiceId(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kServiceIdColumns, "WHERE id = $1"), {id}, MakeServiceId);
}

Result<std::optional<ServiceId>> FindServiceIdByIamId(db::Transaction& tx, const IamId& iam_id) {
  return tx.QueryOne(Sql(kServiceIdColumns, "WHERE iam_id = $1"), {iam_id}, MakeServiceId);
}

Result<Listed<ServiceId>> ListServiceIds(db::Transaction& tx, const AccountId& account,
                                         const ServiceIdFilter& filter, const Page& page) {
  constexpr std::string_view kWhere = "WHERE account_id = $1 AND ($2 = '' OR name = $2) ";
  Listed<ServiceId> listed;
  BW_TRY(listed.total,
         Number(tx, Sql("SELECT count(*) FROM iam_service_id ", kWhere), {account, filter.name}));
  BW_TRY(listed.items, tx.QueryAll(Sql(kServiceIdColumns, kWhere) +
                                       OrderBy(filter.sort, filter.order) + "LIMIT $3 OFFSET $4",
                                   {account, filter.name, page.limit, page.offset}, MakeServiceId));
  return listed;
}

Status DeleteIdentity(db::Transaction& tx, const AccountId& account, const IamId& iam_id) {
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_history WHERE subject IN (SELECT id FROM iam_api_key WHERE account_id = $1 "
      "AND iam_id = $2)",
      {account, iam_id}));
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_history WHERE subject IN (SELECT id FROM iam_service_id WHERE iam_id = $1)",
      {iam_id}));
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_activity WHERE subject IN (SELECT id FROM iam_api_key WHERE account_id = $1 "
      "AND iam_id = $2 UNION SELECT id FROM iam_service_id WHERE iam_id = $2)",
      {account, iam_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_api_key WHERE account_id = $1 AND iam_id = $2",
                           {account, iam_id}));
  for (const std::string_view table :
       {"iam_session", "iam_password", "iam_external_identity", "iam_one_time"}) {
    BW_TRY_STATUS(tx.Execute(Sql("DELETE FROM ", table) + " WHERE iam_id = $1", {iam_id}));
  }
  BW_TRY_STATUS(
      tx.Execute("DELETE FROM iam_sign_in_address WHERE subject = $1", {"user:" + iam_id.value()}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_member WHERE iam_id = $1", {iam_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_group_dynamic WHERE iam_id = $1", {iam_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_profile_identity WHERE iam_id = $1", {iam_id}));
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM iam_policy WHERE account_id = $1 AND subject_kind = 'iam_id' AND subject = $2",
      {account, iam_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_service_id WHERE iam_id = $1", {iam_id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_user WHERE iam_id = $1", {iam_id}));
  return Ok();
}

Status InsertApiKey(db::Transaction& tx, const ApiKey& key, const Bytes& hash) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_api_key (id, account_id, iam_id, name, description, hash, locked, disabled, "
      "expires_at, created_at, created_by, modified_at, version, action_when_leaked, "
      "support_sessions, sealed_value) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
      {key.id, key.account, key.iam_id, key.name, key.description, hash, key.locked, key.disabled,
       key.expires, key.created, key.created_by, key.modified, key.version, key.action_when_leaked,
       key.support_sessions, key.sealed_value}));
  return Ok();
}

Status UpdateApiKey(db::Transaction& tx, const ApiKey& key) {
  // Another end is announced anew.
  BW_TRY_STATUS(
      tx.Execute("UPDATE iam_api_key SET warned_days = 0 WHERE id = $1 AND coalesce(expires_at, 0) "
                 "<> $2",
                 {key.id, key.expires.value_or(Timestamp{})}));
  BW_TRY_STATUS(
      tx.Execute("UPDATE iam_api_key SET name = $2, description = $3, locked = $4, disabled = $5, "
                 "expires_at = $6, modified_at = $7, version = $8, action_when_leaked = $9, "
                 "support_sessions = $10 WHERE id = $1",
                 {key.id, key.name, key.description, key.locked, key.disabled, key.expires,
                  key.modified, key.version, key.action_when_leaked, key.support_sessions}));
  return Ok();
}

Result<std::vector<ApiKey>> KeysToWarnOf(db::Transaction& tx, Timestamp now, int days,
                                         std::int64_t most) {
  return tx.QueryAll(Sql(kApiKeyColumns,
                         "WHERE disabled = 0 AND expires_at > $1 AND expires_at <= $2 AND "
                         "(warned_days = 0 OR warned_days > $3) ORDER BY expires_at, id LIMIT $4"),
                     {now, now + std::chrono::hours(24 * days), days, most}, MakeApiKey);
}

Status MarkWarned(db::Transaction& tx, std::string_view id, int days) {
  BW_TRY_STATUS(tx.Execute("UPDATE iam_api_key SET warned_days = $2 WHERE id = $1", {id, days}));
  return Ok();
}

Status DeleteApiKey(db::Transaction& tx, std::string_view id) {
  BW_TRY_STATUS(DeleteHistory(tx, id));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_activity WHERE subject = $1", {id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM iam_api_key WHERE id = $1", {id}));
  return Ok();
}

Result<std::optional<ApiKey>> FindApiKey(db::Transaction& tx, std::string_view id) {
  return tx.QueryOne(Sql(kApiKeyColumns, "WHERE id = $1"), {id}, MakeApiKey);
}

Result<std::optional<ApiKey>> FindApiKeyByHash(db::Transaction& tx, const Bytes& hash) {
  return tx.QueryOne(Sql(kApiKeyColumns, "WHERE hash = $1"), {hash}, MakeApiKey);
}

Result<Listed<ApiKey>> ListApiKeys(db::Transaction& tx, const AccountId& account,
                                   const ApiKeyFilter& filter, const Page& page) {
  constexpr std::string_view kWhere =
      "WHERE account_id = $1 AND ($2 = '' OR iam_id = $2) AND "
      "($3 = '' OR ($3 = 'service_id') = (iam_id LIKE 'iam-ServiceId-%')) ";
  const std::string iam_id = filter.iam_id ? filter.iam_id->value() : std::string();
  const std::string_view kind = filter.kind ? control::ToString(*filter.kind) : std::string_view();
  Listed<ApiKey> listed;
  BW_TRY(listed.total,
         Number(tx, Sql("SELECT count(*) FROM iam_api_key ", kWhere), {account, iam_id, kind}));
  BW_TRY(listed.items, tx.QueryAll(Sql(kApiKeyColumns, kWhere) +
                                       OrderBy(filter.sort, filter.order) + "LIMIT $4 OFFSET $5",
                                   {account, iam_id, kind, page.limit, page.offset}, MakeApiKey));
  return listed;
}

}  // namespace breakwater::iam::store
