// Collectors, credentials and scopes of Posture Management v2 (ibm-scc 2.8, 2.9).
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "posture/posture.h"

namespace breakwater::api::posture {

std::vector<Endpoint> SetupEndpoints(breakwater::posture::Posture& posture, const SccFace& face);

// What both versions make of a request's body; names are those of v2.
Result<json::Object> CollectorFrom(const json::Value& body);
Result<json::Object> CredentialFrom(const json::Value& body);
Result<json::Object> ScopeFrom(const json::Value& body);

}  // namespace breakwater::api::posture
