// The trail as text: one line of JSON for each sealed entry, as it is hashed, and for each signed
// head; the format of segments and exports. Anybody can verify it with SHA-256 and the public key.
//
//   {"hash":"<64>","previous_hash":"<64>","record":{…},"sequence":7}
//   {"head":{"hash":"<64>","kid":"…","sequence":7,"signature":"…","time":"…"}}
//   {"unsealed":3}      how many records were not sealed yet when the export ended
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "audit/heads.h"
#include "audit/log.h"
#include "base/result.h"

namespace breakwater::audit {

// A record is bounded by what a request may be.
inline constexpr std::size_t kMaxLine = 8U << 20;

// With the line's end.
void AppendLine(const Entry& entry, std::string& out);
void AppendLine(const Head& head, std::string& out);
void AppendUnsealed(std::int64_t count, std::string& out);

// Views into the line. The record's bytes are as they were hashed.
struct EntryView {
  std::int64_t sequence = 0;
  std::string_view previous_hash;
  std::string_view hash;
  std::string_view record;
};
struct Unsealed {
  std::int64_t count = 0;
};
using Line = std::variant<EntryView, Head, Unsealed>;

// kDataCorrupt if it is none of these. `line` has no line's end.
Result<Line> ParseLine(std::string_view line);
// The same where an entry is expected, without the cost of what else it might be. Nothing if it is
// no entry.
std::optional<EntryView> ParseEntryLine(std::string_view line);

}  // namespace breakwater::audit
