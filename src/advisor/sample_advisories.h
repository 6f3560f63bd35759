// The records of content/sample-advisories, in the binary.
#pragma once

#include <span>

#include "base/embedded.h"

namespace breakwater::advisor {

extern const std::span<const EmbeddedFile> kSampleAdvisories;

}  // namespace breakwater::advisor
