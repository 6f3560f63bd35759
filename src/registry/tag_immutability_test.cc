#include "registry/tag_immutability.h"

#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::ImageManifest;
using testing::World;

std::string DigestOf(const std::string& text) {
  return oci::Digest::Of(AsBytes(text)).text();
}

std::string IndexOf(const std::vector<std::string>& manifests, const std::string& more = "") {
  std::string text = R"({"schemaVersion":2,"manifests":[)";
  for (std::size_t i = 0; i < manifests.size(); ++i) {
    text += std::string(i > 0 ? "," : "") + R"({"mediaType":"a/b","digest":")" +
            DigestOf(manifests[i]) + R"(","size":1})";
  }
  return text + "]" + more + "}";
}

class TagImmutabilityTest : public ::testing::Test {
 protected:
  TagImmutabilityTest() {
    EXPECT_TRUE(world_.PushBlob(path_, "config").ok());
    EXPECT_TRUE(world_.PushBlob(path_, "layer").ok());
  }
  TagImmutability& service() { return world_.services->tag_immutability; }
  Manifests& manifests() { return world_.services->manifests; }
  static oci::Reference Ref(const std::string& text) { return *oci::Reference::Parse(text); }
  Status Set(std::vector<std::string> immutable, std::vector<std::string> except = {}) {
    return service().Set(world_.Caller(), AccountId("acc"), world_.registry(), "team-a",
                         {.immutable = std::move(immutable), .except = std::move(except)});
  }
  TagPatterns Now() { return *service().Get(AccountId("acc"), world_.registry().name, "team-a"); }
  Status Put(const std::string& content, const std::string& reference,
             std::vector<std::string> tags = {}, const std::string& type = "") {
    const std::string assumed = content.find("manifests") != std::string::npos
                                    ? std::string(oci::kOciIndex)
                                    : std::string(oci::kOciManifest);
    const auto put = manifests().Put(world_.Caller(), path_,
                                     {.content = content,
                                      .content_type = type.empty() ? assumed : type,
                                      .reference = Ref(reference),
                                      .tags = std::move(tags)});
    return put.ok() ? Ok() : Status(put.error());
  }
  Status Delete(const std::string& reference) {
    return manifests().Delete(world_.Caller(), path_, Ref(reference));
  }
  Status DeleteImage(const std::string& reference) {
    const auto deleted = manifests().DeleteImage(world_.Caller(), path_, Ref(reference));
    return deleted.ok() ? Ok() : Status(deleted.error());
  }
  Status DeleteNamespace() {
    return world_.services->namespaces.Delete(world_.Caller(), AccountId("acc"), world_.registry(),
                                              "team-a");
  }
  static std::string ReasonOf(const Status& status) {
    return status.ok() ? "" : status.error().reason();
  }

  World world_;
  RepositoryPath path_ = world_.Repository("team-a/app");
  const std::string image_ = ImageManifest("config", {"layer"});
  const std::string other_ = ImageManifest("config", {});
};

TEST_F(TagImmutabilityTest, IsOffUntilSetAndOfOneNamespace) {
  world_.Repository("team-b/app");
  EXPECT_EQ(Now(), TagPatterns{});
  ASSERT_TRUE(Set({"v*"}, {"v*-rc"}).ok());
  EXPECT_EQ(Now(), (TagPatterns{.immutable = {"v*"}, .except = {"v*-rc"}}));
  EXPECT_EQ(*service().Get(AccountId("acc"), world_.registry().name, "team-b"), TagPatterns{});
  EXPECT_EQ(ReasonOf(Set({"a/b"})), "tag_pattern_invalid");
  ASSERT_TRUE(Set({}).ok());
  EXPECT_EQ(Now(), TagPatterns{});
}

TEST_F(TagImmutabilityTest, NamespaceThatIsNotTheAccountsLooksAbsent) {
  for (const auto& [account, name] : {std::pair("other", "team-a"), std::pair("acc", "absent")}) {
    const Status set = service().Set(world_.Caller(account), AccountId(account), world_.registry(),
                                     name, {.immutable = {"*"}, .except = {}});
    EXPECT_EQ(ReasonOf(set), "name_unknown");
    EXPECT_EQ(service().Get(AccountId(account), world_.registry().name, name).error().reason(),
              "name_unknown");
  }
  EXPECT_EQ(world_.Count("tag_immutability"), 0);
}

TEST_F(TagImmutabilityTest, NeedsTheRightOnTheWholeServiceAndIsRecordedAndJudged) {
  std::string asked;
  control::Resource on;
  world_.authorizer.rule = [&](const control::Caller&, std::string_view action,
                               const control::Resource& resource) -> Status {
    asked = action;
    on = resource;
    return Ok();
  };
  world_.gate.refuses = [](const condition::Facts& facts) {
    const auto list = std::get<condition::StringList>(*facts.Find("tag_immutability")->value());
    return list != condition::StringList{"v*", "!v0*"};
  };
  EXPECT_EQ(ReasonOf(Set({"w*"})), "config_rule_denied");
  EXPECT_EQ(Now(), TagPatterns{});
  EXPECT_TRUE(Set({"v*"}, {"v0*"}).ok());
  EXPECT_EQ(asked, "container-registry.namespace.update");
  EXPECT_TRUE(on.name_space.empty());
  EXPECT_EQ(on.name, "team-a");
  audit::Filter filter;
  filter.action = asked;
  const auto records = world_.log.Query(filter);
  ASSERT_EQ(records->size(), 2U);
}

TEST_F(TagImmutabilityTest, FactsListEveryNamespaceOfTheAccount) {
  world_.Repository("team-b/app");
  world_.Repository("team-x/app", "other");
  ASSERT_TRUE(Set({"v*"}).ok());
  const auto listed = world_.database.ReadValue([&](db::Transaction& tx) {
    return service().List(tx, service().Types()[0], AccountId("acc"));
  });
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].name, "team-a");
  EXPECT_TRUE((*listed)[1].crn().ToString().ends_with(":namespace:team-b"));
}

TEST_F(TagImmutabilityTest, TagDoesNotMoveNorGoAndTheSamePushAgainIsSuccess) {
  ASSERT_TRUE(Set({"v*"}, {"v*-rc"}).ok());
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "v1-rc").ok());
  EXPECT_TRUE(Put(image_, "v1").ok());
  const Status moved = Put(other_, "v1");
  EXPECT_EQ(ReasonOf(moved), "tag_immutable");
  EXPECT_EQ(moved.error().code(), ErrorCode::kDenied);
  EXPECT_NE(moved.error().message().find("v1"), std::string::npos);
  EXPECT_NE(moved.error().message().find("Push under another tag"), std::string::npos);
  EXPECT_EQ(ReasonOf(Put(other_, DigestOf(other_), {"new", "v1"})), "tag_immutable");
  EXPECT_EQ(manifests().Head(path_, Ref("new")).error().reason(), "manifest_unknown");
  EXPECT_EQ(ReasonOf(Delete("v1")), "tag_immutable");
  EXPECT_EQ(ReasonOf(Delete(DigestOf(image_))), "tag_immutable");
  EXPECT_EQ(ReasonOf(DeleteImage("v1-rc")), "tag_immutable");
  EXPECT_TRUE(Put(other_, "v1-rc").ok());
  EXPECT_TRUE(Delete("v1-rc").ok());
  ASSERT_TRUE(Set({}).ok());
  EXPECT_TRUE(Put(other_, "v1").ok());
  EXPECT_TRUE(Delete("v1").ok());
}

TEST_F(TagImmutabilityTest, WhatTheTagNamesKeepsItsTypeAndItsChildren) {
  ASSERT_TRUE(Set({"v*"}).ok());
  const std::string inner = IndexOf({image_});
  const std::string outer = IndexOf({inner});
  ASSERT_TRUE(Put(image_, DigestOf(image_)).ok());
  ASSERT_TRUE(Put(inner, DigestOf(inner)).ok());
  ASSERT_TRUE(Put(outer, "v1").ok());
  EXPECT_EQ(ReasonOf(Delete(DigestOf(inner))), "tag_immutable");
  EXPECT_EQ(ReasonOf(Delete(DigestOf(image_))), "tag_immutable");
  EXPECT_EQ(ReasonOf(Put(outer, DigestOf(outer), {}, "application/x.other+json")), "tag_immutable");
  EXPECT_EQ(ReasonOf(Put(inner, DigestOf(inner), {}, "application/x.other+json")), "tag_immutable");
  EXPECT_EQ((*manifests().Head(path_, Ref("v1")))->media_type, oci::kOciIndex);
}

TEST_F(TagImmutabilityTest, NamespaceStaysWhileItHoldsSuchATagAndTheNextOwnerStartsAnew) {
  ASSERT_TRUE(Set({"v*"}).ok());
  ASSERT_TRUE(Put(image_, "v1").ok());
  ASSERT_TRUE(Put(image_, "latest").ok());
  const Status refused = DeleteNamespace();
  EXPECT_EQ(ReasonOf(refused), "tag_immutable");
  EXPECT_NE(refused.error().message().find("team-a/app"), std::string::npos);
  ASSERT_TRUE(Set({"w*"}).ok());
  EXPECT_TRUE(DeleteNamespace().ok());
  EXPECT_EQ(world_.Count("tag_immutability"), 0);
}

// Everything that can reach a tag, a manifest or a blob, in any order.
class NoHole : public TagImmutabilityTest {
 protected:
  // What a client that pulls by an immutable tag can get: every manifest of the tree under it with
  // its type and bytes, and every blob.
  std::map<std::string, std::set<std::string>> Pulls(const TagPatterns& patterns) {
    std::map<std::string, std::set<std::string>> pulls;
    const auto tags = manifests().Tags(path_, {});
    if (!tags.ok()) return pulls;
    for (const std::string& tag : tags->names) {
      if (patterns.Covers(tag)) Collect(tag, &pulls[tag]);
    }
    return pulls;
  }
  void Collect(const std::string& reference, std::set<std::string>* into) {
    const auto got = manifests().Get(path_, Ref(reference));
    if (!got.ok()) return;
    const StoredManifest& manifest = **got;
    into->insert(manifest.media_type + manifest.digest.text() + manifest.content);
    const auto parsed = oci::ParseManifest(manifest.content, manifest.media_type);
    for (const oci::Descriptor& child : parsed->manifests) Collect(child.digest.text(), into);
    for (const oci::Descriptor& blob : parsed->RequiredBlobs()) {
      if (world_.services->blobs.SizeOf(path_, blob.digest).ok()) into->insert(blob.digest.text());
    }
  }
};

TEST_F(NoHole, WhateverIsDoneAnImmutableTagServesWhatItServed) {
  const std::string inner = IndexOf({image_, other_});
  const std::vector<std::string> contents = {
      image_, other_, inner, IndexOf({inner}), IndexOf({image_}), IndexOf({})};
  const std::vector<std::string> tags = {"v1", "v2", "v1-rc", "latest"};
  const std::vector<std::string> types = {"", "", "", "application/x.other+json"};
  const TagPatterns patterns{.immutable = {"v*"}, .except = {"*-rc"}};
  ASSERT_TRUE(Set(patterns.immutable, patterns.except).ok());
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&](const std::vector<std::string>& of) { return of[random() % of.size()]; };
    std::size_t refused = 0;
    for (int step = 0; step < 120; ++step) {
      const auto before = Pulls(patterns);
      const std::string content = pick(contents);
      const std::string any = random() % 2 == 0 ? pick(tags) : DigestOf(content);
      Status done;
      switch (random() % 8) {
        case 0:
        case 1: done = Put(content, pick(tags), {}, pick(types)); break;
        case 2: done = Put(content, DigestOf(content), {}, pick(types)); break;
        case 3:
          done = Put(content, DigestOf(content), {pick(tags), pick(tags)}, pick(types));
          break;
        case 4: done = Delete(any); break;
        case 5: done = DeleteImage(any); break;
        case 6:
          done = world_.services->blobs.Delete(
              path_, *oci::Digest::Parse(DigestOf(random() % 2 == 0 ? "config" : "layer")));
          ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
          ASSERT_TRUE(world_.PushBlob(path_, "layer").ok());
          break;
        default:
          if (!before.empty()) done = DeleteNamespace();
          break;
      }
      if (ReasonOf(done) == "tag_immutable") ++refused;
      const auto after = Pulls(patterns);
      for (const auto& [tag, pulls] : before) {
        ASSERT_TRUE(after.contains(tag)) << "seed " << seed << " step " << step << " " << tag;
        for (const std::string& one : pulls) {
          ASSERT_TRUE(after.at(tag).contains(one))
              << "seed " << seed << " step " << step << " " << tag;
        }
      }
    }
    EXPECT_GT(refused, 0U);
    // From empty again.
    ASSERT_TRUE(Set({}).ok());
    ASSERT_TRUE(DeleteNamespace().ok());
    path_ = world_.Repository("team-a/app");
    ASSERT_TRUE(world_.PushBlob(path_, "config").ok());
    ASSERT_TRUE(world_.PushBlob(path_, "layer").ok());
    ASSERT_TRUE(Set(patterns.immutable, patterns.except).ok());
  }
}

}  // namespace
}  // namespace breakwater::registry
