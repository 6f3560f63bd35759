#include "iam/profile_trust.h"

#include <algorithm>

#include "base/check.h"

namespace breakwater::iam {
namespace {

using json::Text;

bool Trusts(const ProfileIdentity& identity, const AccountId& account, const Assumer& assumer) {
  switch (identity.kind) {
    case TrustedKind::kUser: {
      if (assumer.iam_id.empty() || identity.iam_id != assumer.iam_id) return false;
      const auto& from = identity.accounts;
      if (from.empty()) return assumer.account == account;
      return std::find(from.begin(), from.end(), assumer.account.value()) != from.end();
    }
    case TrustedKind::kServiceId:
      return !assumer.iam_id.empty() && identity.iam_id == assumer.iam_id;
    case TrustedKind::kCrn: return !assumer.crn.empty() && identity.identifier == assumer.crn;
  }
  BW_UNREACHABLE();
}

bool Trusts(const ProfileRule& rule, const Assumer& assumer) {
  if (assumer.realm.empty() || !NamesIssuer(rule)) return false;
  if (!rule.realm.empty() && rule.realm != assumer.realm) return false;
  const bool workload = !assumer.cr_type.empty();
  if (workload != (rule.kind == ProfileRuleKind::kComputeResource)) return false;
  if (!rule.cr_type.empty() && rule.cr_type != assumer.cr_type) return false;
  return Holds(rule.conditions, assumer.claims);
}

bool Fits(const std::string& wanted, const std::string& found) {
  return wanted.empty() || wanted == found;
}

bool Trusts(const ProfileLink& link, const Assumer& assumer) {
  return !link.crn.empty() && link.crn == assumer.crn && link.cr_type == assumer.cr_type &&
         Fits(link.name_space, assumer.name_space) &&
         Fits(link.resource_name, assumer.resource_name) &&
         Fits(link.component_type, assumer.component_type) &&
         Fits(link.component_name, assumer.component_name);
}

}  // namespace

std::string_view ToString(TrustedKind kind) {
  switch (kind) {
    case TrustedKind::kUser: return "user";
    case TrustedKind::kServiceId: return "serviceid";
    case TrustedKind::kCrn: return "crn";
  }
  BW_UNREACHABLE();
}

std::optional<TrustedKind> ParseTrustedKind(std::string_view text) {
  for (const auto kind : {TrustedKind::kUser, TrustedKind::kServiceId, TrustedKind::kCrn}) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

std::string_view ToString(ProfileRuleKind kind) {
  switch (kind) {
    case ProfileRuleKind::kFederated: return "Profile-SAML";
    case ProfileRuleKind::kComputeResource: return "Profile-CR";
  }
  BW_UNREACHABLE();
}

std::optional<ProfileRuleKind> ParseProfileRuleKind(std::string_view text) {
  for (const auto kind : {ProfileRuleKind::kFederated, ProfileRuleKind::kComputeResource}) {
    if (ToString(kind) == text) return kind;
  }
  return std::nullopt;
}

bool NamesIssuer(const ProfileRule& rule) {
  return !rule.realm.empty() ||
         std::any_of(rule.conditions.begin(), rule.conditions.end(), [](const auto& condition) {
           return condition.claim == "iss" && condition.op == ClaimOperator::kEquals;
         });
}

bool SameWorkload(const ProfileLink& a, const ProfileLink& b) {
  return a.cr_type == b.cr_type && a.crn == b.crn && a.name_space == b.name_space &&
         a.resource_name == b.resource_name && a.component_type == b.component_type &&
         a.component_name == b.component_name;
}

std::optional<Trusted> MayAssume(const Trust& trust, const AccountId& account,
                                 const Assumer& assumer) {
  for (const ProfileIdentity& identity : trust.identities) {
    if (Trusts(identity, account, assumer)) {
      return Trusted{.by = Trusted::By::kIdentity, .id = {}, .life = std::nullopt};
    }
  }
  for (const ProfileLink& link : trust.links) {
    if (Trusts(link, assumer)) {
      return Trusted{.by = Trusted::By::kLink, .id = link.id, .life = std::nullopt};
    }
  }
  for (const ProfileRule& rule : trust.rules) {
    if (Trusts(rule, assumer)) {
      return Trusted{.by = Trusted::By::kRule,
                     .id = rule.id,
                     .life = std::chrono::seconds(rule.expiration_seconds)};
    }
  }
  return std::nullopt;
}

json::Value ToJson(const Profile& profile) {
  return {{"id", Text(profile.id)},
          {"name", Text(profile.name)},
          {"description", Text(profile.description)},
          {"email", Text(profile.email)}};
}

json::Value ToJson(const ProfileIdentity& identity) {
  json::Array accounts;
  for (const std::string& account : identity.accounts) accounts.push_back(Text(account));
  return {{"type", Text(ToString(identity.kind))},
          {"identifier", Text(identity.identifier)},
          {"accounts", std::move(accounts)},
          {"description", Text(identity.description)}};
}

json::Value ToJson(const ProfileRule& rule) {
  return {{"id", Text(rule.id)},
          {"type", Text(ToString(rule.kind))},
          {"name", Text(rule.name)},
          {"realm", Text(rule.realm)},
          {"cr_type", Text(rule.cr_type)},
          {"expiration_seconds", rule.expiration_seconds},
          {"conditions", ConditionsToJson(rule.conditions)}};
}

json::Value ToJson(const ProfileLink& link) {
  return {{"id", Text(link.id)},
          {"name", Text(link.name)},
          {"cr_type", Text(link.cr_type)},
          {"crn", Text(link.crn)},
          {"namespace", Text(link.name_space)},
          {"resource_name", Text(link.resource_name)},
          {"component_type", Text(link.component_type)},
          {"component_name", Text(link.component_name)}};
}

}  // namespace breakwater::iam
