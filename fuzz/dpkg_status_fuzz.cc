// dpkg databases: any bytes give packages with names and versions that can be matched and written
// as package URLs, or are counted as damaged.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "package/dpkg_status.h"
#include "package/dpkg_version.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace package = breakwater::package;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const package::OsRelease os = package::ParseOsRelease("ID=debian\nVERSION_ID=12\n");
  for (const auto kind : {package::DpkgFile::kStatus, package::DpkgFile::kStatusD}) {
    const auto list = package::ParseDpkgStatus(text, kind, "status", {.max_packages = 1000});
    if (!list.ok()) continue;
    BW_CHECK(list->packages.size() <= 1000);
    for (const package::Package& p : list->packages) {
      BW_CHECK(package::DpkgVersion::Parse(p.source_version).ok());
      BW_CHECK(package::CompareDpkgVersions(p.version, p.version) == 0);
      const auto purl = package::PurlOf(p, os);
      BW_CHECK(purl.ok() && package::ParsePurl(purl->ToString()).ok());
    }
  }
  return 0;
}
