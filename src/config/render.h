// Texts about the configuration.
#pragma once

#include <string>

#include "config/load.h"

namespace breakwater::config {

// The effective values as a TOML file, each with its origin in a comment. Secrets are masked.
// Without the masked ones, the text loads to the same settings.
std::string RenderEffective(const Loaded& loaded);

// docs/configuration.md.
std::string RenderReference();

}  // namespace breakwater::config
