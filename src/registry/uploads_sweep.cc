#include "observe/log.h"
#include "registry/uploads.h"

namespace breakwater::registry {
namespace {

// Staging without a row may belong to a push that has just begun, or to one without a session that
// is still writing.
constexpr std::chrono::hours kStagedGrace{1};
constexpr std::size_t kBatch = 1000;

}  // namespace

Result<Uploads::Swept> Uploads::Sweep(bool at_start) {
  Swept swept;
  BW_TRY(swept.sessions, SweepSessions());
  BW_TRY(swept.staged, SweepStaged(at_start));
  if (at_start) {
    BW_TRY(const std::int64_t lost, sessions_->RemoveLost());
    swept.sessions += lost;
  }
  if (swept.sessions + swept.staged > 0) {
    observe::Log(observe::Level::kInfo, "uploads reclaimed",
                 {{"sessions", swept.sessions}, {"staged", swept.staged}});
  }
  return swept;
}

Result<std::int64_t> Uploads::SweepSessions() {
  BW_TRY(const auto expired, sessions_->TakeExpired(kBatch));
  for (const auto& session : expired) End(*session);
  return static_cast<std::int64_t>(expired.size());
}

Result<std::int64_t> Uploads::SweepStaged(bool at_start) {
  const Timestamp young = clock_.Now() - kStagedGrace;
  std::vector<std::string> candidates;
  BW_TRY_STATUS(store_.ListStaged([&](const blob::BlobStore::StagedInfo& info) -> Status {
    if (at_start || info.modified < young) candidates.push_back(info.id);
    return Ok();
  }));
  std::int64_t count = 0;
  for (const std::string& id : candidates) {
    BW_TRY(const auto owner, database_.ReadValue([&](db::Transaction& tx) {
      return tx.QueryOne("SELECT 1 FROM upload WHERE staged = $1", {id},
                         [](const db::Row&) { return true; });
    }));
    if (owner) continue;
    BW_TRY_STATUS(store_.Discard(id));
    ++count;
  }
  return count;
}

}  // namespace breakwater::registry
