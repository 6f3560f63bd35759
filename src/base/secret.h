// A text that must not leak: prints as "***", compares in constant time, wipes itself.
#pragma once

#include <string>
#include <string_view>

namespace breakwater {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The only way to the text. Name the need where you call it.
  const std::string& Reveal() const { return text_; }
  bool empty() const { return text_.empty(); }

  // Time depends on the lengths alone.
  friend bool operator==(const Secret& a, const Secret& b);

 private:
  void Wipe() noexcept;
  std::string text_;
};

template <class Stream>
Stream& operator<<(Stream& out, const Secret&) {
  out << "***";
  return out;
}

bool ConstantTimeEqual(std::string_view a, std::string_view b);

}  // namespace breakwater
