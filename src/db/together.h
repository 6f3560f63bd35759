// Reads and writes of several services as one transaction, without its being handed to them.
#pragma once

#include <functional>

#include "db/database.h"

namespace breakwater::db {

// Runs `work` as Database::Write does, together with all that is read and written through any
// database object over the same store on the thread that it runs on: that sees what was written
// before, and all is committed at once. Where a write among it fails nothing is committed, whatever
// `work` makes of that, and the first such error is returned. Inside of such work it is a part of
// it.
//
// `work` may run more than once, as of Write. Whoever writes elsewhere may have to wait for it: it
// is short, and waits for no other thread.
Status Together(Database& database, const Database::Work& work);

// Whether this thread runs such work. What is read then may never be committed: it must not be kept
// where others find it. (A database has no epoch then, so that no EpochCache does.)
bool IsTogether();

// Inside of such work, for what must be kept whatever becomes of it: runs `action` on the caller's
// thread once all is committed or rolled back, and may write then. What an earlier run of the work
// asked for is forgotten. Must not throw.
void AfterTogether(std::function<void()> action);

// For implementations of Database: what reads and writes of this thread are part of, or null.
Transaction* Joined();
// A write that is part of it.
Status WriteJoined(const Database::Work& work);

}  // namespace breakwater::db
