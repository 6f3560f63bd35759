#include "insights/notes.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/check.h"
#include "insights/findings.h"

namespace breakwater::insights {
namespace {

using json::Text;

constexpr std::string_view kColumns =
    "SELECT account, provider_id, id, kind, created, updated, document FROM insights_note ";

Result<Note> NoteOf(const db::Row& row) {
  Note note{.account = AccountId(row.String(0)),
            .provider_id = row.String(1),
            .draft = {.id = row.String(2), .kind = {}, .document = {}},
            .created = row.Time(4),
            .updated = row.Time(5)};
  BW_TRY(note.draft.kind, ParseNoteKind(row.Text(3)));
  BW_TRY(note.draft.document, json::Parse(row.Text(6)));
  return note;
}

Note ImageNote(const AccountId& account) {
  return {.account = account,
          .provider_id = std::string(kProvider),
          .draft = {.id = std::string(kImageNote),
                    .kind = NoteKind::kFinding,
                    .document = {{"short_description", "Vulnerabilities found in container images"},
                                 {"long_description",
                                  "The vulnerability advisor found packages in an image for which "
                                  "vulnerabilities are known"},
                                 {"reported_by",
                                  {{"id", "breakwater"},
                                   {"title", "Breakwater vulnerability advisor"}}},
                                 {"shared", true},
                                 {"finding",
                                  {{"severity", "HIGH"},
                                   {"next_steps",
                                    {{{"title", "Read the report of the image"},
                                      {"url", "/va/api/v4/report/image/"}}}}}}}},
          .created = std::nullopt,
          .updated = std::nullopt};
}

bool Matches(const Note& note, const NoteFilter& filter) {
  return (!filter.provider_id || *filter.provider_id == note.provider_id) &&
         (!filter.kind || *filter.kind == note.draft.kind);
}

Result<std::vector<Note>> AllOf(db::Transaction& tx, const AccountId& account) {
  return tx.QueryAll(std::string(kColumns) + "WHERE account = $1 ORDER BY provider_id, id",
                     {account}, NoteOf);
}

std::string SectionOf(const Note& card) {
  const json::Value* body = json::Find(card.draft.document, "card");
  return body == nullptr ? "" : std::string(json::FindText(*body, "section"));
}

const json::Value* OrderOf(const Note& card) {
  const json::Value* body = json::Find(card.draft.document, "card");
  return body == nullptr ? nullptr : json::Find(*body, "order");
}

Error NoPlace(std::string message) {
  return Invalid(std::move(message)).Reason("card_error");
}

// A card fits beside the account's other ones (ibm-scc 3.5).
Status CheckCard(const std::vector<Note>& notes, const Note& card) {
  const std::string section = SectionOf(card);
  const json::Value* order = OrderOf(card);
  std::set<std::string> sections{section};
  std::size_t beside = 0;
  for (const Note& other : notes) {
    const bool same = other.provider_id == card.provider_id && other.draft.id == card.draft.id;
    if (same || other.draft.kind != NoteKind::kCard) continue;
    sections.insert(SectionOf(other));
    if (SectionOf(other) != section) continue;
    ++beside;
    const json::Value* its = OrderOf(other);
    if (order != nullptr && its != nullptr && *order == *its) {
      return NoPlace("Given order is already taken by other card in section.");
    }
  }
  if (sections.size() > kMaxSections) {
    return NoPlace("cards of an account are in at most 3 sections");
  }
  if (beside >= kMaxCardsOfSection) return NoPlace("a section has at most 6 cards");
  if (order != nullptr && order->is_int64() &&
      order->get_int64() > static_cast<std::int64_t>(beside) + 1) {
    return NoPlace("order must be at most the number of the section's cards and one more");
  }
  return Ok();
}

Status Put(db::Transaction& tx, const Note& note) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO insights_note (account, provider_id, id, kind, created, updated, document) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, provider_id, id) "
      "DO UPDATE SET kind = $4, updated = $6, document = $7",
      {note.account, note.provider_id, note.draft.id, ToString(note.draft.kind), note.created,
       note.updated, json::Serialize(note.draft.document)}));
  return Ok();
}

control::Change NoteChange(std::string action, const AccountId& account,
                           const std::string& provider_id, const std::string& id) {
  return {.action = std::move(action),
          .resource = control::AccountResource(account, "note", provider_id + "/" + id),
          .apply = nullptr,
          .severity = audit::Severity::kNormal};
}

Error NoSuchNote(std::string_view id) {
  return NotFound("note " + std::string(id) + " was not found");
}

}  // namespace

std::string_view ToString(NoteKind kind) {
  switch (kind) {
    case NoteKind::kFinding: return "FINDING";
    case NoteKind::kKpi: return "KPI";
    case NoteKind::kCard: return "CARD";
    case NoteKind::kCardConfigured: return "CARD_CONFIGURED";
    case NoteKind::kSection: return "SECTION";
  }
  BW_UNREACHABLE();
}

Result<NoteKind> ParseNoteKind(std::string_view text) {
  for (const NoteKind kind : {NoteKind::kFinding, NoteKind::kKpi, NoteKind::kCard,
                              NoteKind::kCardConfigured, NoteKind::kSection}) {
    if (ToString(kind) == text) return kind;
  }
  return Invalid("a kind is FINDING, KPI, CARD, CARD_CONFIGURED or SECTION");
}

std::string ProviderName(const AccountId& account, std::string_view provider_id) {
  return account.value() + "/providers/" + std::string(provider_id);
}

std::string Note::name() const {
  return ProviderName(account, provider_id) + "/notes/" + draft.id;
}

Result<NoteName> ParseNoteName(const AccountId& account, std::string_view name) {
  constexpr std::string_view kProviders = "providers/";
  constexpr std::string_view kNotes = "/notes/";
  const std::string own = account.value() + "/";
  std::string_view rest = name;
  if (rest.starts_with(own)) rest.remove_prefix(own.size());
  const auto notes = rest.find(kNotes);
  if (!rest.starts_with(kProviders) || notes == std::string_view::npos) {
    return Invalid("note_name: must be " + own + "providers/PROVIDER/notes/NOTE")
        .Reason("invalid_field");
  }
  return NoteName{std::string(rest.substr(kProviders.size(), notes - kProviders.size())),
                  std::string(rest.substr(notes + kNotes.size()))};
}

Status CheckForeign(std::string_view provider_id) {
  if (provider_id != kProvider) return Ok();
  return Denied("provider " + std::string(kProvider) + " is this program's own");
}

Result<std::vector<Note>> Notes::List(const AccountId& account, const NoteFilter& filter) const {
  BW_TRY(auto all, database_.ReadValue([&](db::Transaction& tx) { return AllOf(tx, account); }));
  all.push_back(ImageNote(account));
  std::sort(all.begin(), all.end(), [](const Note& a, const Note& b) {
    return std::tie(a.provider_id, a.draft.id) < std::tie(b.provider_id, b.draft.id);
  });
  std::vector<Note> page;
  std::int64_t position = 0;
  for (Note& note : all) {
    if (!Matches(note, filter) || position++ < filter.offset) continue;
    if (static_cast<std::int64_t>(page.size()) == filter.limit) break;
    page.push_back(std::move(note));
  }
  return page;
}

Result<Note> Notes::Find(const AccountId& account, std::string_view provider_id,
                         std::string_view id) const {
  return database_.ReadValue(
      [&](db::Transaction& tx) { return Find(tx, account, provider_id, id); });
}

Result<Note> Notes::Find(db::Transaction& tx, const AccountId& account,
                         std::string_view provider_id, std::string_view id) {
  if (provider_id == kProvider && id == kImageNote) return ImageNote(account);
  BW_TRY(auto note,
         tx.QueryOne(std::string(kColumns) + "WHERE account = $1 AND provider_id = $2 AND id = $3",
                     {account, provider_id, id}, NoteOf));
  if (!note) return NoSuchNote(id);
  return *std::move(note);
}

Result<std::vector<std::string>> Notes::Providers(const AccountId& account) const {
  BW_TRY(auto named, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT provider_id FROM insights_note WHERE account = $1 "
        "UNION SELECT provider_id FROM insights_finding WHERE account = $1",
        {account}, [](const db::Row& row) { return row.String(0); });
  }));
  std::set<std::string> all(named.begin(), named.end());
  all.emplace(kProvider);
  return std::vector<std::string>(all.begin(), all.end());
}

Result<Note> Notes::Create(const control::Caller& caller, const AccountId& account,
                           const std::string& provider_id, NoteDraft draft) {
  BW_TRY_STATUS(CheckForeign(provider_id));
  const Timestamp now = clock_.Now();
  const Note note{account, provider_id, std::move(draft), now, now};
  control::Change change =
      NoteChange("security-advisor.metadata.write", account, provider_id, note.draft.id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const auto present, AllOf(tx, account));
    const bool known = std::any_of(present.begin(), present.end(), [&](const Note& other) {
      return other.provider_id == provider_id && other.draft.id == note.draft.id;
    });
    if (known) {
      return Error(ErrorCode::kExists, "note " + note.draft.id + " exists already")
          .Reason("conflict");
    }
    if (static_cast<std::int64_t>(present.size()) >= kMaxNotes) {
      return Error(ErrorCode::kQuota, "an account may have at most 1000 notes")
          .Reason("limit_exceeded");
    }
    if (note.draft.kind == NoteKind::kCard) {
      BW_TRY_STATUS(CheckCard(present, note));
    }
    BW_TRY_STATUS(Put(tx, note));
    return control::Effect{
        .before = nullptr, .after = note.draft.document, .governed = {}, .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return note;
}

Result<Note> Notes::Replace(const control::Caller& caller, const AccountId& account,
                            const std::string& provider_id, NoteDraft draft) {
  BW_TRY_STATUS(CheckForeign(provider_id));
  Note note{account, provider_id, std::move(draft), {}, clock_.Now()};
  control::Change change =
      NoteChange("security-advisor.metadata.update", account, provider_id, note.draft.id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Note before, Find(tx, account, provider_id, note.draft.id));
    note.created = before.created;
    if (note.draft.kind == NoteKind::kCard) {
      BW_TRY(const auto present, AllOf(tx, account));
      BW_TRY_STATUS(CheckCard(present, note));
    }
    BW_TRY_STATUS(Put(tx, note));
    return control::Effect{.before = before.draft.document,
                           .after = note.draft.document,
                           .governed = {},
                           .events = {}};
  };
  BW_TRY_STATUS(changes_.Submit(caller, change));
  return note;
}

Status Notes::Delete(const control::Caller& caller, const AccountId& account,
                     const std::string& provider_id, const std::string& id) {
  BW_TRY_STATUS(CheckForeign(provider_id));
  control::Change change = NoteChange("security-advisor.metadata.delete", account, provider_id, id);
  change.apply = [&](db::Transaction& tx) -> Result<control::Effect> {
    BW_TRY(const Note before, Find(tx, account, provider_id, id));
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM insights_note WHERE account = $1 AND provider_id = $2 AND id = $3",
                   {account, provider_id, id}));
    return control::Effect{
        .before = before.draft.document, .after = nullptr, .governed = {}, .events = {}};
  };
  return changes_.Submit(caller, change);
}

}  // namespace breakwater::insights
