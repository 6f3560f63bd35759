#include "governance/break_glass_facts.h"

#include "governance/break_glass.h"

namespace breakwater::governance {

condition::ResourceType BreakGlassType() {
  return {"configuration-governance", "break-glass"};
}

std::vector<condition::ResourceType> BreakGlassFacts::Types() const {
  return {BreakGlassType()};
}

Result<std::vector<control::Resource>> BreakGlassFacts::List(db::Transaction&,
                                                             const condition::ResourceType& type,
                                                             const AccountId& account) {
  control::Resource resource = control::AccountResource(account, type.kind);
  resource.service = type.service;
  return std::vector<control::Resource>{std::move(resource)};
}

Result<condition::Facts> BreakGlassFacts::Read(db::Transaction& tx,
                                               const control::Resource& resource) {
  const Timestamp now = clock_.Now();
  BW_TRY(const auto open, BreakGlasses::OpenOnes(tx, resource.account, now));
  condition::StringList ids;
  for (const BreakGlass& one : open) ids.push_back(one.id);
  condition::Facts facts;
  facts.Set("open", condition::Fact::Present(std::move(ids), "break-glass", now));
  return facts;
}

}  // namespace breakwater::governance
