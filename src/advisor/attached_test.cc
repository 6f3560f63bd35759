#include "advisor/attached.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "advisor/advisor.h"
#include "advisor/image_facts.h"
#include "advisor/test_images.h"
#include "advisor/test_support.h"
#include "control/facts_testing.h"

namespace breakwater::advisor {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using testing::MakeLayer;
using testing::PushImage;

Attached Noted(std::string_view type, std::string_view annotations = "{}") {
  Attached attached;
  Note(attached, type, *json::Parse(annotations));
  return attached;
}

TEST(Attached, IsKnownByItsType) {
  const Attached signature{.signature = true};
  EXPECT_EQ(Noted("application/vnd.dev.cosign.artifact.sig.v1+json"), signature);
  EXPECT_EQ(Noted("application/vnd.cncf.notary.signature"), signature);
  EXPECT_EQ(Noted("application/vnd.breakwater.simple-signature.v1"), signature);
  const Attached sbom{.sbom = true};
  for (const char* type : {"application/spdx+json", "application/vnd.cyclonedx+json", "text/spdx",
                           "application/vnd.CycloneDX+xml", "application/vnd.syft+json"}) {
    EXPECT_EQ(Noted(type), sbom) << type;
  }
  for (const char* type : {"", "application/vnd.oci.image.config.v1+json", "application/json",
                           "application/vnd.in-toto+json"}) {
    EXPECT_EQ(Noted(type), Attached{}) << type;
  }
}

TEST(Attached, IsKnownByThePredicateItSays) {
  constexpr std::string_view kBundle = "application/vnd.dev.sigstore.bundle.v0.3+json";
  EXPECT_EQ(Noted(kBundle), Attached{});
  EXPECT_EQ(Noted(kBundle, R"({"dev.sigstore.bundle.content":"message-signature"})"),
            Attached{.signature = true});
  EXPECT_EQ(Noted(kBundle, R"({"dev.sigstore.bundle.content":"dsse-envelope",)"
                           R"("dev.sigstore.bundle.predicateType":)"
                           R"("https://slsa.dev/provenance/v1"})"),
            Attached{.provenance = true});
  EXPECT_EQ(Noted(kBundle, R"({"dev.sigstore.bundle.predicateType":)"
                           R"("https://sigstore.dev/cosign/sign/v1"})"),
            Attached{.signature = true});
  EXPECT_EQ(Noted("application/vnd.in-toto+json",
                  R"({"in-toto.io/predicate-type":"https://spdx.dev/Document"})"),
            Attached{.sbom = true});
  EXPECT_EQ(Noted("application/vnd.in-toto+json",
                  R"({"in-toto.io/predicate-type":"https://example.com/review"})"),
            Attached{});
}

class AttachedTest : public ::testing::Test {
 protected:
  AttachedTest() {
    advisor_.Register();
    image_ = PushImage(world_, "tests/app", "1", {MakeLayer({{"file", "text"}})});
    news_.Take();
  }

  // A manifest as tools write them: an empty configuration, one layer with these annotations.
  std::string Artifact(std::string_view more, std::string_view layer_annotations = "{}") {
    const std::string digest = oci::Digest::Of(AsBytes(std::string_view("{}"))).text();
    const std::string empty =
        R"({"mediaType":"application/vnd.oci.empty.v1+json","digest":")" + digest + R"(","size":2)";
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciManifest) +
           R"(","config":)" + empty + R"(},"layers":[)" + empty + R"(,"annotations":)" +
           std::string(layer_annotations) + "}]" + std::string(more) + "}";
  }
  std::string Subject() {
    const auto manifest = world_.services->manifests.Get(path_, oci::Reference(image_));
    return R"("subject":{"mediaType":")" + std::string(oci::kOciManifest) + R"(","digest":")" +
           image_.text() + R"(","size":)" + std::to_string((*manifest)->size) + "}";
  }
  oci::Digest Put(const std::string& manifest, const std::string& tag = {},
                  std::string_view type = oci::kOciManifest) {
    EXPECT_TRUE(world_.PushBlob(path_, "{}").ok());
    const oci::Digest digest = oci::Digest::Of(AsBytes(manifest));
    const auto put = world_.services->manifests.Put(
        world_.Caller(), path_,
        {.content = manifest,
         .content_type = std::string(type),
         .reference = tag.empty() ? oci::Reference(digest) : *oci::Reference::Parse(tag),
         .tags = {}});
    EXPECT_TRUE(put.ok()) << put.error().message();
    return digest;
  }
  control::Resource Image() {
    return ImageResource({AccountId("acc"), RegistryName(registry::testing::kRegistry), "us-south",
                          "tests/app", image_});
  }
  std::string Text(std::string_view property) { return reader_.Text(Image(), property); }
  // Signature, bill of materials, provenance.
  std::string All() {
    return Text("signature_attached") + " " + Text("sbom_attached") + " " +
           Text("provenance_attached");
  }
  std::string News() const { return "image tests/app@" + image_.text(); }
  std::string CosignTag(std::string_view end) const {
    std::string tag = image_.text() + std::string(end);
    std::ranges::replace(tag, ':', '-');
    return tag;
  }

  registry::testing::World world_;
  control::testing::FactNews news_{*world_.jobs};
  Advisor advisor_{{}, world_.database, *world_.jobs, world_.clock, world_.services->content};
  ImageFacts facts_{world_.registries, world_.clock};
  control::testing::SourceReader reader_{world_.database, facts_};
  registry::RepositoryPath path_ = world_.Repository("tests/app");
  oci::Digest image_ = oci::Digest::Of(AsBytes(std::string_view()));
};

TEST_F(AttachedTest, NothingIsAttachedToAFreshImage) {
  EXPECT_EQ(All(), "false false false");
  EXPECT_EQ(Text("built_at"), "unavailable");
  control::testing::ExpectCatalogued(facts_.Types().front(), *reader_.Read(Image()));
}

TEST_F(AttachedTest, ReferrersAreSeenAsTheyComeAndGo) {
  const oci::Digest signature =
      Put(Artifact(R"(,"artifactType":"application/vnd.cncf.notary.signature",)" + Subject()));
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "true false false");
  Put(Artifact(R"(,"artifactType":"application/spdx+json",)" + Subject()));
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "true true false");
  // What it is stands in its layer alone.
  Put(Artifact(R"(,"artifactType":"application/vnd.in-toto+json",)" + Subject(),
               R"({"in-toto.io/predicate-type":"https://slsa.dev/provenance/v0.2"})"));
  EXPECT_EQ(All(), "true true true");
  news_.Take();
  ASSERT_TRUE(
      world_.services->manifests.Delete(world_.Caller(), path_, oci::Reference(signature)).ok());
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "false true true");
}

TEST_F(AttachedTest, WhatLacksLayersIsAttachedOnceTheyCome) {
  ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
  registry::Manifests lenient({.accept_absent_layers = true}, world_.database, world_.clock,
                              world_.changes);
  const auto put = [&](const std::string& manifest, const std::string& tag) {
    EXPECT_TRUE(lenient
                    .Put(world_.Caller(), path_,
                         {.content = manifest,
                          .content_type = "",
                          .reference = *oci::Reference::Parse(tag),
                          .tags = {}})
                    .ok());
  };
  using registry::testing::ImageManifest;
  put(ImageManifest("config", {"one"}), CosignTag(".sig"));
  put(ImageManifest("config", {"two"}, R"(,"artifactType":"application/spdx+json",)" + Subject()),
      "bill");
  news_.Take();
  EXPECT_EQ(All(), "false false false");
  ASSERT_TRUE(world_.PushBlob(path_, "two").ok());
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "false true false");
  ASSERT_TRUE(world_.PushBlob(path_, "one").ok());
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "true true false");
}

TEST_F(AttachedTest, CosignsTagsAreSeenAsTheyComeAndGo) {
  Put(Artifact(""), CosignTag(".sig"));
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "true false false");
  Put(Artifact("", R"({"predicateType":"https://cyclonedx.org/bom"})"), CosignTag(".att"));
  EXPECT_EQ(All(), "true true false");
  news_.Take();
  ASSERT_TRUE(world_.services->manifests
                  .Delete(world_.Caller(), path_, *oci::Reference::Parse(CosignTag(".sig")))
                  .ok());
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "false true false");
}

TEST_F(AttachedTest, AttestationsInTheIndexOfTheImageAreSeen) {
  const std::string attestation =
      Artifact("", R"({"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"})");
  const oci::Digest digest = Put(attestation);
  const auto image = world_.services->manifests.Get(path_, oci::Reference(image_));
  const auto entry = [](const oci::Digest& of, std::uint64_t size, const std::string& more) {
    return R"({"mediaType":")" + std::string(oci::kOciManifest) + R"(","digest":")" + of.text() +
           R"(","size":)" + std::to_string(size) + more + "}";
  };
  const auto index = [&](const std::string& reference) {
    return R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
           R"(","manifests":[)" + entry(image_, (*image)->size, "") + "," +
           entry(digest, attestation.size(),
                 R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest",)"
                 R"("vnd.docker.reference.digest":")" +
                     reference + R"("})") +
           "]}";
  };
  Put(index(digest.text()), "other", oci::kOciIndex);
  EXPECT_EQ(All(), "false false false") << "an attestation of another image";
  news_.Take();
  Put(index(image_.text()), "all", oci::kOciIndex);
  EXPECT_THAT(news_.Take(), Contains(News()));
  EXPECT_EQ(All(), "false false true");
}

TEST_F(AttachedTest, WhatIsAttachedToAnotherImageIsNotThisOnes) {
  const oci::Digest other = PushImage(world_, "tests/app", "2", {MakeLayer({{"file", "another"}})});
  Put(Artifact(R"(,"artifactType":"application/vnd.cncf.notary.signature",)" + Subject()));
  const auto facts =
      reader_.Read(ImageResource({AccountId("acc"), RegistryName(registry::testing::kRegistry),
                                  "us-south", "tests/app", other}));
  EXPECT_EQ(control::testing::TextOf(*facts, "signature_attached"), "false");
}

TEST_F(AttachedTest, AnImageTellsWhenItWasBuiltUnlessItsDateIsMadeUp) {
  const auto push = [&](const std::string& created, const std::string& tag) {
    const auto layer = MakeLayer({{"file", tag}});
    image_ = PushImage(world_, "tests/app", tag, {layer},
                       R"({"created":")" + created +
                           R"(","architecture":"amd64","os":"linux","rootfs":{"type":"layers",)"
                           R"("diff_ids":[")" +
                           layer.diff_id + R"("]}})");
  };
  push("2022-03-01T10:00:00Z", "dated");
  EXPECT_EQ(Text("built_at"), "\"2022-03-01T10:00:00Z\"");
  push("1980-01-01T00:00:01Z", "fixed");
  EXPECT_EQ(Text("built_at"), "unavailable");
}

}  // namespace
}  // namespace breakwater::advisor
