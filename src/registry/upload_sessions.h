// Where upload sessions are between two requests: in this process (and, once bytes are staged, in a
// row that survives it), or in the database for all processes that serve the same uploads.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "db/database.h"
#include "registry/upload_session.h"

namespace breakwater::registry {

// Thread-safe.
class UploadSessions {
 public:
  virtual ~UploadSessions() = default;

  // kRateLimited "too_many_uploads" when there are too many, of all or of who began it.
  virtual Status Add(std::unique_ptr<UploadSession> session) = 0;
  // kNotFound if there is no such session, or none any more.
  virtual Result<UploadView> Find(const std::string& id) = 0;
  // Hands the session to one writer. kNotFound (also when cancelled or
  // expired); kRangeInvalid "upload_busy" while another has it.
  virtual Result<std::unique_ptr<UploadSession>> Take(const std::string& id) = 0;
  // A writer says that it is still at work, and may be silent for `silence` from now on. kNotFound
  // if the session was cancelled meanwhile; kRangeInvalid "upload_busy", here and below, if another
  // writer has taken it over.
  virtual Status KeepTaken(UploadSession& session, std::chrono::seconds silence) = 0;
  // A writer is about to put bytes into staging: from here on `session.staged_id` has an owner.
  virtual Status NoteStaged(const UploadSession& session) = 0;
  // Gives the session back for the next writer, with its whole life renewed. kNotFound if it was
  // cancelled meanwhile: the caller keeps it, calls Remove, then discards what it holds. On any
  // other failure it is gone from this process, and what becomes of it is for its next writer to
  // find out.
  virtual Status Return(std::unique_ptr<UploadSession>& session) = 0;
  // Nobody finds it from here on. The session, for the caller to Remove and then discard; null if a
  // writer has it, who will do so. kNotFound.
  virtual Result<std::unique_ptr<UploadSession>> Cancel(const std::string& id) = 0;

  // The end of a session that its writer has finished, in the transaction that says so. kNotFound
  // if it was cancelled meanwhile.
  virtual Status RemoveIn(db::Transaction& tx, const UploadSession& session) = 0;
  // Forgets a session that its writer (or who cancelled it) is done with, before what it holds is
  // discarded. That another writer has it by now is an error; that it is gone is none.
  virtual Status Remove(const UploadSession& session) = 0;

  // What this process remembers of a session that has ended. Its row is gone already.
  virtual void Forget(const UploadSession& session) = 0;

  // Sessions that have expired, at most `limit`, out of everybody's reach: for the caller to
  // discard.
  virtual Result<std::vector<std::unique_ptr<UploadSession>>> TakeExpired(std::size_t limit) = 0;
  // Forgets sessions whose staging is gone; for the start of a process that is alone.
  virtual Result<std::int64_t> RemoveLost() = 0;
};

// How long a writer that is at work may be silent.
inline constexpr std::chrono::seconds kWriterSilence{15};

// Sessions that are open at once: in all, and of what one identity has begun, where those of nobody
// count as one's.
inline constexpr std::size_t kMaxSessions = 10'000;
inline constexpr std::size_t kMaxSessionsOfOne = 2'500;

struct UploadSessionOptions {
  std::chrono::hours life{24};  // of a session since its last byte
  std::size_t max_sessions = kMaxSessions;
  std::size_t max_sessions_of_one = kMaxSessionsOfOne;
};

// For one process.
std::unique_ptr<UploadSessions> NewLocalUploadSessions(UploadSessionOptions options,
                                                       db::Database& database,
                                                       blob::BlobStore& store, const Clock& clock);
// For several processes over one database. Bytes that are not staged are part of the row.
std::unique_ptr<UploadSessions> NewSharedUploadSessions(UploadSessionOptions options,
                                                        db::Database& database, const Clock& clock);

}  // namespace breakwater::registry
