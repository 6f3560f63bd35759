// The resources a rule is about: a service, a kind, and filters on attributes. ibm-scc 1.3, 1.6.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "condition/catalogue.h"
#include "condition/operators.h"
#include "json/json.h"

namespace breakwater::condition {

// Immutable; safe to share between threads.
class Target {
 public:
  // Of no type; matches nothing.
  Target() = default;
  // {service_name!, resource_kind!, additional_target_attributes: [{name!, operator!, value}]}.
  // Errors as Condition::Parse's.
  static Result<Target> Parse(const json::Value& target, const Catalogue& catalogue,
                              std::string_view path = "target");

  const ResourceType& type() const { return type_; }
  const json::Value& source() const { return source_; }

  // Every filter must hold. The attribute "region" is compared under each of its names. An
  // attribute the resource does not have counts as absent.
  bool Matches(const ResourceType& type,
               const std::map<std::string, std::string>& attributes) const;
  bool IsFiltered() const { return !filters_.empty(); }
  // An attribute that must have one of these values for a resource to match ("region" under each of
  // its names), if a filter says so: targets can be looked up by it.
  struct Key {
    std::string attribute;
    std::set<std::string> values;
    bool suffices = false;  // nothing else is asked but the type
  };
  std::optional<Key> LookupKey() const;
  // Whether there can be a resource that both match. True where it cannot be told (wildcards).
  bool MayOverlap(const Target& other) const;

 private:
  struct Filter {
    std::string name;
    Operator op = Operator::kStringEquals;
    Operand operand;
  };

  json::Value source_;
  ResourceType type_;
  std::vector<Filter> filters_;

  static Result<Filter> ParseFilter(const json::Value& item, const ResourceConfig& config,
                                    const std::string& path);
  static bool CanHold(std::span<const Filter* const> filters);
  static bool Holds(const Filter& filter, const std::map<std::string, std::string>& attributes);
};

// The names one region goes by: "eu-gb" is "uk-south", "eu-de" "eu-central", "jp-tok" "ap-north",
// "au-syd" "ap-south" (ibm-scc 1.6). Any other region has one name.
std::vector<std::string> RegionNames(const std::string& region);

}  // namespace breakwater::condition
