#include <algorithm>

#include "iam/access_groups.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kGroupWhat = "access group";
constexpr std::string_view kRuleWhat = "rule of this access group";
constexpr std::int64_t kMaxPublicPolicies = 100'000;

Status Check(const NewGroupRule& wanted) {
  if (!wanted.name.empty()) BW_TRY_STATUS(CheckName(wanted.name));
  if (wanted.realm.empty() || wanted.realm.size() > Limits::kNameOctets) {
    return Invalid("realm_name must have 1 to 256 bytes: the URL of the identity provider")
        .Reason("invalid_field");
  }
  if (wanted.expiration_hours < 1 || wanted.expiration_hours > NewGroupRule::kMaxHours) {
    return Invalid("expiration must be 1 to " + std::to_string(NewGroupRule::kMaxHours) + " hours")
        .Reason("invalid_field");
  }
  return CheckConditions(wanted.conditions);
}

void Put(const NewGroupRule& wanted, GroupRule& rule) {
  rule.name = wanted.name;
  rule.realm = wanted.realm;
  rule.expiration_hours = wanted.expiration_hours;
  rule.conditions = wanted.conditions;
}

Result<GroupRule> ExistingRule(db::Transaction& tx, const AccountId& account,
                               std::string_view group, std::string_view id) {
  BW_TRY_STATUS(Existing(store::FindGroup(tx, group), account, kGroupWhat));
  BW_TRY(auto rule, Existing(store::FindGroupRule(tx, id), account, kRuleWhat));
  if (rule.group != group) return NoSuch(kRuleWhat);
  return rule;
}

// Everybody is in it without a rule.
Status RefusePublic(std::string_view group) {
  if (group != kPublicAccessGroup) return Ok();
  return Conflict("the group Public Access has no rules: it holds everybody").Reason("group_fixed");
}

}  // namespace

Result<GroupRule> AccessGroups::CreateRule(const control::Caller& caller, const AccountId& account,
                                           std::string_view group, const NewGroupRule& wanted) {
  BW_TRY_STATUS(RefusePublic(group));
  BW_TRY_STATUS(Check(wanted));
  const Timestamp now = deps_.clock.Now();
  GroupRule made{.id = "ClaimRule-" + NewUuid(),
                 .group = std::string(group),
                 .account = account,
                 .name = {},
                 .realm = {},
                 .conditions = {},
                 .created = now,
                 .created_by = caller.actor.iam_id,
                 .modified = now,
                 .modified_by = caller.actor.iam_id};
  Put(wanted, made);
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-groups.rule.create",
               .resource = GroupResource(account, group),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY_STATUS(Existing(store::FindGroup(tx, group), account, kGroupWhat));
                 BW_TRY(const auto known, store::ListGroupRules(tx, group));
                 BW_TRY_STATUS(CheckRoom(static_cast<std::int64_t>(known.size()),
                                         deps_.limits.rules_per_group, "an access group", "rules"));
                 BW_TRY_STATUS(store::InsertGroupRule(tx, made));
                 return Changed(tx, account, nullptr, ToJson(made));
               }}));
  return made;
}

Result<GroupRule> AccessGroups::GetRule(const AccountId& account, std::string_view group,
                                        std::string_view id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return ExistingRule(tx, account, group, id); });
}

Result<std::vector<GroupRule>> AccessGroups::ListRules(const AccountId& account,
                                                       std::string_view group) {
  if (group == kPublicAccessGroup) return std::vector<GroupRule>{};
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<std::vector<GroupRule>> {
    BW_TRY_STATUS(Existing(store::FindGroup(tx, group), account, kGroupWhat));
    return store::ListGroupRules(tx, group);
  });
}

Result<GroupRule> AccessGroups::ReplaceRule(const control::Caller& caller, const AccountId& account,
                                            std::string_view group, std::string_view id,
                                            std::string_view if_match, const NewGroupRule& wanted) {
  BW_TRY_STATUS(Check(wanted));
  GroupRule after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-groups.rule.update",
               .resource = GroupResource(account, group),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const GroupRule before, ExistingRule(tx, account, group, id));
                 BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
                 after = before;
                 Put(wanted, after);
                 after.modified = deps_.clock.Now();
                 after.modified_by = caller.actor.iam_id;
                 ++after.version;
                 BW_TRY_STATUS(store::UpdateGroupRule(tx, after));
                 // Whether those it let in meet what it says now, their claims would have to tell,
                 // which are not kept.
                 if (after.realm != before.realm || after.conditions != before.conditions ||
                     after.expiration_hours != before.expiration_hours) {
                   BW_TRY_STATUS(store::DeleteMembershipsOfRule(tx, after.id));
                 }
                 return ChangedAccess(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status AccessGroups::DeleteRule(const control::Caller& caller, const AccountId& account,
                                std::string_view group, std::string_view id) {
  return deps_.changes.Submit(caller,
                              {.action = "iam-groups.rule.delete",
                               .resource = GroupResource(account, group),
                               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                                 BW_TRY(const GroupRule rule, ExistingRule(tx, account, group, id));
                                 BW_TRY_STATUS(store::DeleteGroupRule(tx, rule.id));
                                 return ChangedAccess(tx, account, ToJson(rule), nullptr);
                               },
                               .weighed = control::WeighTaking(AccessResource(account))});
}

Result<bool> AccessGroups::RefreshDynamic(db::Transaction& tx, const AccountId& account,
                                          const IamId& iam_id, std::string_view realm,
                                          const json::Object& claims, Joining joining) {
  const Timestamp now = deps_.clock.Now();
  BW_TRY(const auto rules, store::GroupRulesOfRealm(tx, account, realm));
  BW_TRY(const auto before, store::DynamicRulesOf(tx, iam_id, now));
  BW_TRY_STATUS(store::DeleteDynamicMemberships(tx, account, iam_id, realm, now));
  for (const GroupRule& rule : rules) {
    if (!Holds(rule.conditions, claims)) continue;
    if (joining == Joining::kNoOther && std::ranges::find(before, rule.id) == before.end())
      continue;
    BW_TRY_STATUS(store::InsertDynamicMember(tx, rule, iam_id, now,
                                             now + std::chrono::hours(rule.expiration_hours)));
  }
  BW_TRY(const auto after, store::DynamicRulesOf(tx, iam_id, now));
  // Longer memberships alone are noticed when those that are known have ended.
  if (before == after) return false;
  BW_TRY_STATUS(store::BumpVersion(tx, account));
  return true;
}

Result<PublicAccess> AccessGroups::GetPublicAccess(const AccountId& account) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ReadPublicAccess(tx, account); });
}

Result<PublicAccess> AccessGroups::SetPublicAccess(const control::Caller& caller,
                                                   const AccountId& account, bool enabled) {
  const PublicAccess wanted{
      .enabled = enabled, .modified = deps_.clock.Now(), .modified_by = caller.actor.iam_id};
  const Subject everybody{SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)};
  BW_TRY_STATUS(deps_.changes.Submit(
      caller,
      {.action = "iam-groups.account-settings.update",
       .resource = GroupResource(account, ""),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto known, store::ReadPublicAccess(tx, account));
         json::Array gone;
         // Nor does what was written while it was off come into force unasked.
         if (!enabled || !known.enabled) {
           BW_TRY(const auto policies, store::ListPolicies(tx, account, {.subject = everybody},
                                                           {.limit = kMaxPublicPolicies}));
           for (const Policy& policy : policies) {
             gone.push_back(ToJson(policy));
             BW_TRY_STATUS(store::DeletePolicy(tx, policy.id));
           }
         }
         BW_TRY_STATUS(store::WritePublicAccess(tx, account, wanted));
         return ChangedAccess(
             tx, account, {{"public_access_enabled", known.enabled}, {"policies", std::move(gone)}},
             {{"public_access_enabled", enabled}});
       },
       .severity = audit::Severity::kCritical}));
  return wanted;
}

}  // namespace breakwater::iam
