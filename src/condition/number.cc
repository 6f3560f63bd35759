#include "condition/number.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/strings.h"

namespace breakwater::condition {
namespace {

constexpr std::size_t kMaxText = 64;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// Takes the leading digits off `text`.
std::string_view TakeDigits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool TakeSign(std::string_view& text) {
  if (text.empty() || (text.front() != '-' && text.front() != '+')) return false;
  const bool negative = text.front() == '-';
  text.remove_prefix(1);
  return negative;
}

Error NotANumber(std::string_view text) {
  return Invalid("'" + std::string(text.substr(0, kMaxText)) + "' is not a number");
}

std::string_view FormatDouble(double d, char (&buffer)[64]) {
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, d).ptr;
  return {buffer, static_cast<std::size_t>(end - buffer)};
}

}  // namespace

Number Number::FromDigits(bool negative, std::string digits, std::int32_t exponent) {
  const std::size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  digits.erase(0, leading);
  exponent -= static_cast<std::int32_t>(leading);
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  if (digits.empty()) return Number(0);
  if (exponent >= static_cast<std::int32_t>(digits.size()) && exponent <= 19) {
    std::string whole = negative ? "-" + digits : digits;
    whole.append(static_cast<std::size_t>(exponent) - digits.size(), '0');
    if (const auto integer = ParseInt(whole); integer.ok()) return Number(*integer);
  }
  Number number;
  number.negative_ = negative;
  number.exponent_ = exponent;
  number.digits_ = std::move(digits);
  return number;
}

Result<Number> Number::Parse(std::string_view text) {
  const std::string_view whole_text = text;
  if (text.size() > kMaxText) return Invalid("a number of more than 64 characters");
  const bool negative = TakeSign(text);
  std::string digits(TakeDigits(text));
  auto exponent = static_cast<std::int32_t>(digits.size());
  if (digits.empty()) return NotANumber(whole_text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const std::string_view fraction = TakeDigits(text);
    if (fraction.empty()) return NotANumber(whole_text);
    digits += fraction;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    const bool down = TakeSign(text);
    const std::string_view power = TakeDigits(text);
    if (power.empty() || power.size() > 3) return NotANumber(whole_text);
    const auto by = static_cast<std::int32_t>(std::strtol(std::string(power).c_str(), nullptr, 10));
    exponent += down ? -by : by;
  }
  if (!text.empty()) return NotANumber(whole_text);
  return FromDigits(negative, std::move(digits), exponent);
}

Result<Number> Number::FromJson(const json::Value& value) {
  char buffer[64];
  switch (value.kind()) {
    case boost::json::kind::int64: return Number(value.get_int64());
    case boost::json::kind::uint64: return Parse(std::to_string(value.get_uint64()));
    case boost::json::kind::double_: return Parse(FormatDouble(value.get_double(), buffer));
    case boost::json::kind::string: return Parse(Trim(json::View(value.get_string())));
    case boost::json::kind::null:
    case boost::json::kind::bool_:
    case boost::json::kind::array:
    case boost::json::kind::object: return NotANumber(json::Serialize(value));
  }
  BW_UNREACHABLE();
}

Number Number::AsDigits() const {
  if (!is_integer() || integer_ == 0) return *this;
  Number number;
  number.negative_ = integer_ < 0;
  number.digits_ = std::to_string(integer_);
  if (number.negative_) number.digits_.erase(0, 1);
  number.exponent_ = static_cast<std::int32_t>(number.digits_.size());
  while (number.digits_.back() == '0') number.digits_.pop_back();
  return number;
}

std::strong_ordering operator<=>(const Number& a, const Number& b) {
  if (a.is_integer() && b.is_integer()) return a.integer_ <=> b.integer_;
  const auto sign = [](const Number& n) {
    if (!n.is_integer()) return n.negative_ ? -1 : 1;
    return n.integer_ < 0 ? -1 : n.integer_ > 0 ? 1 : 0;
  };
  if (sign(a) != sign(b)) return sign(a) <=> sign(b);
  const Number x = a.AsDigits();
  const Number y = b.AsDigits();
  auto magnitude = x.exponent_ <=> y.exponent_;
  if (magnitude == 0) magnitude = x.digits_ <=> y.digits_;
  return sign(a) < 0 ? 0 <=> magnitude : magnitude;
}

std::string Number::ToString() const {
  if (is_integer()) return std::to_string(integer_);
  const auto size = static_cast<std::int32_t>(digits_.size());
  std::string text = negative_ ? "-" : "";
  if (exponent_ > 0 && exponent_ <= 40) {
    std::string all = digits_;
    if (exponent_ > size) all.append(static_cast<std::size_t>(exponent_ - size), '0');
    text += all.substr(0, static_cast<std::size_t>(exponent_));
    if (exponent_ < size) text += "." + all.substr(static_cast<std::size_t>(exponent_));
    return text;
  }
  if (exponent_ <= 0 && exponent_ > -10) {
    return text + "0." + std::string(static_cast<std::size_t>(-exponent_), '0') + digits_;
  }
  text += digits_.substr(0, 1);
  if (size > 1) text += "." + digits_.substr(1);
  return text + "e" + std::to_string(exponent_ - 1);
}

json::Value Number::ToJson() const {
  if (is_integer()) return integer_;
  const std::string text = ToString();
  double d = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), d);
  if (read.ec == std::errc()) {
    const json::Value value(d);
    if (const auto back = FromJson(value); back.ok() && *back == *this) return value;
  }
  return json::Text(text);
}

}  // namespace breakwater::condition
