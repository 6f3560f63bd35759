#include "blob/s3/s3_source.h"

#include <algorithm>
#include <utility>

#include "blob/s3/s3_xml.h"

namespace breakwater::blob {
namespace {

constexpr std::size_t kMaxErrorText = 16 * 1024;

}  // namespace

S3Source::S3Source(OpenRange open, std::function<Attempts()> begin, std::string what, S3Range range)
    : open_(std::move(open)), begin_(std::move(begin)), what_(std::move(what)), range_(range) {
  BW_CHECK(range_.from < range_.to && range_.to <= range_.size);
}

Error S3Source::Broken(std::string why) const {
  return Unavailable("the blob store is not available")
      .Reason("blob_store_unavailable")
      .Log(what_ + ": " + std::move(why));
}

Status S3Source::Judge(net::ClientStream& stream) {
  const std::string total = "/" + std::to_string(range_.size);
  const auto content_range = stream.headers().Get("content-range");
  if (stream.status() == 206 && content_range) {
    const std::string begin = "bytes " + std::to_string(range_.from) + "-";
    if (content_range->starts_with(begin) && content_range->ends_with(total)) return Ok();
    return DataCorrupt("a stored blob is not as long as it was")
        .Log(what_ + ": " + std::string(*content_range));
  }
  if (stream.status() == 416) {
    return DataCorrupt("a stored blob is shorter than it was").Log(what_);
  }
  const auto body = io::ReadAll(stream, kMaxErrorText);
  const S3Error said = ParseS3Error(body.ok() ? *body : "").value_or(S3Error{});
  if (stream.status() == 404 && said.code != "NoSuchBucket") {
    return NotFound("there is no such blob").Reason("blob_unknown").Log(what_);
  }
  Error error =
      Broken("status " + std::to_string(stream.status()) + " " + said.code + ": " + said.message);
  if (!IsTransient(stream.status(), said.code)) return error;
  if (!attempts_->Again(ParseRetryAfter(stream.headers().Get("retry-after")))) return error;
  return Ok();
}

Status S3Source::Connect() {
  while (stream_ == nullptr) {
    if (!attempts_) attempts_.emplace(begin_());
    auto opened = open_(range_.from, range_.to);
    if (!opened.ok()) {
      if (IsTransient(opened.error()) && attempts_->Again()) continue;
      return Broken(CauseOf(opened.error()));
    }
    BW_TRY_STATUS(Judge(**opened));
    if ((*opened)->status() == 206) stream_ = *std::move(opened);
  }
  return Ok();
}

Status S3Source::Open() {
  Status connected = Connect();
  if (!connected.ok()) failed_ = connected.error();
  return connected;
}

Result<std::size_t> S3Source::Read(std::span<std::byte> out) {
  if (failed_) return *failed_;
  const std::uint64_t left = range_.to - range_.from;
  if (left == 0) return std::size_t{0};
  const auto wanted =
      out.first(static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left)));
  while (true) {
    BW_TRY_STATUS(Open());
    const auto count = stream_->Read(wanted);
    if (count.ok() && *count > 0) {
      range_.from += *count;
      attempts_.reset();
      if (range_.from == range_.to) stream_.reset();
      return *count;
    }
    stream_.reset();
    if (!attempts_) attempts_.emplace(begin_());
    if (count.ok() || IsTransient(count.error())) {
      if (attempts_->Again()) continue;
      failed_ = Broken(count.ok() ? "the response ended early" : count.error().log());
    } else {
      failed_ = Broken(count.error().log());
    }
    return *failed_;
  }
}

}  // namespace breakwater::blob
