// Package URLs, the names by which advisories, SBOMs and VEX statements speak of packages.
// purl-spec, "PURL specification" and the type definitions of the same repository.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater::package {

// The parts of pkg:type/namespace/name@version?qualifiers#subpath, decoded. An empty text means
// "absent": the grammar has no empty parts.
struct Purl {
  std::string type;
  std::string name_space;  // segments joined by '/'
  std::string name;
  std::string version;
  std::map<std::string, std::string> qualifiers;  // sorted by key, as the canonical form wants
  std::string subpath;                            // segments joined by '/'

  // Canonical form. Expects parts as NormalizePurl or ParsePurl leave them.
  std::string ToString() const;
  friend bool operator==(const Purl&, const Purl&) = default;
};

// Reads any spelling the specification allows and returns the normalised parts. kInvalid
// ("invalid_purl") for everything else, and for texts over 4 KiB.
Result<Purl> ParsePurl(std::string_view text);

// Applies the rules of the type (lower case, prohibited or required parts) and drops empty
// qualifiers. kInvalid ("invalid_purl") when a required part is missing or a part is not allowed.
Result<Purl> NormalizePurl(Purl purl);

}  // namespace breakwater::package
