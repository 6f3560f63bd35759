// What S3 services answer: any bytes give bounded values or an error, and no error is left unread.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "blob/s3/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace blob = breakwater::blob;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto error = blob::ParseS3Error(text)) {
    BW_CHECK(error->code.size() <= 64 && breakwater::IsValidUtf8(error->message));
    BW_CHECK(!blob::ParseCompleted(text).ok() && !blob::ParseCopiedETag(text).ok());
  }
  if (const auto page = blob::ParseListObjects(text); page.ok()) {
    for (const auto& object : page->objects) BW_CHECK(!object.key.empty());
  }
  if (const auto page = blob::ParseListUploads(text); page.ok()) {
    for (const auto& upload : page->uploads) BW_CHECK(!upload.key.empty() && !upload.id.empty());
  }
  if (const auto id = blob::ParseUploadId(text); id.ok()) BW_CHECK(!id->empty());
  return 0;
}
