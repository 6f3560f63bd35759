// Both stores with a clock on them: how long each kind of operation takes, and how many fail for
// the store's own reasons, on /metrics.
#pragma once

#include "app/stores.h"
#include "observe/metrics.h"

namespace breakwater::app {

// The same stores, measured. `metrics` must outlive them.
Stores Metered(Stores stores, observe::Metrics& metrics);

}  // namespace breakwater::app
