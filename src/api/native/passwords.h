// Passwords of users over HTTP. They are good for POST /identity/token with grant_type=password,
// and for nothing else: Basic takes API keys and tokens.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "iam/sign_in/passwords.h"

namespace breakwater::api::native {

// PUT /breakwater/v1/users/{iam_id}/password {"password", "current_password"}: one's own. 204.
// POST /breakwater/v1/users/{iam_id}/password/reset: somebody else's, who must choose another at
// the next sign-in. 201 {"initial_password", "expires_at"}; the password is shown this once. DELETE
// /breakwater/v1/users/{iam_id}/password: somebody else's. All end the sessions of whose password
// it is.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> PasswordEndpoints(::breakwater::iam::Passwords& passwords,
                                        const SccFace& face);

}  // namespace breakwater::api::native
