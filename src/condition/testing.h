// Random conditions and facts for property tests, here and in the folders above. Test code only;
// needs rapidcheck.
#pragma once

#include <string>
#include <vector>

#include <rapidcheck.h>

#include "condition/catalogue.h"
#include "condition/condition.h"
#include "condition/operators.h"
#include "condition/value.h"
#include "json/json.h"

namespace breakwater::condition::testing {

// One kind of resource, "test/thing", with a property of each type: flag, other_flag, text, count,
// names, networks, moment; attributes registry and region.
inline const Catalogue& TestCatalogue() {
  static const Catalogue catalogue = [] {
    json::Array properties;
    const auto add = [&](std::string_view name, std::string_view type) {
      json::Object property;
      property["name"] = json::Text(name);
      property["type"] = json::Text(type);
      property["description"] = "for tests";
      property["monitored"] = true;
      property["enforceable"] = true;
      property["since"] = "0.1.0";
      properties.push_back(std::move(property));
    };
    add("flag", "boolean");
    add("other_flag", "boolean");
    add("text", "string");
    add("count", "numeric");
    add("names", "string_list");
    add("networks", "ip_list");
    add("moment", "timestamp");
    const std::string text =
        R"({"services":[{"service_name":"test","supported_configs":[{"resource_kind":"thing",)"
        R"("description":"a thing","additional_target_attributes":[)"
        R"({"name":"registry","description":"r"},{"name":"region","description":"r"}],)"
        R"("properties":)" +
        json::Serialize(properties) + "}]}]}";
    auto loaded = Catalogue::Load(text);
    BW_CHECK(loaded.ok());
    return *std::move(loaded);
  }();
  return catalogue;
}

inline const ResourceType& TestType() {
  static const ResourceType type{"test", "thing"};
  return type;
}

inline Timestamp TestNow() {
  return FromMicros(1'647'853'800'000'000);
}  // 2022-03-21 09:10

// Small domains, so that random conditions and facts meet.
inline std::string AnyText() {
  return *rc::gen::element<std::string>("", "a", "b", "ab", "A", "*", "ä", "us.icr.io");
}

inline std::string AnyNetwork() {
  return *rc::gen::element<std::string>("10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "192.168.0.1",
                                        "::/0", "2001:db8::/32", "2001:db8::1", "0.0.0.0/0");
}

inline json::Value AnyNumber() {
  const int n = *rc::gen::inRange(-2, 6);
  switch (*rc::gen::inRange(0, 3)) {
    case 0: return n;
    case 1: return json::Text(std::to_string(n));
    default: return json::Text(std::to_string(n) + ".5");
  }
}

template <class Make>
json::Array AnyList(int least, Make make) {
  json::Array list;
  const int size = *rc::gen::inRange(least, 4);
  for (int i = 0; i < size; ++i) list.emplace_back(make());
  return list;
}

inline json::Value AnyValueFor(Operator op) {
  const auto text = [] { return json::Value(json::Text(AnyText())); };
  const bool as_list = *rc::gen::arbitrary<bool>();
  switch (FormOf(op)) {
    case OperandForm::kNone: return nullptr;
    case OperandForm::kTexts: return as_list ? json::Value(AnyList(1, text)) : text();
    case OperandForm::kTextList: return AnyList(1, text);
    case OperandForm::kNetworks:
      return AnyList(1, [] { return json::Value(json::Text(AnyNetwork())); });
    case OperandForm::kNumbers: return as_list ? json::Value(AnyList(1, AnyNumber)) : AnyNumber();
    case OperandForm::kNumber: return AnyNumber();
    case OperandForm::kDays: return *rc::gen::inRange(0, 10);
  }
  BW_UNREACHABLE();
}

inline json::Value AnyLeaf(const ResourceConfig& config) {
  const Property& property = *rc::gen::elementOf(config.properties);
  const std::string op = *rc::gen::elementOf(OperatorsFor(property.type));
  json::Object leaf;
  leaf["property"] = json::Text(property.name);
  leaf["operator"] = json::Text(op);
  json::Value value = AnyValueFor(ParseOperator(op).value());
  if (!value.is_null()) leaf["value"] = std::move(value);
  return leaf;
}

// A document that Condition::Parse accepts for `config`, nested `depth` groups at most (up to 3).
// To be called within rc::check or rc::gen::exec.
inline json::Value AnyCondition(const ResourceConfig& config, int depth = 2) {
  if (depth == 0 || *rc::gen::inRange(0, 3) == 0) return AnyLeaf(config);
  json::Array parts = AnyList(1, [&] { return AnyCondition(config, depth - 1); });
  json::Object group;
  group[*rc::gen::arbitrary<bool>() ? "and" : "or"] = std::move(parts);
  return group;
}

inline Value AnyValueOf(PropertyType type) {
  switch (type) {
    case PropertyType::kBoolean: return *rc::gen::arbitrary<bool>();
    case PropertyType::kString: return AnyText();
    case PropertyType::kNumeric: return Number::FromJson(AnyNumber()).value();
    case PropertyType::kStringList:
    case PropertyType::kIpList: {
      const bool texts = type == PropertyType::kStringList;
      const json::Array list =
          AnyList(0, [&] { return json::Value(json::Text(texts ? AnyText() : AnyNetwork())); });
      return ValueFromJson(type, list).value();
    }
    case PropertyType::kTimestamp:
      return TestNow() - std::chrono::hours(*rc::gen::inRange(-30, 300));
  }
  BW_UNREACHABLE();
}

inline Fact AnyPresentFact(PropertyType type) {
  return Fact::Present(AnyValueOf(type), "test", TestNow());
}

// Present four times out of six, mostly of the property's type.
inline Fact AnyFact(PropertyType type) {
  switch (*rc::gen::inRange(0, 7)) {
    case 0: return Fact::Absent("test", TestNow());
    case 1: return Fact::Unavailable("the store is away", "test", TestNow());
    case 2:
      return AnyPresentFact(*rc::gen::element(PropertyType::kBoolean, PropertyType::kString,
                                              PropertyType::kNumeric, PropertyType::kStringList,
                                              PropertyType::kTimestamp));
    default: return AnyPresentFact(type);
  }
}

inline Facts AnyFacts(const ResourceConfig& config) {
  Facts facts;
  for (const Property& property : config.properties) {
    if (*rc::gen::inRange(0, 12) == 0) continue;
    facts.Set(property.name, AnyFact(property.type));
  }
  return facts;
}

}  // namespace breakwater::condition::testing
