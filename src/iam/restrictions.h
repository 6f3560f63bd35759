// Context-based restrictions: from where a service may be used, whoever asks. A rule names
// resources and the contexts (network zones, kind of endpoint) that may reach them; it comes on top
// of the policies and never gives a right. Values, and the pure decision.
//
// Source: the reference system's context-based restrictions (ibm-registry 3.13, 4.7).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "control/caller.h"
#include "control/resource.h"
#include "iam/model.h"
#include "iam/roles.h"
#include "json/json.h"

namespace breakwater::iam {

// The reference's limits of one zone and one rule, which CheckZone and CheckRestriction hold them
// to.
struct RestrictionLimits {
  static constexpr std::size_t kAddressesPerZone = 1000;
  static constexpr std::size_t kExcludedPerZone = 1000;
  static constexpr std::size_t kContextsPerRule = 1000;
  static constexpr std::size_t kAttributes = 32;
};

// One member of a zone. A vpc or a service reference of the reference system is kept as it was
// given, and no address here is in it: such a zone admits less, never more.
struct ZoneAddress {
  enum class Kind { kAddress, kRange, kSubnet, kVpc, kService };
  Kind kind = Kind::kAddress;
  std::string value{};  // "192.0.2.7", "192.0.2.1-192.0.2.9", "192.0.2.0/24"; a vpc's CRN
  json::Value ref{};    // of a service
};
std::string_view ToString(ZoneAddress::Kind kind);  // "ipAddress", "ipRange", "subnet", "vpc", …
std::optional<ZoneAddress::Kind> ParseZoneAddressKind(std::string_view text);

struct Zone {
  std::string id;
  AccountId account;
  std::string name;
  std::string description;
  std::vector<ZoneAddress> addresses;
  std::vector<ZoneAddress> excluded;  // addresses, ranges and subnets alone
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
};

// One way to come: every attribute must hold. networkZoneId (a zone's id) or endpointType (public,
// private, direct).
struct RestrictionContext {
  std::vector<std::pair<std::string, std::string>> attributes;
};

// One condition on the resource: all of a rule's must hold.
struct RestrictionAttribute {
  std::string name;  // accountId, serviceName, serviceType, serviceInstance, region, geography,
                     // registry, resourceType, resource, resourceGroupId
  std::string value;
  bool pattern = false;  // stringMatch: "*" is any text, "?" one character; else stringEquals
};

enum class Enforcement { kEnabled, kDisabled, kReport };
std::string_view ToString(Enforcement mode);  // "enabled", "disabled", "report"
std::optional<Enforcement> ParseEnforcement(std::string_view text);

struct Restriction {
  std::string id;
  AccountId account;
  std::string description;
  std::vector<RestrictionContext> contexts;  // none: nobody may
  std::vector<RestrictionAttribute> resource;
  json::Value operations{};  // kept as given: the registry has no API types to tell apart
  Enforcement mode = Enforcement::kEnabled;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  IamId modified_by;
  std::int64_t version = 1;
};

// kInvalid "invalid_body" with the first mistake: a name, one address at least, each of a form that
// its kind has, and the excluded of the three kinds of addresses.
Status CheckZone(const Zone& zone);
// kInvalid "invalid_body": attributes that are known, once each, the account among them and a
// service; contexts of known attributes. That the zones exist is for who has them to check.
Status CheckRestriction(const Restriction& rule);

// An account's zones and rules, ready to be asked. Immutable.
class Restrictions {
 public:
  Restrictions() = default;
  // What cannot be read as an address (a row of a newer program) is nobody's address.
  Restrictions(const std::vector<Zone>& zones, std::vector<Restriction> rules);

  struct Verdict {
    // The first enforced rule that does not admit the caller; null: let through. As long as this.
    const Restriction* refused_by = nullptr;
    // Those that only report and would have refused.
    std::vector<const Restriction*> would_refuse;
  };
  // Rules about other resources, and disabled ones, have no say. All that apply must admit.
  // Managing restrictions and policies is never restricted, so that no rule can lock everybody out
  // for good.
  Verdict Judge(const control::Origin& origin, std::string_view action,
                const control::Resource& resource) const;

  bool empty() const { return rules_.empty(); }
  // "from the network zones Office and CI, or over a private endpoint": what a rule admits.
  std::string Admits(const Restriction& rule) const;

 private:
  struct Range {
    IpAddress first;
    IpAddress last;
  };
  using Matcher = std::variant<IpNetwork, Range>;
  struct CompiledZone {
    std::string name;
    std::vector<Matcher> addresses;
    std::vector<Matcher> excluded;
  };
  static CompiledZone Compile(const Zone& zone);
  static bool Holds(const std::vector<Matcher>& matchers, const IpAddress& address);
  bool Fits(const RestrictionContext& context, const std::optional<IpAddress>& address,
            bool private_network) const;

  std::map<std::string, CompiledZone, std::less<>> zones_;
  std::vector<Restriction> rules_;
};

// Documents for the store and the audit trail.
json::Value ToJson(const ZoneAddress& address);
json::Value ToJson(const Zone& zone);
json::Value ToJson(const Restriction& rule);
json::Value AddressesToJson(const std::vector<ZoneAddress>& addresses);
Result<std::vector<ZoneAddress>> AddressesFromJson(std::string_view text);
json::Value ContextsToJson(const std::vector<RestrictionContext>& contexts);
Result<std::vector<RestrictionContext>> ContextsFromJson(std::string_view text);
json::Value ResourceToJson(const std::vector<RestrictionAttribute>& resource);
Result<std::vector<RestrictionAttribute>> ResourceFromJson(std::string_view text);

}  // namespace breakwater::iam
