#include "config/value.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/ip.h"
#include "base/strings.h"

namespace breakwater::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array<Unit, 5> kDurations = {
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<Unit, 5> kSizes = {{{"TiB", std::int64_t{1} << 40},
                                         {"GiB", std::int64_t{1} << 30},
                                         {"MiB", std::int64_t{1} << 20},
                                         {"KiB", std::int64_t{1} << 10},
                                         {"B", 1}}};

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsAlnum(char c) {
  return IsDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A whole number of units, in the smallest unit.
template <std::size_t N>
Result<std::int64_t> ParseWithUnit(std::string_view text, const std::array<Unit, N>& units) {
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
  const std::string_view name = text.substr(digits);
  const auto unit = std::find_if(units.begin(), units.end(),
                                 [&](const Unit& candidate) { return candidate.name == name; });
  if (digits == 0 || unit == units.end()) return Invalid("not a number with a known unit");
  BW_TRY(const std::int64_t number, ParseInt(text.substr(0, digits)));
  if (number > std::numeric_limits<std::int64_t>::max() / unit->factor) {
    return Invalid("too large");
  }
  return number * unit->factor;
}

template <std::size_t N>
std::string FormatWithUnit(std::int64_t value, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) {
      return std::to_string(value / unit.factor) + std::string(unit.name);
    }
  }
  return "0" + std::string(units.back().name);
}

Result<std::uint16_t> ParsePort(std::string_view text, std::int64_t min) {
  auto port = ParseInt(text);
  if (!port.ok() || !IsDigit(text.front()) || *port < min || *port > 65535) {
    return Invalid("not a port");
  }
  return static_cast<std::uint16_t>(*port);
}

bool IsHostLabel(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), [](char c) { return IsAlnum(c) || c == '-'; });
}

bool IsRegion(std::string_view region) {
  return IsHostLabel(region) && region == LowerAscii(region);
}

Status NormaliseHosts(std::vector<std::string>& hosts) {
  for (std::string& host : hosts) {
    auto parsed = ParseHost(host);
    if (!parsed.ok()) return Invalid("'" + host + "' is not a host name");
    host = *std::move(parsed);
  }
  return Ok();
}

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  BW_TRY(const std::int64_t millis, ParseWithUnit(text, kDurations));
  return std::chrono::milliseconds(millis);
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  return FormatWithUnit(duration.count(), kDurations);
}

Result<std::int64_t> ParseSize(std::string_view text) {
  if (!text.empty() && std::all_of(text.begin(), text.end(), IsDigit)) return ParseInt(text);
  return ParseWithUnit(text, kSizes);
}

std::string FormatSize(std::int64_t bytes) {
  return FormatWithUnit(bytes, kSizes);
}

Result<ListenAddress> ParseListenAddress(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == text.size()) return Invalid("has no port");
  BW_TRY(const std::uint16_t port, ParsePort(text.substr(colon + 1), 0));
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  BW_TRY(const IpAddress address, IpAddress::Parse(host));
  if (address.is_v4() == bracketed) return Invalid("only IPv6 addresses stand in brackets");
  return ListenAddress{.host = address.ToString(), .port = port};
}

std::string FormatListenAddress(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return (v6 ? "[" + address.host + "]" : address.host) + ":" + std::to_string(address.port);
}

Result<std::string> ParseHost(std::string_view text) {
  const auto parts = SplitN(text, ':', 2);
  if (parts.size() == 2) {
    auto port = ParsePort(parts[1], 1);
    if (!port.ok()) return std::move(port).error();
  }
  if (parts[0].size() > 253) return Invalid("longer than 253 characters");
  for (const std::string_view label : Split(parts[0], '.')) {
    if (!IsHostLabel(label)) return Invalid("not a host name");
  }
  return LowerAscii(text);
}

Result<Registry> NormaliseRegistry(Registry registry) {
  if (registry.public_hosts.empty()) return Invalid("has no public host name");
  BW_TRY_STATUS(NormaliseHosts(registry.public_hosts));
  BW_TRY_STATUS(NormaliseHosts(registry.private_hosts));
  if (registry.region.empty()) registry.region = "local";
  if (!IsRegion(registry.region)) return Invalid("'" + registry.region + "' is not a region name");
  return registry;
}

Result<Registry> ParseRegistry(std::string_view text) {
  Registry registry;
  for (const std::string_view raw : Split(text, ',')) {
    const auto parts = SplitN(Trim(raw), '=', 2);
    const std::string value(Trim(parts.back()));
    const std::string_view word = parts.size() == 2 ? Trim(parts[0]) : "public";
    if (word == "public") {
      registry.public_hosts.push_back(value);
    } else if (word == "private") {
      registry.private_hosts.push_back(value);
    } else if (word == "region" && registry.region.empty() && !value.empty()) {
      registry.region = value;
    } else if (word == "redirect_pulls" && (value == "true" || value == "false")) {
      registry.redirect_pulls = value == "true";
    } else {
      return Invalid("has an unexpected '" + std::string(Trim(raw)) + "'");
    }
  }
  return NormaliseRegistry(std::move(registry));
}

std::string QuoteToml(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out + '"';
}

}  // namespace breakwater::config
