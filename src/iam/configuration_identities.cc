#include <limits>

#include "iam/configuration.h"
#include "iam/store.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::int64_t kPage = 500;
constexpr std::size_t kMaxCrns = 100;

// Everything that a list gives in pages.
template <class T, class List>
Result<std::vector<T>> All(List list) {
  std::vector<T> all;
  for (;;) {
    const store::Page page{.offset = static_cast<std::int64_t>(all.size()), .limit = kPage};
    BW_TRY(store::Listed<T> listed, list(page));
    const bool last = static_cast<std::int64_t>(listed.items.size()) < kPage;
    for (T& item : listed.items) all.push_back(std::move(item));
    if (last) return all;
  }
}

void PutText(json::Object& object, std::string_view name, std::string_view text) {
  if (!text.empty()) object[name] = Text(text);
}

bool IsSuspended(UserState state) {
  return state == UserState::kDisabledClassicInfrastructure || state == UserState::kVpnOnly;
}

json::Value DocumentOf(const User& user) {
  json::Object object;
  PutText(object, "first_name", user.first_name);
  PutText(object, "last_name", user.last_name);
  PutText(object, "phone", user.phone);
  PutText(object, "other_phone", user.other_phone);
  PutText(object, "photo", user.photo);
  PutText(object, "language", user.language);
  PutText(object, "notification_language", user.notification_language);
  PutText(object, "allowed_addresses", user.allowed_addresses);
  if (user.self_manage) object["self_manage"] = true;
  // Whether somebody has signed in yet is no decision.
  if (IsSuspended(user.state)) object["suspended"] = Text(ToString(user.state));
  return object;
}

Result<User> ReadUser(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"first_name", "last_name", "phone", "other_phone", "photo", "language",
                 "notification_language", "allowed_addresses", "self_manage", "suspended"});
  User user;
  user.state = UserState::kActive;
  user.first_name = in.String("first_name", "");
  user.last_name = in.String("last_name", "");
  user.phone = in.String("phone", "");
  user.other_phone = in.String("other_phone", "");
  user.photo = in.String("photo", "");
  user.language = in.String("language", "");
  user.notification_language = in.String("notification_language", "");
  user.allowed_addresses = in.String("allowed_addresses", "");
  user.self_manage = in.Bool("self_manage", false);
  if (const auto suspended = in.Optional("suspended")) {
    const auto state = ParseUserState(suspended->String());
    if (state.ok() && IsSuspended(*state)) {
      user.state = *state;
    } else {
      suspended->Fail("must be " +
                      std::string(ToString(UserState::kDisabledClassicInfrastructure)) + " or " +
                      std::string(ToString(UserState::kVpnOnly)));
    }
  }
  BW_TRY_STATUS(in.Finish());
  return user;
}

// Of the part that a service changes.
template <class T>
std::optional<T> IfOther(const T& now, const T& wanted) {
  return now == wanted ? std::nullopt : std::optional<T>(wanted);
}

UserUpdate UpdateOf(const User& now, const User& wanted) {
  UserUpdate update{.first_name = IfOther(now.first_name, wanted.first_name),
                    .last_name = IfOther(now.last_name, wanted.last_name),
                    .phone = IfOther(now.phone, wanted.phone),
                    .other_phone = IfOther(now.other_phone, wanted.other_phone),
                    .photo = IfOther(now.photo, wanted.photo)};
  if (IsSuspended(wanted.state) ? now.state != wanted.state : IsSuspended(now.state)) {
    update.state = wanted.state;
  }
  return update;
}

bool SaysAnything(const UserUpdate& u) {
  return u.first_name || u.last_name || u.phone || u.other_phone || u.photo || u.state;
}

UserSettingsUpdate SettingsOf(const User& now, const User& wanted) {
  return {.language = IfOther(now.language, wanted.language),
          .notification_language = IfOther(now.notification_language, wanted.notification_language),
          .allowed_addresses = IfOther(now.allowed_addresses, wanted.allowed_addresses),
          .self_manage = IfOther(now.self_manage, wanted.self_manage)};
}

bool SaysAnything(const UserSettingsUpdate& u) {
  return u.language || u.notification_language || u.allowed_addresses || u.self_manage;
}

json::Value DocumentOf(const ServiceId& service_id) {
  json::Object object;
  PutText(object, "name", service_id.name);
  PutText(object, "description", service_id.description);
  if (!service_id.unique_instance_crns.empty()) {
    json::Array crns;
    for (const std::string& crn : service_id.unique_instance_crns) crns.emplace_back(Text(crn));
    object["unique_instance_crns"] = std::move(crns);
  }
  if (service_id.locked) object["locked"] = true;
  return object;
}

Result<ServiceId> ReadServiceId(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "unique_instance_crns", "locked"});
  ServiceId service_id;
  service_id.name = in.String("name", item.key);
  service_id.description = in.String("description", "");
  if (const auto crns = in.Optional("unique_instance_crns")) {
    service_id.unique_instance_crns = crns->Strings(kMaxCrns);
  }
  service_id.locked = in.Bool("locked", false);
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(CheckName(service_id.name));
  BW_TRY_STATUS(CheckDescription(service_id.description));
  return service_id;
}

}  // namespace

Result<std::vector<ConfigurationItem>> UsersSection::Export(const AccountId& account) {
  BW_TRY(const auto users,
         All<User>([&](const store::Page& page) { return users_.List(account, {}, page); }));
  BW_TRY(const IamId owner, names_.Identity(account, "owner"));
  std::vector<ConfigurationItem> items;
  for (const User& user : users) {
    if (user.iam_id == owner) continue;
    items.push_back({.key = user.email, .document = DocumentOf(user), .id = user.iam_id.value()});
  }
  return items;
}

Result<ConfigurationItem> UsersSection::Complete(const AccountId&, ConfigurationItem item,
                                                 const json::Value&) {
  BW_TRY(item.key, ParseEmail(item.key));
  BW_TRY(const User user, ReadUser(item));
  item.document = DocumentOf(user);
  return item;
}

Status UsersSection::Put(const control::Caller& caller, const AccountId& account,
                         const ConfigurationItem& item) {
  BW_TRY(const User wanted, ReadUser(item));
  IamId id(item.id);
  if (item.id.empty()) {
    BW_TRY(const auto invited, users_.Invite(caller, account, {{.email = item.key}}));
    id = invited.front().iam_id;
  }
  BW_TRY(const User now, users_.Get(account, id));
  if (const UserUpdate update = UpdateOf(now, wanted); SaysAnything(update)) {
    BW_TRY_STATUS(users_.Update(caller, account, id, update));
  }
  if (const UserSettingsUpdate update = SettingsOf(now, wanted); SaysAnything(update)) {
    BW_TRY_STATUS(users_.UpdateSettings(caller, account, id, update));
  }
  return Ok();
}

Status UsersSection::Remove(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  return users_.Remove(caller, account, IamId(item.id));
}

Result<std::vector<ConfigurationItem>> ServiceIdsSection::Export(const AccountId& account) {
  BW_TRY(const auto all, All<ServiceId>([&](const store::Page& page) {
           return service_ids_.List(account, {.sort = "created_at"}, page);
         }));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const ServiceId& one : all) {
    items.push_back({.key = keys.KeyFor(one.name), .document = DocumentOf(one), .id = one.id});
  }
  return items;
}

Result<ConfigurationItem> ServiceIdsSection::Complete(const AccountId&, ConfigurationItem item,
                                                      const json::Value&) {
  BW_TRY(const ServiceId service_id, ReadServiceId(item));
  item.document = DocumentOf(service_id);
  return item;
}

Status ServiceIdsSection::Put(const control::Caller& caller, const AccountId& account,
                              const ConfigurationItem& item) {
  BW_TRY(const ServiceId wanted, ReadServiceId(item));
  if (item.id.empty()) {
    BW_TRY_STATUS(service_ids_.Create(caller, account,
                                      {.name = wanted.name,
                                       .description = wanted.description,
                                       .unique_instance_crns = wanted.unique_instance_crns,
                                       .locked = wanted.locked}));
    return Ok();
  }
  BW_TRY(const ServiceId now, service_ids_.Get(account, item.id));
  const ServiceIdUpdate update{
      .name = IfOther(now.name, wanted.name),
      .description = IfOther(now.description, wanted.description),
      .unique_instance_crns = IfOther(now.unique_instance_crns, wanted.unique_instance_crns)};
  bool locked = now.locked;
  if (update.name || update.description || update.unique_instance_crns) {
    if (locked) BW_TRY_STATUS(service_ids_.SetLocked(caller, account, item.id, false));
    locked = false;
    BW_TRY_STATUS(service_ids_.Update(caller, account, item.id, "*", update));
  }
  if (locked == wanted.locked) return Ok();
  BW_TRY_STATUS(service_ids_.SetLocked(caller, account, item.id, wanted.locked));
  return Ok();
}

Status ServiceIdsSection::Remove(const control::Caller& caller, const AccountId& account,
                                 const ConfigurationItem& item) {
  return service_ids_.Delete(caller, account, item.id);
}

}  // namespace breakwater::iam
