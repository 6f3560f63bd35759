// Rules about images, in a whole installation: a push that would break one does not happen.
#include <algorithm>

#include <gtest/gtest.h>

#include "app/content_rules.h"
#include "app/content_rules_testing.h"

namespace breakwater::app {
namespace {

class ImageRules : public testing::ContentRulesTest {
 protected:
  // Attached to the whole account; only for the namespace "team" if `narrow`.
  std::string Require(std::string_view condition, bool narrow = false) {
    governance::RuleDraft draft = Draft("image", condition);
    if (narrow) {
      draft.target.as_object()["additional_target_attributes"] = json::Array{
          json::Object{{"name", "namespace"}, {"operator", "string_equals"}, {"value", "team"}}};
    }
    return Attach(draft);
  }

  static std::string Config(std::string_view labels, std::size_t padding = 0) {
    return R"({"os":"linux","architecture":"arm64","variant":"v8","config":{"Labels":)" +
           std::string(labels) + R"(},"padding":")" + std::string(padding, 'x') + R"("})";
  }

  // "" if the push was allowed.
  std::string Push(std::string_view repository, const std::string& config) {
    PushBlob(Path(repository), config);
    PushBlob(Path(repository), "layer");
    const auto pushed =
        PushManifest(repository, registry::testing::ImageManifest(config, {"layer"}));
    return pushed.ok() ? "" : pushed.error().reason() + ": " + pushed.error().message();
  }

  // A manifest of any kind, its blobs pushed; by digest unless there is a tag.
  struct Typed {
    std::string_view type;
    std::string bytes;
  };
  std::string Manifest(std::string_view repository, const Typed& config,
                       const std::vector<Typed>& layers, std::string_view more = "") {
    const auto descriptor = [&](const Typed& one) {
      PushBlob(Path(repository), one.bytes);
      return R"({"mediaType":")" + std::string(one.type) + R"(","digest":")" +
             oci::Digest::Of(AsBytes(one.bytes)).text() + R"(","size":)" +
             std::to_string(one.bytes.size()) + "}";
    };
    std::string list;
    for (const Typed& one : layers) list += (list.empty() ? "" : ",") + descriptor(one);
    return R"({"schemaVersion":2,"config":)" + descriptor(config) + R"(,"layers":[)" + list + "]" +
           std::string(more) + "}";
  }
  oci::Digest MustPush(std::string_view repository, const std::string& manifest,
                       const std::string& tag = "", std::string_view type = oci::kOciManifest) {
    const auto digest = oci::Digest::Of(AsBytes(manifest));
    const auto pushed = PushManifest(repository, manifest, type, tag.empty() ? digest.text() : tag);
    EXPECT_TRUE(pushed.ok()) << pushed.error().message();
    return digest;
  }
};

constexpr std::string_view kOciConfig = "application/vnd.oci.image.config.v1+json";
constexpr std::string_view kDockerConfig = "application/vnd.docker.container.image.v1+json";
constexpr std::string_view kOciLayer = "application/vnd.oci.image.layer.v1.tar";
constexpr std::string_view kDockerLayer = "application/vnd.docker.image.rootfs.diff.tar.gzip";
constexpr std::string_view kStatement = "application/vnd.in-toto+json";
using testing::kDenied;

std::string Descriptor(const oci::Digest& digest, std::string_view more = "",
                       std::string_view type = oci::kOciManifest) {
  return R"({"mediaType":")" + std::string(type) + R"(","size":2,"digest":")" + digest.text() +
         "\"" + std::string(more) + "}";
}
std::string Index(const std::string& entries) {
  return R"({"schemaVersion":2,"manifests":[)" + entries + "]}";
}
// As a member of a manifest.
std::string SubjectOf(const oci::Digest& digest) {
  return R"(,"subject":)" + Descriptor(digest);
}
std::string CosignTag(const oci::Digest& digest, std::string_view end) {
  std::string tag = digest.text() + std::string(end);
  std::ranges::replace(tag, ':', '-');
  return tag;
}

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

TEST_F(ImageRules, AnImageIsOneWhateverItsTypesAndItsOtherLayers) {
  Require(kSourceIsNamed);
  const std::string config = Config("{}");
  const Typed statement{kStatement, "statement"};
  struct Case {
    std::string_view type;
    Typed config;
    std::vector<Typed> layers;
  };
  const std::vector<Case> cases{
      {oci::kOciManifest, {kOciConfig, config}, {{kOciLayer, "layer"}}},
      {oci::kOciManifest, {kOciConfig, config}, {statement, {kOciLayer, "layer"}}},
      {oci::kOciManifest, {kOciConfig, config}, {{kOciLayer, "layer"}, statement}},
      {oci::kOciManifest, {kOciConfig, config}, {}},
      {oci::kOciManifest, {kDockerConfig, config}, {{kDockerLayer, "layer"}}},
      {oci::kOciManifest, {"application/vnd.OCI.image.config.v1+json", config}, {}},
      {oci::kDockerManifest, {kDockerConfig, config}, {{kDockerLayer, "layer"}}},
      {oci::kDockerManifest, {kOciConfig, config}, {{kOciLayer, "layer"}, statement}},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::string manifest = Manifest("team/app", cases[i].config, cases[i].layers);
    EXPECT_EQ(ReasonOf(PushManifest("team/app", manifest, cases[i].type)), kDenied) << i;
  }
}

TEST_F(ImageRules, AnImageThatIsAttachedToAnotherCanBeForbidden) {
  Require(R"({"property":"subject","operator":"is_empty"})");
  EXPECT_EQ(Push("team/app", Config("{}")), "");
  const oci::Digest other = oci::Digest::Of(AsBytes(std::string_view("other")));
  EXPECT_EQ(ReasonOf(PushManifest("team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {},
                                                       SubjectOf(other)))),
            kDenied);
}

TEST_F(ImageRules, BytesThatWereToldToBeSomethingElseAreJudgedOnceTheyAreAnImage) {
  Require(kSourceIsNamed);
  const std::string manifest =
      Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}});
  MustPush("team/app", manifest, "1", "application/vnd.example+json");
  ASSERT_TRUE(parts().jobs->RunDue().ok());
  EXPECT_EQ(ReasonOf(PushManifest("team/app", manifest)), kDenied);
}

TEST_F(ImageRules, AConfigurationThatCannotBeReadPassesNoRule) {
  // A rule that is complied with where nothing is said.
  Require(R"({"and":[{"property":"label_names","operator":"strings_allowed","value":["tier"]},)"
          R"({"property":"platform","operator":"string_not_equals","value":"windows/amd64"}]})");
  ASSERT_EQ(Push("team/app", Config("{}")), "");
  for (const std::string& config : {
           std::string("no JSON"),
           std::string("[]"),
           std::string(R"({"config":{"Labels":{"other":5}}})"),
           std::string(R"({"config":{"Labels":["other"]}})"),
           std::string(R"({"config":{"Labels":{},"labels":{"other":""}}})"),
           std::string(R"({"os":["windows"],"architecture":"amd64"})"),
           std::string(R"({"os":"linux","OS":"windows","architecture":"amd64"})"),
           std::string(R"({"os":"windows","architecture":"amd64\u0000"})"),
           R"({"os":"windows","architecture":"amd64","variant":")" + std::string(5000, 'v') + "\"}",
       }) {
    const std::string refusal = Push("team/app", config);
    EXPECT_TRUE(refusal.starts_with(kDenied)) << config << ": " << refusal;
    EXPECT_NE(refusal.find("cannot be judged"), std::string::npos) << refusal;
  }
}

TEST_F(ImageRules, WithoutItsConfigurationThereIsNoImage) {
  const std::string manifest = registry::testing::ImageManifest(Config("{}"), {"layer"});
  PushBlob(Path("team/app"), "layer");
  EXPECT_EQ(ReasonOf(PushManifest("team/app", manifest)), "manifest_blob_unknown");
}

TEST_F(ImageRules, LabelsAreTakenAsTheyAreHoweverStrangeAndAsManyAsCanBeJudged) {
  Require(R"({"property":"label_names","operator":"strings_required","value":["tier"]})");
  for (const char* strange : {R"({"tier\u0000":"gold"})", R"({"Tier":"gold"})",
                              R"({"tier\r\nX: y":"gold"})", R"({"":"tier"})"}) {
    EXPECT_TRUE(Push("team/app", Config(strange)).starts_with(kDenied)) << strange;
  }
  const std::string large(17U << 10, 'x');
  EXPECT_EQ(Push("team/app", Config(R"({"tier":"\u0000\u001b","other":")" + large + R"("})")), "");
  EXPECT_TRUE(
      Push("team/app", Config(R"({"tier":"","other)" + large + R"(":""})")).starts_with(kDenied));
  Require(R"({"property":"labels","operator":"strings_required","value":["tier=gold"]})");
  EXPECT_EQ(Push("team/app", Config(R"({"tier":"gold"})")), "");
  EXPECT_TRUE(Push("team/app", Config(R"({"tier":"gold","other":")" + large + R"("})"))
                  .starts_with(kDenied));
}

TEST_F(ImageRules, ACopyIsJudgedWithAllThatItBrings) {
  Require(kSourceIsNamed, true);
  const oci::Digest good =
      MustPush("other/app",
               Manifest("other/app", {kOciConfig, Config(kSource)}, {{kOciLayer, "layer"}}), "1");
  const std::string bad = Manifest("other/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}});
  EXPECT_EQ(Copy("other/app", "team/app"), "");
  const oci::Digest inner =
      MustPush("other/app", Index(Descriptor(MustPush("other/app", bad))), "", oci::kOciIndex);
  MustPush("other/app", Index(Descriptor(inner, "", oci::kOciIndex)), "list", oci::kOciIndex);
  EXPECT_EQ(Copy("other/app", "team/nested", "list"), kDenied) << "an index in an index";
  MustPush("other/app", Manifest("other/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}},
                                 SubjectOf(good)));
  EXPECT_EQ(Copy("other/app", "team/attached"), kDenied) << "attached to the image";
  EXPECT_FALSE(IsThere("team/nested") || IsThere("team/attached"));
}

TEST_F(ImageRules, ASignatureThatARuleNeedsStaysUnderItsTag) {
  const oci::Digest image = MustPush(
      "team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}}), "1");
  const std::string tag = CosignTag(image, ".sig");
  const oci::Digest signature =
      MustPush("team/app",
               Manifest("team/app", {kOciConfig, "{}"},
                        {{"application/vnd.dev.cosign.simplesigning.v1+json", "signature"}}),
               tag);
  Require(R"({"property":"signature_attached","operator":"is_true"})");
  EXPECT_EQ(Delete("team/app", tag), kDenied);
  EXPECT_EQ(Delete("team/app", signature.text()), kDenied);
  EXPECT_EQ(Delete("team/app", image.text()), "") << "they go together";
}

TEST_F(ImageRules, ASignatureThatARuleNeedsIsNotToldToBeSomethingElse) {
  const oci::Digest image = MustPush(
      "team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}}), "1");
  const std::string signature =
      Manifest("team/app", {"application/vnd.cncf.notary.signature", "{}"}, {}, SubjectOf(image));
  MustPush("team/app", signature, "signature");
  Require(R"({"property":"signature_attached","operator":"is_true"})");
  EXPECT_EQ(
      ReasonOf(PushManifest("team/app", signature, "application/vnd.example+json", "signature")),
      kDenied);
  MustPush("team/app", signature, "again");
}

TEST_F(ImageRules, AnAttestationThatARuleNeedsStaysInItsList) {
  const oci::Digest image = MustPush(
      "team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}}));
  std::string text = Manifest("team/app", {kOciConfig, "{}"}, {{kStatement, "provenance"}});
  const std::string digest = oci::Digest::Of(AsBytes(std::string_view("provenance"))).text();
  text.insert(text.find(digest) + digest.size() + 1,
              R"(,"annotations":{"in-toto.io/predicate-type":"https://slsa.dev/provenance/v1"})");
  const oci::Digest attestation = MustPush("team/app", text);
  const std::string list =
      Index(Descriptor(image) + "," +
            Descriptor(attestation,
                       R"(,"annotations":{"vnd.docker.reference.type":"attestation-manifest",)"
                       R"("vnd.docker.reference.digest":")" +
                           image.text() + "\"}"));
  const oci::Digest index = MustPush("team/app", list, "1", oci::kOciIndex);
  Require(R"({"property":"provenance_attached","operator":"is_true"})");
  EXPECT_EQ(Delete("team/app", attestation.text()), kDenied);
  EXPECT_EQ(Delete("team/app", index.text()), kDenied);
  EXPECT_EQ(Delete("team/app", "1"), "") << "a tag alone takes nothing away";
  EXPECT_EQ(Delete("team/app", image.text()), "");
  EXPECT_EQ(Delete("team/app", index.text()), "") << "there is nothing more that it is needed for";
}

TEST_F(ImageRules, ATagThatARuleNeedsDoesNotMoveToWhatSaysNothing) {
  const oci::Digest image = MustPush(
      "team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}}), "1");
  const auto attestation = [&](std::string_view predicate) {
    std::string text = Manifest("team/app", {kOciConfig, "{}"}, {{kStatement, "provenance"}});
    const std::string digest = oci::Digest::Of(AsBytes(std::string_view("provenance"))).text();
    return text.insert(text.find(digest) + digest.size() + 1,
                       R"(,"annotations":{"predicateType":")" + std::string(predicate) + "\"}");
  };
  const std::string tag = CosignTag(image, ".att");
  MustPush("team/app", attestation("https://slsa.dev/provenance/v1"), tag);
  Require(R"({"property":"provenance_attached","operator":"is_true"})");
  const std::string nothing = attestation("https://example.com/review");
  EXPECT_EQ(ReasonOf(PushManifest("team/app", nothing, oci::kOciManifest, tag)), kDenied);
  MustPush("team/app", nothing, "review");
  EXPECT_EQ(ReasonOf(parts().manifests.Tag(place_.caller, Path("team/app"),
                                           *oci::Reference::Parse("review"), Path("team/app"),
                                           *oci::Reference::Parse(tag))),
            kDenied);
  MustPush("team/app", attestation("https://slsa.dev/provenance/v0.2"), tag);
}

TEST_F(ImageRules, WhatViolatedARuleBeforeMayLoseWhatItHas) {
  const oci::Digest image = MustPush(
      "team/app", Manifest("team/app", {kOciConfig, Config("{}")}, {{kOciLayer, "layer"}}), "1");
  const oci::Digest bill = MustPush(
      "team/app", Manifest("team/app", {"application/vnd.oci.empty.v1+json", "{}"}, {},
                           R"(,"artifactType":"application/spdx+json")" + SubjectOf(image)));
  Require(R"({"and":[{"property":"signature_attached","operator":"is_true"},)"
          R"({"property":"sbom_attached","operator":"is_true"}]})");
  EXPECT_EQ(Delete("team/app", bill.text()), "");
}

TEST_F(ImageRules, RetentionLeavesWhatARuleNeedsAndDeletesTheRest) {
  const auto push = [&](int day, const std::string& tag) {
    const std::string config = R"({"os":"linux","architecture":"amd64","created":"2024-01-0)" +
                               std::to_string(day) + R"(T00:00:00Z"})";
    return MustPush("team/app", Manifest("team/app", {kOciConfig, config}, {{kOciLayer, "layer"}}),
                    tag);
  };
  const oci::Digest image = push(9, "1");
  const oci::Digest needed = push(1, "signature");
  const oci::Digest old = push(2, "old");
  ASSERT_TRUE(parts()
                  .manifests
                  .Tag(place_.caller, Path("team/app"), oci::Reference(needed), Path("team/app"),
                       *oci::Reference::Parse(CosignTag(image, ".sig")))
                  .ok());
  Require(R"({"or":[{"property":"signature_attached","operator":"is_true"},)"
          R"({"property":"size_bytes","operator":"num_less_than","value":1}]})");
  ASSERT_TRUE(parts()
                  .retention
                  .Set(place_.caller, place_.account, registry(), "team",
                       {.images_per_repo = 1, .retain_untagged = false})
                  .ok());
  const auto deleted = parts().retention.Apply(registry().name, "team");
  ASSERT_TRUE(deleted.ok()) << deleted.error().message();
  EXPECT_EQ(*deleted, 1);
  const auto is_there = [&](const oci::Digest& digest) {
    return parts().manifests.Head(Path("team/app"), oci::Reference(digest)).ok();
  };
  EXPECT_TRUE(is_there(image));
  EXPECT_TRUE(is_there(needed));
  EXPECT_FALSE(is_there(old));
}

}  // namespace
}  // namespace breakwater::app
