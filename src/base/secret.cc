#include "base/secret.h"

#include <string.h>

namespace breakwater {

Secret::Secret(Secret&& other) noexcept : text_(std::move(other.text_)) {
  other.Wipe();
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    text_ = std::move(other.text_);
    other.Wipe();
  }
  return *this;
}

Secret::~Secret() {
  Wipe();
}

void Secret::Wipe() noexcept {
  // A short text lives inside the object, so the whole capacity is ours to clear.
  ::explicit_bzero(text_.data(), text_.capacity());
  text_.clear();
}

bool operator==(const Secret& a, const Secret& b) {
  return ConstantTimeEqual(a.text_, b.text_);
}

bool ConstantTimeEqual(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
  }
  return difference == 0;
}

}  // namespace breakwater
