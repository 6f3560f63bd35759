// Unpredictable bytes from the operating system (getrandom). Thread-safe.
#pragma once

#include <string>

#include "base/bytes.h"

namespace breakwater::crypto {

Bytes RandomBytes(std::size_t count);
// `octets` random bytes as base64url without padding: 32 give 43 characters.
std::string RandomToken(std::size_t octets);

}  // namespace breakwater::crypto
