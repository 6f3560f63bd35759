#include "posture/configuration.h"

#include <algorithm>

#include "base/strings.h"
#include "json/reader.h"
#include "posture/texts.h"

namespace breakwater::posture {
namespace {

using control::ConfigurationItem;
using json::Text;

constexpr std::size_t kMaxOfAControl = 1'000;  // goals, tags

// What a document says of a scope, as its own document has it.
Result<json::Object> ReadScope(const json::Value& document) {
  const json::Reader in(document);
  in.OnlyFields({"description", "selection", "interval", "is_discovery_scheduled"});
  json::Object scope{{"description", Text(in.String("description", ""))}};
  const std::int64_t interval = in.Int("interval", 0);
  if (interval < 0 || interval > kMaxDiscoveryInterval.count()) {
    in.Field("interval").Fail("must be seconds from 0 to a year");
  }
  if (interval > 0) scope["interval"] = interval;
  if (in.Bool("is_discovery_scheduled", false)) scope["is_discovery_scheduled"] = true;
  const auto selection = in.Optional("selection");
  BW_TRY_STATUS(in.Finish());
  if (selection) {
    BW_TRY(const Selection selected, SelectionFrom(selection->value()).Context("selection"));
    scope["selection"] = ToJson(selected);
  }
  return scope;
}

json::Value ToDocument(const Control& control) {
  json::Object document{{"external_control_id", Text(control.external_control_id)},
                        {"goals", Texts(control.goals)}};
  if (!control.description.empty()) document["description"] = Text(control.description);
  if (!control.parent.empty()) document["parent"] = Text(control.parent);
  if (!control.tags.empty()) document["tags"] = Texts(control.tags);
  return document;
}

json::Value ToDocument(const ProfileDraft& draft, const std::string& key) {
  json::Array controls;
  for (const Control& control : draft.controls) controls.push_back(ToDocument(control));
  json::Object document{{"description", Text(draft.description)},
                        {"controls", std::move(controls)}};
  if (draft.name != key) document["name"] = Text(draft.name);
  return document;
}

Result<ProfileDraft> ReadProfile(const ConfigurationItem& item) {
  const json::Reader in(item.document);
  in.OnlyFields({"name", "description", "controls"});
  ProfileDraft draft{.name = in.String("name", item.key),
                     .description = in.String("description", ""),
                     .base_profile = {},
                     .controls = {},
                     .enabled = true,
                     .reason_for_delete = {}};
  for (const json::Reader& one : in.Field("controls").Items(kMaxControls)) {
    one.OnlyFields({"external_control_id", "description", "parent", "tags", "goals"});
    const auto list = [&](std::string_view name) {
      const auto given = one.Optional(name);
      return given ? given->Strings(kMaxOfAControl) : std::vector<std::string>();
    };
    draft.controls.push_back({.id = {},
                              .external_control_id = one.Field("external_control_id").String(),
                              .description = one.String("description", ""),
                              .parent = one.String("parent", ""),
                              .tags = list("tags"),
                              .goals = list("goals")});
  }
  BW_TRY_STATUS(in.Finish());
  return draft;
}

// The account's profiles with what documents call them.
Result<std::vector<std::pair<std::string, FoundProfile>>> NamedProfiles(const Profiles& profiles,
                                                                        const AccountId& account) {
  BW_TRY(auto all, profiles.List(account));
  control::UniqueKeys keys;
  std::vector<std::pair<std::string, FoundProfile>> named;
  for (FoundProfile& one : all) {
    if (!one.entry.enabled) continue;
    const bool custom = one.profile->origin == ProfileOrigin::kCustom;
    named.emplace_back(keys.KeyFor(custom ? one.profile->name : one.entry.id), std::move(one));
  }
  return named;
}

struct Wanted {
  json::Object parameters;
  std::optional<std::int64_t> version;
  std::optional<std::chrono::seconds> every;
  std::optional<Timestamp> until;
  std::string evidence;
};

json::Value ToDocument(const Wanted& wanted) {
  json::Object document{{"parameters", wanted.parameters}};
  if (wanted.version) document["profile_version"] = *wanted.version;
  if (wanted.every) document["interval"] = wanted.every->count();
  if (wanted.until) document["until"] = Text(FormatRfc3339(*wanted.until));
  if (!wanted.evidence.empty()) document["evidence_repository"] = Text(wanted.evidence);
  return document;
}

Result<Wanted> ReadAttachment(const json::Value& document) {
  const json::Reader in(document);
  in.OnlyFields({"parameters", "profile_version", "interval", "until", "evidence_repository"});
  Wanted wanted{.parameters = {},
                .version = {},
                .every = {},
                .until = {},
                .evidence = in.String("evidence_repository", "")};
  if (const auto parameters = in.Optional("parameters")) {
    if (const auto* object = parameters->value().if_object()) {
      wanted.parameters = *object;
    } else {
      parameters->Fail("must be an object");
    }
  }
  if (const auto version = in.Optional("profile_version")) wanted.version = version->Int();
  if (const auto every = in.Optional("interval")) {
    wanted.every = std::chrono::seconds(every->Int());
  }
  if (const auto until = in.Optional("until")) {
    const auto at = ParseRfc3339(until->String());
    if (at.ok()) {
      wanted.until = *at;
    } else {
      until->Fail("must be a time");
    }
  }
  BW_TRY_STATUS(in.Finish());
  for (const auto& [name, value] : wanted.parameters) {
    if (value.is_null()) return Invalid("must not be null").Reason("invalid_field").Context(name);
  }
  return wanted;
}

bool IsDefault(const Attachment& attachment) {
  return attachment.scope_id == kRegistryScope && attachment.profile_id == kDefaultProfile;
}

}  // namespace

Result<std::vector<ConfigurationItem>> ScopesSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  BW_TRY(const auto scopes, setup_.List(account, SetupKind::kScope));
  for (const SetupItem& scope : scopes) {
    if (scope.id == kBuiltIn) continue;
    json::Object own;
    for (const char* member : {"description", "selection", "interval", "is_discovery_scheduled"}) {
      if (const json::Value* value = scope.document.if_contains(member)) own[member] = *value;
    }
    BW_TRY(auto document, ReadScope(own));
    items.push_back({.key = scope.name(), .document = std::move(document), .id = scope.id});
  }
  return items;
}

Result<ConfigurationItem> ScopesSection::Complete(const AccountId&, ConfigurationItem item,
                                                  const json::Value&) {
  BW_TRY(item.document, ReadScope(item.document));
  return item;
}

Status ScopesSection::Put(const control::Caller& caller, const AccountId& account,
                          const ConfigurationItem& item) {
  BW_TRY(const json::Object wanted, ReadScope(item.document));
  const auto apply = [&](json::Object& document) -> Status {
    for (const char* member : {"selection", "interval", "is_discovery_scheduled"}) {
      document.erase(member);
    }
    for (const auto& member : wanted) document[member.key()] = member.value();
    return Ok();
  };
  if (!item.id.empty()) {
    BW_TRY_STATUS(setup_.Update(caller, account, SetupKind::kScope, item.id, apply));
    return Ok();
  }
  json::Object made{{"name", Text(item.key)},
                    {"collector_ids", json::Array{Text(kBuiltIn)}},
                    {"credential_id", Text(kBuiltIn)},
                    {"credential_type", "ibm"}};
  BW_TRY_STATUS(apply(made));
  BW_TRY_STATUS(setup_.Create(caller, account, SetupKind::kScope, std::move(made)));
  return Ok();
}

Status ScopesSection::Remove(const control::Caller& caller, const AccountId& account,
                             const ConfigurationItem& item) {
  return setup_.Delete(caller, account, SetupKind::kScope, item.id);
}

Result<std::vector<ConfigurationItem>> CustomProfilesSection::Export(const AccountId& account) {
  std::vector<ConfigurationItem> items;
  BW_TRY(const auto named, NamedProfiles(profiles_, account));
  for (const auto& [key, found] : named) {
    const Profile& profile = *found.profile;
    if (profile.origin != ProfileOrigin::kCustom) continue;
    const ProfileDraft draft{.name = profile.name,
                             .description = profile.description,
                             .base_profile = {},
                             .controls = profile.controls,
                             .enabled = true,
                             .reason_for_delete = {}};
    items.push_back({.key = key, .document = ToDocument(draft, key), .id = found.entry.id});
  }
  return items;
}

Result<ConfigurationItem> CustomProfilesSection::Complete(const AccountId&, ConfigurationItem item,
                                                          const json::Value&) {
  BW_TRY(const ProfileDraft draft, ReadProfile(item));
  item.document = ToDocument(draft, item.key);
  return item;
}

Status CustomProfilesSection::Put(const control::Caller& caller, const AccountId& account,
                                  const ConfigurationItem& item) {
  BW_TRY(ProfileDraft draft, ReadProfile(item));
  if (item.id.empty()) {
    BW_TRY_STATUS(profiles_.Create(caller, account, std::move(draft)));
    return Ok();
  }
  BW_TRY(const auto now, profiles_.Find(account, item.id));
  draft.base_profile = now.profile->base_profile;
  return profiles_.Update(caller, account, item.id, std::move(draft));
}

Status CustomProfilesSection::Remove(const control::Caller& caller, const AccountId& account,
                                     const ConfigurationItem& item) {
  return profiles_.Delete(caller, account, item.id);
}

Result<std::vector<ConfigurationItem>> AttachmentsSection::Export(const AccountId& account) {
  BW_TRY(const auto named, NamedProfiles(posture_.profiles(), account));
  BW_TRY(const auto scopes, posture_.setup().List(account, SetupKind::kScope));
  BW_TRY(const auto attachments, posture_.attachments().List(account));
  std::vector<ConfigurationItem> items;
  for (const Attachment& attachment : attachments) {
    const auto profile = std::ranges::find_if(
        named, [&](const auto& one) { return one.second.entry.id == attachment.profile_id; });
    const auto scope = std::ranges::find_if(
        scopes, [&](const SetupItem& one) { return one.id == attachment.scope_id; });
    if (!attachment.enabled || profile == named.end() || scope == scopes.end()) continue;
    const bool custom = profile->second.profile->origin == ProfileOrigin::kCustom;
    const Wanted wanted{
        .parameters = attachment.parameters,
        .version = custom ? std::nullopt : std::optional(attachment.profile_version),
        .every = attachment.every,
        .until = attachment.until,
        .evidence = attachment.evidence_repository};
    const bool as_made = wanted.parameters.empty() && !wanted.every && wanted.evidence.empty();
    if (IsDefault(attachment) && as_made) continue;
    std::string key = profile->first;
    if (attachment.scope_id != kRegistryScope) key += "@" + scope->name();
    items.push_back({.key = std::move(key),
                     .document = ToDocument(wanted),
                     .id = std::to_string(attachment.id)});
  }
  return items;
}

Result<AttachmentsSection::Place> AttachmentsSection::PlaceOf(const AccountId& account,
                                                              const std::string& key) const {
  BW_TRY(const auto named, NamedProfiles(posture_.profiles(), account));
  const auto find = [&](std::string_view name) {
    return std::ranges::find_if(named, [&](const auto& one) { return one.first == name; });
  };
  if (const auto whole = find(key); whole != named.end()) {
    return Place{whole->second, std::string(kRegistryScope)};
  }
  const std::size_t at = key.rfind('@');
  const auto profile = find(std::string_view(key).substr(0, at));
  if (profile == named.end()) {
    return NotFound("there is no profile '" + key.substr(0, std::min<std::size_t>(at, 128)) + "'")
        .Reason("not_found");
  }
  BW_TRY(const auto scopes, posture_.setup().List(account, SetupKind::kScope));
  for (const SetupItem& scope : scopes) {
    if (scope.name() == key.substr(at + 1)) return Place{profile->second, scope.id};
  }
  return NotFound("there is no scope '" + key.substr(at + 1, 128) + "'").Reason("not_found");
}

Result<ConfigurationItem> AttachmentsSection::Complete(const AccountId& account,
                                                       ConfigurationItem item,
                                                       const json::Value& now) {
  BW_TRY(Wanted wanted, ReadAttachment(item.document));
  const auto place = PlaceOf(account, item.key);
  // What the same document makes before is not there yet: it is looked at when it is applied.
  if (!place.ok() && place.error().code() != ErrorCode::kNotFound) return place.error();
  if (place.ok()) {
    const Profile& latest = *place->profile.profile;
    if (latest.origin == ProfileOrigin::kCustom) {
      wanted.version.reset();
    } else if (!wanted.version) {
      const json::Value* pinned = json::Find(now, "profile_version");
      wanted.version = pinned == nullptr ? latest.version : pinned->as_int64();
    }
    BW_TRY(const auto found,
           posture_.profiles().Find(account, place->profile.entry.id, wanted.version));
    BW_TRY_STATUS(Attachments::CheckParameters(*found.profile, wanted.parameters));
  }
  item.document = ToDocument(wanted);
  return item;
}

Status AttachmentsSection::Put(const control::Caller& caller, const AccountId& account,
                               const ConfigurationItem& item) {
  BW_TRY(const Wanted wanted, ReadAttachment(item.document));
  BW_TRY(const Place place, PlaceOf(account, item.key));
  const std::string& profile_id = place.profile.entry.id;
  if (place.scope_id == kRegistryScope && profile_id == kDefaultProfile) {
    BW_TRY_STATUS(posture_.AttachmentOf(account, profile_id));  // makes it where it is missing
  }
  BW_TRY(const auto all, posture_.attachments().List(account));
  const auto there = std::ranges::find_if(all, [&](const Attachment& one) {
    return one.enabled && one.scope_id == place.scope_id && one.profile_id == profile_id;
  });
  if (!wanted.evidence.empty() &&
      (there == all.end() || there->evidence_repository != wanted.evidence)) {
    BW_TRY_STATUS(may_keep_in_(caller, account, wanted.evidence).Context("evidence_repository"));
  }
  const auto want = [&](AttachmentDraft draft) -> Result<AttachmentDraft> {
    draft.parameters = wanted.parameters;
    if (wanted.version) draft.profile_version = wanted.version;
    // How many scans are left is not in the document: that changes by itself.
    if (!wanted.every) draft.runs = {};
    draft.every = wanted.every;
    draft.until = wanted.until;
    draft.evidence_repository = wanted.evidence;
    return draft;
  };
  if (there != all.end()) {
    BW_TRY_STATUS(posture_.attachments().Update(caller, account, there->id, want));
    return Ok();
  }
  BW_TRY(const AttachmentDraft draft, want({.scope_id = place.scope_id,
                                            .profile_id = profile_id,
                                            .profile_version = {},
                                            .parameters = {},
                                            .every = {}}));
  BW_TRY_STATUS(posture_.attachments().Create(caller, account, draft));
  return Ok();
}

Status AttachmentsSection::Remove(const control::Caller& caller, const AccountId& account,
                                  const ConfigurationItem& item) {
  BW_TRY(const std::int64_t id, ParseInt(item.id));
  BW_TRY(const Attachment attachment, posture_.attachments().Find(account, id));
  if (!IsDefault(attachment)) return posture_.attachments().End(caller, account, id);
  BW_TRY_STATUS(posture_.attachments().Update(caller, account, id,
                                              [](AttachmentDraft draft) -> Result<AttachmentDraft> {
                                                draft.parameters = {};
                                                draft.every = {};
                                                draft.until = {};
                                                draft.runs = {};
                                                draft.evidence_repository = {};
                                                return draft;
                                              }));
  return Ok();
}

}  // namespace breakwater::posture
