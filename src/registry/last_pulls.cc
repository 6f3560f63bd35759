#include "registry/last_pulls.h"

#include <algorithm>

namespace breakwater::registry {
namespace {

// Manifests remembered, and written in one flush.
constexpr std::size_t kMaxRemembered = 100'000;
constexpr std::size_t kMaxUnwritten = 10'000;
// Of one transaction.
constexpr std::size_t kWrittenAtOnce = 500;

}  // namespace

Result<std::optional<Timestamp>> LastPull(db::Transaction& tx, const std::string& repository_id,
                                          const oci::Digest& manifest) {
  return tx.QueryOne("SELECT pulled FROM manifest_pull WHERE repository = $1 AND digest = $2",
                     {repository_id, manifest.text()},
                     [](const db::Row& row) { return row.Time(0); });
}

void LastPulls::Note(const RepositoryPath& path, const oci::Digest& manifest) {
  const Timestamp now = clock_.Now();
  const MutexLock lock(mutex_);
  const Key key{path.registry.value(), path.name, manifest.text()};
  const auto known = pulls_.find(key);
  if (known != pulls_.end() && now - known->second.pulled < kPrecision) return;
  if (unwritten_.size() >= kMaxUnwritten) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  if (pulls_.size() >= kMaxRemembered) {
    std::erase_if(pulls_, [](const auto& one) { return one.second.written; });
  }
  pulls_[key] = {.pulled = now, .written = false};
  unwritten_.push_back(key);
}

Status LastPulls::Flush() {
  std::vector<std::pair<Key, Timestamp>> batch;
  {
    const MutexLock lock(mutex_);
    for (const Key& key : unwritten_) batch.emplace_back(key, pulls_[key].pulled);
    unwritten_.clear();
  }
  // One order in all processes, so that none waits for a row of another in a circle.
  std::ranges::sort(batch);
  for (std::size_t at = 0; at < batch.size(); at += kWrittenAtOnce) {
    const std::size_t end = std::min(batch.size(), at + kWrittenAtOnce);
    const Status written = database_.Write(
        [&](db::Transaction& tx) -> Status {
          for (std::size_t i = at; i < end; ++i) {
            const auto& [registry, repository, digest] = batch[i].first;
            BW_TRY(
                const auto noted,
                tx.Execute(
                    "INSERT INTO manifest_pull (repository, digest, pulled) SELECT m.repository, "
                    "m.digest, $4 FROM repository r JOIN manifest m ON m.repository = r.id WHERE "
                    "r.registry = $1 AND r.name = $2 AND m.digest = $3 ON CONFLICT (repository, "
                    "digest) DO UPDATE SET pulled = excluded.pulled WHERE manifest_pull.pulled < "
                    "excluded.pulled",
                    {registry, repository, digest, batch[i].second}));
            if (noted > 0) continue;
            // If it is gone meanwhile, it may come back from the trash.
            BW_TRY_STATUS(tx.Execute(
                "UPDATE trash_image SET pulled = $4 WHERE digest = $3 AND (pulled IS NULL OR "
                "pulled < $4) AND repository IN (SELECT id FROM repository WHERE registry = $1 AND "
                "name = $2)",
                {registry, repository, digest, batch[i].second}));
          }
          return Ok();
        },
        db::Isolation::kStatement);
    const MutexLock lock(mutex_);
    if (!written.ok()) {
      for (std::size_t i = at; i < batch.size(); ++i) unwritten_.push_back(batch[i].first);
      return written;
    }
    for (std::size_t i = at; i < end; ++i) {
      const auto known = pulls_.find(batch[i].first);
      if (known != pulls_.end()) known->second.written = true;
    }
  }
  return Ok();
}

}  // namespace breakwater::registry
