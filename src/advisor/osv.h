// Vulnerability records in the Open Source Vulnerability format. OSV schema 1.6 and 1.7,
// https://ossf.github.io/osv-schema/
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace breakwater::advisor {

enum class OsvEventKind { kIntroduced, kFixed, kLastAffected };

struct OsvEvent {
  OsvEventKind kind;
  std::string version;
};

// One entry of `affected`. A record may hold several for one package.
struct OsvAffected {
  std::string ecosystem;  // with its suffix: "Debian:12"
  std::string package;
  // Ranges of type ECOSYSTEM and SEMVER, events in the record's order. GIT ranges speak of commits.
  std::vector<std::vector<OsvEvent>> ranges;
  std::vector<std::string> versions;  // read only when there are no ranges
  std::string urgency;                // ecosystem_specific.urgency, Debian's rating
};

struct OsvRecord {
  std::string id;
  std::string modified;  // RFC 3339, as written
  std::string published;
  bool withdrawn = false;
  std::string summary;
  std::string details;
  std::vector<std::string> aliases;
  std::vector<std::string> related;
  std::vector<std::string> upstream;  // schema 1.7: records this one derives from
  std::string cvss_v3;                // vector, or "" when the record has none
  std::vector<OsvAffected> affected;  // entries that name an ecosystem and a package
};

// Parses one record after the other, keeping its buffers. Not thread-safe.
class OsvParser {
 public:
  static constexpr std::size_t kMaxRecordBytes = 32U << 20;

  OsvParser();
  ~OsvParser();
  // A moved-from parser may only be destroyed or assigned to.
  OsvParser(OsvParser&&) noexcept;
  OsvParser& operator=(OsvParser&&) noexcept;

  // kInvalid ("invalid_osv") when the text is no JSON object with an `id`, or a member that is read
  // has another type than the schema's; kTooLarge above kMaxRecordBytes.
  Result<OsvRecord> Parse(std::string_view json);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace breakwater::advisor
