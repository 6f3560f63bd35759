// UUIDs out of names: the same name has the same UUID everywhere.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater::crypto {

// Version 5 (RFC 9562 §5.5), lower case with dashes. `space` is a UUID; kInvalid if it is none.
// SHA-1 by the standard's demand: these are names, not proofs. Thread-safe.
Result<std::string> NameUuid(std::string_view space, std::string_view name);

}  // namespace breakwater::crypto
