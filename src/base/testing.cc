#include "base/testing.h"

#include <cstdlib>

#include "base/check.h"

namespace breakwater::testing {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "breakwater-XXXXXX").string();
  BW_CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace breakwater::testing
