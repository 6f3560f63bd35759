#include "registry/upload_session.h"

#include "base/check.h"
#include "registry/content.h"

namespace breakwater::registry {

void BufferShare::Resize(std::size_t bytes) {
  if (taken_ == nullptr) return;
  if (bytes > bytes_) {
    *taken_ += bytes - bytes_;
  } else {
    *taken_ -= bytes_ - bytes;
  }
  bytes_ = bytes;
}

void UploadSession::StartHashing() {
  sha256.emplace(crypto::HashAlgorithm::kSha256);
  if (announced == crypto::HashAlgorithm::kSha512) sha512.emplace(*announced);
}

void UploadSession::Hash(ByteView bytes) {
  if (sha256) sha256->Update(bytes);
  if (sha512) sha512->Update(bytes);
}

void UploadSession::ForgetHashes() {
  sha256.reset();
  sha512.reset();
}

UploadView UploadSession::View() const {
  return {.id = id, .path = path, .actor = actor, .size = size, .expires = expires};
}

UploadTable::Slot UploadTable::SlotFor(const UploadSession& session) {
  return {.session = nullptr, .view = session.View()};
}

Error TooManyUploads() {
  return Error(ErrorCode::kRateLimited, "too many uploads are in progress: try again later")
      .Reason("too_many_uploads");
}

Error TooManyUploadsOfOne() {
  return Error(ErrorCode::kRateLimited,
               "you have too many uploads in progress: finish or cancel some of them")
      .Reason("too_many_uploads");
}

Status UploadTable::CheckRoom(const UploadSession& session) const {
  if (slots_.size() >= max_sessions_) return TooManyUploads();
  const auto own = by_actor_.find(session.actor.iam_id);
  if (own != by_actor_.end() && own->second >= max_of_one_) return TooManyUploadsOfOne();
  return Ok();
}

UploadTable::Slots::iterator UploadTable::Insert(Slot slot) {
  ++by_actor_[slot.view.actor.iam_id];
  std::string id = slot.view.id;
  const auto [at, is_new] = slots_.emplace(std::move(id), std::move(slot));
  BW_CHECK(is_new);
  return at;
}

void UploadTable::Erase(Slots::iterator slot) {
  const auto own = by_actor_.find(slot->second.view.actor.iam_id);
  if (--own->second == 0) by_actor_.erase(own);
  slots_.erase(slot);
}

Status UploadTable::Add(std::unique_ptr<UploadSession> session) {
  MutexLock lock(mutex_);
  BW_TRY_STATUS(CheckRoom(*session));
  Slot slot = SlotFor(*session);
  slot.session = std::move(session);
  Insert(std::move(slot));
  return Ok();
}

Result<bool> UploadTable::AddTaken(const UploadSession& session) {
  MutexLock lock(mutex_);
  if (slots_.contains(session.id)) return false;
  BW_TRY_STATUS(CheckRoom(session));
  Insert(SlotFor(session));
  return true;
}

Result<std::unique_ptr<UploadSession>> UploadTable::Take(const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end() || found->second.cancelled) return UploadUnknown();
  if (found->second.session == nullptr) {
    return Error(ErrorCode::kRangeInvalid, "another request is writing this upload")
        .Reason("upload_busy")
        .Detail("size", std::to_string(found->second.view.size));
  }
  return std::move(found->second.session);
}

bool UploadTable::Return(std::unique_ptr<UploadSession>& session) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(session->id);
  if (found == slots_.end() || found->second.cancelled) return false;
  found->second.view.size = session->size;
  found->second.view.expires = session->expires;
  found->second.session = std::move(session);
  return true;
}

Result<std::unique_ptr<UploadSession>> UploadTable::Cancel(const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end() || found->second.cancelled) return UploadUnknown();
  found->second.cancelled = true;
  return std::move(found->second.session);
}

std::unique_ptr<UploadSession> UploadTable::Remove(const std::string& id) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end()) return nullptr;
  auto session = std::move(found->second.session);
  Erase(found);
  return session;
}

std::optional<UploadView> UploadTable::Find(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end() || found->second.cancelled) return std::nullopt;
  return found->second.view;
}

std::vector<std::string> UploadTable::Expired(Timestamp now) const {
  MutexLock lock(mutex_);
  std::vector<std::string> ids;
  for (const auto& [id, slot] : slots_) {
    if (slot.session != nullptr && slot.view.expires <= now) ids.push_back(id);
  }
  return ids;
}

std::unique_ptr<UploadSession> UploadTable::TakeExpired(const std::string& id, Timestamp now) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end()) return nullptr;
  if (found->second.session == nullptr || found->second.view.expires > now) return nullptr;
  auto session = std::move(found->second.session);
  Erase(found);
  return session;
}

std::size_t UploadTable::size() const {
  MutexLock lock(mutex_);
  return slots_.size();
}

}  // namespace breakwater::registry
