// Users, service IDs, keys, groups and policies as they are changed.
#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

std::string Reason(const Error& error) {
  return error.reason();
}

TEST(ServiceIds, AreMadeWithAKeyAndGoWithEverythingTheyHave) {
  World world;
  const auto made = *world.service_ids.Create(
      world.administrator, world.account, {.name = "ci", .api_key = NewApiKey{.name = "ci key"}});
  const auto login = *world.credentials.WithApiKey(made.api_key->value);
  EXPECT_EQ(login.who->identity.kind, control::IdentityKind::kServiceId);
  world.Grant(World::Of(made.service_id.iam_id), {Role::kReader});
  ASSERT_TRUE(
      world.service_ids.Delete(world.administrator, world.account, made.service_id.id).ok());
  EXPECT_EQ(Reason(world.credentials.WithApiKey(made.api_key->value).error()), "api_key_unknown");
  EXPECT_EQ(world.Counts().direct_policies, 0);
}

TEST(ServiceIds, UpdateNeedsTheCurrentTagAndAnUnlockedOne) {
  World world;
  const auto made =
      world.service_ids.Create(world.administrator, world.account, {.name = "ci"})->service_id;
  const auto update = [&](std::string_view tag) {
    return world.service_ids.Update(world.administrator, world.account, made.id, tag,
                                    {.name = "new"});
  };
  EXPECT_EQ(Reason(update("").error()), "missing_if_match");
  EXPECT_EQ(Reason(update("9-x").error()), "entity_tag_mismatch");
  const std::string tag = EntityTag(made.id, made.version);
  EXPECT_EQ(update("\"" + tag + "\"")->name, "new");
  EXPECT_EQ(Reason(update(tag).error()), "entity_tag_mismatch");
  ASSERT_TRUE(world.service_ids.SetLocked(world.administrator, world.account, made.id, true).ok());
  EXPECT_EQ(Reason(update("*").error()), "locked");
  EXPECT_EQ(Reason(world.service_ids.Delete(world.administrator, world.account, made.id).error()),
            "locked");
}

TEST(ApiKeys, UsersManageTheirOwnAndSeeNoOthers) {
  World world;
  const User user = world.Invite("u@example.com");
  const auto caller = world.CallerOf(user.iam_id);
  const auto made = world.api_keys.Create(caller, world.account, user.iam_id, {.name = "mine"});
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(world.api_keys.List(caller, world.account, {}, {})->total, 1);
  const auto others = *world.api_keys.List(world.administrator, world.account, {}, {});
  EXPECT_EQ(others.total, 2);
  for (const ApiKey& key : others.items) {
    if (key.iam_id == user.iam_id) continue;
    EXPECT_EQ(world.api_keys.Get(caller, world.account, key.id).error().code(),
              ErrorCode::kNotFound);
    EXPECT_EQ(world.api_keys.Delete(caller, world.account, key.id).error().code(),
              ErrorCode::kDenied);
  }
  EXPECT_FALSE(
      world.api_keys.Create(caller, world.account, world.administrator.actor.iam_id, {.name = "x"})
          .ok());
}

TEST(ApiKeys, OnlyTheOwnerHandlesTheOwnersKeys) {
  World world;
  const User user = world.Invite("u@example.com");
  PolicyContent content = world.Content(World::Of(user.iam_id), {Role::kAdministrator});
  content.attributes.back() = {"serviceType", "platform_service"};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  const auto caller = world.CallerOf(user.iam_id);
  const User other = world.Invite("v@example.com");
  EXPECT_TRUE(world.api_keys.Create(caller, world.account, other.iam_id, {.name = "x"}).ok());
  EXPECT_EQ(
      world.api_keys.Create(caller, world.account, world.administrator.actor.iam_id, {.name = "x"})
          .error()
          .code(),
      ErrorCode::kDenied);
}

TEST(ApiKeys, AreBoundedInNumberAndUniqueInValue) {
  World world;
  const IamId iam_id = world.Invite("u@example.com").iam_id;
  const Secret value("0123456789abcdef0123456789abcdef");
  const auto create = [&](std::optional<Secret> given) {
    return world.api_keys.Create(world.administrator, world.account, iam_id,
                                 {.name = "k", .value = std::move(given)});
  };
  EXPECT_TRUE(create(value).ok());
  EXPECT_EQ(Reason(create(value).error()), "api_key_value");
  EXPECT_EQ(Reason(create(Secret("short")).error()), "invalid_field");
  for (int i = 1; i < Limits().keys_per_identity; ++i) ASSERT_TRUE(create(std::nullopt).ok());
  EXPECT_EQ(Reason(create(std::nullopt).error()), "limit_exceeded");
}

TEST(Users, AreInvitedAllOrNone) {
  World world;
  const auto twice = world.users.Invite(world.administrator, world.account,
                                        {{"a@example.com", {}}, {"A@example.com", {}}});
  EXPECT_EQ(Reason(twice.error()), "user_exists");
  EXPECT_EQ(world.users.List(world.account, {}, {})->total, 1);
  EXPECT_EQ(world.Invite("a@example.com").state, UserState::kPending);
}

TEST(Users, TheOwnerStays) {
  World world;
  EXPECT_EQ(Reason(world.users
                       .Remove(world.administrator, world.account, world.administrator.actor.iam_id)
                       .error()),
            "owner");
}

TEST(Users, InvitingIntoAGroupTakesTheRightToAddMembers) {
  World world;
  const auto group = *world.groups.Create(world.administrator, world.account, {"g", ""});
  const User inviter = world.Invite("u@example.com");
  PolicyContent content = world.Content(World::Of(inviter.iam_id), {Role::kAdministrator});
  content.attributes.back().value = "user-management";
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  const auto caller = world.CallerOf(inviter.iam_id);
  EXPECT_TRUE(world.users.Invite(caller, world.account, {{"v@example.com", {}}}).ok());
  EXPECT_EQ(
      world.users.Invite(caller, world.account, {{"w@example.com", {group.id}}}).error().code(),
      ErrorCode::kDenied);
}

TEST(AccessGroups, KeepNamesUniqueAndDoNotVanishWithMembers) {
  World world;
  const auto group = *world.groups.Create(world.administrator, world.account, {"g", ""});
  EXPECT_EQ(Reason(world.groups.Create(world.administrator, world.account, {"g", ""}).error()),
            "group_exists");
  const IamId iam_id = world.Invite("u@example.com").iam_id;
  const auto outcomes = world.groups.AddMembers(world.administrator, world.account, group.id,
                                                {{iam_id}, {iam_id}, {IamId("IBMid-none")}});
  EXPECT_FALSE(outcomes[0].error.has_value());
  EXPECT_EQ(Reason(*outcomes[1].error), "member_exists");
  EXPECT_EQ(outcomes[2].error->code(), ErrorCode::kNotFound);
  EXPECT_EQ(
      Reason(world.groups.Delete(world.administrator, world.account, group.id, false).error()),
      "group_not_empty");
  EXPECT_TRUE(world.groups.Delete(world.administrator, world.account, group.id, true).ok());
}

TEST(AccessGroups, OneHoldsEverybodyAndIsFixed) {
  World world;
  const auto& admin = world.administrator;
  const std::string id(kPublicAccessGroup);
  EXPECT_EQ(world.groups.Get(world.account, id)->name, "Public Access");
  ASSERT_TRUE(world.groups.Create(admin, world.account, {.name = "Zoo"}).ok());
  const auto all = world.groups.List(world.account, {}, {0, 100});
  EXPECT_EQ(all->items.back().id, id);
  EXPECT_EQ(all->total, static_cast<std::int64_t>(all->items.size()));
  const auto cut = world.groups.List(world.account, {}, {0, all->total - 1});
  EXPECT_NE(cut->items.back().id, id);
  EXPECT_EQ(cut->total, all->total);
  EXPECT_EQ(world.groups.List(world.account, {}, {all->total - 1, 5})->items.size(), 1U);
  EXPECT_TRUE(world.groups.List(world.account, {}, {all->total, 5})->items.empty());
  EXPECT_EQ(world.groups.List(world.account, {.filter = {.search = "public"}}, {0, 5})->total, 1);
  EXPECT_EQ(world.groups.List(world.account, {.filter = {.search = "zo"}}, {0, 5})->total, 1);
  for (const Status& refused :
       {world.groups.Delete(admin, world.account, id, true),
        world.groups.AddMember(admin, world.account, id, {admin.actor.iam_id}),
        world.groups.RemoveMember(admin, world.account, id, admin.actor.iam_id)}) {
    EXPECT_EQ(refused.error().reason(), "group_fixed");
  }
  EXPECT_EQ(world.groups.Update(admin, world.account, id, "*", {}).error().reason(), "group_fixed");
}

TEST(Policies, OfEverybodyGiveReadingTheRegistryAndNothingElse) {
  World world;
  const Subject everybody{SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)};
  const auto reason = [&](PolicyContent content) {
    const auto made = world.policies.Create(world.administrator, world.account, content);
    return made.ok() ? "" : made.error().reason();
  };
  for (const std::vector<RoleRef>& roles :
       {std::vector<RoleRef>{Role::kWriter}, std::vector<RoleRef>{Role::kReader, Role::kManager},
        std::vector<RoleRef>{Role::kAdministrator}, std::vector<RoleRef>{Role::kViewer}}) {
    EXPECT_EQ(reason(world.Content(everybody, roles)), "invalid_body");
  }
  PolicyContent all = world.Content(everybody, {Role::kReader});
  all.attributes.back() = {"serviceType", "service"};
  EXPECT_EQ(reason(all), "invalid_body");
  EXPECT_EQ(reason(world.Content(everybody, {Role::kReader})), "");
}

TEST(Policies, RefuseWhatWouldNeverMatchOrSaysTheSame) {
  World world;
  const Subject subject = World::Of(world.Invite("u@example.com").iam_id);
  const auto create = [&](std::vector<PolicyAttribute> more) {
    return world.policies.Create(world.administrator, world.account,
                                 world.Content(subject, {Role::kReader}, std::move(more)));
  };
  EXPECT_EQ(Reason(create({{"resourceType", "Namespace"}}).error()), "invalid_body");
  EXPECT_EQ(Reason(create({{"serviceInstance", "x"}}).error()), "invalid_body");
  EXPECT_EQ(Reason(create({{"resorce", "x"}}).error()), "invalid_body");
  EXPECT_EQ(Reason(create({{"region", "a"}, {"region", "b"}}).error()), "invalid_body");
  const auto first = create({});
  ASSERT_TRUE(first.ok());
  const auto same = create({});
  EXPECT_EQ(Reason(same.error()), "policy_conflict_error");
  EXPECT_EQ(same.error().details()[0].value, first->id);
}

TEST(Policies, MustNameAnAccountOfOnesOwnAndAnIdentityThatMayComeYet) {
  World world;
  const IamId later("IBMid-later");
  ASSERT_TRUE(world.policies
                  .Create(world.administrator, world.account,
                          world.Content(World::Of(later), {Role::kReader}))
                  .ok());
  EXPECT_EQ(world.authorizer
                .Authorize(world.CallerOf(later), "container-registry.image.pull",
                           world.Repository("team/app"))
                .error()
                .reason(),
            "identity_unknown");
  EXPECT_EQ(Reason(world.policies
                       .Create(world.administrator, world.account,
                               world.Content({SubjectKind::kAccessGroup, "AccessGroupId-none"},
                                             {Role::kReader}))
                       .error()),
            "not_found");
  PolicyContent foreign =
      world.Content(World::Of(world.Invite("u@example.com").iam_id), {Role::kReader});
  foreign.attributes[0].value = "other";
  EXPECT_EQ(Reason(world.policies.Create(world.administrator, world.account, foreign).error()),
            "invalid_body");
}

TEST(Policies, AreDeletedSoThatTheyCanBeRestored) {
  World world;
  const auto& admin = world.administrator;
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  const auto may = [&] {
    return world.May(caller, "container-registry.image.pull", world.Repository("team/app"));
  };
  const Policy policy = world.Grant(World::Of(caller.actor.iam_id), {Role::kReader});
  const auto tag = [&] {
    const Policy now = *world.policies.Get(world.account, policy.id);
    return EntityTag(now.id, now.version);
  };
  EXPECT_TRUE(may());
  ASSERT_TRUE(world.policies.Delete(admin, world.account, policy.id).ok());
  EXPECT_FALSE(may());
  EXPECT_EQ(Reason(world.policies.Delete(admin, world.account, policy.id).error()),
            "policy_not_found");
  EXPECT_EQ(Reason(world.policies
                       .Replace(admin, world.account, policy.id, tag(),
                                world.Content(policy.subject, {Role::kManager}))
                       .error()),
            "unable_to_process");
  EXPECT_TRUE(world.policies.Get(world.account, policy.id)->deleted.has_value());
  EXPECT_TRUE(world.policies.List(world.account, {.subject = policy.subject}, {})->items.empty());
  EXPECT_EQ(world.policies.List(world.account, {.subject = policy.subject, .deleted = true}, {})
                ->items.size(),
            1U);
  EXPECT_EQ(Reason(world.policies.Restore(admin, AccountId("other"), policy.id, "*").error()),
            "policy_not_found");
  EXPECT_EQ(Reason(world.policies.Restore(admin, world.account, policy.id, "\"1-0\"").error()),
            "entity_tag_mismatch");
  ASSERT_TRUE(world.policies.Restore(admin, world.account, policy.id, tag()).ok());
  EXPECT_TRUE(may());
  // One that says the same stands in the way, and only then.
  ASSERT_TRUE(world.policies.Delete(admin, world.account, policy.id).ok());
  const Policy same = world.Grant(policy.subject, {Role::kReader});
  EXPECT_EQ(Reason(world.policies.Restore(admin, world.account, policy.id, tag()).error()),
            "policy_conflict_error");
  // In the end it is gone for good.
  world.clock.Advance(kDeletedPolicyLife + std::chrono::hours{1});
  ASSERT_TRUE(world.policies.Delete(admin, world.account, same.id).ok());
  EXPECT_EQ(Reason(world.policies.Get(world.account, policy.id).error()), "policy_not_found");
  EXPECT_TRUE(world.policies.Get(world.account, same.id).ok());
}

TEST(Policies, HaveLimitsForAnAccountAndForASubject) {
  World world;
  const auto& admin = world.administrator;
  const std::int64_t first = *world.database->database().ReadValue(
      [&](db::Transaction& tx) { return store::CountPolicies(tx, world.account); });
  ChangeDeps deps{world.database->database(), world.changes, world.clock};
  deps.limits.policies_per_account = first + 2;
  deps.limits.policies_per_subject = 1;
  Policies few(deps, world.authorizer);
  const auto create = [&](const char* who, Role role) {
    return few.Create(admin, world.account, world.Content(World::Of(IamId(who)), {role}));
  };
  const auto one = create("IBMid-a", Role::kReader);
  ASSERT_TRUE(one.ok());
  EXPECT_EQ(Reason(create("IBMid-a", Role::kWriter).error()), "limit_exceeded");
  ASSERT_TRUE(create("IBMid-b", Role::kReader).ok());
  EXPECT_EQ(Reason(create("IBMid-c", Role::kReader).error()), "limit_exceeded");
  // Replacing takes no room, unless it is another's.
  EXPECT_TRUE(few.Replace(admin, world.account, one->id, "*",
                          world.Content(World::Of(IamId("IBMid-a")), {Role::kWriter}))
                  .ok());
  EXPECT_EQ(Reason(few.Replace(admin, world.account, one->id, "*",
                               world.Content(World::Of(IamId("IBMid-b")), {Role::kWriter}))
                       .error()),
            "limit_exceeded");
}

TEST(Policies, AreListedInPagesOfAnyOrder) {
  World world;
  for (const char* who : {"IBMid-c", "IBMid-a", "IBMid-b", "IBMid-d", "IBMid-e"}) {
    world.clock.Advance(std::chrono::seconds{1});
    world.Grant(World::Of(IamId(who)), {Role::kReader});
  }
  for (const auto order :
       {store::PolicyOrder::kId, store::PolicyOrder::kCreated, store::PolicyOrder::kCreatedBy,
        store::PolicyOrder::kModified, store::PolicyOrder::kModifiedBy}) {
    for (const bool descending : {false, true}) {
      const auto whole = *world.policies.List(world.account, {.service_name = "container-registry"},
                                              {.order = order, .descending = descending});
      EXPECT_EQ(whole.items.size(), 5U);
      EXPECT_FALSE(whole.next);
      std::vector<std::string> paged;
      store::PolicyPage page{.order = order, .descending = descending, .limit = 2};
      do {
        const auto some =
            *world.policies.List(world.account, {.service_name = "container-registry"}, page);
        for (const Policy& policy : some.items) paged.push_back(policy.id);
        page.after = some.next;
      } while (page.after);
      std::vector<std::string> all;
      for (const Policy& policy : whole.items) all.push_back(policy.id);
      EXPECT_EQ(paged, all);
    }
  }
}

TEST(Policies, AreListedByServiceTypeAndTag) {
  World world;
  PolicyContent tagged = world.Content(World::Of(IamId("IBMid-a")), {Role::kReader});
  tagged.tags = {{"project", "a"}, {"stage", "b"}};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, tagged).ok());
  PolicyContent platform = world.Content(World::Of(IamId("IBMid-a")), {Role::kViewer});
  platform.attributes.back() = {"service_group_id", "IAM"};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, platform).ok());
  const auto count = [&](store::PolicyFilter filter) {
    return world.policies.List(world.account, filter, {})->items.size();
  };
  EXPECT_EQ(count({.tag_name = "project"}), 1U);
  EXPECT_EQ(count({.tag_name = "project", .tag_value = "b"}), 0U);
  EXPECT_EQ(count({.tag_value = "b"}), 1U);
  EXPECT_EQ(count({.service_group = "IAM"}), 1U);
  EXPECT_EQ(count({.subject = World::Of(IamId("IBMid-a")), .service_type = ServiceType::kService}),
            1U);
  EXPECT_EQ(count({.subject = World::Of(IamId("IBMid-a")),
                   .service_type = ServiceType::kPlatformService}),
            0U);
}

TEST(Policies, WithTagsGiveNothingSinceNothingCarriesOne) {
  World world;
  const auto caller = world.CallerOf(world.Invite("u@example.com").iam_id);
  PolicyContent content = world.Content(World::Of(caller.actor.iam_id), {Role::kReader});
  content.tags = {{"project", "a"}};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  EXPECT_FALSE(world.May(caller, "container-registry.image.pull", world.Repository("team/app")));
}

TEST(Policies, DoNotChangeWhoseSubjectIsLocked) {
  World world;
  const auto& admin = world.administrator;
  const auto made = *world.service_ids.Create(admin, world.account, {.name = "s"});
  const Policy policy = world.Grant(World::Of(made.service_id.iam_id), {Role::kReader});
  ASSERT_TRUE(world.service_ids.SetLocked(admin, world.account, made.service_id.id, true).ok());
  EXPECT_EQ(Reason(world.policies.Delete(admin, world.account, policy.id).error()), "locked");
  EXPECT_EQ(Reason(world.policies
                       .Create(admin, world.account, world.Content(policy.subject, {Role::kWriter}))
                       .error()),
            "locked");
}

TEST(Policies, ReplacingTakesTheRightOnBothServices) {
  World world;
  const User admin = world.Invite("u@example.com");
  world.Grant(World::Of(admin.iam_id), {Role::kAdministrator});
  const auto caller = world.CallerOf(admin.iam_id);
  const Subject subject = World::Of(world.Invite("v@example.com").iam_id);
  PolicyContent compliance = world.Content(subject, {Role::kViewer});
  compliance.attributes.back().value = "compliance";
  const Policy policy = *world.policies.Create(world.administrator, world.account, compliance);
  const PolicyContent registry = world.Content(subject, {Role::kReader});
  EXPECT_EQ(world.policies.Replace(caller, world.account, policy.id, "*", registry).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(world.policies.Delete(caller, world.account, policy.id).error().code(),
            ErrorCode::kDenied);
  const Policy own = *world.policies.Create(caller, world.account, registry);
  EXPECT_EQ(world.policies.Replace(caller, world.account, own.id, "*", compliance).error().code(),
            ErrorCode::kDenied);
}

}  // namespace
}  // namespace breakwater::iam
