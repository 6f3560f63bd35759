// Profiles of Posture Management v2: list, import, change, delete; groups of profiles; and what the
// reference lacks: versions, CSV back, groups that can be made.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

std::vector<Endpoint> ProfileEndpoints(breakwater::posture::Posture& posture, const SccFace& face);

// The profiles of a group. kNotFound "profile group X was not found".
Result<std::vector<std::string>> ProfilesOfGroup(const breakwater::posture::Posture& posture,
                                                 const AccountId& account, std::string_view id);

}  // namespace breakwater::api::posture
