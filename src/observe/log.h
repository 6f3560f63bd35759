// Structured log: one JSON object on one line for each record, on standard error.
//
//   observe::Log(Level::kInfo, "listening", {{"address", "127.0.0.1:5000"}, {"tls", false}});
//   {"time":"2022-03-21T09:30:00.000001Z","level":"info","message":"listening","address":…}
//
// A record is written whole or not at all, is at most kMaxLine bytes (longer texts are cut and
// marked), and never waits for a reader who does not read: such records are dropped and counted.
// Thread-safe.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/sync.h"

namespace breakwater::observe {

enum class Level { kDebug, kInfo, kWarning, kError };

std::string_view ToString(Level level);  // "debug", "info", "warning", "error"

// PIPE_BUF on Linux: what a pipe takes in one piece (pipe(7)).
inline constexpr std::size_t kMaxLine = 4096;

// A value of a field; a view that need live only as long as the call. Never give it a secret.
class FieldValue {
 public:
  FieldValue(std::string_view text) : value_(text) {}  // NOLINT(google-explicit-*)
  FieldValue(const std::string& text)
      : value_(std::string_view(text)) {}                           // NOLINT(google-explicit-*)
  FieldValue(const char* text) : value_(std::string_view(text)) {}  // NOLINT(google-explicit-*)
  FieldValue(bool value) : value_(value) {}                         // NOLINT(google-explicit-*)
  FieldValue(std::floating_point auto value)                        // NOLINT(google-explicit-*)
      : value_(static_cast<double>(value)) {}
  FieldValue(std::signed_integral auto value)  // NOLINT(google-explicit-*)
      : value_(static_cast<std::int64_t>(value)) {}
  FieldValue(std::unsigned_integral auto value)  // NOLINT(google-explicit-*)
      : value_(static_cast<std::uint64_t>(value)) {}

  const auto& get() const { return value_; }

 private:
  std::variant<std::string_view, bool, std::int64_t, std::uint64_t, double> value_;
};

struct Field {
  std::string_view key;  // lower_snake_case
  FieldValue value;
};

// Does nothing below the lowest level (kInfo unless changed).
void Log(Level level, std::string_view message, std::initializer_list<Field> fields = {});
// With the error's code, reason and both of its texts.
void LogError(Level level, std::string_view message, const Error& error,
              std::initializer_list<Field> fields = {});

void SetLowestLevel(Level level);
bool Enabled(Level level);

// While it lives, records of this thread carry "request_id". Nests.
class ScopedRequestId {
 public:
  // `id` must outlive the scope.
  explicit ScopedRequestId(std::string_view id);
  ~ScopedRequestId();
  ScopedRequestId(const ScopedRequestId&) = delete;
  ScopedRequestId& operator=(const ScopedRequestId&) = delete;

 private:
  std::string_view previous_;
};

// While it lives, all records go to it instead of standard error. One at a time; for tests.
class LogCapture {
 public:
  LogCapture();
  ~LogCapture();
  LogCapture(const LogCapture&) = delete;
  LogCapture& operator=(const LogCapture&) = delete;

  std::vector<std::string> lines() const;
  // True if a record holds the text.
  bool Contains(std::string_view text) const;

  void Add(std::string_view line);  // for the log itself

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ BW_GUARDED_BY(mutex_);
};

// The line of a record, with its newline. Pure; for tests.
std::string FormatRecord(std::string_view time, Level level, std::string_view message,
                         std::string_view request_id, std::initializer_list<Field> fields);

// Writes lines to a descriptor by the rules above. Does not own the descriptor.
class LineWriter {
 public:
  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}
  // False if the line was dropped, because the reader is slow or gone. `line` must fit kMaxLine.
  bool Write(std::string_view line);
  std::uint64_t dropped() const;

 private:
  bool WriteLocked(std::string_view line) BW_REQUIRES(mutex_);

  const int descriptor_;
  mutable Mutex mutex_;
  std::uint64_t dropped_ BW_GUARDED_BY(mutex_) = 0;
  std::uint64_t unreported_ BW_GUARDED_BY(mutex_) = 0;
};

}  // namespace breakwater::observe
