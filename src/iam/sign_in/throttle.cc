#include "iam/sign_in/throttle.h"

#include <algorithm>
#include <cmath>

#include "base/ip.h"
#include "crypto/hash.h"

namespace breakwater::iam {
namespace {

using std::chrono::seconds;

constexpr std::size_t kIpv6Network = 8;  // octets: what one customer has

struct Failures {
  std::int64_t count = 0;
  Timestamp last;
  Timestamp blocked_until;
};

Error TooMany(seconds wait) {
  const auto whole = std::max<std::int64_t>(wait.count(), 1);
  return Error(ErrorCode::kRateLimited,
               "too many attempts to sign in: try again in " + std::to_string(whole) + " seconds")
      .Reason("too_many_attempts")
      .Detail("retry_after", std::to_string(whole));
}

seconds Until(Timestamp end, Timestamp now) {
  return std::chrono::ceil<seconds>(end - now);
}

Result<Failures> ReadFailures(db::Transaction& tx, const std::string& subject) {
  BW_TRY(const auto found,
         tx.QueryOne("SELECT failures, last_at, blocked_until FROM iam_sign_in_failure WHERE "
                     "subject = $1",
                     {subject}, [](const db::Row& row) {
                       return Failures{row.Int(0), row.Time(1), row.Time(2)};
                     }));
  return found.value_or(Failures{});
}

Result<bool> IsKnown(db::Transaction& tx, const ThrottleSubject& subject, Timestamp since) {
  BW_TRY(const auto seen,
         tx.QueryOne("SELECT seen_at FROM iam_sign_in_address WHERE subject = $1 AND network = $2 "
                     "AND seen_at >= $3",
                     {subject.everywhere, subject.network, since},
                     [](const db::Row& row) { return row.Time(0); }));
  return seen.has_value();
}

double Refilled(double left, Timestamp at, Timestamp now, const ThrottleOptions& options) {
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - at).count();
  return std::min(options.address_burst,
                  left + std::max(minutes, 0.0) * options.address_per_minute);
}

ThrottleSubject In(std::string subject, std::string_view address) {
  std::string network = NetworkOf(address);
  std::string here = subject + "@" + network;
  return {std::move(subject), std::move(here), std::move(network)};
}

std::string BucketOf(const Bytes& hash) {
  // 65 536 rows at most.
  return HexEncode(std::span(hash).first(2));
}

}  // namespace

std::string NetworkOf(std::string_view address) {
  const auto parsed = IpAddress::Parse(address);
  if (!parsed.ok() || parsed->is_v4()) return std::string(address);
  return HexEncode(std::as_bytes(parsed->bytes().first(kIpv6Network))) + "/64";
}

Status SignInThrottle::EnterAddress(std::string_view address) {
  const Timestamp now = clock_.Now();
  const std::string key = NetworkOf(address);
  const MutexLock lock(mutex_);
  if (!addresses_.contains(key)) {
    if (addresses_.size() >= options_.addresses) MakeRoom(now);
    addresses_.emplace(key, Bucket{options_.address_burst, now});
  }
  Bucket& bucket = addresses_[key];
  bucket.left = Refilled(bucket.left, bucket.at, now, options_);
  bucket.at = now;
  if (bucket.left < 1) {
    const double wait = (1 - bucket.left) * 60 / options_.address_per_minute;
    return TooMany(seconds(static_cast<std::int64_t>(std::ceil(wait))));
  }
  bucket.left -= 1;
  return Ok();
}

void SignInThrottle::MakeRoom(Timestamp now) {
  std::erase_if(addresses_, [&](const auto& item) {
    return Refilled(item.second.left, item.second.at, now, options_) >= options_.address_burst;
  });
  if (addresses_.size() < options_.addresses) return;
  const auto oldest =
      std::min_element(addresses_.begin(), addresses_.end(),
                       [](const auto& a, const auto& b) { return a.second.at < b.second.at; });
  addresses_.erase(oldest);
}

void SignInThrottle::ForgetAddress(std::string_view address) {
  const MutexLock lock(mutex_);
  const auto found = addresses_.find(NetworkOf(address));
  if (found == addresses_.end()) return;
  found->second.left = std::min(found->second.left + 1, options_.address_burst);
}

Status SignInThrottle::Charge(db::Transaction& tx, const std::string& subject, std::int64_t free,
                              Timestamp now) {
  BW_TRY(Failures failures, ReadFailures(tx, subject));
  if (failures.last + options_.memory <= now) failures = {};
  ++failures.count;
  const std::int64_t beyond = failures.count - free;
  if (beyond > 0) {
    const std::int64_t doubled = std::int64_t{1} << std::min<std::int64_t>(beyond, 30);
    failures.blocked_until = now + std::min(seconds(doubled), options_.longest_block);
  }
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO iam_sign_in_failure (subject, failures, last_at, blocked_until) VALUES ($1, $2, "
      "$3, $4) ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = "
      "excluded.last_at, blocked_until = excluded.blocked_until",
      {subject, failures.count, now, failures.blocked_until}));
  return Ok();
}

Status SignInThrottle::EnterName(const ThrottleSubject& subject) {
  const Timestamp now = clock_.Now();
  const Timestamp since = now - options_.addresses_known_for;
  // Nothing if the attempt may be made; and whether the address is one of theirs.
  const auto look = [&](db::Transaction& tx) -> Result<bool> {
    BW_TRY(const Failures here, ReadFailures(tx, subject.here));
    if (here.blocked_until > now) return TooMany(Until(here.blocked_until, now));
    BW_TRY(const bool known, IsKnown(tx, subject, since));
    if (known) return true;
    BW_TRY(const Failures everywhere, ReadFailures(tx, subject.everywhere));
    if (everywhere.blocked_until > now) return TooMany(Until(everywhere.blocked_until, now));
    return false;
  };
  // Whoever is blocked costs one read.
  BW_TRY_STATUS(database_.ReadValue(look));
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const bool known, look(tx));
    BW_TRY_STATUS(Charge(tx, subject.here, options_.free_failures, now));
    return known ? Ok() : Charge(tx, subject.everywhere, options_.free_failures_everywhere, now);
  });
}

Status SignInThrottle::ForgetName(const ThrottleSubject& subject) {
  const Timestamp now = clock_.Now();
  return database_.Write([&](db::Transaction& tx) -> Status {
    // Theirs alone: others' go on counting.
    BW_TRY(const Failures here, ReadFailures(tx, subject.here));
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_sign_in_failure WHERE subject = $1", {subject.here}));
    BW_TRY_STATUS(
        tx.Execute("UPDATE iam_sign_in_failure SET failures = failures - $2 WHERE subject = $1 AND "
                   "failures >= $2",
                   {subject.everywhere, here.count}));
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO iam_sign_in_address (subject, network, seen_at) VALUES ($1, $2, $3) ON "
        "CONFLICT (subject, network) DO UPDATE SET seen_at = excluded.seen_at",
        {subject.everywhere, subject.network, now}));
    BW_TRY_STATUS(tx.Execute(
        "DELETE FROM iam_sign_in_address WHERE subject = $1 AND network NOT IN (SELECT network "
        "FROM iam_sign_in_address WHERE subject = $1 ORDER BY seen_at DESC, network LIMIT $2)",
        {subject.everywhere, options_.known_addresses}));
    return Ok();
  });
}

Status SignInThrottle::Sweep() {
  const Timestamp now = clock_.Now();
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM iam_sign_in_failure WHERE last_at < $1", {now - options_.memory}));
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_sign_in_address WHERE seen_at < $1",
                             {now - options_.addresses_known_for}));
    return Ok();
  });
}

ThrottleSubject SignInThrottle::User(const IamId& iam_id, std::string_view address) {
  return In("user:" + iam_id.value(), address);
}

ThrottleSubject SignInThrottle::OfSource(std::string_view realm, std::string_view subject,
                                         std::string_view address) {
  std::string both = std::to_string(realm.size()) + ":";
  both.append(realm).append(subject);
  return In("source:" + crypto::Sha256Hex(both), address);
}

ThrottleSubject SignInThrottle::Unknown(const KeyHasher& hasher, std::string_view name,
                                        std::string_view address) {
  ThrottleSubject subject;
  subject.network = NetworkOf(address);
  const std::string text(name);
  subject.everywhere = "unknown:" + BucketOf(hasher.Hash(Secret(text)));
  subject.here = "unknown-here:" + BucketOf(hasher.Hash(Secret(text + "\n" + subject.network)));
  return subject;
}

}  // namespace breakwater::iam
