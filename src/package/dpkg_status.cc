#include "package/dpkg_status.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"
#include "package/dpkg_version.h"

namespace breakwater::package {
namespace {

// The fields of one stanza that matter here, as written.
struct Stanza {
  bool empty = true;
  std::string_view package;
  std::string_view status;
  std::string_view version;
  std::string_view architecture;
  std::string_view source;
};

std::string_view* FieldOf(Stanza& stanza, std::string_view name) {
  if (EqualsIgnoreCase(name, "Package")) return &stanza.package;
  if (EqualsIgnoreCase(name, "Status")) return &stanza.status;
  if (EqualsIgnoreCase(name, "Version")) return &stanza.version;
  if (EqualsIgnoreCase(name, "Architecture")) return &stanza.architecture;
  if (EqualsIgnoreCase(name, "Source")) return &stanza.source;
  return nullptr;
}

void ReadLine(std::string_view line, Stanza& stanza) {
  stanza.empty = false;
  if (line.front() == ' ' || line.front() == '\t') return;  // a continuation
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  std::string_view* field = FieldOf(stanza, line.substr(0, colon));
  if (field != nullptr && field->empty()) *field = Trim(line.substr(colon + 1));
}

// deb-control(5): lower-case letters, digits, plus, minus and dot. Old databases know upper case.
// Architectures are made of the same.
bool IsPackageName(std::string_view name) {
  return !name.empty() && name.size() <= 256 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '-' || c == '.' || c == '_';
  });
}

// dpkg(1): the files of a package are there from "unpacked" on; "config-files" and
// "not-installed" are memories, "half-installed" never became usable.
bool IsInstalled(const Stanza& stanza, DpkgFile kind) {
  if (stanza.status.empty()) return kind == DpkgFile::kStatusD;
  std::string_view state;
  std::size_t words = 0;
  for (std::string_view word : Split(stanza.status, ' ')) {
    if (word.empty()) continue;
    if (++words == 3) state = word;
  }
  return state == "installed" || state == "half-configured" || state == "unpacked" ||
         state == "triggers-awaited" || state == "triggers-pending";
}

// "name" or "name (version)"; absent, the source has the binary's name and version.
bool ReadSource(std::string_view text, Package& package) {
  package.source_name = package.name;
  package.source_version = package.version;
  if (text.empty()) return true;
  const auto open = text.find('(');
  package.source_name = Trim(text.substr(0, open));
  if (!IsPackageName(package.source_name)) return false;
  if (open == std::string_view::npos) return true;
  const auto close = text.find(')', open);
  if (close == std::string_view::npos) return false;
  package.source_version = Trim(text.substr(open + 1, close - open - 1));
  return DpkgVersion::Parse(package.source_version).ok();
}

std::optional<Package> MakePackage(const Stanza& stanza, std::string_view location) {
  Package package{.type = "deb",
                  .name = std::string(stanza.package),
                  .version = std::string(stanza.version),
                  .architecture = std::string(stanza.architecture),
                  .source_name = {},
                  .source_version = {},
                  .location = std::string(location)};
  if (!IsPackageName(package.name) || !DpkgVersion::Parse(package.version).ok())
    return std::nullopt;
  if (!package.architecture.empty() && !IsPackageName(package.architecture)) return std::nullopt;
  if (!ReadSource(stanza.source, package)) return std::nullopt;
  return package;
}

}  // namespace

Result<DpkgList> ParseDpkgStatus(std::string_view text, DpkgFile kind, std::string_view location,
                                 const DpkgLimits& limits) {
  const auto too_large = [] {
    return TooLarge("the package database is larger than allowed")
        .Reason("package_database_too_large");
  };
  if (text.size() > limits.max_bytes) return too_large();
  DpkgList list;
  Stanza stanza;
  const auto finish = [&]() -> Status {
    const Stanza done = std::exchange(stanza, {});
    if (done.empty || !IsInstalled(done, kind)) return Ok();
    if (list.packages.size() >= limits.max_packages) return too_large();
    if (auto package = MakePackage(done, location)) {
      list.packages.push_back(*std::move(package));
    } else {
      ++list.damaged;
    }
    return Ok();
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (Trim(line).empty()) {
      BW_TRY_STATUS(finish());
    } else {
      ReadLine(line, stanza);
    }
  }
  BW_TRY_STATUS(finish());
  return list;
}

}  // namespace breakwater::package
