// Findings of an account in one place: occurrences of notes, opened and resolved as facts change.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"
#include "insights/severity.h"
#include "jobs/jobs.h"
#include "json/json.h"

namespace breakwater::insights {

// The provider and note of findings that the vulnerability advisor causes (ibm-scc 3.8).
inline constexpr std::string_view kProvider = "security-advisor";
inline constexpr std::string_view kImageNote = "va-image_with_vulnerabilities";

enum class State { kOpen, kResolved };

struct Finding {
  AccountId account;
  std::string provider_id;
  std::string id;
  std::string note_id;
  RegistryName registry;
  std::string resource;  // "ns/app@sha256:…"
  State state = State::kOpen;
  Severity severity = Severity::kLow;
  Timestamp opened;
  Timestamp updated;
  std::optional<Timestamp> resolved;
  json::Value document;  // the occurrence, in the wire's words (ibm-scc 3.4)
};

struct FindingFilter {
  std::optional<State> state = {};
  std::optional<std::string> provider_id = {};
  std::optional<std::string> note_id = {};
  std::optional<Severity> severity = {};
  std::optional<std::string_view> kind = {};  // "FINDING" or "KPI"
  std::int64_t offset = 0;
  std::int64_t limit = 100;
};

// What an assessment of an image says: the payload of advisor's "image.assessed".
struct Assessment {
  AccountId account;
  RegistryName registry;
  std::string region;
  std::string repository;
  std::string digest;
  std::vector<std::string> tags;
  std::string status;
  json::Value counts;  // severity -> number of vulnerabilities
  json::Value top;     // ids of the worst
  static Result<Assessment> From(const json::Value& payload);
  // The worst severity that anything is found of; nothing if the image is clean.
  std::optional<Severity> Worst() const;
};

// Thread-safe.
class Findings {
 public:
  // Registers its jobs: before jobs start.
  Findings(db::Database& database, jobs::Jobs& jobs, const Clock& clock);

  // Worst first, then newest.
  Result<std::vector<Finding>> List(const AccountId& account, const FindingFilter& filter) const;
  Result<std::int64_t> Count(const AccountId& account, const FindingFilter& filter) const;
  // kNotFound if there is none of that id.
  Result<Finding> Find(const AccountId& account, std::string_view provider_id,
                       std::string_view id) const;
  static Result<Finding> Find(db::Transaction& tx, const AccountId& account,
                              std::string_view provider_id, std::string_view id);

 private:
  Status OnAssessed(const jobs::Job& job);
  Status OnForgotten(const jobs::Job& job);
  Status Open(db::Transaction& tx, const Assessment& assessment, Severity severity);
  Status Resolve(db::Transaction& tx, const AccountId& account, const RegistryName& registry,
                 const std::string& resource);

  db::Database& database_;
  jobs::Jobs& jobs_;
  const Clock& clock_;
};

std::string_view ToString(State state);  // "open", "resolved"

}  // namespace breakwater::insights
