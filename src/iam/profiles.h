// Trusted profiles: identities that nobody has a key to. Who is trusted by one may act as it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "iam/changes.h"
#include "iam/profile_trust.h"

namespace breakwater::iam {

control::Resource ProfileResource(const AccountId& account, std::string_view id);

struct NewProfile {
  std::string name{};
  std::string description{};
  std::string email{};
};

// What a PUT may change. Absent: as it is.
struct ProfileUpdate {
  std::optional<std::string> name{};
  std::optional<std::string> description{};
  std::optional<std::string> email{};
};

// As they are offered; the ids are ours to give.
struct NewProfileRule {
  ProfileRuleKind kind = ProfileRuleKind::kFederated;
  std::string name{};
  std::string realm{};
  std::string cr_type{};
  std::optional<std::int64_t> expiration_seconds{};
  std::vector<ClaimCondition> conditions{};

  static constexpr std::int64_t kMinSeconds = 900;
  static constexpr std::int64_t kMaxSeconds = 43'200;
};

struct NewProfileIdentity {
  TrustedKind kind = TrustedKind::kUser;
  std::string identifier{};  // a user's iam_id, "ServiceId-…" (with or without "iam-"), or a CRN
  std::vector<std::string> accounts{};
  std::string description{};
};

struct ProfileIdentities {
  std::vector<ProfileIdentity> identities;
  std::string entity_tag;
};

// Thread-safe. Changing takes Administrator on iam-identity. A change of who is trusted counts at
// once, also for those who act as the profile already.
class Profiles {
 public:
  explicit Profiles(ChangeDeps deps) : deps_(deps) {}

  // kExists "profile_exists" if the account has a profile of this name.
  Result<Profile> Create(const control::Caller& caller, const AccountId& account,
                         const NewProfile& wanted);
  Result<Profile> Get(const AccountId& account, std::string_view id);
  Result<store::Listed<Profile>> List(const AccountId& account, const store::ProfileFilter& filter,
                                      const store::Page& page);
  Result<Profile> Update(const control::Caller& caller, const AccountId& account,
                         std::string_view id, std::string_view if_match,
                         const ProfileUpdate& update);
  // With its trust, memberships and policies.
  Status Delete(const control::Caller& caller, const AccountId& account, std::string_view id);

  // --- Claim rules ---
  Result<ProfileRule> CreateRule(const control::Caller& caller, const AccountId& account,
                                 std::string_view profile, const NewProfileRule& wanted);
  Result<ProfileRule> GetRule(const AccountId& account, std::string_view profile,
                              std::string_view id);
  Result<std::vector<ProfileRule>> ListRules(const AccountId& account, std::string_view profile);
  Result<ProfileRule> ReplaceRule(const control::Caller& caller, const AccountId& account,
                                  std::string_view profile, std::string_view id,
                                  std::string_view if_match, const NewProfileRule& wanted);
  Status DeleteRule(const control::Caller& caller, const AccountId& account,
                    std::string_view profile, std::string_view id);

  // --- Links ---
  // Of `wanted`, the id and the times are not looked at.
  Result<ProfileLink> CreateLink(const control::Caller& caller, const AccountId& account,
                                 std::string_view profile, const ProfileLink& wanted);
  Result<ProfileLink> GetLink(const AccountId& account, std::string_view profile,
                              std::string_view id);
  Result<std::vector<ProfileLink>> ListLinks(const AccountId& account, std::string_view profile);
  Status DeleteLink(const control::Caller& caller, const AccountId& account,
                    std::string_view profile, std::string_view id);
  // The one that says the same as `link`; kNotFound.
  Result<ProfileLink> FindLink(const AccountId& account, std::string_view profile,
                               const ProfileLink& link);

  // --- Identities ---
  Result<ProfileIdentities> GetIdentities(const AccountId& account, std::string_view profile);
  // In place of all there were.
  Result<ProfileIdentities> SetIdentities(const control::Caller& caller, const AccountId& account,
                                          std::string_view profile, std::string_view if_match,
                                          const std::vector<NewProfileIdentity>& wanted);
  // Adds one, or puts it in the place of the one with its identifier.
  Result<ProfileIdentity> SetIdentity(const control::Caller& caller, const AccountId& account,
                                      std::string_view profile, const NewProfileIdentity& wanted);
  Result<ProfileIdentity> GetIdentity(const AccountId& account, std::string_view profile,
                                      TrustedKind kind, std::string_view identifier);
  Status DeleteIdentity(const control::Caller& caller, const AccountId& account,
                        std::string_view profile, TrustedKind kind, std::string_view identifier);

 private:
  using Apply = std::function<Result<control::Effect>(db::Transaction&, const Profile&)>;
  // A change of who is trusted.
  Result<Trust> TrustOf(const AccountId& account, std::string_view profile);
  Status ChangeTrust(const control::Caller& caller, const AccountId& account,
                     std::string_view profile, const Apply& apply, control::Weighed weighed = {});

  ChangeDeps deps_;
};

}  // namespace breakwater::iam
