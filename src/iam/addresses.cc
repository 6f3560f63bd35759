#include "iam/addresses.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::iam {
namespace {

using Range = std::pair<IpAddress, IpAddress>;

bool NotAfter(const IpAddress& a, const IpAddress& b) {
  const auto left = a.bytes();
  const auto right = b.bytes();
  return !std::lexicographical_compare(right.begin(), right.end(), left.begin(), left.end());
}

// The last address of a network: all bits behind the prefix set.
Result<IpAddress> LastOf(const IpNetwork& network) {
  const auto first = network.address().bytes();
  std::vector<std::uint8_t> bytes(first.begin(), first.end());
  for (unsigned bit = network.prefix(); bit < network.address().bits(); ++bit) {
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] | (0x80U >> (bit % 8)));
  }
  return IpAddress::FromBytes(bytes);
}

Result<Range> ParseItem(std::string_view item) {
  const std::size_t dash = item.find('-');
  if (dash == std::string_view::npos) {
    BW_TRY(const auto network, IpNetwork::Parse(item));
    BW_TRY(const auto last, LastOf(network));
    return Range{network.address(), last};
  }
  BW_TRY(const auto first, IpAddress::Parse(Trim(item.substr(0, dash))));
  BW_TRY(const auto last, IpAddress::Parse(Trim(item.substr(dash + 1))));
  if (first.is_v4() != last.is_v4() || !NotAfter(first, last)) return Invalid("no range");
  return Range{first, last};
}

}  // namespace

Result<AllowedAddresses> AllowedAddresses::Parse(std::string_view text) {
  AllowedAddresses list;
  if (text.size() > kMaxOctets) {
    return Invalid("allowed_ip_addresses must have at most 16384 bytes").Reason("invalid_field");
  }
  while (!Trim(text).empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const std::string_view item = Trim(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
    if (item.empty()) continue;
    auto range = ParseItem(item);
    if (!range.ok()) {
      return Invalid("allowed_ip_addresses: \"" + std::string(item.substr(0, 64)) +
                     "\" is no address, network or range, like 192.0.2.7, 10.0.0.0/8 or "
                     "192.0.2.1-192.0.2.9")
          .Reason("invalid_field");
    }
    if (list.ranges_.size() == kMaxItems) {
      return Invalid("allowed_ip_addresses may have at most 1000 items").Reason("invalid_field");
    }
    list.ranges_.push_back(*std::move(range));
  }
  return list;
}

bool AllowedAddresses::Allows(std::string_view address) const {
  if (ranges_.empty()) return true;
  const auto parsed = IpAddress::Parse(address);
  if (!parsed.ok()) return false;
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const Range& range) {
    return range.first.is_v4() == parsed->is_v4() && NotAfter(range.first, *parsed) &&
           NotAfter(*parsed, range.second);
  });
}

}  // namespace breakwater::iam
