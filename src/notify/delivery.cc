#include "notify/delivery.h"

#include "base/check.h"
#include "control/fact_events.h"
#include "crypto/jwt.h"
#include "crypto/sealing.h"
#include "insights/raised.h"
#include "json/reader.h"

namespace breakwater::notify {
namespace {

using json::Text;

constexpr std::string_view kFanOutJob = "notify.fan_out";
constexpr std::string_view kDeliverJob = "notify.deliver";
// An alert that nobody took for a day is given up. The number of attempts is only a backstop:
// pauses grow from a second to an hour.
constexpr std::chrono::hours kGiveUpAfter{24};
constexpr int kMaxAttempts = 100;
constexpr std::chrono::minutes kTokenLife{10};

std::string_view ToText(Channel::Outcome outcome) {
  switch (outcome) {
    case Channel::Outcome::kNeverTried: return "";
    case Channel::Outcome::kSucceeded: return "succeeded";
    case Channel::Outcome::kFailed: return "failed";
  }
  BW_UNREACHABLE();
}

json::Value AlertDocument(const insights::Raised& alert) {
  return {{"severity", Text(insights::ToString(alert.severity))},
          {"issuer", "Breakwater"},
          {"id", Text(alert.finding_name)},
          {"payload-type", "findings"},
          {"provider", Text(alert.provider)},
          {"finding_type", Text(alert.finding_type)},
          {"payload", alert.payload}};
}

json::Value TestDocument() {
  return {{"severity", "low"}, {"issuer", "Security Advisor Notification Test"},
          {"id", "test"},      {"payload-type", "findings"},
          {"provider", "ALL"}, {"payload", json::Object{}}};
}

}  // namespace

Deliveries::Deliveries(DeliveryDeps deps) : deps_(std::move(deps)) {
  jobs::Jobs& jobs = deps_.jobs;
  jobs.Register(std::string(kFanOutJob), {}, [this](const jobs::Job& job) { return FanOut(job); });
  jobs.Register(std::string(kDeliverJob), {.max_attempts = kMaxAttempts},
                [this](const jobs::Job& job) { return Deliver(job); });
  jobs.Subscribe(std::string(insights::kFindingRaised), std::string(kFanOutJob));
}

Status Deliveries::FanOut(const jobs::Job& job) {
  BW_TRY(const insights::Raised alert, insights::RaisedFrom(job.payload));
  const std::string document = json::Serialize(AlertDocument(alert));
  return deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto channels, Channels::List(tx, alert.account));
    for (const Channel& channel : channels) {
      if (!channel.Covers(alert.provider, alert.finding_type, alert.severity)) continue;
      const Timestamp now = deps_.clock.Now();
      const std::string id = NewUuidV7(now);
      BW_TRY(const std::int64_t added,
             tx.Execute("INSERT INTO notify_delivery (id, account, channel_id, finding_group, "
                        "alert, created, status, attempts) "
                        "VALUES ($1, $2, $3, $4, $5, $6, 'pending', 0) "
                        "ON CONFLICT (channel_id, finding_group) DO NOTHING",
                        {id, alert.account, channel.id, alert.group, document, now}));
      if (added == 0) continue;
      BW_TRY_STATUS(deps_.jobs.Enqueue(tx, {.kind = std::string(kDeliverJob),
                                            .payload = {{"delivery_id", Text(id)}},
                                            .run_at = {},
                                            .deduplication_key = id}));
    }
    return Ok();
  });
}

Status Deliveries::Deliver(const jobs::Job& job) {
  const json::Reader in(job.payload);
  const std::string id = in.Field("delivery_id").String();
  BW_TRY_STATUS(in.Finish());
  struct Pending {
    AccountId account;
    std::string channel_id;
    std::string alert;
    std::string status;
    Timestamp created;
  };
  BW_TRY(const auto pending, deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        "SELECT account, channel_id, alert, status, created FROM notify_delivery WHERE id = $1",
        {id}, [](const db::Row& row) {
          return Pending{AccountId(row.String(0)), row.String(1), row.String(2), row.String(3),
                         row.Time(4)};
        });
  }));
  // The channel was deleted, or an earlier run got through just before it died.
  if (!pending || pending->status != "pending") return Ok();
  BW_TRY(const Channel channel, deps_.channels.Find(pending->account, pending->channel_id));
  const Status sent = channel.enabled
                          ? SendAlert(channel, pending->alert, id)
                          : Status(Conflict("the channel was disabled before it could be sent"));
  const bool last = !channel.enabled || job.attempt >= kMaxAttempts ||
                    deps_.clock.Now() - pending->created >= kGiveUpAfter;
  const std::string status = sent.ok() ? "delivered" : last ? "dead" : "pending";
  BW_TRY_STATUS(deps_.database.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute(
        "UPDATE notify_delivery SET status = $1, attempts = $2, last_attempt = $3, "
        "last_error = $4 WHERE id = $5",
        {status, job.attempt, deps_.clock.Now(), sent.ok() ? "" : sent.error().message(), id}));
    return channel.enabled ? KeepOutcome(tx, channel, sent) : Ok();
  }));
  // A delivery that was given up needs no further run.
  return last ? Ok() : sent;
}

Status Deliveries::SendAlert(const Channel& channel, std::string_view alert,
                             const std::string& delivery_id) {
  BW_TRY(const json::Value document, json::Parse(alert));
  BW_TRY(const Message message, SignedMessage(channel, document, delivery_id));
  return deps_.sender.Send(message);
}

Status Deliveries::Test(const AccountId& account, const std::string& channel_id) {
  BW_TRY(const Channel channel, deps_.channels.Find(account, channel_id));
  BW_TRY(const Message message,
         SignedMessage(channel, TestDocument(), NewUuidV7(deps_.clock.Now())));
  const Status sent = deps_.sender.Send(message);
  BW_TRY_STATUS(
      deps_.database.Write([&](db::Transaction& tx) { return KeepOutcome(tx, channel, sent); }));
  return sent;
}

Status Deliveries::KeepOutcome(db::Transaction& tx, const Channel& channel, const Status& outcome) {
  const auto now_is = outcome.ok() ? Channel::Outcome::kSucceeded : Channel::Outcome::kFailed;
  BW_TRY(const auto before,
         tx.QueryOne("SELECT last_outcome FROM notify_channel WHERE id = $1", {channel.id},
                     [](const db::Row& row) { return row.String(0); }));
  if (!before) return Ok();  // deleted meanwhile
  BW_TRY(const Channel now_configured, Channels::Find(tx, channel.account, channel.id));
  // What was tried is not what is configured now.
  if (now_configured.endpoint != channel.endpoint) return Ok();
  BW_TRY_STATUS(
      tx.Execute("UPDATE notify_channel SET last_outcome = $1, last_attempt = $2, "
                 "last_error = $3 WHERE id = $4",
                 {ToText(now_is), deps_.clock.Now(), outcome.ok() ? "" : outcome.error().message(),
                  channel.id}));
  if (*before == ToText(now_is)) return Ok();
  return deps_.jobs.Emit(tx, control::FactsChanged(AlertsResource(channel.account)));
}

Result<Message> Deliveries::SignedMessage(const Channel& channel, const json::Value& alert,
                                          const std::string& delivery_id) {
  BW_TRY(const crypto::SigningKey key, KeyOf(channel.account));
  const Timestamp now = deps_.clock.Now();
  // Receivers of different years read the alerts under different names (ibm-scc 4.3).
  const json::Object claims{
      {"iss", Text(deps_.server_name)},         {"iat", ToUnixSeconds(now)},
      {"exp", ToUnixSeconds(now + kTokenLife)}, {"jti", Text(delivery_id)},
      {"findings", json::Array{alert}},         {"security-advisor-alerts", json::Array{alert}}};
  BW_TRY(const std::string token, crypto::SignJwt(key, claims));
  return Message{.endpoint = channel.endpoint,
                 .body = json::Serialize(json::Value{{"data", Text(token)}}),
                 .headers = {{"X-Request-Id", delivery_id}, {"X-Signature-Key-Id", key.kid()}}};
}

Result<std::string> Deliveries::PublicKey(const AccountId& account) {
  BW_TRY(const crypto::SigningKey key, KeyOf(account));
  return key.public_key().ToPem();
}

Result<crypto::SigningKey> Deliveries::KeyOf(const AccountId& account) {
  const std::string place = "notify_key/" + account.value();
  const auto stored = [&](db::Transaction& tx) {
    return tx.QueryOne("SELECT sealed_pem FROM notify_key WHERE account = $1", {account},
                       [](const db::Row& row) {
                         const ByteView bytes = row.Blob(0);
                         return Bytes(bytes.begin(), bytes.end());
                       });
  };
  BW_TRY(auto sealed, deps_.database.ReadValue(stored));
  if (!sealed) {
    const crypto::SigningKey fresh = crypto::SigningKey::Generate();
    BW_TRY(const Bytes mine,
           crypto::Seal(deps_.sealing_key, AsBytes(fresh.ToPem().Reveal()), AsBytes(place)));
    // Of two first needs one wins; both then use the winner's.
    BW_TRY(sealed,
           deps_.database.WriteValue([&](db::Transaction& tx) -> Result<std::optional<Bytes>> {
             BW_TRY_STATUS(
                 tx.Execute("INSERT INTO notify_key (account, sealed_pem, created) "
                            "VALUES ($1, $2, $3) ON CONFLICT (account) DO NOTHING",
                            {account, mine, deps_.clock.Now()}));
             return stored(tx);
           }));
  }
  BW_CHECK(sealed.has_value());
  BW_TRY(const Secret pem, crypto::Open(deps_.sealing_key, *sealed, AsBytes(place)));
  return crypto::SigningKey::FromPem(pem);
}

Result<std::vector<Delivery>> Deliveries::List(const AccountId& account,
                                               const std::string& channel_id,
                                               std::int64_t limit) const {
  return deps_.database.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT id, channel_id, finding_group, status, attempts, created, last_attempt, last_error "
        "FROM notify_delivery WHERE account = $1 AND channel_id = $2 ORDER BY id DESC LIMIT $3",
        {account, channel_id, limit}, [](const db::Row& row) {
          return Delivery{.id = row.String(0),
                          .channel_id = row.String(1),
                          .finding_group = row.String(2),
                          .status = row.String(3),
                          .attempts = row.Int(4),
                          .created = row.Time(5),
                          .last_attempt = row.OptionalTime(6),
                          .last_error = row.String(7)};
        });
  });
}

}  // namespace breakwater::notify
