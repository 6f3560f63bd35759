// How far the copy of an installation has come. It is kept in the destination, in the transactions
// of the copy itself, so that a copy that was killed goes on where it was.
#pragma once

#include <optional>
#include <string>

#include "admin/values.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::admin {

enum class CopyPhase {
  kClear,  // what was copied is not what the source has now: it goes, and all begins anew
  kRows,
  kBlobs,
  kVerify,
};

struct CopyState {
  std::string source;
  CopyPhase phase = CopyPhase::kRows;
  std::string table;  // of kRows; empty: before the first
  Values last_key;    // the last row of `table`, or blob, that is there; empty: none is
  Timestamp started;
};

// Nothing if no copy into this database is under way.
Result<std::optional<CopyState>> ReadCopyState(db::Transaction& tx);
Status WriteCopyState(db::Transaction& tx, const CopyState& state);
Status RemoveCopyState(db::Transaction& tx);

// kConflict "copy_unfinished" while a copy into this database is under way: it holds a part of an
// installation, which must not be served.
Status RefuseUnfinishedCopy(db::Database& database);

}  // namespace breakwater::admin
