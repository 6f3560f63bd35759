#include "posture/configuration.h"

namespace breakwater::posture {

using control::ConfigurationItem;

Result<std::vector<ConfigurationItem>> ParametersSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  BW_TRY(const auto attachments, posture_.attachments().List(account));
  for (const Attachment& attachment : attachments) {
    if (attachment.scope_id != kRegistryScope || attachment.parameters.empty()) continue;
    items.push_back({.key = attachment.profile_id, .document = attachment.parameters});
  }
  return items;
}

Result<ConfigurationItem> ParametersSection::Complete(const AccountId& account,
                                                      ConfigurationItem item, const json::Value&) {
  if (!item.document.is_object()) return Invalid("must be an object").Reason("invalid_field");
  for (const auto& [name, value] : item.document.as_object()) {
    if (value.is_null()) return Invalid("must not be null").Reason("invalid_field").Context(name);
  }
  BW_TRY(const auto found, posture_.profiles().Find(account, item.key));
  BW_TRY_STATUS(Attachments::CheckParameters(*found.profile, item.document.as_object()));
  return item;
}

Status ParametersSection::Put(const control::Caller& caller, const AccountId& account,
                              const ConfigurationItem& item) {
  const json::Object& parameters = item.document.as_object();
  const auto attachment = posture_.AttachmentOf(account, item.key);
  if (attachment.ok()) {
    BW_TRY_STATUS(posture_.attachments().Update(
        caller, account, attachment->id, [&](AttachmentDraft draft) -> Result<AttachmentDraft> {
          draft.parameters = parameters;
          return draft;
        }));
    return Ok();
  }
  if (attachment.error().code() != ErrorCode::kNotFound) return attachment.error();
  BW_TRY_STATUS(posture_.attachments().Create(caller, account,
                                              {.scope_id = std::string(kRegistryScope),
                                               .profile_id = item.key,
                                               .profile_version = {},
                                               .parameters = parameters,
                                               .every = {}}));
  return Ok();
}

Status ParametersSection::Remove(const control::Caller& caller, const AccountId& account,
                                 const ConfigurationItem& item) {
  return Put(caller, account, {.key = item.key, .document = json::Object()});
}

}  // namespace breakwater::posture
