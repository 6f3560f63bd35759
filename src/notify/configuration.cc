#include "notify/configuration.h"

#include "json/reader.h"

namespace breakwater::notify {
namespace {

using control::ConfigurationItem;

Result<Channel> ReadChannel(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "endpoint", "severity", "enabled", "alert_source"});
  BW_TRY_STATUS(in.Finish());
  json::Value document = item.document;
  if (json::Find(document, "name") == nullptr) {
    document.as_object()["name"] = json::Text(item.key);
  }
  Channel channel;
  BW_TRY_STATUS(FromDocument(document, &channel));
  return channel;
}

}  // namespace

Result<std::vector<ConfigurationItem>> ChannelsSection::Export(const AccountId& account) {
  BW_TRY(const std::vector<Channel> channels, channels_.List(account));
  std::vector<ConfigurationItem> items;
  control::UniqueKeys keys;
  for (const Channel& channel : channels) {
    items.push_back(
        {.key = keys.KeyFor(channel.name), .document = ToDocument(channel), .id = channel.id});
  }
  return items;
}

Result<ConfigurationItem> ChannelsSection::Complete(const AccountId&, ConfigurationItem item,
                                                    const json::Value&) {
  BW_TRY(const Channel channel, ReadChannel(item));
  BW_TRY_STATUS(Validate(channel, channels_.allow_http()));
  item.document = ToDocument(channel);
  return item;
}

Status ChannelsSection::Put(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  BW_TRY(Channel channel, ReadChannel(item));
  if (!item.id.empty()) return channels_.Update(caller, account, item.id, std::move(channel));
  BW_TRY_STATUS(channels_.Create(caller, account, std::move(channel)));
  return Ok();
}

Status ChannelsSection::Remove(const control::Caller& caller, const AccountId& account,
                               const ConfigurationItem& item) {
  return channels_.Delete(caller, account, item.id);
}

}  // namespace breakwater::notify
