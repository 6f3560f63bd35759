#include "oci/manifest.h"

#include <gtest/gtest.h>

#include "oci/referrers.h"

namespace breakwater::oci {
namespace {

const std::string kA = Digest::Of(AsBytes("a")).text();
const std::string kB = Digest::Of(AsBytes("b")).text();

std::string DescriptorText(const std::string& digest, std::string_view media_type, int size = 3,
                           std::string_view more = "") {
  return R"({"mediaType":")" + std::string(media_type) + R"(","digest":")" + digest +
         R"(","size":)" + std::to_string(size) + std::string(more) + "}";
}

std::string ImageText(std::string_view layers, std::string_view more = "") {
  return R"({"schemaVersion":2,"mediaType":")" + std::string(kOciManifest) + R"(","config":)" +
         DescriptorText(kA, "application/vnd.oci.image.config.v1+json") + R"(,"layers":[)" +
         std::string(layers) + "]" + std::string(more) + "}";
}

std::string ReasonOf(std::string_view text, std::string_view type = kOciManifest) {
  const auto parsed = ParseManifest(text, type);
  return parsed.ok() ? "accepted" : parsed.error().reason();
}

TEST(Manifest, OfAnImageHasConfigAndLayers) {
  const auto manifest =
      ParseManifest(ImageText(DescriptorText(kB, "application/vnd.oci.image.layer.v1.tar+gzip", 7)),
                    kOciManifest);
  ASSERT_TRUE(manifest.ok()) << manifest.error().message();
  EXPECT_EQ(manifest->kind, ManifestKind::kImage);
  EXPECT_EQ(manifest->config->digest.text(), kA);
  ASSERT_EQ(manifest->layers.size(), 1U);
  EXPECT_EQ(manifest->ContentSize(), 10U);
  EXPECT_EQ(manifest->ArtifactType(), "application/vnd.oci.image.config.v1+json");
}

TEST(Manifest, MediaTypeIsTheContentTypeWithoutParameters) {
  const auto manifest = ParseManifest(ImageText(""), std::string(kOciManifest) + "; charset=utf-8");
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->media_type, kOciManifest);
}

TEST(Manifest, MediaTypeMustEqualTheBodys) {
  EXPECT_EQ(ReasonOf(ImageText(""), kDockerManifest), "manifest_invalid");
  EXPECT_EQ(ReasonOf(ImageText(""), ""), "accepted");
  EXPECT_EQ(ReasonOf("{}", ""), "manifest_invalid");
}

TEST(Manifest, MediaTypeMustBeOne) {
  for (const std::string& bad : {std::string("x"), std::string("/"), std::string("a/"),
                                 std::string("a b/c"), std::string("a/b/c"), std::string("a/\xff"),
                                 std::string("a/b\r\nX: y"), "a/" + std::string(255, 'b')}) {
    EXPECT_EQ(ReasonOf(R"({"schemaVersion":2})", bad), "manifest_invalid") << bad;
  }
}

TEST(Manifest, UnknownMediaTypesAndFieldsAreFine) {
  EXPECT_EQ(ReasonOf(R"({"schemaVersion":2,"anything":[1]})", "application/vnd.example+json"),
            "accepted");
  EXPECT_EQ(ReasonOf(ImageText("", R"(,"org.example":{"x":null})")), "accepted");
}

TEST(Manifest, EmptyLayersAndEmptyIndexesAreFine) {
  EXPECT_EQ(ReasonOf(ImageText("")), "accepted");
  EXPECT_EQ(ReasonOf(R"({"schemaVersion":2,"manifests":[]})", kOciIndex), "accepted");
}

TEST(Manifest, DescriptorsMayCarryData) {
  EXPECT_EQ(ReasonOf(ImageText(DescriptorText(kB, "x/y", 3, R"(,"data":"YQ==")"))), "accepted");
}

TEST(Manifest, OfSchema1IsRefusedWithWords) {
  for (const std::string_view type : {kDockerSchema1, kDockerSchema1Signed}) {
    const auto parsed = ParseManifest(R"({"schemaVersion":1,"fsLayers":[]})", type);
    ASSERT_FALSE(parsed.ok());
    EXPECT_EQ(parsed.error().reason(), "manifest_invalid");
    EXPECT_NE(parsed.error().message().find("schema version 1"), std::string::npos);
  }
  EXPECT_EQ(ReasonOf(R"({"schemaVersion":1,"fsLayers":[]})", "application/json"),
            "manifest_invalid");
}

TEST(Manifest, MustNotBeImageAndIndexAtOnce) {
  EXPECT_EQ(ReasonOf(ImageText("", R"(,"manifests":[])")), "manifest_invalid");
  EXPECT_EQ(ReasonOf(R"({"schemaVersion":2,"manifests":[],"layers":[]})", kOciIndex),
            "manifest_invalid");
}

TEST(Manifest, MalformedNamesThePlace) {
  struct Case {
    std::string text;
    std::string place;
  };
  for (const Case& c : {
           Case{"{", "JSON"},
           Case{"[]", "object"},
           Case{R"({"schemaVersion":3})", "schemaVersion"},
           Case{R"({"schemaVersion":2})", "config"},
           Case{ImageText("{}"), "layers[0].digest"},
           Case{ImageText(DescriptorText("sha256:12", "x/y")), "layers[0].digest"},
           Case{ImageText(DescriptorText(kB, "x/y", -1)), "layers[0].size"},
           Case{ImageText("7"), "layers[0]"},
           Case{ImageText("", R"(,"annotations":{"a":1})"), "annotations.a"},
           Case{ImageText("", R"(,"artifactType":1)"), "artifactType"},
           Case{ImageText("", R"(,"subject":[])"), "subject"},
       }) {
    const auto parsed = ParseManifest(c.text, kOciManifest);
    ASSERT_FALSE(parsed.ok()) << c.text;
    EXPECT_EQ(parsed.error().reason(), "manifest_invalid");
    EXPECT_NE(parsed.error().message().find(c.place), std::string::npos)
        << parsed.error().message();
  }
}

TEST(Manifest, OfFourMebibytesFitsAndOneByteMoreDoesNot) {
  const std::string frame = ImageText("", R"(,"annotations":{"x":""})");
  const std::string fill(kMaxManifestBytes - frame.size(), 'a');
  std::string full = ImageText("", R"(,"annotations":{"x":")" + fill + "\"}");
  ASSERT_EQ(full.size(), kMaxManifestBytes);
  EXPECT_EQ(ReasonOf(full), "accepted");
  full.insert(full.size() - 3, "a");
  const auto parsed = ParseManifest(full, kOciManifest);
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code(), ErrorCode::kTooLarge);
}

TEST(Manifest, DeepNestingIsRefused) {
  EXPECT_EQ(ReasonOf(std::string(100'000, '[')), "manifest_invalid");
}

TEST(Manifest, RequiresNoBlobThatLivesElsewhere) {
  const std::string foreign =
      DescriptorText(kB, "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip");
  const std::string urls = DescriptorText(kB, "x/y", 3, R"(,"urls":["https://example.com/b"])");
  for (const std::string& layer : {foreign, urls}) {
    const auto manifest = ParseManifest(ImageText(layer), kOciManifest);
    ASSERT_TRUE(manifest.ok());
    ASSERT_EQ(manifest->RequiredBlobs().size(), 1U);
    EXPECT_EQ(manifest->RequiredBlobs()[0].digest.text(), kA);
  }
}

TEST(Manifest, RequiresEachBlobOnce) {
  const std::string layer = DescriptorText(kB, "x/y");
  const auto manifest = ParseManifest(ImageText(layer + "," + layer), kOciManifest);
  ASSERT_TRUE(manifest.ok());
  EXPECT_EQ(manifest->RequiredBlobs().size(), 2U);
}

TEST(Manifest, IsOfAnImageByItsConfigurationAndAnyLayerOfFiles) {
  const auto is_image = [](const std::string& layers, std::string_view config) {
    std::string text = ImageText(layers);
    const std::string_view usual = "application/vnd.oci.image.config.v1+json";
    text.replace(text.find(usual), usual.size(), config);
    const auto manifest = ParseManifest(text, kOciManifest);
    return manifest.ok() && manifest->IsContainerImage();
  };
  const std::string files = DescriptorText(kB, "application/vnd.oci.image.layer.v1.tar+gzip");
  const std::string statement = DescriptorText(kA, "application/vnd.in-toto+json");
  for (const char* config :
       {"application/vnd.oci.image.config.v1+json", "application/vnd.OCI.Image.Config.v1+json",
        "application/vnd.docker.container.image.v1+json"}) {
    EXPECT_TRUE(is_image(files, config)) << config;
    EXPECT_TRUE(is_image("", config)) << "it may still say what to run";
    EXPECT_TRUE(is_image(statement + "," + files, config)) << "runtimes skip the statement";
    EXPECT_FALSE(is_image(statement, config)) << "BuildKit attests so";
  }
  EXPECT_FALSE(is_image(files, "application/vnd.cncf.helm.config.v1+json"));
  EXPECT_FALSE(is_image("", "application/vnd.oci.empty.v1+json"));
}

TEST(MediaTypes, OfLayersOfFilesAreThoseThatRuntimesUnpack) {
  for (const char* type :
       {"application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+zstd",
        "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.docker.image.rootfs.diff.tar.gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "Application/vnd.OCI.image.layer.v1.tar"}) {
    EXPECT_TRUE(IsFilesystemLayer(type)) << type;
  }
  for (const char* type :
       {"", "application/vnd.in-toto+json", "application/octet-stream",
        "application/vnd.dev.cosign.simplesigning.v1+json", "application/vnd.oci.image.layers"}) {
    EXPECT_FALSE(IsFilesystemLayer(type)) << type;
  }
}

TEST(Manifest, ContentSizeDoesNotOverflow) {
  const std::string huge =
      R"({"mediaType":"x/y","digest":")" + kB + R"(","size":18446744073709551615})";
  const auto manifest = ParseManifest(ImageText(huge + "," + huge), kOciManifest);
  ASSERT_TRUE(manifest.ok()) << manifest.error().message();
  EXPECT_EQ(manifest->ContentSize(), UINT64_MAX);
}

TEST(Referrers, EntryShowsArtifactTypeAndAnnotations) {
  const Digest digest = Digest::Of(AsBytes("m"));
  const auto typed = ParseManifest(
      ImageText("", R"(,"artifactType":"t/x","annotations":{"k":"v"})"), kOciManifest);
  ASSERT_TRUE(typed.ok());
  const json::Value entry = ReferrerEntry(*typed, digest, 42);
  EXPECT_EQ(json::FindText(entry, "artifactType"), "t/x");
  EXPECT_EQ(json::FindText(entry, "digest"), digest.text());
  EXPECT_EQ(json::FindText(*json::Find(entry, "annotations"), "k"), "v");
}

TEST(Referrers, OfAnIndexWithoutArtifactTypeHaveNone) {
  const auto index = ParseManifest(R"({"schemaVersion":2,"manifests":[]})", kOciIndex);
  ASSERT_TRUE(index.ok());
  const json::Value entry = ReferrerEntry(*index, Digest::Of({}), 1);
  EXPECT_EQ(json::Find(entry, "artifactType"), nullptr);
}

TEST(Referrers, IndexOfNoneHasAnEmptyArray) {
  const auto index = json::Parse(ReferrersIndex({}));
  ASSERT_TRUE(index.ok());
  EXPECT_EQ(json::FindText(*index, "mediaType"), kOciIndex);
  EXPECT_TRUE(json::Find(*index, "manifests")->get_array().empty());
}

TEST(Referrers, IndexIsItselfAManifest) {
  const auto manifest = ParseManifest(ImageText(""), kOciManifest);
  const auto entry = json::Serialize(ReferrerEntry(*manifest, Digest::Of({}), 9));
  const auto index = ParseManifest(ReferrersIndex({entry, entry}), kOciIndex);
  ASSERT_TRUE(index.ok()) << index.error().message();
  EXPECT_EQ(index->manifests.size(), 2U);
}

}  // namespace
}  // namespace breakwater::oci
