// A signed bundle of an account's posture at a moment.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "audit/heads.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "posture/posture.h"

namespace breakwater::evidence {

struct Bundle {
  Timestamp moment;   // what it is true of
  std::string bytes;  // a DSSE envelope, JSON
};

struct BundleOptions {
  std::optional<Timestamp> at;  // absent: now
  std::string installation;     // what it says it is of
};

// Signed with the key of the audit trail's heads, and naming the head of now. kNotFound.
Result<Bundle> MakeBundle(const posture::Posture& posture, const audit::Heads& heads,
                          const AccountId& account, std::int64_t attachment,
                          const BundleOptions& options);

}  // namespace breakwater::evidence
