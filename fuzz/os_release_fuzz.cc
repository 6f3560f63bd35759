// os-release and debian_version: any bytes give values that are text and bounded.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/strings.h"
#include "package/os_release.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace package = breakwater::package;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const package::OsRelease& os :
       {package::ParseOsRelease(text), package::ParseDebianVersion(text)}) {
    for (const auto* value :
         {&os.id, &os.version_id, &os.version_codename, &os.id_like, &os.name, &os.pretty_name}) {
      BW_CHECK(value->size() <= 1024 && breakwater::IsValidUtf8(*value));
    }
  }
  return 0;
}
