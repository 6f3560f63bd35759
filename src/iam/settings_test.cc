// What an account's settings, and a user's, change.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "iam/addresses.h"
#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

bool Allows(const char* list, const char* address) {
  return AllowedAddresses::Parse(list)->Allows(address);
}

TEST(Addresses, AnEmptyListAllowsEverythingAndAnotherOnlyAddresses) {
  EXPECT_TRUE(Allows("", "192.0.2.1"));
  EXPECT_TRUE(Allows(" , ", "no address"));
  EXPECT_FALSE(Allows("192.0.2.1", "no address"));
  EXPECT_FALSE(Allows("192.0.2.1", ""));
}

TEST(Addresses, AreSingleOnesNetworksAndRangesOfBothFamilies) {
  const char* list = "192.0.2.7, 10.0.0.0/8,198.51.100.9-198.51.101.3,2001:db8::/33";
  for (const char* in : {"192.0.2.7", "10.255.255.255", "198.51.100.9", "198.51.101.3",
                         "198.51.100.255", "2001:db8:7fff::1", "::ffff:10.1.2.3"}) {
    EXPECT_TRUE(Allows(list, in)) << in;
  }
  for (const char* out :
       {"192.0.2.8", "11.0.0.0", "198.51.100.8", "198.51.101.4", "2001:db8:8000::", "::a00:1"}) {
    EXPECT_FALSE(Allows(list, out)) << out;
  }
}

TEST(Addresses, WhatIsNoneIsRefusedByName) {
  for (const char* bad :
       {"192.0.2.256", "10.0.0.9-10.0.0.1", "10.0.0.1-2001:db8::1", "a,b", "*", "10.0.0.0/33"}) {
    const auto parsed = AllowedAddresses::Parse(bad);
    ASSERT_FALSE(parsed.ok()) << bad;
    EXPECT_EQ(parsed.error().reason(), "invalid_field");
  }
}

RC_GTEST_PROP(AddressesProperty, ANetworkAllowsWhatIsInIt, ()) {
  const auto octets = *rc::gen::element<std::size_t>(4, 16);
  const auto bytes =
      *rc::gen::container<std::vector<std::uint8_t>>(octets, rc::gen::arbitrary<std::uint8_t>());
  const auto address = *IpAddress::FromBytes(bytes);
  const auto prefix = *rc::gen::inRange(0U, address.bits() + 1);
  const auto network = *IpNetwork::Parse(address.ToString() + "/" + std::to_string(prefix));
  const auto other_bytes =
      *rc::gen::container<std::vector<std::uint8_t>>(4, rc::gen::arbitrary<std::uint8_t>());
  const auto other = *IpAddress::FromBytes(other_bytes);
  const auto list = *AllowedAddresses::Parse(network.ToString());
  RC_ASSERT(list.Allows(address.ToString()));
  RC_ASSERT(list.Allows(other.ToString()) == network.Contains(other));
}

class SettingsTest : public ::testing::Test {
 protected:
  AccountSettings Set(const SettingsService::Edit& edit) {
    return *world_.settings.Update(admin_, account_, "*", edit);
  }
  std::string Refused(const SettingsService::Edit& edit) {
    return world_.settings.Update(admin_, account_, "*", edit).error().reason();
  }
  static control::Origin From(const char* address) {
    control::Origin origin;
    origin.address = address;
    return origin;
  }
  std::string LoginFrom(const Secret& key, const char* address) {
    const Status may =
        world_.address_guard.Check(From(address), *world_.credentials.WithApiKey(key));
    return may.ok() ? "" : may.error().reason();
  }

  World world_;
  const control::Caller& admin_ = world_.administrator;
  const AccountId& account_ = world_.account;
  const User user_ = world_.Invite("u@example.com");
  const control::Caller caller_ = world_.CallerOf(user_.iam_id);
};

TEST_F(SettingsTest, AreTheDefaultsUntilTheyAreSet) {
  const auto first = *world_.settings.Get(account_);
  EXPECT_EQ(first.version, 0);
  const auto set = world_.settings.Update(admin_, account_, SettingsTag(account_, first),
                                          [](AccountSettings& s) { s.max_sessions = 7; });
  EXPECT_EQ(world_.settings.Get(account_)->max_sessions, 7);
  EXPECT_EQ(world_.settings
                .Update(admin_, account_, SettingsTag(account_, first), [](AccountSettings&) {})
                .error()
                .reason(),
            "entity_tag_mismatch");
  EXPECT_EQ(world_.settings.History(account_)->size(), 1U);
  EXPECT_EQ(world_.settings.Update(caller_, account_, "*", [](AccountSettings&) {}).error().code(),
            ErrorCode::kDenied);
}

TEST_F(SettingsTest, OutOfRangeAreRefused) {
  using std::chrono::seconds;
  EXPECT_EQ(Refused([](AccountSettings& s) { s.session_life = seconds(86'401); }), "invalid_field");
  EXPECT_EQ(Refused([](AccountSettings& s) { s.session_idle = seconds(899); }), "invalid_field");
  EXPECT_EQ(Refused([](AccountSettings& s) { s.access_token_life = seconds(3601); }),
            "invalid_field");
  EXPECT_EQ(Refused([](AccountSettings& s) { s.refresh_token_life = seconds(259'201); }),
            "invalid_field");
  EXPECT_EQ(Refused([](AccountSettings& s) { s.max_sessions = 0; }), "invalid_field");
  EXPECT_EQ(Refused([](AccountSettings& s) { s.allowed_addresses = "everywhere"; }),
            "invalid_field");
}

TEST_F(SettingsTest, SayHowLongTokensLive) {
  Set([](AccountSettings& s) {
    s.access_token_life = std::chrono::seconds(900);
    s.refresh_token_life = std::chrono::seconds(1800);
  });
  const auto login = *world_.credentials.WithApiKey(world_.administrator_key);
  const auto access = *world_.tokens.IssueAccess(login, "apikey", "bx");
  EXPECT_EQ(access.expires - access.issued, std::chrono::seconds(900));
  const auto refresh = *world_.tokens.IssueRefresh(login, "bx");
  EXPECT_EQ(refresh.expires - refresh.issued, std::chrono::seconds(1800));
}

TEST_F(SettingsTest, SayHowLongSessionsLive) {
  Set([](AccountSettings& s) {
    s.session_life = std::chrono::seconds(1000);
    s.session_idle = std::chrono::seconds(901);
    s.max_sessions = 3;
  });
  const auto limits = *world_.sign_in.LimitsOf(account_);
  EXPECT_EQ(limits.life, std::chrono::seconds(1000));
  EXPECT_EQ(limits.idle, std::chrono::seconds(901));
  EXPECT_EQ(limits.most, 3);
}

TEST_F(SettingsTest, LetEveryMemberMakeServiceIdsOrOnlyWhoMayManageThem) {
  const auto create = [&](const control::Caller& caller) {
    return world_.service_ids.Create(caller, account_, {.name = "x"}).ok();
  };
  EXPECT_FALSE(create(caller_));
  Set([](AccountSettings& s) { s.create_service_id = WhoMayCreate::kNotRestricted; });
  EXPECT_TRUE(create(caller_));
  auto stranger = caller_;
  stranger.actor.account = AccountId("other");
  EXPECT_FALSE(create(stranger));
  Set([](AccountSettings& s) { s.create_service_id = WhoMayCreate::kRestricted; });
  EXPECT_FALSE(create(caller_));
  EXPECT_TRUE(create(admin_));
}

TEST_F(SettingsTest, LetUsersMakeKeysOfTheirOwnOrOnlyWhoMayManageThem) {
  const auto create = [&](const control::Caller& caller) {
    return world_.api_keys.Create(caller, account_, user_.iam_id, {.name = "x"});
  };
  const auto own = create(caller_);
  ASSERT_TRUE(own.ok());
  Set([](AccountSettings& s) { s.create_api_key = WhoMayCreate::kRestricted; });
  EXPECT_EQ(create(caller_).error().code(), ErrorCode::kDenied);
  EXPECT_TRUE(create(admin_).ok());
  // What one has, one may still look after.
  EXPECT_TRUE(world_.api_keys.Delete(caller_, account_, own->key.id).ok());
}

TEST_F(SettingsTest, SayWhoMayBeInvited) {
  const auto invite = [&](const char* email) {
    return world_.users.Invite(admin_, account_, {{email, {}}});
  };
  Set([](AccountSettings& s) {
    s.domains = {{.realm = "IBMid", .patterns = {"*@Example.com"}, .restricted = true}};
  });
  EXPECT_TRUE(invite("a@example.com").ok());
  EXPECT_EQ(invite("a@example.org").error().reason(), "domain_restricted");
  Set([](AccountSettings& s) { s.domains[0].restricted = false; });
  EXPECT_TRUE(invite("a@example.org").ok());
}

TEST_F(SettingsTest, MayShowUsersThemselvesAlone) {
  const auto total = [&](const control::Caller& caller) {
    return world_.users.List(account_, *world_.users.Visible(caller, account_, {}), {})->total;
  };
  EXPECT_EQ(total(caller_), 2);
  Set([](AccountSettings& s) { s.user_list_restricted = true; });
  EXPECT_EQ(total(caller_), 1);
  EXPECT_EQ(total(admin_), 2);
}

TEST_F(SettingsTest, SayFromWhereOneMaySignIn) {
  const Secret key = world_.api_keys.Create(caller_, account_, user_.iam_id, {.name = "k"})->value;
  EXPECT_EQ(LoginFrom(key, "192.0.2.1"), "");
  Set([](AccountSettings& s) { s.allowed_addresses = "192.0.2.0/24"; });
  EXPECT_EQ(LoginFrom(key, "192.0.2.1"), "");
  EXPECT_EQ(LoginFrom(key, "198.51.100.1"), "address_not_allowed");
  // Both the account's list and the user's must allow it.
  ASSERT_TRUE(world_.users
                  .UpdateSettings(admin_, account_, user_.iam_id,
                                  {.allowed_addresses = "192.0.2.9, 198.51.100.1"})
                  .ok());
  EXPECT_EQ(LoginFrom(key, "192.0.2.1"), "address_not_allowed");
  EXPECT_EQ(LoginFrom(key, "198.51.100.1"), "address_not_allowed");
  EXPECT_EQ(LoginFrom(key, "192.0.2.9"), "");
  EXPECT_EQ(LoginFrom(world_.administrator_key, "192.0.2.1"), "");
}

TEST_F(SettingsTest, DoNotShutOutWhoWritesThem) {
  auto admin = admin_;
  admin.origin.address = "203.0.113.5";
  const auto set = [&](const char* list) {
    return world_.settings.Update(admin, account_, "*",
                                  [&](AccountSettings& s) { s.allowed_addresses = list; });
  };
  EXPECT_EQ(set("192.0.2.0/24").error().reason(), "would_lock_you_out");
  EXPECT_TRUE(set("192.0.2.0/24,203.0.113.5").ok());
  EXPECT_EQ(
      world_.users
          .UpdateSettings(admin, account_, admin.actor.iam_id, {.allowed_addresses = "192.0.2.1"})
          .error()
          .reason(),
      "would_lock_you_out");
}

TEST_F(SettingsTest, OfAUserAreKept) {
  ASSERT_TRUE(world_.users
                  .Update(admin_, account_, user_.iam_id,
                          {.first_name = "Ada", .email = "Ada@Example.com", .phone = "12"})
                  .ok());
  ASSERT_TRUE(
      world_.users.UpdateSettings(admin_, account_, user_.iam_id, {.language = "fr-fr"}).ok());
  const User user = *world_.users.Get(account_, user_.iam_id);
  EXPECT_EQ(user.first_name, "Ada");
  EXPECT_EQ(user.email, "ada@example.com");
  EXPECT_EQ(user.phone, "12");
  EXPECT_EQ(user.language, "fr-fr");
  world_.Invite("taken@example.com");
  EXPECT_EQ(world_.users.Update(admin_, account_, user_.iam_id, {.email = "taken@example.com"})
                .error()
                .reason(),
            "user_exists");
  EXPECT_EQ(
      world_.users.Update(caller_, account_, user_.iam_id, {.first_name = "x"}).error().code(),
      ErrorCode::kDenied);
}

TEST_F(SettingsTest, AUserWhoIsSuspendedDoesNothingAnyMore) {
  const Secret key = world_.api_keys.Create(caller_, account_, user_.iam_id, {.name = "k"})->value;
  const std::string basic = World::Basic(key);
  const std::string bearer =
      "Bearer " + world_.tokens.IssueAccess(*world_.credentials.WithApiKey(key), "g", "c")->token;
  world_.Grant(World::Of(user_.iam_id), {Role::kReader});
  const auto may = [&] {
    return world_.May(caller_, "container-registry.image.pull", world_.Repository("team/app"));
  };
  EXPECT_TRUE(may());
  ASSERT_TRUE(world_.credentials.Authenticate(bearer, false).ok());
  for (const UserState state : {UserState::kDisabledClassicInfrastructure, UserState::kVpnOnly}) {
    ASSERT_TRUE(world_.users.Update(admin_, account_, user_.iam_id, {.state = state}).ok());
    EXPECT_EQ(world_.credentials.Authenticate(basic, false).error().reason(), "identity_suspended");
    EXPECT_EQ(world_.credentials.Authenticate(bearer, false).error().reason(),
              "identity_suspended");
    EXPECT_FALSE(may());
    ASSERT_TRUE(
        world_.users.Update(admin_, account_, user_.iam_id, {.state = UserState::kActive}).ok());
    EXPECT_TRUE(world_.credentials.Authenticate(basic, false).ok());
    EXPECT_TRUE(may());
  }
  EXPECT_EQ(world_.users.Update(admin_, account_, user_.iam_id, {.state = UserState::kProcessing})
                .error()
                .reason(),
            "invalid_field");
}

TEST_F(SettingsTest, TheOwnerIsNotSuspended) {
  EXPECT_EQ(
      world_.users.Update(admin_, account_, admin_.actor.iam_id, {.state = UserState::kVpnOnly})
          .error()
          .reason(),
      "owner");
}

TEST(UserNames, GivingSomebodyAnotherAddressTakesTheRightToGiveThemAPassword) {
  World world;
  const User manager = world.Invite("m@example.com");
  const User victim = world.Invite("v@example.com");
  PolicyContent content = world.Content(World::Of(manager.iam_id), {Role::kAdministrator});
  content.attributes.back().value = "user-management";
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  const control::Caller caller = world.CallerOf(manager.iam_id);
  EXPECT_TRUE(world.users.Update(caller, world.account, victim.iam_id, {.first_name = "V"}).ok());
  EXPECT_EQ(world.users.Update(caller, world.account, victim.iam_id, {.email = "m2@example.com"})
                .error()
                .code(),
            ErrorCode::kDenied);
  EXPECT_TRUE(
      world.users
          .Update(world.administrator, world.account, victim.iam_id, {.email = "v2@example.com"})
          .ok());
}

TEST(UserNames, TheOwnerIsKeptOutByNobodyElse) {
  World world;
  const User other = world.Invite("o@example.com");
  PolicyContent content = world.Content(World::Of(other.iam_id), {Role::kAdministrator});
  content.attributes.back() = {"serviceType", "platform_service"};
  ASSERT_TRUE(world.policies.Create(world.administrator, world.account, content).ok());
  const control::Caller caller = world.CallerOf(other.iam_id);
  const IamId owner = world.administrator.actor.iam_id;
  EXPECT_EQ(
      world.users.Update(caller, world.account, owner, {.email = "x@example.com"}).error().code(),
      ErrorCode::kDenied);
  EXPECT_EQ(
      world.users.UpdateSettings(caller, world.account, owner, {.allowed_addresses = "192.0.2.1"})
          .error()
          .code(),
      ErrorCode::kDenied);
  EXPECT_TRUE(
      world.users.Update(world.administrator, world.account, owner, {.email = "me@example.com"})
          .ok());
}

}  // namespace
}  // namespace breakwater::iam
