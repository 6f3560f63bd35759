#include "iam/signing_keys.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/sync.h"
#include "crypto/sealing.h"
#include "iam/signing_key_rows.h"
#include "observe/log.h"

namespace breakwater::iam {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
// Tokens of unknown keys cost no more than this many looks.
constexpr std::chrono::milliseconds kLeastBetweenLooks{50};

struct KnownKey {
  crypto::SigningKey key;
  Timestamp signs_from;
};

// What the rows said at one time. Immutable.
struct Snapshot {
  std::vector<KnownKey> keys;  // in the order in which they sign; never empty
  std::shared_ptr<const crypto::KeySet> verifying;
};

using SnapshotPtr = std::shared_ptr<const Snapshot>;

Result<SnapshotPtr> MakeSnapshot(std::vector<KnownKey> keys) {
  auto snapshot = std::make_shared<Snapshot>();
  auto verifying = std::make_shared<crypto::KeySet>();
  for (const KnownKey& known : keys) BW_TRY_STATUS(verifying->Add(known.key.public_key()));
  snapshot->keys = std::move(keys);
  snapshot->verifying = std::move(verifying);
  return SnapshotPtr(std::move(snapshot));
}

Result<std::vector<SealedKey>> MakeFirst(db::Database& database, const Secret& master_key,
                                         const Clock& clock) {
  const Timestamp now = clock.Now();
  BW_TRY(const SealedKey made,
         SealSigningKey(crypto::SigningKey::Generate(), master_key, now, now));
  return database.WriteValue([&](db::Transaction& tx) -> Result<std::vector<SealedKey>> {
    BW_TRY(auto keys, ReadSigningKeys(tx));
    if (!keys.empty()) return keys;
    BW_TRY_STATUS(InsertSigningKey(tx, made));
    return std::vector<SealedKey>{made};
  });
}

}  // namespace

Result<std::vector<SealedKey>> ReadSigningKeys(db::Transaction& tx) {
  return tx.QueryAll(
      "SELECT kid, sealed, created_at, signs_from FROM iam_signing_key "
      "ORDER BY signs_from, created_at, kid",
      {}, [](const db::Row& row) {
        const ByteView sealed = row.Blob(1);
        return SealedKey{row.String(0), Bytes(sealed.begin(), sealed.end()), row.Time(2),
                         row.Time(3)};
      });
}

Result<SealedKey> SealSigningKey(const crypto::SigningKey& key, const Secret& master_key,
                                 Timestamp created, Timestamp signs_from) {
  BW_TRY(Bytes sealed, crypto::Seal(master_key, AsBytes(key.ToPem().Reveal()), AsBytes(key.kid())));
  return SealedKey{key.kid(), std::move(sealed), created, signs_from};
}

Status InsertSigningKey(db::Transaction& tx, const SealedKey& key) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_signing_key (kid, sealed, created_at, signs_from) VALUES ($1, $2, $3, $4)",
      {key.kid, key.sealed, key.created, key.signs_from}));
  return Ok();
}

Result<crypto::SigningKey> OpenSigningKey(const SealedKey& key, const Secret& master_key) {
  auto pem = crypto::Open(master_key, key.sealed, AsBytes(key.kid));
  if (!pem.ok()) {
    return DataCorrupt(
               "the signing key cannot be opened: the master key is not the one it was "
               "sealed with")
        .Reason("master_key_wrong")
        .Log(pem.error().log());
  }
  return crypto::SigningKey::FromPem(*pem);
}

class SigningKeys::State {
 public:
  explicit State(SnapshotPtr fixed) : snapshot_(std::move(fixed)) {}
  State(db::Database& database, Secret master_key, const Clock& clock)
      : database_(&database), clock_(&clock), master_key_(std::move(master_key)) {}

  Status Load(std::vector<SealedKey> sealed) BW_EXCLUDES(mutex_) {
    std::map<std::string, crypto::SigningKey> known;
    if (const SnapshotPtr old = Latest(); old != nullptr) {
      for (const KnownKey& one : old->keys) known.emplace(one.key.kid(), one.key);
    }
    std::vector<KnownKey> keys;
    for (const SealedKey& row : sealed) {
      const auto found = known.find(row.kid);
      if (found != known.end()) {
        keys.push_back({found->second, row.signs_from});
        continue;
      }
      BW_TRY(auto opened, OpenSigningKey(row, master_key_));
      keys.push_back({std::move(opened), row.signs_from});
    }
    if (keys.empty()) return DataCorrupt("there is no signing key").Reason("signing_key_missing");
    BW_TRY(auto snapshot, MakeSnapshot(std::move(keys)));
    const MutexLock lock(mutex_);
    snapshot_ = std::move(snapshot);
    return Ok();
  }

  // What is known, looked up anew if that is longer ago than `age`.
  SnapshotPtr Get(std::chrono::milliseconds age) BW_EXCLUDES(mutex_) {
    if (database_ == nullptr || !IsDue(age)) return Latest();
    const auto epoch = database_->epoch();
    Status looked = Ok();
    if (!epoch || epoch != Epoch()) {
      auto rows = database_->ReadValue(ReadSigningKeys);
      looked = rows.ok() ? Load(*std::move(rows)) : Status(rows.error());
    }
    Looked(looked.ok(), epoch);
    if (!looked.ok() && looked.error().reason() != "would_wait") {
      observe::LogError(observe::Level::kWarning, "signing keys cannot be read; those known go on",
                        looked.error());
    }
    return Latest();
  }

  Timestamp Now() const { return clock_ == nullptr ? Timestamp{} : clock_->Now(); }

 private:
  SnapshotPtr Latest() BW_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return snapshot_;
  }
  // Of all threads that find it is time, one looks.
  bool IsDue(std::chrono::milliseconds age) BW_EXCLUDES(mutex_) {
    const Timestamp now = clock_->Now();
    const MutexLock lock(mutex_);
    if (looking_ || (looked_ && now >= *looked_ && now < *looked_ + age)) return false;
    looking_ = true;
    return true;
  }
  void Looked(bool good, std::optional<std::uint64_t> epoch) BW_EXCLUDES(mutex_) {
    const Timestamp now = clock_->Now();
    const MutexLock lock(mutex_);
    looking_ = false;
    if (!good) return;
    looked_ = now;
    epoch_ = epoch;
  }
  std::optional<std::uint64_t> Epoch() BW_EXCLUDES(mutex_) {
    const MutexLock lock(mutex_);
    return epoch_;
  }

  db::Database* const database_ = nullptr;
  const Clock* const clock_ = nullptr;
  const Secret master_key_;
  Mutex mutex_;
  SnapshotPtr snapshot_ BW_GUARDED_BY(mutex_);
  std::optional<Timestamp> looked_ BW_GUARDED_BY(mutex_);
  std::optional<std::uint64_t> epoch_ BW_GUARDED_BY(mutex_);  // when it was read last
  bool looking_ BW_GUARDED_BY(mutex_) = false;
};

Result<SigningKeys> SigningKeys::Open(db::Database& database, const Secret& master_key,
                                      const Clock& clock) {
  BW_TRY(auto sealed, database.ReadValue(ReadSigningKeys));
  if (sealed.empty()) {
    BW_TRY(sealed, MakeFirst(database, master_key, clock));
  }
  auto state = std::make_shared<State>(database, master_key, clock);
  BW_TRY_STATUS(state->Load(std::move(sealed)));
  return SigningKeys(std::move(state));
}

SigningKeys SigningKeys::Fixed(crypto::SigningKey key) {
  auto snapshot = MakeSnapshot({{std::move(key), Timestamp{}}});
  BW_CHECK(snapshot.ok());
  return SigningKeys(std::make_shared<State>(*std::move(snapshot)));
}

Status SigningKeys::Check(db::Database& database, const Secret& master_key) {
  BW_TRY(const auto sealed, database.ReadValue(ReadSigningKeys));
  for (const SealedKey& key : sealed) {
    BW_TRY(const auto opened, OpenSigningKey(key, master_key));
    static_cast<void>(opened);
  }
  return Ok();
}

crypto::SigningKey SigningKeys::current() const {
  const SnapshotPtr snapshot = state_->Get(kLookEvery);
  const Timestamp now = state_->Now();
  const auto& keys = snapshot->keys;
  const auto signs = std::find_if(keys.rbegin(), keys.rend(),
                                  [&](const KnownKey& known) { return known.signs_from <= now; });
  // Behind a clock that was set back, the first has begun before any other.
  return signs == keys.rend() ? keys.front().key : signs->key;
}

std::shared_ptr<const crypto::KeySet> SigningKeys::verifying() const {
  return state_->Get(kLookEvery)->verifying;
}

std::shared_ptr<const crypto::KeySet> SigningKeys::verifying_now() const {
  return state_->Get(kLeastBetweenLooks)->verifying;
}

}  // namespace breakwater::iam
