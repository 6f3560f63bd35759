// Which of an account's resources a scope is about.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "control/resource.h"
#include "json/json.h"

namespace breakwater::posture {

// An empty list selects everything. A resource of the account as a whole (its access policies, its
// settings) lies in no registry, namespace or resource group: it belongs to every scope.
struct Selection {
  std::vector<std::string> registries;
  std::vector<std::string> namespaces;
  std::vector<std::string> resource_groups;
};

bool InScope(const Selection& selection, const control::Resource& resource);

// " Selects the registries a, b; the namespaces c." for people; empty if it selects everything.
std::string Described(const Selection& selection);

// {registries, namespaces, resource_groups}; null selects everything.
json::Value ToJson(const Selection& selection);
Result<Selection> SelectionFrom(const json::Value& value);

}  // namespace breakwater::posture
