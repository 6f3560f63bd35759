// Notifications v1 (ibm-scc 4.1, 4.2), and the delivery log it lacks under /breakwater/v1.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "notify/channels.h"
#include "notify/delivery.h"

namespace breakwater::api::notifications {

std::vector<Endpoint> Endpoints(notify::Channels& channels, notify::Deliveries& deliveries,
                                const SccFace& face);

}  // namespace breakwater::api::notifications
