// PostgreSQL's error codes turned into errors, and into what to do about them. Internal to db/.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace breakwater::db::postgres {

// What became of the transaction on a connection.
enum class Trouble {
  kNone,
  kFailed,      // a statement's own error: for the caller
  kConflict,    // with another transaction: running the work again may cure it
  kStaleNames,  // the server knows our prepared statements no more, or others by their names
  kLost,        // the connection is dead
};

struct Failure {
  Trouble trouble = Trouble::kNone;
  Error error;
};

// `state` is an SQLSTATE (PostgreSQL documentation, appendix A), empty if the server sent none;
// `fatal` says that the server ended the session with it; `log` is what it said.
Failure Classify(std::string_view state, bool fatal, std::string log);

// kUnavailable "database_unavailable".
Error Unanswered(std::string log);
// kUnavailable "database_busy".
Error Busy(std::string log);

}  // namespace breakwater::db::postgres
