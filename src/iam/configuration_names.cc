#include "iam/configuration_names.h"

#include "base/strings.h"
#include "iam/changes.h"
#include "iam/store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kOwner = "owner";
constexpr std::string_view kUser = "user:";
constexpr std::string_view kServiceId = "service_id:";
constexpr std::string_view kProfile = "profile:";
constexpr std::string_view kIamId = "iam_id:";
constexpr std::string_view kGroup = "access_group:";

Error Unknown(std::string_view name) {
  return NotFound("there is no '" + std::string(name.substr(0, 300)) + "' in the account")
      .Reason("not_found");
}

Result<std::string> NameIn(db::Transaction& tx, const AccountId& account, const IamId& iam_id) {
  BW_TRY(const auto owned, store::FindAccount(tx, account));
  if (owned && owned->owner == iam_id) return std::string(kOwner);
  BW_TRY(const auto user, store::FindUser(tx, iam_id));
  if (user && user->account == account) return std::string(kUser) + user->email;
  BW_TRY(const auto service_id, store::FindServiceIdByIamId(tx, iam_id));
  if (service_id && service_id->account == account) {
    BW_TRY(const auto same,
           store::ListServiceIds(tx, account, {.name = service_id->name}, {.limit = 2}));
    if (same.total == 1) return std::string(kServiceId) + service_id->name;
  }
  BW_TRY(const auto profile, store::FindProfileByIamId(tx, iam_id));
  if (profile && profile->account == account) return std::string(kProfile) + profile->name;
  return std::string(kIamId) + iam_id.value();
}

Result<IamId> IdentityIn(db::Transaction& tx, const AccountId& account, std::string_view name) {
  const auto rest = [&](std::string_view prefix) { return name.substr(prefix.size()); };
  if (name == kOwner) {
    BW_TRY(const auto owned, store::FindAccount(tx, account));
    if (owned) return owned->owner;
  } else if (name.starts_with(kUser)) {
    BW_TRY(const auto users,
           store::ListUsers(tx, account, {.email = std::string(rest(kUser))}, {}));
    if (!users.items.empty()) return users.items.front().iam_id;
  } else if (name.starts_with(kServiceId)) {
    BW_TRY(const auto found,
           store::ListServiceIds(tx, account, {.name = std::string(rest(kServiceId))}, {}));
    if (found.total > 1) {
      return Conflict("the account has several service IDs called '" +
                      std::string(rest(kServiceId)) + "'")
          .Reason("ambiguous");
    }
    if (!found.items.empty()) return found.items.front().iam_id;
  } else if (name.starts_with(kProfile)) {
    BW_TRY(const auto profile, store::FindProfileByName(tx, account, rest(kProfile)));
    if (profile) return profile->iam_id;
  } else if (name.starts_with(kIamId)) {
    return IamId(std::string(rest(kIamId)));
  } else {
    return Invalid("'" + std::string(name.substr(0, 300)) +
                   "' names nobody: say owner, user:ADDRESS, service_id:NAME, profile:NAME or "
                   "iam_id:ID")
        .Reason("invalid_field");
  }
  return Unknown(name);
}

Result<std::string> GroupIdIn(db::Transaction& tx, const AccountId& account,
                              std::string_view name) {
  if (name == PublicAccessGroup(account).name) return std::string(kPublicAccessGroup);
  BW_TRY(const auto id,
         tx.QueryOne("SELECT id FROM iam_group WHERE account_id = $1 AND name = $2",
                     {account, name}, [](const db::Row& row) { return row.String(0); }));
  if (!id) return Unknown(std::string(kGroup) + std::string(name));
  return *id;
}

}  // namespace

Result<std::string> ConfigurationNames::NameOf(const AccountId& account,
                                               const IamId& iam_id) const {
  return database_.ReadValue([&](db::Transaction& tx) { return NameIn(tx, account, iam_id); });
}

Result<IamId> ConfigurationNames::Identity(const AccountId& account, std::string_view name) const {
  return database_.ReadValue([&](db::Transaction& tx) { return IdentityIn(tx, account, name); });
}

Result<std::string> ConfigurationNames::GroupName(const AccountId& account,
                                                  std::string_view id) const {
  if (id == kPublicAccessGroup) return PublicAccessGroup(account).name;
  BW_TRY(const auto group,
         database_.ReadValue([&](db::Transaction& tx) { return store::FindGroup(tx, id); }));
  if (!group || group->account != account) return Unknown(id);
  return group->name;
}

Result<std::string> ConfigurationNames::GroupId(const AccountId& account,
                                                std::string_view name) const {
  return database_.ReadValue([&](db::Transaction& tx) { return GroupIdIn(tx, account, name); });
}

Result<std::string> ConfigurationNames::NameOf(const AccountId& account,
                                               const Subject& subject) const {
  if (subject.kind == SubjectKind::kIdentity) return NameOf(account, IamId(subject.id));
  BW_TRY(const std::string name, GroupName(account, subject.id));
  return std::string(kGroup) + name;
}

Result<Subject> ConfigurationNames::SubjectNamed(const AccountId& account,
                                                 std::string_view name) const {
  if (!name.starts_with(kGroup)) {
    BW_TRY(const IamId iam_id, Identity(account, name));
    return Subject{.kind = SubjectKind::kIdentity, .id = iam_id.value()};
  }
  BW_TRY(std::string id, GroupId(account, name.substr(kGroup.size())));
  return Subject{.kind = SubjectKind::kAccessGroup, .id = std::move(id)};
}

}  // namespace breakwater::iam
