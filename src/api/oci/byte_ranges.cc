#include "api/oci/byte_ranges.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "crypto/random.h"
#include "io/stream.h"

namespace breakwater::api::distribution {
namespace {

// Random, so that no blob can be made to contain it.
constexpr std::size_t kBoundaryOctets = 18;

struct Part {
  std::string head;  // from the delimiter to the empty line
  oci::ByteRange range;
};

// Heads and ranges by turns, then the end. Opens one range at a time.
class PartsSource final : public io::Source {
 public:
  PartsSource(registry::OpenedBlob opened, std::vector<Part> parts, std::string end)
      : opened_(std::move(opened)), parts_(std::move(parts)), end_(std::move(end)) {
    text_ = parts_.front().head;
  }

  Result<std::size_t> Read(std::span<std::byte> out) override {
    while (true) {
      if (!text_.empty()) return ReadText(out);
      if (at_ == parts_.size()) return 0;
      if (left_ == 0) {
        BW_TRY_STATUS(Open(parts_[at_].range));
        continue;
      }
      const std::size_t wanted = std::min<std::uint64_t>(out.size(), left_);
      BW_TRY(const std::size_t count, range_->Read(out.first(wanted)));
      if (count == 0) return DataCorrupt("the blob ended before its size");
      left_ -= count;
      if (left_ == 0) Next();
      return count;
    }
  }

 private:
  std::size_t ReadText(std::span<std::byte> out) {
    const std::size_t count = std::min(out.size(), text_.size());
    std::copy_n(AsBytes(text_).begin(), count, out.begin());
    text_.remove_prefix(count);
    return count;
  }

  Status Open(const oci::ByteRange& range) {
    left_ = range.length;
    if (const auto* bytes = std::get_if<registry::OpenedBlob::Bytes>(&opened_.content)) {
      const std::string_view whole = **bytes;
      range_ = std::make_unique<io::StringSource>(whole.substr(range.offset, range.length));
      return Ok();
    }
    BW_TRY(range_, std::get<1>(opened_.content)->Read(range.offset, range.length));
    return Ok();
  }

  void Next() {
    range_.reset();
    ++at_;
    text_ = at_ == parts_.size() ? std::string_view(end_) : std::string_view(parts_[at_].head);
  }

  registry::OpenedBlob opened_;
  const std::vector<Part> parts_;
  const std::string end_;
  std::size_t at_ = 0;                 // the part being sent
  std::string_view text_;              // of what is sent before the next range
  std::unique_ptr<io::Source> range_;  // of the part, once its head is sent
  std::uint64_t left_ = 0;             // of the range
};

}  // namespace

std::string ContentRangeText(const oci::ByteRange& range, std::uint64_t size) {
  return "bytes " + std::to_string(range.offset) + "-" +
         std::to_string(range.offset + range.length - 1) + "/" + std::to_string(size);
}

void SetByteRanges(registry::OpenedBlob opened, std::vector<oci::ByteRange> ranges,
                   std::string_view media_type, net::Response& response) {
  BW_CHECK(!ranges.empty());
  const std::string boundary = crypto::RandomToken(kBoundaryOctets);
  const std::string end = "\r\n--" + boundary + "--\r\n";
  std::uint64_t length = end.size();
  std::vector<Part> parts;
  parts.reserve(ranges.size());
  for (const oci::ByteRange& range : ranges) {
    BW_CHECK(range.offset <= opened.size && range.length <= opened.size - range.offset);
    std::string head = (parts.empty() ? "--" : "\r\n--") + boundary +
                       "\r\nContent-Type: " + std::string(media_type) +
                       "\r\nContent-Range: " + ContentRangeText(range, opened.size) + "\r\n\r\n";
    length += head.size() + range.length;
    parts.push_back({std::move(head), range});
  }
  response.headers.Set("Content-Type", "multipart/byteranges; boundary=" + boundary);
  response.body = net::StreamBody{
      .source = std::make_unique<PartsSource>(std::move(opened), std::move(parts), end),
      .length = length};
}

}  // namespace breakwater::api::distribution
