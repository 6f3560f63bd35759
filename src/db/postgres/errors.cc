#include "db/postgres/errors.h"

#include <array>
#include <utility>

namespace breakwater::db::postgres {
namespace {

template <std::size_t kCount>
bool IsOneOf(std::string_view state, const std::array<std::string_view, kCount>& states) {
  for (const std::string_view one : states) {
    if (state == one) return true;
  }
  return false;
}

// serialization_failure, deadlock_detected.
constexpr std::array<std::string_view, 2> kConflicts{"40001", "40P01"};
// invalid_sql_statement_name, duplicate_prepared_statement: what a pooler that hands each
// transaction to another session makes of prepared statements.
constexpr std::array<std::string_view, 2> kStaleNames{"26000", "42P05"};
// Of class 57, operator intervention, all but query_canceled; idle_in_transaction_session_timeout.
constexpr std::array<std::string_view, 6> kSessionEnds{"57000", "57P01", "57P02",
                                                       "57P03", "57P05", "25P03"};
// character_not_in_repertoire, untranslatable_character.
constexpr std::array<std::string_view, 2> kForeignText{"22021", "22P05"};

bool IsDead(std::string_view state) {
  return state.empty() || IsOneOf(state, kSessionEnds) ||
         (state.starts_with("08") && state != "08P01");
}

Error Own(std::string_view state, std::string log) {
  if (state == "23505" || state == "42P07") return Exists("it exists already").Log(std::move(log));
  if (state.starts_with("23")) return Conflict("it contradicts what is stored").Log(std::move(log));
  if (IsOneOf(state, kForeignText)) {
    return Invalid("a text has a NUL character or is not UTF-8").Log(std::move(log));
  }
  if (state == "57014") {
    return DeadlineExceeded("the database took too long")
        .Reason("database_timeout")
        .Log(std::move(log));
  }
  if (state.starts_with("54")) {
    return TooLarge("a value is too large to be stored").Log(std::move(log));
  }
  if (state.starts_with("53") || state.starts_with("58")) return Unanswered(std::move(log));
  if (state == "XX001" || state == "XX002") {
    return DataCorrupt("the database is damaged").Log(std::move(log));
  }
  return Internal(std::move(log));
}

}  // namespace

Error Unanswered(std::string log) {
  return Unavailable("the database does not answer")
      .Reason("database_unavailable")
      .Log(std::move(log));
}

Error Busy(std::string log) {
  return Unavailable("too many changes at once").Reason("database_busy").Log(std::move(log));
}

Failure Classify(std::string_view state, bool fatal, std::string log) {
  log = "postgres " + std::string(state) + ": " + log;
  if (fatal || IsDead(state)) return {Trouble::kLost, Unanswered(std::move(log))};
  if (IsOneOf(state, kConflicts)) return {Trouble::kConflict, Busy(std::move(log))};
  if (IsOneOf(state, kStaleNames)) return {Trouble::kStaleNames, Internal(std::move(log))};
  return {Trouble::kFailed, Own(state, std::move(log))};
}

}  // namespace breakwater::db::postgres
