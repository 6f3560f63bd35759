// What every Database does around the caller's work.
#pragma once

#include "db/database.h"

namespace breakwater::db {

// Runs `work` and turns an exception that escapes it into kInternal.
Status RunGuarded(const Database::Work& work, Transaction& tx);

}  // namespace breakwater::db
