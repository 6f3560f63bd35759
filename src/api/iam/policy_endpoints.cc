// Access policies: /iam/v1/policies and /iam/v2/policies over the same policies
// (iampolicymanagementv1; ibm-registry 4.4, 4.5).
//
// What v1 has no words for (a rule, operators of v2) it shows in v2's, so that nothing is hidden
// from who reads policies there; but it does not replace such a policy, which would lose them.
// format=include_last_permit adds when a policy last gave a right, and how often.

#include <algorithm>

#include "api/iam/handlers.h"
#include "api/iam/policy_wire.h"
#include "base/bytes.h"

namespace breakwater::api::iam {
namespace {

using domain::store::PolicyOrder;
using json::Text;

constexpr std::string_view kWarningHeader = "Breakwater-Policy-Warning";
constexpr std::size_t kMaxWarning = 512;

// What may stand in a header: names come from whoever made the policy.
std::string HeaderSafe(std::string_view text) {
  std::string safe(text.substr(0, kMaxWarning));
  std::replace_if(safe.begin(), safe.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return safe;
}

enum class Version { kV1, kV2 };

control::Resource PoliciesOf(const Context& context) {
  return domain::IamResource(context.account, "iam-access-management", "policy");
}

Error BadParameter(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_query_parameter");
}

std::optional<domain::Subject> SubjectFilter(const Context& context) {
  for (const auto kind : {domain::SubjectKind::kIdentity, domain::SubjectKind::kAccessGroup}) {
    const std::string id = QueryText(context, domain::ToString(kind));
    if (!id.empty()) return domain::Subject{kind, id};
  }
  return std::nullopt;
}

struct Wanted {
  domain::store::PolicyFilter filter;
  domain::store::PolicyPage page;
  bool nothing = false;  // there are none of that type
};

Status ReadFilter(const Context& context, Wanted* wanted) {
  const std::string type = QueryText(context, "type");
  if (!type.empty() && type != "access" && type != "authorization") {
    return BadParameter("type must be access or authorization");
  }
  wanted->nothing = type == "authorization";
  domain::store::PolicyFilter& filter = wanted->filter;
  filter.subject = SubjectFilter(context);
  filter.service_name = QueryText(context, "service_name");
  const std::string service_type = QueryText(context, "service_type");
  for (const auto known : {domain::ServiceType::kService, domain::ServiceType::kPlatformService}) {
    if (service_type == domain::ToString(known)) filter.service_type = known;
  }
  if (!service_type.empty() && !filter.service_type) {
    return BadParameter("service_type must be service or platform_service");
  }
  filter.service_group = QueryText(context, "service_group_id");
  filter.tag_name = QueryText(context, "tag_name");
  filter.tag_value = QueryText(context, "tag_value");
  const std::string state = QueryText(context, "state");
  if (!state.empty() && state != "active" && state != "deleted") {
    return BadParameter("state must be active or deleted");
  }
  filter.deleted = state == "deleted";
  return Ok();
}

Status ReadOrder(const Context& context, domain::store::PolicyPage* page) {
  const std::string sort = QueryText(context, "sort");
  page->descending = sort.starts_with('-');
  const std::string field = page->descending ? sort.substr(1) : sort;
  if (field.empty() || field == "id" || field == "href" || field == "type" || field == "state") {
    page->order = PolicyOrder::kId;  // the last two are the same for all of a list
  } else if (field == "created_at") {
    page->order = PolicyOrder::kCreated;
  } else if (field == "created_by_id") {
    page->order = PolicyOrder::kCreatedBy;
  } else if (field == "last_modified_at") {
    page->order = PolicyOrder::kModified;
  } else if (field == "last_modified_by_id") {
    page->order = PolicyOrder::kModifiedBy;
  } else if (field == "last_permit_at" || field == "last_permit_frequency") {
    return BadParameter("lists are not sorted by when policies gave rights: sort by another field");
  } else {
    return BadParameter(
        "sort must be id, type, href, state, created_at, created_by_id, last_modified_at or "
        "last_modified_by_id, with - in front for the other way round");
  }
  return Ok();
}

std::string PlaceToken(const domain::store::PolicyPlace& place) {
  json::Array parts{Text(place.id)};
  if (place.number) {
    parts.emplace_back(*place.number);
  } else {
    parts.emplace_back(Text(place.text));
  }
  return Base64UrlEncode(AsBytes(json::Serialize(parts)));
}

Result<domain::store::PolicyPlace> ReadPlace(std::string_view token, PolicyOrder order) {
  const Error bad = BadParameter("start must be one that a list of this order gave you");
  const auto decoded = Base64UrlDecode(token);
  if (!decoded.ok()) return bad;
  const auto document = json::Parse(AsText(*decoded), {.max_bytes = 1U << 12, .max_depth = 2});
  if (!document.ok() || !document->is_array() || document->as_array().size() != 2) return bad;
  const json::Value& id = document->as_array()[0];
  const json::Value& value = document->as_array()[1];
  const bool of_times = order == PolicyOrder::kCreated || order == PolicyOrder::kModified;
  if (!id.is_string() || (of_times ? !value.is_int64() : !value.is_string())) return bad;
  domain::store::PolicyPlace place;
  place.id = json::View(id.as_string());
  if (of_times) {
    place.number = value.as_int64();
  } else {
    place.text = json::View(value.as_string());
  }
  return place;
}

Result<Wanted> ReadWanted(const Context& context, std::int64_t most) {
  Wanted wanted;
  BW_TRY_STATUS(ReadFilter(context, &wanted));
  BW_TRY_STATUS(ReadOrder(context, &wanted.page));
  // Without a limit the reference answers with all of an account's; that many are its limit.
  BW_TRY(wanted.page.limit, PageSize(context, "limit", most, most));
  if (const auto start = context.query.Get("start")) {
    BW_TRY(wanted.page.after, ReadPlace(*start, wanted.page.order));
  }
  return wanted;
}

class Handlers {
 public:
  Handlers(const IamDeps& deps, Version version) : deps_(deps), version_(version) {}

  Result<net::Response> List(Context& context) const {
    if (QueryText(context, "account_id").empty()) {
      return Invalid("the query parameter account_id is required")
          .Reason("missing_required_query_parameter");
    }
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const Wanted wanted, ReadWanted(context, deps_.policies.limits().policies_per_account));
    BW_TRY(const auto roles, RolesToShow(context));
    domain::Policies::Listed listed;
    if (!wanted.nothing) {
      BW_TRY(listed, deps_.policies.List(account, wanted.filter, wanted.page));
    }
    json::Array items;
    for (const domain::Policy& policy : listed.items) {
      items.push_back(Encode(policy, roles ? &*roles : nullptr));
    }
    BW_TRY_STATUS(AddLastPermits(context, listed.items, items));
    const std::string page = context.request.path +
                             "?account_id=" + PercentEncode(account.value()) +
                             "&limit=" + std::to_string(wanted.page.limit) +
                             QueryWithout(context, {"account_id", "limit", "start"});
    json::Object body{{"limit", wanted.page.limit}, {"first", {{"href", Text(page)}}}};
    if (listed.next) {
      const std::string token = PlaceToken(*listed.next);
      body["next"] = {{"href", Text(page + "&start=" + token)}, {"start", Text(token)}};
    }
    body["policies"] = std::move(items);
    return JsonResponse(200, body);
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, Decode(document, context.account));
    BW_TRY(const auto policy, deps_.policies.Create(context.caller, context.account, content));
    return AnswerWithWarnings(201, policy);
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto roles, RolesToShow(context));
    BW_TRY(const auto policy, deps_.policies.Get(context.account, context.Path("id")));
    json::Array items{Encode(policy, roles ? &*roles : nullptr)};
    BW_TRY_STATUS(AddLastPermits(context, {policy}, items));
    return WithEntityTag(JsonResponse(200, std::move(items.front())),
                         domain::EntityTag(policy.id, policy.version));
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, Decode(document, context.account));
    if (version_ == Version::kV1) {
      BW_TRY(const auto before, deps_.policies.Get(context.account, context.Path("id")));
      if (!FitsV1(before)) {
        return Conflict(
                   "this policy has a rule or operators that v1 would lose: replace it at "
                   "/iam/v2/policies/" +
                   before.id)
            .Reason("unable_to_process");
      }
    }
    BW_TRY(const auto policy,
           deps_.policies.Replace(context.caller, context.account, context.Path("id"),
                                  HeaderText(context, "If-Match"), content));
    return AnswerWithWarnings(200, policy);
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.policies.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> Restore(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    if (in.Field("state").String() != "active") {
      in.Field("state").Fail("must be active; a policy is deleted by DELETE");
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto policy,
           deps_.policies.Restore(context.caller, context.account, context.Path("id"),
                                  HeaderText(context, "If-Match")));
    return Answer(200, policy);
  }

 private:
  // To the documents of these policies, where the answer is to have it.
  Status AddLastPermits(const Context& context, const std::vector<domain::Policy>& policies,
                        json::Array& items) const {
    if (QueryText(context, "format") != "include_last_permit") return Ok();
    std::vector<std::string> ids;
    for (const domain::Policy& policy : policies) ids.push_back(policy.id);
    BW_TRY(const auto counts, deps_.activity.Read(ids));
    for (std::size_t i = 0; i < ids.size(); ++i) {
      json::Object& item = items[i].as_object();
      item["last_permit_frequency"] = counts[i].count;
      if (counts[i].last) item["last_permit_at"] = Text(FormatRfc3339(*counts[i].last));
    }
    return Ok();
  }

  Result<domain::PolicyContent> Decode(const json::Value& document,
                                       const AccountId& account) const {
    return version_ == Version::kV1 ? DecodePolicyV1(document, account)
                                    : DecodePolicyV2(document, account);
  }

  json::Object Encode(const domain::Policy& policy,
                      const std::vector<domain::CustomRole>* roles) const {
    return version_ == Version::kV1 ? EncodePolicyV1(policy, roles) : EncodePolicyV2(policy, roles);
  }

  net::Response Answer(int status, const domain::Policy& policy,
                       const std::vector<domain::CustomRole>* roles = nullptr) const {
    return WithEntityTag(JsonResponse(status, Encode(policy, roles)),
                         domain::EntityTag(policy.id, policy.version));
  }

  // Of a policy that can match nothing, as things are, says why: one header for each reason. That
  // it was made stands, whatever becomes of this.
  net::Response AnswerWithWarnings(int status, const domain::Policy& policy) const {
    net::Response response = Answer(status, policy);
    const auto warnings = deps_.policy_warnings.Of(policy.account, {&policy, 1});
    if (!warnings.ok()) return response;
    for (const std::string& warning : warnings->front()) {
      response.headers.Add(std::string(kWarningHeader), HeaderSafe(warning));
    }
    return response;
  }

  // The custom roles, where the answer is to tell what roles hold.
  Result<std::optional<std::vector<domain::CustomRole>>> RolesToShow(const Context& context) const {
    std::optional<std::vector<domain::CustomRole>> roles;
    const std::string format = QueryText(context, "format");
    if (format == "display") {
      BW_TRY(roles, deps_.custom_roles.List(context.account, ""));
    } else if (!format.empty() && format != "include_last_permit") {
      return BadParameter("format must be display or include_last_permit");
    }
    return roles;
  }

  IamDeps deps_;
  Version version_;
};

void Add(const Face& face, const Handlers& handlers, std::string_view all, std::string_view one,
         const std::array<std::string_view, 5>& operations, std::vector<Endpoint>* out) {
  const Access read = Access::To("iam-am.policy.read", PoliciesOf);
  const Access change = Access::SignedIn(
      "decided on the service that the policy is about: its administrators assign access to it");
  out->push_back(
      {"GET", all, operations[0], read, face, [handlers](Context& c) { return handlers.List(c); }});
  out->push_back({"POST", all, operations[1], change, face,
                  [handlers](Context& c) { return handlers.Create(c); }});
  out->push_back(
      {"GET", one, operations[2], read, face, [handlers](Context& c) { return handlers.Get(c); }});
  out->push_back({"PUT", one, operations[3], change, face,
                  [handlers](Context& c) { return handlers.Replace(c); }});
  out->push_back({"DELETE", one, operations[4], change, face,
                  [handlers](Context& c) { return handlers.Delete(c); }});
}

}  // namespace

void AddPolicyEndpoints(const IamFaces& faces, const IamDeps& deps, std::vector<Endpoint>* out) {
  const Handlers v1(deps, Version::kV1);
  const Face& face = faces.management;
  Add(face, v1, "/iam/v1/policies", "/iam/v1/policies/{id}",
      {"ListPolicies", "CreatePolicy", "GetPolicy", "ReplacePolicy", "DeletePolicy"}, out);
  out->push_back({"PATCH", "/iam/v1/policies/{id}", "UpdatePolicyState",
                  Access::SignedIn("decided like a change of the policy"), face,
                  [v1](Context& c) { return v1.Restore(c); }});
  Add(face, Handlers(deps, Version::kV2), "/iam/v2/policies", "/iam/v2/policies/{id}",
      {"ListV2Policies", "CreateV2Policy", "GetV2Policy", "ReplaceV2Policy", "DeleteV2Policy"},
      out);
}

}  // namespace breakwater::api::iam
