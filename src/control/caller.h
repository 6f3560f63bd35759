// Who asks, and from where.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/record.h"
#include "base/ids.h"

namespace breakwater::control {

enum class IdentityKind { kAnonymous, kUser, kServiceId, kProfile, kSystem };

std::string_view ToString(IdentityKind kind);  // "user", "service_id", …

// What a registry token was made for: {repository "ns/app", actions "pull", "push", "delete"}.
struct Grant {
  std::string repository;
  std::vector<std::string> actions;
};

// An authenticated identity (or nobody).
struct Actor {
  IdentityKind kind = IdentityKind::kAnonymous;
  AccountId account;  // the account its credential belongs to
  IamId iam_id;
  std::string name;
  std::string credential;       // "apikey", "token", "registry-token"; for the audit trail
  std::string credential_id{};  // the API key or session that it rests on; empty for nobody
  // What its token is limited to, beside its policies. Absent: not limited.
  std::optional<std::vector<Grant>> grants;
  // The registry that its token was made for. Empty: any.
  RegistryName audience{};
};

struct Origin {
  std::string request_id;
  std::string address;
  std::string user_agent;
  bool private_network = false;
};

struct Caller {
  Actor actor;
  Origin origin;
  // What the answer tells beside the result, e.g. rules that warn. Null where nobody listens.
  std::shared_ptr<std::vector<std::string>> warnings{};
};

// The program acting by itself, e.g. retention or a scan. `reason` becomes the name shown.
Caller SystemCaller(const AccountId& account, std::string reason);

audit::Initiator ToInitiator(const Caller& caller);

}  // namespace breakwater::control
