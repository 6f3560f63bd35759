// Admin service v1 (ibm-scc 4.5): where an account's compliance data is kept, and whether people
// are told of events. An installation keeps all of it in one place, so it has one location; events
// go out over notification channels.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "notify/channels.h"
#include "notify/delivery.h"

namespace breakwater::api::admin_service {

struct Deps {
  const control::Registries& registries;
  const notify::Channels& channels;
  notify::Deliveries& deliveries;
};

std::vector<Endpoint> Endpoints(const Deps& deps, const SccFace& face);

// What clients call the location of a region: "us-south" is in "us"; "eu", "uk"; else the region.
std::string LocationOf(std::string_view region);

}  // namespace breakwater::api::admin_service
