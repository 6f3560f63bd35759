#include "iam/profiles.h"

#include <algorithm>
#include <set>

#include "iam/sessions.h"

namespace breakwater::iam {
namespace {

constexpr std::string_view kWhat = "trusted profile";
constexpr std::string_view kUpdate = "iam-identity.account-profile.update";
constexpr std::size_t kMaxAccounts = 20;
constexpr std::string_view kResourceTypes[] = {"VSI", "BMS", "IKS_SA", "ROKS_SA", "CE"};

Error Bad(std::string message) {
  return Invalid(std::move(message)).Reason("invalid_field");
}

Error NameTaken() {
  return Exists("the account has a trusted profile of this name already").Reason("profile_exists");
}

Status CheckOptionalText(std::string_view what, std::string_view text) {
  if (text.empty() || CheckName(text).ok()) return Ok();
  return Bad(std::string(what) + " must be text of at most 256 bytes without control characters");
}

Status CheckEmail(std::string_view email) {
  return CheckOptionalText("email", email);
}

Status CheckResourceType(std::string_view type) {
  for (const std::string_view known : kResourceTypes) {
    if (type == known) return Ok();
  }
  return Bad("cr_type must be VSI, BMS, IKS_SA, ROKS_SA or CE");
}

Status Check(const NewProfileRule& wanted) {
  BW_TRY_STATUS(CheckOptionalText("name", wanted.name));
  BW_TRY_STATUS(CheckOptionalText("realm_name", wanted.realm));
  if (wanted.kind == ProfileRuleKind::kFederated && wanted.realm.empty()) {
    return Bad("realm_name is required: the URL of the identity provider");
  }
  if (wanted.kind == ProfileRuleKind::kComputeResource) {
    BW_TRY_STATUS(CheckResourceType(wanted.cr_type));
  }
  if (wanted.expiration_seconds && (*wanted.expiration_seconds < NewProfileRule::kMinSeconds ||
                                    *wanted.expiration_seconds > NewProfileRule::kMaxSeconds)) {
    return Bad("expiration must be 900 to 43200 seconds");
  }
  return CheckConditions(wanted.conditions);
}

Result<ProfileRule> RuleOf(const NewProfileRule& wanted) {
  BW_TRY_STATUS(Check(wanted));
  ProfileRule rule;
  rule.kind = wanted.kind;
  rule.name = wanted.name;
  rule.realm = wanted.realm;
  rule.cr_type = wanted.kind == ProfileRuleKind::kComputeResource ? wanted.cr_type : std::string();
  rule.expiration_seconds = wanted.expiration_seconds.value_or(3600);
  rule.conditions = wanted.conditions;
  if (!NamesIssuer(rule)) {
    return Bad(
        "the rule would trust nobody: name the issuer of the workload's tokens, in realm_name or "
        "by "
        "a condition EQUALS on the claim iss");
  }
  return rule;
}

Status Check(const ProfileLink& link) {
  BW_TRY_STATUS(CheckOptionalText("name", link.name));
  BW_TRY_STATUS(CheckResourceType(link.cr_type));
  if (link.crn.empty() || link.crn.size() > Limits::kDescriptionOctets ||
      !Crn::Parse(link.crn).ok()) {
    return Bad("link.crn must be the CRN of the compute resource");
  }
  BW_TRY_STATUS(CheckOptionalText("link.namespace", link.name_space));
  BW_TRY_STATUS(CheckOptionalText("link.name", link.resource_name));
  BW_TRY_STATUS(CheckOptionalText("link.component_type", link.component_type));
  return CheckOptionalText("link.component_name", link.component_name);
}

// Who is meant, in the account: users and service IDs must be there, CRNs are only read.
Result<ProfileIdentity> IdentityOf(db::Transaction& tx, const AccountId& account,
                                   const NewProfileIdentity& wanted) {
  BW_TRY_STATUS(CheckDescription(wanted.description));
  if (wanted.accounts.size() > kMaxAccounts) return Bad("accounts may have at most 20 items");
  ProfileIdentity identity{.kind = wanted.kind,
                           .identifier = wanted.identifier,
                           .iam_id = {},
                           .accounts = {},
                           .description = wanted.description};
  switch (wanted.kind) {
    case TrustedKind::kUser: {
      identity.iam_id = IamId(wanted.identifier);
      identity.accounts = wanted.accounts;
      BW_TRY_STATUS(Existing(store::FindUser(tx, identity.iam_id), account, "user"));
      return identity;
    }
    case TrustedKind::kServiceId: {
      if (identity.identifier.starts_with("iam-")) identity.identifier.erase(0, 4);
      BW_TRY(const auto found,
             Existing(store::FindServiceId(tx, identity.identifier), account, "service ID"));
      identity.iam_id = found.iam_id;
      if (identity.description.empty()) identity.description = found.description;
      return identity;
    }
    case TrustedKind::kCrn: {
      const auto crn = Crn::Parse(wanted.identifier);
      if (!crn.ok() || wanted.identifier.size() > Limits::kDescriptionOctets) {
        return Bad("identifier must be a CRN");
      }
      identity.iam_id = IamId("crn-" + wanted.identifier);
      return identity;
    }
  }
  return Bad("type must be user, serviceid or crn");
}

Status CheckRoomFor(std::size_t known, std::int64_t most, std::string_view what) {
  return CheckRoom(static_cast<std::int64_t>(known), most, "a trusted profile", what);
}

json::Value ToJson(const std::vector<ProfileIdentity>& identities) {
  json::Array items;
  for (const ProfileIdentity& identity : identities) items.push_back(ToJson(identity));
  return {{"identities", std::move(items)}};
}

std::string IdentitiesTag(const Profile& profile) {
  return EntityTag(profile.id + "/identities", profile.identities_version);
}

template <class T>
Result<T> ById(const std::vector<T>& items, std::string_view id, std::string_view what) {
  for (const T& item : items) {
    if (item.id == id) return item;
  }
  return NoSuch(what);
}

const ProfileIdentity* FindIdentity(const Trust& trust, TrustedKind kind,
                                    std::string_view identifier) {
  if (kind == TrustedKind::kServiceId && identifier.starts_with("iam-"))
    identifier.remove_prefix(4);
  for (const ProfileIdentity& identity : trust.identities) {
    if (identity.kind == kind && identity.identifier == identifier) return &identity;
  }
  return nullptr;
}

}  // namespace

control::Resource ProfileResource(const AccountId& account, std::string_view id) {
  return IamResource(account, "iam-identity", "profile", std::string(id));
}

Result<Profile> Profiles::Create(const control::Caller& caller, const AccountId& account,
                                 const NewProfile& wanted) {
  BW_TRY_STATUS(CheckName(wanted.name));
  BW_TRY_STATUS(CheckDescription(wanted.description));
  BW_TRY_STATUS(CheckEmail(wanted.email));
  const Timestamp now = deps_.clock.Now();
  const std::string id = "Profile-" + NewUuid();
  const Profile made{.id = id,
                     .iam_id = IamId("iam-" + id),
                     .account = account,
                     .name = wanted.name,
                     .description = wanted.description,
                     .email = wanted.email,
                     .created = now,
                     .created_by = caller.actor.iam_id,
                     .modified = now};
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = "iam-identity.account-profile.create",
               .resource = ProfileResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto known, store::ListProfiles(tx, account, {}, {0, 1}));
                 BW_TRY_STATUS(CheckRoom(known.total, deps_.limits.profiles_per_account,
                                         "an account", "trusted profiles"));
                 if (const Status added = store::InsertProfile(tx, made); !added.ok()) {
                   return added.error().code() == ErrorCode::kExists ? NameTaken() : added.error();
                 }
                 return Changed(tx, account, nullptr, ToJson(made));
               }}));
  return made;
}

Result<Profile> Profiles::Get(const AccountId& account, std::string_view id) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return Existing(store::FindProfile(tx, id), account, kWhat); });
}

Result<store::Listed<Profile>> Profiles::List(const AccountId& account,
                                              const store::ProfileFilter& filter,
                                              const store::Page& page) {
  return deps_.database.ReadValue(
      [&](db::Transaction& tx) { return store::ListProfiles(tx, account, filter, page); });
}

Result<Profile> Profiles::Update(const control::Caller& caller, const AccountId& account,
                                 std::string_view id, std::string_view if_match,
                                 const ProfileUpdate& update) {
  if (update.name) BW_TRY_STATUS(CheckName(*update.name));
  if (update.description) BW_TRY_STATUS(CheckDescription(*update.description));
  if (update.email) BW_TRY_STATUS(CheckEmail(*update.email));
  Profile after;
  BW_TRY_STATUS(deps_.changes.Submit(
      caller, {.action = std::string(kUpdate),
               .resource = ProfileResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Profile before, Existing(store::FindProfile(tx, id), account, kWhat));
                 BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
                 after = before;
                 if (update.name) after.name = *update.name;
                 if (update.description) after.description = *update.description;
                 if (update.email) after.email = *update.email;
                 after.modified = deps_.clock.Now();
                 ++after.version;
                 if (const Status put = store::UpdateProfile(tx, after); !put.ok()) {
                   return put.error().code() == ErrorCode::kExists ? NameTaken() : put.error();
                 }
                 return Changed(tx, account, ToJson(before), ToJson(after));
               }}));
  return after;
}

Status Profiles::Delete(const control::Caller& caller, const AccountId& account,
                        std::string_view id) {
  return deps_.changes.Submit(
      caller, {.action = "iam-identity.account-profile.delete",
               .resource = ProfileResource(account, id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const Profile found, Existing(store::FindProfile(tx, id), account, kWhat));
                 BW_TRY_STATUS(store::DeleteProfile(tx, found));
                 return ChangedAccess(tx, account, ToJson(found), nullptr);
               },
               .severity = audit::Severity::kCritical,
               .weighed = control::WeighTaking(AccessResource(account))});
}

Status Profiles::ChangeTrust(const control::Caller& caller, const AccountId& account,
                             std::string_view profile, const Apply& apply,
                             control::Weighed weighed) {
  return deps_.changes.Submit(
      caller,
      {.action = std::string(kUpdate),
       .resource = ProfileResource(account, profile),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const Profile found, Existing(store::FindProfile(tx, profile), account, kWhat));
         // Workloads that act as it prove anew that they may.
         BW_TRY_STATUS(
             store::EndSessionsOf(tx, found.iam_id, {}, deps_.clock.Now(), "trust_changed"));
         return apply(tx, found);
       },
       .severity = audit::Severity::kCritical,
       .weighed = std::move(weighed)});
}

Result<Trust> Profiles::TrustOf(const AccountId& account, std::string_view profile) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<Trust> {
    BW_TRY_STATUS(Existing(store::FindProfile(tx, profile), account, kWhat));
    return store::ReadTrust(tx, profile);
  });
}

Result<ProfileRule> Profiles::CreateRule(const control::Caller& caller, const AccountId& account,
                                         std::string_view profile, const NewProfileRule& wanted) {
  BW_TRY_STATUS(Get(account, profile));
  BW_TRY(ProfileRule made, RuleOf(wanted));
  made.id = "ClaimRule-" + NewUuid();
  made.profile = std::string(profile);
  made.created = made.modified = deps_.clock.Now();
  BW_TRY_STATUS(ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY_STATUS(CheckRoomFor(trust.rules.size(), deps_.limits.entries_per_profile, "rules"));
        BW_TRY_STATUS(store::InsertProfileRule(tx, made));
        return ChangedAccess(tx, account, nullptr, iam::ToJson(made));
      }));
  return made;
}

Result<ProfileRule> Profiles::GetRule(const AccountId& account, std::string_view profile,
                                      std::string_view id) {
  BW_TRY(const auto rules, ListRules(account, profile));
  return ById(rules, id, "rule of this trusted profile");
}

Result<std::vector<ProfileRule>> Profiles::ListRules(const AccountId& account,
                                                     std::string_view profile) {
  BW_TRY(Trust trust, TrustOf(account, profile));
  return std::move(trust.rules);
}

Result<ProfileRule> Profiles::ReplaceRule(const control::Caller& caller, const AccountId& account,
                                          std::string_view profile, std::string_view id,
                                          std::string_view if_match, const NewProfileRule& wanted) {
  BW_TRY_STATUS(GetRule(account, profile, id));
  BW_TRY(const ProfileRule offered, RuleOf(wanted));
  ProfileRule after;
  BW_TRY_STATUS(ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY(const ProfileRule before, ById(trust.rules, id, "rule of this trusted profile"));
        BW_TRY_STATUS(CheckEntityTag(if_match, before.id, before.version));
        after = offered;
        after.id = before.id;
        after.profile = before.profile;
        after.created = before.created;
        after.modified = deps_.clock.Now();
        after.version = before.version + 1;
        BW_TRY_STATUS(store::UpdateProfileRule(tx, after));
        return ChangedAccess(tx, account, iam::ToJson(before), iam::ToJson(after));
      }));
  return after;
}

Status Profiles::DeleteRule(const control::Caller& caller, const AccountId& account,
                            std::string_view profile, std::string_view id) {
  return ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY(const ProfileRule rule, ById(trust.rules, id, "rule of this trusted profile"));
        BW_TRY_STATUS(store::DeleteProfileRule(tx, id));
        return ChangedAccess(tx, account, iam::ToJson(rule), nullptr);
      },
      control::WeighTaking(AccessResource(account)));
}

Result<ProfileLink> Profiles::CreateLink(const control::Caller& caller, const AccountId& account,
                                         std::string_view profile, const ProfileLink& wanted) {
  BW_TRY_STATUS(Get(account, profile));
  BW_TRY_STATUS(Check(wanted));
  ProfileLink made = wanted;
  made.id = "Link-" + NewUuid();
  made.profile = std::string(profile);
  made.created = made.modified = deps_.clock.Now();
  BW_TRY_STATUS(ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY_STATUS(CheckRoomFor(trust.links.size(), deps_.limits.entries_per_profile, "links"));
        for (const ProfileLink& link : trust.links) {
          if (SameWorkload(link, made)) {
            return Exists("the trusted profile has a link to this compute resource already")
                .Reason("link_exists");
          }
        }
        BW_TRY_STATUS(store::InsertProfileLink(tx, made));
        return ChangedAccess(tx, account, nullptr, iam::ToJson(made));
      }));
  return made;
}

Result<ProfileLink> Profiles::GetLink(const AccountId& account, std::string_view profile,
                                      std::string_view id) {
  BW_TRY(const auto links, ListLinks(account, profile));
  return ById(links, id, "link of this trusted profile");
}

Result<std::vector<ProfileLink>> Profiles::ListLinks(const AccountId& account,
                                                     std::string_view profile) {
  BW_TRY(Trust trust, TrustOf(account, profile));
  return std::move(trust.links);
}

Result<ProfileLink> Profiles::FindLink(const AccountId& account, std::string_view profile,
                                       const ProfileLink& link) {
  BW_TRY(const auto links, ListLinks(account, profile));
  for (const ProfileLink& known : links) {
    if (SameWorkload(known, link)) return known;
  }
  return NoSuch("link of this trusted profile");
}

Status Profiles::DeleteLink(const control::Caller& caller, const AccountId& account,
                            std::string_view profile, std::string_view id) {
  return ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY(const ProfileLink link, ById(trust.links, id, "link of this trusted profile"));
        BW_TRY_STATUS(store::DeleteProfileLink(tx, id));
        return ChangedAccess(tx, account, iam::ToJson(link), nullptr);
      },
      control::WeighTaking(AccessResource(account)));
}

Result<ProfileIdentities> Profiles::GetIdentities(const AccountId& account,
                                                  std::string_view profile) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<ProfileIdentities> {
    BW_TRY(const Profile found, Existing(store::FindProfile(tx, profile), account, kWhat));
    BW_TRY(auto trust, store::ReadTrust(tx, profile));
    return ProfileIdentities{std::move(trust.identities), IdentitiesTag(found)};
  });
}

Result<ProfileIdentities> Profiles::SetIdentities(const control::Caller& caller,
                                                  const AccountId& account,
                                                  std::string_view profile,
                                                  std::string_view if_match,
                                                  const std::vector<NewProfileIdentity>& wanted) {
  ProfileIdentities after;
  BW_TRY_STATUS(ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY_STATUS(CheckEntityTag(if_match, found.id + "/identities", found.identities_version));
        BW_TRY_STATUS(CheckRoomFor(wanted.empty() ? 0 : wanted.size() - 1,
                                   deps_.limits.entries_per_profile, "identities"));
        BW_TRY(const Trust before, store::ReadTrust(tx, found.id));
        for (const ProfileIdentity& identity : before.identities) {
          BW_TRY_STATUS(
              store::DeleteProfileIdentity(tx, found.id, identity.kind, identity.identifier));
        }
        after.identities.clear();
        std::set<std::string> seen;
        for (const NewProfileIdentity& one : wanted) {
          BW_TRY(ProfileIdentity identity, IdentityOf(tx, account, one));
          if (!seen.insert(identity.iam_id.value()).second) {
            return Bad("each identity may be there once");
          }
          BW_TRY_STATUS(store::InsertProfileIdentity(tx, found.id, identity));
          after.identities.push_back(std::move(identity));
        }
        Profile next = found;
        ++next.identities_version;
        BW_TRY_STATUS(store::UpdateProfile(tx, next));
        after.entity_tag = IdentitiesTag(next);
        return ChangedAccess(tx, account, ToJson(before.identities), ToJson(after.identities));
      }));
  return after;
}

Result<ProfileIdentity> Profiles::SetIdentity(const control::Caller& caller,
                                              const AccountId& account, std::string_view profile,
                                              const NewProfileIdentity& wanted) {
  ProfileIdentity after;
  BW_TRY_STATUS(ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        BW_TRY(after, IdentityOf(tx, account, wanted));
        json::Value before = nullptr;
        if (const auto* known = FindIdentity(trust, after.kind, after.identifier)) {
          before = iam::ToJson(*known);
          BW_TRY_STATUS(store::DeleteProfileIdentity(tx, found.id, after.kind, after.identifier));
        } else {
          BW_TRY_STATUS(CheckRoomFor(trust.identities.size(), deps_.limits.entries_per_profile,
                                     "identities"));
        }
        BW_TRY_STATUS(store::InsertProfileIdentity(tx, found.id, after));
        Profile next = found;
        ++next.identities_version;
        BW_TRY_STATUS(store::UpdateProfile(tx, next));
        return ChangedAccess(tx, account, std::move(before), iam::ToJson(after));
      }));
  return after;
}

Result<ProfileIdentity> Profiles::GetIdentity(const AccountId& account, std::string_view profile,
                                              TrustedKind kind, std::string_view identifier) {
  return deps_.database.ReadValue([&](db::Transaction& tx) -> Result<ProfileIdentity> {
    BW_TRY_STATUS(Existing(store::FindProfile(tx, profile), account, kWhat));
    BW_TRY(const Trust trust, store::ReadTrust(tx, profile));
    const ProfileIdentity* found = FindIdentity(trust, kind, identifier);
    if (found == nullptr) return NoSuch("identity of this trusted profile");
    return *found;
  });
}

Status Profiles::DeleteIdentity(const control::Caller& caller, const AccountId& account,
                                std::string_view profile, TrustedKind kind,
                                std::string_view identifier) {
  return ChangeTrust(
      caller, account, profile,
      [&](db::Transaction& tx, const Profile& found) -> Result<control::Effect> {
        BW_TRY(const Trust trust, store::ReadTrust(tx, found.id));
        const ProfileIdentity* known = FindIdentity(trust, kind, identifier);
        if (known == nullptr) return NoSuch("identity of this trusted profile");
        BW_TRY_STATUS(store::DeleteProfileIdentity(tx, found.id, kind, known->identifier));
        Profile next = found;
        ++next.identities_version;
        BW_TRY_STATUS(store::UpdateProfile(tx, next));
        return ChangedAccess(tx, account, iam::ToJson(*known), nullptr);
      },
      control::WeighTaking(AccessResource(account)));
}

}  // namespace breakwater::iam
