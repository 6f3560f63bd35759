// Rules about images, in a whole installation: a push that would break one does not happen.
#include "app/image_rules.h"

#include <gtest/gtest.h>

#include "app/testing.h"
#include "io/stream.h"
#include "oci/media_types.h"
#include "registry/testing.h"

namespace breakwater::app {
namespace {

class ImageRules : public ::testing::Test {
 protected:
  ImageRules() {
    for (const char* name : {"team", "other"}) {
      BW_CHECK(parts().namespaces.Create(place_.caller, place_.account, registry(), name, "").ok());
    }
  }

  Installation::Parts& parts() { return place_.parts(); }
  const control::RegistryInfo& registry() { return parts().registries.all().front(); }
  registry::RepositoryPath Path(std::string_view repository) {
    return *parts().namespaces.Resolve(registry(), repository);
  }

  // Attached to the whole account; only for the namespace "team" if `narrow`.
  std::string Require(std::string_view condition, bool narrow = false) {
    governance::RuleDraft draft;
    draft.account = place_.account;
    draft.name = "images";
    draft.description = "what images must be";
    json::Object target{{"service_name", "container-registry"}, {"resource_kind", "image"}};
    if (narrow) {
      target["additional_target_attributes"] = json::Array{
          json::Object{{"name", "namespace"}, {"operator", "string_equals"}, {"value", "team"}}};
    }
    draft.target = std::move(target);
    draft.required_config = *json::Parse(condition);
    draft.actions = {governance::Action::kDisallow};
    const auto rule = parts().governance.CreateRule(place_.caller, draft);
    BW_CHECK(rule.ok());
    const auto attached = parts().governance.attachments().Attach(
        place_.caller, place_.account, rule->id,
        {{.account = place_.account,
          .included = {governance::ScopeType::kAccount, place_.account.value(), ""},
          .excluded = {}}});
    BW_CHECK(attached.ok());
    return rule->id;
  }

  void PushBlob(const registry::RepositoryPath& path, const std::string& bytes) {
    io::StringSource source(bytes);
    BW_CHECK(parts()
                 .uploads
                 .Push(path, place_.caller.actor,
                       {.source = &source, .length = bytes.size(), .range = {}},
                       oci::Digest::Of(AsBytes(bytes)))
                 .ok());
  }

  static std::string Config(std::string_view labels, std::size_t padding = 0) {
    return R"({"os":"linux","architecture":"arm64","variant":"v8","config":{"Labels":)" +
           std::string(labels) + R"(},"padding":")" + std::string(padding, 'x') + R"("})";
  }

  Result<registry::PushedManifest> PushManifest(std::string_view repository,
                                                const std::string& manifest,
                                                std::string_view type = oci::kOciManifest,
                                                std::string_view reference = "1") {
    return parts().manifests.Put(place_.caller, Path(repository),
                                 {.content = manifest,
                                  .content_type = std::string(type),
                                  .reference = *oci::Reference::Parse(reference),
                                  .tags = {}});
  }

  // "" if the push was allowed.
  std::string Push(std::string_view repository, const std::string& config) {
    PushBlob(Path(repository), config);
    PushBlob(Path(repository), "layer");
    const auto pushed =
        PushManifest(repository, registry::testing::ImageManifest(config, {"layer"}));
    return pushed.ok() ? "" : pushed.error().reason() + ": " + pushed.error().message();
  }

  bool IsThere(std::string_view repository) {
    return parts().manifests.Head(Path(repository), *oci::Reference::Parse("1")).ok();
  }

  testing::Place place_;
};

constexpr std::string_view kSourceIsNamed =
    R"({"property":"label_names","operator":"strings_required",)"
    R"("value":["org.opencontainers.image.source"]})";
constexpr std::string_view kSource = R"({"org.opencontainers.image.source":"https://example.com"})";

TEST_F(ImageRules, APushWithoutARequiredLabelIsRefusedAndLeavesNoImage) {
  Require(kSourceIsNamed);
  const std::string refusal = Push("team/app", Config("{}"));
  EXPECT_TRUE(refusal.starts_with("config_rule_denied: ")) << refusal;
  EXPECT_NE(refusal.find("label_names"), std::string::npos) << refusal;
  EXPECT_FALSE(IsThere("team/app"));
  EXPECT_EQ(Push("team/app", Config(kSource)), "");
  EXPECT_TRUE(IsThere("team/app"));
}

TEST_F(ImageRules, LabelsAndPlatformsAreJudgedByTheirValues) {
  Require(R"({"and":[{"property":"platform","operator":"string_equals","value":"linux/arm64/v8"},)"
          R"({"property":"labels","operator":"strings_required","value":["tier=gold"]}]})");
  EXPECT_NE(Push("team/app", Config(R"({"tier":"lead"})")), "");
  EXPECT_EQ(Push("team/app", Config(R"({"tier":"gold","a":"b"})")), "");
}

TEST_F(ImageRules, AConfigurationTooLargeForARowIsReadBeforeItIsJudged) {
  Require(kSourceIsNamed);
  const std::size_t large = registry::kMaxInlineBlob + 1;
  EXPECT_NE(Push("team/app", Config("{}", large)), "");
  EXPECT_EQ(Push("team/app", Config(kSource, large)), "");
}

TEST_F(ImageRules, WhereNoConfigurationCanBeReadNothingPasses) {
  Require(kSourceIsNamed);
  const std::string refusal = Push("team/app", Config(kSource, registry::kMaxConfigBytes));
  EXPECT_TRUE(refusal.starts_with("config_rule_denied: ")) << refusal;
}

TEST_F(ImageRules, ARuleForANamespaceLeavesOthersAlone) {
  Require(kSourceIsNamed, true);
  EXPECT_NE(Push("team/app", Config("{}")), "");
  EXPECT_EQ(Push("other/app", Config("{}")), "");
}

TEST_F(ImageRules, AnImageThatIsCopiedByATagIsJudgedWhereItComesTo) {
  Require(kSourceIsNamed, true);
  ASSERT_EQ(Push("other/app", Config("{}")), "");
  const auto copied =
      parts().manifests.Tag(place_.caller, Path("other/app"), *oci::Reference::Parse("1"),
                            Path("team/app"), *oci::Reference::Parse("1"));
  ASSERT_FALSE(copied.ok());
  EXPECT_EQ(copied.error().reason(), "config_rule_denied");
  EXPECT_FALSE(IsThere("team/app"));
}

TEST_F(ImageRules, AnImageThatIsTakenOutOfTheTrashIsJudged) {
  ASSERT_EQ(Push("team/app", Config("{}")), "");
  const auto there = parts().manifests.Head(Path("team/app"), *oci::Reference::Parse("1"));
  const oci::Digest digest = (*there)->digest;
  ASSERT_TRUE(
      parts()
          .manifests.Delete(place_.caller, Path("team/app"), *oci::Reference::Parse(digest.text()))
          .ok());
  const std::string rule = Require(kSourceIsNamed);
  const auto by_digest = parts().trash.RestoreTags(place_.caller, Path("team/app"), digest);
  ASSERT_FALSE(by_digest.ok());
  EXPECT_EQ(by_digest.error().reason(), "config_rule_denied");
  EXPECT_EQ(parts().trash.RestoreTag(place_.caller, Path("team/app"), "1").error().reason(),
            "config_rule_denied");
  EXPECT_FALSE(IsThere("team/app"));
  ASSERT_TRUE(parts().governance.DeleteRule(place_.caller, place_.account, rule).ok());
  EXPECT_TRUE(parts().trash.RestoreTag(place_.caller, Path("team/app"), "1").ok());
  EXPECT_TRUE(IsThere("team/app"));
}

TEST_F(ImageRules, ListsAndOtherArtifactsAreNotJudgedAsImages) {
  Require(kSourceIsNamed);
  EXPECT_TRUE(
      PushManifest("team/app",
                   R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json",)"
                   R"("manifests":[]})",
                   oci::kOciIndex)
          .ok());
  const std::string config = "{}";
  PushBlob(Path("team/app"), config);
  const std::string manifest =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("artifactType":"application/vnd.example","config":{"mediaType":)"
      R"("application/vnd.oci.empty.v1+json","size":2,"digest":")" +
      oci::Digest::Of(AsBytes(config)).text() + R"("},"layers":[]})";
  EXPECT_TRUE(PushManifest("team/app", manifest, oci::kOciManifest, "artifact").ok());
}

TEST_F(ImageRules, WhatRuntimesIgnoreMakesNoOtherThingOfAnImage) {
  Require(kSourceIsNamed);
  const std::string config = Config("{}");
  PushBlob(Path("team/app"), config);
  PushBlob(Path("team/app"), "layer");
  const std::string image = registry::testing::ImageManifest(config, {"layer"});
  for (const std::string_view more :
       {R"(,"artifactType":"application/vnd.example"})",
        R"(,"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json","size":2,"digest":)"
        R"("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}})"}) {
    std::string disguised = image;
    disguised.replace(disguised.rfind('}'), std::string::npos, more);
    const auto pushed = PushManifest("team/app", disguised);
    ASSERT_FALSE(pushed.ok()) << more;
    EXPECT_EQ(pushed.error().reason(), "config_rule_denied");
  }
}

TEST_F(ImageRules, ASignatureInAnImagesClothesIsNone) {
  Require(R"({"property":"signature_attached","operator":"is_true"})");
  const std::string config = Config("{}");
  PushBlob(Path("team/app"), config);
  PushBlob(Path("team/app"), "signature");
  const std::string manifest =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":)"
      R"({"mediaType":"application/vnd.oci.image.config.v1+json","size":)" +
      std::to_string(config.size()) + R"(,"digest":")" + oci::Digest::Of(AsBytes(config)).text() +
      R"("},"layers":[{"mediaType":"application/vnd.dev.cosign.simplesigning.v1+json","size":9,)" +
      R"("digest":")" + oci::Digest::Of(AsBytes("signature")).text() + R"("}]})";
  const auto pushed = PushManifest("team/app", manifest);
  EXPECT_TRUE(pushed.ok()) << pushed.error().message();
}

TEST_F(ImageRules, WithoutARuleAnythingIsPushed) {
  const std::string rule = Require(kSourceIsNamed);
  EXPECT_NE(Push("team/app", Config("{}")), "");
  ASSERT_TRUE(parts().governance.DeleteRule(place_.caller, place_.account, rule).ok());
  EXPECT_EQ(Push("team/app", Config("{}")), "");
}

TEST_F(ImageRules, ASignatureThatMustBeThereCanComeBeforeTheImage) {
  Require(R"({"property":"signature_attached","operator":"is_true"})");
  const std::string config = Config("{}");
  EXPECT_NE(Push("team/app", config), "");
  const std::string image = registry::testing::ImageManifest(config, {"layer"});
  PushBlob(Path("team/app"), "{}");
  const std::string signature =
      R"({"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",)"
      R"("artifactType":"application/vnd.cncf.notary.signature","config":{"mediaType":)"
      R"("application/vnd.oci.empty.v1+json","size":2,"digest":")" +
      oci::Digest::Of(AsBytes("{}")).text() +
      R"("},"layers":[],"subject":{"mediaType":"application/vnd.oci.image.manifest.v1+json",)" +
      R"("size":)" + std::to_string(image.size()) + R"(,"digest":")" +
      oci::Digest::Of(AsBytes(image)).text() + R"("}})";
  const auto pushed = PushManifest("team/app", signature, oci::kOciManifest, "signature");
  ASSERT_TRUE(pushed.ok()) << pushed.error().message();
  EXPECT_EQ(Push("team/app", config), "");
  const Status deleted = parts().manifests.Delete(place_.caller, Path("team/app"),
                                                  *oci::Reference::Parse(pushed->digest.text()));
  ASSERT_FALSE(deleted.ok()) << "the image needs it";
  EXPECT_EQ(deleted.error().reason(), "config_rule_denied");
}

}  // namespace
}  // namespace breakwater::app
