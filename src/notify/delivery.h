// Alerts on their way: written to a durable outbox with what caused them, signed, sent at least
// once, retried with growing pauses for about a day, and their outcome kept as proof.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "crypto/signing.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "notify/channel.h"
#include "notify/channels.h"
#include "notify/sender.h"

namespace breakwater::notify {

struct Delivery {
  std::string id;
  std::string channel_id;
  std::string finding_group;
  std::string status;  // "pending", "delivered", "dead"
  std::int64_t attempts = 0;
  Timestamp created;
  std::optional<Timestamp> last_attempt;
  std::string last_error;
};

struct DeliveryDeps {
  db::Database& database;
  jobs::Jobs& jobs;
  Channels& channels;
  Sender& sender;
  const Clock& clock;
  Secret sealing_key;       // encrypts signing keys at rest
  std::string server_name;  // names the issuer's registry in alerts
};

// Thread-safe.
class Deliveries {
 public:
  // Registers its jobs: before jobs start.
  explicit Deliveries(DeliveryDeps deps);

  // Sends a test message now; OK if the receiver took it. The outcome is kept either way.
  Status Test(const AccountId& account, const std::string& channel_id);
  // PEM of the key that verifies an account's alerts; made at the first need.
  Result<std::string> PublicKey(const AccountId& account);
  // Newest first.
  Result<std::vector<Delivery>> List(const AccountId& account, const std::string& channel_id,
                                     std::int64_t limit) const;

 private:
  Status FanOut(const jobs::Job& job);
  Status Deliver(const jobs::Job& job);
  Status SendAlert(const Channel& channel, std::string_view alert, const std::string& delivery_id);
  Result<crypto::SigningKey> KeyOf(const AccountId& account);
  Result<Message> SignedMessage(const Channel& channel, const json::Value& alert,
                                const std::string& delivery_id);
  // Keeps a channel's outcome and tells posture when it changed.
  Status KeepOutcome(db::Transaction& tx, const Channel& channel, const Status& outcome);

  DeliveryDeps deps_;
};

}  // namespace breakwater::notify
