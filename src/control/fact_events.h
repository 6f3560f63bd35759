// Events that say facts are others than before, for what is not changed by a control::Change.
#pragma once

#include <string_view>
#include <vector>

#include "base/ids.h"
#include "condition/catalogue.h"
#include "control/change.h"
#include "jobs/jobs.h"
#include "json/json.h"

namespace breakwater::control {

// Emitted by who does not know which accounts there are: {governed: [{service, kind}]}. Becomes a
// kFactsChanged of every account.
inline constexpr std::string_view kFactsOfAllChanged = "facts.changed_for_all";

// {service, kind} of each: the whole type is looked at again.
inline json::Array GovernedTypes(const std::vector<condition::ResourceType>& types) {
  json::Array governed;
  for (const condition::ResourceType& type : types) {
    governed.push_back(
        json::Object{{"service", json::Text(type.service)}, {"kind", json::Text(type.kind)}});
  }
  return governed;
}

// kFactsChanged, of resources of these types.
inline jobs::Event FactsChanged(const AccountId& account,
                                const std::vector<condition::ResourceType>& types) {
  return {
      std::string(kFactsChanged),
      {{"account", json::Text(account.value())}, {"governed", GovernedTypes(types)}},
  };
}

// The coordinates of each; read back by TouchedBy.
inline json::Array GovernedResources(const std::vector<Resource>& resources) {
  json::Array governed;
  for (const Resource& resource : resources) {
    governed.push_back(json::Object{{"service", json::Text(resource.service)},
                                    {"kind", json::Text(resource.kind)},
                                    {"registry", json::Text(resource.registry.value())},
                                    {"region", json::Text(resource.region)},
                                    {"resource_group", json::Text(resource.resource_group)},
                                    {"namespace", json::Text(resource.name_space)},
                                    {"name", json::Text(resource.name)}});
  }
  return governed;
}

// kFactsChanged, of these resources of the account.
inline jobs::Event FactsChangedOf(const AccountId& account,
                                  const std::vector<Resource>& resources) {
  return {
      std::string(kFactsChanged),
      {{"account", json::Text(account.value())}, {"governed", GovernedResources(resources)}},
  };
}
inline jobs::Event FactsChanged(const Resource& resource) {
  return FactsChangedOf(resource.account, {resource});
}

inline jobs::Event FactsOfAllChanged(const std::vector<condition::ResourceType>& types) {
  json::Object payload;
  payload["governed"] = GovernedTypes(types);
  return {std::string(kFactsOfAllChanged), std::move(payload)};
}

}  // namespace breakwater::control
