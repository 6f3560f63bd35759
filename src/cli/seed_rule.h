// tests/data/seed-rule.json, in the binary.
#pragma once

#include <span>

#include "base/embedded.h"

namespace breakwater::cli {

extern const std::span<const EmbeddedFile> kSeedRule;

}  // namespace breakwater::cli
