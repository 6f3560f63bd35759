// Access groups: their rules, memberships that end, and the group of everybody.
#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

constexpr std::string_view kPull = "container-registry.image.pull";
constexpr const char* kRealm = "https://idp.example";

class Groups : public ::testing::Test {
 protected:
  Groups() {
    world_.Grant({SubjectKind::kAccessGroup, group_.id}, {Role::kReader});
    rule_ = *world_.groups.CreateRule(world_.administrator, world_.account, group_.id, Wanted());
  }

  static NewGroupRule Wanted(const char* value = "\"developers\"") {
    return {.name = "developers",
            .realm = kRealm,
            .expiration_hours = 2,
            .conditions = {{"groups", ClaimOperator::kContains, value}}};
  }

  // Signs in with these groups.
  void SignIn(const std::vector<std::string>& groups, const char* realm = kRealm) {
    json::Array items;
    for (const std::string& group : groups) items.push_back(json::Text(group));
    const json::Object claims{{"groups", std::move(items)}};
    ASSERT_TRUE(world_.database->database()
                    .Write([&](db::Transaction& tx) -> Status {
                      BW_TRY_STATUS(world_.groups.RefreshDynamic(tx, world_.account, user_.iam_id,
                                                                 realm, claims));
                      return Ok();
                    })
                    .ok());
  }
  bool MayPull() {
    return world_.May(world_.CallerOf(user_.iam_id), kPull, world_.Repository("team/app"));
  }
  std::int64_t Memberships(MembershipType type) {
    return world_.groups.ListMembers(world_.account, group_.id, {.membership = type}, {})->total;
  }

  World world_;
  const User user_ = world_.Invite("u@example.com");
  const AccessGroup group_ =
      *world_.groups.Create(world_.administrator, world_.account, {.name = "developers"});
  GroupRule rule_;
};

TEST_F(Groups, ARuleLetsInWhoSignsInWithTheClaims) {
  EXPECT_FALSE(MayPull());
  SignIn({"others"});
  EXPECT_FALSE(MayPull());
  SignIn({"others", "developers"}, "https://another.example");
  EXPECT_FALSE(MayPull());
  SignIn({"others", "developers"});
  EXPECT_TRUE(MayPull());
  EXPECT_TRUE(*world_.groups.IsMember(world_.account, group_.id, user_.iam_id));
  EXPECT_EQ(Memberships(MembershipType::kDynamic), 1);
  EXPECT_EQ(Memberships(MembershipType::kStatic), 0);
  EXPECT_TRUE(world_.groups.Get(world_.account, group_.id)->federated);
}

TEST_F(Groups, AMembershipThatEndsIsGoneAtOnceFromCachesToo) {
  SignIn({"developers"});
  EXPECT_TRUE(MayPull());
  world_.clock.Advance(std::chrono::minutes(119));
  EXPECT_TRUE(MayPull());
  world_.clock.Advance(std::chrono::minutes(1));
  EXPECT_FALSE(MayPull());
  EXPECT_FALSE(*world_.groups.IsMember(world_.account, group_.id, user_.iam_id));
}

TEST_F(Groups, SigningInAgainWithoutTheClaimEndsIt) {
  SignIn({"developers"});
  EXPECT_TRUE(MayPull());
  SignIn({});
  EXPECT_FALSE(MayPull());
}

TEST_F(Groups, SigningInAgainMakesItLastLonger) {
  SignIn({"developers"});
  EXPECT_TRUE(MayPull());
  world_.clock.Advance(std::chrono::minutes(90));
  SignIn({"developers"});
  world_.clock.Advance(std::chrono::minutes(90));
  EXPECT_TRUE(MayPull());
}

TEST_F(Groups, AnotherRealmsSignInLeavesItAlone) {
  SignIn({"developers"});
  SignIn({}, "https://another.example");
  EXPECT_TRUE(MayPull());
}

TEST_F(Groups, ARuleThatIsDeletedOrSaysSomethingElseGivesNothingAnyMore) {
  SignIn({"developers"});
  const auto renamed = world_.groups.ReplaceRule(
      world_.administrator, world_.account, group_.id, rule_.id, "*",
      {.name = "new", .realm = kRealm, .expiration_hours = 2, .conditions = rule_.conditions});
  ASSERT_TRUE(renamed.ok());
  EXPECT_TRUE(MayPull());
  ASSERT_TRUE(world_.groups
                  .ReplaceRule(world_.administrator, world_.account, group_.id, rule_.id,
                               EntityTag(rule_.id, renamed->version), Wanted("\"leads\""))
                  .ok());
  EXPECT_FALSE(MayPull());
  SignIn({"leads"});
  EXPECT_TRUE(MayPull());
  ASSERT_TRUE(
      world_.groups.DeleteRule(world_.administrator, world_.account, group_.id, rule_.id).ok());
  EXPECT_FALSE(MayPull());
}

TEST_F(Groups, WhoIsInByARuleCountsAsAnAdministrator) {
  world_.Grant({SubjectKind::kAccessGroup, group_.id}, {Role::kAdministrator});
  const auto before = world_.Counts().administrator_users;
  SignIn({"developers"});
  EXPECT_EQ(world_.Counts().administrator_users, before + 1);
  world_.clock.Advance(std::chrono::hours(2));
  EXPECT_EQ(world_.Counts().administrator_users, before);
}

TEST_F(Groups, RulesAreCheckedAndBounded) {
  const auto create = [&](const NewGroupRule& wanted) {
    return world_.groups.CreateRule(world_.administrator, world_.account, group_.id, wanted);
  };
  NewGroupRule wrong = Wanted();
  wrong.expiration_hours = 25;
  EXPECT_EQ(create(wrong).error().reason(), "invalid_field");
  wrong = Wanted("bare words");
  EXPECT_EQ(create(wrong).error().reason(), "invalid_field");
  wrong = Wanted();
  wrong.realm.clear();
  EXPECT_EQ(create(wrong).error().reason(), "invalid_field");
  EXPECT_EQ(
      world_.groups
          .ReplaceRule(world_.administrator, world_.account, group_.id, rule_.id, "7-x", Wanted())
          .error()
          .reason(),
      "entity_tag_mismatch");
  for (int i = 1; i < world_.deps.limits.rules_per_group; ++i) ASSERT_TRUE(create(Wanted()).ok());
  EXPECT_EQ(create(Wanted()).error().reason(), "limit_exceeded");
  EXPECT_EQ(
      world_.groups.CreateRule(world_.administrator, world_.account, kPublicAccessGroup, Wanted())
          .error()
          .reason(),
      "group_fixed");
}

TEST_F(Groups, OfAMemberAreListedByHowTheyAreIn) {
  SignIn({"developers"});
  const auto total = [&](std::optional<MembershipType> type) {
    return world_.groups
        .List(world_.account, {.filter = {.member = user_.iam_id, .membership = type}}, {})
        ->total;
  };
  EXPECT_EQ(total(MembershipType::kStatic), 0);
  EXPECT_EQ(total(MembershipType::kDynamic), 1);
  EXPECT_EQ(total(std::nullopt), 1);
}

TEST_F(Groups, AreSortedAndEverybodysIsHidden) {
  ASSERT_TRUE(world_.groups.Create(world_.administrator, world_.account, {.name = "zz"}).ok());
  const auto names = [&](const GroupQuery& query) {
    std::string all;
    const auto listed = *world_.groups.List(world_.account, query, {});
    for (const AccessGroup& group : listed.items) all += group.name + ",";
    return all;
  };
  EXPECT_EQ(names({}), "Administrators,developers,zz,Public Access,");
  EXPECT_EQ(names({.filter = {.order = store::Order::kDescending}, .hide_public = true}),
            "zz,developers,Administrators,");
}

TEST_F(Groups, TakeUsersNobodyKnowsYetAndCheckTheKindOfOthers) {
  const auto add = [&](const NewMember& member) {
    return world_.groups.AddMember(world_.administrator, world_.account, group_.id, member);
  };
  const IamId unknown("IBMid-77");
  EXPECT_EQ(add({unknown}).error().reason(), "not_found");
  EXPECT_TRUE(add({unknown, control::IdentityKind::kUser}).ok());
  EXPECT_EQ(add({IamId("iam-ServiceId-1"), control::IdentityKind::kUser}).error().reason(),
            "not_found");
  EXPECT_EQ(add({user_.iam_id, control::IdentityKind::kServiceId}).error().reason(), "member_type");
  const auto profile =
      *world_.profiles.Create(world_.administrator, world_.account, {.name = "deployer"});
  EXPECT_TRUE(add({profile.iam_id, control::IdentityKind::kProfile}).ok());
  EXPECT_EQ(
      world_.groups
          .ListMembers(world_.account, group_.id, {.kind = control::IdentityKind::kProfile}, {})
          ->items.at(0)
          .name,
      "deployer");
  EXPECT_TRUE(world_.May(world_.CallerOf(profile.iam_id, control::IdentityKind::kProfile), kPull,
                         world_.Repository("team/app")));
}

TEST_F(Groups, OneIdentityJoinsAndLeavesSeveral) {
  const auto another =
      *world_.groups.Create(world_.administrator, world_.account, {.name = "another"});
  const NewMember member{user_.iam_id};
  ASSERT_TRUE(
      world_.groups.AddMember(world_.administrator, world_.account, group_.id, member).ok());
  const auto added = world_.groups.AddToGroups(world_.administrator, world_.account, member,
                                               {group_.id, another.id, "AccessGroupId-none"});
  EXPECT_FALSE(added.at(0).error);
  EXPECT_FALSE(added.at(1).error);
  EXPECT_EQ(added.at(2).error->reason(), "not_found");
  EXPECT_EQ(
      world_.groups.RemoveFromAllGroups(world_.administrator, world_.account, user_.iam_id)->size(),
      2U);
  EXPECT_EQ(world_.groups.RemoveFromAllGroups(world_.administrator, world_.account, user_.iam_id)
                .error()
                .code(),
            ErrorCode::kNotFound);
}

TEST_F(Groups, EverybodysIsSwitchedOffForEverybody) {
  const auto may = [&] {
    return std::pair(world_.May({}, kPull, world_.Repository("team/app")), MayPull());
  };
  const auto publish = [&] {
    world_.Grant({SubjectKind::kAccessGroup, std::string(kPublicAccessGroup)}, {Role::kReader});
  };
  publish();
  EXPECT_EQ(may(), std::pair(true, true));
  EXPECT_EQ(world_.Counts().public_policies, 1);
  ASSERT_TRUE(world_.groups.SetPublicAccess(world_.administrator, world_.account, false).ok());
  EXPECT_EQ(may(), std::pair(false, false));
  EXPECT_EQ(world_.Counts().public_policies, 0);
  EXPECT_FALSE(world_.groups.GetPublicAccess(world_.account)->enabled);
  // What is written meanwhile counts neither now nor later.
  publish();
  EXPECT_EQ(may(), std::pair(false, false));
  EXPECT_EQ(world_.Counts().public_policies, 0);
  ASSERT_TRUE(world_.groups.SetPublicAccess(world_.administrator, world_.account, true).ok());
  EXPECT_EQ(may(), std::pair(false, false));
  publish();
  EXPECT_EQ(may(), std::pair(true, true));
}

TEST_F(Groups, AnyMemberMayNotSwitchPublicAccess) {
  EXPECT_EQ(world_.groups.SetPublicAccess(world_.CallerOf(user_.iam_id), world_.account, false)
                .error()
                .code(),
            ErrorCode::kDenied);
}

}  // namespace
}  // namespace breakwater::iam
