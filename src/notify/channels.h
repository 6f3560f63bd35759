// The channels of accounts, kept and judged.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "control/change.h"
#include "control/facts.h"
#include "db/database.h"
#include "notify/channel.h"

namespace breakwater::notify {

inline constexpr std::int64_t kMaxChannels = 15;  // per account, ibm-scc 4.2

// Thread-safe. Source of the facts of container-registry/alerts.
class Channels final : public control::FactSource {
 public:
  struct Options {
    bool allow_http = false;  // webhooks without TLS
  };
  Channels(Options options, db::Database& database, control::ChangePath& changes,
           const Clock& clock)
      : options_(options), database_(database), changes_(changes), clock_(clock) {}

  // Returns the new channel's id.
  Result<std::string> Create(const control::Caller& caller, const AccountId& account,
                             Channel channel);
  // Replaces what is configured. A new endpoint has never been tried.
  Status Update(const control::Caller& caller, const AccountId& account, const std::string& id,
                Channel channel);
  Status Delete(const control::Caller& caller, const AccountId& account, const std::string& id);
  // All of them, or none: one change.
  Status DeleteAll(const control::Caller& caller, const AccountId& account,
                   const std::set<std::string>& ids);

  Result<Channel> Find(const AccountId& account, const std::string& id) const;
  static Result<Channel> Find(db::Transaction& tx, const AccountId& account, const std::string& id);
  // Oldest first.
  Result<std::vector<Channel>> List(const AccountId& account) const;
  static Result<std::vector<Channel>> List(db::Transaction& tx, const AccountId& account);

  bool allow_http() const { return options_.allow_http; }

  // control::FactSource
  std::vector<condition::ResourceType> Types() const override;
  Result<std::vector<control::Resource>> List(db::Transaction& tx,
                                              const condition::ResourceType& type,
                                              const AccountId& account) override;
  // A channel that was never tried leaves vulnerability_channels unavailable, unless another one is
  // known to work.
  Result<condition::Facts> Read(db::Transaction& tx, const control::Resource& resource) override;

 private:
  Options options_;
  db::Database& database_;
  control::ChangePath& changes_;
  const Clock& clock_;
};

// The account's alerting as a governed resource.
control::Resource AlertsResource(const AccountId& account);

}  // namespace breakwater::notify
