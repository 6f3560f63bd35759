// IP addresses and networks of both families. IPv4-mapped IPv6 ("::ffff:10.0.0.1", RFC 4291
// §2.5.5.2) is the IPv4 address it stands for, so that a dual-stack socket cannot hide it.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater {

class IpAddress {
 public:
  // 0.0.0.0
  IpAddress() = default;

  // Strict numeric text: no port, no zone, no brackets, no leading zeros, no short forms of IPv4.
  static Result<IpAddress> Parse(std::string_view text);
  // Network byte order, 4 or 16 bytes.
  static Result<IpAddress> FromBytes(std::span<const std::uint8_t> bytes);

  bool is_v4() const { return v4_; }
  // Bits of the family: 32 or 128.
  unsigned bits() const { return v4_ ? 32 : 128; }
  // Network byte order, 4 or 16 bytes.
  std::span<const std::uint8_t> bytes() const { return std::span(bytes_).first(v4_ ? 4 : 16); }
  std::string ToString() const;  // RFC 5952 for IPv6

  friend bool operator==(const IpAddress&, const IpAddress&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};  // the first 4 for IPv4
  bool v4_ = true;
};

// A CIDR block. RFC 4632, RFC 4291 §2.3.
class IpNetwork {
 public:
  // "10.0.0.0/8", "2001:db8::/32", or a bare address (/32 or /128). Bits behind the prefix are
  // cleared: "10.1.2.3/8" is 10.0.0.0/8.
  static Result<IpNetwork> Parse(std::string_view text);

  // A network contains only its own family: ::/0 has no IPv4 address in it.
  bool Contains(const IpAddress& address) const;
  // True if every address of `other` is in this network.
  bool Contains(const IpNetwork& other) const;

  const IpAddress& address() const { return address_; }
  unsigned prefix() const { return prefix_; }
  std::string ToString() const;

  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;

 private:
  IpNetwork(IpAddress address, unsigned prefix) : address_(address), prefix_(prefix) {}
  IpAddress address_;
  unsigned prefix_ = 0;
};

}  // namespace breakwater
