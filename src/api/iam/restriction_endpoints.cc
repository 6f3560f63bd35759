// Context-based restrictions: /iam/v1/zones and /iam/v1/rules (contextbasedrestrictionsv1;
// ibm-registry 3.13, 4.7).

#include <algorithm>

#include "api/iam/handlers.h"

namespace breakwater::api::iam {
namespace {

using json::Text;

constexpr std::size_t kPreview = 10;
constexpr std::size_t kMaxApiTypes = 32;
constexpr std::string_view kService = "context-based-restrictions";
// The reference's name for all that a service offers.
constexpr std::string_view kEveryApiType =
    "crn:v1:bluemix:public:context-based-restrictions::::api-type:";

control::Resource Zones(const Context& context) {
  return domain::ZoneResource(context.account);
}
control::Resource Rules(const Context& context) {
  return domain::RestrictionResource(context.account, {});
}

template <class T>
void PutOrigin(json::Object& out, const T& thing) {
  out["created_at"] = Text(FormatRfc3339(thing.created));
  out["created_by_id"] = Text(thing.created_by.value());
  out["last_modified_at"] = Text(FormatRfc3339(thing.modified));
  out["last_modified_by_id"] = Text(thing.modified_by.value());
}

// What a zone and its line in the list have in common.
json::Object ZoneFields(const domain::Zone& zone) {
  json::Object out{{"id", Text(zone.id)},
                   {"crn", Text(CrnOf(kService, zone.account, "zone", zone.id))},
                   {"name", Text(zone.name)},
                   {"account_id", Text(zone.account.value())},
                   {"description", Text(zone.description)},
                   {"address_count", zone.addresses.size()},
                   {"excluded_count", zone.excluded.size()},
                   {"href", Text("/iam/v1/zones/" + zone.id)}};
  PutOrigin(out, zone);
  return out;
}

json::Object EncodeZone(const domain::Zone& zone) {
  json::Object out = ZoneFields(zone);
  out["addresses"] = domain::AddressesToJson(zone.addresses);
  out["excluded"] = domain::AddressesToJson(zone.excluded);
  return out;
}

json::Object EncodeSummary(const domain::Zone& zone) {
  json::Object out = ZoneFields(zone);
  json::Array preview;
  for (const auto& address : zone.addresses) {
    if (preview.size() < kPreview) preview.push_back(domain::ToJson(address));
  }
  out["addresses_preview"] = std::move(preview);
  return out;
}

json::Object EncodeRule(const domain::Restriction& rule) {
  json::Object out{
      {"id", Text(rule.id)},
      {"crn", Text(CrnOf(kService, rule.account, "rule", rule.id))},
      {"description", Text(rule.description)},
      {"contexts", domain::ContextsToJson(rule.contexts)},
      {"resources",
       json::Array{json::Object{{"attributes", domain::ResourceToJson(rule.resource)}}}},
      {"enforcement_mode", Text(domain::ToString(rule.mode))},
      {"href", Text("/iam/v1/rules/" + rule.id)}};
  if (!rule.operations.is_null()) out["operations"] = rule.operations;
  PutOrigin(out, rule);
  return out;
}

net::Response Answer(int status, const domain::Zone& zone) {
  return WithEntityTag(JsonResponse(status, EncodeZone(zone)),
                       domain::EntityTag(zone.id, zone.version));
}
net::Response Answer(int status, const domain::Restriction& rule) {
  return WithEntityTag(JsonResponse(status, EncodeRule(rule)),
                       domain::EntityTag(rule.id, rule.version));
}

std::vector<domain::ZoneAddress> ReadAddresses(const json::Reader& in, std::string_view field,
                                               std::size_t most) {
  std::vector<domain::ZoneAddress> addresses;
  const auto items = in.Optional(field);
  if (!items) return addresses;
  for (const json::Reader& item : items->Items(most)) {
    const auto kind = domain::ParseZoneAddressKind(item.Field("type").String());
    if (!kind) item.Fail("type must be ipAddress, ipRange, subnet, vpc or serviceRef");
    domain::ZoneAddress address{.kind = kind.value_or(domain::ZoneAddress::Kind::kAddress),
                                .value = item.String("value", "")};
    if (const auto ref = item.Optional("ref")) address.ref = ref->value();
    addresses.push_back(std::move(address));
  }
  return addresses;
}

Result<domain::ZoneContent> ReadZone(const Context& context, const json::Value& document) {
  const json::Reader in(document);
  domain::ZoneContent content;
  content.name = in.Field("name").String();
  content.description = in.String("description", "");
  const std::string account = in.String("account_id", context.account.value());
  if (account != context.account.value()) in.Field("account_id").Fail("must be your account");
  content.addresses = ReadAddresses(in, "addresses", domain::RestrictionLimits::kAddressesPerZone);
  content.excluded = ReadAddresses(in, "excluded", domain::RestrictionLimits::kExcludedPerZone);
  BW_TRY_STATUS(in.Finish());
  return content;
}

std::vector<domain::RestrictionContext> ReadContexts(const json::Reader& in) {
  std::vector<domain::RestrictionContext> contexts;
  const auto items = in.Optional("contexts");
  if (!items) return contexts;
  for (const json::Reader& item : items->Items(domain::RestrictionLimits::kContextsPerRule)) {
    domain::RestrictionContext read;
    for (const json::Reader& attribute :
         item.Field("attributes").Items(domain::RestrictionLimits::kAttributes)) {
      read.attributes.emplace_back(attribute.Field("name").String(),
                                   attribute.Field("value").String());
    }
    contexts.push_back(std::move(read));
  }
  return contexts;
}

std::vector<domain::RestrictionAttribute> ReadResource(const json::Reader& in) {
  std::vector<domain::RestrictionAttribute> resource;
  const auto items = in.Field("resources").Items(2);
  if (items.size() != 1) {
    in.Field("resources").Fail("must have exactly one element");
    return resource;
  }
  for (const json::Reader& item :
       items[0].Field("attributes").Items(domain::RestrictionLimits::kAttributes)) {
    const std::string op = item.String("operator", "stringEquals");
    if (op != "stringEquals" && op != "stringMatch") {
      item.Fail("operator must be stringEquals or stringMatch");
    }
    resource.push_back({.name = item.Field("name").String(),
                        .value = item.Field("value").String(),
                        .pattern = op == "stringMatch"});
  }
  if (const auto tags = items[0].Optional("tags"); tags && !tags->Items(1).empty()) {
    tags->Fail("access tags are not supported");
  }
  return resource;
}

// The registry's operations cannot be told apart: a rule is about all of them.
json::Value ReadOperations(const json::Reader& in,
                           const std::vector<domain::RestrictionAttribute>& resource) {
  const auto operations = in.Optional("operations");
  if (!operations) return nullptr;
  const bool registry = std::ranges::any_of(resource, [](const auto& attribute) {
    return attribute.name == "serviceName" && attribute.value == "container-registry";
  });
  for (const json::Reader& item : operations->Field("api_types").Items(kMaxApiTypes)) {
    const std::string id = item.Field("api_type_id").String();
    if (registry && id != kEveryApiType) {
      item.Fail("container-registry has no API types: leave operations away");
    }
  }
  return operations->value();
}

Result<domain::RestrictionContent> ReadRule(const json::Value& document) {
  const json::Reader in(document);
  domain::RestrictionContent content;
  content.description = in.String("description", "");
  content.contexts = ReadContexts(in);
  content.resource = ReadResource(in);
  content.operations = ReadOperations(in, content.resource);
  const auto mode = domain::ParseEnforcement(in.String("enforcement_mode", "enabled"));
  if (!mode) in.Field("enforcement_mode").Fail("must be enabled, disabled or report");
  content.mode = mode.value_or(domain::Enforcement::kEnabled);
  BW_TRY_STATUS(in.Finish());
  return content;
}

// Whether the rule is about what the query names: the parameter's name, and the attribute's.
bool Fits(const Context& context, const domain::Restriction& rule) {
  constexpr std::pair<std::string_view, std::string_view> kFilters[] = {
      {"region", "region"},
      {"resource", "resource"},
      {"resource_type", "resourceType"},
      {"service_instance", "serviceInstance"},
      {"service_name", "serviceName"},
      {"service_type", "serviceType"},
      {"service_group_id", "serviceGroupId"}};
  for (const auto& [parameter, name] : kFilters) {
    const std::string wanted = QueryText(context, parameter);
    if (wanted.empty()) continue;
    const bool has = std::ranges::any_of(rule.resource, [&](const auto& attribute) {
      return attribute.name == name && attribute.value == wanted;
    });
    if (!has) return false;
  }
  const std::string zone = QueryText(context, "zone_id");
  const bool names_zone = zone.empty() || std::ranges::any_of(rule.contexts, [&](const auto& one) {
                            return std::ranges::any_of(one.attributes, [&](const auto& attribute) {
                              return attribute.first == "networkZoneId" && attribute.second == zone;
                            });
                          });
  const std::string mode = QueryText(context, "enforcement_mode");
  return names_zone && (mode.empty() || mode == domain::ToString(rule.mode));
}

class Handlers {
 public:
  explicit Handlers(const IamDeps& deps) : deps_(deps) {}

  Result<net::Response> ListZones(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto zones, deps_.zones.List(account));
    const std::string name = QueryText(context, "name");
    json::Array items;
    for (const domain::Zone& zone : zones) {
      if (name.empty() || zone.name == name) items.push_back(EncodeSummary(zone));
    }
    return JsonResponse(200, {{"count", items.size()}, {"zones", std::move(items)}});
  }

  Result<net::Response> CreateZone(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadZone(context, document));
    BW_TRY(const auto zone, deps_.zones.Create(context.caller, context.account, content));
    return Answer(201, zone);
  }

  Result<net::Response> GetZone(Context& context) const {
    BW_TRY(const auto zone, deps_.zones.Get(context.account, context.Path("id")));
    return Answer(200, zone);
  }

  Result<net::Response> ReplaceZone(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadZone(context, document));
    BW_TRY(const auto zone, deps_.zones.Replace(context.caller, context.account, context.Path("id"),
                                                HeaderText(context, "If-Match"), content));
    return Answer(200, zone);
  }

  Result<net::Response> DeleteZone(Context& context) const {
    BW_TRY_STATUS(deps_.zones.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> ListRules(Context& context) const {
    BW_TRY(const AccountId account, QueryAccount(context));
    BW_TRY(const auto rules, deps_.restrictions.List(account));
    json::Array items;
    for (const domain::Restriction& rule : rules) {
      if (Fits(context, rule)) items.push_back(EncodeRule(rule));
    }
    return JsonResponse(200, {{"count", items.size()}, {"rules", std::move(items)}});
  }

  Result<net::Response> CreateRule(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadRule(document));
    BW_TRY(const auto rule, deps_.restrictions.Create(context.caller, context.account, content));
    return Answer(201, rule);
  }

  Result<net::Response> GetRule(Context& context) const {
    BW_TRY(const auto rule, deps_.restrictions.Get(context.account, context.Path("id")));
    return Answer(200, rule);
  }

  Result<net::Response> ReplaceRule(Context& context) const {
    BW_TRY(const json::Value document, ReadJson(context));
    BW_TRY(const auto content, ReadRule(document));
    BW_TRY(const auto rule,
           deps_.restrictions.Replace(context.caller, context.account, context.Path("id"),
                                      HeaderText(context, "If-Match"), content));
    return Answer(200, rule);
  }

  Result<net::Response> DeleteRule(Context& context) const {
    BW_TRY_STATUS(deps_.restrictions.Delete(context.caller, context.account, context.Path("id")));
    return EmptyResponse(204);
  }

  Result<net::Response> Settings(Context& context) const {
    if (context.Path("account_id") != context.account.value()) {
      return Denied("this is not your account").Reason("not_authorized");
    }
    BW_TRY(const auto use, deps_.restrictions.Use(context.account));
    const auto& limits = deps_.restrictions.limits();
    return JsonResponse(
        200, {{"id", Text(context.account.value())},
              {"crn", Text(CrnOf(kService, context.account, "account", context.account.value()))},
              {"rule_count_limit", limits.restrictions_per_account},
              {"zone_count_limit", limits.zones_per_account},
              {"tags_rule_count_limit", 0},
              {"current_rule_count", use.rules},
              {"current_zone_count", use.zones},
              {"current_tags_rule_count", 0},
              {"href", Text("/iam/v1/account_settings/" + context.account.value())}});
  }

  Result<net::Response> Operations(Context&) const {
    return JsonResponse(
        200,
        {{"api_types", json::Array{json::Object{
                           {"api_type_id", Text(kEveryApiType)},
                           {"display_name", "All"},
                           {"description", "All operations of the service"},
                           {"type", "platform"},
                           {"actions", json::Array{}},
                           {"enforcement_modes", json::Array{"enabled", "disabled", "report"}}}}}});
  }

  // Nothing here runs inside a service of the reference's cloud, so none can be named as a place.
  Result<net::Response> ServiceTargets(Context&) const {
    return JsonResponse(200, {{"count", 0}, {"targets", json::Array{}}});
  }

 private:
  IamDeps deps_;
};

using Method = Result<net::Response> (Handlers::*)(Context&) const;

}  // namespace

void AddRestrictionEndpoints(const IamFaces& faces, const IamDeps& deps,
                             std::vector<Endpoint>* out) {
  const Handlers handlers(deps);
  const auto add = [&](std::string_view method, std::string_view path, std::string_view operation,
                       Access access, Method handle) {
    out->push_back({method, path, operation, std::move(access), faces.management,
                    [handlers, handle](Context& c) { return (handlers.*handle)(c); }});
  };
  const Access change_zone = Access::SignedIn("decided by the change itself");
  const Access change_rule = Access::SignedIn(
      "decided on the service that the rule is about: its administrators restrict it");
  constexpr std::string_view kZones = "/iam/v1/zones";
  constexpr std::string_view kZone = "/iam/v1/zones/{id}";
  constexpr std::string_view kRules = "/iam/v1/rules";
  constexpr std::string_view kRule = "/iam/v1/rules/{id}";
  add("GET", "/iam/v1/zones/serviceref_targets", "ListAvailableServicerefTargets",
      Access::SignedIn("says the same to everybody"), &Handlers::ServiceTargets);
  add("GET", kZones, "ListZones", Access::To("context-based-restrictions.zone.list", Zones),
      &Handlers::ListZones);
  add("POST", kZones, "CreateZone", change_zone, &Handlers::CreateZone);
  add("GET", kZone, "GetZone", Access::To("context-based-restrictions.zone.read", Zones),
      &Handlers::GetZone);
  add("PUT", kZone, "ReplaceZone", change_zone, &Handlers::ReplaceZone);
  add("DELETE", kZone, "DeleteZone", change_zone, &Handlers::DeleteZone);
  add("GET", kRules, "ListRestrictions", Access::To("context-based-restrictions.rule.list", Rules),
      &Handlers::ListRules);
  add("POST", kRules, "CreateRestriction", change_rule, &Handlers::CreateRule);
  add("GET", kRule, "GetRestriction", Access::To("context-based-restrictions.rule.read", Rules),
      &Handlers::GetRule);
  add("PUT", kRule, "ReplaceRestriction", change_rule, &Handlers::ReplaceRule);
  add("DELETE", kRule, "DeleteRestriction", change_rule, &Handlers::DeleteRule);
  add("GET", "/iam/v1/account_settings/{account_id}", "GetRestrictionSettings",
      Access::To("context-based-restrictions.rule.list", Rules), &Handlers::Settings);
  add("GET", "/iam/v1/operations", "ListAvailableServiceOperations",
      Access::SignedIn("says the same to everybody"), &Handlers::Operations);
}

}  // namespace breakwater::api::iam
