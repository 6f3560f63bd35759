// JSON documents: bounded strict parsing with line and column, exact printing, canonical form.
//
// The one folder whose public header shows a third-party type: Value is Boost.JSON's.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "base/result.h"

namespace breakwater::json {

using Value = boost::json::value;
using Object = boost::json::object;
using Array = boost::json::array;

struct Limits {
  std::size_t max_bytes = 4U << 20;  // and a value for each 16 of them, or 65,536 values
  std::size_t max_depth = 32;
};

// RFC 8259, UTF-8 checked, duplicate keys refused. The error names line and column (from 1).
Result<Value> Parse(std::string_view text, const Limits& limits = {});

// Compact, keys in the order they were put in, shortest numbers that read back the same.
std::string Serialize(const Value& value);
// With two-space indentation, for people.
std::string Pretty(const Value& value);
// One text for one value: keys sorted bytewise, compact. What digests are taken over.
std::string Canonical(const Value& value);

// Shorthands for building documents: strings from anything string-like.
inline boost::json::string Text(std::string_view text) {
  return boost::json::string(text.data(), text.size());
}
inline std::string_view View(const boost::json::string& text) {
  return {text.data(), text.size()};
}
Value TextOrNull(std::string_view text);  // "" becomes null

// A member of an object, or null if `value` is no object or has none of that name.
const Value* Find(const Value& value, std::string_view name);
const Value* Find(const Object& object, std::string_view name);
// A string member, or "" if it is not there or no string. It lives as long as the document: the
// form for objects is there because a value made of one would be gone at once.
std::string_view FindText(const Value& value, std::string_view name);
std::string_view FindText(const Object& object, std::string_view name);

}  // namespace breakwater::json
