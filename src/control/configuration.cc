#include "control/configuration.h"

#include <algorithm>

namespace breakwater::control {

std::string UniqueKeys::KeyFor(std::string_view name) {
  std::string key(name);
  for (int number = 2; std::ranges::find(given_, key) != given_.end(); ++number) {
    key = std::string(name) + " (" + std::to_string(number) + ")";
  }
  given_.push_back(key);
  return key;
}

}  // namespace breakwater::control
