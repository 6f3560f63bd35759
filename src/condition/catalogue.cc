#include "condition/catalogue.h"

#include <algorithm>
#include <span>

#include "base/embedded.h"
#include "condition/program.h"
#include "json/reader.h"

namespace breakwater::condition {

extern const std::span<const EmbeddedFile> kContent;

namespace {

constexpr std::size_t kMaxItems = 1000;

Property ReadProperty(const json::Reader& reader) {
  reader.OnlyFields(
      {"name", "type", "description", "monitored", "enforceable", "templated", "since"});
  Property property;
  property.name = reader.Field("name").String();
  property.description = reader.Field("description").String();
  property.monitored = reader.Field("monitored").Bool();
  property.enforceable = reader.Field("enforceable").Bool();
  if (const auto templated = reader.Optional("templated")) property.templated = templated->Bool();
  property.since = reader.Field("since").String();
  const json::Reader type = reader.Field("type");
  if (const auto parsed = ParsePropertyType(type.String()); parsed.ok()) {
    property.type = *parsed;
  } else {
    type.Fail(parsed.error().message());
  }
  return property;
}

ResourceConfig ReadConfig(const std::string& service, const json::Reader& reader) {
  reader.OnlyFields({"resource_kind", "description", "additional_target_attributes", "properties"});
  ResourceConfig config;
  config.type = {service, reader.Field("resource_kind").String()};
  config.description = reader.Field("description").String();
  for (const auto& item : reader.Field("additional_target_attributes").Items(kMaxItems)) {
    const std::string name = item.Field("name").String();
    if (config.FindAttribute(name) != nullptr) item.Fail("is there twice");
    config.attributes.push_back({name, item.Field("description").String()});
  }
  for (const auto& item : reader.Field("properties").Items(Layout::kMost)) {
    Property property = ReadProperty(item);
    if (config.Find(property.name) != nullptr) item.Fail("is there twice");
    config.properties.push_back(std::move(property));
  }
  return config;
}

template <class Items>
std::vector<std::string> NamesOf(const Items& items) {
  std::vector<std::string> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

template <class Items>
auto FindNamed(const Items& items, std::string_view name) -> decltype(items.data()) {
  for (const auto& item : items) {
    if (item.name == name) return &item;
  }
  return nullptr;
}

Catalogue LoadBuiltIn() {
  BW_CHECK(kContent.size() == 1);
  auto loaded = Catalogue::Load(kContent[0].bytes);
  BW_CHECK(loaded.ok());
  return *std::move(loaded);
}

// The members of ibm-scc 5.5 that follow from the others.
void Complete(json::Value& document, const std::vector<ResourceConfig>& configs) {
  auto config = configs.begin();
  for (json::Value& service : document.at("services").as_array()) {
    bool monitored = false;
    bool enforced = false;
    for (json::Value& item : service.at("supported_configs").as_array()) {
      for (const Property& one : config->properties) {
        monitored = monitored || one.monitored;
        enforced = enforced || one.enforceable;
      }
      json::Object& kind = item.as_object();
      kind["cip_requires_service_instance"] = false;
      kind["resource_group_support"] = config->FindAttribute("namespace") != nullptr;
      kind["tagging_support"] = false;
      kind["inherit_tags"] = false;
      ++config;
    }
    json::Object& shown = service.as_object();
    shown["monitoring_enabled"] = monitored;
    shown["enforcement_enabled"] = enforced;
    shown["service_listing_enabled"] = true;
    // Facts are read in this process, and not from somewhere else.
    shown["config_information_point"] =
        json::Object{{"type", "internal"}, {"endpoints", json::Array()}};
  }
}

}  // namespace

std::string ToString(const ResourceType& type) {
  return type.service + "/" + type.kind;
}

const Property* ResourceConfig::Find(std::string_view property) const {
  return FindNamed(properties, property);
}

const TargetAttribute* ResourceConfig::FindAttribute(std::string_view attribute) const {
  return FindNamed(attributes, attribute);
}

std::vector<std::string> ResourceConfig::PropertyNames() const {
  return NamesOf(properties);
}

std::vector<std::string> ResourceConfig::AttributeNames() const {
  return NamesOf(attributes);
}

Result<Catalogue> Catalogue::Load(std::string_view text) {
  Catalogue catalogue;
  BW_TRY(catalogue.document_, json::Parse(text));
  const json::Reader reader(catalogue.document_);
  for (const auto& service : reader.Field("services").Items(kMaxItems)) {
    const std::string name = service.Field("service_name").String();
    for (const auto& item : service.Field("supported_configs").Items(kMaxItems)) {
      ResourceConfig config = ReadConfig(name, item);
      if (catalogue.Find(config.type) != nullptr) item.Fail("is there twice");
      catalogue.configs_.push_back(std::move(config));
    }
  }
  BW_TRY_STATUS(reader.Finish());
  Complete(catalogue.document_, catalogue.configs_);
  return catalogue;
}

const Catalogue& Catalogue::BuiltIn() {
  static const Catalogue catalogue = LoadBuiltIn();
  return catalogue;
}

const ResourceConfig* Catalogue::Find(const ResourceType& type) const {
  for (const ResourceConfig& config : configs_) {
    if (config.type == type) return &config;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::Services() const {
  std::vector<std::string> services;
  for (const ResourceConfig& config : configs_) {
    const std::string& name = config.type.service;
    if (std::find(services.begin(), services.end(), name) == services.end()) {
      services.push_back(name);
    }
  }
  return services;
}

std::vector<std::string> Catalogue::Kinds(std::string_view service) const {
  std::vector<std::string> kinds;
  for (const ResourceConfig& config : configs_) {
    if (config.type.service == service) kinds.push_back(config.type.kind);
  }
  return kinds;
}

}  // namespace breakwater::condition
