#include "observe/log.h"

#include <atomic>
#include <charconv>
#include <cmath>

#include <poll.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/time.h"

namespace breakwater::observe {
namespace {

// Room that every line keeps for its end: `,"truncated":true}` and the newline.
constexpr std::string_view kTruncated = R"(,"truncated":true)";
constexpr std::size_t kTail = kTruncated.size() + 2;
constexpr std::size_t kMaxText = 2048;

std::atomic<Level> lowest_level{Level::kInfo};
std::atomic<LogCapture*> capture{nullptr};
thread_local std::string_view current_request_id;

// Builds one object within kMaxLine. A field that does not fit is left out and marked.
class LineBuilder {
 public:
  LineBuilder() { line_.reserve(512); }

  void Add(std::string_view key, const FieldValue& value) {
    const std::size_t start = line_.size();
    line_ += start == 0 ? '{' : ',';
    AppendText(key);
    line_ += ':';
    std::visit([this](const auto& v) { Append(v); }, value.get());
    if (line_.size() + kTail > kMaxLine) {
      line_.resize(start);
      truncated_ = true;
    }
  }

  std::string Finish() && {
    if (truncated_) line_ += kTruncated;
    line_ += "}\n";
    return std::move(line_);
  }

 private:
  void Append(std::string_view text) { AppendText(text); }
  void Append(bool value) { line_ += value ? "true" : "false"; }
  void Append(double value) {
    // JSON has no infinity and no NaN (RFC 8259 §6).
    if (!std::isfinite(value)) {
      line_ += "null";
      return;
    }
    AppendNumber(value);
  }
  void Append(std::int64_t value) { AppendNumber(value); }
  void Append(std::uint64_t value) { AppendNumber(value); }

  template <class T>
  void AppendNumber(T value) {
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    line_.append(digits, end);
  }

  void AppendText(std::string_view text) {
    if (text.size() > kMaxText) {
      text = text.substr(0, kMaxText);
      truncated_ = true;
      // Do not leave half a character behind.
      while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80U) {
        text.remove_suffix(1);
      }
      if (!text.empty() && static_cast<unsigned char>(text.back()) >= 0xc0U) text.remove_suffix(1);
    }
    const bool utf8 = IsValidUtf8(text);
    line_ += '"';
    for (const char c : text) AppendCharacter(c, utf8);
    line_ += '"';
  }

  void AppendCharacter(char c, bool utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line_ += '\\';
      line_ += c;
    } else if (c == '\n') {
      line_ += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr char kHex[] = "0123456789abcdef";
      line_ += "\\u00";
      line_ += kHex[byte >> 4U];
      line_ += kHex[byte & 15U];
    } else if (byte >= 0x80 && !utf8) {
      line_ += "\\ufffd";
    } else {
      line_ += c;
    }
  }

  std::string line_;
  bool truncated_ = false;
};

std::string Format(std::string_view time, Level level, std::string_view message,
                   std::string_view request_id, const Error* error,
                   std::initializer_list<Field> fields) {
  LineBuilder line;
  line.Add("time", time);
  line.Add("level", ToString(level));
  line.Add("message", message);
  if (!request_id.empty()) line.Add("request_id", request_id);
  for (const auto& field : fields) line.Add(field.key, field.value);
  if (error != nullptr) {
    line.Add("error_code", breakwater::ToString(error->code()));
    if (!error->reason().empty()) line.Add("error_reason", error->reason());
    line.Add("error", error->message());
    if (!error->log().empty()) line.Add("error_log", error->log());
  }
  return std::move(line).Finish();
}

void Emit(Level level, std::string_view message, const Error* error,
          std::initializer_list<Field> fields) {
  if (!Enabled(level)) return;
  const std::string line =
      Format(FormatRfc3339(SystemClock().Now()), level, message, current_request_id, error, fields);
  if (LogCapture* sink = capture.load(std::memory_order_acquire)) {
    sink->Add(line);
    return;
  }
  static LineWriter standard_error(STDERR_FILENO);
  standard_error.Write(line);
}

}  // namespace

std::string_view ToString(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarning: return "warning";
    case Level::kError: return "error";
  }
  BW_UNREACHABLE();
}

void Log(Level level, std::string_view message, std::initializer_list<Field> fields) {
  Emit(level, message, nullptr, fields);
}

void LogError(Level level, std::string_view message, const Error& error,
              std::initializer_list<Field> fields) {
  Emit(level, message, &error, fields);
}

void SetLowestLevel(Level level) {
  lowest_level.store(level, std::memory_order_relaxed);
}

bool Enabled(Level level) {
  return level >= lowest_level.load(std::memory_order_relaxed);
}

ScopedRequestId::ScopedRequestId(std::string_view id) : previous_(current_request_id) {
  current_request_id = id;
}
ScopedRequestId::~ScopedRequestId() {
  current_request_id = previous_;
}

LogCapture::LogCapture() {
  LogCapture* expected = nullptr;
  BW_CHECK(capture.compare_exchange_strong(expected, this, std::memory_order_acq_rel));
}
LogCapture::~LogCapture() {
  capture.store(nullptr, std::memory_order_release);
}

std::vector<std::string> LogCapture::lines() const {
  MutexLock lock(mutex_);
  return lines_;
}

bool LogCapture::Contains(std::string_view text) const {
  MutexLock lock(mutex_);
  for (const auto& line : lines_) {
    if (line.find(text) != std::string::npos) return true;
  }
  return false;
}

void LogCapture::Add(std::string_view line) {
  MutexLock lock(mutex_);
  lines_.emplace_back(line);
}

std::string FormatRecord(std::string_view time, Level level, std::string_view message,
                         std::string_view request_id, std::initializer_list<Field> fields) {
  return Format(time, level, message, request_id, nullptr, fields);
}

bool LineWriter::Write(std::string_view line) {
  BW_CHECK(line.size() <= kMaxLine);
  // The lock spans poll and write: a pipe that is ready takes kMaxLine bytes at once, if nobody
  // else writes in between. Neither call waits.
  MutexLock lock(mutex_);
  if (unreported_ > 0) {
    const std::string note = FormatRecord(FormatRfc3339(SystemClock().Now()), Level::kWarning,
                                          "log records were dropped", "", {{"count", unreported_}});
    if (WriteLocked(note)) unreported_ = 0;
  }
  if (WriteLocked(line)) return true;
  ++dropped_;
  ++unreported_;
  return false;
}

bool LineWriter::WriteLocked(std::string_view line) {
  pollfd ready{.fd = descriptor_, .events = POLLOUT, .revents = 0};
  if (::poll(&ready, 1, 0) != 1 || (ready.revents & POLLOUT) == 0) return false;
  return ::write(descriptor_, line.data(), line.size()) == static_cast<ssize_t>(line.size());
}

std::uint64_t LineWriter::dropped() const {
  MutexLock lock(mutex_);
  return dropped_;
}

}  // namespace breakwater::observe
