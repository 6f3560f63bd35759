#include "posture/profiles.h"

#include "json/reader.h"
#include "posture/numbers.h"

namespace breakwater::posture {
namespace {

using json::Text;

constexpr std::size_t kMaxParsed = 256;
constexpr json::Limits kDocumentLimits{.max_bytes = 16U << 20, .max_depth = 64};

constexpr std::string_view kColumns =
    "SELECT id, account, name, version, enabled, deleted_reason, created, created_by, modified, "
    "modified_by FROM posture_profile ";

ProfileEntry EntryOf(const db::Row& row) {
  return {.id = row.String(0),
          .account = AccountId(row.String(1)),
          .name = row.String(2),
          .version = row.Int(3),
          .enabled = row.Bool(4),
          .reason_for_delete = row.String(5),
          .created = row.Time(6),
          .created_by = row.String(7),
          .modified = row.Time(8),
          .modified_by = row.String(9)};
}

Error NoProfile(std::string_view id) {
  return NotFound("profile " + std::string(id) + " was not found");
}

// What the audit trail shows of a profile: its goals by name, not their documents.
json::Value Shown(const Profile& profile, const ProfileDraft& draft) {
  json::Array controls;
  for (const Control& control : profile.controls) {
    json::Array goals;
    for (const std::string& goal : control.goals) goals.emplace_back(Text(goal));
    controls.push_back(
        {{"external_control_id", Text(control.external_control_id)}, {"goals", std::move(goals)}});
  }
  return {{"name", Text(profile.name)}, {"description", Text(profile.description)},
          {"version", profile.version}, {"base_profile", Text(profile.base_profile)},
          {"enabled", draft.enabled},   {"controls", std::move(controls)}};
}

Status CheckDraft(const ProfileDraft& draft) {
  const auto wrong = [](std::string_view what) {
    return Invalid(std::string(what)).Reason("invalid_field");
  };
  if (draft.name.empty() || draft.name.size() > 128) {
    return wrong("name: must have between 1 and 128 characters");
  }
  if (draft.description.size() > 512) {
    return wrong("description: must have at most 512 characters");
  }
  if (draft.controls.size() > kMaxControls) return wrong("a profile has at most 1200 controls");
  return Ok();
}

Status InsertVersion(db::Transaction& tx, const Profile& profile, Timestamp now) {
  const std::string document = json::Serialize(ToDocument(profile));
  if (profile.origin == ProfileOrigin::kCustom && document.size() > kMaxProfileBytes) {
    return Invalid("a profile's document has at most 1 MiB").Reason("invalid_field");
  }
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO posture_profile_version (profile_id, version, digest, created, document) "
      "VALUES ($1, $2, $3, $4, $5)",
      {profile.id, profile.version, DigestOf(profile), now, document}));
  return Ok();
}

// Numbers of custom profiles and of their controls begin far from those the program brings along.
constexpr std::int64_t kFirstProfile = 100'000;
constexpr std::int64_t kFirstControl = 10'000'000;

}  // namespace

Profiles::Profiles(db::Database& database, control::ChangePath& changes, const Content& content,
                   const condition::Catalogue& catalogue, const Clock& clock)
    : database_(database),
      changes_(changes),
      content_(content),
      catalogue_(catalogue),
      clock_(clock) {}

Status Profiles::Publish() {
  return database_.Write([&](db::Transaction& tx) -> Status {
    for (const auto& profile : content_.profiles()) BW_TRY_STATUS(PublishOne(tx, *profile));
    return Ok();
  });
}

Status Profiles::PublishOne(db::Transaction& tx, const Profile& profile) const {
  const std::string digest = DigestOf(profile);
  BW_TRY(const auto known, tx.QueryOne("SELECT digest FROM posture_profile_version "
                                       "WHERE profile_id = $1 AND version = $2",
                                       {profile.id, profile.version},
                                       [](const db::Row& row) { return row.String(0); }));
  if (known && *known != digest) {
    return Internal("version " + std::to_string(profile.version) + " of profile " + profile.id +
                    " is another than the one this database knows");
  }
  if (known) return Ok();
  const Timestamp now = clock_.Now();
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO posture_profile (id, account, name, version, enabled, deleted_reason, created, "
      "created_by, modified, modified_by) VALUES ($1, '', $2, $3, 1, '', $4, '', $4, '') "
      "ON CONFLICT (id) DO UPDATE SET name = $2, version = $3, modified = $4 "
      "WHERE posture_profile.version < $3",
      {profile.id, profile.name, profile.version, now}));
  return InsertVersion(tx, profile, now);
}

Result<std::shared_ptr<const Profile>> Profiles::Load(db::Transaction& tx, std::string_view id,
                                                      std::int64_t version) const {
  const std::pair key(std::string(id), version);
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = parsed_.find(key); found != parsed_.end()) return found->second;
  }
  BW_TRY(const auto text,
         tx.QueryOne("SELECT document FROM posture_profile_version "
                     "WHERE profile_id = $1 AND version = $2",
                     {id, version}, [](const db::Row& row) { return row.String(0); }));
  if (!text) {
    return NotFound("version " + std::to_string(version) + " of profile " + std::string(id) +
                    " was not found");
  }
  BW_TRY(const json::Value document, json::Parse(*text, kDocumentLimits));
  BW_TRY(auto profile, ProfileFromDocument(document, catalogue_));
  const std::lock_guard lock(mutex_);
  if (parsed_.size() >= kMaxParsed) parsed_.clear();
  parsed_.emplace(key, profile);
  return profile;
}

Result<std::shared_ptr<const Profile>> Profiles::Load(std::string_view id,
                                                      std::int64_t version) const {
  return database_.ReadValue([&](db::Transaction& tx) { return Load(tx, id, version); });
}

Result<std::vector<FoundProfile>> Profiles::List(const AccountId& account) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<FoundProfile>> {
    BW_TRY(auto entries,
           tx.QueryAll(std::string(kColumns) + "WHERE account = '' OR account = $1 "
                                               "ORDER BY account <> '', length(id), id",
                       {account}, EntryOf));
    std::vector<FoundProfile> found;
    for (ProfileEntry& entry : entries) {
      BW_TRY(auto profile, Load(tx, entry.id, entry.version));
      found.push_back({std::move(entry), std::move(profile)});
    }
    return found;
  });
}

Result<FoundProfile> Profiles::Find(db::Transaction& tx, const AccountId& account,
                                    std::string_view id,
                                    std::optional<std::int64_t> version) const {
  BW_TRY(auto entry,
         tx.QueryOne(std::string(kColumns) + "WHERE id = $1 AND (account = '' OR account = $2)",
                     {id, account}, EntryOf));
  if (!entry) return NoProfile(id);
  BW_TRY(auto profile, Load(tx, id, version.value_or(entry->version)));
  return FoundProfile{*std::move(entry), std::move(profile)};
}

Result<FoundProfile> Profiles::Find(const AccountId& account, std::string_view id,
                                    std::optional<std::int64_t> version) const {
  return database_.ReadValue([&](db::Transaction& tx) { return Find(tx, account, id, version); });
}

Result<std::vector<Profiles::Version>> Profiles::Versions(const AccountId& account,
                                                          std::string_view id) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::vector<Version>> {
    BW_TRY_STATUS(Find(tx, account, id));
    return tx.QueryAll(
        "SELECT version, digest, created FROM posture_profile_version "
        "WHERE profile_id = $1 ORDER BY version",
        {id}, [](const db::Row& row) { return Version{row.Int(0), row.String(1), row.Time(2)}; });
  });
}

// What has a number keeps it: whoever read it may name it.
Status Profiles::Number(db::Transaction& tx, ProfileDraft& draft) const {
  std::int64_t wanted = 0;
  for (const Control& control : draft.controls) wanted += control.id.empty() ? 1 : 0;
  if (wanted == 0) return Ok();
  BW_TRY(std::int64_t next, TakeNumbers(tx, "control", kFirstControl, wanted));
  for (Control& control : draft.controls) {
    if (control.id.empty()) control.id = std::to_string(next++);
  }
  return Ok();
}

Result<Profile> Profiles::Made(db::Transaction& tx, std::string id, std::int64_t version,
                               const ProfileDraft& draft) const {
  ProfileDraft numbered = draft;
  BW_TRY_STATUS(Number(tx, numbered));
  Profile profile{.id = std::move(id),
                  .name = numbered.name,
                  .description = numbered.description,
                  .version = version,
                  .origin = ProfileOrigin::kCustom,
                  .base_profile = numbered.base_profile,
                  .controls = std::move(numbered.controls),
                  .goals = {}};
  BW_TRY_STATUS(ResolveGoals(profile, [&](std::string_view goal) { return FindGoal(goal); }));
  return profile;
}

Result<std::string> Profiles::Create(const control::Caller& caller, const AccountId& account,
                                     ProfileDraft draft) {
  BW_TRY_STATUS(CheckDraft(draft));
  std::string id;
  BW_TRY_STATUS(changes_.Submit(
      caller,
      {.action = "compliance.posture-management.profiles-create",
       .resource = control::AccountResource(account, "profile", draft.name),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const auto count,
                tx.QueryOne("SELECT count(*) FROM posture_profile WHERE account = $1", {account},
                            [](const db::Row& row) { return row.Int(0); }));
         if (count.value_or(0) >= static_cast<std::int64_t>(kMaxCustomProfiles)) {
           return Invalid("an account has at most 50 custom profiles").Reason("limit_exceeded");
         }
         BW_TRY(const std::int64_t number, TakeNumbers(tx, "profile", kFirstProfile));
         id = std::to_string(number);
         const Timestamp now = clock_.Now();
         BW_TRY(const Profile profile, Made(tx, id, 1, draft));
         BW_TRY_STATUS(tx.Execute(
             "INSERT INTO posture_profile (id, account, name, version, enabled, deleted_reason, "
             "created, created_by, modified, modified_by) "
             "VALUES ($1, $2, $3, 1, $4, $5, $6, $7, $6, $7)",
             {id, account, draft.name, draft.enabled, draft.reason_for_delete, now,
              caller.actor.iam_id}));
         BW_TRY_STATUS(InsertVersion(tx, profile, now));
         return control::Effect{
             .before = nullptr, .after = Shown(profile, draft), .governed = {}, .events = {}};
       }}));
  return id;
}

Status Profiles::Update(const control::Caller& caller, const AccountId& account,
                        const std::string& id, ProfileDraft draft) {
  BW_TRY_STATUS(CheckDraft(draft));
  return changes_.Submit(
      caller, {.action = "compliance.posture-management.profiles-update",
               .resource = control::AccountResource(account, "profile", id),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const FoundProfile old, Find(tx, account, id));
                 if (old.entry.account.empty()) {
                   return Denied("predefined profiles cannot be edited; make a custom one from it");
                 }
                 const Timestamp now = clock_.Now();
                 BW_TRY(Profile profile, Made(tx, id, old.entry.version, draft));
                 if (ToDocument(profile) != ToDocument(*old.profile)) {
                   ++profile.version;
                   BW_TRY_STATUS(InsertVersion(tx, profile, now));
                 }
                 BW_TRY_STATUS(tx.Execute(
                     "UPDATE posture_profile SET name = $2, version = $3, enabled = $4, "
                     "deleted_reason = $5, modified = $6, modified_by = $7 WHERE id = $1",
                     {id, draft.name, profile.version, draft.enabled, draft.reason_for_delete, now,
                      caller.actor.iam_id}));
                 ProfileDraft before = draft;
                 before.enabled = old.entry.enabled;
                 return control::Effect{.before = Shown(*old.profile, before),
                                        .after = Shown(profile, draft),
                                        .governed = {},
                                        .events = {}};
               }});
}

Status Profiles::Delete(const control::Caller& caller, const AccountId& account,
                        const std::string& id) {
  return changes_.Submit(
      caller,
      {.action = "compliance.posture-management.profiles-delete",
       .resource = control::AccountResource(account, "profile", id),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY(const FoundProfile old, Find(tx, account, id));
         if (old.entry.account.empty()) return Denied("predefined profiles cannot be deleted");
         BW_TRY(const auto attached,
                tx.QueryOne(
                    "SELECT scope_id FROM posture_attachment WHERE profile_id = $1 AND enabled = 1",
                    {id}, [](const db::Row& row) { return row.String(0); }));
         if (attached) {
           return Conflict("the profile is attached to scope " + *attached +
                           "; delete that attachment first");
         }
         // Scans of the past stay readable: their versions stay.
         BW_TRY_STATUS(tx.Execute("DELETE FROM posture_profile WHERE id = $1", {id}));
         return control::Effect{
             .before = Shown(*old.profile, ProfileDraft{.name = {},
                                                        .description = {},
                                                        .base_profile = {},
                                                        .controls = {},
                                                        .enabled = old.entry.enabled,
                                                        .reason_for_delete = {}}),
             .after = nullptr,
             .governed = {},
             .events = {}};
       }});
}

}  // namespace breakwater::posture
