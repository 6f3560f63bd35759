// Result<T>: a value or an Error. For everything a caller or the world can cause.
//
//   Result<Manifest> ParseManifest(std::string_view bytes);
//   BW_TRY(auto manifest, ParseManifest(bytes));    // returns the error to the caller
//   BW_TRY_STATUS(store.Remove(digest));
#pragma once

#include <optional>
#include <utility>

#include <tl/expected.hpp>

#include "base/check.h"
#include "base/error.h"

namespace breakwater {

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::move(value)) {}                    // NOLINT(google-explicit-*)
  Result(Error error) : state_(tl::unexpect, std::move(error)) {}  // NOLINT(google-explicit-*)
  template <class U>
    requires(std::is_convertible_v<U &&, T> && !std::is_same_v<std::remove_cvref_t<U>, T> &&
             !std::is_same_v<std::remove_cvref_t<U>, Error> &&
             !std::is_same_v<std::remove_cvref_t<U>, Result>)
  Result(U&& value) : state_(T(std::forward<U>(value))) {}  // NOLINT(google-explicit-*)

  bool ok() const { return state_.has_value(); }
  explicit operator bool() const { return ok(); }

  T& value() & { return Checked(), *state_; }
  const T& value() const& { return Checked(), *state_; }
  T&& value() && { return Checked(), *std::move(state_); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T value_or(T fallback) && { return ok() ? *std::move(state_) : std::move(fallback); }

  const Error& error() const& {
    BW_CHECK(!ok());
    return state_.error();
  }
  Error&& error() && {
    BW_CHECK(!ok());
    return std::move(state_).error();
  }

  // Adds "context: " to the client's message of an error.
  Result Context(std::string_view context) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().Context(context);
  }

 private:
  void Checked() const { BW_CHECK(ok()); }
  tl::expected<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-*)

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& {
    BW_CHECK(!ok());
    return *error_;
  }
  Error&& error() && {
    BW_CHECK(!ok());
    return *std::move(error_);
  }
  Result Context(std::string_view context) && {
    if (ok()) return {};
    return std::move(*this).error().Context(context);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;
inline Status Ok() {
  return {};
}

}  // namespace breakwater

#define BW_CONCAT_INNER(a, b) a##b
#define BW_CONCAT(a, b) BW_CONCAT_INNER(a, b)

#define BW_TRY_AT(result, declaration, expression)    \
  auto result = (expression);                         \
  if (!result.ok()) return std::move(result).error(); \
  declaration = *std::move(result)

// BW_TRY(auto x, F()): declares x with F's value, or returns F's error.
#define BW_TRY(declaration, ...) \
  BW_TRY_AT(BW_CONCAT(bw_result_, __COUNTER__), declaration, (__VA_ARGS__))

#define BW_TRY_STATUS_AT(status, expression)                                        \
  do {                                                                              \
    if (auto status = (expression); !status.ok()) return std::move(status).error(); \
  } while (false)

// BW_TRY_STATUS(F()): returns F's error, if any.
#define BW_TRY_STATUS(...) BW_TRY_STATUS_AT(BW_CONCAT(bw_status_, __COUNTER__), (__VA_ARGS__))
