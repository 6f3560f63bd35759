// Notes: the types of what providers report (ibm-scc 3.1, 3.3). Tools outside register theirs here;
// the program's own provider has one, which is always there and nobody's to change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"
#include "json/json.h"

namespace breakwater::insights {

inline constexpr std::int64_t kMaxNotes = 1000;  // of an account
// ibm-scc 3.5.
inline constexpr std::size_t kMaxSections = 3;
inline constexpr std::size_t kMaxCardsOfSection = 6;

enum class NoteKind { kFinding, kKpi, kCard, kCardConfigured, kSection };

std::string_view ToString(NoteKind kind);  // "FINDING", …
Result<NoteKind> ParseNoteKind(std::string_view text);

// What a provider says of a note; `document` has the wire's words, checked by who decoded them.
struct NoteDraft {
  std::string id;
  NoteKind kind = NoteKind::kFinding;
  json::Value document;  // an object
};

struct Note {
  AccountId account;
  std::string provider_id;
  NoteDraft draft;
  std::optional<Timestamp> created;  // absent: the program's own
  std::optional<Timestamp> updated;

  std::string name() const;  // "ACCOUNT/providers/PROVIDER/notes/ID"
};

std::string ProviderName(const AccountId& account, std::string_view provider_id);

// A note as others name it: with its account before it, or without.
struct NoteName {
  std::string provider_id;
  std::string id;
};
// kInvalid if it is no such name, or another account's.
Result<NoteName> ParseNoteName(const AccountId& account, std::string_view name);

struct NoteFilter {
  std::optional<std::string> provider_id = {};
  std::optional<NoteKind> kind = {};
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

// Thread-safe.
class Notes {
 public:
  Notes(db::Database& database, control::ChangePath& changes, const Clock& clock)
      : database_(database), changes_(changes), clock_(clock) {}

  // By provider and id.
  Result<std::vector<Note>> List(const AccountId& account, const NoteFilter& filter) const;
  Result<Note> Find(const AccountId& account, std::string_view provider_id,
                    std::string_view id) const;
  static Result<Note> Find(db::Transaction& tx, const AccountId& account,
                           std::string_view provider_id, std::string_view id);
  // Ids of all that have a note or reported something, ascending.
  Result<std::vector<std::string>> Providers(const AccountId& account) const;

  // kExists if the provider has a note of that id.
  Result<Note> Create(const control::Caller& caller, const AccountId& account,
                      const std::string& provider_id, NoteDraft draft);
  Result<Note> Replace(const control::Caller& caller, const AccountId& account,
                       const std::string& provider_id, NoteDraft draft);
  // What was reported under it stays.
  Status Delete(const control::Caller& caller, const AccountId& account,
                const std::string& provider_id, const std::string& id);

 private:
  db::Database& database_;
  control::ChangePath& changes_;
  const Clock& clock_;
};

// kDenied for the program's own provider: nobody else reports in its name.
Status CheckForeign(std::string_view provider_id);

}  // namespace breakwater::insights
