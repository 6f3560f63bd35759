#include "organization/configuration.h"

#include "json/reader.h"

namespace breakwater::organization {

using control::ConfigurationItem;

Result<std::vector<ConfigurationItem>> ResourceGroupsSection::Export(const AccountId& account) {
  BW_TRY(const auto groups, groups_.List(account));
  std::vector<ConfigurationItem> items;
  for (const ResourceGroup& group : groups) {
    if (group.is_default) continue;
    items.push_back({.key = group.name, .document = json::Object(), .id = group.id});
  }
  return items;
}

Result<ConfigurationItem> ResourceGroupsSection::Complete(const AccountId&, ConfigurationItem item,
                                                          const json::Value&) {
  const json::Reader in(item.document);
  in.OnlyFields({});
  BW_TRY_STATUS(in.Finish());
  return item;
}

Status ResourceGroupsSection::Put(const control::Caller& caller, const AccountId& account,
                                  const ConfigurationItem& item) {
  BW_TRY_STATUS(groups_.Create(caller, account, item.key));
  return Ok();
}

Status ResourceGroupsSection::Remove(const control::Caller& caller, const AccountId& account,
                                     const ConfigurationItem& item) {
  return groups_.Delete(caller, account, item.id);
}

}  // namespace breakwater::organization
