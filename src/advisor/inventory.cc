#include "advisor/inventory.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "package/dpkg_status.h"

namespace breakwater::advisor {
namespace {

constexpr std::string_view kStatus = "var/lib/dpkg/status";
constexpr std::string_view kStatusD = "var/lib/dpkg/status.d";

using package::DpkgFile;
using package::OsRelease;

// os-release(5): etc/ before usr/lib/. debian_version stands in where neither is there.
OsRelease ReadOs(const ImageFiles& files, std::vector<std::string>& problems) {
  std::optional<Error> failed;
  const auto read = [&](std::string_view path) -> std::string_view {
    auto text = files.Read(path);
    if (!text.ok()) failed = text.error();
    return text.ok() ? text->value_or("") : "";
  };
  for (std::string_view path : {"etc/os-release", "usr/lib/os-release"}) {
    if (OsRelease os = package::ParseOsRelease(read(path)); !os.empty()) return os;
  }
  OsRelease os = package::ParseDebianVersion(read("etc/debian_version"));
  if (os.empty() && failed) problems.push_back("os-release: " + failed->message());
  return os;
}

void AddPackages(std::string_view text, DpkgFile kind, std::string_view path,
                 Inventory& inventory) {
  auto list = package::ParseDpkgStatus(text, kind, path);
  if (!list.ok()) {
    inventory.problems.push_back(std::string(path) + ": " + list.error().message());
    return;
  }
  if (list->damaged > 0) {
    inventory.problems.push_back(std::string(path) + ": " + std::to_string(list->damaged) +
                                 " entries are damaged");
  }
  std::ranges::move(list->packages, std::back_inserter(inventory.packages));
}

// Whether a database was there at all, readable or not.
bool ReadStatus(const ImageFiles& files, Inventory& inventory) {
  auto text = files.Read(kStatus);
  if (!text.ok()) {
    inventory.problems.push_back(std::string(kStatus) + ": " + text.error().message());
    return true;
  }
  if (!*text) return false;
  AddPackages(**text, DpkgFile::kStatus, kStatus, inventory);
  return true;
}

bool ReadStatusD(const ImageFiles& files, Inventory& inventory) {
  auto paths = files.List(kStatusD);
  if (!paths.ok()) {
    inventory.problems.push_back(std::string(kStatusD) + ": " + paths.error().message());
    return true;
  }
  bool found = false;
  for (const std::string& path : *paths) {
    if (path.ends_with(".md5sums")) continue;
    auto text = files.Read(path);
    if (!text.ok()) {
      inventory.problems.push_back(std::string(kStatusD) + ": " + text.error().message());
    } else if (*text) {
      AddPackages(**text, DpkgFile::kStatusD, path, inventory);
    }
    found = true;
  }
  return found;
}

}  // namespace

Inventory TakeInventory(const ImageFiles& files) {
  Inventory inventory;
  inventory.os = ReadOs(files, inventory.problems);
  const bool has_status = ReadStatus(files, inventory);
  const bool has_status_d = ReadStatusD(files, inventory);
  if (inventory.os.id == "debian" && inventory.packages.empty() && inventory.problems.empty()) {
    inventory.problems.push_back(has_status || has_status_d
                                     ? "the dpkg database lists no installed package"
                                     : "the image has no dpkg database");
  }
  return inventory;
}

}  // namespace breakwater::advisor
