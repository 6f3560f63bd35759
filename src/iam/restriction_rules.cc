#include "iam/restriction_rules.h"

#include <algorithm>

#include "iam/restriction_store.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "restriction";

void Put(const RestrictionContent& content, Restriction& rule) {
  rule.description = content.description;
  rule.contexts = content.contexts;
  rule.resource = content.resource;
  rule.operations = content.operations;
  rule.mode = content.mode;
}

Status CheckZones(db::Transaction& tx, const Restriction& rule) {
  for (const RestrictionContext& context : rule.contexts) {
    for (const auto& [name, value] : context.attributes) {
      if (name != "networkZoneId") continue;
      BW_TRY(const auto zone, store::FindZone(tx, value));
      if (!zone || zone->account != rule.account) {
        return Invalid("a context names a network zone that your account does not have")
            .Reason("invalid_body");
      }
    }
  }
  return Ok();
}

}  // namespace

control::Resource RestrictionResource(const AccountId& account,
                                      const std::vector<RestrictionAttribute>& resource,
                                      std::string id) {
  const auto service =
      std::ranges::find(resource, std::string_view("serviceName"), &RestrictionAttribute::name);
  // A pattern may cover more than one service: that takes the right on all restrictions.
  const bool one = service != resource.end() && !service->pattern;
  return IamResource(account, one ? service->value : "context-based-restrictions", "restriction",
                     std::move(id));
}

Result<Restriction> RestrictionRules::Create(const control::Caller& caller,
                                             const AccountId& account,
                                             const RestrictionContent& content) {
  const Timestamp now = deps_.clock.Now();
  Restriction made;
  made.id = NewUuid();
  made.account = account;
  Put(content, made);
  made.created = made.modified = now;
  made.created_by = made.modified_by = caller.actor.iam_id;
  BW_TRY_STATUS(CheckRestriction(made));
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "context-based-restrictions.rule.create",
               .resource = RestrictionResource(account, made.resource, made.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto rules, store::ListRestrictions(tx, account));
                 BW_TRY_STATUS(CheckRoom(std::ssize(rules), deps_.limits.restrictions_per_account,
                                         "an account", "restrictions"));
                 BW_TRY_STATUS(CheckZones(tx, made));
                 BW_TRY_STATUS(store::InsertRestriction(tx, made));
                 return Changed(tx, account, nullptr, ToJson(made));
               }}));
  return made;
}

Result<Restriction> RestrictionRules::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return Existing(store::FindRestriction(tx, id), account, kWhat);
  });
}

Result<std::vector<Restriction>> RestrictionRules::List(const AccountId& account) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListRestrictions(tx, account); });
}

Result<Restriction> RestrictionRules::Replace(const control::Caller& caller,
                                              const AccountId& account, std::string_view id,
                                              std::string_view if_match,
                                              const RestrictionContent& content) {
  BW_TRY(const Restriction before, Get(account, id));
  BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
  constexpr std::string_view kAction = "context-based-restrictions.rule.update";
  const auto old_resource = RestrictionResource(account, before.resource, before.id);
  if (const Status may = authorizer_.Authorize(caller, kAction, old_resource); !may.ok()) {
    deps_.changes.RecordRefusal(caller, kAction, old_resource, may.error());
    return may.error();
  }
  Restriction after = before;
  Put(content, after);
  after.modified = deps_.clock.Now();
  after.modified_by = caller.actor.iam_id;
  ++after.version;
  BW_TRY_STATUS(CheckRestriction(after));
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = std::string(kAction),
               .resource = RestrictionResource(account, after.resource, after.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Restriction now,
                        Existing(store::FindRestriction(tx, id), account, kWhat));
                 // The right was decided on what was read before: it must still be that.
                 BW_TRY_STATUS(CheckEntityTag(EntityTag(id, before.version), id, now.version));
                 BW_TRY_STATUS(CheckZones(tx, after));
                 BW_TRY_STATUS(store::UpdateRestriction(tx, after));
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status RestrictionRules::Delete(const control::Caller& caller, const AccountId& account,
                                std::string_view id) {
  BW_TRY(const Restriction before, Get(account, id));
  return deps_.changes.Submit(
      caller, {.action = "context-based-restrictions.rule.delete",
               .resource = RestrictionResource(account, before.resource, before.id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Restriction now,
                        Existing(store::FindRestriction(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckEntityTag(EntityTag(id, before.version), id, now.version));
                 BW_TRY_STATUS(store::DeleteRestriction(tx, id));
                 return Changed(tx, account, ToJson(now), nullptr);
               }});
}

Result<RestrictionUse> RestrictionRules::Use(const AccountId& account) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<RestrictionUse> {
    BW_TRY(const auto rules, store::ListRestrictions(tx, account));
    BW_TRY(const auto zones, store::ListZones(tx, account));
    return RestrictionUse{static_cast<std::int64_t>(rules.size()),
                          static_cast<std::int64_t>(zones.size())};
  });
}

}  // namespace breakwater::iam
