// The latest changes of a thing, as it shows them itself (ibm-registry 4.2, `history`). The audit
// trail keeps all of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "control/caller.h"
#include "db/database.h"

namespace breakwater::iam {

struct HistoryEntry {
  Timestamp at;
  IamId iam_id;       // who did it
  AccountId account;  // of them
  std::string action;
  std::string message;
};

namespace store {

// How many are kept of each subject.
inline constexpr std::int64_t kHistoryEntries = 50;

// `subject`: the id of an API key, service ID or trusted profile, or of an account for its
// settings.
Status AddHistory(db::Transaction& tx, std::string_view subject, const control::Caller& caller,
                  Timestamp now, std::string_view action, std::string_view message);
// The latest last.
Result<std::vector<HistoryEntry>> ReadHistory(db::Transaction& tx, std::string_view subject);
Status DeleteHistory(db::Transaction& tx, std::string_view subject);

}  // namespace store
}  // namespace breakwater::iam
