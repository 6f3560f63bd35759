#include "base/ip.h"

#include <algorithm>

#include <arpa/inet.h>

#include "base/strings.h"

namespace breakwater {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

bool IsMapped(std::span<const std::uint8_t> bytes) {
  return bytes.size() == 16 &&
         std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

bool SamePrefix(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(whole), b.begin())) {
    return false;
  }
  const unsigned rest = bits % 8;
  return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

}  // namespace

Result<IpAddress> IpAddress::Parse(std::string_view text) {
  const std::string copy(text);  // inet_pton wants a terminator
  std::array<std::uint8_t, 16> raw{};
  // A NUL inside would hide what follows it.
  if (copy.find('\0') == std::string::npos) {
    if (inet_pton(AF_INET, copy.c_str(), raw.data()) == 1) {
      return FromBytes(std::span(raw).first(4));
    }
    if (inet_pton(AF_INET6, copy.c_str(), raw.data()) == 1) return FromBytes(raw);
  }
  return Invalid("not an IP address").Reason("invalid_ip_address");
}

Result<IpAddress> IpAddress::FromBytes(std::span<const std::uint8_t> bytes) {
  if (IsMapped(bytes)) bytes = bytes.subspan(kMappedPrefix.size());
  if (bytes.size() != 4 && bytes.size() != 16) {
    return Invalid("an IP address has 4 or 16 bytes").Reason("invalid_ip_address");
  }
  IpAddress out;
  out.v4_ = bytes.size() == 4;
  std::copy(bytes.begin(), bytes.end(), out.bytes_.begin());
  return out;
}

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

Result<IpNetwork> IpNetwork::Parse(std::string_view text) {
  const auto bad = [] { return Invalid("not an IP network").Reason("invalid_ip_network"); };
  const auto parts = SplitN(text, '/', 2);
  auto address = IpAddress::Parse(parts[0]);
  if (!address.ok()) return bad();
  if (parts.size() == 1) return IpNetwork(*address, address->bits());

  const std::string_view digits = parts[1];
  const bool canonical =
      !digits.empty() && digits.size() <= 3 &&
      std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
      (digits.size() == 1 || digits[0] != '0');
  if (!canonical) return bad();
  auto prefix = static_cast<unsigned>(*ParseInt(digits));
  // "::ffff:10.0.0.0/104" counts from the start of the IPv6 form.
  if (address->is_v4() && parts[0].find(':') != std::string_view::npos) {
    if (prefix < 96) return bad();
    prefix -= 96;
  }
  if (prefix > address->bits()) return bad();

  std::array<std::uint8_t, 16> masked{};
  const auto bytes = address->bytes();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned kept =
        std::clamp<unsigned>(prefix > i * 8 ? prefix - static_cast<unsigned>(i * 8) : 0, 0, 8);
    masked[i] = static_cast<std::uint8_t>(bytes[i] & (0xff00U >> kept));
  }
  BW_TRY(const IpAddress base, IpAddress::FromBytes(std::span(masked).first(bytes.size())));
  // Clearing cannot make a mapped address out of another: those are IPv4 already.
  return IpNetwork(base, prefix);
}

bool IpNetwork::Contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() &&
         SamePrefix(address_.bytes(), address.bytes(), prefix_);
}

bool IpNetwork::Contains(const IpNetwork& other) const {
  return prefix_ <= other.prefix_ && Contains(other.address_);
}

std::string IpNetwork::ToString() const {
  return address_.ToString() + "/" + std::to_string(prefix_);
}

}  // namespace breakwater
