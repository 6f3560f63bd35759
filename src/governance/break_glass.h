// Break-glass: for a limited time, and for a reason that stands on record, an account's rules
// refuse nothing. What they would have refused is recorded as critical.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/change.h"
#include "db/database.h"

namespace breakwater::governance {

struct BreakGlass {
  std::string id;  // "break-glass-" and a UUID
  AccountId account;
  std::string reason;
  std::vector<std::string> rules;  // ids; empty: all of the account's
  Timestamp opened;
  std::string opened_by;
  Timestamp ends;
  std::optional<Timestamp> closed;  // before its end
  std::string closed_by;

  bool OpenAt(Timestamp at) const { return opened <= at && at < ends && (!closed || at < *closed); }
  bool Lifts(std::string_view rule_id) const;
};

struct BreakGlassLimits {
  std::chrono::minutes longest{24 * 60};
  std::size_t reason = 1024;  // characters; at least 10
  std::size_t rules = 100;
};

struct BreakGlassRequest {
  std::string reason;
  std::chrono::minutes duration{60};
  std::vector<std::string> rules{};
};

// Emitted when it is opened and when it is closed: {account, id, reason, opened_by, ends, open}.
inline constexpr std::string_view kBreakGlassChanged = "governance.break_glass_changed";

// Thread-safe.
class BreakGlasses {
 public:
  BreakGlasses(db::Database& database, const Clock& clock, control::ChangePath& changes,
               BreakGlassLimits limits = {})
      : database_(database), clock_(clock), changes_(changes), limits_(limits) {}

  // kInvalid "invalid_field" names what is wrong.
  Result<BreakGlass> Open(const control::Caller& caller, const AccountId& account,
                          const BreakGlassRequest& request);
  // kNotFound; kConflict "not_open" if it ended before.
  Result<BreakGlass> Close(const control::Caller& caller, const AccountId& account,
                           const std::string& id);
  // Newest first, at most 1000.
  Result<std::vector<BreakGlass>> List(const AccountId& account) const;

  // Those of an account that are open.
  static Result<std::vector<BreakGlass>> OpenOnes(db::Transaction& tx, const AccountId& account,
                                                  Timestamp now);
  // That were open at some time since then.
  static Result<std::vector<BreakGlass>> OpenSince(db::Transaction& tx, const AccountId& account,
                                                   Timestamp since);

 private:
  db::Database& database_;
  const Clock& clock_;
  control::ChangePath& changes_;
  const BreakGlassLimits limits_;
};

json::Value ToJson(const BreakGlass& break_glass);

}  // namespace breakwater::governance
