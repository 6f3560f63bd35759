// Files for the tests of this folder: samples in the repository, whole sets outside of it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace breakwater::package::testing {

inline std::filesystem::path Sample(const std::string& name) {
  return std::filesystem::path(BW_PACKAGE_TESTDATA) / name;
}

// The folder of the full test data, or "" when BREAKWATER_SHARED is not set.
inline std::filesystem::path Shared() {
  const char* root = std::getenv("BREAKWATER_SHARED");
  return root == nullptr ? "" : root;
}

inline std::string ReadText(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace breakwater::package::testing
