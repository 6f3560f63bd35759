// Layers: any bytes are refused or give an inventory. An image is one or two layers: the second
// begins after the first byte pair 0xFF 0x00.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "advisor/inventory.h"
#include "advisor/layer_reader.h"
#include "base/check.h"

namespace {

namespace advisor = breakwater::advisor;

bool ApplyLayer(std::string_view tar, advisor::ImageFiles& files) {
  const advisor::LayerLimits limits{.max_uncompressed = 1U << 20,
                                    .max_entries = 200,
                                    .max_file = 1U << 16,
                                    .max_captured = 1U << 18,
                                    .max_tracked = 100};
  breakwater::io::StringSource source(tar, 700);
  auto layer =
      advisor::ReadLayer(source, breakwater::oci::Digest::Of(breakwater::AsBytes(tar)), limits);
  if (!layer.ok()) return false;
  for (const advisor::LayerEntry& entry : layer->entries) {
    BW_CHECK(advisor::IsTracked(entry.path));
    BW_CHECK(entry.content.size() <= limits.max_file);
  }
  files.Apply(*std::move(layer));
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t border = input.find(std::string_view("\xFF\0", 2));
  advisor::ImageFiles files;
  if (!ApplyLayer(input.substr(0, border), files)) return 0;
  if (border != std::string_view::npos) ApplyLayer(input.substr(border + 2), files);
  const advisor::Inventory inventory = advisor::TakeInventory(files);
  for (const auto& package : inventory.packages) BW_CHECK(!package.name.empty());
  return 0;
}
