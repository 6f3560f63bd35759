// A network zone as its owner writes it, {"addresses": […], "excluded": […], "from": "192.0.2.7"}:
// what passes the check admits nobody that it excludes, and reads back as it was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "iam/restrictions.h"
#include "json/json.h"

namespace {

using namespace breakwater;

iam::Restriction Rule() {
  iam::Restriction rule;
  rule.account = AccountId("acc");
  rule.contexts = {{{{"networkZoneId", "zone"}}}};
  rule.resource = {{.name = "accountId", .value = "acc"},
                   {.name = "serviceName", .value = "container-registry"}};
  return rule;
}

bool Admits(const iam::Zone& zone, std::string_view from) {
  control::Origin origin;
  origin.address = std::string(from);
  const auto resource = control::NamespaceResource(AccountId("acc"), RegistryName("r"), "r", "ns");
  return iam::Restrictions({zone}, {Rule()})
             .Judge(origin, "container-registry.image.pull", resource)
             .refused_by == nullptr;
}

Result<std::vector<iam::ZoneAddress>> Read(const json::Value& document, std::string_view field) {
  const json::Value* found = json::Find(document, field);
  return iam::AddressesFromJson(found == nullptr ? "[]" : json::Serialize(*found));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto document = json::Parse({reinterpret_cast<const char*>(data), size});
  if (!document.ok()) return 0;
  const auto addresses = Read(*document, "addresses");
  const auto excluded = Read(*document, "excluded");
  if (!addresses.ok() || !excluded.ok()) return 0;
  iam::Zone zone;
  zone.id = "zone";
  zone.account = AccountId("acc");
  zone.name = "zone";
  zone.addresses = *addresses;
  zone.excluded = *excluded;
  if (!iam::CheckZone(zone).ok()) return 0;
  const std::string_view from = json::FindText(*document, "from");
  const bool admitted = Admits(zone, from);
  zone.excluded.clear();
  BW_CHECK(!admitted || Admits(zone, from));
  zone.excluded = zone.addresses;
  BW_CHECK(!Admits(zone, from));
  const std::string written = json::Serialize(iam::AddressesToJson(*addresses));
  const auto again = iam::AddressesFromJson(written);
  BW_CHECK(again.ok() && json::Serialize(iam::AddressesToJson(*again)) == written);
  return 0;
}
