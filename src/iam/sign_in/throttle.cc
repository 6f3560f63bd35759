#include "iam/sign_in/throttle.h"

#include <algorithm>
#include <cmath>

#include "base/ip.h"

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
      .Reason("too_many_attempts");
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

// Who may have many addresses is known by their network.
std::string Network(std::string_view address) {
  const auto parsed = IpAddress::Parse(address);
  if (!parsed.ok() || parsed->is_v4()) return std::string(address);
  const auto octets = parsed->bytes().first(kIpv6Network);
  return std::string(reinterpret_cast<const char*>(octets.data()), octets.size());
}

double Refilled(double left, Timestamp at, Timestamp now, const ThrottleOptions& options) {
  const double minutes = std::chrono::duration<double, std::ratio<60>>(now - at).count();
  return std::min(options.address_burst,
                  left + std::max(minutes, 0.0) * options.address_per_minute);
}

}  // namespace

Status SignInThrottle::EnterAddress(std::string_view address) {
  const Timestamp now = clock_.Now();
  const std::string key = Network(address);
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
  const auto found = addresses_.find(Network(address));
  if (found == addresses_.end()) return;
  found->second.left = std::min(found->second.left + 1, options_.address_burst);
}

Status SignInThrottle::EnterName(const std::string& subject) {
  const Timestamp now = clock_.Now();
  // Whoever is blocked costs one read.
  BW_TRY(const Failures known,
         database_.ReadValue([&](db::Transaction& tx) { return ReadFailures(tx, subject); }));
  if (known.blocked_until > now) return TooMany(Until(known.blocked_until, now));
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(Failures failures, ReadFailures(tx, subject));
    if (failures.blocked_until > now) return TooMany(Until(failures.blocked_until, now));
    if (failures.last + options_.memory <= now) failures = {};
    ++failures.count;
    const std::int64_t beyond = failures.count - options_.free_failures;
    if (beyond > 0) {
      const std::int64_t doubled = std::int64_t{1} << std::min<std::int64_t>(beyond, 30);
      failures.blocked_until = now + std::min(seconds(doubled), options_.longest_block);
    }
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO iam_sign_in_failure (subject, failures, last_at, blocked_until) VALUES ($1, "
        "$2, $3, $4) ON CONFLICT (subject) DO UPDATE SET failures = excluded.failures, last_at = "
        "excluded.last_at, blocked_until = excluded.blocked_until",
        {subject, failures.count, now, failures.blocked_until}));
    return Ok();
  });
}

Status SignInThrottle::ForgetName(const std::string& subject) {
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_sign_in_failure WHERE subject = $1", {subject}));
    return Ok();
  });
}

Status SignInThrottle::Sweep() {
  const Timestamp before = clock_.Now() - options_.memory;
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(tx.Execute("DELETE FROM iam_sign_in_failure WHERE last_at < $1", {before}));
    return Ok();
  });
}

std::string SignInThrottle::UserSubject(const IamId& iam_id) {
  return "user:" + iam_id.value();
}

std::string SignInThrottle::UnknownSubject(std::string_view hash_of_name) {
  // 65 536 rows at most.
  std::string subject = "unknown:";
  subject += HexEncode(AsBytes(hash_of_name.substr(0, 2)));
  return subject;
}

}  // namespace breakwater::iam
