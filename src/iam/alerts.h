// What people should be told of identities, whom nobody is asking about them.
#pragma once

#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "jobs/jobs.h"
#include "json/json.h"

namespace breakwater::iam {

// Type of the event: {account, type, severity, name, payload}.
inline constexpr std::string_view kIdentityAlert = "identity.alert";

struct IdentityAlert {
  AccountId account;
  std::string type;      // "api_key_expiring", "break_glass_used"
  std::string severity;  // "low", "medium", "high", "critical"
  std::string name;      // of this alert alone: what was announced once is not again
  json::Object payload;
};

jobs::Event ToEvent(IdentityAlert alert);
Result<IdentityAlert> IdentityAlertFrom(const json::Value& payload);

}  // namespace breakwater::iam
