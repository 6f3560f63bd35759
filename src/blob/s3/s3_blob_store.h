// Blobs as objects of an S3-compatible store, uploads as rows of the database and objects beside
// them (s3_parts.h has the keys). Any number of processes may share bucket and database.
//
// Errors are those of S3Client and of the database, and "blob_store_busy" (kUnavailable) when all
// buffers stay in use for too long. Bytes are verified on their way in by their SHA-256, and only
// their number on the way out: whoever must be sure of content hashes it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "blob/blob_store.h"
#include "blob/s3/s3_options.h"
#include "db/database.h"

namespace breakwater::blob {

// kInvalid "s3_endpoint_invalid" or "s3_options_invalid" says what is wrong with the options. Asks
// the service nothing. `database` (migrated) and `clock` must outlive the store, the store its
// uploads and blobs.
Result<std::unique_ptr<BlobStore>> OpenS3BlobStore(const S3Options& options, db::Database& database,
                                                   const Clock& clock,
                                                   S3Waiting waiting = S3Waiting::Real());

// One step of looking at a store, in plain words for the operator. No secrets.
struct S3Finding {
  bool ok = false;
  std::string text;  // "writes an object", or what is wrong and what may help
};
// Writes, reads, composes, lists and deletes a small object, and compares clocks (15 minutes is
// what services tolerate). Leaves nothing behind. Gives up each step within ten seconds.
std::vector<S3Finding> CheckS3(const S3Options& options, const Clock& clock);

}  // namespace breakwater::blob
