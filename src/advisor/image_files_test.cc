#include "advisor/image_files.h"

#include <gtest/gtest.h>

namespace breakwater::advisor {
namespace {

using Kind = LayerEntry::Kind;
constexpr std::string_view kStatus = "var/lib/dpkg/status";

LayerEntry File(std::string path, std::string content) {
  return {
      .kind = Kind::kFile, .path = std::move(path), .target = {}, .content = std::move(content)};
}
LayerEntry Link(Kind kind, std::string path, std::string target) {
  return {.kind = kind, .path = std::move(path), .target = std::move(target), .content = {}};
}
LayerContents Entries(std::vector<LayerEntry> entries) {
  return {.whiteouts = {}, .opaque_directories = {}, .entries = std::move(entries)};
}

// The content, "-" when there is none, "?" when it cannot be known.
std::string ReadOr(const ImageFiles& files, std::string_view path) {
  auto text = files.Read(path);
  if (!text.ok()) {
    EXPECT_EQ(text.error().reason(), "layer_link_unreadable");
    return "?";
  }
  return *text ? std::string(**text) : "-";
}

TEST(ImageFiles, UpperLayerWins) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status", "one")}));
  files.Apply(Entries({File("var/lib/dpkg/status", "two")}));
  EXPECT_EQ(ReadOr(files, kStatus), "two");
}

TEST(ImageFiles, WhiteoutsActOnLowerLayersOnlyWhereverTheyStand) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status", "old"), File("etc/os-release", "ID=a")}));
  // The same layer deletes the lower file and brings its own.
  files.Apply({.whiteouts = {"var/lib/dpkg/status", "etc"},
               .opaque_directories = {},
               .entries = {File("var/lib/dpkg/status", "new")}});
  EXPECT_EQ(ReadOr(files, kStatus), "new");
  EXPECT_EQ(ReadOr(files, "etc/os-release"), "-");
}

TEST(ImageFiles, WhiteoutOfAParentTakesEverythingBelow) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status.d/a", "A"), File("var/lib/dpkg/status", "S")}));
  files.Apply({.whiteouts = {"var/lib"}, .opaque_directories = {}, .entries = {}});
  EXPECT_EQ(ReadOr(files, kStatus), "-");
  EXPECT_TRUE(files.List("var/lib/dpkg/status.d")->empty());
}

TEST(ImageFiles, WhiteoutLeavesSiblingsWithTheSameBeginning) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status", "S"), File("var/lib/dpkg/status-old", "O"),
                       File("var/lib/dpkg/status.d/a", "A")}));
  files.Apply({.whiteouts = {"var/lib/dpkg/status"}, .opaque_directories = {}, .entries = {}});
  EXPECT_EQ(ReadOr(files, kStatus), "-");
  EXPECT_EQ(ReadOr(files, "var/lib/dpkg/status-old"), "O");
  EXPECT_EQ(ReadOr(files, "var/lib/dpkg/status.d/a"), "A");
}

TEST(ImageFiles, OpaqueDirectoryHidesLowerContentButNotItsOwn) {
  ImageFiles files;
  files.Apply(
      Entries({File("var/lib/dpkg/status.d/a", "A"), File("var/lib/dpkg/status.d/b", "B")}));
  files.Apply({.whiteouts = {},
               .opaque_directories = {"var/lib/dpkg/status.d"},
               .entries = {File("var/lib/dpkg/status.d/c", "C")}});
  EXPECT_EQ(*files.List("var/lib/dpkg/status.d"),
            std::vector<std::string>{"var/lib/dpkg/status.d/c"});
  files.Apply({.whiteouts = {}, .opaque_directories = {""}, .entries = {}});
  EXPECT_TRUE(files.List("var/lib/dpkg/status.d")->empty());
}

TEST(ImageFiles, AFileReplacesADirectoryAndADirectoryAFile) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status", "S")}));
  files.Apply(Entries({File("var/lib", "a file now")}));
  EXPECT_EQ(ReadOr(files, kStatus), "-");
  files.Apply(Entries({{.kind = Kind::kDirectory, .path = "var/lib", .target = {}, .content = {}},
                       File("var/lib/dpkg/status", "again")}));
  EXPECT_EQ(ReadOr(files, kStatus), "again");
}

TEST(ImageFiles, ADirectoryMergesWithADirectory) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status", "S")}));
  files.Apply(
      Entries({{.kind = Kind::kDirectory, .path = "var/lib/dpkg", .target = {}, .content = {}}}));
  EXPECT_EQ(ReadOr(files, kStatus), "S");
}

TEST(ImageFiles, FollowsLinksInsideTheImage) {
  ImageFiles files;
  files.Apply(Entries({File("usr/lib/os-release", "ID=debian"),
                       Link(Kind::kSymlink, "etc/os-release", "../usr/lib/os-release")}));
  EXPECT_EQ(ReadOr(files, "etc/os-release"), "ID=debian");
  files.Apply(Entries({Link(Kind::kSymlink, "etc/os-release", "/usr/lib/os-release")}));
  EXPECT_EQ(ReadOr(files, "etc/os-release"), "ID=debian");
  // Above the root is the root.
  files.Apply(Entries({Link(Kind::kSymlink, "etc/os-release", "../../../../usr/lib/os-release")}));
  EXPECT_EQ(ReadOr(files, "etc/os-release"), "ID=debian");
}

TEST(ImageFiles, LinksOutOfSightAreUnknownNotAbsent) {
  ImageFiles files;
  files.Apply(Entries({Link(Kind::kSymlink, "var/lib/dpkg", "../../opt/dpkg")}));
  EXPECT_EQ(ReadOr(files, kStatus), "?");
  EXPECT_FALSE(files.List("var/lib/dpkg/status.d").ok());
}

TEST(ImageFiles, LinkLoopsEnd) {
  ImageFiles files;
  files.Apply(Entries({Link(Kind::kSymlink, "etc/os-release", "../usr/lib/os-release"),
                       Link(Kind::kSymlink, "usr/lib/os-release", "../../etc/os-release")}));
  EXPECT_EQ(ReadOr(files, "etc/os-release"), "?");
}

TEST(ImageFiles, HardLinksShareContent) {
  ImageFiles files;
  files.Apply(Entries({File("var/lib/dpkg/status-old", "S"),
                       Link(Kind::kHardLink, "var/lib/dpkg/status", "var/lib/dpkg/status-old")}));
  EXPECT_EQ(ReadOr(files, kStatus), "S");
  // The link lives on when the other name goes.
  files.Apply({.whiteouts = {"var/lib/dpkg/status-old"}, .opaque_directories = {}, .entries = {}});
  EXPECT_EQ(ReadOr(files, kStatus), "S");
  files.Apply(Entries({Link(Kind::kHardLink, "var/lib/dpkg/status", "opt/elsewhere")}));
  EXPECT_EQ(ReadOr(files, kStatus), "?");
}

TEST(ImageFiles, TracksParentsOfWantedFilesOnly) {
  EXPECT_TRUE(IsTracked(""));
  EXPECT_TRUE(IsTracked("var/lib"));
  EXPECT_TRUE(IsTracked("var/lib/dpkg/status.d"));
  EXPECT_TRUE(IsWanted("var/lib/dpkg/status.d/tzdata"));
  EXPECT_FALSE(IsTracked("var/lib/dpkg/status.d/a/b"));
  EXPECT_FALSE(IsTracked("var/lib/dpkg/info"));
  EXPECT_FALSE(IsTracked("var/li"));
  EXPECT_FALSE(IsWanted("var/lib/dpkg"));
}

}  // namespace
}  // namespace breakwater::advisor
