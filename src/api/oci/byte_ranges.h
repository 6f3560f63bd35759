// Answers of several byte ranges: multipart/byteranges (RFC 9110 §14.6, §15.3.7.2).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "net/http.h"
#include "oci/ranges.h"
#include "registry/blobs.h"

namespace breakwater::api::distribution {

// Makes `response` carry these ranges of the blob, each as a part of its own and in this order:
// Content-Type and a body of known length. Every range must lie inside, and there must be one.
void SetByteRanges(registry::OpenedBlob opened, std::vector<oci::ByteRange> ranges,
                   std::string_view media_type, net::Response& response);

// "bytes 0-9/100": the Content-Range of a part of a body of `size` bytes.
std::string ContentRangeText(const oci::ByteRange& range, std::uint64_t size);

}  // namespace breakwater::api::distribution
