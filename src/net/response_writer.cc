#include "net/response_writer.h"

#include <algorithm>

#include "net/chunked.h"
#include "observe/log.h"

namespace breakwater::net {
namespace {

// Up to here head and body leave in one piece: copying is cheaper than a second system call.
constexpr std::size_t kSmallBody = 32 * 1024;
// What one turn of a shared thread may write.
constexpr std::size_t kShortBody = 256 * 1024;
constexpr std::size_t kStreamPiece = 256 * 1024;
constexpr std::size_t kChunkRoom = 16;  // for the prefix, before the piece

Response Sendable(Response response, const ResponseFraming& framing) {
  if (IsSendable(response)) return response;
  observe::Log(observe::Level::kError, "a response cannot be sent", {{"status", response.status}});
  return ErrorResponse(500, "internal_error", "internal error", framing.request_id);
}

}  // namespace

ResponseWriter::ResponseWriter(Response response, const ResponseFraming& framing,
                               const PaceLimits& pace)
    : response_(Sendable(std::move(response), framing)), pace_(pace) {
  const Delimiting delimiting = Delimit(response_, framing);
  sent_.status = response_.status;
  sent_.keep_alive = framing.keep_alive && !delimiting.until_close;
  head_ = FormatHead(response_, framing, delimiting, sent_.keep_alive);
  chunked_ = delimiting.chunked;
  if (delimiting.send_body) {
    if (const auto text = response_.text()) {
      if (text->size() <= kSmallBody) {
        head_ += *text;
        sent_.bytes = text->size();
      } else {
        body_stage_ = Stage::kText;
      }
    } else if (const auto* file = std::get_if<FileSlice>(&response_.body)) {
      if (file->length > 0) body_stage_ = Stage::kFile;
    } else if (std::get<StreamBody>(response_.body).length != std::uint64_t{0}) {
      body_stage_ = Stage::kStream;
    }
  }
  rest_ = AsBytes(head_);
}

bool ResponseWriter::needs_thread() const {
  switch (body_stage_) {
    case Stage::kFile:
    case Stage::kStream: return true;
    case Stage::kText: return response_.text()->size() > kShortBody;
    default: return false;
  }
}

std::size_t ResponseWriter::held() const {
  const auto text = response_.text();
  return head_.size() + buffer_.capacity() + (text ? text->size() : 0);
}

Result<bool> ResponseWriter::Advance(Transport& transport, Deadline until) {
  if (std::exchange(waiting_, false)) pace_.Progress(0);
  while (stage_ != Stage::kDone) {
    auto wrote = Step(transport, kNoWait);
    if (wrote.ok()) {
      pace_.Moved(*wrote);
      continue;
    }
    if (wrote.error().code() != ErrorCode::kDeadline) return wrote.error();
    BW_TRY(const auto patient, StepPatiently(transport, until));
    if (!patient) return false;
  }
  return true;
}

Result<std::optional<std::size_t>> ResponseWriter::StepPatiently(Transport& transport,
                                                                 Deadline until) {
  if (until == kNoWait) {
    BeginWaiting(transport);
    return std::optional<std::size_t>();
  }
  deadline_ = pace_.Next();
  auto wrote = Step(transport, std::min(until, deadline_));
  pace_.Progress(wrote.ok() ? *wrote : 0);
  if (wrote.ok()) return std::optional(*wrote);
  if (wrote.error().code() != ErrorCode::kDeadline || SteadyClock::now() >= deadline_) {
    return wrote.error();
  }
  BeginWaiting(transport);
  return std::optional<std::size_t>();
}

void ResponseWriter::BeginWaiting(const Transport& transport) {
  waiting_ = true;
  unsent_ = transport.Unsent();
  deadline_ = pace_.Next();
}

bool ResponseWriter::GivesUp(const Transport& transport) {
  const std::size_t unsent = transport.Unsent();
  if (unsent >= unsent_) return true;
  pace_.Progress(0);
  unsent_ = unsent;
  deadline_ = pace_.Next();
  return deadline_ <= SteadyClock::now();  // it takes too little in the long run
}

Result<std::size_t> ResponseWriter::Step(Transport& transport, Deadline deadline) {
  switch (stage_) {
    case Stage::kHead:
    case Stage::kText: {
      const bool more = stage_ == Stage::kHead && body_stage_ != Stage::kFlush;
      BW_TRY(const std::size_t n, transport.Write(rest_, more, deadline));
      rest_ = rest_.subspan(n);
      if (stage_ == Stage::kText) sent_.bytes += n;
      if (!rest_.empty()) return n;
      stage_ = stage_ == Stage::kHead ? body_stage_ : Stage::kFlush;
      if (stage_ == Stage::kText) rest_ = AsBytes(*response_.text());
      return n;
    }
    case Stage::kFile: {
      const FileSlice& file = std::get<FileSlice>(response_.body);
      BW_TRY(const std::size_t n, transport.WriteFile(file.descriptor, file.offset + sent_.bytes,
                                                      file.length - sent_.bytes, deadline));
      sent_.bytes += n;
      if (sent_.bytes == file.length) stage_ = Stage::kFlush;
      return n;
    }
    case Stage::kStream: return StepStream(transport, deadline);
    case Stage::kFlush:
      BW_TRY_STATUS(transport.Flush(deadline));
      stage_ = Stage::kDone;
      return std::size_t{0};
    case Stage::kDone: break;
  }
  return std::size_t{0};
}

Result<std::size_t> ResponseWriter::StepStream(Transport& transport, Deadline deadline) {
  if (rest_.empty() && !stream_ended_) BW_TRY_STATUS(ReadPiece());
  std::size_t n = 0;
  if (!rest_.empty()) {
    // What a source gives before a piece is full may be all it has for a while: the system would
    // keep it back for 200 ms, for what does not follow.
    BW_TRY(n, transport.Write(rest_, piece_is_full_ && !stream_ended_, deadline));
    rest_ = rest_.subspan(n);
  }
  if (rest_.empty() && stream_ended_) stage_ = Stage::kFlush;
  return n;
}

Status ResponseWriter::ReadPiece() {
  StreamBody& body = std::get<StreamBody>(response_.body);
  // Prefix, piece and line end of a chunk leave from one buffer.
  buffer_.resize(kChunkRoom + kStreamPiece + 2);
  BW_TRY(const std::size_t n,
         body.source->Read(std::span(buffer_).subspan(kChunkRoom, kStreamPiece)));
  if (body.length.has_value() && n > *body.length - sent_.bytes) {
    return Internal("a response body is longer than announced");
  }
  sent_.bytes += n;
  piece_is_full_ = n == kStreamPiece;
  stream_ended_ = n == 0 || body.length == sent_.bytes;
  if (n == 0 && body.length.value_or(sent_.bytes) != sent_.bytes) {
    return Internal("a response body is shorter than announced");
  }
  TakePiece(n);
  return Ok();
}

void ResponseWriter::TakePiece(std::size_t size) {
  if (!chunked_) {
    rest_ = ByteView(buffer_).subspan(kChunkRoom, size);
    return;
  }
  if (size == 0) {
    rest_ = AsBytes("0\r\n\r\n");
    return;
  }
  const std::string prefix = ChunkPrefix(size);
  const std::size_t begin = kChunkRoom - prefix.size();
  std::ranges::copy(AsBytes(prefix), buffer_.begin() + static_cast<std::ptrdiff_t>(begin));
  std::ranges::copy(AsBytes("\r\n"),
                    buffer_.begin() + static_cast<std::ptrdiff_t>(kChunkRoom + size));
  rest_ = ByteView(buffer_).subspan(begin, prefix.size() + size + 2);
}

}  // namespace breakwater::net
