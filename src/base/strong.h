// Distinct string types: an account id is not a registry name.
//
//   using AccountId = StrongString<struct AccountIdTag>;
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <utility>

namespace breakwater {

template <class Tag>
class StrongString {
 public:
  StrongString() = default;
  explicit StrongString(std::string value) : value_(std::move(value)) {}
  const std::string& value() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend auto operator<=>(const StrongString&, const StrongString&) = default;

 private:
  std::string value_;
};

}  // namespace breakwater

template <class Tag>
struct std::hash<breakwater::StrongString<Tag>> {
  std::size_t operator()(const breakwater::StrongString<Tag>& s) const noexcept {
    return std::hash<std::string>{}(s.value());
  }
};
