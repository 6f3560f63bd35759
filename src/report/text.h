// Texts of strangers, made fit for a format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.h"

namespace breakwater::report {

inline constexpr std::size_t kMaxShown = 4'000;  // octets of one text on a page

// Valid UTF-8 without control characters but line feeds and tabs, and without those that turn the
// direction of writing; each becomes U+FFFD. Cut at `max` octets, with "…" where it was.
std::string Clean(std::string_view text, std::size_t max = kMaxShown);
// The same on one line, without space around it, each run of white space one space.
std::string OneLine(std::string_view text, std::size_t max = kMaxShown);
// Clean, with &, <, >, " and ' as references: for HTML's text and quoted attributes.
std::string Escape(std::string_view text, std::size_t max = kMaxShown);

// "31 March 2026, 12:00:00 UTC".
std::string FormatMoment(Timestamp at);
std::string FormatDay(Timestamp at);  // "31 March 2026"
// "12.5 %"; "0.0 %" of nothing.
std::string Percent(std::int64_t part, std::int64_t whole);
// A number with two places and a point, whatever the locale.
std::string Decimal(double value);
// Of UTF-8 text, from `offset`: the code point there, and the offset moves behind it.
char32_t NextCodePoint(std::string_view text, std::size_t& offset);
void AppendUtf8(std::string& out, char32_t code_point);

}  // namespace breakwater::report
