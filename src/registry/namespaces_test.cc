#include "registry/namespaces.h"

#include <map>

#include <gtest/gtest.h>

#include "registry/testing.h"

namespace breakwater::registry {
namespace {

using testing::World;

class NamespacesTest : public ::testing::Test {
 protected:
  Result<bool> Create(const std::string& name, const char* account = "acc",
                      const std::string& group = "") {
    return namespaces().Create(world_.Caller(account), AccountId(account), world_.registry(), name,
                               group);
  }
  Status Assign(const std::string& name, const std::string& group) {
    return namespaces().Assign(world_.Caller(), AccountId("acc"), world_.registry(), name, group);
  }
  Status Delete(const std::string& name, const char* account = "acc") {
    return namespaces().Delete(world_.Caller(account), AccountId(account), world_.registry(), name);
  }
  std::vector<std::string> Names(const char* account = "acc") {
    std::vector<std::string> names;
    const auto all = namespaces().List(AccountId(account), world_.registry().name);
    for (const Namespace& ns : *all) names.push_back(ns.name);
    return names;
  }
  Namespaces& namespaces() { return world_.services->namespaces; }
  // Retention, quota and immutable tags.
  void SetWhatTheRegistryKeepsOf(const std::string& name) {
    const control::Caller caller = world_.Caller();
    const AccountId acc("acc");
    const auto& registry = world_.registry();
    ASSERT_TRUE(world_.retention.Set(caller, acc, registry, name, {.images_per_repo = 3}).ok());
    ASSERT_TRUE(
        world_.services->quotas.PatchNamespace(caller, acc, registry, name, {.storage = 1'000'000})
            .ok());
    ASSERT_TRUE(world_.services->tag_immutability
                    .Set(caller, acc, registry, name, {.immutable = {"r-*"}, .except = {}})
                    .ok());
  }

  World world_;
};

TEST_F(NamespacesTest, NamesHaveFourToThirtyCharactersOfTheAlphabet) {
  for (const char* good : {"abcd", "a1-b_2", "0000", "a123456789012345678901234567890"}) {
    EXPECT_EQ(ValidateNamespace(good).ok(), std::string_view(good).size() <= 30) << good;
  }
  for (const char* bad : {"", "abc", "-abc", "abc-", "_abc", "Abcd", "ab.cd", "ab/cd", "ab cd"}) {
    EXPECT_FALSE(ValidateNamespace(bad).ok()) << bad;
    EXPECT_FALSE(Create(bad).ok()) << bad;
  }
}

TEST_F(NamespacesTest, CreatedAgainByItsOwnerIsNoError) {
  EXPECT_TRUE(*Create("team-a"));
  EXPECT_FALSE(*Create("team-a"));
  EXPECT_EQ(Names(), std::vector<std::string>{"team-a"});
}

TEST_F(NamespacesTest, BelongToOneAccountOfARegistry) {
  ASSERT_TRUE(Create("team-a").ok());
  const auto taken = Create("team-a", "other");
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().reason(), "namespace_taken");
  const Status foreign = Delete("team-a", "other");
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(Names().size(), 1U);
}

TEST_F(NamespacesTest, AreListedInOrderAndOnlyTheAccountsOwn) {
  ASSERT_TRUE(Create("team-b").ok());
  ASSERT_TRUE(Create("team-a").ok());
  ASSERT_TRUE(Create("team-c", "other").ok());
  EXPECT_EQ(Names(), (std::vector<std::string>{"team-a", "team-b"}));
}

TEST_F(NamespacesTest, AreAtMostAHundredForAnAccount) {
  for (std::size_t i = 0; i < kMaxNamespacesPerAccount; ++i) {
    ASSERT_TRUE(Create("team-" + std::to_string(i)).ok());
  }
  const auto refused = Create("one-more");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "namespace_limit");
  EXPECT_TRUE(Create("team-0").ok());
  EXPECT_TRUE(Create("one-more", "other").ok());
}

TEST_F(NamespacesTest, AreAssignedToAResourceGroupOnce) {
  ASSERT_TRUE(Create("team-a").ok());
  ASSERT_TRUE(Assign("team-a", "group-1").ok());
  EXPECT_TRUE(Assign("team-a", "group-1").ok());
  const Status refused = Assign("team-a", "group-2");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().reason(), "resource_group_fixed");
  const auto ns = *namespaces().Get(world_.registry().name, "team-a");
  EXPECT_EQ(ns->resource_group, "group-1");
  EXPECT_TRUE(ns->resource_created.has_value());
  EXPECT_FALSE(Assign("absent", "group-1").ok());
  EXPECT_FALSE(Assign("team-a", "").ok());
}

TEST_F(NamespacesTest, DeletedTakeEveryRowOfTheirContentWithThem) {
  const RepositoryPath path = world_.Repository("team-a/app");
  ASSERT_TRUE(world_.PushBlob(path, "config").ok());
  ASSERT_TRUE(world_.PushManifest(path, testing::ImageManifest("config", {}), "v1").ok());
  ASSERT_EQ(world_.Count("tag"), 1);
  ASSERT_TRUE(Delete("team-a").ok());
  const auto records = *world_.log.Query({.action = std::string(action::kNamespaceDelete)});
  ASSERT_EQ(records.size(), 1U);
  EXPECT_NE(json::Serialize(audit::ToJson(records[0].record)).find("content.images"),
            std::string::npos)
      << "what went with it is on record";
  for (const char* table :
       {"namespace", "repository", "repository_blob", "manifest", "manifest_reference", "tag"}) {
    EXPECT_EQ(world_.Count(table), 0) << table;
  }
  EXPECT_TRUE(world_.jobs->RunDue().ok());
  EXPECT_EQ(world_.events.back().first, "namespace.deleted");
  EXPECT_EQ(Delete("team-a").error().code(), ErrorCode::kNotFound);
  // Its bytes follow with the next collection.
  EXPECT_EQ(world_.Collect().blobs, 1);
  EXPECT_EQ(world_.Count("blob"), 0);
  EXPECT_EQ(world_.Count("blob_content"), 0);
}

TEST_F(NamespacesTest, ARecordOfTheirEndSaysWhatWasSetAndWhichTagsLedToWhat) {
  const RepositoryPath path = world_.Repository("team-a/app");
  const std::string image = testing::ImageManifest("config", {});
  ASSERT_TRUE(world_.PushBlob(path, "config").ok());
  for (const char* tag : {"v2", "v1"}) ASSERT_TRUE(world_.PushManifest(path, image, tag).ok());
  SetWhatTheRegistryKeepsOf("team-a");
  ASSERT_TRUE(world_.owner->database()
                  .Write([](db::Transaction& tx) -> Status {
                    BW_TRY_STATUS(tx.Execute(
                        "INSERT INTO advisor_exemption (account, registry, scope, name_space, "
                        "issue_type, issue_id, created) VALUES ('acc', $1, 'team-a/app', 'team-a', "
                        "'sn', 'DSA-1', 0)",
                        {testing::kRegistry}));
                    return Ok();
                  })
                  .ok());
  ASSERT_TRUE(Delete("team-a").ok());
  const auto records = *world_.log.Query({.action = std::string(action::kNamespaceDelete)});
  ASSERT_EQ(records.size(), 1U);
  std::map<std::string, std::string> before;
  for (const audit::FieldChange& change : records[0].record.changes) {
    before[change.field] = json::Serialize(change.before);
    EXPECT_TRUE(change.after.is_null()) << change.field;
  }
  EXPECT_EQ(before["settings.retention_policy.images_per_repo"], "3");
  EXPECT_EQ(before["settings.namespace_quota.storage_bytes"], "1000000");
  EXPECT_EQ(before["settings.tag_immutability.immutable"], R"(["r-*"])");
  EXPECT_EQ(before["settings.advisor_exemption.first"], R"(["team-a/app sn DSA-1"])");
  const std::string digest = oci::Digest::Of(AsBytes(image)).text();
  EXPECT_EQ(before["content.first_images"],
            R"(["team-a/app:v1@)" + digest + R"(","team-a/app:v2@)" + digest + R"("])");
}

TEST_F(NamespacesTest, HaveOneCrnAndTheirGroupInTheRecordsOfWhateverChangesThem) {
  ASSERT_TRUE(*Create("team-a", "acc", "group-1"));
  ASSERT_FALSE(*Create("team-a", "acc", "group-1"));
  ASSERT_TRUE(Assign("team-a", "group-1").ok());
  SetWhatTheRegistryKeepsOf("team-a");
  world_.authorizer.rule = [](const control::Caller&, std::string_view,
                              const control::Resource&) -> Status { return Denied("no"); };
  EXPECT_FALSE(Delete("team-a").ok());
  world_.authorizer.rule = nullptr;
  ASSERT_TRUE(Delete("team-a").ok());
  const auto records = *world_.log.Query({.target = "team-a"});
  EXPECT_EQ(records.size(), 8U);
  for (const audit::Found& one : records) {
    EXPECT_EQ(one.record.target.crn,
              "crn:v1:bluemix:public:container-registry:us-south:a/acc::namespace:team-a")
        << one.record.action;
    EXPECT_EQ(one.record.target.resource_group, "group-1") << one.record.action;
  }
}

TEST_F(NamespacesTest, AreEmptyWhenTheirLastImageIsGoneFromTheTrashToo) {
  const RepositoryPath path = world_.Repository("team-a/app");
  ASSERT_TRUE(world_.PushBlob(path, "config").ok());
  const std::string image = testing::ImageManifest("config", {});
  const auto tag = *oci::Reference::Parse("v1");
  ASSERT_TRUE(world_.services->manifests
                  .Put(world_.Caller(), path,
                       {.content = image, .content_type = "", .reference = tag, .tags = {}})
                  .ok());
  const auto delete_empty = [&]() -> std::string {
    const Status done =
        namespaces().DeleteEmpty(world_.Caller(), AccountId("acc"), world_.registry(), "team-a");
    return done.ok() ? "" : done.error().reason();
  };
  EXPECT_EQ(delete_empty(), "namespace_not_empty");
  ASSERT_TRUE(world_.services->manifests.DeleteImage(world_.Caller(), path, tag).ok());
  EXPECT_EQ(delete_empty(), "namespace_not_empty") << "its images could be restored";
  ASSERT_TRUE(
      world_.services->trash.Purge(world_.Caller(), path, oci::Digest::Of(AsBytes(image))).ok());
  EXPECT_EQ(delete_empty(), "");
  EXPECT_TRUE(Names().empty());
}

TEST_F(NamespacesTest, OfADeletedNameMayBeAnotherAccounts) {
  const RepositoryPath old = world_.Repository("team-a/app");
  ASSERT_TRUE(Delete("team-a").ok());
  ASSERT_TRUE(Create("team-a", "other").ok());
  // A push that had begun before ends without a trace.
  const Status late = world_.PushBlob(old, "late");
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(world_.Count("repository"), 0);
}

TEST_F(NamespacesTest, ResolveRepositoriesOrSayWhatIsWrong) {
  ASSERT_TRUE(Create("team-a").ok());
  EXPECT_EQ(namespaces().Resolve(world_.registry(), "team-a/x/y")->name_space, "team-a");
  EXPECT_EQ(namespaces().Resolve(world_.registry(), "team-a/X").error().reason(), "name_invalid");
  EXPECT_EQ(namespaces().Resolve(world_.registry(), "absent/x").error().reason(), "name_unknown");
  EXPECT_EQ(namespaces().Resolve(world_.registry(), "team-a").error().reason(), "name_unknown");
}

class OneGroup final : public AccountGroups {
 public:
  std::string DefaultOf(const AccountId& account) const override { return account.value(); }
  Result<bool> Has(db::Transaction&, const AccountId& account,
                   std::string_view group) const override {
    return group == account.value() || group == "rg-1";
  }
};

TEST_F(NamespacesTest, LieInResourceGroupsThatTheAccountHas) {
  const OneGroup groups;
  Namespaces grouped(world_.database, world_.clock, world_.changes, nullptr, &groups);
  const auto create = [&](const std::string& name, const std::string& group) {
    const auto made =
        grouped.Create(world_.Caller(), AccountId("acc"), world_.registry(), name, group);
    return made.ok() ? std::string() : made.error().reason();
  };
  EXPECT_EQ(create("team-a", ""), "");
  EXPECT_EQ((*grouped.Get(world_.registry().name, "team-a"))->resource_group, "acc");
  EXPECT_EQ(create("team-b", "rg-1"), "");
  EXPECT_EQ(create("team-c", "rg-2"), "resource_group_unknown");
  EXPECT_TRUE(Create("legacy").ok());
  const auto assign = [&](const std::string& group) {
    const Status done =
        grouped.Assign(world_.Caller(), AccountId("acc"), world_.registry(), "legacy", group);
    return done.ok() ? std::string() : done.error().reason();
  };
  EXPECT_EQ(assign("rg-2"), "resource_group_unknown");
  EXPECT_EQ(assign("rg-1"), "");
  EXPECT_EQ(assign("rg-1"), "");
}

TEST_F(NamespacesTest, NeedTheRightOnTheWholeService) {
  control::Resource asked;
  world_.authorizer.rule = [&](const control::Caller&, std::string_view,
                               const control::Resource& resource) -> Status {
    asked = resource;
    return Denied("no");
  };
  EXPECT_FALSE(Create("team-a").ok());
  EXPECT_EQ(asked.name, "team-a");
  EXPECT_TRUE(asked.name_space.empty());
  EXPECT_TRUE(Names().empty());
}

}  // namespace
}  // namespace breakwater::registry
