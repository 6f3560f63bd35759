// What an installation shows on /metrics beside the requests that the dispatcher times. Private to
// app/.
#pragma once

#include "app/parts.h"

namespace breakwater::app {

// Adds the series, and the background work that some of them need. Once, before jobs start.
void ExposeMetrics(Installation::Parts& parts);

}  // namespace breakwater::app
