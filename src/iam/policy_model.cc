// Policies and custom roles as values: words, comparison, stored forms.
#include <algorithm>

#include "base/check.h"
#include "crypto/hash.h"
#include "iam/model.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;

constexpr std::size_t kMaxStoredItems = 64;
constexpr std::string_view kCustom = "customRole:";
constexpr std::string_view kRoleService = "iam-access-management";

constexpr MatchOperator kOperators[] = {
    MatchOperator::kStringEquals, MatchOperator::kStringMatch, MatchOperator::kStringExists,
    MatchOperator::kStringEqualsAnyOf, MatchOperator::kStringMatchAnyOf};

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.push_back(Text(text));
  return array;
}

json::Value AttributeToJson(const PolicyAttribute& attribute) {
  return {{"name", Text(attribute.name)},
          {"operator", Text(ToString(attribute.op))},
          {"value", TakesList(attribute.op) ? json::Value(Texts(attribute.values))
                                            : json::Value(Text(attribute.value))}};
}

Result<MatchOperator> StoredOperator(const json::Reader& item) {
  const auto op = ParseMatchOperator(item.Field("operator").String());
  if (!op) return DataCorrupt("a stored policy has an unknown operator");
  return *op;
}

}  // namespace

std::string_view ToString(MatchOperator op) {
  switch (op) {
    case MatchOperator::kStringEquals: return "stringEquals";
    case MatchOperator::kStringMatch: return "stringMatch";
    case MatchOperator::kStringExists: return "stringExists";
    case MatchOperator::kStringEqualsAnyOf: return "stringEqualsAnyOf";
    case MatchOperator::kStringMatchAnyOf: return "stringMatchAnyOf";
  }
  BW_UNREACHABLE();
}

std::optional<MatchOperator> ParseMatchOperator(std::string_view text) {
  for (MatchOperator op : kOperators) {
    if (ToString(op) == text) return op;
  }
  return std::nullopt;
}

bool TakesList(MatchOperator op) {
  return op == MatchOperator::kStringEqualsAnyOf || op == MatchOperator::kStringMatchAnyOf;
}

AttributeKind KindOf(std::string_view attribute) {
  struct Known {
    std::string_view name;
    AttributeKind kind;
  };
  constexpr Known kKnown[] = {
      {"accountId", AttributeKind::kAccount},
      {"serviceName", AttributeKind::kServiceName},
      {"serviceType", AttributeKind::kServiceType},
      {"service_group_id", AttributeKind::kServiceGroup},
      {"serviceInstance", AttributeKind::kServiceInstance},
      {"region", AttributeKind::kRegion},
      {"registry", AttributeKind::kRegistry},
      {"resourceType", AttributeKind::kResourceType},
      {"resource", AttributeKind::kResource},
      {"resourceGroupId", AttributeKind::kResourceGroup},
  };
  for (const Known& known : kKnown) {
    if (known.name == attribute) return known.kind;
  }
  return AttributeKind::kUnknown;
}

std::string ToString(const RoleRef& role) {
  if (const auto system = role.system()) return std::string(ToString(*system));
  return std::string(kCustom) + role.custom();
}

std::string RoleCrn(const RoleRef& role, const AccountId& account) {
  if (const auto system = role.system()) return RoleCrn(*system);
  return Crn{.service = std::string(kRoleService),
             .location = {},
             .account = account,
             .instance = {},
             .type = "customRole",
             .resource = role.custom()}
      .ToString();
}

std::optional<RoleRef> RoleRefFromCrn(std::string_view crn, const AccountId& account) {
  if (const auto system = RoleFromCrn(crn)) return RoleRef(*system);
  const auto parsed = Crn::Parse(crn);
  if (!parsed.ok() || parsed->service != kRoleService || parsed->type != "customRole" ||
      parsed->account != account || parsed->resource.empty()) {
    return std::nullopt;
  }
  return RoleRef::Custom(parsed->resource);
}

const PolicyAttribute* FindAttribute(const Policy& policy, std::string_view name) {
  for (const PolicyAttribute& attribute : policy.attributes) {
    if (attribute.name == name) return &attribute;
  }
  return nullptr;
}

std::string Fingerprint(const Policy& policy) {
  std::vector<RoleRef> roles = policy.roles;
  std::sort(roles.begin(), roles.end());
  std::vector<PolicyAttribute> attributes = policy.attributes;
  std::sort(attributes.begin(), attributes.end(), [](const auto& a, const auto& b) {
    return std::tie(a.name, a.value, a.op, a.values) < std::tie(b.name, b.value, b.op, b.values);
  });
  json::Object document{{"subject_kind", Text(ToString(policy.subject.kind))},
                        {"subject", Text(policy.subject.id)},
                        {"roles", RolesToJson(roles)},
                        {"attributes", AttributesToJson(attributes)}};
  // Only where there are such: what was stored before there could be any stays as it is.
  if (!policy.tags.empty()) document["tags"] = TagsToJson(policy.tags);
  if (policy.rule) document["rule"] = ToJson(*policy.rule);
  return crypto::Sha256Hex(json::Canonical(document));
}

json::Value ToJson(const Policy& policy) {
  json::Object document{
      {"id", Text(policy.id)},
      {"subject", {{Text(ToString(policy.subject.kind)), Text(policy.subject.id)}}},
      {"description", Text(policy.description)},
      {"roles", RolesToJson(policy.roles)},
      {"attributes", AttributesToJson(policy.attributes)}};
  if (!policy.tags.empty()) document["tags"] = TagsToJson(policy.tags);
  if (policy.rule) {
    document["pattern"] = Text(policy.pattern);
    document["rule"] = ToJson(*policy.rule);
  }
  document["state"] = policy.deleted ? "deleted" : "active";
  return document;
}

json::Value ToJson(const CustomRole& role) {
  return {{"id", Text(role.id)},
          {"name", Text(role.name)},
          {"service", Text(role.service)},
          {"display_name", Text(role.display_name)},
          {"description", Text(role.description)},
          {"actions", Texts(role.actions)}};
}

json::Value RolesToJson(const std::vector<RoleRef>& roles) {
  json::Array names;
  for (const RoleRef& role : roles) names.push_back(Text(ToString(role)));
  return names;
}

Result<std::vector<RoleRef>> RolesFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  std::vector<RoleRef> roles;
  for (const std::string& name : reader.Strings(kMaxStoredItems)) {
    if (name.starts_with(kCustom) && name.size() > kCustom.size()) {
      roles.push_back(RoleRef::Custom(name.substr(kCustom.size())));
      continue;
    }
    const auto role = RoleFromName(name);
    if (!role) return DataCorrupt("a stored policy has an unknown role");
    roles.emplace_back(*role);
  }
  BW_TRY_STATUS(reader.Finish());
  return roles;
}

json::Value AttributesToJson(const std::vector<PolicyAttribute>& attributes) {
  json::Array items;
  for (const PolicyAttribute& attribute : attributes) items.push_back(AttributeToJson(attribute));
  return items;
}

Result<std::vector<PolicyAttribute>> AttributesFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  std::vector<PolicyAttribute> attributes;
  for (const json::Reader& item : reader.Items(kMaxStoredItems)) {
    PolicyAttribute attribute;
    attribute.name = item.Field("name").String();
    BW_TRY(attribute.op, StoredOperator(item));
    if (TakesList(attribute.op)) {
      attribute.values = item.Field("value").Strings(kMaxStoredItems);
    } else {
      attribute.value = item.Field("value").String();
    }
    attributes.push_back(std::move(attribute));
  }
  BW_TRY_STATUS(reader.Finish());
  return attributes;
}

json::Value TagsToJson(const std::vector<PolicyTag>& tags) {
  json::Array items;
  for (const PolicyTag& tag : tags) {
    items.push_back({{"name", Text(tag.name)},
                     {"operator", Text(ToString(tag.op))},
                     {"value", Text(tag.value)}});
  }
  return items;
}

Result<std::vector<PolicyTag>> TagsFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader reader(document);
  std::vector<PolicyTag> tags;
  for (const json::Reader& item : reader.Items(kMaxStoredItems)) {
    BW_TRY(const MatchOperator op, StoredOperator(item));
    tags.push_back({item.Field("name").String(), item.Field("value").String(), op});
  }
  BW_TRY_STATUS(reader.Finish());
  return tags;
}

}  // namespace breakwater::iam
