#include "iam/network_zones.h"

#include <algorithm>

#include "iam/restriction_store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "network zone";

void Put(const ZoneContent& content, Zone& zone) {
  zone.name = content.name;
  zone.description = content.description;
  zone.addresses = content.addresses;
  zone.excluded = content.excluded;
}

bool Names(const Restriction& rule, std::string_view zone) {
  return std::ranges::any_of(rule.contexts, [&](const RestrictionContext& context) {
    return std::ranges::any_of(context.attributes, [&](const auto& attribute) {
      return attribute.first == "networkZoneId" && attribute.second == zone;
    });
  });
}

Status CheckUnused(db::Transaction& tx, const Zone& zone) {
  BW_TRY(const auto rules, store::ListRestrictions(tx, zone.account));
  const auto user =
      std::ranges::find_if(rules, [&](const Restriction& rule) { return Names(rule, zone.id); });
  if (user == rules.end()) return Ok();
  return Conflict("a rule names this zone: change or delete that rule first")
      .Reason("zone_in_use")
      .Detail("rule", user->id);
}

}  // namespace

control::Resource ZoneResource(const AccountId& account, std::string id) {
  return IamResource(account, "context-based-restrictions", "zone", std::move(id));
}

Result<Zone> NetworkZones::Create(const control::Caller& caller, const AccountId& account,
                                  const ZoneContent& content) {
  const Timestamp now = deps_.clock.Now();
  Zone made;
  made.id = NewUuid();
  made.account = account;
  Put(content, made);
  made.created = made.modified = now;
  made.created_by = made.modified_by = caller.actor.iam_id;
  BW_TRY_STATUS(CheckZone(made));
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "context-based-restrictions.zone.create",
               .resource = ZoneResource(account, made.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto zones, store::ListZones(tx, account));
                 BW_TRY_STATUS(CheckRoom(std::ssize(zones), deps_.limits.zones_per_account,
                                         "an account", "network zones"));
                 BW_TRY_STATUS(store::InsertZone(tx, made));
                 return Changed(tx, account, nullptr, ToJson(made));
               }}));
  return made;
}

Result<Zone> NetworkZones::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindZone(tx, id), account, kWhat); });
}

Result<std::vector<Zone>> NetworkZones::List(const AccountId& account) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListZones(tx, account); });
}

Result<Zone> NetworkZones::Replace(const control::Caller& caller, const AccountId& account,
                                   std::string_view id, std::string_view if_match,
                                   const ZoneContent& content) {
  Zone after;
  const Timestamp now = deps_.clock.Now();
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "context-based-restrictions.zone.update",
               .resource = ZoneResource(account, std::string(id)),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Zone before, Existing(store::FindZone(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
                 after = before;
                 Put(content, after);
                 after.modified = now;
                 after.modified_by = caller.actor.iam_id;
                 ++after.version;
                 BW_TRY_STATUS(CheckZone(after));
                 BW_TRY_STATUS(store::UpdateZone(tx, after));
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status NetworkZones::Delete(const control::Caller& caller, const AccountId& account,
                            std::string_view id) {
  return deps_.changes.Submit(
      caller, {.action = "context-based-restrictions.zone.delete",
               .resource = ZoneResource(account, std::string(id)),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Zone zone, Existing(store::FindZone(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckUnused(tx, zone));
                 BW_TRY_STATUS(store::DeleteZone(tx, id));
                 return Changed(tx, account, ToJson(zone), nullptr);
               }});
}

}  // namespace breakwater::iam
