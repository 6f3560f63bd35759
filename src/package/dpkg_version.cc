#include "package/dpkg_version.h"

#include <algorithm>

#include "base/strings.h"

namespace breakwater::package {
namespace {

constexpr std::size_t kMaxVersionLength = 1024;
constexpr std::int64_t kMaxEpoch = 2'147'483'647;  // dpkg keeps it in an int

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
bool IsAlpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// Weight of a character in a non-digit run: '~' before the end, the end before letters, letters
// before the rest.
int Weight(char c) {
  if (c == '~') return -1;
  if (IsDigit(c)) return 0;
  if (IsAlpha(c)) return static_cast<unsigned char>(c);
  return static_cast<unsigned char>(c) + 256;
}

std::string_view TakeDigits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

// Compares decimal numbers of any length, so that no date-like run can overflow.
std::weak_ordering CompareNumbers(std::string_view a, std::string_view b) {
  while (!a.empty() && a.front() == '0') a.remove_prefix(1);
  while (!b.empty() && b.front() == '0') b.remove_prefix(1);
  if (a.size() != b.size()) return a.size() <=> b.size();
  return a <=> b;
}

std::weak_ordering ComparePart(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    while ((!a.empty() && !IsDigit(a.front())) || (!b.empty() && !IsDigit(b.front()))) {
      const int wa = a.empty() ? 0 : Weight(a.front());
      const int wb = b.empty() ? 0 : Weight(b.front());
      if (wa != wb) return wa <=> wb;
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
    const auto order = CompareNumbers(TakeDigits(a), TakeDigits(b));
    if (order != 0) return order;
  }
  return std::weak_ordering::equivalent;
}

struct Parts {
  std::string_view epoch;
  std::string_view upstream;
  std::string_view revision;
};

Parts Cut(std::string_view text) {
  Parts parts;
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && colon > 0 &&
      std::ranges::all_of(text.substr(0, colon), IsDigit)) {
    parts.epoch = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  const auto dash = text.rfind('-');
  parts.upstream = text.substr(0, dash);
  if (dash != std::string_view::npos) parts.revision = text.substr(dash + 1);
  return parts;
}

Error BadVersion(std::string message) {
  return Invalid("version: " + std::move(message)).Reason("invalid_version");
}

bool AllOf(std::string_view text, std::string_view extra) {
  return std::ranges::all_of(text, [&](char c) {
    return IsDigit(c) || IsAlpha(c) || extra.find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<DpkgVersion> DpkgVersion::Parse(std::string_view text) {
  if (text.size() > kMaxVersionLength) return BadVersion("longer than 1024 characters");
  text = Trim(text);
  if (text.empty()) return BadVersion("empty");
  DpkgVersion version;
  const auto colon = text.find(':');
  if (colon != std::string_view::npos) {
    const std::string_view epoch = text.substr(0, colon);
    if (epoch.empty() || !std::ranges::all_of(epoch, IsDigit))
      return BadVersion("epoch is not a number");
    auto number = ParseInt(epoch);
    if (!number.ok() || *number > kMaxEpoch) return BadVersion("epoch is too large");
    version.epoch = static_cast<std::uint32_t>(*number);
    text.remove_prefix(colon + 1);
    if (text.empty()) return BadVersion("nothing after the epoch");
  }
  const auto dash = text.rfind('-');
  if (dash != std::string_view::npos) {
    version.revision = text.substr(dash + 1);
    text = text.substr(0, dash);
    if (version.revision.empty()) return BadVersion("revision is empty");
    if (!AllOf(version.revision, "+.~")) return BadVersion("revision holds an invalid character");
  }
  if (text.empty()) return BadVersion("upstream version is empty");
  if (!IsDigit(text.front())) return BadVersion("upstream version does not begin with a digit");
  if (!AllOf(text, "+.~-:")) return BadVersion("upstream version holds an invalid character");
  version.upstream = text;
  return version;
}

std::string DpkgVersion::ToString() const {
  std::string out;
  if (epoch != 0 || upstream.find(':') != std::string::npos) out = std::to_string(epoch) + ":";
  out += upstream;
  if (!revision.empty()) out += "-" + revision;
  return out;
}

std::weak_ordering CompareDpkgVersions(std::string_view a, std::string_view b) {
  const Parts left = Cut(a);
  const Parts right = Cut(b);
  if (const auto order = CompareNumbers(left.epoch, right.epoch); order != 0) return order;
  if (const auto order = ComparePart(left.upstream, right.upstream); order != 0) return order;
  return ComparePart(left.revision, right.revision);
}

}  // namespace breakwater::package
