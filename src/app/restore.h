// The end of a restore: whether what was restored may be served, as the rules that came with it
// say.
#pragma once

#include <string>
#include <vector>

#include "app/stores.h"
#include "base/result.h"
#include "config/settings.h"
#include "json/json.h"

namespace breakwater::app {

// A resource that a rule which disallows would not let become what it is.
struct RestoredViolation {
  std::string resource;  // its CRN
  std::string text;      // names the rule, what it requires and what was found
};

struct RestoreVerdict {
  std::vector<RestoredViolation> violations;
  bool accepted = false;  // it may be served
};

struct RestoreConclusion {
  std::string backup;  // names it, for the trail
  // A configuration document (admin/configuration.h) whose rules stand beside the restored ones:
  // that of the installation which this one replaces. Null: none.
  json::Value rules{};
  bool accept = false;  // violations
};

// Judges everything that rules of any account are about, as it was restored. Without violations, or
// if they are accepted, the restore is finished, which stands in the audit trail with what was
// accepted; else the installation stays unfinished, and no server starts over it.
Result<RestoreVerdict> ConcludeRestore(const config::Settings& settings, Stores stores,
                                       const RestoreConclusion& conclusion);

}  // namespace breakwater::app
