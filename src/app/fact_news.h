// Facts that change with nobody's change: what they are of is looked at again.
#pragma once

#include "db/database.h"
#include "jobs/jobs.h"

namespace breakwater::app {

// Tells every account of what one has said for all (control::kFactsOfAllChanged). Before jobs
// start. What grows old by itself is looked at hourly, with everything else (posture).
void AnnounceFacts(jobs::Jobs& jobs, db::Database& database);

}  // namespace breakwater::app
