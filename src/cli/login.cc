#include "cli/login.h"

#include <cstdlib>

#include "base/strings.h"
#include "io/file.h"

namespace breakwater::cli {
namespace {

constexpr std::size_t kMaxKeyFile = 4096;

Result<Secret> ReadKey(const std::string& path) {
  BW_TRY(const std::string text, io::ReadFile(path, kMaxKeyFile).Context("API key file " + path));
  const std::string_view key = Trim(text);
  if (key.empty()) return Unauthenticated("API key file " + path + ": it is empty");
  return Secret(std::string(key));
}

}  // namespace

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<ClientArguments> Login(const RawClientArguments& raw) {
  ClientArguments arguments;
  arguments.url = raw.url;
  if (!raw.key_file.empty()) {
    BW_TRY(arguments.api_key, ReadKey(raw.key_file));
    return arguments;
  }
  arguments.token = Secret(Environment("BREAKWATER_TOKEN"));
  arguments.api_key = Secret(Environment("BREAKWATER_API_KEY"));
  if (!arguments.token.empty() || !arguments.api_key.empty()) return arguments;
  auto key = ReadKey(kDefaultKeyFile);
  if (!key.ok()) {
    return Unauthenticated(std::string("no credential: use --api-key-file or BREAKWATER_API_KEY, "
                                       "or have a key in ") +
                           kDefaultKeyFile);
  }
  arguments.api_key = *std::move(key);
  return arguments;
}

}  // namespace breakwater::cli
