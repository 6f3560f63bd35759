// Profiles as CSV (ibm-scc 2.5): rows of metadata, "##METAINFO ENDS##", a header, a row for each
// control. RFC 4180 quoting.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "posture/profile.h"

namespace breakwater::posture {

inline constexpr std::size_t kMaxCsvBytes = 1024 * 1024;

struct ProfileSheet {
  std::string name;
  std::string mnemonic;
  std::string description;
  std::vector<Control> controls;  // without numbers
};

// kInvalid "invalid_csv" names the line and the column. A parent must stand before its controls; an
// external id comes once.
Result<ProfileSheet> ParseProfileCsv(std::string_view text);
// So that it can be read again: a control with goals that names no parent gets a family row.
std::string ProfileCsv(const Profile& profile);

}  // namespace breakwater::posture
