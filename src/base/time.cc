#include "base/time.h"

#include <cstdio>

namespace breakwater {
namespace {

// Reads exactly `digits` decimal digits at `pos` and moves on; -1 if they are not there.
int ReadNumber(std::string_view text, std::size_t& pos, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i, ++pos) {
    if (pos >= text.size() || text[pos] < '0' || text[pos] > '9') return -1;
    value = value * 10 + (text[pos] - '0');
  }
  return value;
}

bool ReadChar(std::string_view text, std::size_t& pos, std::string_view any_of) {
  if (pos >= text.size() || any_of.find(text[pos]) == std::string_view::npos) return false;
  ++pos;
  return true;
}

}  // namespace

Timestamp SystemClock::Now() const {
  return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string FormatRfc3339(Timestamp t) {
  const auto days = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss time{t - days};
  char text[40];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                static_cast<int>(time.seconds().count()));
  std::string out = text;
  if (const auto micros = time.subseconds().count(); micros != 0) {
    std::snprintf(text, sizeof text, ".%06d", static_cast<int>(micros));
    out += text;
  }
  return out + "Z";
}

Result<Timestamp> ParseRfc3339(std::string_view text) {
  const auto malformed = [] { return Invalid("not an RFC 3339 time, e.g. 2022-03-21T09:30:00Z"); };
  std::size_t pos = 0;
  const int year = ReadNumber(text, pos, 4);
  bool good = year >= 0 && ReadChar(text, pos, "-");
  const int month = good ? ReadNumber(text, pos, 2) : -1;
  good = good && month >= 0 && ReadChar(text, pos, "-");
  const int day = good ? ReadNumber(text, pos, 2) : -1;
  good = good && day >= 0 && ReadChar(text, pos, "Tt ");
  const int hour = good ? ReadNumber(text, pos, 2) : -1;
  good = good && hour >= 0 && ReadChar(text, pos, ":");
  const int minute = good ? ReadNumber(text, pos, 2) : -1;
  good = good && minute >= 0 && ReadChar(text, pos, ":");
  const int second = good ? ReadNumber(text, pos, 2) : -1;
  if (!good || second < 0) return malformed();

  std::int64_t micros = 0;
  if (ReadChar(text, pos, ".")) {
    std::int64_t unit = 100'000;
    const std::size_t start = pos;
    for (; pos < text.size() && text[pos] >= '0' && text[pos] <= '9'; ++pos, unit /= 10) {
      micros += unit * (text[pos] - '0');
    }
    if (pos == start) return malformed();
  }

  std::chrono::minutes offset{0};
  if (!ReadChar(text, pos, "Zz")) {
    const bool behind = pos < text.size() && text[pos] == '-';
    if (!ReadChar(text, pos, "+-")) return malformed();
    const int hours = ReadNumber(text, pos, 2);
    if (hours < 0 || hours > 23) return malformed();
    ReadChar(text, pos, ":");
    const int minutes = ReadNumber(text, pos, 2);
    if (minutes < 0 || minutes > 59) return malformed();
    offset = std::chrono::hours{hours} + std::chrono::minutes{minutes};
    if (behind) offset = -offset;
  }
  const std::chrono::year_month_day date{std::chrono::year{year},
                                         std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (pos != text.size() || !date.ok() || hour > 23 || minute > 59 || second > 60) {
    return malformed();
  }
  return Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{minute} + std::chrono::seconds{second} +
         std::chrono::microseconds{micros} - offset;
}

}  // namespace breakwater
