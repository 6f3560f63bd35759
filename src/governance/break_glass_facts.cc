#include "governance/break_glass_facts.h"

#include "governance/break_glass.h"

namespace breakwater::governance {

condition::ResourceType BreakGlassType() {
  return {"configuration-governance", "break-glass"};
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
