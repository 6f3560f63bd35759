// Lists of addresses that tokens may be made from (ibm-registry 3.13, "IAM IP allowlist"). Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip.h"
#include "base/result.h"

namespace breakwater::iam {

// Immutable. An empty list allows every address.
class AllowedAddresses {
 public:
  static constexpr std::size_t kMaxItems = 1000;
  static constexpr std::size_t kMaxOctets = 16 * 1024;

  AllowedAddresses() = default;
  // Addresses, networks and ranges, separated by commas: "192.0.2.7, 10.0.0.0/8,
  // 2001:db8::1-2001:db8::9". kInvalid "invalid_field", naming the item.
  static Result<AllowedAddresses> Parse(std::string_view text);

  // False for what is no address, unless the list is empty.
  bool Allows(std::string_view address) const;
  bool empty() const { return ranges_.empty(); }

 private:
  // First and last, of one family.
  std::vector<std::pair<IpAddress, IpAddress>> ranges_;
};

}  // namespace breakwater::iam
