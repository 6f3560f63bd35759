#include <algorithm>

#include "crypto/hash.h"
#include "iam/configuration.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::size_t kKeyDigits = 16;
constexpr std::string_view kZoneAttribute = "networkZoneId";
constexpr std::string_view kZone = "zone:";

json::Value DocumentOf(const ZoneContent& zone) {
  json::Object object{{"name", Text(zone.name)}, {"addresses", AddressesToJson(zone.addresses)}};
  if (!zone.description.empty()) object["description"] = Text(zone.description);
  if (!zone.excluded.empty()) object["excluded"] = AddressesToJson(zone.excluded);
  return object;
}

void ReadAddresses(const json::Reader& in, std::vector<ZoneAddress>& addresses) {
  if (auto read = AddressesFromJson(json::Serialize(in.value())); read.ok()) {
    addresses = *std::move(read);
  } else {
    in.Fail(read.error().message());
  }
}

Result<ZoneContent> ReadZone(const ConfigurationItem& item, const AccountId& account) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "addresses", "excluded"});
  ZoneContent zone{.name = in.String("name", item.key),
                   .description = in.String("description", "")};
  ReadAddresses(in.Field("addresses"), zone.addresses);
  if (const auto excluded = in.Optional("excluded")) ReadAddresses(*excluded, zone.excluded);
  BW_TRY_STATUS(in.Finish());
  Zone whole;
  whole.account = account;
  whole.name = zone.name;
  whole.description = zone.description;
  whole.addresses = zone.addresses;
  whole.excluded = zone.excluded;
  BW_TRY_STATUS(CheckZone(whole));
  return zone;
}

json::Value DocumentOf(const RestrictionContent& rule) {
  json::Object object{{"description", Text(rule.description)},
                      {"contexts", ContextsToJson(rule.contexts)},
                      {"resource", ResourceToJson(rule.resource)},
                      {"enforcement", Text(ToString(rule.mode))}};
  if (!rule.operations.is_null()) object["operations"] = rule.operations;
  return object;
}

// With zones by their names.
Result<RestrictionContent> ReadRestriction(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"description", "contexts", "resource", "enforcement", "operations"});
  RestrictionContent rule{.description = in.String("description", "")};
  const json::Reader contexts = in.Field("contexts");
  if (auto read = ContextsFromJson(json::Serialize(contexts.value())); read.ok()) {
    rule.contexts = *std::move(read);
  } else {
    contexts.Fail(read.error().message());
  }
  const json::Reader resource = in.Field("resource");
  if (auto read = ResourceFromJson(json::Serialize(resource.value())); read.ok()) {
    rule.resource = *std::move(read);
  } else {
    resource.Fail(read.error().message());
  }
  if (const auto mode = in.Optional("enforcement")) {
    const auto parsed = ParseEnforcement(mode->String());
    if (!parsed) mode->Fail("must be enabled, disabled or report");
    rule.mode = parsed.value_or(Enforcement::kEnabled);
  }
  if (const auto operations = in.Optional("operations")) rule.operations = operations->value();
  BW_TRY_STATUS(in.Finish());
  return rule;
}

// What cannot change without being another rule.
std::string KeyOf(const RestrictionContent& rule) {
  RestrictionContent rest = rule;
  rest.description.clear();
  rest.mode = Enforcement::kEnabled;
  std::string service = "restriction";
  for (const RestrictionAttribute& attribute : rule.resource) {
    if (attribute.name == "serviceName") service = attribute.value;
  }
  return service + " " + crypto::Sha256Hex(json::Canonical(DocumentOf(rest))).substr(0, kKeyDigits);
}

// Calls `translate` for every zone that the contexts name.
template <class Translate>
Status ForZones(std::vector<RestrictionContext>& contexts, Translate translate) {
  for (RestrictionContext& context : contexts) {
    for (auto& [name, value] : context.attributes) {
      if (name != kZoneAttribute) continue;
      BW_TRY(value, translate(value));
    }
  }
  return Ok();
}

}  // namespace

Result<std::vector<ConfigurationItem>> ZonesSection::Export(const AccountId& account) {
  BW_TRY(const auto zones, zones_.List(account));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const Zone& zone : zones) {
    items.push_back({.key = keys.KeyFor(zone.name),
                     .document = DocumentOf({.name = zone.name,
                                             .description = zone.description,
                                             .addresses = zone.addresses,
                                             .excluded = zone.excluded}),
                     .id = zone.id});
  }
  return items;
}

Result<ConfigurationItem> ZonesSection::Complete(const AccountId& account, ConfigurationItem item,
                                                 const json::Value&) {
  BW_TRY(const ZoneContent zone, ReadZone(item, account));
  item.document = DocumentOf(zone);
  return item;
}

Status ZonesSection::Put(const control::Caller& caller, const AccountId& account,
                         const ConfigurationItem& item) {
  BW_TRY(const ZoneContent zone, ReadZone(item, account));
  if (item.id.empty()) {
    BW_TRY_STATUS(zones_.Create(caller, account, zone));
  } else {
    BW_TRY_STATUS(zones_.Replace(caller, account, item.id, "*", zone));
  }
  return Ok();
}

Status ZonesSection::Remove(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  return zones_.Delete(caller, account, item.id);
}

Result<std::vector<ConfigurationItem>> RestrictionsSection::Export(const AccountId& account) {
  BW_TRY(const auto rules, rules_.List(account));
  BW_TRY(const auto zones, zones_.List(account));
  std::vector<ConfigurationItem> items;
  for (const Restriction& rule : rules) {
    RestrictionContent content{.description = rule.description,
                               .contexts = rule.contexts,
                               .resource = rule.resource,
                               .operations = rule.operations,
                               .mode = rule.mode};
    BW_TRY_STATUS(ForZones(content.contexts, [&](const std::string& id) -> Result<std::string> {
      const auto zone = std::ranges::find(zones, id, &Zone::id);
      return zone == zones.end() ? id : std::string(kZone) + zone->name;
    }));
    items.push_back({.key = KeyOf(content), .document = DocumentOf(content), .id = rule.id});
  }
  std::ranges::sort(items, {}, &ConfigurationItem::key);
  return items;
}

Result<ConfigurationItem> RestrictionsSection::Complete(const AccountId&, ConfigurationItem item,
                                                        const json::Value&) {
  BW_TRY(const RestrictionContent rule, ReadRestriction(item));
  item.document = DocumentOf(rule);
  item.key = KeyOf(rule);
  return item;
}

Status RestrictionsSection::Put(const control::Caller& caller, const AccountId& account,
                                const ConfigurationItem& item) {
  BW_TRY(RestrictionContent rule, ReadRestriction(item));
  BW_TRY(const auto zones, zones_.List(account));
  BW_TRY_STATUS(ForZones(rule.contexts, [&](const std::string& name) -> Result<std::string> {
    if (!name.starts_with(kZone)) return name;
    const auto zone = std::ranges::find(zones, name.substr(kZone.size()), &Zone::name);
    if (zone != zones.end()) return zone->id;
    return NotFound("there is no network zone '" + name.substr(kZone.size(), 300) + "'")
        .Reason("not_found");
  }));
  if (item.id.empty()) {
    BW_TRY_STATUS(rules_.Create(caller, account, rule));
  } else {
    BW_TRY_STATUS(rules_.Replace(caller, account, item.id, "*", rule));
  }
  return Ok();
}

Status RestrictionsSection::Remove(const control::Caller& caller, const AccountId& account,
                                   const ConfigurationItem& item) {
  return rules_.Delete(caller, account, item.id);
}

}  // namespace breakwater::iam
