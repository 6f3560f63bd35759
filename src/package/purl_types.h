// What each purl type demands of its parts: purl-spec, types/*-definition.json.
#pragma once

#include <string_view>

#include "base/result.h"
#include "package/purl.h"

namespace breakwater::package {

// True for types such as git, where everything behind the first segment is the name.
bool NameHoldsSlashes(std::string_view type);

// Expects a lower-case type and non-empty name. Types that are not known pass unchanged.
Status ApplyPurlTypeRules(Purl& purl);

}  // namespace breakwater::package
