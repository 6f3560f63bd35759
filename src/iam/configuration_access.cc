#include <algorithm>
#include <limits>

#include "crypto/hash.h"
#include "iam/configuration.h"
#include "iam/store.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::int64_t kAtOnce = 500;
constexpr std::size_t kMaxMembers = 10'000;
constexpr std::size_t kMaxActions = 1000;
constexpr std::size_t kMaxRules = 1000;
constexpr std::size_t kKeyDigits = 16;

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.emplace_back(Text(text));
  return array;
}

// --- Custom roles ---

json::Value DocumentOf(const std::string& service, const CustomRoleContent& content) {
  return {{"service", Text(service)},
          {"display_name", Text(content.display_name)},
          {"description", Text(content.description)},
          {"actions", Texts(content.actions)}};
}

Result<NewCustomRole> ReadRole(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"service", "display_name", "description", "actions"});
  NewCustomRole role{.name = item.key,
                     .service = in.Field("service").String(),
                     .content = {.display_name = in.String("display_name", item.key),
                                 .description = in.String("description", ""),
                                 .actions = in.Field("actions").Strings(kMaxActions)}};
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(CheckCustomRole(role));
  return role;
}

// --- Access groups ---

struct WantedGroup {
  std::string description{};
  std::vector<std::string> members{};  // sorted, once each
  std::vector<NewGroupRule> rules{};
};

json::Value DocumentOf(const NewGroupRule& rule) {
  return {{"name", Text(rule.name)},
          {"realm", Text(rule.realm)},
          {"expiration_hours", rule.expiration_hours},
          {"conditions", ConditionsToJson(rule.conditions)}};
}

json::Value DocumentOf(const WantedGroup& group) {
  json::Object object;
  if (!group.description.empty()) object["description"] = Text(group.description);
  object["members"] = Texts(group.members);
  if (!group.rules.empty()) {
    json::Array rules;
    for (const NewGroupRule& rule : group.rules) rules.push_back(DocumentOf(rule));
    object["rules"] = std::move(rules);
  }
  return object;
}

std::string TextOf(const NewGroupRule& rule) {
  return json::Canonical(DocumentOf(rule));
}

NewGroupRule ContentOf(const GroupRule& rule) {
  return {.name = rule.name,
          .realm = rule.realm,
          .expiration_hours = rule.expiration_hours,
          .conditions = rule.conditions};
}

NewGroupRule ReadRule(const json::Reader& in) {
  in.OnlyFields({"name", "realm", "expiration_hours", "conditions"});
  NewGroupRule rule{.name = in.Field("name").String(),
                    .realm = in.Field("realm").String(),
                    .expiration_hours = in.Int("expiration_hours", NewGroupRule::kMaxHours)};
  const json::Reader conditions = in.Field("conditions");
  if (auto read = ConditionsFromJson(json::Serialize(conditions.value())); read.ok()) {
    rule.conditions = *std::move(read);
  } else {
    conditions.Fail(read.error().message());
  }
  return rule;
}

Result<WantedGroup> ReadGroup(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"description", "members", "rules"});
  WantedGroup group{.description = in.String("description", "")};
  if (const auto members = in.Optional("members")) group.members = members->Strings(kMaxMembers);
  std::ranges::sort(group.members);
  const auto again = std::ranges::unique(group.members);
  group.members.erase(again.begin(), again.end());
  if (const auto rules = in.Optional("rules")) {
    for (const json::Reader& rule : rules->Items(kMaxRules)) group.rules.push_back(ReadRule(rule));
  }
  std::ranges::sort(group.rules, {}, TextOf);
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(CheckName(item.key));
  BW_TRY_STATUS(CheckDescription(group.description));
  return group;
}

// --- Policies ---

json::Value DocumentOf(const std::string& subject, const PolicyContent& content) {
  json::Object object{{"subject", Text(subject)},
                      {"roles", RolesToJson(content.roles)},
                      {"attributes", AttributesToJson(content.attributes)}};
  if (!content.description.empty()) object["description"] = Text(content.description);
  if (!content.tags.empty()) object["tags"] = TagsToJson(content.tags);
  if (!content.pattern.empty()) object["pattern"] = Text(content.pattern);
  if (content.rule) object["rule"] = ToJson(*content.rule);
  return object;
}

// The description may change; the rest is the policy.
std::string KeyOf(const json::Value& document) {
  json::Value rest = document;
  rest.as_object().erase("description");
  return std::string(json::FindText(document, "subject")) + " " +
         crypto::Sha256Hex(json::Canonical(rest)).substr(0, kKeyDigits);
}

// As `parse` reads what is stored.
template <class T>
void ReadStored(const json::Reader& in, const json::Value& document,
                Result<T> (*parse)(std::string_view), T& value) {
  if (auto read = parse(json::Serialize(document)); read.ok()) {
    value = *std::move(read);
  } else {
    in.Fail("is not what an export has there: " + read.error().message());
  }
}

// What attributes and tags mean that name no operator.
json::Value WithOperators(json::Value document) {
  if (!document.is_array()) return document;
  for (json::Value& item : document.as_array()) {
    if (!item.is_object() || item.as_object().contains("operator")) continue;
    item.as_object()["operator"] = Text(ToString(MatchOperator::kStringEquals));
  }
  return document;
}

struct WantedPolicy {
  std::string subject;
  PolicyContent content;  // without its subject
};

Result<WantedPolicy> ReadPolicy(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"subject", "description", "roles", "attributes", "tags", "pattern", "rule"});
  WantedPolicy policy;
  policy.subject = in.Field("subject").String();
  policy.content.description = in.String("description", "");
  const json::Reader roles = in.Field("roles");
  ReadStored(roles, roles.value(), RolesFromJson, policy.content.roles);
  const json::Reader attributes = in.Field("attributes");
  ReadStored(attributes, WithOperators(attributes.value()), AttributesFromJson,
             policy.content.attributes);
  if (const auto tags = in.Optional("tags")) {
    ReadStored(*tags, WithOperators(tags->value()), TagsFromJson, policy.content.tags);
  }
  policy.content.pattern = in.String("pattern", "");
  if (const auto rule = in.Optional("rule")) {
    PolicyRule read;
    ReadStored(*rule, rule->value(), ParseRule, read);
    policy.content.rule = std::move(read);
  }
  // In an order of their own, so that the same is the same.
  std::ranges::sort(policy.content.roles);
  std::ranges::sort(policy.content.attributes, {}, [](const PolicyAttribute& attribute) {
    return std::pair(attribute.name, attribute.value);
  });
  BW_TRY_STATUS(in.Finish());
  return policy;
}

PolicyContent ContentOf(const Policy& policy) {
  return {.subject = policy.subject,
          .description = policy.description,
          .roles = policy.roles,
          .attributes = policy.attributes,
          .tags = policy.tags,
          .pattern = policy.pattern,
          .rule = policy.rule};
}

}  // namespace

Result<std::vector<ConfigurationItem>> CustomRolesSection::Export(const AccountId& account) {
  BW_TRY(const auto roles, roles_.List(account, ""));
  std::vector<ConfigurationItem> items;
  for (const CustomRole& role : roles) {
    items.push_back({.key = role.name,
                     .document = DocumentOf(role.service, {.display_name = role.display_name,
                                                           .description = role.description,
                                                           .actions = role.actions}),
                     .id = role.id});
  }
  return items;
}

Result<ConfigurationItem> CustomRolesSection::Complete(const AccountId&, ConfigurationItem item,
                                                       const json::Value& now) {
  BW_TRY(const NewCustomRole role, ReadRole(item));
  if (!now.is_null() && json::FindText(now, "service") != role.service) {
    return Conflict("a role's service cannot change: give the new one another name")
        .Reason("role_conflict_error");
  }
  item.document = DocumentOf(role.service, role.content);
  return item;
}

Status CustomRolesSection::Put(const control::Caller& caller, const AccountId& account,
                               const ConfigurationItem& item) {
  BW_TRY(const NewCustomRole role, ReadRole(item));
  if (item.id.empty()) {
    BW_TRY_STATUS(roles_.Create(caller, account, role));
  } else {
    BW_TRY_STATUS(roles_.Replace(caller, account, item.id, "*", role.content));
  }
  return Ok();
}

Status CustomRolesSection::Remove(const control::Caller& caller, const AccountId& account,
                                  const ConfigurationItem& item) {
  return roles_.Delete(caller, account, item.id);
}

Result<std::vector<std::string>> AccessGroupsSection::MemberNames(const AccountId& account,
                                                                  const std::string& id) {
  std::vector<std::string> names;
  const store::MemberFilter added{.membership = MembershipType::kStatic};
  for (std::int64_t offset = 0;; offset += kAtOnce) {
    BW_TRY(const auto members,
           groups_.ListMembers(account, id, added, {.offset = offset, .limit = kAtOnce}));
    for (const Member& member : members.items) {
      BW_TRY(std::string name, names_.NameOf(account, member.iam_id));
      names.push_back(std::move(name));
    }
    if (static_cast<std::int64_t>(members.items.size()) < kAtOnce) break;
  }
  std::ranges::sort(names);
  return names;
}

Result<std::vector<ConfigurationItem>> AccessGroupsSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (std::int64_t offset = 0;; offset += kAtOnce) {
    BW_TRY(const auto groups, groups_.List(account, {.filter = {}, .hide_public = true},
                                           {.offset = offset, .limit = kAtOnce}));
    for (const AccessGroup& group : groups.items) {
      WantedGroup content{.description = group.description};
      BW_TRY(content.members, MemberNames(account, group.id));
      BW_TRY(const auto rules, groups_.ListRules(account, group.id));
      for (const GroupRule& rule : rules) content.rules.push_back(ContentOf(rule));
      std::ranges::sort(content.rules, {}, TextOf);
      items.push_back({.key = group.name, .document = DocumentOf(content), .id = group.id});
    }
    if (static_cast<std::int64_t>(groups.items.size()) < kAtOnce) return items;
  }
}

Result<ConfigurationItem> AccessGroupsSection::Complete(const AccountId&, ConfigurationItem item,
                                                        const json::Value&) {
  BW_TRY(const WantedGroup group, ReadGroup(item));
  item.document = DocumentOf(group);
  return item;
}

Status AccessGroupsSection::Put(const control::Caller& caller, const AccountId& account,
                                const ConfigurationItem& item) {
  BW_TRY(const WantedGroup wanted, ReadGroup(item));
  std::string id = item.id;
  if (id.empty()) {
    BW_TRY(const AccessGroup made,
           groups_.Create(caller, account, {.name = item.key, .description = wanted.description}));
    id = made.id;
  } else {
    BW_TRY(const AccessGroup now, groups_.Get(account, id));
    if (now.description != wanted.description) {
      BW_TRY_STATUS(groups_.Update(caller, account, id, "*", {.description = wanted.description}));
    }
  }
  BW_TRY_STATUS(PutMembers(caller, account, id, wanted.members));
  return PutRules(caller, account, id, wanted.rules);
}

Status AccessGroupsSection::PutMembers(const control::Caller& caller, const AccountId& account,
                                       const std::string& id,
                                       const std::vector<std::string>& wanted) {
  BW_TRY(const std::vector<std::string> now, MemberNames(account, id));
  for (const std::string& name : wanted) {
    if (std::ranges::binary_search(now, name)) continue;
    BW_TRY(const IamId iam_id, names_.Identity(account, name));
    BW_TRY_STATUS(groups_.AddMember(caller, account, id, {.iam_id = iam_id}));
  }
  for (const std::string& name : now) {
    if (std::ranges::binary_search(wanted, name)) continue;
    BW_TRY(const IamId iam_id, names_.Identity(account, name));
    BW_TRY_STATUS(groups_.RemoveMember(caller, account, id, iam_id));
  }
  return Ok();
}

Status AccessGroupsSection::PutRules(const control::Caller& caller, const AccountId& account,
                                     const std::string& id,
                                     const std::vector<NewGroupRule>& wanted) {
  BW_TRY(std::vector<GroupRule> others, groups_.ListRules(account, id));
  for (const NewGroupRule& rule : wanted) {
    const auto same = std::ranges::find(
        others, TextOf(rule), [](const GroupRule& there) { return TextOf(ContentOf(there)); });
    if (same != others.end()) {
      others.erase(same);
      continue;
    }
    BW_TRY_STATUS(groups_.CreateRule(caller, account, id, rule));
  }
  for (const GroupRule& rule : others) {
    BW_TRY_STATUS(groups_.DeleteRule(caller, account, id, rule.id));
  }
  return Ok();
}

Status AccessGroupsSection::Remove(const control::Caller& caller, const AccountId& account,
                                   const ConfigurationItem& item) {
  return groups_.Delete(caller, account, item.id, true);
}

Result<std::vector<ConfigurationItem>> PoliciesSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  store::PolicyPage page{.order = store::PolicyOrder::kId, .limit = kAtOnce};
  for (;;) {
    BW_TRY(const Policies::Listed listed, policies_.List(account, {}, page));
    for (const Policy& policy : listed.items) {
      BW_TRY(const std::string subject, names_.NameOf(account, policy.subject));
      // In the order that documents have.
      BW_TRY(const WantedPolicy ordered,
             ReadPolicy({.key = {}, .document = DocumentOf(subject, ContentOf(policy))}));
      json::Value document = DocumentOf(subject, ordered.content);
      std::string key = KeyOf(document);
      items.push_back({.key = std::move(key), .document = std::move(document), .id = policy.id});
    }
    if (!listed.next) break;
    page.after = listed.next;
  }
  std::ranges::sort(items, {}, &ConfigurationItem::key);
  return items;
}

Result<ConfigurationItem> PoliciesSection::Complete(const AccountId&, ConfigurationItem item,
                                                    const json::Value&) {
  BW_TRY(const WantedPolicy policy, ReadPolicy(item));
  item.document = DocumentOf(policy.subject, policy.content);
  item.key = KeyOf(item.document);
  return item;
}

Status PoliciesSection::Put(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  BW_TRY(WantedPolicy policy, ReadPolicy(item));
  BW_TRY(policy.content.subject, names_.SubjectNamed(account, policy.subject));
  if (item.id.empty()) {
    BW_TRY_STATUS(policies_.Create(caller, account, policy.content));
  } else {
    BW_TRY_STATUS(policies_.Replace(caller, account, item.id, "*", policy.content));
  }
  return Ok();
}

Status PoliciesSection::Remove(const control::Caller& caller, const AccountId& account,
                               const ConfigurationItem& item) {
  return policies_.Delete(caller, account, item.id);
}

}  // namespace breakwater::iam
