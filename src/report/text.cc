#include "report/text.h"

#include <array>
#include <charconv>
#include <chrono>

#include "base/strings.h"

namespace breakwater::report {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool IsHarmful(char32_t c) {
  if (c == '\n' || c == '\t') return false;
  if (c < 0x20 || (c >= 0x7F && c < 0xA0)) return true;
  if (c == 0x2028 || c == 0x2029 || c == 0x200E || c == 0x200F || c == 0x61C) return true;
  return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) ||
         (c >= 0xFFFE && c <= 0xFFFF);
}

struct Day {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<std::chrono::seconds> time;
};

Day Parts(Timestamp at) {
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const auto within = std::chrono::floor<std::chrono::seconds>(at - day);
  return {std::chrono::year_month_day(day), std::chrono::hh_mm_ss(within)};
}

std::string TwoDigits(std::int64_t value) {
  return (value < 10 ? "0" : "") + std::to_string(value);
}

}  // namespace

char32_t NextCodePoint(std::string_view text, std::size_t& offset) {
  const auto octet = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char lead = octet(offset);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (length == 1 || offset + length > text.size()) {
    ++offset;
    return lead < 0x80 ? lead : kReplacement;
  }
  char32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) code = (code << 6U) | (octet(offset + i) & 0x3FU);
  offset += length;
  return code;
}

void AppendUtf8(std::string& out, char32_t c) {
  const auto put = [&out](char32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) return put(c);
  if (c < 0x800) {
    put(0xC0 | (c >> 6U));
    return put(0x80 | (c & 0x3FU));
  }
  if (c < 0x10000) {
    put(0xE0 | (c >> 12U));
  } else {
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
  }
  put(0x80 | ((c >> 6U) & 0x3FU));
  put(0x80 | (c & 0x3FU));
}

std::string Clean(std::string_view text, std::size_t max) {
  // What is cut off need not be looked at, however long it is.
  const bool cut = text.size() > max;
  const std::string valid = ReplaceInvalidUtf8(text.substr(0, max + 4));
  std::string out;
  for (std::size_t at = 0; at < valid.size();) {
    const char32_t c = NextCodePoint(valid, at);
    if (cut && at > max) break;
    if (c == '\r') continue;
    AppendUtf8(out, IsHarmful(c) ? kReplacement : c);
  }
  if (cut) out += "…";
  return out;
}

std::string OneLine(std::string_view text, std::size_t max) {
  std::string out;
  for (const char c : Clean(text, max)) {
    const bool space = c == ' ' || c == '\n' || c == '\t';
    if (space && (out.empty() || out.back() == ' ')) continue;
    out += space ? ' ' : c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string Escape(std::string_view text, std::size_t max) {
  std::string out;
  for (const char c : Clean(text, max)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

std::string FormatDay(Timestamp at) {
  static constexpr std::array kMonths = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
  const Day day = Parts(at);
  return std::to_string(static_cast<unsigned>(day.date.day())) + " " +
         kMonths.at(static_cast<unsigned>(day.date.month()) - 1) + " " +
         std::to_string(static_cast<int>(day.date.year()));
}

std::string FormatMoment(Timestamp at) {
  const Day day = Parts(at);
  return FormatDay(at) + ", " + TwoDigits(day.time.hours().count()) + ":" +
         TwoDigits(day.time.minutes().count()) + ":" + TwoDigits(day.time.seconds().count()) +
         " UTC";
}

std::string Percent(std::int64_t part, std::int64_t whole) {
  const std::int64_t tenths = whole == 0 ? 0 : part * 1000 / whole;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

std::string Decimal(double value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, 2);
  return {buffer.data(), end.ptr};
}

}  // namespace breakwater::report
