// Debian package versions: deb-version(7), and dpkg's lib/dpkg/version.c for the order.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace breakwater::package {

// [epoch:]upstream[-revision]
struct DpkgVersion {
  std::uint32_t epoch = 0;
  std::string upstream;
  std::string revision;  // empty when absent, which orders like "0"

  // Strict: what `dpkg --validate-version` accepts. kInvalid ("invalid_version") otherwise.
  static Result<DpkgVersion> Parse(std::string_view text);
  std::string ToString() const;
};

// The order dpkg uses to decide upgrades. Total over all texts, so that rows of a damaged database
// still sort: a text that is not a version is cut into epoch, upstream and revision as far as it
// goes. Different spellings of one version ("1.0", "0:1.00-0") are equivalent.
std::weak_ordering CompareDpkgVersions(std::string_view a, std::string_view b);

}  // namespace breakwater::package
