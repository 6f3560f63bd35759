#include "iam/restrictions.h"

#include <algorithm>
#include <set>

#include "base/check.h"
#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;
using Kind = ZoneAddress::Kind;

constexpr Kind kKinds[] = {Kind::kAddress, Kind::kRange, Kind::kSubnet, Kind::kVpc, Kind::kService};
constexpr Enforcement kModes[] = {Enforcement::kEnabled, Enforcement::kDisabled,
                                  Enforcement::kReport};
constexpr std::size_t kMaxValueOctets = 256;
// Of whose restrictions there are none: whoever has locked everybody out must be able to open
// again.
constexpr std::string_view kNeverRestricted[] = {"context-based-restrictions",
                                                 "iam-access-management"};

const std::vector<std::string>& KnownAttributes() {
  static const std::vector<std::string> known{
      "accountId", "serviceName", "serviceType",  "serviceInstance", "region",
      "geography", "registry",    "resourceType", "resource",        "resourceGroupId"};
  return known;
}

Error Bad(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_body");
}

// Network byte order, of one family.
bool AtMost(const IpAddress& a, const IpAddress& b) {
  return !std::ranges::lexicographical_compare(b.bytes(), a.bytes());
}

// The two ends of "first-last".
Result<std::pair<IpAddress, IpAddress>> ParseRange(std::string_view text) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return Invalid("a range is written first-last");
  BW_TRY(const auto first, IpAddress::Parse(Trim(text.substr(0, dash))));
  BW_TRY(const auto last, IpAddress::Parse(Trim(text.substr(dash + 1))));
  if (first.is_v4() != last.is_v4() || !AtMost(first, last)) {
    return Invalid("a range must begin with its lower end");
  }
  return std::pair{first, last};
}

Status CheckAddress(const ZoneAddress& address) {
  switch (address.kind) {
    case Kind::kAddress:
      if (IpAddress::Parse(address.value).ok()) return Ok();
      return Bad("an ipAddress must be one IPv4 or IPv6 address");
    case Kind::kRange:
      if (ParseRange(address.value).ok()) return Ok();
      return Bad("an ipRange must be two addresses, the lower first: 192.0.2.1-192.0.2.9");
    case Kind::kSubnet:
      if (IpNetwork::Parse(address.value).ok()) return Ok();
      return Bad("a subnet must be in CIDR form: 192.0.2.0/24");
    case Kind::kVpc:
      if (!address.value.empty() && address.value.size() <= kMaxValueOctets) return Ok();
      return Bad("a vpc must be named by its CRN");
    case Kind::kService:
      if (address.ref.is_object()) return Ok();
      return Bad("a serviceRef must have a ref");
  }
  BW_UNREACHABLE();
}

bool IsNumeric(Kind kind) {
  return kind == Kind::kAddress || kind == Kind::kRange || kind == Kind::kSubnet;
}

Status CheckAttribute(const RestrictionAttribute& attribute, std::set<std::string_view>* names) {
  const auto& known = KnownAttributes();
  if (std::ranges::find(known, attribute.name) == known.end()) {
    const std::string nearest = Nearest(attribute.name, known);
    return Bad("unknown resource attribute" +
               (nearest.empty() ? std::string() : "; did you mean " + nearest + "?"));
  }
  if (!names->insert(attribute.name).second) {
    return Bad("each resource attribute may be there once");
  }
  const bool may_be_empty = attribute.name == "serviceInstance";
  if (attribute.value.size() > kMaxValueOctets || (attribute.value.empty() && !may_be_empty)) {
    return Bad("the value of " + attribute.name + " must have 1 to 256 bytes");
  }
  if (attribute.name == "resourceType" && EqualsIgnoreCase(attribute.value, "namespace") &&
      attribute.value != "namespace") {
    return Bad("resourceType must be exactly \"namespace\": nothing else would ever match");
  }
  return Ok();
}

Status CheckContext(const RestrictionContext& context) {
  if (context.attributes.empty()) {
    return Bad("a context must have an attribute: networkZoneId or endpointType");
  }
  for (const auto& [name, value] : context.attributes) {
    if (name == "networkZoneId" && !value.empty() && value.size() <= kMaxValueOctets) continue;
    if (name == "endpointType" && (value == "public" || value == "private" || value == "direct")) {
      continue;
    }
    return Bad(
        "a context's attribute must be networkZoneId, with a zone's id, or endpointType: "
        "public, private or direct");
  }
  return Ok();
}

bool Fits(const RestrictionAttribute& attribute, std::string_view value) {
  return attribute.pattern ? WildcardMatch(attribute.value, value) : attribute.value == value;
}

bool Covers(const RestrictionAttribute& attribute, const ActionService& service,
            const control::Resource& resource) {
  const std::string& name = attribute.name;
  if (name == "accountId") return Fits(attribute, resource.account.value());
  if (name == "serviceName") return Fits(attribute, service.name);
  if (name == "serviceType") return Fits(attribute, ToString(service.type));
  if (name == "region" || name == "geography") return Fits(attribute, resource.region);
  if (name == "registry") return Fits(attribute, resource.registry.value());
  if (name == "resourceGroupId") return Fits(attribute, resource.resource_group);
  if (name == "resourceType") {
    return !resource.name_space.empty() && Fits(attribute, "namespace");
  }
  if (name == "resource")
    return !resource.name_space.empty() && Fits(attribute, resource.name_space);
  return attribute.value.empty();  // serviceInstance: the registry has no instances
}

bool Covers(const Restriction& rule, const ActionService& service,
            const control::Resource& resource) {
  return rule.account == resource.account &&
         std::ranges::all_of(rule.resource, [&](const RestrictionAttribute& attribute) {
           return Covers(attribute, service, resource);
         });
}

std::string Join(const std::vector<std::string>& parts, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? std::string(last) : ", ";
    text += parts[i];
  }
  return text;
}

}  // namespace

std::string_view ToString(ZoneAddress::Kind kind) {
  switch (kind) {
    case Kind::kAddress: return "ipAddress";
    case Kind::kRange: return "ipRange";
    case Kind::kSubnet: return "subnet";
    case Kind::kVpc: return "vpc";
    case Kind::kService: return "serviceRef";
  }
  BW_UNREACHABLE();
}

std::optional<ZoneAddress::Kind> ParseZoneAddressKind(std::string_view text) {
  for (const Kind kind : kKinds) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string_view ToString(Enforcement mode) {
  switch (mode) {
    case Enforcement::kEnabled: return "enabled";
    case Enforcement::kDisabled: return "disabled";
    case Enforcement::kReport: return "report";
  }
  BW_UNREACHABLE();
}

std::optional<Enforcement> ParseEnforcement(std::string_view text) {
  for (const Enforcement mode : kModes) {
    if (ToString(mode) == text) return mode;
  }
  return std::nullopt;
}

Status CheckZone(const Zone& zone) {
  BW_TRY_STATUS(CheckName(zone.name));
  BW_TRY_STATUS(CheckDescription(zone.description));
  if (zone.addresses.empty() || zone.addresses.size() > RestrictionLimits::kAddressesPerZone ||
      zone.excluded.size() > RestrictionLimits::kExcludedPerZone) {
    return Bad("a zone must have 1 to 1000 addresses, and may exclude 1000");
  }
  for (const ZoneAddress& address : zone.addresses) BW_TRY_STATUS(CheckAddress(address));
  for (const ZoneAddress& address : zone.excluded) {
    if (!IsNumeric(address.kind)) {
      return Bad("what a zone excludes must be of the types ipAddress, ipRange and subnet");
    }
    BW_TRY_STATUS(CheckAddress(address));
  }
  return Ok();
}

Status CheckRestriction(const Restriction& rule) {
  BW_TRY_STATUS(CheckDescription(rule.description));
  if (rule.contexts.size() > RestrictionLimits::kContextsPerRule) {
    return Bad("a rule may have at most 1000 contexts");
  }
  for (const RestrictionContext& context : rule.contexts) BW_TRY_STATUS(CheckContext(context));
  std::set<std::string_view> names;
  bool account = false;
  for (const RestrictionAttribute& attribute : rule.resource) {
    BW_TRY_STATUS(CheckAttribute(attribute, &names));
    account = account || (attribute.name == "accountId" && !attribute.pattern &&
                          attribute.value == rule.account.value());
  }
  if (!account) return Bad("the resource attribute accountId must be there and name your account");
  if (!names.contains("serviceName") && !names.contains("serviceType") &&
      !names.contains("resourceGroupId")) {
    return Bad(
        "one of the resource attributes serviceName, serviceType and resourceGroupId must be "
        "there");
  }
  return Ok();
}

Restrictions::Restrictions(const std::vector<Zone>& zones, std::vector<Restriction> rules)
    : rules_(std::move(rules)) {
  std::erase_if(rules_, [](const Restriction& r) { return r.mode == Enforcement::kDisabled; });
  if (rules_.empty()) return;
  for (const Zone& zone : zones) zones_.emplace(zone.id, Compile(zone));
}

Restrictions::CompiledZone Restrictions::Compile(const Zone& zone) {
  const auto compile = [](const std::vector<ZoneAddress>& addresses) {
    std::vector<Matcher> matchers;
    for (const ZoneAddress& address : addresses) {
      if (address.kind == Kind::kRange) {
        const auto range = ParseRange(address.value);
        if (range.ok()) matchers.emplace_back(Range{range->first, range->second});
      } else if (IsNumeric(address.kind)) {
        const auto network = IpNetwork::Parse(address.value);
        if (network.ok()) matchers.emplace_back(*network);
      }
    }
    return matchers;
  };
  return {
      .name = zone.name, .addresses = compile(zone.addresses), .excluded = compile(zone.excluded)};
}

bool Restrictions::Holds(const std::vector<Matcher>& matchers, const IpAddress& address) {
  return std::ranges::any_of(matchers, [&](const Matcher& matcher) {
    if (const auto* network = std::get_if<IpNetwork>(&matcher)) return network->Contains(address);
    const Range& range = std::get<Range>(matcher);
    return range.first.is_v4() == address.is_v4() && AtMost(range.first, address) &&
           AtMost(address, range.last);
  });
}

bool Restrictions::Fits(const RestrictionContext& context, const std::optional<IpAddress>& address,
                        bool private_network) const {
  return std::ranges::all_of(context.attributes, [&](const auto& attribute) {
    const auto& [name, value] = attribute;
    if (name == "endpointType") return value == (private_network ? "private" : "public");
    const auto zone = zones_.find(value);
    return name == "networkZoneId" && address && zone != zones_.end() &&
           Holds(zone->second.addresses, *address) && !Holds(zone->second.excluded, *address);
  });
}

Restrictions::Verdict Restrictions::Judge(const control::Origin& origin, std::string_view action,
                                          const control::Resource& resource) const {
  Verdict verdict;
  if (rules_.empty()) return verdict;
  const ActionService service = ServiceOf(action);
  if (std::ranges::find(kNeverRestricted, service.name) != std::end(kNeverRestricted)) {
    return verdict;
  }
  const auto parsed = IpAddress::Parse(origin.address);
  const auto address = parsed.ok() ? std::optional(*parsed) : std::nullopt;
  for (const Restriction& rule : rules_) {
    if (!Covers(rule, service, resource)) continue;
    const bool admitted =
        std::ranges::any_of(rule.contexts, [&](const RestrictionContext& context) {
          return Fits(context, address, origin.private_network);
        });
    if (admitted) continue;
    if (rule.mode == Enforcement::kReport) {
      verdict.would_refuse.push_back(&rule);
    } else if (verdict.refused_by == nullptr) {
      verdict.refused_by = &rule;
    }
  }
  return verdict;
}

std::string Restrictions::Admits(const Restriction& rule) const {
  std::vector<std::string> ways;
  for (const RestrictionContext& context : rule.contexts) {
    std::vector<std::string> parts;
    for (const auto& [name, value] : context.attributes) {
      if (name == "endpointType") {
        parts.push_back("over a " + value + " endpoint");
      } else {
        const auto zone = zones_.find(value);
        parts.push_back("from the network zone " +
                        (zone == zones_.end() ? value : zone->second.name));
      }
    }
    ways.push_back(Join(parts, " and "));
  }
  return ways.empty() ? "from nowhere" : Join(ways, " or ");
}

json::Value ToJson(const ZoneAddress& address) {
  json::Object document{{"type", Text(ToString(address.kind))}};
  if (address.kind == Kind::kService) {
    document["ref"] = address.ref;
  } else {
    document["value"] = Text(address.value);
  }
  return document;
}

json::Value AddressesToJson(const std::vector<ZoneAddress>& addresses) {
  json::Array items;
  for (const ZoneAddress& address : addresses) items.push_back(ToJson(address));
  return items;
}

Result<std::vector<ZoneAddress>> AddressesFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader in(document);
  std::vector<ZoneAddress> addresses;
  for (const json::Reader& item : in.Items(RestrictionLimits::kAddressesPerZone)) {
    const auto kind = ParseZoneAddressKind(item.Field("type").String());
    if (!kind) return DataCorrupt("a stored zone has an unknown type of address");
    ZoneAddress address{.kind = *kind, .value = item.String("value", ""), .ref = {}};
    if (const auto ref = item.Optional("ref")) address.ref = ref->value();
    addresses.push_back(std::move(address));
  }
  BW_TRY_STATUS(in.Finish());
  return addresses;
}

json::Value ContextsToJson(const std::vector<RestrictionContext>& contexts) {
  json::Array items;
  for (const RestrictionContext& context : contexts) {
    json::Array attributes;
    for (const auto& [name, value] : context.attributes) {
      attributes.push_back({{"name", Text(name)}, {"value", Text(value)}});
    }
    items.push_back(json::Object{{"attributes", std::move(attributes)}});
  }
  return items;
}

Result<std::vector<RestrictionContext>> ContextsFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader in(document);
  std::vector<RestrictionContext> contexts;
  for (const json::Reader& item : in.Items(RestrictionLimits::kContextsPerRule)) {
    RestrictionContext context;
    for (const auto& attribute : item.Field("attributes").Items(RestrictionLimits::kAttributes)) {
      context.attributes.emplace_back(attribute.Field("name").String(),
                                      attribute.Field("value").String());
    }
    contexts.push_back(std::move(context));
  }
  BW_TRY_STATUS(in.Finish());
  return contexts;
}

json::Value ResourceToJson(const std::vector<RestrictionAttribute>& resource) {
  json::Array items;
  for (const RestrictionAttribute& attribute : resource) {
    items.push_back(json::Object{{"name", Text(attribute.name)},
                                 {"value", Text(attribute.value)},
                                 {"operator", attribute.pattern ? "stringMatch" : "stringEquals"}});
  }
  return items;
}

Result<std::vector<RestrictionAttribute>> ResourceFromJson(std::string_view text) {
  BW_TRY(const json::Value document, json::Parse(text));
  const json::Reader in(document);
  std::vector<RestrictionAttribute> resource;
  for (const json::Reader& item : in.Items(RestrictionLimits::kAttributes)) {
    resource.push_back({.name = item.Field("name").String(),
                        .value = item.Field("value").String(),
                        .pattern = item.Field("operator").String() == "stringMatch"});
  }
  BW_TRY_STATUS(in.Finish());
  return resource;
}

json::Value ToJson(const Zone& zone) {
  return {{"id", Text(zone.id)},
          {"name", Text(zone.name)},
          {"description", Text(zone.description)},
          {"addresses", AddressesToJson(zone.addresses)},
          {"excluded", AddressesToJson(zone.excluded)}};
}

json::Value ToJson(const Restriction& rule) {
  return {{"id", Text(rule.id)},
          {"description", Text(rule.description)},
          {"contexts", ContextsToJson(rule.contexts)},
          {"resource", ResourceToJson(rule.resource)},
          {"enforcement_mode", Text(ToString(rule.mode))}};
}

}  // namespace breakwater::iam
