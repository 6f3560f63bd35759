// Values of the environment and of flags: the first byte chooses the option, the rest is its text.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/load.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = breakwater::config;
  if (size == 0) return 0;
  const auto& options = config::Options();
  const config::Option& option = options[data[0] % options.size()];
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto by_env = config::Load({.file = {}, .environment = {{option.env, text}}, .flags = {}});
  const auto by_flag =
      config::Load({.file = {}, .environment = {}, .flags = {{option.flag, text}}});
  // A bare flag means true; otherwise both ways agree.
  if (!text.empty()) BW_CHECK(by_env.ok() == by_flag.ok());
  if (by_env.ok() && by_flag.ok() && !text.empty()) {
    BW_CHECK(by_env->settings == by_flag->settings);
  }
  return 0;
}
