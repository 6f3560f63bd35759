#include "control/caller.h"

#include "base/check.h"

namespace breakwater::control {

std::string_view ToString(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::kAnonymous: return "anonymous";
    case IdentityKind::kUser: return "user";
    case IdentityKind::kServiceId: return "service_id";
    case IdentityKind::kProfile: return "profile";
    case IdentityKind::kSystem: return "system";
  }
  BW_UNREACHABLE();
}

Caller SystemCaller(const AccountId& account, std::string reason) {
  Caller caller;
  caller.actor.kind = IdentityKind::kSystem;
  caller.actor.account = account;
  caller.actor.name = std::move(reason);
  return caller;
}

audit::Initiator ToInitiator(const Caller& caller) {
  return {.iam_id = caller.actor.iam_id,
          .name = caller.actor.name,
          .kind = std::string(ToString(caller.actor.kind)),
          .credential = caller.actor.credential,
          .account = caller.actor.account,
          .address = caller.origin.address,
          .agent = caller.origin.user_agent};
}

}  // namespace breakwater::control
