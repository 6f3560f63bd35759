// One pass through a backup, from its header to its manifest, in which every byte is held against
// what vouches for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "admin/backup_files.h"
#include "admin/backup_format.h"
#include "admin/values.h"
#include "base/result.h"
#include "crypto/hash.h"
#include "io/stream.h"

namespace breakwater::admin {

// What a pass calls, in this order; none is needed but `damaged`. An error ends the pass.
struct BackupVisitor {
  std::function<Status(const BackupHeader&)> header = {};
  // The rows of one piece. Those of a damaged one, too, where they can be read: the manifest that
  // tells comes last.
  std::function<Status(const db::Table&, const std::vector<Values>&)> rows = {};
  // The bytes fail with kDataCorrupt, before or at their end, if they are not the blob's.
  std::function<Status(const NamedBlob&, io::Source&)> blob = {};
  // With everything found right.
  std::function<Status(const BackupManifest&)> end = {};
  // kDataCorrupt "backup_damaged" with the file's name as the detail "file". Whether to go on.
  std::function<Status(const Error&)> damaged = {};
};

struct BackupContents {
  BackupHeader header;
  std::int64_t rows = 0;
  std::int64_t blobs = 0;
  std::uint64_t blob_bytes = 0;
  std::int64_t damaged = 0;  // files
  std::string manifest_sha256;
};

Result<BackupContents> PassThrough(BackupReader& reader, const BackupVisitor& visitor);

// Adds the blobs that rows of the table "blob" say are in the blob store; kDataCorrupt.
Status CollectBlobs(const db::Table& table, const std::vector<Values>& rows,
                    std::vector<NamedBlob>& blobs);
// The rows of a piece; kDataCorrupt.
Result<std::vector<Values>> DecodeRows(const db::Table& table, std::string_view piece);

// A blob's bytes, held against its size and digest: the last of them are given only if all were
// right, else kDataCorrupt "backup_damaged". `source` must outlive it.
class CheckedSource final : public io::Source {
 public:
  CheckedSource(io::Source& source, const NamedBlob& blob)
      : source_(source), blob_(blob), hasher_(blob.digest.algorithm()) {}
  Result<std::size_t> Read(std::span<std::byte> out) override;

 private:
  Error Damaged(std::string_view what);

  io::Source& source_;
  const NamedBlob blob_;
  crypto::Hasher hasher_;
  std::uint64_t read_ = 0;
  bool failed_ = false;
};

}  // namespace breakwater::admin
