#include "package/package.h"

namespace breakwater::package {

Result<Purl> PurlOf(const Package& package, const OsRelease& os) {
  Purl purl{.type = package.type,
            .name_space = os.id,
            .name = package.name,
            .version = package.version,
            .qualifiers = {{"arch", package.architecture}},
            .subpath = {}};
  const std::string& release = os.version_id.empty() ? os.version_codename : os.version_id;
  if (!os.id.empty() && !release.empty()) purl.qualifiers["distro"] = os.id + "-" + release;
  return NormalizePurl(std::move(purl));
}

}  // namespace breakwater::package
