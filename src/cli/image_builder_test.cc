#include "cli/image_builder.h"

#include <fstream>

#include <gtest/gtest.h>

#include "base/testing.h"
#include "io/decompress.h"
#include "json/json.h"

namespace breakwater::cli {
namespace {

namespace fs = std::filesystem;

void Put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

// A root that looks like Debian's.
void MakeDebian(const fs::path& root) {
  Put(root / "var/lib/dpkg/status", "Package: base-files\nStatus: install ok installed\n\n");
  Put(root / "usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
  fs::create_directories(root / "etc");
  fs::create_symlink("../usr/lib/os-release", root / "etc/os-release");
  Put(root / "etc/debian_version", "12.9\n");
}

ImageSpec Spec() {
  return {.architecture = "amd64",
          .created = FromMicros(1'647'853'800'000'000),
          .labels = {{"build", "1"}}};
}

// path -> content, link target in "->", directories with a "/" at the end.
std::map<std::string, std::string> Unpack(const std::string& layer) {
  io::StringSource packed(layer);
  const auto plain = io::Gunzip(packed);
  io::TarReader tar(*plain);
  std::map<std::string, std::string> entries;
  for (auto next = tar.Next(); next.ok() && *next; next = tar.Next()) {
    const io::TarEntry& entry = **next;
    if (entry.type == io::TarType::kDirectory) {
      entries[entry.path + "/"] = "";
    } else if (entry.type == io::TarType::kSymlink) {
      entries[entry.path] = "->" + entry.link_target;
    } else {
      entries[entry.path] = io::ReadAll(tar.Body(), 1U << 20).value();
    }
  }
  return entries;
}

TEST(ImageBuilder, TakesTheDpkgDatabaseAndOsReleaseWithTheirDirectories) {
  const testing::TempDir root;
  MakeDebian(root.path());
  Put(root.path() / "var/lib/dpkg/status.d/tzdata", "Package: tzdata\n");
  const auto files = ReadDebianUserland(root.path());
  ASSERT_TRUE(files.ok()) << files.error().message();
  const auto image = BuildImage(*files, Spec());
  ASSERT_TRUE(image.ok());
  const std::map<std::string, std::string> expected{
      {"etc/", ""},
      {"etc/debian_version", "12.9\n"},
      {"etc/os-release", "->../usr/lib/os-release"},
      {"usr/", ""},
      {"usr/lib/", ""},
      {"usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n"},
      {"var/", ""},
      {"var/lib/", ""},
      {"var/lib/dpkg/", ""},
      {"var/lib/dpkg/status", "Package: base-files\nStatus: install ok installed\n\n"},
      {"var/lib/dpkg/status.d/", ""},
      {"var/lib/dpkg/status.d/tzdata", "Package: tzdata\n"}};
  EXPECT_EQ(Unpack(image->layer), expected);
}

TEST(ImageBuilder, TakesOsReleaseFromEtcWhereItIsAFileThere) {
  const testing::TempDir root;
  Put(root.path() / "var/lib/dpkg/status", "Package: a\n");
  Put(root.path() / "etc/os-release", "ID=debian\n");
  const auto files = ReadDebianUserland(root.path());
  ASSERT_TRUE(files.ok());
  const auto image = BuildImage(*files, Spec());
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(Unpack(image->layer)["etc/os-release"], "ID=debian\n");
}

TEST(ImageBuilder, SaysSoWhereThereIsNoDpkgDatabase) {
  const testing::TempDir root;
  Put(root.path() / "etc/os-release", "ID=alpine\n");
  const auto files = ReadDebianUserland(root.path());
  ASSERT_FALSE(files.ok());
  EXPECT_EQ(files.error().reason(), "no_dpkg_database");
}

TEST(ImageBuilder, EveryDigestIsOfTheBytesItNames) {
  const testing::TempDir root;
  MakeDebian(root.path());
  const auto image = BuildImage(ReadDebianUserland(root.path()).value(), Spec());
  ASSERT_TRUE(image.ok());
  io::StringSource packed(image->layer);
  const auto tar = io::ReadAll(*io::Gunzip(packed), 1U << 20);
  ASSERT_TRUE(tar.ok());
  EXPECT_EQ(image->diff_id, oci::Digest::Of(AsBytes(*tar)));
  EXPECT_EQ(image->layer_digest, oci::Digest::Of(AsBytes(image->layer)));
  EXPECT_EQ(image->config_digest, oci::Digest::Of(AsBytes(image->config)));
  EXPECT_EQ(image->digest, oci::Digest::Of(AsBytes(image->manifest)));

  const auto manifest = json::Parse(image->manifest);
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(json::FindText(manifest->at("config"), "digest"), image->config_digest.text());
  EXPECT_EQ(manifest->at("config").at("size").as_int64(),
            static_cast<std::int64_t>(image->config.size()));
  const json::Value& layer = manifest->at("layers").as_array().at(0);
  EXPECT_EQ(json::FindText(layer, "digest"), image->layer_digest.text());
  EXPECT_EQ(layer.at("size").as_int64(), static_cast<std::int64_t>(image->layer.size()));

  const auto config = json::Parse(image->config);
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(json::View(config->at("rootfs").at("diff_ids").as_array().at(0).as_string()),
            image->diff_id.text());
  EXPECT_EQ(json::FindText(config->at("config").at("Labels"), "build"), "1");
}

TEST(ImageBuilder, TheSameInputGivesTheSameImageAndAnotherLabelOnlyAnotherConfig) {
  const testing::TempDir root;
  MakeDebian(root.path());
  const auto files = ReadDebianUserland(root.path()).value();
  const auto first = BuildImage(files, Spec()).value();
  EXPECT_EQ(first.digest, BuildImage(files, Spec()).value().digest);
  ImageSpec next = Spec();
  next.labels["build"] = "2";
  const auto second = BuildImage(files, next).value();
  EXPECT_EQ(first.layer_digest, second.layer_digest);
  EXPECT_NE(first.config_digest, second.config_digest);
  EXPECT_NE(first.digest, second.digest);
}

TEST(ImageBuilder, NamesArchitecturesAsImagesDo) {
  EXPECT_EQ(ArchitectureOf("x86_64"), "amd64");
  EXPECT_EQ(ArchitectureOf("aarch64"), "arm64");
  EXPECT_EQ(ArchitectureOf("armv7l"), "arm");
  EXPECT_EQ(ArchitectureOf("s390x"), "s390x");
}

}  // namespace
}  // namespace breakwater::cli
