// What providers outside this program report: occurrences of their notes (ibm-scc 3.4). They are
// findings like the program's own, alerts included, but open until their provider deletes them.
#pragma once

#include <optional>
#include <string>

#include "control/change.h"
#include "insights/findings.h"
#include "insights/notes.h"

namespace breakwater::insights {

inline constexpr std::int64_t kMaxOccurrences = 18'000;  // of an account, ibm-scc 3.6

struct OccurrenceDraft {
  std::string id;
  NoteKind kind = NoteKind::kFinding;  // or kKpi
  std::string note_name;
  std::string resource;
  std::optional<Severity> severity;  // absent: the note's
  json::Object document;             // in the wire's words
};

// Thread-safe.
class Occurrences {
 public:
  Occurrences(db::Database& database, control::ChangePath& changes, const Clock& clock)
      : database_(database), changes_(changes), clock_(clock) {}

  // kExists if there is one of that id, unless it is to be replaced; kInvalid if there is no such
  // note, or it is of another kind.
  Result<Finding> Create(const control::Caller& caller, const AccountId& account,
                         const std::string& provider_id, const OccurrenceDraft& draft,
                         bool replace);
  Result<Finding> Replace(const control::Caller& caller, const AccountId& account,
                          const std::string& provider_id, const OccurrenceDraft& draft);
  Status Delete(const control::Caller& caller, const AccountId& account,
                const std::string& provider_id, const std::string& id);
  // The note that an occurrence is of.
  Result<Note> NoteOf(const AccountId& account, const std::string& provider_id,
                      const std::string& id) const;

 private:
  enum class Presence { kNew, kAny, kKnown };  // of an occurrence of that id, before
  Result<Finding> Put(const control::Caller& caller, const AccountId& account,
                      const std::string& provider_id, const OccurrenceDraft& draft,
                      Presence presence);

  db::Database& database_;
  control::ChangePath& changes_;
  const Clock& clock_;
};

}  // namespace breakwater::insights
