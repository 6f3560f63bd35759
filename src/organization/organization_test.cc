// The tree: who may see and change it, and what it refuses.
#include "organization/organization.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "control/fact_events.h"
#include "iam/iam_testing.h"
#include "organization/hierarchy.h"
#include "organization/resource_groups.h"

namespace breakwater::organization {
namespace {

using iam::testing::World;

class OrganizationTest : public ::testing::Test {
 protected:
  Enterprise Found() {
    return *organization_.Found(world_.administrator, world_.account,
                                {.name = "Harbour",
                                 .domain = "harbour.example",
                                 .primary_contact = world_.administrator.actor.iam_id});
  }
  AccountGroup Group(const std::string& parent, const std::string& name) {
    return *organization_.CreateGroup(
        world_.administrator,
        {.parent = parent, .name = name, .primary_contact = world_.administrator.actor.iam_id});
  }
  Result<MadeAccount> Account(const std::string& parent, bool with_service_id = true) {
    return organization_.CreateAccount(world_.administrator,
                                       {.parent = parent,
                                        .name = "Branch",
                                        .owner = world_.administrator.actor.iam_id,
                                        .with_service_id = with_service_id});
  }
  View See(const AccountId& viewer) { return **organization_.See(viewer); }
  control::Actor ActorOf(const MadeAccount& made) {
    return *world_.credentials.Authenticate(World::Basic(*made.api_key), false);
  }

  World world_;
  bool holds_content_ = false;
  Organization organization_{
      {world_.deps,
       world_.hasher,
       [this](db::Transaction&, const AccountId&) -> Result<bool> { return holds_content_; },
       {.accounts = 3, .account_groups = 4, .levels = 2}}};
  ResourceGroups groups_{{world_.deps,
                          [this](db::Transaction&, const AccountId&,
                                 std::string_view) -> Result<bool> { return holds_content_; },
                          {.resource_groups = 2}}};
};

TEST_F(OrganizationTest, AnAccountStandsAloneUntilItFoundsAnEnterpriseWhichItDoesOnce) {
  EXPECT_FALSE(organization_.See(world_.account)->has_value());
  const Enterprise made = Found();
  const View view = See(world_.account);
  EXPECT_TRUE(view.whole);
  EXPECT_EQ(view.tree.enterprise().name, "Harbour");
  ASSERT_EQ(view.accounts.size(), 1U);
  EXPECT_EQ(view.accounts[0].parent, made.id);
  EXPECT_EQ(organization_
                .Found(world_.administrator, world_.account,
                       {.name = "Another", .primary_contact = world_.administrator.actor.iam_id})
                .error()
                .reason(),
            "enterprise_exists");
}

TEST_F(OrganizationTest, ANewAccountHasAnOwnerAdministratorsAndAKeyThatIsAnAdministrators) {
  const Enterprise enterprise = Found();
  const auto made = Account(enterprise.id);
  ASSERT_TRUE(made.ok());
  control::Caller robot;
  robot.actor = ActorOf(*made);
  EXPECT_EQ(robot.actor.account, made->id);
  const auto resource = control::ServiceResource(made->id, RegistryName("us.icr.io"), "us-south");
  EXPECT_TRUE(
      world_.authorizer.Authorize(robot, "container-registry.namespace.create", resource).ok());
  const auto foreign =
      control::ServiceResource(world_.account, RegistryName("us.icr.io"), "us-south");
  EXPECT_FALSE(
      world_.authorizer.Authorize(robot, "container-registry.namespace.create", foreign).ok());
  EXPECT_FALSE(world_.authorizer
                   .Authorize(world_.administrator, "container-registry.namespace.create", resource)
                   .ok());
  const auto account = See(world_.account).accounts;
  const auto place = std::ranges::find(account, made->id, &MemberAccount::id);
  ASSERT_NE(place, account.end());
  EXPECT_EQ(place->owner_email, "admin@localhost");
}

TEST_F(OrganizationTest, AMemberSeesItselfAndTheWayUpAndChangesNothing) {
  const Enterprise enterprise = Found();
  const AccountGroup above = Group(enterprise.id, "Above");
  const AccountGroup beside = Group(enterprise.id, "Beside");
  const auto made = *Account(above.id);
  ASSERT_TRUE(Account(beside.id).ok());
  const View view = See(made.id);
  EXPECT_FALSE(view.whole);
  ASSERT_EQ(view.accounts.size(), 1U);
  EXPECT_EQ(view.accounts[0].id, made.id);
  ASSERT_EQ(view.tree.groups().size(), 1U);
  EXPECT_EQ(view.tree.groups()[0].id, above.id);
  control::Caller robot;
  robot.actor = ActorOf(made);
  EXPECT_EQ(organization_.UpdateGroup(robot, above.id, {.name = "Mine"}).error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(organization_.MoveAccount(robot, made.id, enterprise.id).error().code(),
            ErrorCode::kNotFound);
}

TEST_F(OrganizationTest, PathsLeadFromTheEnterpriseDown) {
  const Enterprise enterprise = Found();
  const AccountGroup upper = Group(enterprise.id, "Upper");
  const AccountGroup lower = Group(See(world_.account).tree.CrnOf(upper.id), "Lower");
  const Tree tree = See(world_.account).tree;
  EXPECT_EQ(tree.PathTo(lower.id), (std::vector{enterprise.id, upper.id, lower.id}));
  EXPECT_EQ(tree.PathText(lower.id), "enterprise:" + enterprise.id + "$account-group:" + upper.id +
                                         "$account-group:" + lower.id);
  EXPECT_TRUE(tree.IsBelow(lower.id, upper.id));
  EXPECT_FALSE(tree.IsBelow(upper.id, lower.id));
  const auto below = Select(See(world_.account), {.below = enterprise.id});
  EXPECT_EQ(below.size(), 2U);
  EXPECT_EQ(Select(See(world_.account), {.parent = upper.id}).size(), 1U);
}

TEST_F(OrganizationTest, LimitsHold) {
  const Enterprise enterprise = Found();
  const AccountGroup first = Group(enterprise.id, "1");
  const AccountGroup second = Group(first.id, "2");
  const auto third = organization_.CreateGroup(
      world_.administrator,
      {.parent = second.id, .name = "3", .primary_contact = world_.administrator.actor.iam_id});
  EXPECT_EQ(third.error().reason(), "limit_exceeded");
  ASSERT_TRUE(Account(enterprise.id, false).ok());
  ASSERT_TRUE(Account(enterprise.id, false).ok());
  EXPECT_EQ(Account(enterprise.id, false).error().reason(), "limit_exceeded");
}

TEST_F(OrganizationTest, AGroupIsDeletedWhenItIsEmptyAndThenIsNoParent) {
  const Enterprise enterprise = Found();
  const AccountGroup group = Group(enterprise.id, "Group");
  const auto made = *Account(group.id);
  EXPECT_EQ(organization_.DeleteGroup(world_.administrator, group.id).error().reason(),
            "not_empty");
  ASSERT_TRUE(organization_.MoveAccount(world_.administrator, made.id, enterprise.id).ok());
  ASSERT_TRUE(organization_.DeleteGroup(world_.administrator, group.id).ok());
  EXPECT_EQ(organization_.MoveAccount(world_.administrator, made.id, group.id).error().code(),
            ErrorCode::kInvalid);
  EXPECT_TRUE(Select(See(world_.account), {}).empty());
  EXPECT_TRUE(Select(See(world_.account), {.deleted = true}).empty());  // not even loaded
  const auto all = [&] { return **organization_.See(world_.account, true); };
  EXPECT_EQ(Select(all(), {.deleted = true}).size(), 1U);
  ASSERT_TRUE(organization_.DeleteAccount(world_.administrator, made.id).ok());
  EXPECT_EQ(SelectAccounts(all(), {.deleted = true}).size(), 2U);
  world_.clock.Advance(Organization::kDeletedLife + std::chrono::hours(1));
  ASSERT_TRUE(organization_.Sweep().ok());
  EXPECT_TRUE(Select(all(), {.deleted = true}).empty());
  EXPECT_EQ(SelectAccounts(all(), {.deleted = true}).size(), 1U);
}

TEST_F(OrganizationTest, ADeletedAccountsIdentitiesAreNobodyAtOnce) {
  const Enterprise enterprise = Found();
  const auto made = *Account(enterprise.id);
  ASSERT_EQ(ActorOf(made).account, made.id);
  holds_content_ = true;
  EXPECT_EQ(organization_.DeleteAccount(world_.administrator, made.id).error().reason(),
            "not_empty");
  holds_content_ = false;
  ASSERT_TRUE(organization_.DeleteAccount(world_.administrator, made.id).ok());
  EXPECT_EQ(world_.credentials.Authenticate(World::Basic(*made.api_key), false).error().code(),
            ErrorCode::kUnauthenticated);
  EXPECT_EQ(organization_.DeleteAccount(world_.administrator, world_.account).error().reason(),
            "enterprise_account");
  EXPECT_EQ(*world_.deps.database.ReadValue(iam::store::ListAccounts),
            (std::vector{world_.account}));
}

TEST_F(OrganizationTest, ANewAccountIsJudged) {
  const Enterprise enterprise = Found();
  world_.gate.most_administrators = 0;
  EXPECT_EQ(Account(enterprise.id).error().reason(), "config_rule_denied");
  EXPECT_EQ(See(world_.account).accounts.size(), 1U);
}

TEST_F(OrganizationTest, AccountsThatComeMoveAndGoAreLookedAtAgain) {
  const Enterprise enterprise = Found();
  std::vector<std::string> told;
  world_.jobs->Register("test.told", {}, [&](const jobs::Job& job) {
    told.emplace_back(json::FindText(job.payload, "account"));
    return Ok();
  });
  world_.jobs->Subscribe(std::string(control::kFactsChanged), "test.told");
  const auto take = [&] {
    EXPECT_TRUE(world_.jobs->RunDue().ok());
    return std::exchange(told, {});
  };
  const auto group = Group(enterprise.id, "North");
  take();
  const auto made = *Account(enterprise.id);
  EXPECT_EQ(take(), std::vector{made.id.value()});
  ASSERT_TRUE(organization_.MoveAccount(world_.administrator, made.id, group.id).ok());
  EXPECT_EQ(take(), std::vector{made.id.value()});
  ASSERT_TRUE(organization_.DeleteAccount(world_.administrator, made.id).ok());
  EXPECT_EQ(take(), std::vector{made.id.value()});
}

TEST_F(OrganizationTest, ADeletedAccountInheritsNothing) {
  const Enterprise enterprise = Found();
  const auto made = *Account(enterprise.id);
  const Hierarchy hierarchy;
  const auto root = [&] {
    return world_.deps.database
        .ReadValue([&](db::Transaction& tx) { return hierarchy.PlaceOf(tx, made.id); })
        ->root;
  };
  EXPECT_EQ(root(), world_.account);
  ASSERT_TRUE(organization_.DeleteAccount(world_.administrator, made.id).ok());
  EXPECT_EQ(root(), made.id);
}

TEST_F(OrganizationTest, WhoIsNoAdministratorChangesNothing) {
  const Enterprise enterprise = Found();
  const control::Caller user = world_.CallerOf(world_.Invite("u@example.com").iam_id);
  EXPECT_EQ(organization_.Update(user, enterprise.id, {.name = "Mine"}).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(groups_.Create(user, world_.account, "mine").error().code(), ErrorCode::kDenied);
}

TEST_F(OrganizationTest, ResourceGroupsHaveNamesOfTheirOwnAndADefaultThatStays) {
  const auto made = *groups_.Create(world_.administrator, world_.account, "Production");
  EXPECT_EQ(groups_.Create(world_.administrator, world_.account, "Production").error().code(),
            ErrorCode::kExists);
  EXPECT_EQ(groups_.Create(world_.administrator, world_.account, "Default").error().code(),
            ErrorCode::kExists);
  const auto all = *groups_.List(world_.account);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].is_default);
  EXPECT_EQ(groups_.Delete(world_.administrator, world_.account, all[0].id).error().reason(),
            "default_group");
  EXPECT_EQ(groups_.Rename(world_.administrator, world_.account, made.id, "Staging")->name,
            "Staging");
  EXPECT_EQ(groups_.Get(AccountId("other"), made.id).error().code(), ErrorCode::kNotFound);
  holds_content_ = true;
  EXPECT_EQ(groups_.Delete(world_.administrator, world_.account, made.id).error().reason(),
            "not_empty");
  holds_content_ = false;
  EXPECT_TRUE(groups_.Delete(world_.administrator, world_.account, made.id).ok());
}

}  // namespace
}  // namespace breakwater::organization
