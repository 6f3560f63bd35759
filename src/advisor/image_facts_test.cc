#include "advisor/image_facts.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "advisor/advisor.h"
#include "advisor/importer.h"
#include "advisor/test_images.h"
#include "advisor/test_support.h"

namespace breakwater::advisor {
namespace {

using testing::MakeLayer;
using testing::PushImage;

class ImageFactsTest : public ::testing::Test {
 protected:
  ImageFactsTest() { advisor_.Register(); }

  std::vector<control::Resource> List(const AccountId& account = AccountId("acc")) {
    return *world_.database.ReadValue(
        [&](db::Transaction& tx) { return facts_.List(tx, facts_.Types().front(), account); });
  }
  Result<condition::Facts> Read(const control::Resource& image) {
    return world_.database.ReadValue([&](db::Transaction& tx) { return facts_.Read(tx, image); });
  }
  // As evidence prints it; "absent" or "unavailable" where there is no value.
  std::string Value(const control::Resource& image, std::string_view property) {
    const auto facts = Read(image);
    EXPECT_TRUE(facts.ok()) << facts.error().message();
    const condition::Fact* fact = facts->Find(property);
    if (fact == nullptr || fact->state() == condition::FactState::kUnavailable) {
      return "unavailable";
    }
    return fact->value() == nullptr ? "absent" : json::Serialize(condition::ToJson(*fact->value()));
  }
  static testing::Files Debian() {
    const auto folder = testing::Sample("at-release");
    return {{"usr/lib/os-release", testing::ReadText(folder / "os-release")},
            {"var/lib/dpkg/status", testing::ReadText(folder / "status")}};
  }

  registry::testing::World world_;
  Advisor advisor_{{}, world_.database, *world_.jobs, world_.clock, world_.services->content};
  Importer importer_{world_.database, *world_.jobs, world_.clock};
  ImageFacts facts_{world_.registries, world_.clock};
};

TEST_F(ImageFactsTest, AnImageWaitsUntilItWasScannedToTheEnd) {
  ASSERT_TRUE(importer_.ImportSample().ok());
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian())});
  const auto images = List();
  ASSERT_EQ(images.size(), 1U);
  const control::Resource& image = images.front();
  EXPECT_EQ(Value(image, "scan_status"), "\"UNSCANNED\"");
  EXPECT_EQ(Value(image, "last_scan"), "absent");
  EXPECT_NE(Value(image, "waits_since"), "absent");
  EXPECT_EQ(Value(image, "critical_vulnerabilities"), "unavailable");
  EXPECT_EQ(Value(image, "has_os"), "unavailable");
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Value(image, "scan_status"), "\"FAIL\"");
  EXPECT_EQ(Value(image, "waits_since"), "absent");
  EXPECT_NE(Value(image, "last_scan"), "absent");
  EXPECT_NE(Value(image, "fixable_vulnerabilities"), "0");
  EXPECT_EQ(Value(image, "os"), "\"debian\"");
  EXPECT_EQ(Value(image, "os_packages_reported"), "true");
}

TEST_F(ImageFactsTest, ATagOnAListOfImagesIsATagOnItsParts) {
  const oci::Digest part = PushImage(world_, "tests/app", "1", {MakeLayer(Debian())});
  const auto path = world_.Repository("tests/app");
  const auto manifest = world_.services->manifests.Get(path, oci::Reference(part));
  ASSERT_TRUE(manifest.ok());
  const std::string list = R"({"schemaVersion":2,"mediaType":")" + std::string(oci::kOciIndex) +
                           R"(","manifests":[{"mediaType":")" + std::string(oci::kOciManifest) +
                           R"(","digest":")" + part.text() + R"(","size":)" +
                           std::to_string((*manifest)->size) + "}]}";
  ASSERT_TRUE(world_.services->manifests
                  .Put(world_.Caller(), path,
                       {.content = list,
                        .content_type = std::string(oci::kOciIndex),
                        .reference = *oci::Reference::Parse("all"),
                        .tags = {}})
                  .ok());
  ASSERT_TRUE(
      world_.services->manifests.DeleteTag(world_.Caller(), path, *oci::Reference::Parse("1"))
          .ok());
  const auto images = List();
  ASSERT_EQ(images.size(), 1U) << "the list itself is none";
  EXPECT_EQ(Value(images.front(), "tagged"), "true");
  ASSERT_TRUE(
      world_.services->manifests.DeleteTag(world_.Caller(), path, *oci::Reference::Parse("all"))
          .ok());
  EXPECT_EQ(Value(images.front(), "tagged"), "false");
}

TEST_F(ImageFactsTest, AnImageIsInTheResourceGroupOfItsNamespace) {
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {MakeLayer(Debian())});
  ASSERT_TRUE(world_.database
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "UPDATE namespace SET resource_group = 'team' WHERE name = 'tests'"));
                    return Ok();
                  })
                  .ok());
  const control::Resource listed = List().front();
  EXPECT_EQ(listed.resource_group, "team");
  control::Resource of_event =
      ImageResource({listed.account, listed.registry, listed.region, "tests/app", digest});
  EXPECT_EQ(of_event.resource_group, "");
  ASSERT_TRUE(
      world_.database.Write([&](db::Transaction& tx) { return facts_.Complete(tx, of_event); })
          .ok());
  EXPECT_EQ(of_event.resource_group, "team");
}

TEST_F(ImageFactsTest, AnImageThatLacksLayersHasNoneOfTheFactsKnownElsewhere) {
  ASSERT_TRUE(importer_.ImportSample().ok());
  const auto layer = MakeLayer(Debian());
  const oci::Digest digest = PushImage(world_, "tests/app", "1", {layer});
  const auto path = world_.Repository("tests/sparse");
  const auto whole =
      world_.services->manifests.Get(world_.Repository("tests/app"), oci::Reference(digest));
  ASSERT_TRUE(whole.ok());
  ASSERT_TRUE(world_.PushBlob(path, testing::ConfigOf({layer})).ok());
  registry::Manifests lenient({.accept_absent_layers = true}, world_.database, world_.clock,
                              world_.changes);
  ASSERT_TRUE(lenient
                  .Put(world_.Caller(), path,
                       {.content = (*whole)->content,
                        .content_type = "",
                        .reference = *oci::Reference::Parse("1"),
                        .tags = {}})
                  .ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  control::Resource image = List().front();
  image.name = "tests/sparse@" + digest.text();
  EXPECT_EQ(Value(image, "scan_status"), "\"INCOMPLETE\"");
  EXPECT_EQ(Value(image, "last_scan"), "absent");
  for (const char* property : {"has_os", "critical_vulnerabilities", "fixable_vulnerabilities"}) {
    EXPECT_EQ(Value(image, property), "unavailable") << property;
  }
  EXPECT_EQ(Value(image, "os"), "absent");
  ASSERT_TRUE(world_.PushBlob(path, layer.blob).ok());
  ASSERT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(Value(image, "scan_status"), "\"FAIL\"");
  EXPECT_EQ(Value(image, "has_os"), "true");
}

TEST_F(ImageFactsTest, WhatIsOlderThanItsPlatformIsReadFromTheConfigurationItself) {
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian())},
            R"({"os":"linux","architecture":"amd64","config":{"Labels":{"tier":"gold"}}})");
  ASSERT_TRUE(world_.database
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(
                        tx.Execute("UPDATE image_config SET platform = NULL, labels = '{}'"));
                    return Ok();
                  })
                  .ok());
  const control::Resource image = List().front();
  EXPECT_EQ(Value(image, "platform"), "\"linux/amd64\"");
  EXPECT_EQ(Value(image, "labels"), R"(["tier=gold"])");
}

TEST_F(ImageFactsTest, NothingIsSaidByAConfigurationThatCannotBeRead) {
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian())},
            R"({"os":"linux","architecture":"amd64","config":{"Labels":{"tier":5}}})");
  for (const char* property : {"platform", "labels", "label_names"}) {
    EXPECT_EQ(Value(List().front(), property), "unavailable") << property;
  }
}

TEST_F(ImageFactsTest, LabelsAndTheirNamesAreBoundedEachOnItsOwn) {
  const auto push = [&](const std::string& name, const std::string& value) {
    PushImage(world_, "tests/app", "1", {MakeLayer(Debian())},
              R"({"os":"linux","architecture":"amd64","config":{"Labels":{")" + name + R"(":")" +
                  value + R"("}}})");
    const auto images = List();
    const auto newest = std::ranges::find_if(
        images, [&](const control::Resource& image) { return Value(image, "tagged") == "true"; });
    return Value(*newest, "label_names") + " " + Value(*newest, "labels");
  };
  const std::string large(17U << 10, 'x');
  EXPECT_EQ(push("a", "b"), R"(["a"] ["a=b"])");
  EXPECT_EQ(push("a", large), R"(["a"] unavailable)");
  EXPECT_EQ(push(large, ""), "unavailable unavailable");
  EXPECT_EQ(push("a=b", "c"), R"(["a=b"] unavailable)") << "or the label a of the value b=c";
}

TEST_F(ImageFactsTest, AnotherAccountsImageIsNone) {
  PushImage(world_, "tests/app", "1", {MakeLayer(Debian())});
  EXPECT_TRUE(List(AccountId("another")).empty());
  control::Resource image = List().front();
  image.account = AccountId("another");
  EXPECT_EQ(Read(image).error().code(), ErrorCode::kNotFound);
  image.name = "tests/app";
  EXPECT_EQ(Read(image).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace breakwater::advisor
