#include "observe/request_id.h"

#include <algorithm>
#include <array>

#include <sys/random.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/ids.h"

namespace breakwater::observe {
namespace {

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsAllZero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

template <std::size_t kBytes>
std::string RandomHex() {
  std::array<std::byte, kBytes> raw{};
  do {
    // getrandom never returns less than asked for up to 256 bytes.
    BW_CHECK(::getrandom(raw.data(), raw.size(), 0) == static_cast<ssize_t>(raw.size()));
  } while (raw == std::array<std::byte, kBytes>{});
  return HexEncode(raw);
}

}  // namespace

std::string NewRequestId() {
  return NewUuid();
}

bool IsValidRequestId(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::optional<TraceParent> TraceParent::Parse(std::string_view header) {
  constexpr std::size_t kLength = 55;
  if (header.size() < kLength || header[2] != '-' || header[35] != '-' || header[52] != '-') {
    return std::nullopt;
  }
  const auto version = header.substr(0, 2);
  const auto trace = header.substr(3, 32);
  const auto parent = header.substr(36, 16);
  const auto flags = header.substr(53, 2);
  if (!IsLowerHex(version) || !IsLowerHex(trace) || !IsLowerHex(parent) || !IsLowerHex(flags) ||
      version == "ff" || IsAllZero(trace) || IsAllZero(parent)) {
    return std::nullopt;
  }
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  const char low = flags[1];
  const int value = low <= '9' ? low - '0' : low - 'a' + 10;
  return TraceParent{std::string(trace), std::string(parent), (value & 1) != 0};
}

TraceParent TraceParent::New() {
  return {RandomHex<16>(), RandomHex<8>(), false};
}

TraceParent TraceParent::Child() const {
  return {trace_id, RandomHex<8>(), sampled};
}

std::string TraceParent::ToString() const {
  return "00-" + trace_id + "-" + parent_id + (sampled ? "-01" : "-00");
}

}  // namespace breakwater::observe
