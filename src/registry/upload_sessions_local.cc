#include <set>

#include "observe/log.h"
#include "registry/content.h"
#include "registry/upload_rows.h"
#include "registry/upload_sessions.h"

namespace breakwater::registry {
namespace {

// A session that is only in memory is forgotten by a restart, and its client starts over.
class LocalUploadSessions final : public UploadSessions {
 public:
  LocalUploadSessions(UploadSessionOptions options, db::Database& database, blob::BlobStore& store,
                      const Clock& clock)
      : life_(options.life),
        database_(database),
        store_(store),
        clock_(clock),
        table_(options.max_sessions, options.max_sessions_of_one) {}

  Status Add(std::unique_ptr<UploadSession> session) override {
    return table_.Add(std::move(session));
  }
  Result<UploadView> Find(const std::string& id) override;
  Result<std::unique_ptr<UploadSession>> Take(const std::string& id) override;
  Status KeepTaken(UploadSession& session, std::chrono::seconds) override {
    return table_.Find(session.id) ? Ok() : Status(UploadUnknown());
  }
  Status NoteStaged(const UploadSession& session) override {
    return database_.Write([&](db::Transaction& tx) { return InsertUpload(tx, session); });
  }
  Status Return(std::unique_ptr<UploadSession>& session) override;
  Result<std::unique_ptr<UploadSession>> Cancel(const std::string& id) override;
  Status RemoveIn(db::Transaction& tx, const UploadSession& session) override {
    return session.staged_id.empty() ? Ok() : DeleteUpload(tx, session.id);
  }
  Status Remove(const UploadSession& session) override;
  void Forget(const UploadSession& session) override { table_.Remove(session.id); }
  Result<std::vector<std::unique_ptr<UploadSession>>> TakeExpired(std::size_t limit) override;
  Result<std::int64_t> RemoveLost() override;

 private:
  Result<std::unique_ptr<UploadSession>> LoadRow(const std::string& id);
  Status DeleteRow(const std::string& id) {
    return database_.Write([&](db::Transaction& tx) { return DeleteUpload(tx, id); });
  }
  // Gives the session its whole life again, in its row too where less than half remains there.
  void Renew(UploadSession& session);

  const std::chrono::hours life_;
  db::Database& database_;
  blob::BlobStore& store_;
  const Clock& clock_;
  UploadTable table_;
};

Result<UploadView> LocalUploadSessions::Find(const std::string& id) {
  if (!table_.Find(id)) {
    BW_TRY(auto session, Take(id));
    table_.Return(session);
  }
  const auto view = table_.Find(id);
  if (!view || view->expires <= clock_.Now()) return UploadUnknown();
  return *view;
}

Result<std::unique_ptr<UploadSession>> LocalUploadSessions::Take(const std::string& id) {
  auto taken = table_.Take(id);
  if (taken.ok() || taken.error().code() != ErrorCode::kNotFound) return taken;
  BW_TRY(auto session, LoadRow(id));
  BW_TRY(const bool ours, table_.AddTaken(*session));
  if (!ours) return table_.Take(id);
  const auto staged = store_.Resume(session->staged_id);
  if (staged.ok()) {
    session->size = (*staged)->size();
    return session;
  }
  table_.Remove(id);
  if (staged.error().code() != ErrorCode::kNotFound) return staged.error();
  BW_TRY_STATUS(DeleteRow(id));
  return UploadUnknown();
}

Result<std::unique_ptr<UploadSession>> LocalUploadSessions::LoadRow(const std::string& id) {
  BW_TRY(auto found, database_.ReadValue(
                         [&](db::Transaction& tx) { return ReadUploads(tx, "id = $1", {id}); }));
  if (found.empty() || found.front()->expires <= clock_.Now()) return UploadUnknown();
  return std::move(found.front());
}

Status LocalUploadSessions::Return(std::unique_ptr<UploadSession>& session) {
  Renew(*session);
  return table_.Return(session) ? Ok() : Status(UploadUnknown());
}

void LocalUploadSessions::Renew(UploadSession& session) {
  const Timestamp now = clock_.Now();
  session.expires = now + life_;
  // Not with each chunk: half a life is enough to come back after a restart.
  if (session.staged_id.empty() || session.recorded_expires - now >= life_ / 2) return;
  const Status renewed = database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("UPDATE upload SET expires = $2 WHERE id = $1", {session.id, session.expires}));
    return Ok();
  });
  if (renewed.ok()) {
    session.recorded_expires = session.expires;
  } else {
    // The bytes are kept: the next chunk renews it.
    observe::LogError(observe::Level::kWarning, "an upload was not renewed", renewed.error(), {});
  }
}

Result<std::unique_ptr<UploadSession>> LocalUploadSessions::Cancel(const std::string& id) {
  BW_TRY_STATUS(Find(id));
  BW_TRY(auto session, table_.Cancel(id));
  // Its writer notices when it is done, and discards what it wrote. Were the server to stop before
  // that, the upload must not come back.
  if (session == nullptr) BW_TRY_STATUS(DeleteRow(id));
  return session;
}

Status LocalUploadSessions::Remove(const UploadSession& session) {
  // In this order its row cannot bring it back in between.
  if (!session.staged_id.empty()) BW_TRY_STATUS(DeleteRow(session.id));
  table_.Remove(session.id);
  return Ok();
}

Result<std::vector<std::unique_ptr<UploadSession>>> LocalUploadSessions::TakeExpired(
    std::size_t limit) {
  const Timestamp now = clock_.Now();
  std::vector<std::unique_ptr<UploadSession>> expired;
  std::set<std::string> taken;
  for (const std::string& id : table_.Expired(now)) {
    auto session = table_.TakeExpired(id, now);
    if (session == nullptr) continue;  // written to since
    expired.push_back(std::move(session));
    taken.insert(id);
  }
  BW_TRY(auto rows, database_.ReadValue([&](db::Transaction& tx) {
    return ReadUploads(tx, "expires <= $1 ORDER BY expires LIMIT $2", {now, limit});
  }));
  for (auto& row : rows) {
    if (!taken.contains(row->id) && !table_.Find(row->id)) expired.push_back(std::move(row));
  }
  return expired;
}

Result<std::int64_t> LocalUploadSessions::RemoveLost() {
  BW_TRY(const auto sessions, database_.ReadValue([&](db::Transaction& tx) {
    return ReadUploads(tx, "staged IS NOT NULL", {});
  }));
  std::int64_t count = 0;
  for (const auto& session : sessions) {
    const auto staged = store_.Resume(session->staged_id);
    if (staged.ok()) continue;
    if (staged.error().code() != ErrorCode::kNotFound) return staged.error();
    BW_TRY_STATUS(Remove(*session));
    ++count;
  }
  return count;
}

}  // namespace

std::unique_ptr<UploadSessions> NewLocalUploadSessions(UploadSessionOptions options,
                                                       db::Database& database,
                                                       blob::BlobStore& store, const Clock& clock) {
  return std::make_unique<LocalUploadSessions>(options, database, store, clock);
}

}  // namespace breakwater::registry
