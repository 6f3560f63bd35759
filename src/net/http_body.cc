#include "net/http_body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace breakwater::net {
namespace {

constexpr std::size_t kHeadRead = 8 * 1024;
constexpr std::size_t kDrainRead = 64 * 1024;

}  // namespace

void InputBuffer::Consume(std::size_t n) {
  BW_CHECK(n <= bytes_.size() - begin_);
  begin_ += n;
  if (begin_ == bytes_.size()) {
    bytes_.clear();
    begin_ = 0;
  }
}

Result<std::size_t> InputBuffer::Fill(Deadline deadline) {
  if (begin_ > 0) {
    bytes_.erase(0, begin_);
    begin_ = 0;
  }
  // By way of the stack: an idle connection's memory is what it holds, not what it could.
  std::array<std::byte, kHeadRead> room;
  const auto got = transport_.Read(room, deadline);
  filled_ = got.ok() && *got == room.size();
  if (got.ok()) bytes_ += AsText(ByteView(room).first(*got));
  return got;
}

Result<std::size_t> InputBuffer::Read(std::span<std::byte> out, Deadline deadline) {
  const auto have = pending();
  if (have.empty()) return transport_.Read(out, deadline);
  const std::size_t n = std::min(have.size(), out.size());
  std::memcpy(out.data(), have.data(), n);
  Consume(n);
  return n;
}

void InputBuffer::PutBack(ByteView bytes) {
  bytes_.replace(0, begin_, AsText(bytes));
  begin_ = 0;
}

void InputBuffer::Release() {
  if (pending().empty()) {
    std::string().swap(bytes_);
    begin_ = 0;
  }
}

RequestBody::RequestBody(InputBuffer& input, Transport& transport, const BodyOptions& options)
    : input_(input),
      transport_(transport),
      options_(options),
      pace_(options.pace),
      left_(options.length),
      finished_(!options.chunked && options.length == 0) {
  // Nothing will come, so there is nothing to invite.
  if (finished_) options_.send_continue = false;
}

Result<std::size_t> RequestBody::Read(std::span<std::byte> out) {
  BW_CHECK(!out.empty());
  if (failed_) return Unavailable("the request's body cannot be read").Reason("body_failed");
  if (finished_) return std::size_t{0};
  auto got = [&]() -> Result<std::size_t> {
    BW_TRY_STATUS(Begin());
    return options_.chunked ? ReadChunked(out) : ReadSized(out);
  }();
  if (got.ok()) {
    bytes_ += *got;
  } else {
    failed_ = true;
  }
  return got;
}

// RFC 9110 §10.1.1: the interim answer goes out when somebody wants the body.
Status RequestBody::Begin() {
  if (!awaiting_continue()) return Ok();
  continued_ = true;
  return WriteAll(transport_, AsBytes("HTTP/1.1 100 Continue\r\n\r\n"), false, pace_);
}

Result<std::size_t> RequestBody::ReadRaw(std::span<std::byte> out) {
  const Deadline next = pace_.Next();
  auto got = input_.Read(out, until_ ? std::min(next, *until_) : next);
  if (!got.ok()) {
    if (got.error().code() != ErrorCode::kDeadline) return got;
    return DeadlineExceeded("the request's body arrived too slowly").Reason("body_too_slow");
  }
  pace_.Progress(*got);
  if (*got == 0) return Invalid("the request's body ended early").Reason("body_incomplete");
  return got;
}

Result<std::size_t> RequestBody::ReadSized(std::span<std::byte> out) {
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
  BW_TRY(const std::size_t n, ReadRaw(out.first(wanted)));
  left_ -= n;
  finished_ = left_ == 0;
  return n;
}

Result<std::size_t> RequestBody::ReadChunked(std::span<std::byte> out) {
  for (;;) {
    BW_TRY(const std::size_t n, ReadRaw(out));
    BW_TRY(const auto step, decoder_.Decode(out.first(n)));
    if (step.consumed < n) {
      input_.PutBack(ByteView(out).subspan(step.consumed, n - step.consumed));
    }
    finished_ = decoder_.done();
    if (step.produced > options_.max_bytes - bytes_) {
      return TooLarge("the request's body is too large").Reason("body_too_large");
    }
    if (step.produced > 0 || finished_) return step.produced;
  }
}

bool RequestBody::IsDrainable(std::uint64_t limit) const {
  return finished_ || (!failed_ && !awaiting_continue() && (options_.chunked || left_ <= limit));
}

bool RequestBody::Drain(std::uint64_t limit, Deadline until) {
  if (finished_) return true;
  if (!IsDrainable(limit)) return false;
  until_ = until;
  std::vector<std::byte> piece(kDrainRead);
  const std::uint64_t end = bytes_ + limit;
  while (!finished_ && bytes_ <= end) {
    if (!Read(piece).ok()) return false;
  }
  return finished_;
}

}  // namespace breakwater::net
