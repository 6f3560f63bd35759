// A database and a blob store belong together: whatever the database does not name, the sweep takes
// for rubbish. So each store is marked with whose it is, and a start on another's is refused.
#pragma once

#include "base/result.h"
#include "blob/blob_store.h"
#include "db/database.h"

namespace breakwater::blob {

// Marks a store that nobody has claimed for this database, the first time. kInvalid
// "foreign_blob_store" if the store is another database's, or not the one that this database was
// used with. Several processes may call it at once.
Status ClaimFor(db::Database& database, BlobStore& store);

}  // namespace breakwater::blob
