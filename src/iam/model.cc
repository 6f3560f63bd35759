#include "iam/model.h"

#include <algorithm>

#include "base/check.h"
#include "base/strings.h"
#include "crypto/hash.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using json::Text;

constexpr UserState kUserStates[] = {UserState::kProcessing, UserState::kPending,
                                     UserState::kActive, UserState::kDisabledClassicInfrastructure,
                                     UserState::kVpnOnly};

Status CheckText(std::string_view what, std::string_view text, std::size_t most) {
  if (text.size() > most) {
    return Invalid(std::string(what) + " must have at most " + std::to_string(most) + " bytes")
        .Reason("invalid_field");
  }
  const bool control = std::any_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (control || !IsValidUtf8(text)) {
    return Invalid(std::string(what) + " must be text without control characters")
        .Reason("invalid_field");
  }
  return Ok();
}

}  // namespace

std::string NewHexId() {
  std::string id = NewUuid();
  std::erase(id, '-');
  return id;
}

std::string_view ToString(UserState state) {
  switch (state) {
    case UserState::kProcessing: return "PROCESSING";
    case UserState::kPending: return "PENDING";
    case UserState::kActive: return "ACTIVE";
    case UserState::kDisabledClassicInfrastructure: return "DISABLED_CLASSIC_INFRASTRUCTURE";
    case UserState::kVpnOnly: return "VPN_ONLY";
  }
  BW_UNREACHABLE();
}

Result<UserState> ParseUserState(std::string_view text) {
  for (UserState state : kUserStates) {
    if (ToString(state) == text) return state;
  }
  return Invalid("unknown user state");
}

std::string DisplayName(const User& user) {
  std::string name = user.first_name;
  if (!name.empty() && !user.last_name.empty()) name += ' ';
  name += user.last_name;
  return name.empty() ? user.email : name;
}

std::string_view ToString(MembershipType type) {
  switch (type) {
    case MembershipType::kStatic: return "static";
    case MembershipType::kDynamic: return "dynamic";
  }
  BW_UNREACHABLE();
}

std::string_view ToString(SubjectKind kind) {
  switch (kind) {
    case SubjectKind::kIdentity: return "iam_id";
    case SubjectKind::kAccessGroup: return "access_group_id";
  }
  BW_UNREACHABLE();
}

std::string EntityTag(std::string_view id, std::int64_t version) {
  const std::string number = std::to_string(version);
  return number + "-" + crypto::Sha256Hex(std::string(id) + "/" + number).substr(0, 16);
}

Status CheckEntityTag(std::string_view if_match, std::string_view id, std::int64_t version) {
  std::string_view tag = Trim(if_match);
  if (tag.empty()) {
    return Invalid("the If-Match header is required: send the entity tag you last read")
        .Reason("missing_if_match");
  }
  if (tag == "*") return Ok();
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  if (tag.size() >= 2 && tag.front() == '"' && tag.back() == '"')
    tag = tag.substr(1, tag.size() - 2);
  if (tag == EntityTag(id, version)) return Ok();
  return Error(ErrorCode::kPrecondition, "it was changed since you read it: read it again")
      .Reason("entity_tag_mismatch");
}

json::Value ToJson(const User& user) {
  return {
      {"iam_id", Text(user.iam_id.value())}, {"email", Text(user.email)},
      {"first_name", Text(user.first_name)}, {"last_name", Text(user.last_name)},
      {"state", Text(ToString(user.state))}, {"allowed_addresses", Text(user.allowed_addresses)}};
}

json::Value ToJson(const ServiceId& service_id) {
  json::Array crns;
  for (const std::string& crn : service_id.unique_instance_crns) crns.push_back(Text(crn));
  return {{"id", Text(service_id.id)},
          {"name", Text(service_id.name)},
          {"description", Text(service_id.description)},
          {"unique_instance_crns", std::move(crns)},
          {"locked", service_id.locked}};
}

json::Value ToJson(const ApiKey& key) {
  return {
      {"id", Text(key.id)},
      {"iam_id", Text(key.iam_id.value())},
      {"name", Text(key.name)},
      {"description", Text(key.description)},
      {"locked", key.locked},
      {"disabled", key.disabled},
      {"action_when_leaked", Text(key.action_when_leaked)},
      {"value_stored", key.sealed_value.has_value()},
      {"expires_at", key.expires ? json::Value(Text(FormatRfc3339(*key.expires))) : json::Value()}};
}

AccessGroup PublicAccessGroup(const AccountId& account) {
  AccessGroup group;
  group.id = std::string(kPublicAccessGroup);
  group.account = account;
  group.name = "Public Access";
  group.description = "Everybody, signed in or not";
  return group;
}

json::Value ToJson(const AccessGroup& group) {
  return {
      {"id", Text(group.id)}, {"name", Text(group.name)}, {"description", Text(group.description)}};
}

json::Value ToJson(const GroupRule& rule) {
  return {{"id", Text(rule.id)},
          {"name", Text(rule.name)},
          {"realm", Text(rule.realm)},
          {"expiration_hours", rule.expiration_hours},
          {"conditions", ConditionsToJson(rule.conditions)}};
}

Status CheckName(std::string_view name) {
  if (name.empty()) return Invalid("name must not be empty").Reason("invalid_field");
  return CheckText("name", name, Limits::kNameOctets);
}

Status CheckDescription(std::string_view description) {
  return CheckText("description", description, Limits::kDescriptionOctets);
}

}  // namespace breakwater::iam
