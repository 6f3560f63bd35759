// Shared by the tests of this folder: samples, the full data outside the repository, and advisories
// in memory.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "advisor/advisory.h"
#include "advisor/matcher.h"
#include "advisor/osv.h"
#include "base/strings.h"
#include "io/decompress.h"
#include "io/file.h"
#include "json/json.h"
#include "package/dpkg_status.h"

namespace breakwater::advisor::testing {

namespace fs = std::filesystem;

inline fs::path Sample(const std::string& name) {
  return fs::path(BW_ADVISOR_TESTDATA) / name;
}
inline fs::path SampleAdvisories() {
  return BW_SAMPLE_ADVISORIES;
}

// The folder of the full test data, or "" when BREAKWATER_SHARED is not set.
inline fs::path Shared() {
  const char* root = std::getenv("BREAKWATER_SHARED");
  return root == nullptr ? "" : root;
}

inline std::string ReadText(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return {std::istreambuf_iterator<char>(in), {}};
}

// Advisories of given records, in memory.
class MemoryAdvisories final : public AdvisoryLookup {
 public:
  void Add(const OsvRecord& record) {
    if (KindOf(record) == RecordKind::kNotice) return;
    for (Advisory& advisory : DebianAdvisoriesOf(record)) {
      covered_.insert(advisory.ecosystem);
      rows_[{advisory.ecosystem, advisory.package}].push_back(std::move(advisory));
    }
  }
  void AddJson(std::string_view json) {
    auto record = parser_.Parse(json);
    ASSERT_TRUE(record.ok()) << record.error().message();
    Add(*record);
  }
  void AddFolder(const fs::path& folder) {
    for (const auto& file : fs::directory_iterator(folder)) {
      if (file.path().extension() == ".json") AddJson(ReadText(file.path()));
    }
  }

  Result<bool> Covers(std::string_view ecosystem) override {
    return covered_.contains(std::string(ecosystem));
  }
  Result<std::vector<Advisory>> Find(std::string_view ecosystem, std::string_view source) override {
    const auto found = rows_.find({std::string(ecosystem), std::string(source)});
    return found == rows_.end() ? std::vector<Advisory>() : found->second;
  }

 private:
  OsvParser parser_;
  std::set<std::string> covered_;
  std::map<std::pair<std::string, std::string>, std::vector<Advisory>> rows_;
};

// vulnerability, package, architecture, installed, fixed ("-" when none)
using FindingKey = std::tuple<std::string, std::string, std::string, std::string, std::string>;

inline std::set<FindingKey> KeysOf(const std::vector<Finding>& findings) {
  std::set<FindingKey> keys;
  for (const Finding& f : findings) {
    keys.emplace(f.vulnerability, f.package.name, f.package.architecture, f.package.version,
                 f.fixable() ? f.fixed_version : "-");
  }
  return keys;
}

inline std::set<FindingKey> ExpectedKeys(const fs::path& tsv) {
  std::set<FindingKey> keys;
  const std::string text = ReadText(tsv);
  for (std::string_view line : Split(text, '\n')) {
    if (line.empty() || line.front() == '#') continue;
    const auto c = Split(line, '\t');
    EXPECT_EQ(c.size(), 5U) << line;
    if (c.size() == 5) {
      keys.emplace(std::string(c[0]), std::string(c[1]), std::string(c[2]), std::string(c[3]),
                   std::string(c[4]));
    }
  }
  return keys;
}

// The findings of one of the shared cases: expected.json, or expected.json.zst.
inline std::set<FindingKey> GoldenKeys(const fs::path& folder) {
  io::StringSink plain(256U << 20);
  const bool packed = fs::exists(folder / "expected.json.zst");
  auto file = io::File::Open(folder / (packed ? "expected.json.zst" : "expected.json"));
  EXPECT_TRUE(file.ok());
  io::FileSource source(*std::move(file));
  auto text = io::DecompressAuto(source);
  EXPECT_TRUE(text.ok() && io::Copy(**text, plain, 256U << 20).ok());
  auto document = json::Parse(plain.text(), {.max_bytes = 256U << 20, .max_depth = 32});
  EXPECT_TRUE(document.ok());
  std::set<FindingKey> keys;
  for (const json::Value& f : json::Find(*document, "findings")->as_array()) {
    const std::string fixed(json::FindText(f, "fixed"));
    keys.emplace(std::string(json::FindText(f, "id")), std::string(json::FindText(f, "package")),
                 std::string(json::FindText(f, "arch")),
                 std::string(json::FindText(f, "installed")), fixed.empty() ? "-" : fixed);
  }
  return keys;
}

inline std::vector<package::Package> PackagesOf(const fs::path& status) {
  auto list = package::ParseDpkgStatus(ReadText(status), package::DpkgFile::kStatus, "status");
  EXPECT_TRUE(list.ok() && list->damaged == 0);
  return list.ok() ? list->packages : std::vector<package::Package>();
}

}  // namespace breakwater::advisor::testing
