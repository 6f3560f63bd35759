// An installation's IAM on a real database, for tests of this folder and of its wire formats.
#pragma once

#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "audit/recorder.h"
#include "base/testing.h"
#include "crypto/sealing.h"
#include "db/testing.h"
#include "iam/access_explainer.h"
#include "iam/access_groups.h"
#include "iam/activity.h"
#include "iam/address_guard.h"
#include "iam/api_keys.h"
#include "iam/authorizer.h"
#include "iam/bootstrap.h"
#include "iam/credentials.h"
#include "iam/custom_roles.h"
#include "iam/facts.h"
#include "iam/identities.h"
#include "iam/identity_facts.h"
#include "iam/network_zones.h"
#include "iam/policies.h"
#include "iam/policy_warnings.h"
#include "iam/profiles.h"
#include "iam/restriction_rules.h"
#include "iam/sessions.h"
#include "iam/settings_service.h"
#include "iam/sign_in/sign_in.h"

namespace breakwater::iam::testing {

class SwitchableMode final : public AccessMode {
 public:
  Result<bool> IamAuthz(const AccountId&, const RegistryName&) override { return policies_count; }
  bool policies_count = true;
};

// Refuses a state with more administrators among the users than allowed.
class AdministratorGate final : public control::Gate {
 public:
  Result<control::Judgement> Judge(db::Transaction&, const control::Caller&,
                                   const control::Resource&, const condition::Facts& facts,
                                   const control::Before*) override {
    control::Judgement judgement;
    const condition::Fact* users = facts.Find("administrator_users");
    if (users == nullptr) return judgement;  // not about who may do what
    if (std::get<condition::Number>(*users->value()).integer() > most_administrators) {
      judgement.compliant = false;
      judgement.refusal = Denied("too many administrators").Reason("config_rule_denied");
    }
    return judgement;
  }
  std::int64_t most_administrators = 1'000'000;
};

inline const Secret& MasterKey() {
  static const Secret key = crypto::NewSealingKey();
  return key;
}

inline crypto::PasswordHashOptions CheapHashes() {
  return {.memory_kib = 64, .passes = 1};
}

// Making a key takes 0.1 s: one serves all tests of a program.
inline SigningKeys TestSigningKeys() {
  static const SigningKeys keys = SigningKeys::Fixed(crypto::SigningKey::Generate());
  return keys;
}

// One registry, and what a test puts here.
class GivenSurroundings final : public SurroundingsSource {
 public:
  Result<Surroundings> Of(const AccountId&) override { return given; }
  Surroundings given{
      .registries = {{"us.icr.io", "us-south"}}, .namespaces = {}, .resource_groups = {}};
};

struct World {
  World() {
    facts.Add(access_facts);
    facts.Add(identity_facts);
    credentials.Watch(sign_in);
    credentials.Count(activity);
    credentials.RecordTo(changes);
    authorizer.Count(activity);
    administrator_key = **EnsureInstalled(deps, hasher, {.account = AccountId("acc")});
    administrator.actor = *credentials.Authenticate(Basic(administrator_key), false);
  }

  static std::string Basic(const Secret& key) {
    return "Basic " + Base64Encode(AsBytes("iamapikey:" + key.Reveal()));
  }

  control::Caller CallerOf(const IamId& iam_id,
                           control::IdentityKind kind = control::IdentityKind::kUser) const {
    control::Caller caller;
    caller.actor.kind = kind;
    caller.actor.account = account;
    caller.actor.iam_id = iam_id;
    return caller;
  }

  User Invite(const std::string& email) {
    return users.Invite(administrator, account, {{email, {}}})->front();
  }

  // As an administrator and they would.
  void GivePassword(const IamId& iam_id, const Secret& chosen) {
    const auto initial = passwords.Reset(administrator, account, iam_id);
    ASSERT_TRUE(initial.ok());
    ASSERT_TRUE(passwords.Change(CallerOf(iam_id), initial->value, chosen).ok());
  }

  PolicyContent Content(Subject subject, std::vector<RoleRef> roles,
                        std::vector<PolicyAttribute> more = {}) const {
    PolicyContent content;
    content.subject = std::move(subject);
    content.roles = std::move(roles);
    content.attributes = std::move(more);
    content.attributes.push_back({"accountId", account.value()});
    content.attributes.push_back({"serviceName", "container-registry"});
    return content;
  }

  Policy Grant(Subject subject, std::vector<RoleRef> roles,
               std::vector<PolicyAttribute> more = {}) {
    return *policies.Create(administrator, account,
                            Content(std::move(subject), std::move(roles), std::move(more)));
  }
  static Subject Of(const IamId& iam_id) { return {SubjectKind::kIdentity, iam_id.value()}; }

  control::Resource Repository(const std::string& name) const {
    control::Resource resource =
        control::NamespaceResource(account, registry, "us-south", name.substr(0, name.find('/')));
    resource.kind = "image";
    resource.name = name;
    return resource;
  }

  bool May(const control::Caller& caller, std::string_view action,
           const control::Resource& resource) {
    return authorizer.Authorize(caller, action, resource).ok();
  }

  AccessCounts Counts() {
    AccessCounts counts;
    const auto read = *database->database().ReadValue(
        [&](db::Transaction& tx) { return access_facts.Read(tx, AccessResource(account)); });
    const auto number = [&](const char* property) {
      return std::get<condition::Number>(*read.Find(property)->value()).integer();
    };
    counts.administrator_users = number("administrator_users");
    counts.administrator_service_ids = number("administrator_service_ids");
    counts.manager_users = number("manager_users");
    counts.manager_service_ids = number("manager_service_ids");
    counts.direct_policies = number("direct_policies");
    counts.public_policies = number("public_policies");
    return counts;
  }

  const AccountId account{"acc"};
  const RegistryName registry{"us.icr.io"};
  breakwater::testing::ManualClock clock;
  std::unique_ptr<db::testing::TestDatabase> database = db::testing::OpenTestDatabase();
  std::unique_ptr<jobs::Jobs> jobs = jobs::NewJobs({.owner = "test"}, database->database(), clock);
  audit::Log audit{database->database(), clock};
  AccessCache cache{database->database(), clock};
  SwitchableMode mode;
  RestrictionEvents restriction_events{audit, clock};
  Authorizer authorizer{cache, mode, restriction_events, clock};
  AdministratorGate gate;
  IdentityFacts identity_facts{clock};
  AccessFacts access_facts{clock};
  control::FactSources facts;
  control::ChangePath changes{database->database(), audit, *jobs, authorizer, gate, facts};
  // Writes when it is told to.
  audit::Recorder recorder{
      {.process = "test", .account = AccountId("acc")}, database->database(), audit, clock};
  ChangeDeps deps{database->database(), changes, clock};
  KeyHasher hasher{MasterKey()};
  Tokens tokens{{.issuer = "https://us.icr.io/identity"}, TestSigningKeys(), clock};
  Credentials credentials{database->database(), cache, hasher, tokens, clock};
  Activity activity{database->database(), clock};
  Users users{deps, authorizer};
  ServiceIds service_ids{deps, hasher};
  ApiKeys api_keys{deps, authorizer, hasher};
  AccessGroups groups{deps};
  Policies policies{deps, authorizer};
  NetworkZones zones{deps};
  RestrictionRules restrictions{deps, authorizer};
  Profiles profiles{deps};
  SettingsService settings{deps};
  AddressGuard address_guard{cache, changes};
  Sessions sessions{deps, authorizer};
  crypto::PasswordHasher password_hasher{CheapHashes()};
  SignInThrottle throttle{database->database(), clock};
  Passwords passwords{deps, authorizer, password_hasher, throttle};
  Passcodes passcodes{database->database(), hasher, clock};
  LocalPasswords local{"local", database->database(), passwords, account};
  Federation federation{
      deps, [this](db::Transaction& tx, const AccountId& to, const IamId& iam_id,
                   const std::string& realm, const json::Object& claims, Joining joining) {
        return groups.RefreshDynamic(tx, to, iam_id, realm, claims, joining);
      }};
  SignInDeps sign_in_deps{deps,      cache,    credentials, sessions, passwords,
                          passcodes, throttle, federation,  hasher,   account};
  SignIn sign_in{sign_in_deps, {}, {{&local}}};
  CustomRoles custom_roles{deps};
  GivenSurroundings surroundings;
  PolicyWarnings policy_warnings{database->database(), surroundings, clock};
  AccessExplainer explainer{database->database(), cache, mode, clock};
  Secret administrator_key;
  control::Caller administrator;
};

}  // namespace breakwater::iam::testing
