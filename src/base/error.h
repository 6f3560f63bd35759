// What went wrong, as a value. Domain code returns errors; only api/ turns them into statuses and
// wire codes, through one table for each family of endpoints.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace breakwater {

// Canonical classes of failure. Each has one HTTP status by default (api/).
enum class ErrorCode {
  kInvalid,          // the request can never succeed as it is
  kUnauthenticated,  // no valid credential
  kDenied,           // known caller, not allowed
  kNotFound,         // absent, or must look absent
  kExists,           // a thing of this name is there already
  kConflict,         // against the present state, e.g. a one-way switch
  kPrecondition,     // If-Match or its like does not hold
  kRangeInvalid,     // a byte range that does not fit
  kTooLarge,         // over a limit of size or count
  kQuota,            // the owner's quota is used up
  kRateLimited,      // later, and slower
  kUnsupported,      // understood, not offered
  kUnavailable,      // a part we depend on does not answer; a retry may cure it
  kDeadline,         // took longer than allowed
  kDataCorrupt,      // stored bytes are not what they were
  kInternal,         // a bug
};

std::string_view ToString(ErrorCode code);

// A named piece of the story for the client, e.g. {"property", "private_only"}.
struct ErrorDetail {
  std::string name;
  std::string value;
};

class [[nodiscard]] Error {
 public:
  // `message` is for the client: no path, SQL or secret.
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  // A stable word finer than the code, in lower_snake_case ("manifest_unknown"), or empty.
  const std::string& reason() const { return reason_; }
  // For the log alone.
  const std::string& log() const { return log_; }
  const std::vector<ErrorDetail>& details() const { return details_; }

  Error&& Reason(std::string reason) && {
    reason_ = std::move(reason);
    return std::move(*this);
  }
  Error&& Log(std::string text) && {
    log_ = log_.empty() ? std::move(text) : text + ": " + log_;
    return std::move(*this);
  }
  Error&& Detail(std::string name, std::string value) && {
    details_.push_back({std::move(name), std::move(value)});
    return std::move(*this);
  }
  // Puts "context: " before the client's message.
  Error&& Context(std::string_view context) && {
    message_ = std::string(context) + ": " + message_;
    return std::move(*this);
  }

 private:
  ErrorCode code_;
  std::string message_;
  std::string reason_;
  std::string log_;
  std::vector<ErrorDetail> details_;
};

// Shorthands: return Invalid("tag too long");
inline Error Invalid(std::string m) {
  return {ErrorCode::kInvalid, std::move(m)};
}
inline Error Unauthenticated(std::string m) {
  return {ErrorCode::kUnauthenticated, std::move(m)};
}
inline Error Denied(std::string m) {
  return {ErrorCode::kDenied, std::move(m)};
}
inline Error NotFound(std::string m) {
  return {ErrorCode::kNotFound, std::move(m)};
}
inline Error Exists(std::string m) {
  return {ErrorCode::kExists, std::move(m)};
}
inline Error Conflict(std::string m) {
  return {ErrorCode::kConflict, std::move(m)};
}
inline Error TooLarge(std::string m) {
  return {ErrorCode::kTooLarge, std::move(m)};
}
inline Error Unsupported(std::string m) {
  return {ErrorCode::kUnsupported, std::move(m)};
}
inline Error Unavailable(std::string m) {
  return {ErrorCode::kUnavailable, std::move(m)};
}
inline Error DeadlineExceeded(std::string m) {
  return {ErrorCode::kDeadline, std::move(m)};
}
inline Error DataCorrupt(std::string m) {
  return {ErrorCode::kDataCorrupt, std::move(m)};
}
// Clients read "internal error"; `log` says what happened.
inline Error Internal(std::string log) {
  return Error(ErrorCode::kInternal, "internal error").Log(std::move(log));
}

}  // namespace breakwater
