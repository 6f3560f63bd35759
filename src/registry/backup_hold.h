// While a backup is being taken, no blob is removed: first its rows are read, at one moment, and
// then the blobs that they name, for hours perhaps.
//
// Whoever removes a blob reads the hold in the transaction that removes its row, and locks it
// there; whoever takes it writes it. So once it is taken, whatever was removed without it is gone
// from the rows too, and a snapshot made from then on does not name it.
#pragma once

#include <chrono>

#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::registry {

// At least until `until`; an earlier end is moved there. Durable on return.
Status HoldBlobs(db::Database& database, Timestamp until);
// The end of the hold; it may be over.
Result<Timestamp> BlobsHeldUntil(db::Database& database);

// To be asked in a transaction that removes a blob's row.
Result<bool> AreBlobsHeld(db::Transaction& tx, db::Dialect dialect, Timestamp now);

}  // namespace breakwater::registry
