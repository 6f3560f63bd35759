// Who may act as a trusted profile (ibm-registry 3.11). Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "iam/claims.h"
#include "json/json.h"

namespace breakwater::iam {

struct Profile {
  std::string id;  // "Profile-…"
  IamId iam_id;    // "iam-" + id
  AccountId account;
  std::string name;  // unique in the account
  std::string description;
  std::string email;
  Timestamp created;
  IamId created_by;
  Timestamp modified;
  std::int64_t version = 1;
  std::int64_t identities_version = 1;  // of the list of identities alone
};

enum class TrustedKind { kUser, kServiceId, kCrn };
std::string_view ToString(TrustedKind kind);  // "user", "serviceid", "crn"; stored and sent
std::optional<TrustedKind> ParseTrustedKind(std::string_view text);

struct ProfileIdentity {
  TrustedKind kind = TrustedKind::kUser;
  std::string identifier;  // a user's iam_id, "ServiceId-…", or a CRN
  IamId iam_id;
  // Of a user: the accounts they may come from. Empty: the profile's.
  std::vector<std::string> accounts;
  std::string description;
};

enum class ProfileRuleKind { kFederated, kComputeResource };
std::string_view ToString(ProfileRuleKind kind);  // "Profile-SAML", "Profile-CR"; stored and sent
std::optional<ProfileRuleKind> ParseProfileRuleKind(std::string_view text);

struct ProfileRule {
  std::string id;  // "ClaimRule-…"
  std::string profile;
  ProfileRuleKind kind = ProfileRuleKind::kFederated;
  std::string name;
  std::string realm;    // the identity provider or issuer, exactly
  std::string cr_type;  // of kComputeResource: "IKS_SA", …
  std::int64_t expiration_seconds = 3600;
  std::vector<ClaimCondition> conditions;
  Timestamp created;
  Timestamp modified;
  std::int64_t version = 1;
};

// One workload by name. Fields that are empty do not count.
struct ProfileLink {
  std::string id;  // "Link-…"
  std::string profile;
  std::string name;
  std::string cr_type;
  std::string crn;  // of the cluster or machine
  std::string name_space;
  std::string resource_name;  // of the service account
  std::string component_type;
  std::string component_name;
  Timestamp created{};
  Timestamp modified{};
  std::int64_t version = 1;
};

struct Trust {
  std::vector<ProfileIdentity> identities;
  std::vector<ProfileRule> rules;
  std::vector<ProfileLink> links;
};

// Who asks to act as a profile. What is empty is not known of them.
struct Assumer {
  // An identity that has proved itself.
  AccountId account{};
  IamId iam_id{};
  // What an identity provider, or the issuer of a workload's token, says of them.
  std::string realm{};
  json::Object claims{};
  // A workload, and where it runs.
  std::string cr_type{};
  std::string crn{};
  std::string name_space{};
  std::string resource_name{};
  std::string component_type{};
  std::string component_name{};
};

// What gave the trust.
struct Trusted {
  enum class By { kIdentity, kRule, kLink };
  By by = By::kIdentity;
  std::string id;                            // of the rule or link
  std::optional<std::chrono::seconds> life;  // how long the rule trusts
};

// Why somebody may act as a profile of this account; nothing if they may not. A rule trusts none
// but the realm it names, or, naming none, the one that its condition EQUALS on "iss" names: claims
// mean something only together with who makes them.
std::optional<Trusted> MayAssume(const Trust& trust, const AccountId& account,
                                 const Assumer& assumer);

// Whether a rule says whose claims it trusts.
bool NamesIssuer(const ProfileRule& rule);
// Whether two links stand for the same workload.
bool SameWorkload(const ProfileLink& a, const ProfileLink& b);

json::Value ToJson(const Profile& profile);
json::Value ToJson(const ProfileIdentity& identity);
json::Value ToJson(const ProfileRule& rule);
json::Value ToJson(const ProfileLink& link);

}  // namespace breakwater::iam
