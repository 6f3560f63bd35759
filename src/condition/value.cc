#include "condition/value.h"

#include <array>
#include <utility>

#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::condition {
namespace {

constexpr std::array<std::pair<PropertyType, std::string_view>, 6> kTypes{{
    {PropertyType::kBoolean, "boolean"},
    {PropertyType::kString, "string"},
    {PropertyType::kNumeric, "numeric"},
    {PropertyType::kStringList, "string_list"},
    {PropertyType::kIpList, "ip_list"},
    {PropertyType::kTimestamp, "timestamp"},
}};

constexpr std::array<std::pair<FactState, std::string_view>, 3> kStates{{
    {FactState::kPresent, "present"},
    {FactState::kAbsent, "absent"},
    {FactState::kUnavailable, "unavailable"},
}};

std::string_view NameOf(FactState state) {
  for (const auto& [known, name] : kStates) {
    if (known == state) return name;
  }
  BW_UNREACHABLE();
}

// Every string of an array, or the one of a scalar.
Result<StringList> TextsOf(const json::Value& value) {
  if (const auto* text = value.if_string()) return StringList{std::string(json::View(*text))};
  const auto* array = value.if_array();
  if (array == nullptr) return Invalid("must be an array of strings");
  StringList list;
  for (const json::Value& item : *array) {
    if (!item.is_string()) return Invalid("must be an array of strings");
    list.emplace_back(json::View(item.get_string()));
  }
  return list;
}

Result<Value> IpListFromJson(const json::Value& value) {
  BW_TRY(const StringList texts, TextsOf(value));
  IpList networks;
  for (const std::string& text : texts) {
    BW_TRY(auto network, IpNetwork::Parse(text));
    networks.push_back(std::move(network));
  }
  return Value(std::move(networks));
}

template <class List, class F>
json::Value ArrayOf(const List& list, F text_of) {
  json::Array array;
  for (const auto& item : list) array.emplace_back(json::Text(text_of(item)));
  return array;
}

struct JsonMaker {
  json::Value operator()(bool flag) const { return flag; }
  json::Value operator()(const std::string& text) const { return json::Text(text); }
  json::Value operator()(const Number& number) const { return number.ToJson(); }
  json::Value operator()(const StringList& list) const {
    return ArrayOf(list, [](const std::string& text) { return text; });
  }
  json::Value operator()(const IpList& list) const {
    return ArrayOf(list, [](const IpNetwork& network) { return network.ToString(); });
  }
  json::Value operator()(Timestamp time) const { return json::Text(FormatRfc3339(time)); }
};

}  // namespace

std::string_view ToString(PropertyType type) {
  return kTypes[static_cast<std::size_t>(type)].second;
}

Result<PropertyType> ParsePropertyType(std::string_view text) {
  for (const auto& [type, name] : kTypes) {
    if (name == text) return type;
  }
  return Invalid("'" + std::string(text.substr(0, 64)) +
                 "' is no property type: boolean, string, numeric, string_list, ip_list and "
                 "timestamp are");
}

json::Value ToJson(const Value& value) {
  return std::visit(JsonMaker{}, value);
}

Result<Value> ValueFromJson(PropertyType type, const json::Value& value) {
  switch (type) {
    case PropertyType::kBoolean:
      if (const bool* flag = value.if_bool()) return Value(*flag);
      return Invalid("must be true or false");
    case PropertyType::kString:
      if (const auto* text = value.if_string()) return Value(std::string(json::View(*text)));
      return Invalid("must be a string");
    case PropertyType::kNumeric: {
      BW_TRY(auto number, Number::FromJson(value));
      return Value(std::move(number));
    }
    case PropertyType::kStringList: {
      BW_TRY(auto list, TextsOf(value));
      return Value(std::move(list));
    }
    case PropertyType::kIpList: return IpListFromJson(value);
    case PropertyType::kTimestamp: {
      const auto* text = value.if_string();
      if (text == nullptr) return Invalid("must be an RFC 3339 date and time");
      BW_TRY(const Timestamp time, ParseRfc3339(json::View(*text)));
      return Value(time);
    }
  }
  BW_UNREACHABLE();
}

Fact Fact::Present(Value value, std::string source, Timestamp observed) {
  Fact fact = Absent(std::move(source), observed);
  fact.state_ = FactState::kPresent;
  fact.value_ = std::move(value);
  return fact;
}

Fact Fact::Absent(std::string source, Timestamp observed) {
  Fact fact;
  fact.source_ = std::move(source);
  fact.observed_ = observed;
  return fact;
}

Fact Fact::Unavailable(std::string reason, std::string source, Timestamp observed) {
  Fact fact = Absent(std::move(source), observed);
  fact.state_ = FactState::kUnavailable;
  fact.reason_ = std::move(reason);
  return fact;
}

json::Value Fact::ToJson() const {
  json::Object object;
  object["state"] = json::Text(NameOf(state_));
  if (state_ == FactState::kPresent) {
    object["type"] = json::Text(condition::ToString(TypeOf(value_)));
    object["value"] = condition::ToJson(value_);
  }
  if (state_ == FactState::kUnavailable) object["reason"] = json::Text(reason_);
  object["source"] = json::Text(source_);
  object["observed"] = json::Text(FormatRfc3339(observed_));
  return object;
}

Result<Fact> Fact::FromJson(const json::Value& value) {
  const json::Reader fact(value);
  const std::string state = fact.Field("state").String();
  const std::string source = fact.Field("source").String();
  const std::string observed = fact.Field("observed").String();
  BW_TRY_STATUS(fact.Finish());
  BW_TRY(const Timestamp at, ParseRfc3339(observed));
  if (state == "absent") return Absent(source, at);
  if (state == "unavailable") return Unavailable(fact.String("reason", ""), source, at);
  if (state != "present") {
    return Invalid("state: must be present, absent or unavailable").Reason("invalid_field");
  }
  BW_TRY(const PropertyType type, ParsePropertyType(json::FindText(value, "type")));
  const json::Value* held = json::Find(value, "value");
  if (held == nullptr) return Invalid("value: is required").Reason("invalid_field");
  BW_TRY(auto parsed, ValueFromJson(type, *held).Context("value"));
  return Present(std::move(parsed), source, at);
}

void Facts::Set(std::string property, Fact fact) {
  facts_.insert_or_assign(std::move(property), std::move(fact));
}

const Fact* Facts::Find(std::string_view property) const {
  const auto found = facts_.find(property);
  return found == facts_.end() ? nullptr : &found->second;
}

json::Value Facts::ToJson() const {
  json::Object object;
  for (const auto& [property, fact] : facts_) object[property] = fact.ToJson();
  return object;
}

Result<Facts> Facts::FromJson(const json::Value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return Invalid("facts must be an object").Reason("invalid_field");
  Facts facts;
  for (const auto& member : *object) {
    const std::string property(member.key().data(), member.key().size());
    BW_TRY(auto fact, Fact::FromJson(member.value()).Context(property.substr(0, 64)));
    facts.Set(property, std::move(fact));
  }
  return facts;
}

}  // namespace breakwater::condition
