// What the pieces of an S3 blob store share, and the keys it uses:
//
//   blobs/sha256/ab/abcdef…          committed, immutable
//   staging/UPLOAD/NUMBER-RANDOM     parts of uploads in progress
//
// Each part is a new object: a writer that comes too late, in a process that had been given up, can
// only leave an object that no row names.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "blob/s3/buffer_budget.h"
#include "blob/s3/s3_client.h"
#include "blob/s3/upload_table.h"
#include "blob/task_pool.h"
#include "oci/digest.h"

namespace breakwater::blob {

inline constexpr std::string_view kBlobs = "blobs/";
inline constexpr std::string_view kStaging = "staging/";

std::string BlobKey(const oci::Digest& digest);
// Nothing for keys of another form.
std::optional<oci::Digest> DigestOfKey(std::string_view key);

std::string NewUploadId();
bool IsUploadId(std::string_view id);
std::string StagingKey(std::string_view upload, std::string_view object);
// The upload that an object below staging/ belongs to, or "".
std::string_view UploadOfKey(std::string_view key);
std::string NewObjectName(std::uint64_t part_number);

// Names a multipart upload that nobody completes, as an upload to be discarded.
struct OrphanId {
  std::string key;
  std::string upload;

  std::string ToString() const;
  static std::optional<OrphanId> Parse(std::string_view id);
};

// Order matters: uploads under way use all of it until they are gone.
struct S3Parts {
  S3Parts(const S3Options& s3_options, S3Endpoint endpoint, S3Waiting waiting,
          db::Database& database, const Clock& system_clock)
      : options(s3_options),
        clock(system_clock),
        client(s3_options, std::move(endpoint), std::move(waiting), system_clock),
        table(database),
        budget(s3_options.buffer_bytes),
        pool(s3_options.request_threads) {}

  const S3Options options;
  const Clock& clock;
  S3Client client;
  UploadTable table;
  BufferBudget budget;
  TaskPool pool;
};

}  // namespace breakwater::blob
