#include "base/ids.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include <sys/random.h>

#include "base/bytes.h"
#include "base/strings.h"

namespace breakwater {
namespace {

using UuidBytes = std::array<std::byte, 16>;

// Every request has an id: a system call for sixteen of them, not for each.
UuidBytes RandomUuidBytes() {
  // getrandom never returns less than asked for up to 256 bytes.
  thread_local std::array<UuidBytes, 16> store;
  thread_local std::size_t left = 0;
  if (left == 0) {
    BW_CHECK(::getrandom(store.data(), sizeof store, 0) == static_cast<ssize_t>(sizeof store));
    left = store.size();
  }
  return store[--left];
}

std::string FormatUuid(UuidBytes raw, unsigned version) {
  raw[6] = static_cast<std::byte>((std::to_integer<unsigned>(raw[6]) & 0x0fU) | version << 4);
  raw[8] = static_cast<std::byte>((std::to_integer<unsigned>(raw[8]) & 0x3fU) | 0x80U);
  const std::string hex = HexEncode(raw);
  const std::string_view digits = hex;
  std::string uuid;
  uuid.reserve(hex.size() + 4);
  for (const auto& [at, size] : {std::pair{0U, 8U}, {8U, 4U}, {12U, 4U}, {16U, 4U}, {20U, 12U}}) {
    if (at > 0) uuid += '-';
    uuid += digits.substr(at, size);
  }
  return uuid;
}

}  // namespace

std::string NewUuid() {
  return FormatUuid(RandomUuidBytes(), 4);
}

std::string NewUuidV7(Timestamp now) {
  UuidBytes raw = RandomUuidBytes();
  auto millis = static_cast<std::uint64_t>(ToMicros(now) / 1000);
  for (std::size_t i = 6; i-- > 0; millis >>= 8) raw[i] = static_cast<std::byte>(millis & 0xffU);
  return FormatUuid(raw, 7);
}

std::string Crn::ToString() const {
  std::string out = "crn:v1:bluemix:public:" + service + ":" + location + ":";
  if (!account.empty()) out += "a/" + account.value();
  return out + ":" + instance + ":" + type + ":" + resource;
}

Result<Crn> Crn::Parse(std::string_view text) {
  // Only the resource may contain further colons.
  const auto parts = SplitN(text, ':', 10);
  if (parts.size() != 10 || parts[0] != "crn" || parts[1] != "v1") {
    return Invalid("not a CRN: ten parts separated by colons, beginning crn:v1");
  }
  Crn crn{.service = std::string(parts[4]),
          .location = std::string(parts[5]),
          .account = {},
          .instance = std::string(parts[7]),
          .type = std::string(parts[8]),
          .resource = std::string(parts[9])};
  if (parts[6].starts_with("a/")) crn.account = AccountId(std::string(parts[6].substr(2)));
  return crn;
}

}  // namespace breakwater
