// Network zones: named sets of addresses, which restrictions name as places to come from.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "iam/changes.h"
#include "iam/restrictions.h"

namespace breakwater::iam {

// What a zone says; the rest of it is made here.
struct ZoneContent {
  std::string name{};
  std::string description{};
  std::vector<ZoneAddress> addresses{};
  std::vector<ZoneAddress> excluded{};
};

// Thread-safe. Changing takes Editor or Administrator on context-based-restrictions. What is wrong
// with a zone: see CheckZone.
class NetworkZones {
 public:
  explicit NetworkZones(ChangeDeps deps) : deps_(deps) {}

  // kConflict "limit_exceeded" beyond the zones an account may have.
  Result<Zone> Create(const control::Caller& caller, const AccountId& account,
                      const ZoneContent& content);
  Result<Zone> Get(const AccountId& account, std::string_view id);
  // By name.
  Result<std::vector<Zone>> List(const AccountId& account);
  Result<Zone> Replace(const control::Caller& caller, const AccountId& account, std::string_view id,
                       std::string_view if_match, const ZoneContent& content);
  // kConflict "zone_in_use" with the detail "rule" while a rule names it.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

 private:
  ChangeDeps deps_;
};

// The zones' own right: what listing and changing them is decided on.
control::Resource ZoneResource(const AccountId& account, std::string id = {});

}  // namespace breakwater::iam
