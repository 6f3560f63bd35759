#include <algorithm>

#include "iam/configuration.h"
#include "json/reader.h"

namespace breakwater::iam {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::int64_t kAtOnce = 500;
constexpr std::size_t kMaxEntries = 1000;
// What a rule without one gets.
constexpr std::int64_t kDefaultSeconds = 3600;

struct Trusting {
  std::string name{};  // as NameOf gives it; a CRN
  TrustedKind kind = TrustedKind::kUser;
  std::vector<std::string> accounts{};
  std::string description{};
};

struct Wanted {
  std::string description{};
  std::string email{};
  std::vector<Trusting> identities{};
  std::vector<NewProfileRule> rules{};
  std::vector<ProfileLink> links{};
};

json::Value DocumentOf(const Trusting& identity) {
  json::Object object{{"type", Text(ToString(identity.kind))}, {"identity", Text(identity.name)}};
  if (!identity.accounts.empty()) {
    json::Array accounts;
    for (const std::string& account : identity.accounts) accounts.emplace_back(Text(account));
    object["accounts"] = std::move(accounts);
  }
  if (!identity.description.empty()) object["description"] = Text(identity.description);
  return object;
}

json::Value DocumentOf(const NewProfileRule& rule) {
  json::Object object{{"type", Text(ToString(rule.kind))},
                      {"name", Text(rule.name)},
                      {"realm", Text(rule.realm)},
                      {"conditions", ConditionsToJson(rule.conditions)}};
  if (!rule.cr_type.empty()) object["cr_type"] = Text(rule.cr_type);
  if (rule.expiration_seconds) object["expiration_seconds"] = *rule.expiration_seconds;
  return object;
}

json::Value DocumentOf(const ProfileLink& link) {
  json::Value document = ToJson(link);
  json::Object& object = document.as_object();
  object.erase("id");
  for (auto member = object.begin(); member != object.end();) {
    member = member->value() == json::Value("") ? object.erase(member) : std::next(member);
  }
  return document;
}

// In one order, whatever order they come in.
template <class T>
json::Array Sorted(const std::vector<T>& entries) {
  std::vector<json::Value> documents;
  for (const T& entry : entries) documents.push_back(DocumentOf(entry));
  std::ranges::sort(documents, {}, json::Canonical);
  json::Array array;
  for (json::Value& document : documents) array.push_back(std::move(document));
  return array;
}

json::Value DocumentOf(const Wanted& profile) {
  json::Object object;
  if (!profile.description.empty()) object["description"] = Text(profile.description);
  if (!profile.email.empty()) object["email"] = Text(profile.email);
  if (!profile.identities.empty()) object["identities"] = Sorted(profile.identities);
  if (!profile.rules.empty()) object["rules"] = Sorted(profile.rules);
  if (!profile.links.empty()) object["links"] = Sorted(profile.links);
  return object;
}

Trusting ReadTrusting(const json::Reader& in) {
  in.OnlyFields({"type", "identity", "accounts", "description"});
  Trusting identity{.name = in.Field("identity").String()};
  const json::Reader type = in.Field("type");
  const auto kind = ParseTrustedKind(type.String());
  if (!kind) type.Fail("must be user, serviceid or crn");
  identity.kind = kind.value_or(TrustedKind::kUser);
  if (const auto accounts = in.Optional("accounts")) {
    identity.accounts = accounts->Strings(kMaxEntries);
  }
  identity.description = in.String("description", "");
  return identity;
}

NewProfileRule ReadRule(const json::Reader& in) {
  in.OnlyFields({"type", "name", "realm", "conditions", "cr_type", "expiration_seconds"});
  NewProfileRule rule;
  const json::Reader type = in.Field("type");
  const auto kind = ParseProfileRuleKind(type.String());
  if (!kind) type.Fail("must be Profile-SAML or Profile-CR");
  rule.kind = kind.value_or(ProfileRuleKind::kFederated);
  rule.name = in.String("name", "");
  rule.realm = in.String("realm", "");
  rule.cr_type = in.String("cr_type", "");
  rule.expiration_seconds = in.Int("expiration_seconds", kDefaultSeconds);
  const json::Reader conditions = in.Field("conditions");
  if (auto read = ConditionsFromJson(json::Serialize(conditions.value())); read.ok()) {
    rule.conditions = *std::move(read);
  } else {
    conditions.Fail(read.error().message());
  }
  return rule;
}

ProfileLink ReadLink(const json::Reader& in) {
  in.OnlyFields(
      {"name", "cr_type", "crn", "namespace", "resource_name", "component_type", "component_name"});
  ProfileLink link;
  link.name = in.String("name", "");
  link.cr_type = in.String("cr_type", "");
  link.crn = in.String("crn", "");
  link.name_space = in.String("namespace", "");
  link.resource_name = in.String("resource_name", "");
  link.component_type = in.String("component_type", "");
  link.component_name = in.String("component_name", "");
  return link;
}

Result<Wanted> Read(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"description", "email", "identities", "rules", "links"});
  Wanted profile{.description = in.String("description", ""), .email = in.String("email", "")};
  if (const auto list = in.Optional("identities")) {
    for (const json::Reader& one : list->Items(kMaxEntries)) {
      profile.identities.push_back(ReadTrusting(one));
    }
  }
  if (const auto list = in.Optional("rules")) {
    for (const json::Reader& one : list->Items(kMaxEntries)) {
      profile.rules.push_back(ReadRule(one));
    }
  }
  if (const auto list = in.Optional("links")) {
    for (const json::Reader& one : list->Items(kMaxEntries)) {
      profile.links.push_back(ReadLink(one));
    }
  }
  BW_TRY_STATUS(in.Finish());
  BW_TRY_STATUS(CheckName(item.key));
  BW_TRY_STATUS(CheckDescription(profile.description));
  return profile;
}

// Here they have these ids.
Result<std::vector<NewProfileIdentity>> IdentitiesOf(const ConfigurationNames& names,
                                                     const AccountId& account,
                                                     const std::vector<Trusting>& wanted) {
  std::vector<NewProfileIdentity> identities;
  for (const Trusting& one : wanted) {
    NewProfileIdentity identity{.kind = one.kind,
                                .identifier = one.name,
                                .accounts = one.accounts,
                                .description = one.description};
    if (one.kind != TrustedKind::kCrn) {
      BW_TRY(const IamId iam_id, names.Identity(account, one.name));
      identity.identifier = iam_id.value();
    }
    identities.push_back(std::move(identity));
  }
  return identities;
}

NewProfileRule ContentOf(const ProfileRule& rule) {
  NewProfileRule content;
  content.kind = rule.kind;
  content.name = rule.name;
  content.realm = rule.realm;
  content.cr_type = rule.cr_type;
  content.expiration_seconds = rule.expiration_seconds;
  content.conditions = rule.conditions;
  return content;
}

}  // namespace

Result<json::Value> ProfilesSection::DocumentNow(const AccountId& account, const Profile& profile) {
  Wanted content{.description = profile.description, .email = profile.email};
  BW_TRY(const ProfileIdentities trusted, profiles_.GetIdentities(account, profile.id));
  for (const ProfileIdentity& one : trusted.identities) {
    Trusting identity{.name = one.identifier,
                      .kind = one.kind,
                      .accounts = one.accounts,
                      .description = one.description};
    if (one.kind != TrustedKind::kCrn) {
      BW_TRY(identity.name, names_.NameOf(account, one.iam_id));
    }
    content.identities.push_back(std::move(identity));
  }
  BW_TRY(const auto rules, profiles_.ListRules(account, profile.id));
  for (const ProfileRule& rule : rules) content.rules.push_back(ContentOf(rule));
  BW_TRY(content.links, profiles_.ListLinks(account, profile.id));
  return DocumentOf(content);
}

Result<std::vector<ConfigurationItem>> ProfilesSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  for (std::int64_t offset = 0;; offset += kAtOnce) {
    BW_TRY(const auto listed,
           profiles_.List(account, {.sort = "name"}, {.offset = offset, .limit = kAtOnce}));
    for (const Profile& profile : listed.items) {
      BW_TRY(json::Value document, DocumentNow(account, profile));
      items.push_back({.key = profile.name, .document = std::move(document), .id = profile.id});
    }
    if (static_cast<std::int64_t>(listed.items.size()) < kAtOnce) return items;
  }
}

Result<ConfigurationItem> ProfilesSection::Complete(const AccountId&, ConfigurationItem item,
                                                    const json::Value&) {
  BW_TRY(const Wanted profile, Read(item));
  item.document = DocumentOf(profile);
  return item;
}

Status ProfilesSection::Put(const control::Caller& caller, const AccountId& account,
                            const ConfigurationItem& item) {
  BW_TRY(const Wanted wanted, Read(item));
  std::string id = item.id;
  if (id.empty()) {
    BW_TRY(const Profile made,
           profiles_.Create(
               caller, account,
               {.name = item.key, .description = wanted.description, .email = wanted.email}));
    id = made.id;
  }
  BW_TRY(const Profile now, profiles_.Get(account, id));
  if (now.description != wanted.description || now.email != wanted.email) {
    BW_TRY_STATUS(profiles_.Update(caller, account, id, "*",
                                   {.description = wanted.description, .email = wanted.email}));
  }
  BW_TRY(const json::Value before, DocumentNow(account, now));
  const auto differs = [&](std::string_view part) {
    const json::Value* there = json::Find(before, part);
    const json::Value* asked = json::Find(item.document, part);
    return json::Canonical(there == nullptr ? json::Value() : *there) !=
           json::Canonical(asked == nullptr ? json::Value() : *asked);
  };
  if (differs("identities")) {
    BW_TRY(const auto identities, IdentitiesOf(names_, account, wanted.identities));
    BW_TRY_STATUS(profiles_.SetIdentities(caller, account, id, "*", identities));
  }
  if (differs("rules")) BW_TRY_STATUS(PutRules(caller, account, id, wanted.rules));
  if (differs("links")) BW_TRY_STATUS(PutLinks(caller, account, id, wanted.links));
  return Ok();
}

Status ProfilesSection::PutRules(const control::Caller& caller, const AccountId& account,
                                 const std::string& id, const std::vector<NewProfileRule>& wanted) {
  const auto text = [](const NewProfileRule& rule) { return json::Canonical(DocumentOf(rule)); };
  BW_TRY(std::vector<ProfileRule> others, profiles_.ListRules(account, id));
  for (const NewProfileRule& rule : wanted) {
    const auto same = std::ranges::find(
        others, text(rule), [&](const ProfileRule& there) { return text(ContentOf(there)); });
    if (same == others.end()) {
      BW_TRY_STATUS(profiles_.CreateRule(caller, account, id, rule));
    } else {
      others.erase(same);
    }
  }
  for (const ProfileRule& rule : others) {
    BW_TRY_STATUS(profiles_.DeleteRule(caller, account, id, rule.id));
  }
  return Ok();
}

Status ProfilesSection::PutLinks(const control::Caller& caller, const AccountId& account,
                                 const std::string& id, const std::vector<ProfileLink>& wanted) {
  const auto text = [](const ProfileLink& link) { return json::Canonical(DocumentOf(link)); };
  BW_TRY(std::vector<ProfileLink> others, profiles_.ListLinks(account, id));
  for (const ProfileLink& link : wanted) {
    const auto same = std::ranges::find(others, text(link), text);
    if (same == others.end()) {
      BW_TRY_STATUS(profiles_.CreateLink(caller, account, id, link));
    } else {
      others.erase(same);
    }
  }
  for (const ProfileLink& link : others) {
    BW_TRY_STATUS(profiles_.DeleteLink(caller, account, id, link.id));
  }
  return Ok();
}

Status ProfilesSection::Remove(const control::Caller& caller, const AccountId& account,
                               const ConfigurationItem& item) {
  return profiles_.Delete(caller, account, item.id);
}

}  // namespace breakwater::iam
