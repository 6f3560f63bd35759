#include "api/iam/policy_wire.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "iam/actions.h"
#include "json/reader.h"

namespace breakwater::api::iam {
namespace {

using domain::MatchOperator;
using json::Text;

constexpr std::size_t kMaxItems = 32;

// How the two versions name the same things.
struct Words {
  std::string_view name;  // of an attribute's name
  bool operators;         // attributes of subjects have one
};
constexpr Words kV1{"name", false};
constexpr Words kV2{"key", true};

// The one element that an array must have.
std::optional<json::Reader> TheOne(const json::Reader& array) {
  std::vector<json::Reader> items = array.Items(kMaxItems);
  if (items.size() == 1) return items.front();
  array.Fail("must have exactly one element");
  return std::nullopt;
}

domain::Subject ReadSubject(const json::Reader& attributes, const Words& words) {
  domain::Subject subject;
  const auto attribute = TheOne(attributes);
  if (!attribute) return subject;
  const std::string name = attribute->Field(words.name).String();
  subject.id = attribute->Field("value").String();
  if (name == domain::ToString(domain::SubjectKind::kIdentity)) {
    subject.kind = domain::SubjectKind::kIdentity;
  } else if (name == domain::ToString(domain::SubjectKind::kAccessGroup)) {
    subject.kind = domain::SubjectKind::kAccessGroup;
  } else {
    attribute->Fail(std::string(words.name) + " must be iam_id or access_group_id");
  }
  if (words.operators && attribute->String("operator", "stringEquals") != "stringEquals") {
    attribute->Field("operator").Fail("must be stringEquals");
  }
  return subject;
}

MatchOperator ReadOperator(const json::Reader& item, bool v2) {
  const auto op = domain::ParseMatchOperator(item.String("operator", "stringEquals"));
  const bool in_v1 =
      op && (*op == MatchOperator::kStringEquals || *op == MatchOperator::kStringMatch);
  if (op && (v2 || in_v1)) return *op;
  item.Fail(v2 ? "operator must be stringEquals, stringExists, stringMatch, stringEqualsAnyOf or "
                 "stringMatchAnyOf"
               : "operator must be stringEquals or stringMatch");
  return MatchOperator::kStringEquals;
}

std::vector<domain::PolicyAttribute> ReadAttributes(const json::Reader& array, const Words& words) {
  std::vector<domain::PolicyAttribute> attributes;
  for (const json::Reader& item : array.Items(kMaxItems)) {
    domain::PolicyAttribute attribute;
    attribute.name = item.Field(words.name).String();
    attribute.op = ReadOperator(item, words.operators);
    const json::Reader value = item.Field("value");
    if (domain::TakesList(attribute.op)) {
      attribute.values = value.Strings(kMaxItems);
    } else if (attribute.op == MatchOperator::kStringExists && !value.value().is_string()) {
      attribute.value = value.Bool() ? "true" : "false";
    } else {
      attribute.value = value.String();
    }
    attributes.push_back(std::move(attribute));
  }
  return attributes;
}

std::vector<domain::PolicyTag> ReadTags(const json::Reader& resource, const Words& words) {
  std::vector<domain::PolicyTag> tags;
  const auto array = resource.Optional("tags");
  if (!array) return tags;
  for (const json::Reader& item : array->Items(kMaxItems)) {
    tags.push_back({.name = item.Field(words.name).String(),
                    .value = item.Field("value").String(),
                    .op = ReadOperator(item, false)});
  }
  return tags;
}

// The CRN of a role that nobody can have, or nothing.
std::string ReadRoles(const json::Reader& roles, const AccountId& account,
                      std::vector<domain::RoleRef>* into) {
  std::string unknown;
  for (const json::Reader& item : roles.Items(kMaxItems)) {
    const std::string id = item.Field("role_id").String();
    const auto role = domain::RoleRefFromCrn(id, account);
    if (!role) {
      unknown = id;
    } else if (std::find(into->begin(), into->end(), *role) == into->end()) {
      into->push_back(*role);
    }
  }
  return unknown;
}

Status CheckType(const json::Reader& in) {
  const std::string type = in.Field("type").String();
  if (type == "authorization") {
    return Invalid(
               "policies of type authorization let one service use another: here none does, so "
               "there are only those of type access")
        .Reason("unable_to_process");
  }
  if (type != "access") in.Field("type").Fail("must be access");
  return Ok();
}

json::Array Texts(const std::vector<std::string>& texts) {
  json::Array array;
  for (const std::string& text : texts) array.push_back(Text(text));
  return array;
}

json::Array EncodeAttributes(const domain::Policy& policy, const Words& words) {
  json::Array attributes;
  for (const domain::PolicyAttribute& attribute : policy.attributes) {
    json::Object item{{words.name, Text(attribute.name)}};
    if (domain::TakesList(attribute.op)) {
      // v1 knows texts alone.
      item["value"] = words.operators ? json::Value(Texts(attribute.values))
                                      : json::Value(Text(Join(attribute.values, ",")));
    } else if (attribute.op == MatchOperator::kStringExists && words.operators) {
      item["value"] = attribute.value == "true";
    } else {
      item["value"] = Text(attribute.value);
    }
    item["operator"] = Text(domain::ToString(attribute.op));
    attributes.push_back(std::move(item));
  }
  return attributes;
}

json::Object EncodeResource(const domain::Policy& policy, const Words& words) {
  json::Object resource{{"attributes", EncodeAttributes(policy, words)}};
  if (policy.tags.empty()) return resource;
  json::Array tags;
  for (const domain::PolicyTag& tag : policy.tags) {
    tags.push_back({{words.name, Text(tag.name)},
                    {"value", Text(tag.value)},
                    {"operator", Text(domain::ToString(tag.op))}});
  }
  resource["tags"] = std::move(tags);
  return resource;
}

json::Object EncodeSubject(const domain::Policy& policy, const Words& words) {
  json::Object attribute{{words.name, Text(domain::ToString(policy.subject.kind))},
                         {"value", Text(policy.subject.id)}};
  if (words.operators) attribute["operator"] = "stringEquals";
  return {{"attributes", json::Array{std::move(attribute)}}};
}

std::string_view Description(domain::Role role) {
  switch (role) {
    case domain::Role::kReader: return "Reads: pulls images, and sees what there is";
    case domain::Role::kWriter: return "Writes: pushes, restores and deletes images";
    case domain::Role::kManager: return "Does everything in the service, its settings included";
    case domain::Role::kViewer: return "Sees what there is, and changes nothing";
    case domain::Role::kEditor: return "Changes what there is, but not who may do what";
    case domain::Role::kOperator: return "Sees what there is, and runs it";
    case domain::Role::kAdministrator:
      return "Does everything on the platform, and assigns access to others";
  }
  BW_UNREACHABLE();
}

std::string RolesThatGive(const domain::ActionRule& rule) {
  std::vector<std::string> names;
  for (const domain::Role role : rule.roles.ToVector()) names.emplace_back(ToString(role));
  return Join(names, ", ");
}

// {"id","display_name","description"}: what it is called, and what it takes.
json::Object EncodeAction(std::string_view action) {
  const std::string name = domain::CanonicalAction(action);
  std::string words = name.substr(name.find('.') + 1);
  std::replace_if(words.begin(), words.end(), [](char c) { return c == '.' || c == '-'; }, ' ');
  std::string text;
  if (const domain::ActionRule* rule = domain::RuleFor(name)) {
    text = std::string(rule->scope == domain::ActionScope::kAccount
                           ? "On the whole account"
                           : "On namespaces, or the whole account") +
           "; given by " + RolesThatGive(*rule);
  }
  return {{"id", Text(action)}, {"display_name", Text(words)}, {"description", Text(text)}};
}

std::vector<std::string_view> ActionsOf(domain::Role role,
                                        std::span<const std::string_view> services) {
  std::vector<std::string_view> all;
  for (const std::string_view service : services) {
    for (const std::string_view action : domain::ActionsOf(role, service)) {
      if (std::find(all.begin(), all.end(), action) == all.end()) all.push_back(action);
    }
  }
  return all;
}

json::Object EncodeRole(const domain::Policy& policy, const domain::RoleRef& role,
                        const std::vector<domain::CustomRole>* custom_roles) {
  json::Object out{{"role_id", Text(domain::RoleCrn(role, policy.account))}};
  if (custom_roles == nullptr) return out;
  json::Array actions;
  if (const auto system = role.system()) {
    out["display_name"] = Text(domain::ToString(*system));
    out["description"] = Text(Description(*system));
    const domain::PolicyAttribute* service = domain::FindAttribute(policy, "serviceName");
    const bool one = service != nullptr && service->op == MatchOperator::kStringEquals;
    const auto services =
        one ? std::vector<std::string_view>{service->value} : domain::ServicesWithActions();
    for (const std::string_view action : ActionsOf(*system, services)) {
      actions.push_back(EncodeAction(action));
    }
  }
  for (const domain::CustomRole& known : *custom_roles) {
    if (known.name != role.custom()) continue;
    out["display_name"] = Text(known.display_name);
    out["description"] = Text(known.description);
    for (const std::string& action : known.actions) actions.push_back(EncodeAction(action));
  }
  out["actions"] = std::move(actions);
  return out;
}

json::Array EncodeRoles(const domain::Policy& policy,
                        const std::vector<domain::CustomRole>* custom_roles) {
  json::Array roles;
  for (const domain::RoleRef& role : policy.roles) {
    roles.push_back(EncodeRole(policy, role, custom_roles));
  }
  return roles;
}

void PutCommon(const domain::Policy& policy, json::Object& out) {
  out["created_at"] = Text(FormatRfc3339(policy.created));
  out["created_by_id"] = Text(policy.created_by.value());
  out["last_modified_at"] = Text(FormatRfc3339(policy.modified));
  out["last_modified_by_id"] = Text(policy.modified_by.value());
  out["state"] = policy.deleted ? "deleted" : "active";
  if (policy.rule) {
    out["pattern"] = Text(policy.pattern);
    out["rule"] = domain::ToJson(*policy.rule);
  }
}

}  // namespace

Status UnknownRole(const std::string& crn) {
  if (crn.empty()) return Ok();
  return Invalid(
             "a role is not known: the system's are Reader, Writer, Manager, Viewer, Editor, "
             "Operator and Administrator; a custom role must be one of your account")
      .Reason("role_not_found");
}

std::string ReadGrantV1(const json::Reader& in, const AccountId& account,
                        domain::PolicyContent* content) {
  // Left out, the policy would give more than was meant.
  for (const std::string_view field : {"rule", "pattern"}) {
    if (const auto there = in.Optional(field)) there->Fail("takes a v2 policy: /v2/policies");
  }
  const std::string unknown = ReadRoles(in.Field("roles"), account, &content->roles);
  if (const auto resource = TheOne(in.Field("resources"))) {
    content->attributes = ReadAttributes(resource->Field("attributes"), kV1);
    content->tags = ReadTags(*resource, kV1);
  }
  return unknown;
}

Result<domain::PolicyContent> DecodePolicyV1(const json::Value& document,
                                             const AccountId& account) {
  const json::Reader in(document);
  BW_TRY_STATUS(CheckType(in));
  domain::PolicyContent content;
  if (const auto subject = TheOne(in.Field("subjects"))) {
    content.subject = ReadSubject(subject->Field("attributes"), kV1);
  }
  content.description = in.String("description", "");
  const std::string unknown = ReadGrantV1(in, account, &content);
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(UnknownRole(unknown));
  return content;
}

Result<domain::PolicyContent> DecodePolicyV2(const json::Value& document,
                                             const AccountId& account) {
  const json::Reader in(document);
  BW_TRY_STATUS(CheckType(in));
  domain::PolicyContent content;
  content.subject = ReadSubject(in.Field("subject").Field("attributes"), kV2);
  content.description = in.String("description", "");
  const std::string unknown =
      ReadRoles(in.Field("control").Field("grant").Field("roles"), account, &content.roles);
  const json::Reader resource = in.Field("resource");
  content.attributes = ReadAttributes(resource.Field("attributes"), kV2);
  content.tags = ReadTags(resource, kV2);
  content.pattern = in.String("pattern", "");
  if (const auto rule = in.Optional("rule")) content.rule = domain::ReadRule(*rule);
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(UnknownRole(unknown));
  return content;
}

bool FitsV1(const domain::Policy& policy) {
  return !policy.rule && std::all_of(policy.attributes.begin(), policy.attributes.end(),
                                     [](const domain::PolicyAttribute& attribute) {
                                       return attribute.op == MatchOperator::kStringEquals ||
                                              attribute.op == MatchOperator::kStringMatch;
                                     });
}

json::Object EncodePolicyV1(const domain::Policy& policy,
                            const std::vector<domain::CustomRole>* custom_roles) {
  json::Array roles = EncodeRoles(policy, custom_roles);
  for (std::size_t i = 0; custom_roles == nullptr && i < roles.size(); ++i) {
    // v1 has always told the names.
    const domain::RoleRef& role = policy.roles[i];
    const auto system = role.system();
    roles[i].as_object()["display_name"] =
        Text(system ? domain::ToString(*system) : std::string_view(role.custom()));
  }
  json::Object out{{"id", Text(policy.id)},
                   {"type", "access"},
                   {"description", Text(policy.description)},
                   {"subjects", json::Array{EncodeSubject(policy, kV1)}},
                   {"roles", std::move(roles)},
                   {"resources", json::Array{EncodeResource(policy, kV1)}},
                   {"href", Text("/iam/v1/policies/" + policy.id)}};
  PutCommon(policy, out);
  return out;
}

json::Object EncodePolicyV2(const domain::Policy& policy,
                            const std::vector<domain::CustomRole>* custom_roles) {
  json::Object grant{{"roles", EncodeRoles(policy, custom_roles)}};
  json::Object out{{"id", Text(policy.id)},
                   {"type", "access"},
                   {"description", Text(policy.description)},
                   {"subject", EncodeSubject(policy, kV2)},
                   {"control", json::Object{{"grant", std::move(grant)}}},
                   {"resource", EncodeResource(policy, kV2)},
                   {"href", Text("/iam/v2/policies/" + policy.id)}};
  PutCommon(policy, out);
  return out;
}

json::Object EncodeCustomRole(const domain::CustomRole& role) {
  return {{"id", Text(role.id)},
          {"name", Text(role.name)},
          {"display_name", Text(role.display_name)},
          {"description", Text(role.description)},
          {"account_id", Text(role.account.value())},
          {"service_name", Text(role.service)},
          {"actions", Texts(role.actions)},
          {"crn", Text(domain::RoleCrn(domain::RoleRef::Custom(role.name), role.account))},
          {"created_at", Text(FormatRfc3339(role.created))},
          {"created_by_id", Text(role.created_by.value())},
          {"last_modified_at", Text(FormatRfc3339(role.modified))},
          {"last_modified_by_id", Text(role.modified_by.value())},
          {"href", Text("/iam/v2/roles/" + role.id)}};
}

json::Object EncodeSystemRole(domain::Role role, std::span<const std::string_view> services) {
  json::Array actions;
  for (const std::string_view action : ActionsOf(role, services)) actions.push_back(Text(action));
  return {{"display_name", Text(domain::ToString(role))},
          {"description", Text(Description(role))},
          {"actions", std::move(actions)},
          {"crn", Text(domain::RoleCrn(role))}};
}

}  // namespace breakwater::api::iam
