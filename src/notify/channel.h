// A notification channel: where alerts of which kinds go. Pure model (ibm-scc 4.2).
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "insights/severity.h"
#include "json/json.h"

namespace breakwater::notify {

using insights::Severity;

// Alerts of this provider and these finding types; no types: all of them.
struct AlertSource {
  std::string provider_name;  // "VA", …, or "ALL"
  std::vector<std::string> finding_types;
};

struct Channel {
  std::string id;
  AccountId account;
  std::string name;
  std::string description;
  std::string endpoint;  // URL of a webhook
  std::set<Severity> severities{Severity::kMedium, Severity::kHigh, Severity::kCritical};
  bool enabled = false;
  std::vector<AlertSource> sources;  // empty: everything
  Timestamp created{};

  // The last finished attempt to send anything over it.
  enum class Outcome { kNeverTried, kSucceeded, kFailed };
  Outcome last_outcome = Outcome::kNeverTried;
  std::optional<Timestamp> last_attempt;
  std::string last_error;

  // Would an alert of this kind go over it?
  bool Covers(std::string_view provider, std::string_view finding_type, Severity severity) const;
};

// Enabled, and covers critical, high and medium image vulnerabilities: what goal 3000602 asks for.
bool CoversImageVulnerabilities(const Channel& channel);

// Names, lengths, URL scheme, source rules. `allow_http` permits plain HTTP endpoints.
Status Validate(const Channel& channel, bool allow_http);

// The configured part, as stored and audited.
json::Value ToDocument(const Channel& channel);
// The same for the audit trail. Endpoints often hold a secret in their path or query (that is how
// chat systems know who posts): only where they lead is shown, and a digest of the rest, so that a
// change can be told.
json::Value ToTrailDocument(const Channel& channel);
Status FromDocument(const json::Value& document, Channel* channel);

}  // namespace breakwater::notify
