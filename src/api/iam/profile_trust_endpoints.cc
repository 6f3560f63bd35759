// Whom a trusted profile trusts: /iam/v1/profiles/{id}/rules, …/links and …/identities
// (iamidentityv1; ibm-registry 4.2).

#include "api/iam/handlers.h"
#include "iam/profiles.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::size_t kMaxIdentities = 1000;
constexpr std::size_t kMaxAccounts = 100;

control::Resource ProfileOf(const Context& context) {
  return domain::ProfileResource(context.account, context.Path("id"));
}

std::string RuleTag(const domain::ProfileRule& rule) {
  return domain::EntityTag(rule.id, rule.version);
}

json::Object Encode(const domain::ProfileRule& rule) {
  json::Object out{{"id", Text(rule.id)},
                   {"entity_tag", Text(RuleTag(rule))},
                   {"created_at", Text(FormatRfc3339(rule.created))},
                   {"modified_at", Text(FormatRfc3339(rule.modified))},
                   {"name", Text(rule.name)},
                   {"type", Text(domain::ToString(rule.kind))},
                   {"expiration", rule.expiration_seconds},
                   {"conditions", domain::ConditionsToJson(rule.conditions)}};
  if (!rule.realm.empty()) out["realm_name"] = Text(rule.realm);
  if (!rule.cr_type.empty()) out["cr_type"] = Text(rule.cr_type);
  return out;
}

json::Object Encode(const domain::ProfileLink& link) {
  json::Object inner{{"crn", Text(link.crn)}};
  const auto put = [&](const char* name, const std::string& value) {
    if (!value.empty()) inner[name] = Text(value);
  };
  put("namespace", link.name_space);
  put("name", link.resource_name);
  put("component_type", link.component_type);
  put("component_name", link.component_name);
  return {{"id", Text(link.id)},
          {"entity_tag", Text(domain::EntityTag(link.id, link.version))},
          {"created_at", Text(FormatRfc3339(link.created))},
          {"modified_at", Text(FormatRfc3339(link.modified))},
          {"name", Text(link.name)},
          {"cr_type", Text(link.cr_type)},
          {"link", std::move(inner)}};
}

json::Object Encode(const domain::ProfileIdentity& identity) {
  json::Array accounts;
  for (const std::string& account : identity.accounts) accounts.push_back(Text(account));
  json::Object out{{"iam_id", Text(identity.iam_id.value())},
                   {"identifier", Text(identity.identifier)},
                   {"type", Text(domain::ToString(identity.kind))},
                   {"description", Text(identity.description)}};
  if (identity.kind == domain::TrustedKind::kUser) out["accounts"] = std::move(accounts);
  return out;
}

net::Response Answer(const domain::ProfileIdentities& listed) {
  json::Array items;
  for (const domain::ProfileIdentity& identity : listed.identities) {
    items.push_back(Encode(identity));
  }
  return WithEntityTag(JsonResponse(200, {{"entity_tag", Text(listed.entity_tag)},
                                          {"identities", std::move(items)}}),
                       listed.entity_tag);
}

Result<domain::NewProfileRule> ReadRule(Context& context) {
  BW_TRY(const json::Value document, ReadJson(context));
  const json::Reader in(document);
  domain::NewProfileRule wanted;
  if (const auto kind = domain::ParseProfileRuleKind(in.Field("type").String())) {
    wanted.kind = *kind;
  } else {
    in.Field("type").Fail("must be Profile-SAML or Profile-CR");
  }
  wanted.name = in.String("name", "");
  wanted.realm = in.String("realm_name", "");
  wanted.cr_type = in.String("cr_type", "");
  if (const auto seconds = in.Optional("expiration")) wanted.expiration_seconds = seconds->Int();
  wanted.conditions = ReadConditions(in.Field("conditions"));
  BW_TRY_STATUS(in.Finish());
  return wanted;
}

domain::NewProfileIdentity ReadIdentity(const json::Reader& in) {
  domain::NewProfileIdentity wanted;
  wanted.identifier = in.Field("identifier").String();
  if (const auto kind = domain::ParseTrustedKind(in.Field("type").String())) {
    wanted.kind = *kind;
  } else {
    in.Field("type").Fail("must be user, serviceid or crn");
  }
  if (const auto accounts = in.Optional("accounts")) {
    wanted.accounts = accounts->Strings(kMaxAccounts);
  }
  wanted.description = in.String("description", "");
  return wanted;
}

Result<domain::TrustedKind> PathKind(const Context& context) {
  const auto kind = domain::ParseTrustedKind(context.Path("type"));
  if (!kind) return domain::NoSuch("type of identity: there are user, serviceid and crn");
  return *kind;
}

class Rules {
 public:
  explicit Rules(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto rules, deps_.profiles.ListRules(context.account, context.Path("id")));
    json::Array items;
    for (const domain::ProfileRule& rule : rules) items.push_back(Encode(rule));
    return JsonResponse(200, {{"rules", std::move(items)}});
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const auto wanted, ReadRule(context));
    BW_TRY(const auto rule,
           deps_.profiles.CreateRule(context.caller, context.account, context.Path("id"), wanted));
    return WithEntityTag(JsonResponse(201, Encode(rule)), RuleTag(rule));
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto rule,
           deps_.profiles.GetRule(context.account, context.Path("id"), context.Path("rule_id")));
    return WithEntityTag(JsonResponse(200, Encode(rule)), RuleTag(rule));
  }

  Result<net::Response> Replace(Context& context) const {
    BW_TRY(const auto wanted, ReadRule(context));
    BW_TRY(const auto rule, deps_.profiles.ReplaceRule(context.caller, context.account,
                                                       context.Path("id"), context.Path("rule_id"),
                                                       HeaderText(context, "If-Match"), wanted));
    return WithEntityTag(JsonResponse(200, Encode(rule)), RuleTag(rule));
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.profiles.DeleteRule(context.caller, context.account, context.Path("id"),
                                            context.Path("rule_id")));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

class Links {
 public:
  explicit Links(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto links, deps_.profiles.ListLinks(context.account, context.Path("id")));
    json::Array items;
    for (const domain::ProfileLink& link : links) items.push_back(Encode(link));
    return JsonResponse(200, {{"links", std::move(items)}});
  }

  Result<net::Response> Create(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    domain::ProfileLink wanted;
    wanted.cr_type = in.Field("cr_type").String();
    wanted.name = in.String("name", "");
    const json::Reader link = in.Field("link");
    wanted.crn = link.Field("crn").String();
    wanted.name_space = link.String("namespace", "");
    wanted.resource_name = link.String("name", "");
    wanted.component_type = link.String("component_type", "");
    wanted.component_name = link.String("component_name", "");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto made,
           deps_.profiles.CreateLink(context.caller, context.account, context.Path("id"), wanted));
    return JsonResponse(201, Encode(made));
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto link,
           deps_.profiles.GetLink(context.account, context.Path("id"), context.Path("link_id")));
    return JsonResponse(200, Encode(link));
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY_STATUS(deps_.profiles.DeleteLink(context.caller, context.account, context.Path("id"),
                                            context.Path("link_id")));
    return EmptyResponse(204);
  }

  Result<net::Response> DeleteByParameters(Context& context) const {
    domain::ProfileLink wanted;
    wanted.cr_type = QueryText(context, "type");
    wanted.crn = QueryText(context, "crn");
    wanted.name_space = QueryText(context, "namespace");
    wanted.resource_name = QueryText(context, "name");
    wanted.component_type = QueryText(context, "component_type");
    wanted.component_name = QueryText(context, "component_name");
    BW_TRY(const auto link, deps_.profiles.FindLink(context.account, context.Path("id"), wanted));
    BW_TRY_STATUS(
        deps_.profiles.DeleteLink(context.caller, context.account, context.Path("id"), link.id));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

class Identities {
 public:
  explicit Identities(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> List(Context& context) const {
    BW_TRY(const auto listed, deps_.profiles.GetIdentities(context.account, context.Path("id")));
    return Answer(listed);
  }

  Result<net::Response> SetAll(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    std::vector<domain::NewProfileIdentity> wanted;
    if (const auto items = in.Optional("identities")) {
      for (const json::Reader& item : items->Items(kMaxIdentities)) {
        wanted.push_back(ReadIdentity(item));
      }
    }
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto listed,
           deps_.profiles.SetIdentities(context.caller, context.account, context.Path("id"),
                                        HeaderText(context, "If-Match"), wanted));
    return Answer(listed);
  }

  Result<net::Response> Set(Context& context) const {
    BW_TRY(const auto kind, PathKind(context));
    BW_TRY(const json::Value document, ReadJson(context));
    const json::Reader in(document);
    const auto wanted = ReadIdentity(in);
    if (wanted.kind != kind) in.Fail("type must be that of the path");
    BW_TRY_STATUS(in.Finish());
    BW_TRY(const auto identity,
           deps_.profiles.SetIdentity(context.caller, context.account, context.Path("id"), wanted));
    return JsonResponse(200, Encode(identity));
  }

  Result<net::Response> Get(Context& context) const {
    BW_TRY(const auto kind, PathKind(context));
    BW_TRY(const auto identity, deps_.profiles.GetIdentity(context.account, context.Path("id"),
                                                           kind, context.Path("identifier")));
    return JsonResponse(200, Encode(identity));
  }

  Result<net::Response> Delete(Context& context) const {
    BW_TRY(const auto kind, PathKind(context));
    BW_TRY_STATUS(deps_.profiles.DeleteIdentity(context.caller, context.account, context.Path("id"),
                                                kind, context.Path("identifier")));
    return EmptyResponse(204);
  }

 private:
  IamDeps deps_;
};

void AddRules(const Face& face, const IamDeps& deps, const Access& read, const Access& update,
              std::vector<Endpoint>* out) {
  const Rules rules(deps);
  constexpr std::string_view kAll = "/iam/v1/profiles/{id}/rules";
  constexpr std::string_view kOne = "/iam/v1/profiles/{id}/rules/{rule_id}";
  out->push_back(
      {"GET", kAll, "ListClaimRules", read, face, [rules](Context& c) { return rules.List(c); }});
  out->push_back({"POST", kAll, "CreateClaimRule", update, face,
                  [rules](Context& c) { return rules.Create(c); }});
  out->push_back(
      {"GET", kOne, "GetClaimRule", read, face, [rules](Context& c) { return rules.Get(c); }});
  out->push_back({"PUT", kOne, "UpdateClaimRule", update, face,
                  [rules](Context& c) { return rules.Replace(c); }});
  out->push_back({"DELETE", kOne, "DeleteClaimRule", update, face,
                  [rules](Context& c) { return rules.Delete(c); }});
}

void AddLinks(const Face& face, const IamDeps& deps, const Access& read, const Access& update,
              std::vector<Endpoint>* out) {
  const Links links(deps);
  constexpr std::string_view kAll = "/iam/v1/profiles/{id}/links";
  constexpr std::string_view kOne = "/iam/v1/profiles/{id}/links/{link_id}";
  out->push_back(
      {"GET", kAll, "ListLinks", read, face, [links](Context& c) { return links.List(c); }});
  out->push_back(
      {"POST", kAll, "CreateLink", update, face, [links](Context& c) { return links.Create(c); }});
  out->push_back({"DELETE", kAll, "DeleteLinkByParameters", update, face,
                  [links](Context& c) { return links.DeleteByParameters(c); }});
  out->push_back(
      {"GET", kOne, "GetLink", read, face, [links](Context& c) { return links.Get(c); }});
  out->push_back({"DELETE", kOne, "DeleteLink", update, face,
                  [links](Context& c) { return links.Delete(c); }});
}

void AddIdentities(const Face& face, const IamDeps& deps, const Access& read, const Access& update,
                   std::vector<Endpoint>* out) {
  const Identities identities(deps);
  constexpr std::string_view kAll = "/iam/v1/profiles/{id}/identities";
  constexpr std::string_view kType = "/iam/v1/profiles/{id}/identities/{type}";
  constexpr std::string_view kOne = "/iam/v1/profiles/{id}/identities/{type}/{identifier}";
  out->push_back({"GET", kAll, "GetProfileIdentities", read, face,
                  [identities](Context& c) { return identities.List(c); }});
  out->push_back({"PUT", kAll, "SetProfileIdentities", update, face,
                  [identities](Context& c) { return identities.SetAll(c); }});
  out->push_back({"POST", kType, "SetProfileIdentity", update, face,
                  [identities](Context& c) { return identities.Set(c); }});
  out->push_back({"GET", kOne, "GetProfileIdentity", read, face,
                  [identities](Context& c) { return identities.Get(c); }});
  out->push_back({"DELETE", kOne, "DeleteProfileIdentity", update, face,
                  [identities](Context& c) { return identities.Delete(c); }});
}

}  // namespace

void AddProfileTrustEndpoints(const IamFaces& faces, const IamDeps& deps,
                              std::vector<Endpoint>* out) {
  const Access read = Access::To("iam-identity.account-profile.read", ProfileOf);
  const Access update = Access::To("iam-identity.account-profile.update", ProfileOf);
  AddRules(faces.management, deps, read, update, out);
  AddLinks(faces.management, deps, read, update, out);
  AddIdentities(faces.management, deps, read, update, out);
}

}  // namespace breakwater::api::iam
