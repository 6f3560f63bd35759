#include "advisor/layer_reader.h"

#include <gtest/gtest.h>

#include "io/decompress.h"
#include "io/tar.h"

namespace breakwater::advisor {
namespace {

using io::TarType;

// A tar in the making.
class Tar {
 public:
  Tar() : sink_(64U << 20), writer_(sink_) {}
  Tar& Add(std::string path, std::string_view body) {
    return Put({.path = std::move(path), .type = TarType::kFile, .link_target = {}}, body);
  }
  Tar& Link(TarType type, std::string path, std::string target) {
    return Put({.path = std::move(path), .type = type, .link_target = std::move(target)}, "");
  }
  std::string Finish() {
    EXPECT_TRUE(writer_.Finish().ok());
    return sink_.Take();
  }

 private:
  Tar& Put(io::TarEntry entry, std::string_view body) {
    EXPECT_TRUE(writer_.Add(std::move(entry), body).ok());
    return *this;
  }
  io::StringSink sink_;
  io::TarWriter writer_;
};

std::string Gzip(std::string_view plain) {
  io::StringSink sink(64U << 20);
  io::GzipSink gzip(sink);
  EXPECT_TRUE(gzip.Write(AsBytes(plain)).ok());
  EXPECT_TRUE(gzip.Finish().ok());
  return sink.Take();
}

Result<LayerContents> Read(std::string_view blob, const oci::Digest& diff_id,
                           const LayerLimits& limits = {}) {
  io::StringSource source(blob);
  return ReadLayer(source, diff_id, limits);
}
Result<LayerContents> ReadPlain(std::string_view tar, const LayerLimits& limits = {}) {
  return Read(tar, oci::Digest::Of(AsBytes(tar)), limits);
}

TEST(LayerReader, KeepsTrackedEntriesAndWhiteoutsOnly) {
  auto layer = ReadPlain(Tar()
                             .Add("usr/bin/true", "binary")
                             .Add("var/lib/dpkg/status", "Package: a\n")
                             .Add("var/lib/dpkg/status.d/x", "Package: x\n")
                             .Add("var/lib/.wh.dpkg", "")
                             .Add("etc/.wh..wh..opq", "")
                             .Add("usr/.wh.share", "")
                             .Add(".wh..wh.plnk", "")
                             .Link(TarType::kSymlink, "etc/os-release", "../usr/lib/os-release")
                             .Link(TarType::kSymlink, "usr/lib/x.so", "y.so")
                             .Finish());
  ASSERT_TRUE(layer.ok());
  ASSERT_EQ(layer->entries.size(), 3U);
  EXPECT_EQ(layer->entries[0].path, "var/lib/dpkg/status");
  EXPECT_EQ(layer->entries[0].content, "Package: a\n");
  EXPECT_EQ(layer->entries[2].target, "../usr/lib/os-release");
  EXPECT_EQ(layer->whiteouts, std::vector<std::string>{"var/lib/dpkg"});
  EXPECT_EQ(layer->opaque_directories, std::vector<std::string>{"etc"});
}

TEST(LayerReader, ReadsGzipAgainstTheUncompressedDigest) {
  const std::string tar = Tar().Add("etc/debian_version", "12.1\n").Finish();
  const oci::Digest diff_id = oci::Digest::Of(AsBytes(tar));
  const std::string blob = Gzip(tar);
  auto layer = Read(blob, diff_id);
  ASSERT_TRUE(layer.ok());
  EXPECT_EQ(layer->entries.at(0).content, "12.1\n");
}

TEST(LayerReader, HashesWhatFollowsTheEndMarkToo) {
  std::string tar = Tar().Add("etc/debian_version", "12.1\n").Finish();
  tar.append(10'240, '\0');  // GNU tar pads to whole records
  EXPECT_TRUE(ReadPlain(tar).ok());
}

TEST(LayerReader, RefusesContentThatIsNotWhatTheConfigurationPromised) {
  const std::string tar = Tar().Add("var/lib/dpkg/status", "Package: a\n").Finish();
  auto layer = Read(tar, oci::Digest::Of(AsBytes("something else")));
  ASSERT_FALSE(layer.ok());
  EXPECT_EQ(layer.error().reason(), "diff_id_mismatch");
}

TEST(LayerReader, RefusesDamage) {
  const std::string tar = Tar().Add("var/lib/dpkg/status", std::string(5000, 'x')).Finish();
  const std::string blob = Gzip(tar);
  auto cut = Read(std::string_view(blob).substr(0, blob.size() / 2), oci::Digest::Of(AsBytes(tar)));
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code(), ErrorCode::kInvalid);
  EXPECT_FALSE(ReadPlain(std::string_view(tar).substr(0, 1000)).ok());
  EXPECT_FALSE(
      ReadPlain("this is no tar at all, but a text of some length" + std::string(600, '.')).ok());
}

TEST(LayerReader, IsBounded) {
  const std::string tar = Tar()
                              .Add("var/lib/dpkg/status", std::string(1000, 'x'))
                              .Add("var/lib/dpkg/status-old", std::string(1000, 'x'))
                              .Finish();
  const auto refused = [&](const LayerLimits& limits) {
    auto layer = ReadPlain(tar, limits);
    return !layer.ok() && layer.error().code() == ErrorCode::kTooLarge;
  };
  EXPECT_TRUE(refused({.max_file = 999}));
  EXPECT_TRUE(refused({.max_captured = 1999}));
  EXPECT_TRUE(refused({.max_tracked = 1}));
  EXPECT_TRUE(refused({.max_entries = 1}));
  EXPECT_TRUE(refused({.max_uncompressed = 1500}));
  EXPECT_FALSE(refused({.max_file = 1000, .max_captured = 2000, .max_tracked = 2}));
}

TEST(LayerReader, HardLinksNameThePathTheyShare) {
  auto layer =
      ReadPlain(Tar()
                    .Add("var/lib/dpkg/status-old", "S")
                    .Link(TarType::kHardlink, "var/lib/dpkg/status", "var/lib/dpkg/status-old")
                    .Finish());
  ASSERT_TRUE(layer.ok());
  ImageFiles files;
  files.Apply(*std::move(layer));
  EXPECT_EQ(files.Read("var/lib/dpkg/status")->value_or("-"), "S");
}

TEST(LayerReader, AnEmptyLayerIsALayer) {
  EXPECT_TRUE(ReadPlain(Tar().Finish()).ok());
}

}  // namespace
}  // namespace breakwater::advisor
