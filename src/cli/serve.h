// `breakwater serve` and `breakwater config`.
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace breakwater::cli {

// What both take: a file (empty: none) and the options given as flags.
struct ServerArguments {
  std::string config_file;
  std::vector<config::FlagValue> flags;
};

// As the options say, the environment included.
Result<config::Loaded> LoadConfig(const ServerArguments& arguments);
// kNotFound and so on name the file.
Result<config::File> ReadConfigFile(const std::string& path);
// What went wrong, on standard error; 1.
int Fail(const Error& error);

// Serves until SIGINT or SIGTERM; the process's exit status.
int Serve(const ServerArguments& arguments);
// Prints the effective configuration with its origins.
int PrintConfig(const ServerArguments& arguments);

}  // namespace breakwater::cli
