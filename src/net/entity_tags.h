// Entity tags in conditions. RFC 9110 §8.8.3, §13.1. Pure; fuzzed.
#pragma once

#include <string_view>

#include "net/http.h"

namespace breakwater::net {

enum class EntityTagComparison {
  kStrong,  // for If-Match: a weak tag names nothing
  kWeak,    // for If-None-Match
};

// Whether the fields of this name ("If-None-Match") name the entity whose tag is `opaque`, given
// without its quotes, or are "*", which names whatever is there. A tag that came without quotes
// counts as well: clients of registries send bare digests. Malformed members name nothing.
bool NamesEntity(const Headers& headers, std::string_view field, std::string_view opaque,
                 EntityTagComparison comparison);

}  // namespace breakwater::net
