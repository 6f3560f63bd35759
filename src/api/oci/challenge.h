// WWW-Authenticate: where to get a token, and for what (Docker registry v2 token specification).
#pragma once

#include "api/endpoint.h"

namespace breakwater::api::distribution {

// The scope is what this request needs. `context` is null if the request was not routed.
// Basic is taken but never offered: the Docker engine wants to satisfy every challenge of an
// answer, and after a login it has kept a refresh token and no password, so that it would give up.
void AddChallenges(const Error& error, const net::Request& request, const Context* context,
                   net::Headers& headers);

}  // namespace breakwater::api::distribution
