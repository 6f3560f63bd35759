// From file, environment and flags to Settings. Pure: whoever calls reads the world (ReadFile,
// ReadEnvironment) and hands it in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/options.h"
#include "config/settings.h"

namespace breakwater::config {

struct File {
  std::string name;  // as it shall stand in messages
  std::string text;
};

// A flag as given: {"public", "0.0.0.0:5000"}. An empty value of a true/false option means true.
// A list's flag may be repeated.
struct FlagValue {
  std::string name;
  std::string value;
};

struct LoadRequest {
  std::optional<File> file;
  std::vector<std::pair<std::string, std::string>> environment;  // names with BREAKWATER_ only
  std::vector<FlagValue> flags;
};

// An effective value and where it came from: "default", "breakwater.toml:12", "BREAKWATER_DATA",
// "--data". `option` points into Options().
struct Effective {
  const Option* option;
  std::string value;  // in TOML; secrets are masked
  std::string origin;
};

struct Loaded {
  Settings settings;
  std::vector<Effective> effective;  // in the order of Options()
};

// Flags override the environment, it overrides the file, it overrides defaults; lists are replaced
// as a whole. Every source is checked, also where another overrides it. The error lists up to 20
// problems, one a line, each with place, key, value and what is allowed; unknown names come with
// the nearest known one. Messages are for the operator and name files as they were given.
Result<Loaded> Load(const LoadRequest& request);

// The variables of this process that start with BREAKWATER_. Call before threads start.
std::vector<std::pair<std::string, std::string>> ReadEnvironment();
// Takes the variables of secret options out of this process's environment and overwrites their
// values where they lie, because that place stays readable (/proc/PID/environ). Call before threads
// start, after the last ReadEnvironment.
void WipeSecretVariables();

}  // namespace breakwater::config
