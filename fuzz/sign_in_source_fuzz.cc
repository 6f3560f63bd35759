// Sources of identities as texts of the configuration. One that is taken is whole, and shows no
// secret.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "config/sign_in_source.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = breakwater::config;
  const auto source = config::ParseSource({reinterpret_cast<const char*>(data), size});
  if (!source.ok()) return 0;
  BW_CHECK(!source->name.empty() && config::CheckSources({*source}).ok());
  const std::string shown = config::RenderSource(*source);
  const std::string& secret = source->client_secret.Reveal();  // to look for it
  BW_CHECK(secret.size() < 12 || shown.find(secret) == std::string::npos ||
           source->kind != "oidc" || shown.find("client_secret = \"***\"") != std::string::npos);
  return 0;
}
