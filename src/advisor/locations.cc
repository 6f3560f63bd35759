#include "advisor/locations.h"

#include "advisor/among.h"
#include "advisor/job_kinds.h"

namespace breakwater::advisor {
namespace {

constexpr std::size_t kTop = 10;

Result<SeverityCounts> ParseCounts(std::string_view text) {
  BW_TRY(const json::Value value, json::Parse(text));
  SeverityCounts counts;
  for (const auto& [name, count] : value.as_object()) {
    const auto severity = ParseSeverity(std::string_view(name.data(), name.size()));
    if (severity && count.as_int64() > 0) counts.by_severity[*severity] = count.as_int64();
  }
  return counts;
}

// status, issues, counts, result, assessed from `column` on.
Result<Verdict> ReadVerdict(const db::Row& row, int column) {
  Verdict verdict;
  verdict.status = ParseImageStatus(row.Text(column)).value_or(ImageStatus::kUnscanned);
  verdict.issues = row.Int(column + 1);
  BW_TRY(verdict.counts, ParseCounts(row.Text(column + 2)));
  verdict.result = row.String(column + 3);
  verdict.assessed = row.Time(column + 4);
  return verdict;
}

// account, registry, region, repository, digest
Result<Location> ReadLocation(const db::Row& row) {
  BW_TRY(oci::Digest digest, oci::Digest::Parse(row.Text(4)));
  return Location{.account = AccountId(row.String(0)),
                  .registry = RegistryName(row.String(1)),
                  .region = row.String(2),
                  .repository = row.String(3),
                  .digest = std::move(digest)};
}

constexpr std::string_view kPlaces =
    "SELECT account, registry, region, repository, digest, status, issues, counts, result, "
    "assessed, tags FROM advisor_location ";

Result<PlacedVerdict> ReadPlaced(const db::Row& row) {
  BW_TRY(Location location, ReadLocation(row));
  BW_TRY(Verdict verdict, ReadVerdict(row, 5));
  BW_TRY(const json::Value tags, json::Parse(row.Text(10)));
  PlacedVerdict place{std::move(location), std::move(verdict), {}};
  for (const json::Value& tag : tags.as_array()) place.tags.emplace_back(tag.as_string());
  return place;
}

json::Array TagsJson(const std::vector<std::string>& tags) {
  json::Array array;
  for (const std::string& tag : tags) array.push_back(json::Text(tag));
  return array;
}

json::Object OsJson(const package::OsRelease& os) {
  return {{"id", json::Text(os.id)},
          {"version", json::Text(os.version_id)},
          {"codename", json::Text(os.version_codename)},
          {"name", json::Text(os.pretty_name)}};
}

json::Array TopJson(const std::vector<Finding>& findings) {
  json::Array top;
  for (const Finding& f : Worst(findings, kTop)) {
    top.push_back(json::Object{{"id", json::Text(f.vulnerability)},
                               {"severity", json::Text(ToString(f.severity))},
                               {"score", f.score},
                               {"package", json::Text(f.package.name)},
                               {"installed_version", json::Text(f.package.version)},
                               {"fixed_version", json::Text(f.fixed_version)}});
  }
  return top;
}

json::Value FeedJson(const std::optional<FeedInfo>& feed) {
  if (!feed) return nullptr;
  return json::Object{{"source", json::Text(feed->source)},
                      {"newest", json::Text(feed->newest)},
                      {"imported", json::Text(FormatRfc3339(feed->imported))},
                      {"records", feed->records}};
}

}  // namespace

Verdict VerdictOf(const Assessment& assessment, Timestamp now) {
  return {.status = assessment.status,
          .issues = CountBySeverity(IssuesOf(assessment, IssueScope::kActionable)).total(),
          .counts = CountBySeverity(assessment.findings),
          .result = ResultDigest(assessment),
          .assessed = now};
}

Result<std::optional<PlacedVerdict>> FindPlace(db::Transaction& tx, const Location& location) {
  return tx.QueryOne(
      std::string(kPlaces) + "WHERE registry = $1 AND repository = $2 AND digest = $3",
      {location.registry, location.repository, location.digest.text()}, ReadPlaced);
}

Result<std::vector<PlacedVerdict>> VerdictsOf(db::Transaction& tx, const AccountId& account,
                                              const RegistryName& registry) {
  return tx.QueryAll(
      std::string(kPlaces) + "WHERE account = $1 AND registry = $2 ORDER BY repository, digest",
      {account, registry}, ReadPlaced);
}

Result<std::vector<PlacedVerdict>> VerdictsBetween(db::Transaction& tx,
                                                   const RegistryName& registry,
                                                   const std::string& repository,
                                                   const oci::Digest& first,
                                                   const oci::Digest& last) {
  return tx.QueryAll(std::string(kPlaces) +
                         "WHERE registry = $1 AND repository = $2 AND digest >= $3 AND "
                         "digest <= $4 ORDER BY digest",
                     {registry, repository, first.text(), last.text()}, ReadPlaced);
}

Result<std::vector<PlacedVerdict>> VerdictsAmong(db::Transaction& tx, const RegistryName& registry,
                                                 const std::string& repository,
                                                 const std::vector<oci::Digest>& digests) {
  std::vector<PlacedVerdict> placed;
  BW_TRY_STATUS(
      QueryAmong(tx, std::string(kPlaces) + "WHERE registry = $1 AND repository = $2 AND digest",
                 {registry, repository}, digests, [&](const db::Row& row) -> Status {
                   BW_TRY(PlacedVerdict one, ReadPlaced(row));
                   placed.push_back(std::move(one));
                   return Ok();
                 }));
  return placed;
}

Result<std::vector<PlacedVerdict>> PlacesOf(db::Transaction& tx, const oci::Digest& digest) {
  return tx.QueryAll(std::string(kPlaces) + "WHERE digest = $1 ORDER BY registry, repository",
                     {digest.text()}, ReadPlaced);
}

Result<std::vector<Location>> PlacesTagged(db::Transaction& tx, const Location& repository,
                                           const std::vector<std::string>& tags) {
  std::vector<Location> all;
  for (const std::string& tag : tags) {
    // A tag has no character that JSON escapes; its '_' matches too much, never too little.
    BW_TRY(const std::vector<Location> some,
           tx.QueryAll("SELECT account, registry, region, repository, digest FROM advisor_location "
                       "WHERE registry = $1 AND repository = $2 AND tags LIKE $3 ORDER BY digest",
                       {repository.registry, repository.repository, "%\"" + tag + "\"%"},
                       ReadLocation));
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Status SavePlace(db::Transaction& tx, const PlacedVerdict& place, std::int64_t generation) {
  const auto& [location, verdict, tags] = place;
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO advisor_location (registry, repository, digest, account, region, generation, "
      "status, issues, counts, result, assessed, tags) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) "
      "ON CONFLICT (registry, repository, digest) DO UPDATE SET account = $4, region = $5, "
      "generation = $6, status = $7, issues = $8, counts = $9, result = $10, assessed = $11, "
      "tags = $12",
      {location.registry, location.repository, location.digest.text(), location.account,
       location.region, generation, ToString(verdict.status), verdict.issues,
       json::Serialize(ToJson(verdict.counts)), verdict.result, verdict.assessed,
       json::Serialize(TagsJson(tags))}));
  return Ok();
}

Status RemoveLocation(db::Transaction& tx, const Location& location) {
  BW_TRY_STATUS(tx.Execute(
      "DELETE FROM advisor_location WHERE registry = $1 AND repository = $2 AND digest = $3",
      {location.registry, location.repository, location.digest.text()}));
  return Ok();
}

Result<std::vector<Location>> LocationsIn(db::Transaction& tx, const RegistryName& registry,
                                          std::string_view name_space) {
  // Names in a namespace are those between "ns/" and "ns0": '0' follows '/' bytewise.
  return tx.QueryAll(
      "SELECT account, registry, region, repository, digest FROM advisor_location "
      "WHERE registry = $1 AND repository >= $2 AND repository < $3 ORDER BY repository, digest",
      {registry, std::string(name_space) + "/", std::string(name_space) + "0"}, ReadLocation);
}

Result<std::vector<oci::Digest>> DigestsAfter(db::Transaction& tx, std::string_view after,
                                              std::int64_t limit) {
  return tx.QueryAll(
      "SELECT DISTINCT digest FROM advisor_location WHERE digest > $1 ORDER BY digest LIMIT $2",
      {after, limit}, [](const db::Row& row) { return oci::Digest::Parse(row.Text(0)); });
}

json::Object ToJson(const Location& location) {
  return {{"account", json::Text(location.account.value())},
          {"registry", json::Text(location.registry.value())},
          {"region", json::Text(location.region)},
          {"repository", json::Text(location.repository)},
          {"digest", json::Text(location.digest.text())}};
}

jobs::Event EventOf(const Location& location, const std::vector<std::string>& tags,
                    const Assessment& assessment) {
  const auto issues = IssuesOf(assessment, IssueScope::kActionable);
  json::Object payload = ToJson(location);
  payload["tags"] = TagsJson(tags);
  payload["status"] = json::Text(ToString(assessment.status));
  payload["state"] = json::Text(ToString(assessment.state));
  payload["reason"] = json::Text(assessment.reason);
  payload["os"] = OsJson(assessment.os);
  payload["counts"] = ToJson(CountBySeverity(assessment.findings));
  payload["fixable"] = ToJson(CountBySeverity(issues));
  payload["top"] = TopJson(assessment.findings);
  payload["feed"] = FeedJson(assessment.feed);
  return {.type = std::string(kImageAssessed), .payload = std::move(payload)};
}

}  // namespace breakwater::advisor
