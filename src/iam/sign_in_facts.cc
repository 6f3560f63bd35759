#include "iam/sign_in_facts.h"

#include <algorithm>

#include "iam/changes.h"
#include "iam/signing_key_rows.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

using condition::Fact;
using condition::Number;

constexpr std::string_view kSignInSource = "iam users";
constexpr std::string_view kKeySource = "iam signing keys";

Result<bool> OwnsKeys(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto first, store::FirstAccount(tx));
  return first && first->id == account;
}

Result<condition::Facts> ReadSignIn(db::Transaction& tx, const AccountId& account, Timestamp now) {
  const auto count = [&](std::string_view sql) {
    return tx.QueryOne(sql, {account}, [](const db::Row& row) { return row.Int(0); });
  };
  BW_TRY(const auto users, count("SELECT count(*) FROM iam_user WHERE account_id = $1"));
  BW_TRY(const auto local, count("SELECT count(*) FROM iam_password WHERE account_id = $1"));
  const std::string source(kSignInSource);
  condition::Facts facts;
  facts.Set("users", Fact::Present(Number(users.value_or(0)), source, now));
  facts.Set("users_with_password", Fact::Present(Number(local.value_or(0)), source, now));
  return facts;
}

// Where they can prove who they are: with a password of this installation, at directories and
// providers that have said so before.
Result<condition::StringList> SourcesOf(db::Transaction& tx, const User& user) {
  return tx.QueryAll(
      "SELECT 'password' AS source FROM iam_password WHERE iam_id = $1 UNION SELECT realm FROM "
      "iam_external_identity WHERE account_id = $2 AND iam_id = $1 ORDER BY source",
      {user.iam_id, user.account}, [](const db::Row& row) { return row.String(0); });
}

// By the sessions that are kept, and by what providers have said.
Result<std::optional<Timestamp>> LastSignIn(db::Transaction& tx, const User& user) {
  BW_TRY(const auto last,
         tx.QueryOne("SELECT MAX(at) FROM (SELECT created_at AS at FROM iam_session WHERE "
                     "account_id = $2 AND iam_id = $1 UNION ALL SELECT seen_at FROM "
                     "iam_external_identity WHERE account_id = $2 AND iam_id = $1) known",
                     {user.iam_id, user.account},
                     [](const db::Row& row) { return row.OptionalTime(0); }));
  return last.value_or(std::nullopt);
}

Fact SignedIn(const User& user, const std::optional<Timestamp>& last, Timestamp now) {
  const std::string source(kSignInSource);
  if (last) return Fact::Present(*last, source, now);
  if (user.state == UserState::kPending) return Fact::Absent(source, now);
  return Fact::Unavailable("no session of theirs is on record any more", source, now);
}

Result<condition::Facts> ReadUser(db::Transaction& tx, const AccountId& account,
                                  const std::string& iam_id, Timestamp now) {
  BW_TRY(const User user, Existing(store::FindUser(tx, IamId(iam_id)), account, "user"));
  BW_TRY(auto sources, SourcesOf(tx, user));
  BW_TRY(const auto last, LastSignIn(tx, user));
  const std::string source(kSignInSource);
  condition::Facts facts;
  facts.Set("state", Fact::Present(std::string(ToString(user.state)), source, now));
  facts.Set("added_at", Fact::Present(user.added, source, now));
  facts.Set("last_sign_in", SignedIn(user, last, now));
  facts.Set("sign_in_sources", Fact::Present(std::move(sources), source, now));
  facts.Set("addresses_limited", Fact::Present(!user.allowed_addresses.empty(), source, now));
  return facts;
}

Result<condition::Facts> ReadKey(db::Transaction& tx, const std::string& kid, Timestamp now) {
  BW_TRY(const auto keys, ReadSigningKeys(tx));
  const auto key = std::ranges::find(keys, kid, &SealedKey::kid);
  if (key == keys.end()) return NoSuch("signing key");
  // The last one that has begun to sign.
  const auto next = std::next(key);
  const bool signs = key->signs_from <= now && (next == keys.end() || next->signs_from > now);
  const std::string source(kKeySource);
  condition::Facts facts;
  facts.Set("created_at", Fact::Present(key->created, source, now));
  facts.Set("signs", Fact::Present(signs, source, now));
  return facts;
}

}  // namespace

std::vector<condition::ResourceType> SignInFacts::Types() const {
  return {{std::string(kIdentityService), std::string(kSignInKind)},
          {std::string(kIdentityService), std::string(kUserKind)},
          {std::string(kIdentityService), std::string(kSigningKeyKind)}};
}

Result<std::vector<control::Resource>> SignInFacts::List(db::Transaction& tx,
                                                         const condition::ResourceType& type,
                                                         const AccountId& account) {
  std::vector<control::Resource> resources;
  if (type.kind == kSignInKind) {
    resources.push_back(IamResource(account, type.service, type.kind));
    return resources;
  }
  if (type.kind == kUserKind) {
    return tx.QueryAll("SELECT iam_id FROM iam_user WHERE account_id = $1 ORDER BY iam_id",
                       {account}, [&](const db::Row& row) {
                         return IamResource(account, type.service, type.kind, row.String(0));
                       });
  }
  BW_TRY(const bool owns, OwnsKeys(tx, account));
  if (!owns) return resources;
  BW_TRY(const auto keys, ReadSigningKeys(tx));
  for (const SealedKey& key : keys) {
    resources.push_back(IamResource(account, type.service, type.kind, key.kid));
  }
  return resources;
}

Result<condition::Facts> SignInFacts::Read(db::Transaction& tx, const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  if (resource.kind == kSignInKind) return ReadSignIn(tx, resource.account, now);
  if (resource.kind == kUserKind) return ReadUser(tx, resource.account, resource.name, now);
  BW_TRY(const bool owns, OwnsKeys(tx, resource.account));
  if (!owns) return NoSuch("signing key");
  return ReadKey(tx, resource.name, now);
}

}  // namespace breakwater::iam
