// Facts: what is known of one resource, property by property, who says so, and since when.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "base/result.h"
#include "base/time.h"
#include "condition/number.h"
#include "json/json.h"

namespace breakwater::condition {

// In the order of Value's alternatives.
enum class PropertyType { kBoolean, kString, kNumeric, kStringList, kIpList, kTimestamp };

std::string_view ToString(PropertyType type);  // "boolean", "string_list", …
Result<PropertyType> ParsePropertyType(std::string_view text);

using StringList = std::vector<std::string>;
using IpList = std::vector<IpNetwork>;  // a bare address is /32 or /128

// The value of a property. It may be of another type than the catalogue says, if its source errs;
// evaluation then reports "unable", never a verdict.
using Value = std::variant<bool, std::string, Number, StringList, IpList, Timestamp>;

inline PropertyType TypeOf(const Value& value) {
  return static_cast<PropertyType>(value.index());
}
// true, "text", 3, ["a"], ["10.0.0.0/8"], "2022-03-21T09:10:00Z".
json::Value ToJson(const Value& value);
// Numeric strings are numbers, a scalar is a list of one. The error names the type, not a path.
Result<Value> ValueFromJson(PropertyType type, const json::Value& value);

enum class FactState { kPresent, kAbsent, kUnavailable };

// One property of one resource at one moment.
class Fact {
 public:
  // `source` says who knows it ("registry settings", "iam policies"); `observed` when it was read.
  static Fact Present(Value value, std::string source, Timestamp observed);
  // The resource is known not to have the property (or has it as null).
  static Fact Absent(std::string source, Timestamp observed);
  // Nobody knows: the read failed. `reason` is for people.
  static Fact Unavailable(std::string reason, std::string source, Timestamp observed);

  FactState state() const { return state_; }
  // Null unless present.
  const Value* value() const { return state_ == FactState::kPresent ? &value_ : nullptr; }
  const std::string& reason() const { return reason_; }
  const std::string& source() const { return source_; }
  Timestamp observed() const { return observed_; }

  // {"state":"present","type":"boolean","value":true,"source":"…","observed":"…"}: the form kept
  // as evidence. FromJson reads back what ToJson wrote.
  json::Value ToJson() const;
  static Result<Fact> FromJson(const json::Value& value);

  friend bool operator==(const Fact&, const Fact&) = default;

 private:
  FactState state_ = FactState::kAbsent;
  Value value_;
  std::string reason_;
  std::string source_;
  Timestamp observed_{};
};

// The facts of one resource by property name. A property that is not listed counts as unavailable:
// its source said nothing of it.
class Facts {
 public:
  using Map = std::map<std::string, Fact, std::less<>>;

  // Replaces what was there.
  void Set(std::string property, Fact fact);
  // Null if nothing is known of it, not even that it is absent.
  const Fact* Find(std::string_view property) const;

  Map::const_iterator begin() const { return facts_.begin(); }
  Map::const_iterator end() const { return facts_.end(); }
  std::size_t size() const { return facts_.size(); }

  // An object from property to fact. json::Canonical of it is what evidence digests.
  json::Value ToJson() const;
  static Result<Facts> FromJson(const json::Value& value);

  friend bool operator==(const Facts&, const Facts&) = default;

 private:
  Map facts_;
};

}  // namespace breakwater::condition
