// What events say was touched (change.h, fact_events.h), for who judges or assesses it again.
#pragma once

#include <array>
#include <set>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "condition/catalogue.h"
#include "control/resource.h"
#include "json/reader.h"

namespace breakwater::control {

// Whole types, or resources of them by their coordinates.
struct Touched {
  std::set<condition::ResourceType> types;
  std::vector<Resource> resources;
};

// The member "governed" of an event of the account's.
Result<Touched> TouchedBy(const json::Reader& event, const AccountId& account);

// What the vulnerability advisor says of an image that came, changed or went: {account, registry,
// region, repository, digest}.
inline constexpr std::array<std::string_view, 2> kImageEvents{"image.assessed", "image.forgotten"};
// The image that such an event is about, without its namespace's resource group.
Result<Resource> ImageTouchedBy(const json::Value& payload);

}  // namespace breakwater::control
