// The XML that S3 answers with, and the little that it is sent. Pure.
//
// Bytes from outside: an answer that is not what was asked for is kUnavailable. Nothing refers to
// anything outside the text (no DTD, no entities but XML's own).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"

namespace breakwater::blob {

// Longer answers are refused: a page of 1000 keys of the longest kind fits.
inline constexpr std::size_t kMaxXmlBytes = std::size_t{8} << 20U;

struct S3Error {
  std::string code;     // "NoSuchKey"; at most 64 letters and digits
  std::string message;  // at most 512 bytes of valid UTF-8
};
// Nothing if this is no <Error>. It may stand in an answer with status 200.
std::optional<S3Error> ParseS3Error(std::string_view xml);

struct S3Object {
  std::string key;
  std::uint64_t size = 0;
  Timestamp modified;
};
struct S3ObjectPage {
  std::vector<S3Object> objects;
  std::string next;  // token for the page that follows, or ""
};
Result<S3ObjectPage> ParseListObjects(std::string_view xml);

struct S3Upload {
  std::string key;
  std::string id;
  Timestamp initiated;
};
struct S3UploadPage {
  std::vector<S3Upload> uploads;
  std::string next_key;  // markers for the page that follows, or ""
  std::string next_id;
};
Result<S3UploadPage> ParseListUploads(std::string_view xml);

// <UploadId> of CreateMultipartUpload.
Result<std::string> ParseUploadId(std::string_view xml);
// <ETag> of UploadPartCopy.
Result<std::string> ParseCopiedETag(std::string_view xml);
// The answer to CompleteMultipartUpload: OK, whatever its ETag (Ceph leaves it empty the first
// time).
Status ParseCompleted(std::string_view xml);

// The body of CompleteMultipartUpload: part 1 has the first ETag, and so on.
std::string MakeCompleteRequest(const std::vector<std::string>& etags);

}  // namespace breakwater::blob
