#include "registry/admission.h"

#include <array>

namespace breakwater::registry {
namespace {

std::array<BookKey, 2> BooksOf(const RepositoryPath& path) {
  return {
      BookKey{.account = path.account, .registry = path.registry, .name_space = {}},
      BookKey{.account = path.account, .registry = path.registry, .name_space = path.name_space}};
}

std::string Whose(const BookKey& key) {
  return key.name_space.empty() ? "the account's" : "the namespace " + key.name_space + "'s";
}

Error Exceeded(const BookKey& key, std::string_view quota, std::int64_t used, std::int64_t limit,
               const std::string& message) {
  return Error(ErrorCode::kQuota, message)
      .Reason(std::string(quota) + "_quota_exceeded")
      .Detail("quota", std::string(quota))
      .Detail("scope", key.name_space.empty() ? "account" : "namespace " + key.name_space)
      .Detail("used", std::to_string(used))
      .Detail("limit", std::to_string(limit));
}

Error StorageExceeded(const BookKey& key, std::int64_t used, std::int64_t limit,
                      std::uint64_t more) {
  std::string message = Whose(key) + " storage quota in " + key.registry.value();
  const std::string amounts = std::to_string(used) + " of " + std::to_string(limit) + " bytes";
  if (used >= limit) {
    message += " is used up: " + amounts + " are stored";
  } else {
    message += " leaves no room for this: " + amounts + " are stored";
    if (more > 0) message += ", and " + std::to_string(more) + " would be added";
  }
  message += ". Delete images that are not needed";
  message +=
      key.name_space.empty() ? ", raise the quota or change the plan" : " or raise the quota";
  return Exceeded(key, "storage", used, limit, message);
}

Error TrafficExceeded(const BookKey& key, const Traffic::State& state,
                      std::chrono::year_month month, std::uint64_t more) {
  const std::int64_t limit = state.limits.traffic;
  std::string message =
      Whose(key) + " pull traffic quota of " + ToString(month) + " in " + key.registry.value();
  const std::string amounts =
      std::to_string(state.used) + " of " + std::to_string(limit) + " bytes";
  if (state.used >= limit) {
    message += " is used up: " + amounts + " were pulled";
  } else {
    message +=
        " leaves no room for " + std::to_string(more) + " bytes: " + amounts + " were pulled";
  }
  message += ". Raise the quota, pull over the private network, or wait until " +
             FormatRfc3339(EndOf(month));
  return Exceeded(key, "traffic", state.used, limit, message);
}

bool WouldExceed(std::int64_t used, std::uint64_t more, std::int64_t limit) {
  return used >= limit || more > static_cast<std::uint64_t>(limit - used);
}

Result<bool> Exists(db::Transaction& tx, std::string_view sql,
                    std::initializer_list<db::Param> params) {
  BW_TRY(const auto found, tx.QueryOne(sql, params, [](const db::Row&) { return true; }));
  return found.has_value();
}

// Nothing else of the repository leads to it.
Result<bool> IsUnnamed(db::Transaction& tx, const std::string& repository,
                       const oci::Digest& manifest) {
  return Exists(tx,
                "SELECT 1 FROM manifest m WHERE m.repository = $1 AND m.digest = $2 AND NOT EXISTS "
                "(SELECT 1 FROM tag t WHERE t.repository = $1 AND t.digest = $2) AND NOT EXISTS "
                "(SELECT 1 FROM manifest_reference e WHERE e.repository = $1 AND e.target = $2 AND "
                "e.kind = 2)",
                {repository, manifest.text()});
}

Result<bool> IsUnneeded(db::Transaction& tx, const std::string& repository,
                        const oci::Digest& blob) {
  return Exists(tx,
                "SELECT 1 FROM repository_blob l WHERE l.repository = $1 AND l.digest = $2 AND NOT "
                "EXISTS (SELECT 1 FROM manifest_reference e WHERE e.repository = $1 AND "
                "e.target = $2 AND e.kind <> 2)",
                {repository, blob.text()});
}

Result<bool> ChangesNothing(db::Transaction& tx, const ManifestToPut& put) {
  BW_TRY(const bool known,
         Exists(tx, "SELECT 1 FROM manifest WHERE repository = $1 AND digest = $2",
                {put.repository_id, put.digest.text()}));
  if (!known) return false;
  for (const std::string& tag : put.tags) {
    BW_TRY(const bool same,
           Exists(tx, "SELECT 1 FROM tag WHERE repository = $1 AND name = $2 AND digest = $3",
                  {put.repository_id, tag, put.digest.text()}));
    if (!same) return false;
  }
  return true;
}

}  // namespace

Result<std::vector<Admission::Scope>> Admission::Limited(const RepositoryPath& path) const {
  std::vector<Scope> scopes;
  for (const BookKey& key : BooksOf(path)) {
    BW_TRY(const Traffic::State state, traffic_.Get(key));
    if (state.limits.storage != kUnlimited) scopes.push_back({key, state.limits});
  }
  return scopes;
}

Status Admission::CheckStorage(const RepositoryPath& path, std::uint64_t bytes, Limit which) const {
  BW_TRY(const auto limited, Limited(path));
  for (const Scope& scope : limited) {
    if (which == Limit::kHard && !scope.limits.hard) continue;
    BW_TRY_STATUS(CheckStorage(scope, bytes));
  }
  return Ok();
}

Status Admission::CheckStorage(const Scope& scope, std::uint64_t bytes) const {
  BW_TRY(const std::int64_t used,
         database_.ReadValue([&](db::Transaction& tx) { return StoredBytes(tx, scope.key); }));
  const auto refused = [&](const Limits& limits) {
    if (limits.storage == kUnlimited) return false;
    return limits.hard ? WouldExceed(used, bytes, limits.storage) : used >= limits.storage;
  };
  if (!refused(scope.limits)) return Ok();
  // Another process may have raised it meanwhile.
  BW_TRY(const Traffic::State now, traffic_.GetNow(scope.key));
  if (!refused(now.limits)) return Ok();
  return StorageExceeded(scope.key, used, now.limits.storage, bytes);
}

Status Admission::BeginPush(const RepositoryPath& path, std::uint64_t bytes) const {
  return CheckStorage(path, bytes, Limit::kAny);
}

Status Admission::ContinuePush(const RepositoryPath& path, std::uint64_t bytes) const {
  return CheckStorage(path, bytes, Limit::kHard);
}

Result<Admission::Terms> Admission::TermsOf(const RepositoryPath& path) const {
  BW_TRY(Terms terms, HardTermsOf(path));
  BW_TRY(const auto limited, Limited(path));
  for (const Scope& scope : limited) {
    if (scope.limits.hard) continue;
    Status begun = CheckStorage(scope, 0);
    if (begun.ok()) continue;
    if (begun.error().code() != ErrorCode::kQuota) return std::move(begun).error();
    terms.soft.emplace_back(scope.key, std::move(begun).error());
  }
  return terms;
}

Result<Admission::Terms> Admission::HardTermsOf(const RepositoryPath& path) const {
  Terms terms;
  BW_TRY(const auto limited, Limited(path));
  for (const Scope& scope : limited) {
    // A hard limit is judged by what is stored in the end: a manifest may add nothing.
    if (scope.limits.hard) terms.hard.emplace_back(scope.key, scope.limits.storage);
  }
  return terms;
}

Status Admission::JudgePull(const BookKey& key, const Traffic::State& state, std::uint64_t bytes,
                            bool begins) const {
  if (state.limits.traffic == kUnlimited) return Ok();
  const bool refused = [&] {
    if (state.limits.hard) return WouldExceed(state.used, bytes, state.limits.traffic);
    if (!state.reached) return false;
    return begins || clock_.Now() >= *state.reached + options_.pull_grace;
  }();
  if (!refused) return Ok();
  return TrafficExceeded(key, state, MonthOf(clock_.Now()), bytes);
}

Status Admission::CheckTraffic(const RepositoryPath& path, std::uint64_t bytes, bool begins) const {
  for (const BookKey& key : BooksOf(path)) {
    BW_TRY(const Traffic::State state, traffic_.Get(key));
    if (JudgePull(key, state, bytes, begins).ok()) continue;
    // Another process may have raised the quota meanwhile.
    BW_TRY(const Traffic::State now, traffic_.GetNow(key));
    BW_TRY_STATUS(JudgePull(key, now, bytes, begins));
  }
  return Ok();
}

Status Admission::BeginPull(const RepositoryPath& path) const {
  return CheckTraffic(path, 0, /*begins=*/true);
}

Status Admission::ContinuePull(const RepositoryPath& path, std::uint64_t bytes) const {
  return CheckTraffic(path, bytes, /*begins=*/false);
}

void Admission::CountPull(const RepositoryPath& path, std::uint64_t bytes) const {
  traffic_.Count(
      {.account = path.account, .registry = path.registry, .name_space = path.name_space}, bytes);
}

namespace {

// Or changes nothing.
Result<bool> FinishesPush(db::Transaction& tx, const ManifestToPut& put) {
  BW_TRY(const bool nothing, ChangesNothing(tx, put));
  if (nothing) return true;
  BW_TRY(const bool pushed, IsUnnamed(tx, put.repository_id, put.digest));
  if (pushed) return true;
  for (const oci::Descriptor& blob : put.manifest.RequiredBlobs()) {
    BW_TRY(const bool waiting, IsUnneeded(tx, put.repository_id, blob.digest));
    if (waiting) return true;
  }
  for (const oci::Descriptor& child : put.manifest.manifests) {
    BW_TRY(const bool waiting, IsUnnamed(tx, put.repository_id, child.digest));
    if (waiting) return true;
  }
  return false;
}

}  // namespace

Status AdmitManifest(db::Transaction& tx, const Admission::Terms& terms, const ManifestToPut& put) {
  if (terms.soft.empty()) return Ok();
  BW_TRY(const bool finishes, FinishesPush(tx, put));
  return finishes ? Ok() : Status(terms.soft.front().second);
}

Result<LimitedUse> ReadUse(db::Transaction& tx, const Admission::Terms& terms) {
  LimitedUse use;
  for (const auto& hard : terms.hard) {
    BW_TRY(const std::int64_t used, StoredBytes(tx, hard.first));
    use.hard.push_back(used);
  }
  for (const auto& soft : terms.soft) {
    BW_TRY(const std::int64_t used, StoredBytes(tx, soft.first));
    use.soft.push_back(used);
  }
  return use;
}

Status CheckSoftLimits(db::Transaction& tx, const Admission::Terms& terms,
                       const LimitedUse& before) {
  for (std::size_t i = 0; i < terms.soft.size(); ++i) {
    BW_TRY(const std::int64_t used, StoredBytes(tx, terms.soft[i].first));
    if (used > before.soft.at(i)) return terms.soft[i].second;
  }
  return Ok();
}

Status CheckHardLimits(db::Transaction& tx, const Admission::Terms& terms,
                       const LimitedUse& before) {
  for (std::size_t i = 0; i < terms.hard.size(); ++i) {
    const auto& [key, limit] = terms.hard[i];
    BW_TRY(const std::int64_t used, StoredBytes(tx, key));
    if (used <= limit || used <= before.hard.at(i)) continue;
    return Exceeded(key, "storage", used, limit,
                    Whose(key) + " storage quota in " + key.registry.value() +
                        " leaves no room for this image: with it " + std::to_string(used) + " of " +
                        std::to_string(limit) +
                        " bytes would be stored. Delete images that are not needed, or raise the "
                        "quota");
  }
  return Ok();
}

}  // namespace breakwater::registry
