#include "advisor/inventory.h"

#include <gtest/gtest.h>

namespace breakwater::advisor {
namespace {

using Kind = LayerEntry::Kind;

LayerEntry File(std::string path, std::string content) {
  return {
      .kind = Kind::kFile, .path = std::move(path), .target = {}, .content = std::move(content)};
}

Inventory Take(std::vector<LayerEntry> entries) {
  ImageFiles files;
  files.Apply({.whiteouts = {}, .opaque_directories = {}, .entries = std::move(entries)});
  return TakeInventory(files);
}

constexpr const char* kDebian = "ID=debian\nVERSION_ID=12\n";
constexpr const char* kPackage =
    "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n";

TEST(Inventory, ReadsSystemAndPackages) {
  const Inventory inventory =
      Take({File("usr/lib/os-release", kDebian), File("var/lib/dpkg/status", kPackage)});
  EXPECT_EQ(inventory.os.id, "debian");
  EXPECT_EQ(inventory.packages.size(), 1U);
  EXPECT_TRUE(inventory.problems.empty());
}

TEST(Inventory, ReadsDistrolessStatusFilesAndSkipsChecksums) {
  const Inventory inventory = Take(
      {File("etc/os-release", kDebian),
       File("var/lib/dpkg/status.d/dGVzdA", "Package: tzdata\nVersion: 2024a\nArchitecture: all\n"),
       File("var/lib/dpkg/status.d/base",
            "Package: base\nVersion: 1\n\nPackage: more\nVersion: 2\n"),
       File("var/lib/dpkg/status.d/base.md5sums", "d41d8cd98f00b204e9800998ecf8427e  x\n")});
  ASSERT_EQ(inventory.packages.size(), 3U);
  EXPECT_EQ(inventory.packages[0].location, "var/lib/dpkg/status.d/base");
  EXPECT_TRUE(inventory.problems.empty());
}

TEST(Inventory, DebianVersionStandsInForOsRelease) {
  const Inventory inventory =
      Take({File("etc/debian_version", "11.9\n"), File("var/lib/dpkg/status", kPackage)});
  EXPECT_EQ(inventory.os.id, "debian");
  EXPECT_EQ(inventory.os.version_id, "11");
}

TEST(Inventory, MissingOrEmptyDatabasesAreProblems) {
  EXPECT_EQ(Take({File("etc/os-release", kDebian)}).problems.size(), 1U);
  EXPECT_EQ(Take({File("etc/os-release", kDebian), File("var/lib/dpkg/status",
                                                        "\x7f"
                                                        "ELF")})
                .problems.size(),
            1U);
  const Inventory damaged =
      Take({File("etc/os-release", kDebian),
            File("var/lib/dpkg/status",
                 std::string(kPackage) + "\nPackage: b\nStatus: install ok installed\n")});
  EXPECT_EQ(damaged.packages.size(), 1U);
  EXPECT_EQ(damaged.problems.size(), 1U);
}

TEST(Inventory, AnImageWithoutASystemHasNoProblem) {
  const Inventory inventory = Take({});
  EXPECT_TRUE(inventory.os.empty());
  EXPECT_TRUE(inventory.packages.empty());
  EXPECT_TRUE(inventory.problems.empty());
}

TEST(Inventory, ADatabaseBehindALinkIsAProblemNotAnEmptyList) {
  const Inventory inventory = Take(
      {File("etc/os-release", kDebian),
       {.kind = Kind::kSymlink, .path = "var/lib/dpkg", .target = "/opt/dpkg", .content = {}}});
  EXPECT_FALSE(inventory.problems.empty());
}

}  // namespace
}  // namespace breakwater::advisor
