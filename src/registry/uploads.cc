#include "registry/uploads.h"

#include "crypto/hash.h"
#include "crypto/random.h"
#include "observe/log.h"
#include "registry/blob_removal.h"
#include "registry/blobs.h"
#include "registry/content.h"

namespace breakwater::registry {
namespace {

// Octets of randomness in a session's id: 22 characters.
constexpr std::size_t kIdOctets = 16;

Error WrongSize() {
  return Invalid("the body is not as long as its headers say").Reason("size_invalid");
}

Error WrongOffset(std::uint64_t size) {
  return Error(ErrorCode::kRangeInvalid, "the chunk does not begin at the end of the upload")
      .Reason("range_mismatch")
      .Detail("size", std::to_string(size));
}

// How long the end of an upload may take without a sign of life: reading it once more where its
// digest is not known, waiting for others who store the same blob, and storing it.
std::chrono::seconds TimeToFinish(const UploadSession& session) {
  if (session.staged_id.empty()) return kWriterSilence;
  return kDigestPatience + 2 * TimeToStore(session.size);
}

// Feeds everything that was staged to `consume`.
template <class Consume>
Status ReadStaged(blob::Staged& staged, Consume consume) {
  BW_TRY(const auto source, staged.Read());
  std::vector<std::byte> piece(io::kPieceSize);
  while (true) {
    BW_TRY(const std::size_t count, source->Read(piece));
    if (count == 0) return Ok();
    consume(ByteView(piece).first(count));
  }
}

}  // namespace

// Takes a session's bytes: into memory while they are few, else into staging.
class Uploads::Writer final : public io::Sink {
 public:
  Writer(Uploads& uploads, UploadSession& session) : uploads_(uploads), session_(session) {}

  // Goes on where the session stopped; hashes what is staged if that is not known any more.
  Status Open() {
    if (session_.staged_id.empty()) return Ok();
    BW_TRY_STATUS(uploads_.OpenStaged(session_));
    if (session_.sha256 && session_.staged->size() == session_.size) return Ok();
    session_.size = session_.staged->size();
    session_.StartHashing();
    return ReadStaged(*session_.staged, [&](ByteView bytes) { session_.Hash(bytes); });
  }

  Status Write(ByteView bytes) override {
    if (!session_.id.empty())
      BW_TRY_STATUS(uploads_.sessions_->KeepTaken(session_, kWriterSilence));
    if (bytes.size() > uploads_.options_.max_blob - session_.size) {
      return TooLarge("the blob is larger than this registry takes").Reason("blob_too_large");
    }
    if (session_.staged == nullptr && FitsIntoMemory(bytes.size())) {
      session_.buffer.append(AsText(bytes));
      session_.share.Resize(session_.buffer.size());
    } else {
      BW_TRY_STATUS(Stage(bytes));
    }
    session_.Hash(bytes);
    session_.size += bytes.size();
    return Ok();
  }

 private:
  bool FitsIntoMemory(std::size_t count) const {
    return session_.buffer.size() + count <= kMaxInlineBlob &&
           uploads_.buffered_ + count <= uploads_.options_.max_buffered;
  }

  Status Stage(ByteView bytes) {
    if (session_.staged == nullptr) BW_TRY_STATUS(uploads_.Spill(session_));
    Status appended = session_.staged->Append(bytes);
    // A part may have been kept: what the hashes cover is not what is there any more.
    if (!appended.ok()) session_.ForgetHashes();
    return appended;
  }

  Uploads& uploads_;
  UploadSession& session_;
};

Uploads::Uploads(UploadOptions options, db::Database& database, blob::BlobStore& store,
                 DigestLocks& locks, const Clock& clock, BlobLinks links)
    : options_(std::move(options)),
      database_(database),
      store_(store),
      locks_(locks),
      clock_(clock),
      links_(links) {
  const UploadSessionOptions kept{.life = options_.life,
                                  .max_sessions = options_.max_sessions,
                                  .max_sessions_of_one = options_.max_sessions_of_one};
  sessions_ = options_.shared ? NewSharedUploadSessions(kept, database, clock)
                              : NewLocalUploadSessions(kept, database, store, clock);
}

std::unique_ptr<UploadSession> Uploads::NewSession(const RepositoryPath& path,
                                                   const control::Actor& actor,
                                                   std::optional<crypto::HashAlgorithm> algorithm) {
  auto session = std::make_unique<UploadSession>();
  session->share = BufferShare(buffered_);
  session->path = path;
  session->actor = actor;
  session->actor.grants.reset();
  session->announced = algorithm;
  session->started = clock_.Now();
  session->expires = session->started + options_.life;
  session->StartHashing();
  return session;
}

Result<UploadView> Uploads::Start(const RepositoryPath& path, const control::Actor& actor,
                                  std::optional<crypto::HashAlgorithm> algorithm) {
  auto session = NewSession(path, actor, algorithm);
  session->id = crypto::RandomToken(kIdOctets);
  UploadView view = session->View();
  BW_TRY_STATUS(sessions_->Add(std::move(session)));
  return view;
}

std::string Uploads::StateOf(const UploadView& view) const {
  const std::string text = view.id + "\n" + view.path.registry.value() + "\n" + view.path.name +
                           "\n" + view.actor.iam_id.value();
  return Base64UrlEncode(crypto::HmacSha256(AsBytes(options_.key.Reveal()), AsBytes(text)));
}

Result<UploadView> Uploads::Find(const RegistryName& registry, std::string_view repository,
                                 const std::string& id, std::string_view state) {
  BW_TRY(UploadView view, sessions_->Find(id));
  if (view.path.registry != registry || view.path.name != repository ||
      !ConstantTimeEqual(StateOf(view), state)) {
    return UploadUnknown();
  }
  return view;
}

Result<std::unique_ptr<UploadSession>> Uploads::Take(const std::string& id) {
  BW_TRY(auto session, sessions_->Take(id));
  // One that was read from its row has none yet.
  session->share = BufferShare(buffered_);
  session->share.Resize(session->buffer.size());
  return session;
}

Status Uploads::OpenStaged(UploadSession& session) {
  if (session.staged != nullptr) return Ok();
  BW_TRY(session.staged, store_.Resume(session.staged_id));
  return Ok();
}

Status Uploads::CloseStaged(UploadSession& session) {
  if (session.staged == nullptr) return Ok();
  Status flushed = session.staged->Flush();
  session.staged.reset();
  if (!flushed.ok()) session.ForgetHashes();
  return flushed;
}

Status Uploads::GiveBack(std::unique_ptr<UploadSession> session) {
  const Status closed = CloseStaged(*session);
  const Status returned = sessions_->Return(session);
  if (!returned.ok() && returned.error().code() == ErrorCode::kNotFound) End(*session);
  return returned.ok() ? closed : returned;
}

void Uploads::ReleaseBuffer(UploadSession& session) {
  session.buffer.clear();
  session.buffer.shrink_to_fit();
  session.share.Resize(0);
}

Status Uploads::Spill(UploadSession& session) {
  BW_TRY(auto fresh, store_.Stage());
  session.staged_id = fresh->id();
  Status status = Ok();
  if (!session.buffer.empty()) {
    status = fresh->Append(AsBytes(session.buffer));
    // They may have been acknowledged: where they are now must be as good as where they were.
    if (status.ok()) status = fresh->Flush();
  }
  // A blob that is pushed at once cannot be resumed, so nobody would look for its row.
  if (status.ok() && !session.id.empty()) status = sessions_->NoteStaged(session);
  if (!status.ok()) {
    session.staged_id.clear();
    // Its owner may know of it after all: then it is where the bytes are.
    if (options_.shared && status.error().code() == ErrorCode::kUnavailable) return status;
    const Status discarded = store_.Discard(fresh->id());  // else the sweep finds it
    if (!discarded.ok()) observe::Log(observe::Level::kWarning, "staging was left behind");
    return status;
  }
  session.recorded_expires = session.expires;
  ReleaseBuffer(session);
  session.staged = std::move(fresh);
  return Ok();
}

void Uploads::End(UploadSession& session) {
  ReleaseBuffer(session);
  session.staged.reset();
  Status status = session.id.empty() ? Ok() : sessions_->Remove(session);
  // Where others may have taken it over, what is staged may be theirs.
  if (!session.staged_id.empty() && (status.ok() || !options_.shared)) {
    const Status discarded = store_.Discard(session.staged_id);
    if (status.ok()) status = discarded;
  }
  if (!status.ok()) {
    sessions_->Forget(session);
    observe::Log(observe::Level::kWarning, "an upload's remains are left to the sweep",
                 {{"cause", status.error().log()}});
  }
}

Status Uploads::Receive(UploadSession& session, const Chunk& chunk) {
  if (chunk.range) {
    if (chunk.length && *chunk.length != chunk.range->length) return WrongSize();
    if (session.sha256 && chunk.range->offset != session.size) return WrongOffset(session.size);
  }
  // After a failed write what is there must be looked at again, body or not.
  if (chunk.source == nullptr && session.sha256) return Ok();
  Writer writer(*this, session);
  BW_TRY_STATUS(writer.Open());
  if (chunk.source == nullptr) return Ok();
  // Opening may have found another size than was known, after a failed write.
  if (chunk.range && chunk.range->offset != session.size) return WrongOffset(session.size);
  const auto expected = chunk.range ? std::optional(chunk.range->length) : chunk.length;
  auto copied = io::Copy(*chunk.source, writer, expected.value_or(options_.max_blob));
  if (!copied.ok() && copied.error().code() == ErrorCode::kTooLarge && expected &&
      copied.error().reason().empty()) {
    return WrongSize();
  }
  BW_TRY(const std::uint64_t count, std::move(copied));
  if (expected && count != *expected) return WrongSize();
  return Ok();
}

Result<std::uint64_t> Uploads::Append(const std::string& id, const Chunk& chunk) {
  BW_TRY(auto session, Take(id));
  const Status received = Receive(*session, chunk);
  const std::uint64_t size = session->size;
  const Status kept = GiveBack(std::move(session));
  if (!kept.ok() && kept.error().code() == ErrorCode::kNotFound) return kept.error();
  if (!received.ok()) return received.error();
  if (!kept.ok()) return kept.error();
  return size;
}

Result<oci::Digest> Uploads::DigestOf(UploadSession& session, crypto::HashAlgorithm algorithm) {
  const auto& known = algorithm == crypto::HashAlgorithm::kSha256 ? session.sha256 : session.sha512;
  if (known) return oci::Digest::FromHash(algorithm, known->Clone().Finish());
  if (session.staged_id.empty()) return oci::Digest::Of(AsBytes(session.buffer), algorithm);
  BW_TRY_STATUS(OpenStaged(session));
  crypto::Hasher hasher(algorithm);
  BW_TRY_STATUS(ReadStaged(*session.staged, [&](ByteView bytes) { hasher.Update(bytes); }));
  return oci::Digest::FromHash(algorithm, hasher.Finish());
}

Status Uploads::Verify(UploadSession& session, const oci::Digest& digest) {
  BW_TRY(const oci::Digest actual, DigestOf(session, digest.algorithm()));
  if (actual == digest) return Ok();
  return Invalid("the uploaded bytes do not have this digest")
      .Reason("digest_invalid")
      .Detail("digest", actual.text());
}

namespace {

// Asks for the row before it makes one: that there is one already must count as read, or PostgreSQL
// would not see that a collection which removes it meanwhile contradicts us. (ON CONFLICT looks
// without reading.)
Status InsertBlob(db::Transaction& tx, const UploadSession& session, const oci::Digest& digest,
                  Timestamp now) {
  BW_TRY(const auto known, tx.QueryOne("SELECT 1 FROM blob WHERE digest = $1", {digest.text()},
                                       [](const db::Row&) { return true; }));
  if (known) return Ok();
  const bool inlined = session.staged_id.empty();
  const auto place = static_cast<std::int64_t>(inlined ? BlobPlace::kRow : BlobPlace::kStore);
  BW_TRY(const auto inserted,
         tx.Execute("INSERT INTO blob (digest, size, place, created) VALUES ($1, $2, $3, $4) "
                    "ON CONFLICT (digest) DO NOTHING",
                    {digest.text(), session.size, place, now}));
  if (!inlined || inserted == 0) return Ok();
  BW_TRY_STATUS(tx.Execute("INSERT INTO blob_content (digest, content) VALUES ($1, $2)",
                           {digest.text(), AsBytes(session.buffer)}));
  return Ok();
}

}  // namespace

Status Uploads::RecordBlob(const UploadSession& session, const oci::Digest& digest,
                           DigestLocks::Hold* hold) {
  const Timestamp now = clock_.Now();
  BW_TRY(const Admission::Terms terms, links_.TermsOf(session.path));
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const std::string repository, EnsureRepository(tx, session.path, now));
    BW_TRY_STATUS(InsertBlob(tx, session, digest, now));
    BW_TRY_STATUS(links_.Link(tx, session.path, repository, digest, now, terms));
    if (!session.id.empty()) BW_TRY_STATUS(sessions_->RemoveIn(tx, session));
    return hold == nullptr ? Ok() : hold->Release(tx);
  });
}

Status Uploads::CommitBytes(UploadSession& session, const oci::Digest& digest) {
  if (const Status opened = OpenStaged(session); !opened.ok()) {
    if (opened.error().code() != ErrorCode::kNotFound) return opened;
    // An earlier attempt has committed it, or else it is lost.
    BW_TRY(const auto committed, store_.Open(digest));
    return Ok();
  }
  if (session.staged->size() != session.size) {
    return DataCorrupt("what is kept of the upload is not what was received: start over")
        .Log("staging " + session.staged_id + " has " + std::to_string(session.staged->size()) +
             " bytes instead of " + std::to_string(session.size));
  }
  const blob::CommitItem item{.staged = session.staged.get(), .digest = digest};
  auto outcomes = store_.Commit(std::span(&item, 1));
  session.staged.reset();
  return std::move(outcomes.front());
}

// The bytes are here, and a client that is sent away brings all of them again: it is worth waiting
// until whoever holds the digest has stored or removed the same bytes, or is known to be dead.
Result<std::unique_ptr<DigestLocks::Hold>> Uploads::AcquireDigest(UploadSession& session,
                                                                  const oci::Digest& digest) {
  std::chrono::seconds waited{0};
  while (true) {
    auto hold = locks_.Acquire(digest, DigestUse::kStore, session.size);
    if (hold.ok() || hold.error().reason() != "digest_busy") return hold;
    waited += kDigestPatience;
    if (waited > LongestSilence(session.size)) return hold;
    if (!session.id.empty()) {
      BW_TRY_STATUS(sessions_->KeepTaken(session, TimeToFinish(session)));
    }
  }
}

Status Uploads::Publish(UploadSession& session, const oci::Digest& digest) {
  if (session.staged_id.empty()) return RecordBlob(session, digest, nullptr);
  BW_TRY(const auto hold, AcquireDigest(session, digest));
  BW_TRY_STATUS(CommitBytes(session, digest));
  Status recorded = RecordBlob(session, digest, hold.get());
  // The repository is gone for good, or an image that waits for it must not grow. After any other
  // failure the same bytes may be published by another attempt; if none comes, the sweep finds
  // them.
  if (!recorded.ok() && (recorded.error().code() == ErrorCode::kNotFound ||
                         recorded.error().code() == ErrorCode::kQuota)) {
    const auto removed = RemoveUnrecorded({database_, store_, locks_}, digest, *hold);
    if (!removed.ok()) observe::Log(observe::Level::kWarning, "a blob was left to the sweep");
  }
  return recorded;
}

Status Uploads::Finish(const std::string& id, const Chunk& chunk, const oci::Digest& digest) {
  BW_TRY(auto session, Take(id));
  if (Status received = Receive(*session, chunk); !received.ok()) {
    static_cast<void>(GiveBack(std::move(session)));  // what was received says more
    return received;
  }
  Status status = sessions_->KeepTaken(*session, TimeToFinish(*session));
  if (status.ok()) status = Verify(*session, digest);
  if (status.ok()) status = Publish(*session, digest);
  // Whoever has it now needs what is staged.
  const bool taken_over = !status.ok() && status.error().reason() == "upload_busy";
  const bool in_vain = !status.ok() && (status.error().code() == ErrorCode::kInvalid ||
                                        status.error().code() == ErrorCode::kNotFound ||
                                        status.error().code() == ErrorCode::kQuota);
  // What failed for other reasons can be tried again, unless the last chunk would come twice.
  if (taken_over || (!status.ok() && !in_vain && chunk.source == nullptr)) {
    static_cast<void>(GiveBack(std::move(session)));
    return status;
  }
  if (status.ok()) {
    ReleaseBuffer(*session);
    sessions_->Forget(*session);
  } else {
    End(*session);
  }
  return status;
}

Status Uploads::Cancel(const std::string& id) {
  BW_TRY(const auto session, sessions_->Cancel(id));
  if (session == nullptr) return Ok();  // its writer will discard it
  End(*session);
  return Ok();
}

Status Uploads::Push(const RepositoryPath& path, const control::Actor& actor, const Chunk& chunk,
                     const oci::Digest& digest) {
  const auto session = NewSession(path, actor, digest.algorithm());
  Status status = Receive(*session, chunk);
  if (status.ok()) status = Verify(*session, digest);
  if (status.ok()) status = Publish(*session, digest);
  if (status.ok()) {
    ReleaseBuffer(*session);
  } else {
    End(*session);
  }
  return status;
}

}  // namespace breakwater::registry
