// Key sets of identity providers. What was read, printed and read again is the same.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "crypto/key_set.h"
#include "json/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using breakwater::crypto::KeySet;
  const auto document =
      breakwater::json::Parse({reinterpret_cast<const char*>(data), size}, {.max_depth = 16});
  if (!document.ok()) return 0;
  const auto keys = KeySet::FromJwks(*document);
  if (!keys.ok()) return 0;
  BW_CHECK(keys->size() <= KeySet::kMaxKeys);
  const auto printed = keys->ToJwks();
  const auto again = KeySet::FromJwks(printed);
  BW_CHECK(again.ok() && again->ToJwks() == printed);
  return 0;
}
