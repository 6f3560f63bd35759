// Access groups and their members: /iam/v2/groups (iamaccessgroupsv2; ibm-registry 4.3).

#include <algorithm>

#include "api/iam/handlers.h"
#include "base/strings.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::int64_t kMaxPage = 100;
constexpr std::string_view kAll = "/iam/v2/groups";

control::Resource GroupsOf(const Context& context) {
  return domain::GroupResource(context.account, "");
}

control::Resource GroupOf(const Context& context) {
  return domain::GroupResource(context.account, context.Path("id"));
}

net::Response Answer(int status, const domain::AccessGroup& group) {
  return WithEntityTag(JsonResponse(status, EncodeGroup(group)),
                       domain::EntityTag(group.id, group.version));
}

Result<Page> GroupPage(const Context& context) {
  BW_TRY(Page page, PageOf(context));
  page.limit = std::min(page.limit, kMaxPage);
  return page;
}

Error BadParameter(std::string_view name, std::string_view must) {
  return Invalid(std::string(name) + " must be " + std::string(must))
      .Reason("invalid_query_parameter");
}

std::optional<control::IdentityKind> ParseMemberType(std::string_view type) {
  if (type == "user") return control::IdentityKind::kUser;
  if (type == "service") return control::IdentityKind::kServiceId;
  if (type == "profile") return control::IdentityKind::kProfile;
  return std::nullopt;
}

// `fallback` where the request does not say; "all" is nothing.
Result<std::optional<domain::MembershipType>> MembershipOf(const Context& context,
                                                           std::string_view fallback) {
  using Type = std::optional<domain::MembershipType>;
  std::string type = QueryText(context, "membership_type");
  if (type.empty()) type = fallback;
  if (type == "static") return Type(domain::MembershipType::kStatic);
  if (type == "dynamic") return Type(domain::MembershipType::kDynamic);
  if (type == "all") return Type();
  return BadParameter("membership_type", "static, dynamic or all");
}

// "name" or, the other way round, "-name".
template <class Filter>
Status ReadSort(const Context& context, std::initializer_list<std::string_view> known,
                Filter* filter) {
  std::string sort = QueryText(context, "sort");
  if (sort.empty()) return Ok();
  if (sort.front() == '-') {
    filter->order = domain::store::Order::kDescending;
    sort.erase(0, 1);
  }
  for (const std::string_view name : known) {
    if (sort != name) continue;
    filter->sort = sort;
    return Ok();
  }
  return BadParameter("sort", "a field that is listed, with - in front for the other order");
}

Result<domain::GroupQuery> GroupQueryOf(const Context& context) {
  domain::GroupQuery query;
  const std::string member = QueryText(context, "iam_id");
  if (!member.empty()) query.filter.member = IamId(member);
  BW_TRY(query.filter.membership, MembershipOf(context, "static"));
  query.filter.search = QueryText(context, "search");
  query.hide_public = QueryText(context, "hide_public_access") == "true";
  BW_TRY_STATUS(ReadSort(context, {"id", "name", "description", "is_federated"}, &query.filter));
  return query;
}

Result<domain::store::MemberFilter> MemberFilterOf(const Context& context) {
  domain::store::MemberFilter filter;
  const std::string type = QueryText(context, "type");
  filter.kind = ParseMemberType(type);
  if (!type.empty() && !filter.kind) return BadParameter("type", "user, service or profile");
  BW_TRY(filter.membership, MembershipOf(context, "all"));
  BW_TRY_STATUS(ReadSort(context, {"id", "name", "email"}, &filter));
  return filter;
}

void PutOutcome(json::Object& item, const std::optional<Error>& error, int done,
                std::string_view request_id) {
  item["trace"] = Text(request_id);
  item["status_code"] = error ? control::StatusOf(error->code()) : done;
  if (error) item["errors"] = json::Array{ErrorItem(*error)};
}

domain::NewMember ReadMember(const json::Reader& in, std::string iam_id) {
  const std::string type = in.String("type", "user");
  const auto kind = ParseMemberType(type);
  if (!kind) in.Fail("type must be user, service or profile");
  return {IamId(std::move(iam_id)), kind};
}

std::vector<domain::NewMember> ReadMembers(const json::Reader& members) {
  std::vector<domain::NewMember> read;
  for (const json::Reader& member : members.Items(domain::Limits::kMembersPerRequest)) {
    read.push_back(ReadMember(member, member.Field("iam_id").String()));
  }
  return read;
}

json::Array GroupItems(const std::vector<domain::GroupOutcome>& outcomes, int done,
                       std::string_view request_id) {
  json::Array items;
  for (const domain::GroupOutcome& outcome : outcomes) {
    json::Object item{{"access_group_id", Text(outcome.group)}};
    PutOutcome(item, outcome.error, done, request_id);
    items.push_back(std::move(item));
  }
  return items;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const Page page, GroupPage(context));
    BW_TRY(const auto query, GroupQueryOf(context));
    BW_TRY(const auto listed, deps_.groups.List(account, query, {page.offset, page.limit}));
    json::Array items;
    for (const domain::AccessGroup& group : listed.items) items.push_back(EncodeGroup(group));
    json::Object body = PageFields(context, page, listed.total, kAll);
    body["groups"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const domain::NewGroup wanted{.name = in.Field("name").String(),
                                  .description = in.String("description", "")};
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto made, deps_.groups.Create(context.caller, account, wanted));
    return Answer(201, made);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto group, deps_.groups.Get(context.account, context.Path("id")));
    return Answer(200, group);
  }

  Result<net::Response> Update(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::GroupUpdate update;
    if (const auto name = in.Optional("name")) update.name = name->String();
    if (const auto text = in.Optional("description")) update.description = text->String();
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto group,
           deps_.groups.Update(context.caller, context.account, context.Path("id"),
                               HeaderText(context, "If-Match"), update));
    return Answer(200, group);
  }

  Result<net::Response> Delete(Context& context) const {
    const bool force = QueryText(context, "force") == "true";
    BW_TRY_STATUS(deps_.groups.Delete(context.caller, context.account, context.Path("id"), force));
    return EmptyResponse(204);
  }

  Result<net::Response> ListMembers(Context& context) const {
    const std::string& id = context.Path("id");
    BW_TRY(const Page page, GroupPage(context));
    BW_TRY(const auto filter, MemberFilterOf(context));
    BW_TRY(const auto listed,
           deps_.groups.ListMembers(context.account, id, filter, {page.offset, page.limit}));
    const bool verbose = QueryText(context, "verbose") == "true";
    json::Array items;
    for (const domain::Member& member : listed.items) {
      items.push_back(EncodeMember(member, id, verbose));
    }
    json::Object body =
        PageFields(context, page, listed.total, std::string(kAll) + "/" + id + "/members");
    body["members"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> AddMembers(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const auto members = ReadMembers(in.Field("members"));
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(deps_.groups.Get(context.account, context.Path("id")));
    const auto outcomes =
        deps_.groups.AddMembers(context.caller, context.account, context.Path("id"), members);
    json::Array items;
    for (std::size_t i = 0; i < outcomes.size(); ++i) {
      json::Object item{{"iam_id", Text(outcomes[i].iam_id.value())},
                        {"type", Text(MemberTypeText(*members[i].kind))}};
      if (!outcomes[i].error) {
        item["created_at"] = Text(FormatRfc3339(deps_.tokens.now()));
        item["created_by_id"] = Text(context.caller.actor.iam_id.value());
      }
      PutOutcome(item, outcomes[i].error, 200, context.request.id);
      items.push_back(std::move(item));
    }
    return JsonResponse(207, {{"members", std::move(items)}});
  }

  Result<net::Response> RemoveMembers(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    std::vector<IamId> ids;
    for (std::string& id : in.Field("members").Strings(domain::Limits::kMembersPerRequest)) {
      ids.emplace_back(std::move(id));
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(deps_.groups.Get(context.account, context.Path("id")));
    json::Array items;
    for (const domain::MemberOutcome& outcome :
         deps_.groups.RemoveMembers(context.caller, context.account, context.Path("id"), ids)) {
      json::Object item{{"iam_id", Text(outcome.iam_id.value())}};
      PutOutcome(item, outcome.error, 204, context.request.id);
      items.push_back(std::move(item));
    }
    return JsonResponse(
        207, {{"access_group_id", Text(context.Path("id"))}, {"members", std::move(items)}});
  }

  Result<net::Response> TestMember(Context& context) const {
    BW_TRY(const bool member, deps_.groups.IsMember(context.account, context.Path("id"),
                                                    IamId(context.Path("iam_id"))));
    if (!member) return NotFound("it is no member of this access group");
    return EmptyResponse(204);
  }

  Result<net::Response> RemoveMember(Context& context) const {
    BW_TRY_STATUS(deps_.groups.RemoveMember(context.caller, context.account, context.Path("id"),
                                            IamId(context.Path("iam_id"))));
    return EmptyResponse(204);
  }

  Result<net::Response> AddToGroups(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const auto member = ReadMember(in, context.Path("iam_id"));
    const auto groups = in.Field("groups").Strings(domain::Limits::kMembersPerRequest);
    BW_TRY_STATUS(in.Finish());
    const auto outcomes = deps_.groups.AddToGroups(context.caller, account, member, groups);
    return JsonResponse(207, {{"iam_id", Text(context.Path("iam_id"))},
                              {"groups", GroupItems(outcomes, 200, context.request.id)}});
  }

  Result<net::Response> RemoveFromAllGroups(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto outcomes, deps_.groups.RemoveFromAllGroups(context.caller, account,
                                                                 IamId(context.Path("iam_id"))));
    return JsonResponse(207, {{"iam_id", Text(context.Path("iam_id"))},
                              {"groups", GroupItems(outcomes, 204, context.request.id)}});
  }

 private:
  IamDeps deps_;
};

}  // namespace

void AddGroupEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read_members = Access::To("iam-groups.member.read", GroupOf);
  const Access remove_member = Access::To("iam-groups.member.delete", GroupOf);
  constexpr std::string_view kOne = "/iam/v2/groups/{id}";
  constexpr std::string_view kMembers = "/iam/v2/groups/{id}/members";
  constexpr std::string_view kMember = "/iam/v2/groups/{id}/members/{iam_id}";
  out->push_back({"GET", kAll, "ListAccessGroups", Access::To("iam-groups.group.read", GroupsOf),
                  face, [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreateAccessGroup",
                  Access::To("iam-groups.group.create", GroupsOf), face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back({"GET", kOne, "GetAccessGroup", Access::To("iam-groups.group.read", GroupOf), face,
                  [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PATCH", kOne, "UpdateAccessGroup",
                  Access::To("iam-groups.group.update", GroupOf), face,
                  [handlers](Context& c) { return handlers.Update(c); }});
  out->push_back({"DELETE", kOne, "DeleteAccessGroup",
                  Access::To("iam-groups.group.delete", GroupOf), face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
  out->push_back({"GET", kMembers, "ListAccessGroupMembers", read_members, face,
                  [handlers](Context& c) { return handlers.ListMembers(c); }});
  out->push_back({"PUT", kMembers, "AddMembersToAccessGroup",
                  Access::To(domain::kAddMember, GroupOf), face,
                  [handlers](Context& c) { return handlers.AddMembers(c); }});
  out->push_back({"POST", "/iam/v2/groups/{id}/members/delete", "RemoveMembersFromAccessGroup",
                  remove_member, face,
                  [handlers](Context& c) { return handlers.RemoveMembers(c); }});
  constexpr std::string_view kAllGroups = "/iam/v2/groups/_allgroups/members/{iam_id}";
  out->push_back({"PUT", kAllGroups, "AddMemberToMultipleAccessGroups",
                  Access::To(domain::kAddMember, GroupsOf), face,
                  [handlers](Context& c) { return handlers.AddToGroups(c); }});
  out->push_back({"DELETE", kAllGroups, "RemoveMemberFromAllAccessGroups",
                  Access::To("iam-groups.member.delete", GroupsOf), face,
                  [handlers](Context& c) { return handlers.RemoveFromAllGroups(c); }});
  out->push_back({"HEAD", kMember, "IsMemberOfAccessGroup", read_members, face,
                  [handlers](Context& c) { return handlers.TestMember(c); }});
  out->push_back({"DELETE", kMember, "RemoveMemberFromAccessGroup", remove_member, face,
                  [handlers](Context& c) { return handlers.RemoveMember(c); }});
}

}  // namespace breakwater::api::iam
