// The keys that sign tokens, over HTTP: which there are, and making another.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "iam/key_rotation.h"

namespace breakwater::api::native {

struct SigningKeyDeps {
  ::breakwater::iam::KeyRotation& rotation;
  const AccountId& owner;  // the account whose administrators run the installation
};

// GET /breakwater/v1/signing-keys: {"keys": [KEY…]} in the order in which they sign; a KEY has kid,
// created_at, signs_from and, where another signs instead, verifies_until.
// POST /breakwater/v1/signing-keys/rotate: makes the next one; 201 with it, 409 while one is about
// to sign. With {"revoke": true} it signs at once and every token signed before is refused.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> SigningKeyEndpoints(SigningKeyDeps deps, const SccFace& face);

}  // namespace breakwater::api::native
