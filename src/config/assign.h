// Puts one value of one source into Settings, after checking it against its option.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "config/file.h"
#include "config/options.h"
#include "config/settings.h"

namespace breakwater::config {

// A text of the environment or of a flag as the value that a file would hold. Lists are separated
// by ',', registries by ';'. Never fails: what does not fit stays text, and Assign refuses it.
Value FromText(const Option& option, std::string_view text);

// The error completes "KEY = VALUE: ": "must be true or false".
Status Assign(const Option& option, const Value& value, Settings& settings);

// The option's present value in TOML; secrets as "***".
std::string Render(const Option& option, const Settings& settings);

// A value as it stands in messages: shortened, secrets as "***".
std::string Show(const Option& option, const Value& value);

}  // namespace breakwater::config
