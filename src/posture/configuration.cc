#include "posture/configuration.h"

namespace breakwater::posture {

using control::ConfigurationItem;

Result<std::vector<ConfigurationItem>> ParametersSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (const Profile& profile : posture_.content().profiles()) {
    BW_TRY(json::Value parameters, posture_.Parameters(account, profile.id));
    if (parameters.as_object().empty()) continue;
    items.push_back({.key = profile.id, .document = std::move(parameters)});
  }
  return items;
}

Result<ConfigurationItem> ParametersSection::Complete(const AccountId&, ConfigurationItem item,
                                                      const json::Value&) {
  if (!item.document.is_object()) return Invalid("must be an object").Reason("invalid_field");
  for (const auto& [name, value] : item.document.as_object()) {
    if (value.is_null()) return Invalid("must not be null").Reason("invalid_field").Context(name);
    BW_TRY_STATUS(posture_.CheckParameter(item.key, std::string(name), value));
  }
  return item;
}

Status ParametersSection::Put(const control::Caller& caller, const AccountId& account,
                              const ConfigurationItem& item) {
  BW_TRY(const json::Value now, posture_.Parameters(account, item.key));
  for (const auto& [name, value] : item.document.as_object()) {
    const json::Value* there = json::Find(now, name);
    if (there != nullptr && *there == value) continue;
    BW_TRY_STATUS(posture_.SetParameter(caller, account, item.key, std::string(name), value));
  }
  for (const auto& member : now.as_object()) {
    if (json::Find(item.document, member.key()) != nullptr) continue;
    BW_TRY_STATUS(
        posture_.SetParameter(caller, account, item.key, std::string(member.key()), nullptr));
  }
  return Ok();
}

Status ParametersSection::Remove(const control::Caller& caller, const AccountId& account,
                                 const ConfigurationItem& item) {
  return Put(caller, account, {.key = item.key, .document = json::Object()});
}

}  // namespace breakwater::posture
