// Packages found in an image, whatever database listed them.
#pragma once

#include <string>

#include "package/os_release.h"
#include "package/purl.h"

namespace breakwater::package {

// One installed package. Advisories of Debian and its like speak of source packages, so both names
// are kept; they are equal where the database does not tell them apart.
struct Package {
  std::string type;     // purl type: "deb"
  std::string name;     // binary package
  std::string version;  // binary version, as written
  std::string architecture;
  std::string source_name;
  std::string source_version;
  std::string location;  // path of the database in the image, without leading '/'

  friend bool operator==(const Package&, const Package&) = default;
};

// pkg:deb/debian/curl@7.88.1-10%2Bdeb12u5?arch=amd64&distro=debian-12. kInvalid when the database
// held a name that cannot be written as a purl.
Result<Purl> PurlOf(const Package& package, const OsRelease& os);

}  // namespace breakwater::package
