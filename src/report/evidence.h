// Evidence bundles: an in-toto Statement v1 about a posture, in a DSSE envelope. Whoever has one
// and the public key can evaluate every result again: it holds the profile's version with its
// goals, the parameters, the facts, and the head of the audit trail as it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "crypto/signing.h"
#include "json/json.h"
#include "posture/assessment.h"
#include "posture/profile.h"
#include "report/envelope.h"

namespace breakwater::report {

inline constexpr std::string_view kPredicateType = "https://breakwater.dev/attestation/posture/v1";

// `audit_head` as audit::ToJson prints it, null where nothing is sealed yet.
json::Value StatementOf(const posture::Assessment& assessment, const posture::Profile& profile,
                        const json::Value& audit_head);

struct VerifiedEvidence {
  std::string subject;
  std::string profile;  // name and version
  std::string at;
  std::int64_t goals = 0;
  std::int64_t results = 0;     // evaluated again, with the same outcome
  std::int64_t unreadable = 0;  // results of resources whose facts nobody could read
  json::Value audit_head;       // to be met by an export of the audit trail
};

// kDataCorrupt says what is not as it was signed, or does not follow from the facts.
Result<VerifiedEvidence> VerifyEnvelope(std::string_view bytes, const crypto::VerifyingKey& key);

}  // namespace breakwater::report
