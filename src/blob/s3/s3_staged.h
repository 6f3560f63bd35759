// An upload to an S3 store under way.
//
// Bytes gather in one buffer. A full one is sent as a part, several parts at a time, in the
// background, and its row is written when it and all before it have arrived. What is in the buffer
// is the tail; Flush writes it to the database and gives the buffer back.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "blob/blob_store.h"
#include "blob/s3/s3_parts.h"

namespace breakwater::blob {

class S3Staged final : public Staged {
 public:
  // A new upload; nobody else knows of it before its first row.
  explicit S3Staged(S3Parts& shared);
  static Result<std::unique_ptr<S3Staged>> Resume(S3Parts& shared, const std::string& id);
  ~S3Staged() override;

  const std::string& id() const override { return id_; }
  std::uint64_t size() const override { return size_; }
  Status Append(ByteView bytes) override;
  Status Flush() override;
  Result<std::unique_ptr<io::Source>> Read() override;

  // For Commit.
  // Waits for all parts and writes their rows.
  Status Settle();
  // After Settle: the parts, and the bytes that follow them, valid until the upload changes.
  const std::vector<StoredPart>& parts() const { return parts_; }
  Result<ByteView> Tail();
  // Whether there may be rows, and objects below its folder.
  bool recorded() const { return !recorded_.revision.empty() || attempted_.has_value(); }
  bool has_objects() const { return has_objects_; }
  void MarkCommitted() { committed_ = true; }
  bool committed() const { return committed_; }

 private:
  struct Buffer {
    Buffer(std::size_t bytes, BufferBudget::Lease held)
        : data(std::make_unique_for_overwrite<std::byte[]>(bytes)),
          capacity(bytes),
          lease(std::move(held)) {}
    std::unique_ptr<std::byte[]> data;
    std::size_t capacity;
    BufferBudget::Lease lease;
  };
  // A part that was cut off and whose row is not written yet.
  struct Flying {
    StoredPart part;
    std::unique_ptr<Buffer> buffer;  // until it has arrived
    TaskPool::Batch task;
    Status outcome;
    bool started = false;
  };
  // What the rows say.
  struct Recorded {
    std::string revision;
    std::size_t parts = 0;
    std::uint64_t tail = 0;
  };

  S3Staged(S3Parts& shared, std::string id);

  // How much of the buffer's content the rows hold.
  std::size_t RecordedInBuffer() const;
  // Gives the buffer room for `needed` bytes of tail in all, at most a part.
  Status Reserve(std::size_t needed);
  Result<BufferBudget::Lease> TakeLease(std::size_t bytes);
  Status LoadTail();
  // Sends the full buffer off as a part.
  Status Cut();
  void Send(Flying& flying);
  // Waits for the oldest part under way, and writes its row.
  Status SettleOldest();
  // Makes the rows say what `wanted` says but for its revision.
  Status Record(Recorded wanted);
  // After a write whose outcome is unknown: finds out.
  Status Resolve();
  void Adopt(Recorded recorded);

  S3Parts& shared_;
  const std::string id_;
  std::size_t part_size_;
  std::uint64_t size_ = 0;
  std::vector<StoredPart> parts_;  // with rows
  std::deque<std::unique_ptr<Flying>> flying_;
  std::unique_ptr<Buffer> buffer_;  // null: the whole tail is in rows
  std::size_t fill_ = 0;            // of the tail, in the buffer or not
  bool loaded_ = true;              // whether the buffer holds what RecordedInBuffer() says
  Timestamp buffer_since_;
  Recorded recorded_;
  std::optional<Recorded> attempted_;
  bool has_objects_ = false;
  bool committed_ = false;
};

}  // namespace breakwater::blob
