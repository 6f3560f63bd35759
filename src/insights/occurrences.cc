#include "insights/occurrences.h"

#include "insights/raised.h"

namespace breakwater::insights {
namespace {

using json::Text;

std::string NameOf(const AccountId& account, const std::string& provider_id,
                   const std::string& id) {
  return ProviderName(account, provider_id) + "/occurrences/" + id;
}

// A note without a severity, e.g. of a measured value, makes nobody worry.
Result<Severity> SeverityOf(const OccurrenceDraft& draft, const Note& note) {
  if (draft.severity) return *draft.severity;
  const json::Value* finding = json::Find(note.draft.document, "finding");
  if (finding == nullptr) return Severity::kLow;
  return ParseSeverity(json::FindText(*finding, "severity"));
}

// What the note says where the occurrence says nothing, and what this program adds.
json::Object Completed(const AccountId& account, const std::string& provider_id,
                       const OccurrenceDraft& draft, const Note& note, Timestamp opened,
                       Timestamp now) {
  json::Object document = draft.document;
  document["id"] = Text(draft.id);
  document["kind"] = Text(ToString(draft.kind));
  document["name"] = Text(NameOf(account, provider_id, draft.id));
  document["note_name"] = Text(note.name());
  document["provider_id"] = Text(provider_id);
  document["provider_name"] = Text(ProviderName(account, provider_id));
  for (const std::string_view field : {"short_description", "long_description", "reported_by"}) {
    const json::Value* said = json::Find(note.draft.document, field);
    if (said != nullptr && !document.contains(field)) document[field] = *said;
  }
  json::Object context;
  if (const auto* given = document.if_contains("context")) context = given->as_object();
  context["account_id"] = Text(account.value());
  document["context"] = std::move(context);
  document["create_time"] = Text(FormatRfc3339(opened));
  document["create_timestamp"] = ToMicros(opened) / 1000;
  document["update_time"] = Text(FormatRfc3339(now));
  document["update_timestamp"] = ToMicros(now) / 1000;
  return document;
}

Status Store(db::Transaction& tx, const Finding& finding, NoteKind kind) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO insights_finding (account, provider_id, id, note_id, registry, resource, state, "
      "severity, opened, updated, resolved, document, kind) "
      "VALUES ($1, $2, $3, $4, '', $5, 'open', $6, $7, $8, NULL, $9, $10) "
      "ON CONFLICT (account, provider_id, id) DO UPDATE SET note_id = $4, resource = $5, "
      "severity = $6, updated = $8, document = $9, kind = $10",
      {finding.account, finding.provider_id, finding.id, finding.note_id, finding.resource,
       ToString(finding.severity), finding.opened, finding.updated,
       json::Serialize(finding.document), ToString(kind)}));
  return Ok();
}

Status CheckRoom(db::Transaction& tx, const AccountId& account) {
  BW_TRY(const auto count,
         tx.QueryOne("SELECT count(*) FROM insights_finding "
                     "WHERE account = $1 AND provider_id <> $2",
                     {account, kProvider}, [](const db::Row& row) { return row.Int(0); }));
  if (count.value_or(0) < kMaxOccurrences) return Ok();
  return Error(ErrorCode::kQuota, "providers may report at most 18000 occurrences to an account")
      .Reason("limit_exceeded");
}

// The note, which must be there and of the occurrence's kind.
Result<Note> NoteFor(db::Transaction& tx, const AccountId& account, const OccurrenceDraft& draft) {
  BW_TRY(const NoteName name, ParseNoteName(account, draft.note_name));
  auto note = Notes::Find(tx, account, name.provider_id, name.id);
  if (!note.ok() && note.error().code() == ErrorCode::kNotFound) {
    return Invalid("note_name: " + note.error().message()).Reason("invalid_field");
  }
  if (note.ok() && note->draft.kind != draft.kind) {
    return Invalid("kind: the note is of kind " + std::string(ToString(note->draft.kind)))
        .Reason("invalid_field");
  }
  return note;
}

jobs::Event RaisedBy(const Finding& finding) {
  return ToEvent(Raised{.account = finding.account,
                        .provider = finding.provider_id,
                        .finding_type = finding.note_id,
                        .severity = finding.severity,
                        .group = finding.provider_id + "/" + finding.id + "/" +
                                 std::to_string(ToMicros(finding.opened)) + "/" +
                                 std::string(ToString(finding.severity)),
                        .finding_name = std::string(json::FindText(finding.document, "name")),
                        .payload = finding.document});
}

control::Change OccurrenceChange(std::string action, const AccountId& account,
                                 const std::string& provider_id, const std::string& id) {
  return {.action = std::move(action),
          .resource = control::AccountResource(account, "occurrence", provider_id + "/" + id),
          .apply = nullptr,
          .severity = audit::Severity::kNormal};
}

}  // namespace

Result<Finding> Occurrences::Create(const control::Caller& caller, const AccountId& account,
                                    const std::string& provider_id, const OccurrenceDraft& draft,
                                    bool replace) {
  return Put(caller, account, provider_id, draft, replace ? Presence::kAny : Presence::kNew);
}

Result<Finding> Occurrences::Replace(const control::Caller& caller, const AccountId& account,
                                     const std::string& provider_id, const OccurrenceDraft& draft) {
  return Put(caller, account, provider_id, draft, Presence::kKnown);
}

Result<Finding> Occurrences::Put(const control::Caller& caller, const AccountId& account,
                                 const std::string& provider_id, const OccurrenceDraft& draft,
                                 Presence presence) {
  BW_TRY_STATUS(CheckForeign(provider_id));
  const Timestamp now = clock_.Now();
  Finding finding;
  control::Change change =
      OccurrenceChange(presence == Presence::kKnown ? "security-advisor.findings.update"
                                                    : "security-advisor.findings.write",
                       account, provider_id, draft.id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    const auto known = Findings::Find(tx, account, provider_id, draft.id);
    const bool absent = !known.ok() && known.error().code() == ErrorCode::kNotFound;
    if (!known.ok() && (!absent || presence == Presence::kKnown)) return known.error();
    if (known.ok() && presence == Presence::kNew) {
      return Error(ErrorCode::kExists, "occurrence " + draft.id + " exists already")
          .Reason("conflict");
    }
    if (absent) {
      BW_TRY_STATUS(CheckRoom(tx, account));
    }
    BW_TRY(const Note note, NoteFor(tx, account, draft));
    BW_TRY(const Severity severity, SeverityOf(draft, note));
    finding = Finding{.account = account,
                      .provider_id = provider_id,
                      .id = draft.id,
                      .note_id = note.draft.id,
                      .registry = {},
                      .resource = draft.resource,
                      .state = State::kOpen,
                      .severity = severity,
                      .opened = absent ? now : known->opened,
                      .updated = now,
                      .resolved = {},
                      .document = {}};
    finding.document = Completed(account, provider_id, draft, note, finding.opened, now);
    BW_TRY_STATUS(Store(tx, finding, draft.kind));
    control::Effect effect{.before = absent ? json::Value() : known->document,
                           .after = finding.document,
                           .governed = {},
                           .events = {}};
    const bool worse = absent || severity > known->severity;
    if (worse && draft.kind == NoteKind::kFinding) effect.events.push_back(RaisedBy(finding));
    return effect;
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return finding;
}

Status Occurrences::Delete(const control::Caller& caller, const AccountId& account,
                           const std::string& provider_id, const std::string& id) {
  BW_TRY_STATUS(CheckForeign(provider_id));
  control::Change change =
      OccurrenceChange("security-advisor.findings.delete", account, provider_id, id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Finding before, Findings::Find(tx, account, provider_id, id));
    BW_TRY_STATUS(tx.Execute(
        "DELETE FROM insights_finding WHERE account = $1 AND provider_id = $2 AND id = $3",
        {account, provider_id, id}));
    return control::Effect{
        .before = before.document, .after = nullptr, .governed = {}, .events = {}};
  };
  return changes_.Submit(caller, change);
}

Result<Note> Occurrences::NoteOf(const AccountId& account, const std::string& provider_id,
                                 const std::string& id) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<Note> {
    BW_TRY(const Finding finding, Findings::Find(tx, account, provider_id, id));
    BW_TRY(const NoteName name,
           ParseNoteName(account, json::FindText(finding.document, "note_name")));
    return Notes::Find(tx, account, name.provider_id, name.id);
  });
}

}  // namespace breakwater::insights
