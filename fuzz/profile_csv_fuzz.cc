// Profiles as CSV: no crash, and what is read has unique ids and parents that stand before.
#include <cstdint>
#include <cstdlib>
#include <set>
#include <string>
#include <string_view>

#include "posture/profile_csv.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto sheet = breakwater::posture::ParseProfileCsv(
      std::string_view(reinterpret_cast<const char*>(data), size));
  if (!sheet.ok()) return 0;
  std::set<std::string> known;
  for (const auto& control : sheet->controls) {
    if (!control.parent.empty() && !known.contains(control.parent)) std::abort();
    if (!known.insert(control.external_control_id).second) std::abort();
  }
  return 0;
}
