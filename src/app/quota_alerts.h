// What becomes of a quota.warning: a line in the log, a count on /metrics, and an alert to the
// account's notification channels. Private to app/.
#pragma once

#include "app/parts.h"

namespace breakwater::app {

// Before jobs start.
void RegisterQuotaAlerts(Installation::Parts& parts);

}  // namespace breakwater::app
