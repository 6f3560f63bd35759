#include "package/purl.h"

#include <algorithm>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "json/json.h"
#include "package/testdata_test.h"

namespace breakwater::package {
namespace {

namespace fs = std::filesystem;

// The parts of a vector; null means absent.
Purl PartsOf(const json::Value& value) {
  Purl purl{.type = std::string(json::FindText(value, "type")),
            .name_space = std::string(json::FindText(value, "namespace")),
            .name = std::string(json::FindText(value, "name")),
            .version = std::string(json::FindText(value, "version")),
            .qualifiers = {},
            .subpath = std::string(json::FindText(value, "subpath"))};
  if (const json::Value* q = json::Find(value, "qualifiers"); q != nullptr && q->is_object()) {
    for (const auto& [key, member] : q->as_object()) {
      purl.qualifiers[std::string(key)] = json::View(member.as_string());
    }
  }
  return purl;
}

// What a vector's operation makes of its input.
Result<Purl> Apply(const json::Value& vector) {
  const json::Value& input = *json::Find(vector, "input");
  if (json::FindText(vector, "test_type") == "build") return NormalizePurl(PartsOf(input));
  return ParsePurl(json::View(input.as_string()));
}

// The suite contradicts itself: its maven and rpm "validate" vectors demand that the case of
// qualifier keys is folded, these two "parse" vectors demand that it is refused. We fold.
bool RefusesUpperCaseKeys(const json::Value& vector) {
  const std::string_view message = json::FindText(vector, "expected_message");
  return message.find("lowercase") != std::string_view::npos &&
         message.find("qualifier key") != std::string_view::npos;
}

void Check(const json::Value& vector) {
  if (RefusesUpperCaseKeys(vector)) return;
  SCOPED_TRACE(json::Serialize(vector));
  auto purl = Apply(vector);
  if (json::Find(vector, "expected_failure")->as_bool()) {
    EXPECT_FALSE(purl.ok());
    return;
  }
  ASSERT_TRUE(purl.ok()) << purl.error().message();
  const json::Value& expected = *json::Find(vector, "expected_output");
  if (json::FindText(vector, "test_type") == "parse") {
    EXPECT_EQ(*purl, PartsOf(expected)) << purl->ToString();
  } else {
    EXPECT_EQ(purl->ToString(), json::View(expected.as_string()));
  }
}

// Runs all vectors of the files below `folder`; returns their number.
std::size_t RunVectors(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename().string().ends_with("-test.json")) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::size_t count = 0;
  for (const fs::path& file : files) {
    auto document = json::Parse(testing::ReadText(file));
    EXPECT_TRUE(document.ok()) << file;
    for (const json::Value& vector : json::Find(*document, "tests")->as_array()) {
      Check(vector);
      ++count;
    }
  }
  return count;
}

TEST(Purl, PassesTheSpecificationsSampleVectors) {
  EXPECT_GE(RunVectors(testing::Sample("purl")), 60U);
}

TEST(Purl, PassesTheWholeSpecificationSuite) {
  const fs::path shared = testing::Shared();
  if (shared.empty()) GTEST_SKIP() << "BREAKWATER_SHARED is not set";
  const fs::path suite = fs::path(::testing::TempDir()) / "breakwater-purl-suite";
  fs::remove_all(suite);
  fs::create_directories(suite);
  const std::string command = "zstd -dcq --long=27 '" +
                              (shared / "data/purl/purl-spec-tests-2026-08-21.tar.zst").string() +
                              "' | tar -xf - -C '" + suite.string() + "'";
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_GE(RunVectors(suite / "tests"), 500U);
  fs::remove_all(suite);
}

TEST(Purl, KeepsTheDebianEpochInTheVersion) {
  auto purl = ParsePurl("pkg:deb/debian/attr@1%3A2.4.47-2%2Bb1?arch=amd64");
  ASSERT_TRUE(purl.ok());
  EXPECT_EQ(purl->version, "1:2.4.47-2+b1");
  EXPECT_EQ(purl->ToString(), "pkg:deb/debian/attr@1:2.4.47-2%2Bb1?arch=amd64");
}

TEST(Purl, DropsEmptySegments) {
  EXPECT_EQ(ParsePurl("pkg:git/host//a//b@1")->ToString(), "pkg:git/host/a/b@1");
  EXPECT_FALSE(ParsePurl("pkg:git/host//@1").ok());
}

TEST(Purl, RefusesForgedSegments) {
  EXPECT_FALSE(ParsePurl("pkg:deb/deb%2Fian/x@1").ok());
  EXPECT_FALSE(ParsePurl("pkg:deb/debian/x@1?arch=a&arch=b").ok());
  EXPECT_FALSE(ParsePurl(std::string_view("pkg:deb/debian/x\0y@1", 20)).ok());
  EXPECT_FALSE(ParsePurl("pkg:deb/debian/x@\xff").ok());
  EXPECT_FALSE(ParsePurl("pkg:deb/debian/" + std::string(5000, 'x')).ok());
}

RC_GTEST_PROP(PurlText, ReadsBackWhatItWrites, ()) {
  const auto text = rc::gen::nonEmpty(
      rc::gen::container<std::string>(rc::gen::elementOf(std::string("aZ09@:?#&=%+.-_~ "))));
  Purl parts{.type = "generic",
             .name_space = *text,
             .name = *text,
             .version = *text,
             .qualifiers = {{"arch", *text}},
             .subpath = {}};
  auto purl = NormalizePurl(parts);
  RC_ASSERT(purl.ok());
  auto again = ParsePurl(purl->ToString());
  RC_ASSERT(again.ok());
  RC_ASSERT(*again == *purl);
}

}  // namespace
}  // namespace breakwater::package
