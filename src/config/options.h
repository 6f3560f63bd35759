// The one table of options. File keys, environment names, flags, validation, `breakwater config`
// and docs/configuration.md all derive from it.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/ip.h"
#include "config/settings.h"

namespace breakwater::config {

enum class Kind {
  kBool,
  kCount,
  kSize,      // bytes
  kDuration,  // stored in milliseconds
  kText,
  kPath,
  kWord,        // one of Option::words
  kHeaderName,  // RFC 9110 §5.1, may be empty
  kAccountId,
  kAddress,
  kNetworks,
  kRegistries,
  kSources,
  kSinks,
  kSecret,
};

// Where an option's value lives in Settings.
using Field =
    std::variant<bool& (*)(Settings&), std::int64_t& (*)(Settings&),
                 std::chrono::milliseconds& (*)(Settings&), std::string& (*)(Settings&),
                 ListenAddress& (*)(Settings&), std::vector<IpNetwork>& (*)(Settings&),
                 std::vector<Registry>& (*)(Settings&), std::vector<SignInSource>& (*)(Settings&),
                 std::vector<AuditSink>& (*)(Settings&), Secret& (*)(Settings&)>;

struct Option {
  std::string key;       // in the file: "public.tls_key"
  std::string env;       // "BREAKWATER_PUBLIC_TLS_KEY"
  std::string flag;      // "public-tls-key", without dashes
  std::string fallback;  // the default, as it would stand in the environment
  std::string description;
  Field field;
  Kind kind = Kind::kText;
  // Least and greatest value of counts, sizes (bytes), durations (milliseconds); of texts, lengths.
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string> words;

  // Lists come as repeated flags.
  bool is_list() const { return kind == Kind::kNetworks || is_tables(); }
  bool is_tables() const {
    return kind == Kind::kRegistries || kind == Kind::kSources || kind == Kind::kSinks;
  }
  bool is_secret() const { return kind == Kind::kSecret; }
};

// In the order of the reference. Immutable; lives as long as the process.
const std::vector<Option>& Options();

// Finds by key, environment name or flag; null when unknown.
const Option* FindByKey(std::string_view key);
const Option* FindByEnv(std::string_view env);
const Option* FindByFlag(std::string_view flag);

// "a size from 4MiB to 64MiB": completes "must be …".
std::string Allowed(const Option& option);

// A variable that starts with BREAKWATER_ and is no option of the server.
struct OtherVariable {
  std::string name;
  std::string description;
};
const std::vector<OtherVariable>& OtherVariables();

}  // namespace breakwater::config
