// Where images lie and what was last said of them there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "advisor/assessment.h"
#include "base/ids.h"
#include "base/result.h"
#include "db/database.h"
#include "jobs/jobs.h"
#include "json/json.h"
#include "oci/digest.h"

namespace breakwater::advisor {

struct Location {
  AccountId account;
  RegistryName registry;
  std::string region;
  std::string repository;
  oci::Digest digest;
};

// The part of an assessment that is kept with the place: enough for lists and columns.
struct Verdict {
  ImageStatus status = ImageStatus::kUnscanned;
  std::int64_t issues = 0;  // vulnerabilities that are issues of kActionable
  SeverityCounts counts;    // all vulnerabilities
  std::string result;       // ResultDigest
  Timestamp assessed;
};
Verdict VerdictOf(const Assessment& assessment, Timestamp now);

struct PlacedVerdict {
  Location location;
  Verdict verdict;
  std::vector<std::string> tags;  // as last announced, in bytewise order
};

// All inside the caller's transaction.
// What is kept of the place, whichever account it was of.
Result<std::optional<PlacedVerdict>> FindPlace(db::Transaction& tx, const Location& location);
// Places in the repository that may have been announced with one of these tags.
Result<std::vector<Location>> PlacesTagged(db::Transaction& tx, const Location& repository,
                                           const std::vector<std::string>& tags);
Result<std::vector<PlacedVerdict>> VerdictsOf(db::Transaction& tx, const AccountId& account,
                                              const RegistryName& registry);
// Of one repository, from one digest to another, by digest.
Result<std::vector<PlacedVerdict>> VerdictsBetween(db::Transaction& tx,
                                                   const RegistryName& registry,
                                                   const std::string& repository,
                                                   const oci::Digest& first,
                                                   const oci::Digest& last);
// Of one repository, those of some images, in any order.
Result<std::vector<PlacedVerdict>> VerdictsAmong(db::Transaction& tx, const RegistryName& registry,
                                                 const std::string& repository,
                                                 const std::vector<oci::Digest>& digests);
Result<std::vector<PlacedVerdict>> PlacesOf(db::Transaction& tx, const oci::Digest& digest);
Status SavePlace(db::Transaction& tx, const PlacedVerdict& place, std::int64_t generation);
Status RemoveLocation(db::Transaction& tx, const Location& location);
// Every location in a namespace: "ns/…".
Result<std::vector<Location>> LocationsIn(db::Transaction& tx, const RegistryName& registry,
                                          std::string_view name_space);
// Up to `limit` digests of images after `after`, in order.
Result<std::vector<oci::Digest>> DigestsAfter(db::Transaction& tx, std::string_view after,
                                              std::int64_t limit);

json::Object ToJson(const Location& location);

// The event image.assessed:
// {account, registry, region, repository, digest, tags,
//  status, state, reason, os: {id, version, codename, name},
//  counts: {critical, high, medium, low, negligible, unknown},   every vulnerability
//  fixable: {…},                                                 those that are issues
//  (kActionable) top: [{id, severity, score, package, installed_version, fixed_version}],  worst 10
//  of all feed: {source, newest, imported, records} or null}
jobs::Event EventOf(const Location& location, const std::vector<std::string>& tags,
                    const Assessment& assessment);

}  // namespace breakwater::advisor
