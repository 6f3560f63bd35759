// An exported file of the audit trail. What is a line is written again as it was read, and a file
// that no key has signed never counts as signed.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "audit/lines.h"
#include "audit/verify.h"
#include "base/check.h"
#include "base/strings.h"
#include "crypto/signing.h"
#include "io/stream.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace breakwater;
  static const crypto::SigningKey key = crypto::SigningKey::Generate();
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const std::string_view line : Split(input, '\n')) {
    const auto parsed = audit::ParseLine(line);
    if (!parsed.ok()) continue;
    const auto* view = std::get_if<audit::EntryView>(&*parsed);
    if (view == nullptr || view->sequence < 0) continue;
    std::string again;
    AppendLine(audit::Entry{.sequence = view->sequence,
                            .previous_hash = std::string(view->previous_hash),
                            .hash = std::string(view->hash),
                            .record = std::string(view->record)},
               again);
    // Numbers may have been written with leading zeros.
    const auto twice = audit::ParseLine(std::string_view(again).substr(0, again.size() - 1));
    BW_CHECK(twice.ok() && std::get<audit::EntryView>(*twice).record == view->record);
  }
  io::StringSource source(input, 64);
  audit::FileVerifier verifier(key.public_key(), {});
  if (!verifier.Add(source, "file").ok()) return 0;
  const auto found = verifier.Finish();
  BW_CHECK(!found.ok() || found->signed_to == 0);
  return 0;
}
