// Which operating system a tree holds: os-release(5) and its forerunners.
#pragma once

#include <string>
#include <string_view>

namespace breakwater::package {

struct OsRelease {
  std::string id;                // "debian"; lower case
  std::string version_id;        // "12"; absent in Debian testing and unstable
  std::string version_codename;  // "bookworm"
  std::string id_like;
  std::string name;
  std::string pretty_name;

  bool empty() const { return id.empty(); }
  friend bool operator==(const OsRelease&, const OsRelease&) = default;
};

// Reads the fields above; other lines, and values that are longer than 1 KiB, are passed over.
// Never fails: text that is no os-release gives an empty result.
OsRelease ParseOsRelease(std::string_view text);

// etc/debian_version, for trees so small or so old that they have no os-release: "12.11" is release
// 12; "trixie/sid" is a codename without a number.
OsRelease ParseDebianVersion(std::string_view text);

}  // namespace breakwater::package
