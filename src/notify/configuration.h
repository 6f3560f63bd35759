// Notification channels as documents (control/configuration.h).
#pragma once

#include <string_view>
#include <vector>

#include "control/configuration.h"
#include "notify/channels.h"

namespace breakwater::notify {

// "notification_channels": by name.
class ChannelsSection final : public control::ConfigurationSection {
 public:
  explicit ChannelsSection(Channels& channels) : channels_(channels) {}

  std::string_view name() const override { return "notification_channels"; }
  Result<std::vector<control::ConfigurationItem>> Export(const AccountId& account) override;
  Result<control::ConfigurationItem> Complete(const AccountId& account,
                                              control::ConfigurationItem item,
                                              const json::Value& now) override;
  Status Put(const control::Caller& caller, const AccountId& account,
             const control::ConfigurationItem& item) override;
  Status Remove(const control::Caller& caller, const AccountId& account,
                const control::ConfigurationItem& item) override;

 private:
  Channels& channels_;
};

}  // namespace breakwater::notify
