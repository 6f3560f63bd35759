// The requests to an S3 service that a blob store needs (Amazon S3 API reference), on one bucket.
//
// Each is idempotent, and repeated after failures that may pass (retry.h). The body's SHA-256 is
// signed, so no service stores bytes that changed on the way. Failures: kUnavailable, with the
// service's own words in the log: "blob_store_unavailable"; "blob_store_full" over a quota. What
// the service refuses for another reason (credentials, permissions, clock) is the operator's affair
// and for clients no other than that. kDataCorrupt where the service contradicts itself.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "blob/s3/retry.h"
#include "blob/s3/s3_options.h"
#include "blob/s3/s3_xml.h"
#include "io/stream.h"
#include "net/http_client.h"

namespace breakwater::blob {

// "https://host[:port]" in its parts.
struct S3Endpoint {
  std::string scheme;
  std::string host;  // as in the Host header

  // kInvalid "s3_endpoint_invalid" for anything but http or https with a host and no path.
  static Result<S3Endpoint> Parse(std::string_view text);
};

// Thread-safe. Keys are the store's own, without the options' prefix and the "/" after it.
class S3Client {
 public:
  // `options` are sane (OpenS3BlobStore checks them).
  S3Client(S3Options options, S3Endpoint endpoint, S3Waiting waiting, const Clock& clock);

  Status Put(const std::string& key, ByteView content);
  // The object's size, or nothing if there is none.
  Result<std::optional<std::uint64_t>> Head(const std::string& key);
  // Fails if there is no bucket, which HEAD does not tell from a missing object.
  Status CheckBucket();
  // Bytes [offset, offset + length) of an object that is known to have `size`; `length` is not 0.
  // Where a connection breaks it goes on with another. kNotFound if there is no such object. The
  // client must outlive the source.
  Result<std::unique_ptr<io::Source>> Read(const std::string& key, std::uint64_t size,
                                           std::uint64_t offset, std::uint64_t length);
  // Absent is success.
  Status Delete(const std::string& key);
  std::string PresignGet(const std::string& key, std::chrono::seconds life) const;

  // The id of the new multipart upload.
  Result<std::string> CreateUpload(const std::string& key);
  // Parts count from 1. The part's ETag.
  Result<std::string> PutPart(const std::string& key, const std::string& upload, std::size_t part,
                              ByteView content);
  // The whole object `from`, at most 5 GiB. kNotFound if there is none.
  Result<std::string> CopyPart(const std::string& key, const std::string& upload, std::size_t part,
                               const std::string& from);
  // kNotFound if there is no such upload (any more): it may have been completed.
  Status CompleteUpload(const std::string& key, const std::string& upload,
                        const std::vector<std::string>& etags);
  // Absent is success.
  Status AbortUpload(const std::string& key, const std::string& upload);

  // In the order of their keys; stops at the visitor's first error.
  Status ListObjects(const std::string& prefix,
                     const std::function<Status(const S3Object&)>& visit) {
    return ListObjectsAfter(prefix, {}, visit);
  }
  // The same of those behind a key.
  Status ListObjectsAfter(const std::string& prefix, const std::string& after,
                          const std::function<Status(const S3Object&)>& visit);
  Status ListUploads(const std::string& prefix,
                     const std::function<Status(const S3Upload&)>& visit);

  // What the service's clock says minus what ours says, by the Date of an answer.
  Result<std::chrono::seconds> ClockSkew();

 private:
  struct Call;

  // The answer, whatever its status says about the object: 2xx, or 404 where `call` allows it.
  Result<net::ClientResponse> Perform(const Call& call);
  net::ClientRequest MakeRequest(const Call& call) const;
  std::string PathOf(const std::string& key) const;
  Error FailureOf(const Call& call, const net::ClientResponse& response) const;
  Error FailureOf(const Call& call, const Error& error) const;
  Attempts NewAttempts() const { return Attempts(options_, waiting_, clock_); }

  const S3Options options_;
  const S3Endpoint endpoint_;
  const S3Waiting waiting_;
  const Clock& clock_;
  const std::string host_;
  const net::HttpClient http_;
};

}  // namespace breakwater::blob
