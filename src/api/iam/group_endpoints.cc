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

Result<std::optional<control::IdentityKind>> MemberTypeOf(const Context& context) {
  const std::string type = QueryText(context, "type");
  if (type.empty()) return std::optional<control::IdentityKind>{};
  if (type == "user") return std::optional(control::IdentityKind::kUser);
  if (type == "service") return std::optional(control::IdentityKind::kServiceId);
  return Invalid("type must be user or service").Reason("invalid_query_parameter");
}

// One item of a 207 answer; `done` is the status of success.
json::Object OutcomeItem(const domain::MemberOutcome& outcome, int done,
                         std::string_view request_id) {
  json::Object item{{"iam_id", Text(outcome.iam_id.value())}, {"trace", Text(request_id)}};
  if (!outcome.error) {
    item["status_code"] = done;
    return item;
  }
  item["status_code"] = control::StatusOf(outcome.error->code());
  item["errors"] = json::Array{ErrorItem(*outcome.error)};
  return item;
}

std::vector<IamId> ReadMembers(const json::Reader& members) {
  std::vector<IamId> ids;
  for (const json::Reader& member : members.Items(domain::Limits::kMembersPerRequest)) {
    const std::string type = member.String("type", "user");
    if (type != "user" && type != "service") member.Fail("type must be user or service");
    ids.emplace_back(member.Field("iam_id").String());
  }
  return ids;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const Page page, GroupPage(context));
    domain::store::GroupFilter filter;
    const std::string member = QueryText(context, "iam_id");
    if (!member.empty()) filter.member = IamId(member);
    filter.search = QueryText(context, "search");
    BW_TRY(const auto listed, deps_.groups.List(account, filter, {page.offset, page.limit}));
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
    BW_TRY(const auto kind, MemberTypeOf(context));
    BW_TRY(const auto listed,
           deps_.groups.ListMembers(context.account, id, kind, {page.offset, page.limit}));
    const bool verbose = QueryText(context, "verbose") == "true";
    json::Array items;
    for (const domain::Member& member : listed.items) {
      items.push_back(EncodeMember(member, verbose));
    }
    json::Object body =
        PageFields(context, page, listed.total, std::string(kAll) + "/" + id + "/members");
    body["members"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> AddMembers(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const auto ids = ReadMembers(in.Field("members"));
    BW_TRY_STATUS(in.Finish());
    BW_TRY_STATUS(deps_.groups.Get(context.account, context.Path("id")));
    return Outcomes(
        context, "members",
        deps_.groups.AddMembers(context.caller, context.account, context.Path("id"), ids), 200);
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
    return Outcomes(
        context, "members",
        deps_.groups.RemoveMembers(context.caller, context.account, context.Path("id"), ids), 204);
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

 private:
  Result<net::Response> Outcomes(const Context& context, std::string_view field,
                                 const std::vector<domain::MemberOutcome>& outcomes,
                                 int done) const {
    json::Array items;
    for (const domain::MemberOutcome& outcome : outcomes) {
      items.push_back(OutcomeItem(outcome, done, context.request.id));
    }
    return JsonResponse(
        207, {{"access_group_id", Text(context.Path("id"))}, {Text(field), std::move(items)}});
  }

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
  out->push_back({"HEAD", kMember, "IsMemberOfAccessGroup", read_members, face,
                  [handlers](Context& c) { return handlers.TestMember(c); }});
  out->push_back({"DELETE", kMember, "RemoveMemberFromAccessGroup", remove_member, face,
                  [handlers](Context& c) { return handlers.RemoveMember(c); }});
}

}  // namespace breakwater::api::iam
