// Trusted profiles: who may act as them, as pure function and in a database.
#include "iam/profiles.h"

#include <gtest/gtest.h>

#include "iam/iam_testing.h"

namespace breakwater::iam {
namespace {

using testing::World;

const AccountId kAccount("acc");

ProfileRule Rule(ProfileRuleKind kind, std::string realm) {
  ProfileRule rule;
  rule.id = "ClaimRule-1";
  rule.kind = kind;
  rule.realm = std::move(realm);
  rule.expiration_seconds = 900;
  rule.conditions = {{"team", ClaimOperator::kEquals, "\"red\""}};
  return rule;
}

TEST(ProfileTrust, AnEmptyOneTrustsNobody) {
  EXPECT_FALSE(MayAssume({}, kAccount, {}));
  EXPECT_FALSE(MayAssume({}, kAccount, {.account = kAccount, .iam_id = IamId("IBMid-1")}));
}

TEST(ProfileTrust, AListedUserComesFromTheAccountsThatAreNamed) {
  Trust trust;
  trust.identities = {{TrustedKind::kUser, "IBMid-1", IamId("IBMid-1"), {}, {}}};
  const auto may = [&](const char* account, const char* iam_id) {
    return MayAssume(trust, kAccount, {.account = AccountId(account), .iam_id = IamId(iam_id)})
        .has_value();
  };
  EXPECT_TRUE(may("acc", "IBMid-1"));
  EXPECT_FALSE(may("acc", "IBMid-2"));
  EXPECT_FALSE(may("other", "IBMid-1"));
  trust.identities[0].accounts = {"other"};
  EXPECT_TRUE(may("other", "IBMid-1"));
  EXPECT_FALSE(may("acc", "IBMid-1"));
}

TEST(ProfileTrust, NobodyIsNoListedIdentity) {
  Trust trust;
  trust.identities = {{TrustedKind::kUser, "", IamId(""), {}, {}},
                      {TrustedKind::kServiceId, "", IamId(""), {}, {}},
                      {TrustedKind::kCrn, "", IamId(""), {}, {}}};
  EXPECT_FALSE(MayAssume(trust, kAccount, {.account = kAccount}));
}

TEST(ProfileTrust, ARuleTrustsItsRealmAlone) {
  Trust trust;
  trust.rules = {Rule(ProfileRuleKind::kFederated, "https://idp")};
  Assumer who{.realm = "https://idp", .claims = {{"team", "red"}}};
  const auto trusted = MayAssume(trust, kAccount, who);
  ASSERT_TRUE(trusted);
  EXPECT_EQ(trusted->by, Trusted::By::kRule);
  EXPECT_EQ(trusted->id, "ClaimRule-1");
  EXPECT_EQ(trusted->life, std::chrono::seconds(900));
  who.realm = "https://idp/";
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
  who.realm = "https://idp";
  who.claims = {{"team", "blue"}};
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
}

TEST(ProfileTrust, ARuleForWorkloadsTrustsNoPeopleAndTheOtherWayRound) {
  Trust trust;
  trust.rules = {Rule(ProfileRuleKind::kComputeResource, "https://issuer")};
  trust.rules[0].cr_type = "IKS_SA";
  Assumer who{.realm = "https://issuer", .claims = {{"team", "red"}}};
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
  who.cr_type = "IKS_SA";
  EXPECT_TRUE(MayAssume(trust, kAccount, who));
  who.cr_type = "VSI";
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
  trust.rules = {Rule(ProfileRuleKind::kFederated, "https://issuer")};
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
}

TEST(ProfileTrust, ARuleThatNamesNoIssuerTrustsNobody) {
  Trust trust;
  trust.rules = {Rule(ProfileRuleKind::kComputeResource, "")};
  Assumer who{.realm = "https://issuer",
              .claims = {{"team", "red"}, {"iss", "https://issuer"}},
              .cr_type = "IKS_SA"};
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
  trust.rules[0].conditions.push_back({"iss", ClaimOperator::kEquals, "\"https://issuer\""});
  EXPECT_TRUE(MayAssume(trust, kAccount, who));
  who.claims["iss"] = "https://evil";
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
}

TEST(ProfileTrust, ALinkIsOneWorkload) {
  Trust trust;
  ProfileLink link;
  link.id = "Link-1";
  link.cr_type = "IKS_SA";
  link.crn = "crn:cluster";
  link.name_space = "ci";
  link.resource_name = "builder";
  trust.links = {link};
  Assumer who{
      .cr_type = "IKS_SA", .crn = "crn:cluster", .name_space = "ci", .resource_name = "builder"};
  EXPECT_EQ(MayAssume(trust, kAccount, who)->by, Trusted::By::kLink);
  who.name_space = "default";
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
  who.name_space = "ci";
  who.crn = "crn:another";
  EXPECT_FALSE(MayAssume(trust, kAccount, who));
}

class ProfilesTest : public ::testing::Test {
 protected:
  std::string Reason(const Status& status) { return status.error().reason(); }

  World world_;
  const control::Caller& admin_ = world_.administrator;
  const AccountId& account_ = world_.account;
  Profile profile_ = *world_.profiles.Create(admin_, account_, {.name = "deployer"});
};

TEST_F(ProfilesTest, AreMadeReadChangedAndDeleted) {
  EXPECT_EQ(profile_.iam_id.value(), "iam-" + profile_.id);
  EXPECT_EQ(world_.profiles.Create(admin_, account_, {.name = "deployer"}).error().reason(),
            "profile_exists");
  const auto changed =
      world_.profiles.Update(admin_, account_, profile_.id,
                             EntityTag(profile_.id, profile_.version), {.description = "d"});
  EXPECT_EQ(changed->description, "d");
  EXPECT_EQ(world_.profiles
                .Update(admin_, account_, profile_.id, EntityTag(profile_.id, profile_.version),
                        {.name = "x"})
                .error()
                .reason(),
            "entity_tag_mismatch");
  EXPECT_EQ(world_.profiles.List(account_, {.name = "deployer"}, {})->total, 1);
  world_.Grant(World::Of(profile_.iam_id), {Role::kReader});
  EXPECT_EQ(world_.Counts().direct_policies, 1);
  ASSERT_TRUE(world_.profiles.Delete(admin_, account_, profile_.id).ok());
  EXPECT_EQ(world_.Counts().direct_policies, 0);
  EXPECT_FALSE(world_.profiles.Get(account_, profile_.id).ok());
}

TEST_F(ProfilesTest, TrustIsKeptInLists) {
  const User user = world_.Invite("u@example.com");
  const auto service =
      world_.service_ids.Create(admin_, account_, {.name = "ci", .description = "builds"})
          ->service_id;
  const auto none = *world_.profiles.GetIdentities(account_, profile_.id);
  const auto set = world_.profiles.SetIdentities(
      admin_, account_, profile_.id, none.entity_tag,
      {{TrustedKind::kUser, user.iam_id.value()},
       {TrustedKind::kServiceId, service.id},
       {TrustedKind::kCrn, "crn:v1:bluemix:public:project:us-south:a/acc:1::"}});
  ASSERT_TRUE(set.ok()) << set.error().message();
  EXPECT_EQ(set->identities.size(), 3U);
  EXPECT_EQ(set->identities[1].description, "builds");
  EXPECT_EQ(world_.profiles.SetIdentities(admin_, account_, profile_.id, none.entity_tag, {})
                .error()
                .reason(),
            "entity_tag_mismatch");
  EXPECT_TRUE(
      world_.profiles.GetIdentity(account_, profile_.id, TrustedKind::kServiceId, service.id).ok());
  EXPECT_TRUE(
      world_.profiles
          .DeleteIdentity(admin_, account_, profile_.id, TrustedKind::kUser, user.iam_id.value())
          .ok());
  // Who is deleted is trusted no more, whoever gets such an id again.
  ASSERT_TRUE(world_.service_ids.Delete(admin_, account_, service.id).ok());
  EXPECT_EQ(world_.profiles.GetIdentities(account_, profile_.id)->identities.size(), 1U);
}

TEST_F(ProfilesTest, RefuseTrustInWhoIsNotThere) {
  EXPECT_EQ(
      world_.profiles.SetIdentity(admin_, account_, profile_.id, {TrustedKind::kUser, "IBMid-none"})
          .error()
          .code(),
      ErrorCode::kNotFound);
  EXPECT_EQ(
      world_.profiles.SetIdentity(admin_, account_, profile_.id, {TrustedKind::kCrn, "no crn"})
          .error()
          .reason(),
      "invalid_field");
  const NewProfileRule open{.kind = ProfileRuleKind::kComputeResource,
                            .cr_type = "IKS_SA",
                            .conditions = {{"namespace", ClaimOperator::kEquals, "\"ci\""}}};
  EXPECT_EQ(world_.profiles.CreateRule(admin_, account_, profile_.id, open).error().reason(),
            "invalid_field");
}

TEST_F(ProfilesTest, RulesAndLinksComeAndGo) {
  const NewProfileRule wanted{.realm = "https://idp",
                              .conditions = {{"team", ClaimOperator::kEquals, "\"red\""}}};
  const auto rule = *world_.profiles.CreateRule(admin_, account_, profile_.id, wanted);
  EXPECT_TRUE(world_.profiles
                  .ReplaceRule(admin_, account_, profile_.id, rule.id,
                               EntityTag(rule.id, rule.version), wanted)
                  .ok());
  EXPECT_TRUE(world_.profiles.DeleteRule(admin_, account_, profile_.id, rule.id).ok());
  EXPECT_FALSE(world_.profiles.GetRule(account_, profile_.id, rule.id).ok());
  ProfileLink link;
  link.cr_type = "IKS_SA";
  link.crn = "crn:v1:bluemix:public:containers-kubernetes:us-south:a/acc:c1::";
  link.name_space = "ci";
  const auto made = *world_.profiles.CreateLink(admin_, account_, profile_.id, link);
  EXPECT_EQ(world_.profiles.CreateLink(admin_, account_, profile_.id, link).error().reason(),
            "link_exists");
  EXPECT_EQ(world_.profiles.FindLink(account_, profile_.id, link)->id, made.id);
  EXPECT_TRUE(world_.profiles.DeleteLink(admin_, account_, profile_.id, made.id).ok());
  EXPECT_TRUE(world_.profiles.ListLinks(account_, profile_.id)->empty());
}

TEST_F(ProfilesTest, ChangingTakesARight) {
  const auto user = world_.CallerOf(world_.Invite("u@example.com").iam_id);
  EXPECT_EQ(world_.profiles.Create(user, account_, {.name = "x"}).error().code(),
            ErrorCode::kDenied);
  EXPECT_EQ(world_.profiles.Delete(user, account_, profile_.id).error().code(), ErrorCode::kDenied);
}

// Acting as a profile.
class ActingTest : public ProfilesTest {
 protected:
  static constexpr std::string_view kPull = "container-registry.image.pull";

  ActingTest() {
    world_.Grant(World::Of(profile_.iam_id), {Role::kReader});
    const auto made = *world_.service_ids.Create(admin_, account_,
                                                 {.name = "ci", .api_key = NewApiKey{.name = "k"}});
    service_ = made.service_id;
    key_ = made.api_key->value;
    key_id_ = made.api_key->key.id;
  }

  void Trust() {
    ASSERT_TRUE(
        world_.profiles
            .SetIdentity(admin_, account_, profile_.id, {TrustedKind::kServiceId, service_.id})
            .ok());
  }
  void Distrust() {
    ASSERT_TRUE(
        world_.profiles
            .DeleteIdentity(admin_, account_, profile_.id, TrustedKind::kServiceId, service_.id)
            .ok());
  }
  Result<Login> Assume(const ProfileName& name) {
    return world_.credentials.Assume(*world_.credentials.WithApiKey(key_), name);
  }
  Result<Login> WithBasic() { return world_.credentials.WithBasic({profile_.id, key_}); }
  std::string Bearer(const Login& login) {
    return "Bearer " + world_.tokens.IssueAccess(login, "assume", "default")->token;
  }
  Result<control::Actor> Authenticate(const std::string& authorization) {
    return world_.credentials.Authenticate(authorization, false);
  }

  ServiceId service_;
  Secret key_;
  std::string key_id_;
};

TEST_F(ActingTest, TakesTrustWhicheverWayTheProfileIsNamed) {
  const std::string crn = Crn{.service = "iam-identity",
                              .location = {},
                              .account = account_,
                              .instance = {},
                              .type = "profile",
                              .resource = profile_.id}
                              .ToString();
  const ProfileName names[] = {
      {.id = profile_.id}, {.crn = crn}, {.name = "deployer", .account = account_}};
  for (const ProfileName& name : names) {
    EXPECT_EQ(Reason(Assume(name).error()), "profile_not_trusted");
  }
  Trust();
  for (const ProfileName& name : names) {
    const auto login = Assume(name);
    ASSERT_TRUE(login.ok()) << name.crn;
    EXPECT_EQ(login->who->identity.iam_id, profile_.iam_id);
    EXPECT_EQ(login->who->identity.kind, control::IdentityKind::kProfile);
    EXPECT_EQ(login->by->identity.iam_id, service_.iam_id);
  }
  EXPECT_EQ(Reason(Assume({.name = "deployer", .account = AccountId("other")}).error()),
            "profile_not_trusted");
  EXPECT_EQ(Reason(Assume({.id = "Profile-none"}).error()), "profile_not_trusted");
}

TEST_F(ActingTest, HasTheProfilesRightsAndNotOnesOwn) {
  Trust();
  const auto actor = *Authenticate(Bearer(*Assume({.id = profile_.id})));
  EXPECT_EQ(actor.kind, control::IdentityKind::kProfile);
  EXPECT_NE(actor.name.find(service_.iam_id.value()), std::string::npos);
  control::Caller caller;
  caller.actor = actor;
  EXPECT_TRUE(world_.May(caller, kPull, world_.Repository("team/app")));
  EXPECT_FALSE(world_.May(world_.CallerOf(service_.iam_id, control::IdentityKind::kServiceId),
                          kPull, world_.Repository("team/app")));
}

TEST_F(ActingTest, EndsWithTheTrustTheKeyAndTheProfile) {
  Trust();
  const std::string token = Bearer(*Assume({.id = profile_.id}));
  ASSERT_TRUE(Authenticate(token).ok());
  Distrust();
  EXPECT_EQ(Reason(Authenticate(token).error()), "profile_not_trusted");
  EXPECT_EQ(Authenticate(token).error().code(), ErrorCode::kUnauthenticated);
  Trust();
  EXPECT_TRUE(Authenticate(token).ok());
  ASSERT_TRUE(world_.api_keys.SetDisabled(admin_, account_, key_id_, true).ok());
  EXPECT_EQ(Reason(Authenticate(token).error()), "api_key_disabled");
  ASSERT_TRUE(world_.api_keys.SetDisabled(admin_, account_, key_id_, false).ok());
  EXPECT_TRUE(Authenticate(token).ok());
  ASSERT_TRUE(world_.profiles.Delete(admin_, account_, profile_.id).ok());
  EXPECT_FALSE(Authenticate(token).ok());
}

TEST_F(ActingTest, OnTheDataPlaneTakesAServiceIdsKey) {
  EXPECT_EQ(WithBasic().error().code(), ErrorCode::kInvalid);
  Trust();
  EXPECT_EQ(WithBasic()->who->identity.iam_id, profile_.iam_id);
  EXPECT_EQ(world_.credentials.WithBasic({"Profile-none", key_}).error().code(),
            ErrorCode::kInvalid);
  EXPECT_EQ(world_.credentials.WithBasic({profile_.id, Secret("wrong")}).error().code(),
            ErrorCode::kInvalid);
  // A trusted user's key is no service ID's.
  ASSERT_TRUE(world_.profiles
                  .SetIdentity(admin_, account_, profile_.id,
                               {TrustedKind::kUser, admin_.actor.iam_id.value()})
                  .ok());
  EXPECT_EQ(world_.credentials.WithBasic({profile_.id, world_.administrator_key}).error().code(),
            ErrorCode::kInvalid);
}

TEST_F(ActingTest, OfARegistryTokenEndsWithTheTrust) {
  Trust();
  const auto login = *WithBasic();
  const std::string token = "Bearer " + world_.tokens.IssueRegistry(&login, "us.icr.io", {})->token;
  EXPECT_TRUE(world_.credentials.Authenticate(token, true).ok());
  Distrust();
  EXPECT_FALSE(world_.credentials.Authenticate(token, true).ok());
}

TEST_F(ActingTest, IsNotPassedOn) {
  Trust();
  const auto login = *Assume({.id = profile_.id});
  EXPECT_EQ(Reason(world_.credentials.Assume(login, {.id = profile_.id}).error()),
            "profile_not_trusted");
}

TEST_F(ActingTest, AsAnAdministratorCountsAsOne) {
  const auto counts = [&] {
    const AccessCounts all = world_.Counts();
    return std::pair(all.administrator_users, all.administrator_service_ids);
  };
  world_.Grant(World::Of(profile_.iam_id), {Role::kAdministrator});
  EXPECT_EQ(counts(), std::pair(std::int64_t{1}, std::int64_t{0}));
  Trust();
  EXPECT_EQ(counts(), std::pair(std::int64_t{1}, std::int64_t{1}));
  ASSERT_TRUE(world_.profiles
                  .CreateRule(admin_, account_, profile_.id,
                              {.realm = "https://idp",
                               .conditions = {{"team", ClaimOperator::kEquals, "\"red\""}}})
                  .ok());
  EXPECT_EQ(counts(), std::pair(std::int64_t{2}, std::int64_t{1}));
  world_.gate.most_administrators = 2;
  EXPECT_FALSE(world_.profiles
                   .SetIdentity(admin_, account_, profile_.id,
                                {TrustedKind::kUser, world_.Invite("v@example.com").iam_id.value()})
                   .ok());
}

}  // namespace
}  // namespace breakwater::iam
