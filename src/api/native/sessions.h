// Sessions over HTTP: who is signed in, and ending it.
#pragma once

#include <vector>

#include "api/endpoint.h"
#include "api/scc_face.h"
#include "iam/sessions.h"

namespace breakwater::api::native {

// GET /breakwater/v1/sessions: the caller's own that stand; with ?iam_id= somebody else's, with
// ?all=true everybody's, with ?ended=true those that are over too. Pages by ?offset= and ?limit=
// (at most 100). {"sessions": [SESSION…], "offset", "limit", "total"}; a SESSION has id, iam_id,
// source, address, user_agent, created_at, last_used_at, expires_at, idle_seconds, and revoked_at
// with revoked_because if it was ended. GET and DELETE /breakwater/v1/sessions/{id}. DELETE
// /breakwater/v1/sessions: ends all of the caller's own, or of ?iam_id=. {"ended": number}.
//
// What is referred to must outlive the endpoints.
std::vector<Endpoint> SessionEndpoints(::breakwater::iam::Sessions& sessions, const SccFace& face);

}  // namespace breakwater::api::native
