// The configuration file, and what comes out of it: any text gives an error or settings that render
// to a text which loads to the same settings.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/load.h"
#include "config/render.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using breakwater::config::File;
  using breakwater::config::Load;
  const auto loaded = Load({.file = File{"fuzz.toml", {reinterpret_cast<const char*>(data), size}},
                            .environment = {},
                            .flags = {}});
  if (!loaded.ok()) {
    BW_CHECK(!loaded.error().message().empty());
    return 0;
  }
  // A masked secret is not the secret.
  if (!loaded->settings.bootstrap_api_key.empty()) return 0;
  const auto again =
      Load({.file = File{"fuzz.toml", RenderEffective(*loaded)}, .environment = {}, .flags = {}});
  BW_CHECK(again.ok());
  BW_CHECK(again->settings == loaded->settings);
  return 0;
}
