// What says before what it would delete.
#pragma once

#include <string_view>

#include "api/endpoint.h"

namespace breakwater::api {

// Operations that take ?dry_run=true, and then change nothing.
inline constexpr std::string_view kTakeDryRun[] = {
    "DeleteImage",        "DeleteImageTag",    "BulkDeleteImages", "DeleteNamespace",
    "SetRetentionPolicy", "PurgeDeletedImage", "CollectGarbage",
};

// Whoever asks only to be told must not find that it is done: kInvalid "dry_run_unsupported" where
// a change is asked for with ?dry_run=true that has no dry run.
Status CheckDryRun(const Endpoint& endpoint, const Context& context);

}  // namespace breakwater::api
