#include "blob/s3/s3_staged.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "crypto/random.h"

namespace breakwater::blob {
namespace {

// Enough for most blobs that are no rows of the database; the next step is a whole part, so that
// who has one never waits for more.
constexpr std::size_t kFirstBuffer = 512 * 1024;
// How long an upload that holds a first buffer waits for the rest before it gives that up.
constexpr std::chrono::milliseconds kPatience{1000};
// How long an upload may keep a buffer that others wait for.
constexpr std::chrono::seconds kLongestHold{2};
constexpr std::size_t kRevisionOctets = 12;

// The parts, one after the other, and then the tail from its rows.
class StagedSource final : public io::Source {
 public:
  StagedSource(S3Parts& shared, std::string id, std::vector<StoredPart> parts, std::uint64_t tail)
      : shared_(shared), id_(std::move(id)), parts_(std::move(parts)), tail_(tail) {}

  Result<std::size_t> Read(std::span<std::byte> out) override {
    if (failed_) return *failed_;
    auto count = ReadOn(out);
    if (!count.ok()) failed_ = count.error();
    return count;
  }

 private:
  Result<std::size_t> ReadOn(std::span<std::byte> out) {
    while (current_ != nullptr || next_ < parts_.size()) {
      if (current_ == nullptr) {
        const StoredPart& part = parts_[next_++];
        BW_TRY(current_,
               shared_.client.Read(StagingKey(id_, part.object), part.size, 0, part.size));
      }
      BW_TRY(const std::size_t count, current_->Read(out));
      if (count > 0) return count;
      current_.reset();
    }
    if (taken_ == piece_.size()) {
      if (read_ == tail_) return std::size_t{0};
      BW_TRY(piece_, shared_.table.ReadPiece(id_, read_));
      taken_ = 0;
      read_ += piece_.size();
      if (read_ > tail_) return DataCorrupt("what is kept of the upload overlaps").Log(id_);
    }
    const std::size_t count = std::min(out.size(), piece_.size() - taken_);
    std::memcpy(out.data(), piece_.data() + taken_, count);
    taken_ += count;
    return count;
  }

  S3Parts& shared_;
  const std::string id_;
  const std::vector<StoredPart> parts_;
  std::size_t next_ = 0;
  std::unique_ptr<io::Source> current_;
  const std::uint64_t tail_;
  std::uint64_t read_ = 0;  // of the tail, with piece_
  Bytes piece_;
  std::size_t taken_ = 0;  // of piece_
  std::optional<Error> failed_;
};

}  // namespace

S3Staged::S3Staged(S3Parts& shared) : S3Staged(shared, NewUploadId()) {}

S3Staged::S3Staged(S3Parts& shared, std::string id)
    : shared_(shared), id_(std::move(id)), part_size_(shared.options.part_size) {}

Result<std::unique_ptr<S3Staged>> S3Staged::Resume(S3Parts& shared, const std::string& id) {
  if (!IsUploadId(id)) return NoSuchStagedUpload();
  BW_TRY(UploadRow row, shared.table.Load(id));
  std::unique_ptr<S3Staged> staged(new S3Staged(shared, id));
  staged->recorded_ = {
      .revision = std::move(row.revision), .parts = row.parts.size(), .tail = row.tail};
  for (const StoredPart& part : row.parts) staged->size_ += part.size;
  staged->size_ += row.tail;
  staged->fill_ = static_cast<std::size_t>(row.tail);
  // It may have been begun with larger parts.
  staged->part_size_ = std::max(staged->part_size_, staged->fill_);
  staged->loaded_ = false;
  staged->parts_ = std::move(row.parts);
  // Whoever was here before may have left objects without a row.
  staged->has_objects_ = true;
  return staged;
}

S3Staged::~S3Staged() {
  for (const auto& flying : flying_) shared_.pool.Cancel(flying->task);
}

std::size_t S3Staged::RecordedInBuffer() const {
  return flying_.empty() ? static_cast<std::size_t>(recorded_.tail) : 0;
}

Status S3Staged::Append(ByteView bytes) {
  if (buffer_ != nullptr && shared_.budget.contended() &&
      shared_.clock.Now() - buffer_since_ > kLongestHold) {
    BW_TRY_STATUS(Flush());
  }
  while (!bytes.empty()) {
    if (fill_ == part_size_) BW_TRY_STATUS(Cut());
    const std::size_t room = std::min(bytes.size(), part_size_ - fill_);
    BW_TRY_STATUS(Reserve(fill_ + 1));
    const std::size_t count = std::min(room, buffer_->capacity - fill_);
    std::memcpy(buffer_->data.get() + fill_, bytes.data(), count);
    fill_ += count;
    size_ += count;
    bytes = bytes.subspan(count);
  }
  return Ok();
}

Result<BufferBudget::Lease> S3Staged::TakeLease(std::size_t bytes) {
  while (true) {
    if (auto lease = shared_.budget.TryTake(bytes)) return *std::move(lease);
    if (flying_.empty()) break;
    BW_TRY_STATUS(SettleOldest());  // its buffer comes back
  }
  auto lease = shared_.budget.Take(bytes, buffer_ ? kPatience : shared_.options.buffer_wait);
  if (lease) return *std::move(lease);
  return Unavailable("too many uploads are under way").Reason("blob_store_busy");
}

Status S3Staged::Reserve(std::size_t needed) {
  if (needed == 0 || (buffer_ != nullptr && needed <= buffer_->capacity)) return Ok();
  const std::size_t first = std::min(kFirstBuffer, part_size_);
  const std::size_t wanted = needed <= first ? first : part_size_;
  auto lease = TakeLease(wanted);
  if (!lease.ok() && buffer_ != nullptr) {
    BW_TRY_STATUS(Flush());  // gives up the first buffer, so that others come to an end
    lease = TakeLease(wanted);
  }
  if (!lease.ok()) return std::move(lease).error();
  auto grown = std::make_unique<Buffer>(wanted, *std::move(lease));
  if (buffer_ != nullptr) {
    std::memcpy(grown->data.get(), buffer_->data.get(), fill_);
  } else {
    loaded_ = RecordedInBuffer() == 0;
  }
  buffer_ = std::move(grown);
  buffer_since_ = shared_.clock.Now();
  return Ok();
}

Status S3Staged::LoadTail() {
  if (loaded_) return Ok();
  const std::size_t end = RecordedInBuffer();
  for (std::size_t at = 0; at < end;) {
    BW_TRY(const Bytes piece, shared_.table.ReadPiece(id_, at));
    if (piece.size() > end - at) {
      return DataCorrupt("what is kept of the upload overlaps").Log(id_);
    }
    std::memcpy(buffer_->data.get() + at, piece.data(), piece.size());
    at += piece.size();
  }
  loaded_ = true;
  return Ok();
}

Result<ByteView> S3Staged::Tail() {
  BW_TRY_STATUS(Reserve(fill_));
  if (fill_ == 0) return ByteView();
  BW_TRY_STATUS(LoadTail());
  return ByteView(buffer_->data.get(), fill_);
}

Status S3Staged::Cut() {
  BW_TRY_STATUS(Reserve(fill_));
  BW_TRY_STATUS(LoadTail());
  // The row comes before the first object: objects without one are nobody's.
  if (recorded_.revision.empty()) BW_TRY_STATUS(Record({}));
  while (flying_.size() >= static_cast<std::size_t>(shared_.options.parts_in_flight) ||
         (!flying_.empty() && shared_.pool.IsDone(flying_.front()->task))) {
    BW_TRY_STATUS(SettleOldest());
  }
  auto flying = std::make_unique<Flying>();
  flying->part = {.object = NewObjectName(parts_.size() + flying_.size() + 1), .size = fill_};
  flying->buffer = std::move(buffer_);
  has_objects_ = true;
  Send(*flying);
  flying_.push_back(std::move(flying));
  fill_ = 0;
  loaded_ = true;
  return Ok();
}

void S3Staged::Send(Flying& flying) {
  flying.started = true;
  shared_.pool.Start(flying.task, 1, [this, &flying](std::size_t) {
    const ByteView content(flying.buffer->data.get(), static_cast<std::size_t>(flying.part.size));
    flying.outcome = shared_.client.Put(StagingKey(id_, flying.part.object), content);
    if (flying.outcome.ok()) flying.buffer.reset();
  });
}

Status S3Staged::SettleOldest() {
  Flying& oldest = *flying_.front();
  if (!oldest.started) Send(oldest);
  shared_.pool.Finish(oldest.task);
  if (!oldest.outcome.ok()) {
    oldest.started = false;  // whoever comes next tries again
    return oldest.outcome;
  }
  return Record({.revision = {}, .parts = parts_.size() + 1, .tail = 0});
}

Status S3Staged::Settle() {
  while (!flying_.empty()) BW_TRY_STATUS(SettleOldest());
  return Ok();
}

Status S3Staged::Flush() {
  if (fill_ == part_size_ && buffer_ != nullptr) BW_TRY_STATUS(Cut());
  BW_TRY_STATUS(Settle());
  BW_TRY_STATUS(Record({.revision = {}, .parts = parts_.size(), .tail = fill_}));
  buffer_.reset();
  loaded_ = false;
  return Ok();
}

Status S3Staged::Resolve() {
  if (!attempted_) return Ok();
  BW_TRY(const std::string revision, shared_.table.Revision(id_));
  if (revision == attempted_->revision) Adopt(*attempted_);
  attempted_.reset();
  return Ok();
}

void S3Staged::Adopt(Recorded recorded) {
  while (parts_.size() < recorded.parts) {
    parts_.push_back(flying_.front()->part);
    flying_.pop_front();
  }
  recorded_ = std::move(recorded);
}

Status S3Staged::Record(Recorded wanted) {
  BW_TRY_STATUS(Resolve());
  const bool new_part = wanted.parts > recorded_.parts;
  // An earlier attempt may have done it after all, and more.
  if (!recorded_.revision.empty() && !new_part && wanted.tail <= recorded_.tail) return Ok();
  wanted.revision = crypto::RandomToken(kRevisionOctets);
  UploadStep step{.id = id_,
                  .before = recorded_.revision,
                  .after = wanted.revision,
                  .now = shared_.clock.Now()};
  if (new_part) {
    step.part = &flying_.front()->part;
    step.part_number = wanted.parts;
  } else if (wanted.tail > 0) {
    step.tail_start = recorded_.tail;
    step.tail = ByteView(buffer_->data.get(), static_cast<std::size_t>(wanted.tail))
                    .subspan(static_cast<std::size_t>(recorded_.tail));
  }
  attempted_ = wanted;
  BW_TRY_STATUS(shared_.table.Apply(step));
  attempted_.reset();
  Adopt(std::move(wanted));
  return Ok();
}

Result<std::unique_ptr<io::Source>> S3Staged::Read() {
  BW_TRY_STATUS(Flush());
  return std::unique_ptr<io::Source>(new StagedSource(shared_, id_, parts_, recorded_.tail));
}

}  // namespace breakwater::blob
