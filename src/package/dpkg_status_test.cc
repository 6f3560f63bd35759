#include "package/dpkg_status.h"

#include <gtest/gtest.h>

#include "package/testdata_test.h"

namespace breakwater::package {
namespace {

constexpr std::string_view kPath = "var/lib/dpkg/status";

DpkgList Parse(std::string_view text, DpkgFile kind = DpkgFile::kStatus) {
  auto list = ParseDpkgStatus(text, kind, kPath);
  EXPECT_TRUE(list.ok());
  return list.ok() ? *list : DpkgList{};
}

std::string Stanza(std::string_view name, std::string_view state) {
  return "Package: " + std::string(name) + "\nStatus: install ok " + std::string(state) +
         "\nArchitecture: amd64\nVersion: 1.0-1\n\n";
}

TEST(DpkgStatus, ReadsNameVersionsAndPurl) {
  const DpkgList list = Parse(
      "Package: libssl3\n"
      "Status: install ok installed\n"
      "Architecture: amd64\n"
      "Multi-Arch: same\n"
      "Source: openssl (3.0.15-1~deb12u1)\n"
      "Version: 3.0.15-1~deb12u1+b2\n"
      "Description: Secure Sockets Layer toolkit\n"
      " Version: 9 is not a field here\n");
  ASSERT_EQ(list.packages.size(), 1U);
  const Package& p = list.packages[0];
  EXPECT_EQ(p.name, "libssl3");
  EXPECT_EQ(p.version, "3.0.15-1~deb12u1+b2");
  EXPECT_EQ(p.source_name, "openssl");
  EXPECT_EQ(p.source_version, "3.0.15-1~deb12u1");
  EXPECT_EQ(p.architecture, "amd64");
  EXPECT_EQ(p.location, kPath);
  auto purl = PurlOf(p, ParseOsRelease("ID=debian\nVERSION_ID=12\n"));
  ASSERT_TRUE(purl.ok());
  EXPECT_EQ(purl->ToString(),
            "pkg:deb/debian/libssl3@3.0.15-1~deb12u1%2Bb2?arch=amd64&distro=debian-12");
}

TEST(DpkgStatus, SourceFallsBackToTheBinary) {
  const DpkgList list = Parse(
      "Package: a\nStatus: install ok installed\nVersion: 2:1.0\nArchitecture: all\n\n"
      "Package: b\nStatus: install ok installed\nVersion: 3\nSource: src-b\nArchitecture: all\n");
  ASSERT_EQ(list.packages.size(), 2U);
  EXPECT_EQ(list.packages[0].source_name, "a");
  EXPECT_EQ(list.packages[0].source_version, "2:1.0");
  EXPECT_EQ(list.packages[1].source_name, "src-b");
  EXPECT_EQ(list.packages[1].source_version, "3");
}

TEST(DpkgStatus, ThirdStatusWordDecides) {
  const std::string text = Stanza("a", "installed") + Stanza("b", "half-configured") +
                           Stanza("c", "unpacked") + Stanza("d", "triggers-awaited") +
                           Stanza("e", "triggers-pending") + Stanza("f", "config-files") +
                           Stanza("g", "not-installed") + Stanza("h", "half-installed") +
                           "Package: i\nVersion: 1\nArchitecture: all\n\n" +
                           "Package: j\nStatus: deinstall ok\nVersion: 1\n";
  std::string names;
  for (const Package& p : Parse(text).packages) names += p.name;
  EXPECT_EQ(names, "abcde");
}

TEST(DpkgStatus, StatusDNeedsNoStatus) {
  const DpkgList list = Parse(
      "Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n\n\n"
      "Package: base-files\nVersion: 12.4\nArchitecture: amd64",
      DpkgFile::kStatusD);
  ASSERT_EQ(list.packages.size(), 2U);
  EXPECT_EQ(list.packages[1].name, "base-files");
}

TEST(DpkgStatus, CountsDamagedStanzasInsteadOfLosingThem) {
  const DpkgList list = Parse(
      "Package: a\nStatus: install ok installed\n\n"                          // no version
      "Status: install ok installed\nVersion: 1\n\n"                          // no name
      "Package: ../x\nStatus: install ok installed\nVersion: 1\n\n"           // bad name
      "Package: b\nStatus: install ok installed\nVersion: not a version\n\n"  //
      "Package: c\nStatus: install ok installed\nVersion: 1\nArchitecture: a b\n\n"
      "Package: c\nStatus: install ok installed\nVersion: 1\nSource: d (\n\n"  //
      "Package: e\nStatus: install ok installed\nVersion: 1\n");
  EXPECT_EQ(list.damaged, 6U);
  ASSERT_EQ(list.packages.size(), 1U);
  EXPECT_EQ(list.packages[0].name, "e");
}

TEST(DpkgStatus, IsBounded) {
  auto bytes = ParseDpkgStatus(std::string(101, 'x'), DpkgFile::kStatus, kPath, {.max_bytes = 100});
  ASSERT_FALSE(bytes.ok());
  EXPECT_EQ(bytes.error().reason(), "package_database_too_large");
  auto packages = ParseDpkgStatus(Stanza("a", "installed") + Stanza("b", "installed"),
                                  DpkgFile::kStatus, kPath, {.max_packages = 1});
  ASSERT_FALSE(packages.ok());
  EXPECT_EQ(packages.error().code(), ErrorCode::kTooLarge);
}

TEST(DpkgStatus, ReadsWholeRealDatabases) {
  const auto shared = testing::Shared();
  if (shared.empty()) GTEST_SKIP() << "BREAKWATER_SHARED is not set";
  const auto input =
      shared / "data/scanner-cases/derived/debian-12-minimal/input/var/lib/dpkg/status";
  const DpkgList list = Parse(testing::ReadText(input));
  EXPECT_EQ(list.packages.size(), 96U);
  EXPECT_EQ(list.damaged, 0U);
}

}  // namespace
}  // namespace breakwater::package
