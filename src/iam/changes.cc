#include "iam/changes.h"

#include "control/fact_events.h"

namespace breakwater::iam {

control::Resource AccessResource(const AccountId& account) {
  return control::AccountResource(account, "access");
}

control::Resource IamResource(const AccountId& account, std::string service, std::string kind,
                              std::string name) {
  control::Resource resource = control::AccountResource(account, std::move(kind), std::move(name));
  resource.service = std::move(service);
  return resource;
}

Result<control::Effect> Changed(db::Transaction& tx, const AccountId& account, json::Value before,
                                json::Value after) {
  BW_TRY_STATUS(store::BumpVersion(tx, account));
  return control::Effect{
      .before = std::move(before), .after = std::move(after), .governed = {}, .events = {}};
}

Result<control::Effect> ChangedAccess(db::Transaction& tx, const AccountId& account,
                                      json::Value before, json::Value after) {
  return ChangedGoverned(tx, account, std::move(before), std::move(after), AccessResource(account));
}

Result<control::Effect> ChangedGoverned(db::Transaction& tx, const AccountId& account,
                                        json::Value before, json::Value after,
                                        control::Resource governed) {
  BW_TRY(auto effect, Changed(tx, account, std::move(before), std::move(after)));
  effect.governed.push_back(std::move(governed));
  return effect;
}

jobs::Event AccessFactsChanged(const AccountId& account) {
  return control::FactsChanged(AccessResource(account));
}

Error NoSuch(std::string_view what) {
  return NotFound("there is no such " + std::string(what)).Reason("not_found");
}

Error Locked(std::string_view what) {
  return Conflict("the " + std::string(what) + " is locked: unlock it first").Reason("locked");
}

Status CheckRoom(std::int64_t known, std::int64_t most, std::string_view holder,
                 std::string_view what) {
  if (known < most) return Ok();
  return Conflict(std::string(holder) + " may have at most " + std::to_string(most) + " " +
                  std::string(what))
      .Reason("limit_exceeded");
}

}  // namespace breakwater::iam
