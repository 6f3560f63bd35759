// The one catalogue of properties: what can be monitored, ruled and asked of each kind of resource.
// It is data (content/properties.json), in the shape of ibm-scc 5.5.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/value.h"
#include "json/json.h"

namespace breakwater::condition {

struct ResourceType {
  std::string service;  // "container-registry"
  std::string kind;     // "service", "access", …

  friend auto operator<=>(const ResourceType&, const ResourceType&) = default;
};

std::string ToString(const ResourceType& type);  // "container-registry/service"

struct Property {
  std::string name;  // dotted when nested
  PropertyType type = PropertyType::kBoolean;
  std::string description;
  bool monitored = true;     // scans and goals can read it
  bool enforceable = false;  // a change that sets it can be refused
  bool templated = false;    // a new resource can be told to start with it
  std::string since;         // first version that has it
};

struct TargetAttribute {
  std::string name;
  std::string description;
};

struct ResourceConfig {
  ResourceType type;
  std::string description;
  std::vector<TargetAttribute> attributes;
  std::vector<Property> properties;

  const Property* Find(std::string_view property) const;
  const TargetAttribute* FindAttribute(std::string_view attribute) const;
  std::vector<std::string> PropertyNames() const;
  std::vector<std::string> AttributeNames() const;
};

// Immutable; safe to share between threads.
class Catalogue {
 public:
  // `text` is a document like content/properties.json. Errors name the place.
  static Result<Catalogue> Load(std::string_view text);
  // The catalogue in the binary.
  static const Catalogue& BuiltIn();

  // Null if there is no such type.
  const ResourceConfig* Find(const ResourceType& type) const;
  const std::vector<ResourceConfig>& configs() const { return configs_; }
  std::vector<std::string> Services() const;
  std::vector<std::string> Kinds(std::string_view service) const;

  // The document of ibm-scc 5.5: {"services":[…]}.
  const json::Value& document() const { return document_; }

 private:
  std::vector<ResourceConfig> configs_;
  json::Value document_;
};

}  // namespace breakwater::condition
