// Names of a request: whatever parses is of the legal alphabet and prints as it was.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "oci/names.h"

namespace {

using namespace breakwater;

void CheckReference(std::string_view text) {
  const auto reference = oci::Reference::Parse(text);
  if (!reference.ok()) {
    BW_CHECK(!reference.error().reason().empty());
    return;
  }
  BW_CHECK(reference->text() == text);
  BW_CHECK(reference->is_digest() == (text.find(':') != std::string_view::npos));
}

void CheckImageName(std::string_view text) {
  const auto name = oci::ImageName::Parse(text);
  if (!name.ok()) return;
  BW_CHECK(oci::ValidateRepository(name->repository).ok());
  BW_CHECK(name->repository.find("..") == std::string::npos);
  BW_CHECK(oci::Reference::Parse(name->reference().text()).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  CheckReference(text);
  CheckImageName(text);
  return 0;
}
