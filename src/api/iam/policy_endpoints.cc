// Access policies, v1: /iam/v1/policies (iampolicymanagementv1; ibm-registry 4.4).

#include "api/iam/handlers.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::size_t kMaxItems = 32;
constexpr std::int64_t kMaxPage = domain::Limits::kPoliciesPerAccount;

control::Resource PoliciesOf(const Context& context) {
  return domain::IamResource(context.account, "iam-access-management", "policy");
}

net::Response Answer(int status, const domain::Policy& policy) {
  return WithEntityTag(JsonResponse(status, EncodePolicy(policy)),
                       domain::EntityTag(policy.id, policy.version));
}

// The one element that an array must have.
std::optional<json::Reader> TheOne(const json::Reader& array) {
  std::vector<json::Reader> items = array.Items(kMaxItems);
  if (items.size() == 1) return items.front();
  array.Fail("must have exactly one element");
  return std::nullopt;
}

domain::Subject ReadSubject(const json::Reader& subjects) {
  domain::Subject subject;
  const auto one = TheOne(subjects);
  if (!one) return subject;
  const auto attribute = TheOne(one->Field("attributes"));
  if (!attribute) return subject;
  const std::string name = attribute->Field("name").String();
  subject.id = attribute->Field("value").String();
  if (name == domain::ToString(domain::SubjectKind::kIdentity)) {
    subject.kind = domain::SubjectKind::kIdentity;
  } else if (name == domain::ToString(domain::SubjectKind::kAccessGroup)) {
    subject.kind = domain::SubjectKind::kAccessGroup;
  } else {
    attribute->Fail("name must be iam_id or access_group_id");
  }
  return subject;
}

std::vector<domain::Role> ReadRoles(const json::Reader& roles, bool* unknown) {
  std::vector<domain::Role> read;
  for (const json::Reader& item : roles.Items(kMaxItems)) {
    const auto role = domain::RoleFromCrn(item.Field("role_id").String());
    if (role) {
      read.push_back(*role);
    } else {
      *unknown = true;
    }
  }
  return read;
}

std::vector<domain::PolicyAttribute> ReadAttributes(const json::Reader& resources) {
  std::vector<domain::PolicyAttribute> attributes;
  const auto one = TheOne(resources);
  if (!one) return attributes;
  for (const json::Reader& item : one->Field("attributes").Items(kMaxItems)) {
    const auto op = domain::ParseMatchOperator(item.String("operator", "stringEquals"));
    if (!op) item.Fail("operator must be stringEquals or stringMatch");
    attributes.push_back({.name = item.Field("name").String(),
                          .value = item.Field("value").String(),
                          .op = op.value_or(domain::MatchOperator::kStringEquals)});
  }
  if (const auto tags = one->Optional("tags"); tags && !tags->Items(kMaxItems).empty()) {
    tags->Fail("access tags are not supported");
  }
  return attributes;
}

Result<domain::PolicyContent> ReadContent(const json::Value& document) {
  const json::Reader in(document);
  domain::PolicyContent content;
  if (in.Field("type").String() != "access") in.Field("type").Fail("must be access");
  content.subject = ReadSubject(in.Field("subjects"));
  content.description = in.String("description", "");
  bool unknown_role = false;
  content.roles = ReadRoles(in.Field("roles"), &unknown_role);
  content.attributes = ReadAttributes(in.Field("resources"));
  BW_TRY_STATUS(in.Finish());
  if (unknown_role) {
    return Invalid(
               "a role is not known: see Reader, Writer, Manager, Viewer, Editor, Operator and "
               "Administrator")
        .Reason("role_not_found");
  }
  return content;
}

std::optional<domain::Subject> SubjectFilter(const Context& context) {
  for (const auto kind : {domain::SubjectKind::kIdentity, domain::SubjectKind::kAccessGroup}) {
    const std::string id = QueryText(context, domain::ToString(kind));
    if (!id.empty()) return domain::Subject{kind, id};
  }
  return std::nullopt;
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    if (QueryText(context, "account_id").empty()) {
      return Invalid("the query parameter account_id is required")
          .Reason("missing_required_query_parameter");
    }
    BW_TRY(const AccountId account, QueryAccount(context));
    // Without a limit the reference answers with all of them.
    BW_TRY(const auto page, PageByToken(context, "limit", "start", kMaxPage, kMaxPage));
    BW_TRY(const auto listed, deps_.policies.List(account, SubjectFilter(context), page));
    json::Array items;
    for (const domain::Policy& policy : listed.items) items.push_back(EncodePolicy(policy));
    json::Object body{
        {"limit", page.limit},
        {"first", {{"href", Text(PageLink(context, "limit", "start", page.limit, 0))}}}};
    const std::int64_t next = page.offset + page.limit;
    if (next < listed.total) {
      body["next"] = {{"href", Text(PageLink(context, "limit", "start", page.limit, next))},
                      {"start", Text(PageToken(next))}};
    }
    body["policies"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadContent(document));
    BW_TRY(const auto policy, deps_.policies.Create(context.caller, context.account, content));
    return Answer(201, policy);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto policy, deps_.policies.Get(context.account, context.Path("id")));
    return Answer(200, policy);
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadContent(document));
    BW_TRY(const auto policy,
           deps_.policies.Replace(context.caller, context.account, context.Path("id"),
                                  HeaderText(context, "If-Match"), content));
    return Answer(200, policy);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.policies.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

}  // namespace

void AddPolicyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const Face& face = faces.management;
  const Access read = Access::To("iam-am.policy.read", PoliciesOf);
  const Access change = Access::SignedIn(
      "decided on the service that the policy is about: its administrators assign access to it");
  constexpr std::string_view kAll = "/iam/v1/policies";
  constexpr std::string_view kOne = "/iam/v1/policies/{id}";
  out->push_back({"GET", kAll, "ListPolicies", read, face,
                  [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", kAll, "CreatePolicy", change, face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back(
      {"GET", kOne, "GetPolicy", read, face, [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", kOne, "ReplacePolicy", change, face,
                  [handlers](Context& c) { return handlers.Replace(c); }});
  out->push_back({"DELETE", kOne, "DeletePolicy", change, face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
}

}  // namespace breakwater::api::iam
