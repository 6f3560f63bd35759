#include "notify/channels.h"

#include "condition/value.h"

namespace breakwater::notify {
namespace {

constexpr std::string_view kSelect =
    "SELECT id, account, document, created, last_outcome, last_attempt, last_error "
    "FROM notify_channel ";
constexpr std::string_view kProperty = "vulnerability_channels";
constexpr std::string_view kSource = "notification channels";

Result<Channel> ChannelOf(const db::Row& row) {
  Channel channel;
  channel.id = row.String(0);
  channel.account = AccountId(row.String(1));
  BW_TRY(const json::Value document, json::Parse(row.Text(2)));
  BW_TRY_STATUS(FromDocument(document, &channel));
  channel.created = row.Time(3);
  if (!row.IsNull(4)) {
    channel.last_outcome =
        row.Text(4) == "succeeded" ? Channel::Outcome::kSucceeded : Channel::Outcome::kFailed;
  }
  channel.last_attempt = row.OptionalTime(5);
  channel.last_error = row.String(6);
  return channel;
}

control::Change ChannelChange(std::string action, const AccountId& account, const std::string& id) {
  return {.action = std::move(action),
          .resource = control::AccountResource(account, "notification-channel", id),
          .apply = nullptr};
}

// With its deliveries. Returns what it was for the audit trail.
Result<json::Value> Remove(db::Transaction& tx, const AccountId& account, const std::string& id) {
  BW_TRY(const Channel channel, Channels::Find(tx, account, id));
  BW_TRY_STATUS(tx.Execute("DELETE FROM notify_delivery WHERE channel_id = $1", {id}));
  BW_TRY_STATUS(tx.Execute("DELETE FROM notify_channel WHERE id = $1", {id}));
  return ToTrailDocument(channel);
}

}  // namespace

control::Resource AlertsResource(const AccountId& account) {
  return control::AccountResource(account, "alerts");
}

Result<std::string> Channels::Create(const control::Caller& caller, const AccountId& account,
                                     Channel channel) {
  BW_TRY_STATUS(Validate(channel, options_.allow_http));
  channel.created = clock_.Now();
  channel.id = NewUuidV7(channel.created);
  const json::Value document = ToDocument(channel);
  control::Change change =
      ChannelChange("security-advisor.notification-channels.create", account, channel.id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto present, List(tx, account));
    if (static_cast<std::int64_t>(present.size()) >= kMaxChannels) {
      return Error(ErrorCode::kQuota, "an account may have at most 15 notification channels")
          .Reason("limit_exceeded");
    }
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO notify_channel (id, account, name, document, created) "
        "VALUES ($1, $2, $3, $4, $5)",
        {channel.id, account, channel.name, json::Serialize(document), channel.created}));
    return control::Effect{.before = nullptr,
                           .after = ToTrailDocument(channel),
                           .governed = {AlertsResource(account)},
                           .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return channel.id;
}

Status Channels::Update(const control::Caller& caller, const AccountId& account,
                        const std::string& id, Channel channel) {
  BW_TRY_STATUS(Validate(channel, options_.allow_http));
  const json::Value document = ToDocument(channel);
  control::Change change =
      ChannelChange("security-advisor.notification-channels.update", account, id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Channel before, Find(tx, account, id));
    BW_TRY_STATUS(tx.Execute("UPDATE notify_channel SET name = $1, document = $2 WHERE id = $3",
                             {channel.name, json::Serialize(document), id}));
    if (before.endpoint != channel.endpoint) {
      BW_TRY_STATUS(
          tx.Execute("UPDATE notify_channel SET last_outcome = NULL, "
                     "last_attempt = NULL, last_error = NULL WHERE id = $1",
                     {id}));
    }
    return control::Effect{.before = ToTrailDocument(before),
                           .after = ToTrailDocument(channel),
                           .governed = {AlertsResource(account)},
                           .events = {}};
  };
  return changes_.Submit(caller, change);
}

Status Channels::Delete(const control::Caller& caller, const AccountId& account,
                        const std::string& id) {
  control::Change change =
      ChannelChange("security-advisor.notification-channels.delete", account, id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(json::Value before, Remove(tx, account, id));
    return control::Effect{.before = std::move(before),
                           .after = nullptr,
                           .governed = {AlertsResource(account)},
                           .events = {}};
  };
  return changes_.Submit(caller, change);
}

Status Channels::DeleteAll(const control::Caller& caller, const AccountId& account,
                           const std::set<std::string>& ids) {
  control::Change change =
      ChannelChange("security-advisor.notification-channels.delete", account, "");
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    json::Object before;
    for (const std::string& id : ids) {
      BW_TRY(before[id], Remove(tx, account, id));
    }
    return control::Effect{.before = std::move(before),
                           .after = nullptr,
                           .governed = {AlertsResource(account)},
                           .events = {}};
  };
  return changes_.Submit(caller, change);
}

Result<Channel> Channels::Find(const AccountId& account, const std::string& id) const {
  return database_.ReadValue([&](db::Transaction& tx) { return Find(tx, account, id); });
}

Result<Channel> Channels::Find(db::Transaction& tx, const AccountId& account,
                               const std::string& id) {
  BW_TRY(auto channel, tx.QueryOne(std::string(kSelect) + "WHERE account = $1 AND id = $2",
                                   {account, id}, ChannelOf));
  if (!channel) return NotFound("notification channel " + id + " was not found");
  return *std::move(channel);
}

Result<std::vector<Channel>> Channels::List(const AccountId& account) const {
  return database_.ReadValue([&](db::Transaction& tx) { return List(tx, account); });
}

Result<std::vector<Channel>> Channels::List(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(std::string(kSelect) + "WHERE account = $1 ORDER BY created, id", {account},
                     ChannelOf);
}

std::vector<condition::ResourceType> Channels::Types() const {
  return {{"container-registry", "alerts"}};
}

Result<std::vector<control::Resource>> Channels::List(db::Transaction&,
                                                      const condition::ResourceType&,
                                                      const AccountId& account) {
  return std::vector<control::Resource>{AlertsResource(account)};
}

Result<condition::Facts> Channels::Read(db::Transaction& tx, const control::Resource& resource) {
  BW_TRY(const auto channels, List(tx, resource.account));
  condition::StringList working;
  std::string untried;
  condition::StringList plain;
  for (const Channel& channel : channels) {
    if (channel.enabled && !channel.endpoint.starts_with("https://")) plain.push_back(channel.name);
    if (!CoversImageVulnerabilities(channel)) continue;
    if (channel.last_outcome == Channel::Outcome::kSucceeded) working.push_back(channel.name);
    if (channel.last_outcome == Channel::Outcome::kNeverTried) untried = channel.name;
  }
  condition::Facts facts;
  const std::string source(kSource);
  if (working.empty() && !untried.empty()) {
    facts.Set(std::string(kProperty),
              condition::Fact::Unavailable(
                  "channel '" + untried + "' has not been tried yet; send a test over it", source,
                  clock_.Now()));
  } else {
    facts.Set(std::string(kProperty),
              condition::Fact::Present(std::move(working), source, clock_.Now()));
  }
  facts.Set("plain_channels", condition::Fact::Present(std::move(plain), source, clock_.Now()));
  return facts;
}

}  // namespace breakwater::notify
