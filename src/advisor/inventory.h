// What an image consists of, as far as the advisor can tell: its system and its packages.
#pragma once

#include <string>
#include <vector>

#include "advisor/image_files.h"
#include "package/os_release.h"
#include "package/package.h"

namespace breakwater::advisor {

struct Inventory {
  package::OsRelease os;  // empty when the image does not say
  std::vector<package::Package> packages;
  // Why the list may not be the whole truth, for people: damaged databases, files that could not be
  // read. An image with problems is never called clean.
  std::vector<std::string> problems;
};

// Never fails: what goes wrong is a problem of the image.
Inventory TakeInventory(const ImageFiles& files);

}  // namespace breakwater::advisor
