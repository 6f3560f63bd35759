// Evidence bundles: an in-toto Statement v1 about a posture, in a DSSE envelope. Whoever has one
// and the public key can evaluate every result again: it holds the profile's version with its
// goals, the parameters, the facts, and the head of the audit trail as it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "crypto/signing.h"
#include "json/json.h"
#include "posture/assessment.h"
#include "posture/profile.h"
#include "report/envelope.h"

namespace breakwater::report {

inline constexpr std::string_view kPredicateType = "https://breakwater.dev/attestation/posture/v1";

// What is said of the making of a bundle.
struct Witness {
  Timestamp made;
  json::Value audit_head;  // of then, as audit::ToJson prints it; null: nothing is sealed yet
};
json::Value StatementOf(const posture::Assessment& assessment, const posture::Profile& profile,
                        const Witness& witness);

struct VerifiedEvidence {
  std::string subject;
  std::string profile;  // name and version
  std::string scope;    // name and what it selects
  std::string at;
  std::string looked_at;  // when all the facts were last looked at, until then
  std::string made_at;
  std::int64_t goals = 0;
  std::int64_t results = 0;     // evaluated again, with the same outcome
  std::int64_t unreadable = 0;  // results of resources whose facts nobody could read
  std::int64_t missing = 0;     // results that are not in the bundle, which was too small for them
  json::Value audit_head;       // to be met by an export of the audit trail
  // What the trail must have a record of: action and name of the resource.
  std::vector<std::pair<std::string, std::string>> recorded;
};

// kDataCorrupt says what is not as it was signed, or does not follow from the facts.
Result<VerifiedEvidence> VerifyEnvelope(std::string_view bytes, const crypto::VerifyingKey& key);

}  // namespace breakwater::report
