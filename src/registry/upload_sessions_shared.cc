#include <algorithm>
#include <list>
#include <map>

#include "base/sync.h"
#include "crypto/random.h"
#include "registry/content.h"
#include "registry/upload_rows.h"
#include "registry/upload_sessions.h"

namespace breakwater::registry {
namespace {

// How long a writer has the session without saying that it is still at work: twice what it may be
// silent, so that it need not say so with every piece.
constexpr std::chrono::seconds kWriterLease = 2 * kWriterSilence;
constexpr std::size_t kWriterOctets = 16;
constexpr std::size_t kMaxRemembered = 4096;

// Hashes of what the requests of this process have received, so that the next one need not read it
// again. An upload only grows: a state belongs to the session while its size is the same.
class HashCache {
 public:
  void Put(UploadSession& session) {
    if (!session.sha256 || session.staged_id.empty()) return;
    MutexLock lock(mutex_);
    if (!states_
             .insert_or_assign(session.id, State{session.size, std::move(session.sha256),
                                                 std::move(session.sha512)})
             .second) {
      return;
    }
    order_.push_back(session.id);
    if (order_.size() <= kMaxRemembered) return;
    states_.erase(order_.front());
    order_.pop_front();
  }
  void TakeInto(UploadSession& session) {
    MutexLock lock(mutex_);
    const auto found = states_.find(session.id);
    if (found == states_.end()) return;
    if (found->second.size == session.size) {
      session.sha256 = std::move(found->second.sha256);
      session.sha512 = std::move(found->second.sha512);
    }
    states_.erase(found);
    order_.remove(session.id);
  }

 private:
  struct State {
    std::uint64_t size;
    std::optional<crypto::Hasher> sha256;
    std::optional<crypto::Hasher> sha512;
  };
  Mutex mutex_;
  std::map<std::string, State> states_ BW_GUARDED_BY(mutex_);
  std::list<std::string> order_ BW_GUARDED_BY(mutex_);  // by age
};

class SharedUploadSessions final : public UploadSessions {
 public:
  SharedUploadSessions(UploadSessionOptions options, db::Database& database, const Clock& clock)
      : options_(options), database_(database), clock_(clock) {}

  Status Add(std::unique_ptr<UploadSession> session) override;
  Result<UploadView> Find(const std::string& id) override;
  Result<std::unique_ptr<UploadSession>> Take(const std::string& id) override;
  Status KeepTaken(UploadSession& session, std::chrono::seconds silence) override;
  Status NoteStaged(const UploadSession& session) override;
  Status Return(std::unique_ptr<UploadSession>& session) override;
  Result<std::unique_ptr<UploadSession>> Cancel(const std::string& id) override;
  Status RemoveIn(db::Transaction& tx, const UploadSession& session) override;
  Status Remove(const UploadSession& session) override;
  void Forget(const UploadSession&) override {}
  Result<std::vector<std::unique_ptr<UploadSession>>> TakeExpired(std::size_t limit) override;
  Result<std::int64_t> RemoveLost() override { return 0; }

 private:
  Status CheckRoom(db::Transaction& tx, const IamId& actor) const;
  Result<std::unique_ptr<UploadSession>> TakeIn(db::Transaction& tx, const std::string& id,
                                                const std::string& writer);

  const UploadSessionOptions options_;
  db::Database& database_;
  const Clock& clock_;
  HashCache hashes_;
};

// Of the one row that a writer holds: whether the statement has found it.
Status OnlyOurs(db::Transaction& tx, const UploadSession& session, Result<std::int64_t> changed) {
  BW_TRY(const std::int64_t count, std::move(changed));
  if (count == 1) return Ok();
  BW_TRY(const auto found, ReadUploads(tx, "id = $1", {session.id}));
  if (found.empty()) return UploadUnknown();
  return Error(ErrorCode::kRangeInvalid, "another request has taken this upload over")
      .Reason("upload_busy")
      .Detail("size", std::to_string(found.front()->size));
}

Status SharedUploadSessions::CheckRoom(db::Transaction& tx, const IamId& actor) const {
  const auto count = [](const db::Row& row) { return row.Int(0); };
  BW_TRY(const auto all,
         tx.QueryOne("SELECT COUNT(*) FROM (SELECT 1 FROM upload LIMIT $1) AS found",
                     {options_.max_sessions}, count));
  if (static_cast<std::size_t>(all.value_or(0)) >= options_.max_sessions) return TooManyUploads();
  BW_TRY(const auto own, tx.QueryOne("SELECT COUNT(*) FROM (SELECT 1 FROM upload WHERE "
                                     "actor_iam_id = $2 LIMIT $1) AS found",
                                     {options_.max_sessions_of_one, actor}, count));
  if (static_cast<std::size_t>(own.value_or(0)) < options_.max_sessions_of_one) return Ok();
  return TooManyUploadsOfOne();
}

Status SharedUploadSessions::Add(std::unique_ptr<UploadSession> session) {
  return database_.Write(
      [&](db::Transaction& tx) -> Status {
        BW_TRY_STATUS(CheckRoom(tx, session->actor.iam_id));
        return InsertUpload(tx, *session);
      },
      db::Isolation::kStatement);
}

Result<UploadView> SharedUploadSessions::Find(const std::string& id) {
  BW_TRY(const auto found, database_.ReadValue([&](db::Transaction& tx) {
    return ReadUploads(tx, "id = $1", {id});
  }));
  if (found.empty() || found.front()->expires <= clock_.Now()) return UploadUnknown();
  return found.front()->View();
}

Result<std::unique_ptr<UploadSession>> SharedUploadSessions::TakeIn(db::Transaction& tx,
                                                                    const std::string& id,
                                                                    const std::string& writer) {
  const Timestamp now = clock_.Now();
  BW_TRY(const std::int64_t changed,
         tx.Execute("UPDATE upload SET writer = $2, writer_until = $3 WHERE id = $1 AND "
                    "expires > $4 AND (writer IS NULL OR writer_until <= $4)",
                    {id, writer, now + kWriterLease, now}));
  BW_TRY(auto found, ReadUploads(tx, "id = $1", {id}));
  if (found.empty() || found.front()->expires <= now) return UploadUnknown();
  if (changed == 1) return std::move(found.front());
  return Error(ErrorCode::kRangeInvalid, "another request is writing this upload")
      .Reason("upload_busy")
      .Detail("size", std::to_string(found.front()->size));
}

Result<std::unique_ptr<UploadSession>> SharedUploadSessions::Take(const std::string& id) {
  const std::string writer = crypto::RandomToken(kWriterOctets);
  BW_TRY(auto session,
         database_.WriteValue([&](db::Transaction& tx) { return TakeIn(tx, id, writer); },
                              db::Isolation::kStatement));
  if (session->staged_id.empty()) {
    session->StartHashing();
    session->Hash(AsBytes(session->buffer));
  } else {
    hashes_.TakeInto(*session);
  }
  return session;
}

Status SharedUploadSessions::KeepTaken(UploadSession& session, std::chrono::seconds silence) {
  const Timestamp now = clock_.Now();
  if (session.writer_until - now >= silence) return Ok();
  const Timestamp until = now + std::max(silence, kWriterLease);
  BW_TRY_STATUS(database_.Write(
      [&](db::Transaction& tx) {
        return OnlyOurs(
            tx, session,
            tx.Execute("UPDATE upload SET writer_until = $3 WHERE id = $1 AND writer = $2",
                       {session.id, session.writer, until}));
      },
      db::Isolation::kStatement));
  session.writer_until = until;
  return Ok();
}

Status SharedUploadSessions::NoteStaged(const UploadSession& session) {
  return database_.Write(
      [&](db::Transaction& tx) {
        return OnlyOurs(
            tx, session,
            tx.Execute("UPDATE upload SET staged = $3, buffered = $4 WHERE id = $1 AND writer = $2",
                       {session.id, session.writer, session.staged_id, ByteView()}));
      },
      db::Isolation::kStatement);
}

Status SharedUploadSessions::Return(std::unique_ptr<UploadSession>& session) {
  session->expires = clock_.Now() + options_.life;
  std::optional<std::string> staged;
  if (!session->staged_id.empty()) staged = session->staged_id;
  const Status returned = database_.Write(
      [&](db::Transaction& tx) {
        return OnlyOurs(
            tx, *session,
            tx.Execute("UPDATE upload SET staged = $3, buffered = $4, received = $5, expires = $6, "
                       "writer = NULL, writer_until = NULL WHERE id = $1 AND writer = $2",
                       {session->id, session->writer, staged, AsBytes(session->buffer),
                        session->size, session->expires}));
      },
      db::Isolation::kStatement);
  if (!returned.ok() && returned.error().code() == ErrorCode::kNotFound) return returned;
  if (returned.ok()) hashes_.Put(*session);
  session.reset();
  return returned;
}

Result<std::unique_ptr<UploadSession>> SharedUploadSessions::Cancel(const std::string& id) {
  return database_.WriteValue([&](db::Transaction& tx) -> Result<std::unique_ptr<UploadSession>> {
    BW_TRY(auto found, ReadUploads(tx, "id = $1", {id}));
    if (found.empty()) return UploadUnknown();
    BW_TRY_STATUS(DeleteUpload(tx, id));
    // A writer finds its row gone, and discards what it wrote.
    if (found.front()->writer_until > clock_.Now()) return std::unique_ptr<UploadSession>();
    return std::move(found.front());
  });
}

Status SharedUploadSessions::RemoveIn(db::Transaction& tx, const UploadSession& session) {
  return OnlyOurs(
      tx, session,
      tx.Execute("DELETE FROM upload WHERE id = $1 AND writer = $2", {session.id, session.writer}));
}

Status SharedUploadSessions::Remove(const UploadSession& session) {
  Status removed = database_.Write([&](db::Transaction& tx) { return RemoveIn(tx, session); },
                                   db::Isolation::kStatement);
  if (!removed.ok() && removed.error().code() == ErrorCode::kNotFound) return Ok();
  return removed;
}

// Out of reach first: a writer whose lease has lapsed might still give its session back.
Result<std::vector<std::unique_ptr<UploadSession>>> SharedUploadSessions::TakeExpired(
    std::size_t limit) {
  const Timestamp now = clock_.Now();
  return database_.WriteValue(
      [&](db::Transaction& tx) -> Result<std::vector<std::unique_ptr<UploadSession>>> {
        BW_TRY(auto expired, ReadUploads(tx,
                                         "expires <= $1 AND (writer IS NULL OR writer_until <= $1) "
                                         "ORDER BY expires LIMIT $2",
                                         {now, limit}));
        for (const auto& session : expired) BW_TRY_STATUS(DeleteUpload(tx, session->id));
        return expired;
      });
}

}  // namespace

std::unique_ptr<UploadSessions> NewSharedUploadSessions(UploadSessionOptions options,
                                                        db::Database& database,
                                                        const Clock& clock) {
  return std::make_unique<SharedUploadSessions>(options, database, clock);
}

}  // namespace breakwater::registry
