// A bundle as an array of documents, named "0", "1" and so on: what is taken is within bounds, has
// each control once, and puts none below one that is not there.
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/check.h"
#include "json/json.h"
#include "posture/content.h"
#include "report/oscal_import.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  const auto input = json::Parse({reinterpret_cast<const char*>(data), size});
  if (!input.ok() || !input->is_array()) return 0;
  std::vector<report::OscalFile> bundle;
  for (const auto& document : input->as_array()) {
    bundle.push_back({.name = std::to_string(bundle.size()), .document = document});
  }
  const auto read = report::ImportOscal(bundle, posture::Content::BuiltIn().goals());
  if (!read.ok()) return 0;
  BW_CHECK(read->controls.size() <= posture::kMaxControls);
  std::set<std::string> ids;
  for (const auto& control : read->controls) BW_CHECK(ids.insert(control.id).second);
  for (const auto& control : read->controls) {
    BW_CHECK(control.parent.empty() || ids.contains(control.parent));
  }
  return 0;
}
