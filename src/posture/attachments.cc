#include "posture/attachments.h"

#include "condition/parameters.h"
#include "posture/ledger.h"

namespace breakwater::posture {
namespace {

using json::Text;

const std::string kColumns =
    "id, account, scope_id, profile_id, profile_version, parameters, every_seconds, next_scan, "
    "enabled, created, created_by, evaluated, checked, evidence_repository, scans_until, runs_left";
const std::string kSelect = "SELECT " + kColumns + " FROM posture_attachment ";
const std::string kReturning = " RETURNING " + kColumns;
const std::string kSelectInForce =
    "SELECT at, profile_version, parameters, scope FROM posture_attachment_version "
    "WHERE attachment_id = $1 ";

Result<json::Object> ObjectOf(std::string_view text) {
  BW_TRY(json::Value value, json::Parse(text));
  if (!value.is_object()) return DataCorrupt("parameters are no object");
  return std::move(value.as_object());
}

Result<Attachment> AttachmentOf(const db::Row& row) {
  Attachment attachment{.id = row.Int(0),
                        .account = AccountId(row.String(1)),
                        .scope_id = row.String(2),
                        .profile_id = row.String(3),
                        .profile_version = row.Int(4),
                        .parameters = {},
                        .every = {},
                        .until = row.OptionalTime(14),
                        .runs_left = {},
                        .next_scan = row.OptionalTime(7),
                        .enabled = row.Bool(8),
                        .evidence_repository = row.String(13),
                        .created = row.Time(9),
                        .created_by = row.String(10),
                        .evaluated = row.Time(11),
                        .checked = row.OptionalTime(12)};
  BW_TRY(attachment.parameters, ObjectOf(row.Text(5)));
  if (!row.IsNull(6)) attachment.every = std::chrono::seconds(row.Int(6));
  if (!row.IsNull(15)) attachment.runs_left = row.Int(15);
  return attachment;
}

Result<InForce> InForceOf(const db::Row& row) {
  BW_TRY(auto parameters, ObjectOf(row.Text(2)));
  InForce in_force{row.Time(0), row.Int(1), std::move(parameters), {}};
  if (row.Text(3).empty()) return in_force;
  BW_TRY(const json::Value scope, json::Parse(row.Text(3)));
  in_force.scope.name = json::FindText(scope, "name");
  in_force.scope.description = json::FindText(scope, "description");
  if (const json::Value* selection = json::Find(scope, "selection")) {
    in_force.scope.selection = *selection;
  }
  return in_force;
}

Error NoAttachment(std::int64_t id) {
  return NotFound("attachment " + std::to_string(id) + " was not found");
}

jobs::Event ChangedEvent(const Attachment& attachment) {
  return {std::string(kAttachmentChanged),
          {{"account", Text(attachment.account.value())}, {"attachment_id", attachment.id}}};
}

// Its own words; the built-in one is no row.
Result<json::Object> ScopeNow(db::Transaction& tx, const Attachment& attachment) {
  BW_TRY(const auto document,
         tx.QueryOne("SELECT document FROM posture_setup WHERE account = $1 AND kind = 'scope' "
                     "AND CAST(id AS TEXT) = $2",
                     {attachment.account, attachment.scope_id},
                     [](const db::Row& row) { return ObjectOf(row.Text(0)); }));
  json::Object scope = document.value_or(json::Object{
      {"name", "registry"}, {"description", "Everything the account has in this installation"}});
  json::Object shown;
  for (const char* member : {"name", "description", "selection"}) {
    if (const json::Value* value = scope.if_contains(member)) shown[member] = *value;
  }
  return shown;
}

Status CheckSchedule(const AttachmentDraft& draft) {
  const auto wrong = [](std::string_view what) {
    return Invalid(std::string(what)).Reason("invalid_field");
  };
  if (!draft.every) {
    if (!draft.until && !draft.runs) return Ok();
    return wrong("interval: is needed for a schedule that ends");
  }
  if (*draft.every < kShortestInterval || *draft.every > kLongestInterval) {
    return wrong("interval: must be between 3600 and 31622400 seconds");
  }
  if (draft.runs && (*draft.runs < 0 || *draft.runs > kMaxRuns)) {
    return wrong("runs: must be between 0 and " + std::to_string(kMaxRuns));
  }
  return Ok();
}

// Absent: the schedule has ended, or there is none.
std::optional<Timestamp> NextScan(const AttachmentDraft& draft, Timestamp now) {
  if (!draft.every || draft.runs == 0) return std::nullopt;
  const Timestamp next = now + *draft.every;
  if (draft.until && next > *draft.until) return std::nullopt;
  return next;
}

std::optional<std::int64_t> Seconds(const std::optional<std::chrono::seconds>& every) {
  return every ? std::optional<std::int64_t>(every->count()) : std::nullopt;
}

AttachmentDraft DraftOf(const Attachment& now) {
  return {.scope_id = now.scope_id,
          .profile_id = now.profile_id,
          .profile_version = now.profile_version,
          .parameters = now.parameters,
          .every = now.every,
          .enabled = now.enabled,
          .evidence_repository = now.evidence_repository,
          .until = now.until,
          .runs = now.runs_left};
}

// Whether one more may be in force.
Status CheckMayBegin(db::Transaction& tx, const AccountId& account, const std::string& scope_id,
                     const ProfileEntry& profile) {
  BW_TRY(const auto scope,
         tx.QueryOne("SELECT enabled FROM posture_setup WHERE account = $1 AND kind = 'scope' "
                     "AND CAST(id AS TEXT) = $2",
                     {account, scope_id}, [](const db::Row& row) { return row.Bool(0); }));
  if (scope && !*scope) return Conflict("scope " + scope_id + " was deleted");
  if (!profile.enabled) return Conflict("profile " + profile.id + " is disabled");
  BW_TRY(const auto count,
         tx.QueryOne("SELECT count(*) FROM posture_attachment WHERE account = $1 AND enabled = 1",
                     {account}, [](const db::Row& row) { return row.Int(0); }));
  if (count.value_or(0) < static_cast<std::int64_t>(kMaxAttachments)) return Ok();
  return Invalid("an account has at most " + std::to_string(kMaxAttachments) + " attachments")
      .Reason("limit_exceeded");
}

// What of old values a newer version still has and allows.
json::Object StillDeclared(const Profile& profile, const json::Object& parameters) {
  json::Object kept;
  for (const auto& member : parameters) {
    const json::Object one{{member.key(), member.value()}};
    if (Attachments::CheckParameters(profile, one).ok()) kept[member.key()] = member.value();
  }
  return kept;
}

}  // namespace

json::Value ToJson(const Attachment& a) {
  return {
      {"id", Text(std::to_string(a.id))},
      {"scope_id", Text(a.scope_id)},
      {"profile_id", Text(a.profile_id)},
      {"profile_version", a.profile_version},
      {"parameters", a.parameters},
      {"interval", a.every ? json::Value(a.every->count()) : json::Value()},
      {"until", a.until ? json::Value(Text(FormatRfc3339(*a.until))) : json::Value()},
      {"runs", a.runs_left ? json::Value(*a.runs_left) : json::Value()},
      {"next_scan", a.next_scan ? json::Value(Text(FormatRfc3339(*a.next_scan))) : json::Value()},
      {"enabled", a.enabled},
      {"evidence_repository", json::TextOrNull(a.evidence_repository)},
      {"created_at", Text(FormatRfc3339(a.created))},
      {"created_by", Text(a.created_by)}};
}

Attachments::Attachments(db::Database& database, control::ChangePath& changes,
                         const Profiles& profiles, const Clock& clock)
    : database_(database), changes_(changes), profiles_(profiles), clock_(clock) {}

Result<std::vector<Attachment>> Attachments::List(db::Transaction& tx,
                                                  const AccountId& account) const {
  return tx.QueryAll(kSelect + "WHERE account = $1 ORDER BY id", {account}, AttachmentOf);
}

Result<std::vector<Attachment>> Attachments::List(const AccountId& account) const {
  return database_.ReadValue([&](db::Transaction& tx) { return List(tx, account); });
}

Result<Attachment> Attachments::Find(db::Transaction& tx, const AccountId& account,
                                     std::int64_t id) const {
  BW_TRY(auto found,
         tx.QueryOne(kSelect + "WHERE id = $1 AND account = $2", {id, account}, AttachmentOf));
  if (!found) return NoAttachment(id);
  return *std::move(found);
}

Result<Attachment> Attachments::Get(db::Transaction& tx, std::int64_t id) const {
  BW_TRY(auto found, tx.QueryOne(kSelect + "WHERE id = $1", {id}, AttachmentOf));
  if (!found) return NoAttachment(id);
  return *std::move(found);
}

Result<Attachment> Attachments::Find(const AccountId& account, std::int64_t id) const {
  return database_.ReadValue([&](db::Transaction& tx) { return Find(tx, account, id); });
}

Result<std::optional<Attachment>> Attachments::FindFor(db::Transaction& tx,
                                                       const AccountId& account,
                                                       std::string_view scope_id,
                                                       std::string_view profile_id) const {
  return tx.QueryOne(kSelect + "WHERE account = $1 AND scope_id = $2 AND profile_id = $3",
                     {account, scope_id, profile_id}, AttachmentOf);
}

Result<std::optional<InForce>> Attachments::InForceAt(db::Transaction& tx, std::int64_t id,
                                                      Timestamp at) const {
  return tx.QueryOne(kSelectInForce + "AND at <= $2 AND (until IS NULL OR until > $2)", {id, at},
                     InForceOf);
}

Result<std::vector<InForce>> Attachments::InForceBetween(db::Transaction& tx, std::int64_t id,
                                                         Timestamp from, Timestamp until) const {
  return tx.QueryAll(kSelectInForce + "AND at <= $3 AND (until IS NULL OR until > $2) ORDER BY at",
                     {id, from, until}, InForceOf);
}

Status Attachments::CheckParameters(const Profile& profile, const json::Object& parameters) {
  for (const auto& member : parameters) {
    const auto* declaration = profile.FindParameter(member.key());
    if (declaration == nullptr) {
      return NotFound("parameter " + std::string(member.key()) + " was not found in profile " +
                      profile.id);
    }
    const json::Object one{{member.key(), member.value()}};
    BW_TRY_STATUS(condition::Parameters::Bind({*declaration}, one));
  }
  return Ok();
}

Status Attachments::SetInForce(db::Transaction& tx, const Attachment& attachment) const {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_attachment_version SET until = $2 "
                 "WHERE attachment_id = $1 AND until IS NULL",
                 {attachment.id, attachment.evaluated}));
  BW_TRY(const json::Object scope, ScopeNow(tx, attachment));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO posture_attachment_version (attachment_id, at, until, profile_version, "
      "parameters, scope) VALUES ($1, $2, NULL, $3, $4, $5)",
      {attachment.id, attachment.evaluated, attachment.profile_version,
       json::Serialize(attachment.parameters), json::Serialize(scope)}));
  return Ok();
}

Status Attachments::Close(db::Transaction& tx, const Attachment& attachment) const {
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_attachment_version SET until = $2 "
                 "WHERE attachment_id = $1 AND until IS NULL",
                 {attachment.id, attachment.evaluated}));
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_attachment SET checked = NULL WHERE id = $1", {attachment.id}));
  return ledger::EndAll(tx, attachment.id, attachment.evaluated);
}

Result<Attachment> Attachments::Attach(db::Transaction& tx, const control::Caller& caller,
                                       const AccountId& account,
                                       const AttachmentDraft& draft) const {
  BW_TRY_STATUS(CheckSchedule(draft));
  BW_TRY(const auto found, profiles_.Find(tx, account, draft.profile_id, draft.profile_version));
  BW_TRY_STATUS(CheckMayBegin(tx, account, draft.scope_id, found.entry));
  BW_TRY_STATUS(CheckParameters(*found.profile, draft.parameters));
  const Timestamp now = clock_.Now();
  const auto next = NextScan(draft, now);
  BW_TRY(auto made,
         tx.QueryOne("INSERT INTO posture_attachment (account, scope_id, profile_id, "
                     "profile_version, parameters, every_seconds, next_scan, enabled, created, "
                     "created_by, evaluated, evidence_repository, scans_until, runs_left) "
                     "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $9, $11, $12, $13) "
                     "ON CONFLICT (account, scope_id, profile_id) DO UPDATE SET "
                     "profile_version = $4, parameters = $5, every_seconds = $6, next_scan = $7, "
                     "enabled = $8, evidence_repository = $11, scans_until = $12, runs_left = $13, "
                     "evaluated = CASE WHEN "
                     "posture_attachment.evaluated >= $9 "
                     "THEN posture_attachment.evaluated + 1 ELSE $9 END" +
                         kReturning,
                     {account, draft.scope_id, draft.profile_id, found.profile->version,
                      json::Serialize(draft.parameters), Seconds(draft.every), next, draft.enabled,
                      now, caller.actor.iam_id, draft.evidence_repository, draft.until, draft.runs},
                     AttachmentOf));
  if (!made) return Internal("an attachment was not written");
  // Where it was ended before, what was known of it then is of another time.
  BW_TRY_STATUS(ledger::EndAll(tx, made->id, made->evaluated));
  BW_TRY_STATUS(SetInForce(tx, *made));
  return *std::move(made);
}

Status Attachments::Ensure(db::Transaction& tx, const AccountId& account,
                           std::string_view profile_id) const {
  BW_TRY(const auto there, FindFor(tx, account, "1", profile_id));
  if (there) return Ok();
  BW_TRY_STATUS(Attach(tx, control::SystemCaller(account, "posture"), account,
                       {.scope_id = "1",
                        .profile_id = std::string(profile_id),
                        .profile_version = {},
                        .parameters = {},
                        .every = {}}));
  return Ok();
}

Result<Attachment> Attachments::Create(const control::Caller& caller, const AccountId& account,
                                       const AttachmentDraft& draft) {
  Attachment made;
  BW_TRY_STATUS(changes_.Submit(
      caller, {.action = "compliance.posture-management.attachments-create",
               .resource = control::AccountResource(account, "posture-attachment"),
               .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
                 BW_TRY(const auto there, FindFor(tx, account, draft.scope_id, draft.profile_id));
                 if (there && there->enabled) {
                   return Exists("profile " + draft.profile_id + " is attached to scope " +
                                 draft.scope_id + " as " + std::to_string(there->id));
                 }
                 BW_TRY(made, Attach(tx, caller, account, draft));
                 return control::Effect{.before = nullptr,
                                        .after = ToJson(made),
                                        .governed = {},
                                        .events = {ChangedEvent(made)}};
               }}));
  return made;
}

Result<control::Effect> Attachments::Change(db::Transaction& tx, const Attachment& before,
                                            const AttachmentDraft& draft, Attachment* after) const {
  BW_TRY_STATUS(CheckSchedule(draft));
  const std::int64_t version = draft.profile_version.value_or(before.profile_version);
  BW_TRY(const auto found, profiles_.Find(tx, before.account, before.profile_id, version));
  json::Object parameters = draft.parameters;
  if (version != before.profile_version) parameters = StillDeclared(*found.profile, parameters);
  BW_TRY_STATUS(CheckParameters(*found.profile, parameters));
  if (draft.enabled && !before.enabled) {
    BW_TRY_STATUS(CheckMayBegin(tx, before.account, before.scope_id, found.entry));
  }
  const bool same =
      draft.every == before.every && draft.until == before.until && draft.runs == before.runs_left;
  const auto next = same ? before.next_scan : NextScan(draft, clock_.Now());
  BW_TRY(auto changed,
         tx.QueryOne("UPDATE posture_attachment SET profile_version = $2, parameters = $3, "
                     "every_seconds = $4, next_scan = $5, enabled = $6, "
                     "evidence_repository = $7, scans_until = $8, runs_left = $9 WHERE id = $1" +
                         kReturning,
                     {before.id, version, json::Serialize(parameters), Seconds(draft.every), next,
                      draft.enabled, draft.evidence_repository, draft.until, draft.runs},
                     AttachmentOf));
  if (!changed) return NoAttachment(before.id);
  *after = *std::move(changed);
  // What was found by another version or other values says nothing of these.
  const bool anew = version != before.profile_version || parameters != before.parameters ||
                    after->enabled != before.enabled;
  if (anew) BW_TRY_STATUS(Close(tx, *after));
  if (anew && after->enabled) BW_TRY_STATUS(SetInForce(tx, *after));
  return control::Effect{.before = ToJson(before),
                         .after = ToJson(*after),
                         .governed = {},
                         .events = {ChangedEvent(*after)}};
}

Result<Attachment> Attachments::Update(const control::Caller& caller, const AccountId& account,
                                       std::int64_t id, const Alter& alter) {
  Attachment after;
  BW_TRY_STATUS(changes_.Submit(
      caller,
      {.action = "compliance.posture-management.attachments-update",
       .resource = control::AccountResource(account, "posture-attachment", std::to_string(id)),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(Find(tx, account, id));
         BW_TRY(const Attachment before, Lock(tx, id));
         BW_TRY(const AttachmentDraft draft, alter(DraftOf(before)));
         return Change(tx, before, draft, &after);
       }}));
  return after;
}

Status Attachments::End(const control::Caller& caller, const AccountId& account, std::int64_t id) {
  return changes_.Submit(
      caller,
      {.action = "compliance.posture-management.attachments-delete",
       .resource = control::AccountResource(account, "posture-attachment", std::to_string(id)),
       .apply = [&](db::Transaction& tx) -> Result<control::Effect> {
         BW_TRY_STATUS(Find(tx, account, id));
         BW_TRY(const Attachment before, Lock(tx, id));
         BW_TRY_STATUS(
             tx.Execute("UPDATE posture_attachment SET enabled = 0, next_scan = NULL, "
                        "every_seconds = NULL WHERE id = $1",
                        {id}));
         BW_TRY_STATUS(Close(tx, before));
         return control::Effect{
             .before = ToJson(before), .after = nullptr, .governed = {}, .events = {}};
       }});
}

Status Attachments::EndOfScope(db::Transaction& tx, const AccountId& account,
                               std::string_view scope_id) const {
  BW_TRY(const auto all, List(tx, account));
  for (const Attachment& one : all) {
    if (one.scope_id != scope_id || !one.enabled) continue;
    BW_TRY(const Attachment locked, Lock(tx, one.id));
    BW_TRY_STATUS(
        tx.Execute("UPDATE posture_attachment SET enabled = 0, next_scan = NULL, "
                   "every_seconds = NULL WHERE id = $1",
                   {one.id}));
    BW_TRY_STATUS(Close(tx, locked));
  }
  return Ok();
}

Result<std::vector<jobs::Event>> Attachments::ScopeChanged(db::Transaction& tx,
                                                           const AccountId& account,
                                                           std::string_view scope_id) const {
  BW_TRY(const auto all, List(tx, account));
  std::vector<jobs::Event> events;
  for (const Attachment& one : all) {
    if (one.scope_id != scope_id || !one.enabled) continue;
    BW_TRY(const Attachment locked, Lock(tx, one.id));
    BW_TRY_STATUS(Close(tx, locked));
    BW_TRY_STATUS(SetInForce(tx, locked));
    events.push_back(ChangedEvent(locked));
  }
  return events;
}

Error Attachments::Ended(std::int64_t id) {
  return NotFound("attachment " + std::to_string(id) + " has ended");
}

Result<Attachment> Attachments::Lock(db::Transaction& tx, std::int64_t id) const {
  BW_TRY(auto locked,
         tx.QueryOne("UPDATE posture_attachment SET evaluated = "
                     "CASE WHEN evaluated >= $2 THEN evaluated + 1 ELSE $2 END WHERE id = $1" +
                         kReturning,
                     {id, clock_.Now()}, AttachmentOf));
  if (!locked) return NoAttachment(id);
  return *std::move(locked);
}

Status Attachments::MarkChecked(db::Transaction& tx, std::int64_t id, Timestamp at) const {
  BW_TRY_STATUS(tx.Execute("UPDATE posture_attachment SET checked = $2 WHERE id = $1", {id, at}));
  BW_TRY_STATUS(
      tx.Execute("INSERT INTO posture_look (attachment_id, at) VALUES ($1, $2)", {id, at}));
  return Ok();
}

Result<std::optional<Timestamp>> Attachments::LastLook(db::Transaction& tx, std::int64_t id,
                                                       Timestamp from, Timestamp at) const {
  return tx.QueryOne(
      "SELECT at FROM posture_look WHERE attachment_id = $1 AND at >= $2 AND at <= $3 "
      "ORDER BY at DESC LIMIT 1",
      {id, from, at}, [](const db::Row& row) { return row.Time(0); });
}

Result<std::vector<Attachment>> Attachments::TakeDue(db::Transaction& tx, Timestamp now) const {
  // Of schedules that ended while nobody looked, nothing is due any more.
  BW_TRY_STATUS(
      tx.Execute("UPDATE posture_attachment SET next_scan = NULL "
                 "WHERE next_scan <= $1 AND scans_until < $1",
                 {now}));
  return tx.QueryAll(
      "UPDATE posture_attachment SET runs_left = runs_left - 1, next_scan = CASE "
      "WHEN runs_left <= 1 OR $1 + every_seconds * 1000000 > scans_until THEN NULL "
      "ELSE $1 + every_seconds * 1000000 END WHERE next_scan <= $1 AND every_seconds IS NOT NULL "
      "AND enabled = 1" +
          kReturning,
      {now}, AttachmentOf);
}

}  // namespace breakwater::posture
