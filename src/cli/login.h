// Where client commands find the server and the credential for it.
#pragma once

#include <string>

#include "base/result.h"
#include "cli/client.h"

namespace breakwater::cli {

// As flags and environment give them.
struct RawClientArguments {
  std::string url = "http://127.0.0.1:5000";
  std::string key_file;  // empty: BREAKWATER_TOKEN or BREAKWATER_API_KEY, else kDefaultKeyFile
};

inline constexpr const char* kDefaultKeyFile = "./var/admin.key";

// A variable of the environment; "" if it is not set.
std::string Environment(const char* name);

// Reads the credential. kUnauthenticated if there is none.
Result<ClientArguments> Login(const RawClientArguments& raw);

}  // namespace breakwater::cli
