// Compressed streams: the outcome does not depend on how the input is cut or how much is asked for.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "io/decompress.h"

namespace {

namespace io = breakwater::io;

constexpr std::size_t kMost = 1U << 20;

struct Outcome {
  bool good = false;
  std::string text;
};

Outcome Decompress(std::string_view input, std::size_t piece, std::size_t ask) {
  io::StringSource source(input, piece);
  const auto decoder = io::DecompressAuto(source, {.max_output = kMost});
  BW_CHECK(decoder.ok());
  Outcome outcome;
  breakwater::Bytes buffer(ask);
  while (true) {
    const auto count = (*decoder)->Read(buffer);
    if (!count.ok()) return outcome;
    if (*count == 0) break;
    outcome.text += breakwater::AsText(breakwater::ByteView(buffer).first(*count));
    BW_CHECK(outcome.text.size() <= kMost);
  }
  outcome.good = true;
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const Outcome whole = Decompress(input, io::kPieceSize, io::kPieceSize);
  const Outcome cut = Decompress(input, 1 + size % 5, 1 + size % 71);
  BW_CHECK(whole.good == cut.good);
  BW_CHECK(!whole.good || whole.text == cut.text);
  return 0;
}
