#include "audit/lines.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"

namespace breakwater::audit {
namespace {

constexpr std::string_view kHash = R"({"hash":")";
constexpr std::string_view kPrevious = R"(","previous_hash":")";
constexpr std::string_view kRecord = R"(","record":)";
constexpr std::string_view kSequence = R"(,"sequence":)";
constexpr std::string_view kHead = R"({"head":)";
constexpr std::string_view kUnsealed = R"({"unsealed":)";
constexpr std::size_t kHex = 64;

Error Malformed() {
  return DataCorrupt("it is no line of an audit trail");
}

// Takes `token` from the beginning of `rest`.
bool Take(std::string_view token, std::string_view& rest) {
  if (!rest.starts_with(token)) return false;
  rest.remove_prefix(token.size());
  return true;
}

}  // namespace

void AppendLine(const Entry& entry, std::string& out) {
  out += kHash;
  out += entry.hash;
  out += kPrevious;
  out += entry.previous_hash;
  out += kRecord;
  out += entry.record;
  out += kSequence;
  out += std::to_string(entry.sequence);
  out += "}\n";
}

void AppendLine(const Head& head, std::string& out) {
  out += json::Canonical({{"head", ToJson(head)}});
  out += '\n';
}

void AppendUnsealed(std::int64_t count, std::string& out) {
  out += kUnsealed;
  out += std::to_string(count);
  out += "}\n";
}

std::optional<EntryView> ParseEntryLine(std::string_view line) {
  EntryView entry;
  std::string_view rest = line;
  if (!Take(kHash, rest) || rest.size() < kHex) return std::nullopt;
  entry.hash = rest.substr(0, kHex);
  rest.remove_prefix(kHex);
  if (!Take(kPrevious, rest) || rest.size() < kHex) return std::nullopt;
  entry.previous_hash = rest.substr(0, kHex);
  rest.remove_prefix(kHex);
  if (!Take(kRecord, rest) || !rest.ends_with('}')) return std::nullopt;
  rest.remove_suffix(1);
  // The record's end is found from the line's: behind it are only this name and digits.
  std::size_t digits = 0;
  while (digits < rest.size() && digits < 20) {
    const char c = rest[rest.size() - 1 - digits];
    if (c < '0' || c > '9') break;
    ++digits;
  }
  auto sequence = ParseInt(rest.substr(rest.size() - digits));
  if (!sequence.ok()) return std::nullopt;
  entry.sequence = *sequence;
  rest.remove_suffix(digits);
  if (!rest.ends_with(kSequence)) return std::nullopt;
  rest.remove_suffix(kSequence.size());
  entry.record = rest;
  return entry;
}

Result<Line> ParseLine(std::string_view line) {
  if (line.starts_with(kHash)) {
    const auto entry = ParseEntryLine(line);
    if (!entry) return Malformed();
    return Line(*entry);
  }
  if (!line.starts_with(kHead) && !line.starts_with(kUnsealed)) return Malformed();
  const auto document = json::Parse(line, {.max_bytes = 1U << 16});
  if (!document.ok()) return Malformed();
  if (const json::Value* head = json::Find(*document, "head")) {
    BW_TRY(auto parsed, HeadFromJson(*head));
    return Line(std::move(parsed));
  }
  const json::Reader in(*document);
  const Unsealed unsealed{in.Field("unsealed").Int()};
  BW_TRY_STATUS(in.Finish());
  return Line(unsealed);
}

}  // namespace breakwater::audit
