#include "api/iam/handlers.h"

#include <algorithm>

#include "base/bytes.h"
#include "base/strings.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

Error BadParameter(std::string_view name, std::string_view must) {
  return Invalid(std::string(name) + " must be " + std::string(must))
      .Reason("invalid_query_parameter");
}

void PutTimes(json::Object& out, std::string_view created, Timestamp created_at,
              std::string_view modified, Timestamp modified_at) {
  out[created] = Text(FormatRfc3339(created_at));
  out[modified] = Text(FormatRfc3339(modified_at));
}

}  // namespace

std::vector<Endpoint> IamEndpoints(const IamFaces& faces, const IamDeps& deps) {
  std::vector<Endpoint> endpoints;
  AddTokenEndpoints(faces, deps, &endpoints);
  AddSignInEndpoints(faces, deps, &endpoints);
  AddOauthEndpoints(faces, deps, &endpoints);
  AddServiceIdEndpoints(faces, deps, &endpoints);
  AddApiKeyEndpoints(faces, deps, &endpoints);
  // Before what "settings" would be an id for: of several patterns that fit the first counts.
  AddGroupRuleEndpoints(faces, deps, &endpoints);
  AddGroupEndpoints(faces, deps, &endpoints);
  AddAccountSettingsEndpoints(faces, deps, &endpoints);
  AddProfileEndpoints(faces, deps, &endpoints);
  AddProfileTrustEndpoints(faces, deps, &endpoints);
  AddPolicyEndpoints(faces, deps, &endpoints);
  AddRestrictionEndpoints(faces, deps, &endpoints);
  AddRoleEndpoints(faces, deps, &endpoints);
  AddUserEndpoints(faces, deps, &endpoints);
  return endpoints;
}

std::string QueryText(const Context& context, std::string_view name) {
  return std::string(context.query.Get(name).value_or(""));
}

std::string HeaderText(const Context& context, std::string_view name) {
  return std::string(context.request.headers.Get(name).value_or(""));
}

bool HeaderIsTrue(const Context& context, std::string_view name) {
  return EqualsIgnoreCase(HeaderText(context, name), "true");
}

Result<AccountId> QueryAccount(const Context& context) {
  return AccountOf(context, QueryText(context, "account_id"));
}

std::string PageToken(std::int64_t offset) {
  return Base64UrlEncode(AsBytes(std::to_string(offset)));
}

// Beyond any list there is; sums with it stay far from overflow.
constexpr std::int64_t kMaxOffset = 1'000'000'000;

Result<std::int64_t> PageSize(const Context& context, std::string_view size_name,
                              std::int64_t usual, std::int64_t most) {
  const auto size = context.query.Get(size_name);
  if (!size) return usual;
  const auto number = ParseInt(*size);
  if (!number.ok() || *number < 1) return BadParameter(size_name, "a whole number from 1");
  return std::min(*number, most);
}

Result<domain::store::Page> PageByToken(const Context& context, std::string_view size_name,
                                        std::string_view token_name, std::int64_t usual,
                                        std::int64_t most) {
  domain::store::Page page;
  BW_TRY(page.limit, PageSize(context, size_name, usual, most));
  if (const auto token = context.query.Get(token_name)) {
    const auto decoded = Base64UrlDecode(*token);
    const auto offset = decoded.ok() ? ParseInt(AsText(*decoded)) : Result<std::int64_t>(-1);
    if (!offset.ok() || *offset < 0 || *offset > kMaxOffset)
      return BadParameter(token_name, "one that a list gave you");
    page.offset = *offset;
  }
  return page;
}

std::string PageLink(const Context& context, std::string_view size_name,
                     std::string_view token_name, std::int64_t size, std::int64_t offset) {
  return context.request.path + "?account_id=" + PercentEncode(context.account.value()) + "&" +
         std::string(size_name) + "=" + std::to_string(size) + "&" + std::string(token_name) + "=" +
         PageToken(offset) + QueryWithout(context, {"account_id", size_name, token_name});
}

json::Object IdentityListFields(const Context& context, const domain::store::Page& page,
                                std::int64_t total) {
  const auto link = [&](std::int64_t offset) {
    return Text(PageLink(context, "pagesize", "pagetoken", page.limit, offset));
  };
  json::Object fields{{"offset", page.offset}, {"limit", page.limit}, {"first", link(0)}};
  if (page.offset > 0) {
    fields["previous"] = link(std::max<std::int64_t>(0, page.offset - page.limit));
  }
  if (page.offset + page.limit < total) fields["next"] = link(page.offset + page.limit);
  return fields;
}

std::string CrnOf(std::string_view service, const AccountId& account, std::string_view type,
                  std::string_view id) {
  return Crn{.service = std::string(service),
             .location = {},
             .account = account,
             .instance = {},
             .type = std::string(type),
             .resource = std::string(id)}
      .ToString();
}

net::Response WithEntityTag(net::Response response, std::string_view tag) {
  response.headers.Set("ETag", "\"" + std::string(tag) + "\"");
  return response;
}

json::Array EncodeHistory(const std::vector<domain::HistoryEntry>& history) {
  json::Array items;
  for (const domain::HistoryEntry& entry : history) {
    items.push_back({{"timestamp", Text(FormatRfc3339(entry.at))},
                     {"iam_id", Text(entry.iam_id.value())},
                     {"iam_id_account", Text(entry.account.value())},
                     {"action", Text(entry.action)},
                     {"params", json::Array()},
                     {"message", Text(entry.message)}});
  }
  return items;
}

Status AddActivity(const Context& context, const IamDeps& deps, std::string_view id,
                   json::Object& out) {
  if (QueryText(context, "include_activity") != "true") return Ok();
  BW_TRY(const auto counts, deps.activity.Read(id));
  json::Object activity{{"authn_count", counts.count}};
  if (counts.last) activity["last_authn"] = Text(FormatRfc3339(*counts.last));
  out["activity"] = std::move(activity);
  return Ok();
}

json::Object EncodeServiceId(const domain::ServiceId& s) {
  json::Array crns;
  for (const std::string& crn : s.unique_instance_crns) crns.push_back(Text(crn));
  json::Object out{{"id", Text(s.id)},
                   {"iam_id", Text(s.iam_id.value())},
                   {"entity_tag", Text(domain::EntityTag(s.id, s.version))},
                   {"crn", Text(CrnOf("iam-identity", s.account, "serviceid", s.id))},
                   {"locked", s.locked},
                   {"account_id", Text(s.account.value())},
                   {"name", Text(s.name)},
                   {"description", Text(s.description)},
                   {"unique_instance_crns", std::move(crns)}};
  PutTimes(out, "created_at", s.created, "modified_at", s.modified);
  return out;
}

json::Object EncodeApiKey(const domain::ApiKey& key, std::string_view value) {
  json::Object out{{"id", Text(key.id)},
                   {"entity_tag", Text(domain::EntityTag(key.id, key.version))},
                   {"crn", Text(CrnOf("iam-identity", key.account, "apikey", key.id))},
                   {"locked", key.locked},
                   {"disabled", key.disabled},
                   {"created_by", Text(key.created_by.value())},
                   {"name", Text(key.name)},
                   {"description", Text(key.description)},
                   {"iam_id", Text(key.iam_id.value())},
                   {"account_id", Text(key.account.value())},
                   {"apikey", Text(value)},
                   {"action_when_leaked", Text(key.action_when_leaked)},
                   {"support_sessions", key.support_sessions}};
  PutTimes(out, "created_at", key.created, "modified_at", key.modified);
  if (key.expires) out["expires_at"] = Text(FormatRfc3339(*key.expires));
  return out;
}

json::Object EncodeGroup(const domain::AccessGroup& group) {
  json::Object out{{"id", Text(group.id)},
                   {"name", Text(group.name)},
                   {"description", Text(group.description)},
                   {"account_id", Text(group.account.value())},
                   {"created_by_id", Text(group.created_by.value())},
                   {"last_modified_by_id", Text(group.modified_by.value())},
                   {"href", Text("/iam/v2/groups/" + group.id)},
                   {"is_federated", group.federated},
                   {"crn", Text(CrnOf("iam-access-groups", group.account, "group", group.id))}};
  PutTimes(out, "created_at", group.created, "last_modified_at", group.modified);
  return out;
}

std::string_view MemberTypeText(control::IdentityKind kind) {
  if (kind == control::IdentityKind::kServiceId) return "service";
  return kind == control::IdentityKind::kProfile ? "profile" : "user";
}

json::Object EncodeMember(const domain::Member& member, std::string_view group, bool verbose) {
  const bool user = member.kind == control::IdentityKind::kUser;
  json::Object out{{"iam_id", Text(member.iam_id.value())},
                   {"type", Text(MemberTypeText(member.kind))},
                   {"membership_type", Text(domain::ToString(member.membership))},
                   {"href", Text("/iam/v2/groups/" + std::string(group) + "/members/" +
                                 PercentEncode(member.iam_id.value()))},
                   {"created_at", Text(FormatRfc3339(member.created))},
                   {"created_by_id", Text(member.created_by.value())}};
  if (!verbose) return out;
  out["name"] = Text(member.name);
  if (user) {
    out["email"] = Text(member.email);
  } else {
    out["description"] = Text(member.description);
  }
  return out;
}

json::Object EncodeGroupRule(const domain::GroupRule& rule) {
  json::Object out{{"id", Text(rule.id)},
                   {"name", Text(rule.name)},
                   {"expiration", rule.expiration_hours},
                   {"realm_name", Text(rule.realm)},
                   {"access_group_id", Text(rule.group)},
                   {"account_id", Text(rule.account.value())},
                   {"conditions", domain::ConditionsToJson(rule.conditions)},
                   {"created_by_id", Text(rule.created_by.value())},
                   {"last_modified_by_id", Text(rule.modified_by.value())}};
  PutTimes(out, "created_at", rule.created, "last_modified_at", rule.modified);
  return out;
}

std::vector<domain::ClaimCondition> ReadConditions(const json::Reader& in) {
  std::vector<domain::ClaimCondition> conditions;
  for (const json::Reader& item : in.Items(domain::kMaxClaimConditions)) {
    domain::ClaimCondition condition;
    condition.claim = item.Field("claim").String();
    condition.value = item.Field("value").String();
    if (const auto op = domain::ParseClaimOperator(item.Field("operator").String())) {
      condition.op = *op;
    } else {
      item.Field("operator")
          .Fail(
              "must be EQUALS, EQUALS_IGNORE_CASE, NOT_EQUALS, NOT_EQUALS_IGNORE_CASE, CONTAINS or "
              "IN");
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

json::Object EncodeUser(const domain::User& user) {
  return {{"id", Text(user.iam_id.value())},
          {"iam_id", Text(user.iam_id.value())},
          {"realm", "IBMid"},
          {"user_id", Text(user.email)},
          {"firstname", Text(user.first_name)},
          {"lastname", Text(user.last_name)},
          {"state", Text(domain::ToString(user.state))},
          {"email", Text(user.email)},
          {"phonenumber", Text(user.phone)},
          {"altphonenumber", Text(user.other_phone)},
          {"photo", Text(user.photo)},
          {"account_id", Text(user.account.value())},
          {"added_on", Text(FormatRfc3339(user.added))}};
}

json::Object EncodeUserSettings(const domain::User& user) {
  return {{"language", Text(user.language)},
          {"notification_language", Text(user.notification_language)},
          {"allowed_ip_addresses", Text(user.allowed_addresses)},
          {"self_manage", user.self_manage}};
}

}  // namespace breakwater::api::iam
