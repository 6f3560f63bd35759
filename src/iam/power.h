// Whether somebody may be given a way in by another: who resets a password or renames somebody
// whom a source knows by their address could become them.
#pragma once

#include "control/change.h"
#include "iam/changes.h"

namespace breakwater::iam {

// kDenied "more_powerful" unless there is nothing `target` may do that the caller may not do or
// give to themselves: each of the target's policies is one of the caller's too, or says no more
// than one of theirs, or is about what the caller may assign access to. The owner and the
// break-glass identity may assign everything.
Status CheckNotMorePowerful(const ChangeDeps& deps, control::Authorizer& authorizer,
                            const control::Caller& caller, const AccountId& account,
                            const IamId& target);

}  // namespace breakwater::iam
