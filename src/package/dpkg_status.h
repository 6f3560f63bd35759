// dpkg's list of installed packages: var/lib/dpkg/status, and distroless' status.d/*, in the
// syntax of deb-control(5). dpkg(1), "Package states".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "package/package.h"

namespace breakwater::package {

struct DpkgLimits {
  std::size_t max_bytes = 64U << 20;
  std::size_t max_packages = 200'000;
};

enum class DpkgFile {
  kStatus,   // one stanza per package ever known; `Status` says whether it is installed
  kStatusD,  // a file of status.d: no `Status`, present means installed
};

struct DpkgList {
  std::vector<Package> packages;  // in the order of the file
  // Stanzas of installed packages without a usable name or version. Above zero, the list is not
  // complete, and nobody may call the image clean because of it.
  std::size_t damaged = 0;
};

// `location` becomes Package::location. kTooLarge ("package_database_too_large") over a limit;
// damage inside is counted, not fatal.
Result<DpkgList> ParseDpkgStatus(std::string_view text, DpkgFile kind, std::string_view location,
                                 const DpkgLimits& limits = {});

}  // namespace breakwater::package
