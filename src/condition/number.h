// Exact decimal numbers: 64-bit integers compared as such, everything else digit by digit, so that
// "0.1" and 0.1, 3 and "3.0", or two 20-digit counters compare as a person would.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "json/json.h"

namespace breakwater::condition {

class Number {
 public:
  Number() = default;
  explicit Number(std::int64_t integer) : integer_(integer) {}

  // -12, 3.10, 1e6: an optional sign, digits, an optional fraction and exponent; at most 64
  // characters and an exponent of at most three digits. kInvalid otherwise.
  static Result<Number> Parse(std::string_view text);
  // A JSON number, or a string that Parse accepts.
  static Result<Number> FromJson(const json::Value& value);

  bool is_integer() const { return digits_.empty(); }
  // Only for integers.
  std::int64_t integer() const { return integer_; }

  // "42", "-0.5": one text for one number.
  std::string ToString() const;
  // A JSON number where that reads back as the same number, else its text.
  json::Value ToJson() const;

  friend bool operator==(const Number&, const Number&) = default;
  friend std::strong_ordering operator<=>(const Number& a, const Number& b);

 private:
  // Integers of 64 bits are always held in integer_, with digits_ empty; every other number is
  // (-)0.DIGITS x 10^exponent_ with neither a leading nor a trailing zero in DIGITS. So each number
  // has one form, and equal numbers have equal members.
  std::int64_t integer_ = 0;
  bool negative_ = false;
  std::int32_t exponent_ = 0;
  std::string digits_;

  static Number FromDigits(bool negative, std::string digits, std::int32_t exponent);
  Number AsDigits() const;
};

}  // namespace breakwater::condition
