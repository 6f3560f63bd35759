// What the handlers of IAM share.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/iam/iam.h"
#include "iam/store.h"
#include "json/reader.h"

namespace breakwater::api::iam {

// Handlers by area; each appends its endpoints.
void AddTokenEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddSignInEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddOauthEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddServiceIdEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddApiKeyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddGroupEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddGroupRuleEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddAccountSettingsEndpoints(const IamFaces& faces, const IamDeps& deps,
                                 std::vector<Endpoint>* out);
void AddProfileEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddProfileTrustEndpoints(const IamFaces& faces, const IamDeps& deps,
                              std::vector<Endpoint>* out);
void AddPolicyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddRestrictionEndpoints(const IamFaces& faces, const IamDeps& deps,
                             std::vector<Endpoint>* out);
void AddRoleEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);
void AddUserEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out);

// A query parameter, or "".
std::string QueryText(const Context& context, std::string_view name);
// A header's value, or "".
std::string HeaderText(const Context& context, std::string_view name);
bool HeaderIsTrue(const Context& context, std::string_view name);
// The parameters sort and order of the identity API's lists, into a filter; `known` are the
// columns.
template <class Filter>
Status ReadOrder(const Context& context, std::initializer_list<std::string_view> known,
                 Filter* filter) {
  const std::string order = QueryText(context, "order");
  if (order == "desc") filter->order = domain::store::Order::kDescending;
  if (!order.empty() && order != "asc" && order != "desc") {
    return Invalid("order must be asc or desc").Reason("invalid_query_parameter");
  }
  const std::string sort = QueryText(context, "sort");
  if (sort.empty()) return Ok();
  for (const std::string_view name : known) {
    if (sort != name) continue;
    filter->sort = sort;
    return Ok();
  }
  return Invalid("sort must name a field that lists are sorted by")
      .Reason("invalid_query_parameter");
}
// The account of the query parameter account_id: the caller's own, or kDenied.
Result<AccountId> QueryAccount(const Context& context);

// From 1 to `most`, as the parameter says, else `usual`. kInvalid "invalid_query_parameter".
Result<std::int64_t> PageSize(const Context& context, std::string_view size_name,
                              std::int64_t usual, std::int64_t most);
// A page by number of items and an opaque token for where it begins.
// From the two named parameters; at most `most` items. kInvalid "invalid_query_parameter".
Result<domain::store::Page> PageByToken(const Context& context, std::string_view size_name,
                                        std::string_view token_name, std::int64_t usual,
                                        std::int64_t most);
std::string PageToken(std::int64_t offset);
// A link to the same list with this page token.
std::string PageLink(const Context& context, std::string_view size_name,
                     std::string_view token_name, std::int64_t size, std::int64_t offset);

// What every list of the identity API carries: offset, limit, first, and previous and next.
json::Object IdentityListFields(const Context& context, const domain::store::Page& page,
                                std::int64_t total);

std::string CrnOf(std::string_view service, const AccountId& account, std::string_view type,
                  std::string_view id);

net::Response WithEntityTag(net::Response response, std::string_view tag);

// The latest changes of a thing, as its `history`.
json::Array EncodeHistory(const std::vector<domain::HistoryEntry>& history);
// With include_activity=true, when it last proved who somebody is, as its `activity`.
Status AddActivity(const Context& context, const IamDeps& deps, std::string_view id,
                   json::Object& out);
json::Object EncodeServiceId(const domain::ServiceId& service_id);
// `value` is the key itself, where it was just made, else empty.
json::Object EncodeApiKey(const domain::ApiKey& key, std::string_view value = {});
json::Object EncodeProfile(const domain::Profile& profile);
json::Object EncodeGroup(const domain::AccessGroup& group);
std::string_view MemberTypeText(control::IdentityKind kind);  // "user", "service", "profile"
json::Object EncodeMember(const domain::Member& member, std::string_view group, bool verbose);
json::Object EncodeGroupRule(const domain::GroupRule& rule);
json::Object EncodeUser(const domain::User& user);
json::Object EncodeUserSettings(const domain::User& user);

// The conditions of a rule on claims.
std::vector<domain::ClaimCondition> ReadConditions(const json::Reader& in);
// An API key as POST /v1/apikeys and the inline object of a new service ID describe it.
// A time of RFC 3339, or as the reference writes it: "2049-01-02T18:30+0000", with seconds or
// without.
Timestamp ReadTime(const json::Reader& in);
domain::NewApiKey DecodeNewApiKey(const json::Reader& in, const Context& context);

}  // namespace breakwater::api::iam
