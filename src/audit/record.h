// What the audit trail says of one action. CADF-flavoured: the reference system's activity events
// are an encoding of it (api/).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "json/json.h"

namespace breakwater::audit {

enum class Outcome { kSuccess, kFailure };
enum class Severity { kNormal, kWarning, kCritical };

struct Initiator {
  IamId iam_id;  // empty: anonymous, or the system itself
  std::string name;
  std::string kind;        // "user", "service_id", "profile", "system", "anonymous"
  std::string credential;  // "apikey", "token", …
  AccountId account;       // the credential's account
  std::string address;
  std::string agent;  // User-Agent
};

struct Target {
  std::string crn;
  std::string kind;  // "service", "namespace", "image", "rule", …
  std::string name;
  std::string digest = {};          // of an image, once it is known
  std::string resource_group = {};  // of its namespace; empty: none
};

// One field of a changed document; null = absent. Never holds a secret.
struct FieldChange {
  std::string field;  // dotted path
  json::Value before;
  json::Value after;
};

struct Record {
  std::string id;  // UUIDv7, set by Log::Append if empty
  Timestamp time;  // set by Log::Append if zero
  AccountId account;
  RegistryName registry;  // empty: not about one registry
  std::string action;     // "container-registry.auth.set"
  Outcome outcome = Outcome::kSuccess;
  int reason_code = 200;  // HTTP-like
  std::string reason;     // why it failed, for people
  Severity severity = Severity::kNormal;
  Initiator initiator;
  Target target;
  std::string request_id;
  bool private_network = false;
  bool data_event = false;
  std::vector<FieldChange> changes;
  // Rule set digest and verdicts that judged the change; null if nothing did.
  json::Value judgement;
  // What the request and its answer said that is worth keeping, e.g. {"name": …}; null: nothing.
  json::Value request = {};
  json::Value response = {};
};

// Whether the reference system flags the action as one on data (ibm-registry 3.14).
bool IsDataEvent(std::string_view action);

std::string_view ToText(Outcome outcome);    // "success", "failure"
std::string_view ToText(Severity severity);  // "normal", "warning", "critical"

// How records are read back: what was acceptable as a request lies deeper in the record of it.
inline constexpr json::Limits kStoredRecord{.max_bytes = 64U << 20, .max_depth = 256};

json::Value ToJson(const Record& record);
Result<Record> FromJson(const json::Value& document);

// No record is so large that it could not be read back, exported or sent on: of more than
// kMaxFieldChanges the first stay; over kMaxRecordOctets no long values do, then no facts that were
// judged, and of judged resources the first. What is left out is told by number, length, SHA-256.
inline constexpr std::size_t kMaxFieldChanges = 256;
inline constexpr std::size_t kMaxRecordOctets = 256U << 10;
Record Bounded(Record record);

// Field-level difference of two documents: members of objects by dotted path, everything else
// whole.
std::vector<FieldChange> Differences(const json::Value& before, const json::Value& after);

}  // namespace breakwater::audit
