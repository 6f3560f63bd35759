#include "advisor/advisory_store.h"

#include <algorithm>

namespace breakwater::advisor {
namespace {

constexpr std::int64_t kCoverageFraction = 10;

VersionInterval IntervalOf(const db::Row& row, int column) {
  return {.introduced = row.String(column),
          .fixed = row.String(column + 1),
          .last_affected = row.String(column + 2)};
}

}  // namespace

Result<std::optional<FeedInfo>> CurrentFeed(db::Transaction& tx) {
  return tx.QueryOne(
      "SELECT generation, source, digest, newest, imported, records, vulnerabilities "
      "FROM advisor_feed WHERE current = 1",
      {}, [](const db::Row& row) {
        return FeedInfo{.generation = row.Int(0),
                        .source = row.String(1),
                        .digest = row.String(2),
                        .newest = row.String(3),
                        .imported = row.Time(4),
                        .records = row.Int(5),
                        .vulnerabilities = row.Int(6)};
      });
}

Result<bool> StoredAdvisories::Covers(std::string_view ecosystem) {
  BW_TRY(const auto rows, tx_.QueryAll("SELECT ecosystem, vulnerabilities FROM advisor_coverage "
                                       "WHERE generation = $1",
                                       {generation_}, [](const db::Row& row) {
                                         return std::pair(row.String(0), row.Int(1));
                                       }));
  std::int64_t most = 0;
  std::int64_t own = 0;
  for (const auto& [name, count] : rows) {
    most = std::max(most, count);
    if (name == ecosystem) own = count;
  }
  return own > 0 && own * kCoverageFraction >= most;
}

Result<std::vector<Advisory>> StoredAdvisories::Find(std::string_view ecosystem,
                                                     std::string_view source_package) {
  std::vector<Advisory> advisories;
  BW_TRY_STATUS(tx_.Query(
      "SELECT a.vulnerability, a.introduced, a.fixed, a.last_affected, a.urgency, v.summary, "
      "v.cvss_vector, v.cvss_score FROM advisor_advisory a JOIN advisor_vulnerability v "
      "ON v.generation = a.generation AND v.id = a.vulnerability "
      "WHERE a.generation = $1 AND a.ecosystem = $2 AND a.package = $3 "
      "ORDER BY a.vulnerability, a.place",
      {generation_, ecosystem, source_package}, [&](const db::Row& row) -> Status {
        if (advisories.empty() || advisories.back().vulnerability != row.Text(0)) {
          advisories.push_back({.ecosystem = std::string(ecosystem),
                                .package = std::string(source_package),
                                .vulnerability = row.String(0),
                                .intervals = {},
                                .urgency = row.String(4),
                                .summary = row.String(5),
                                .cvss_vector = row.String(6),
                                .cvss_score = row.Double(7),
                                .notices = {}});
        }
        advisories.back().intervals.push_back(IntervalOf(row, 1));
        return Ok();
      }));
  if (!advisories.empty()) BW_TRY_STATUS(AttachNotices(ecosystem, source_package, advisories));
  return advisories;
}

Status StoredAdvisories::AttachNotices(std::string_view ecosystem, std::string_view source_package,
                                       std::vector<Advisory>& advisories) {
  return tx_.Query(
      "SELECT vulnerability, fixed, id FROM advisor_notice "
      "WHERE generation = $1 AND ecosystem = $2 AND package = $3 ORDER BY vulnerability, id",
      {generation_, ecosystem, source_package}, [&](const db::Row& row) -> Status {
        const auto at = std::ranges::lower_bound(
            advisories, row.Text(0), {},
            [](const Advisory& a) -> std::string_view { return a.vulnerability; });
        if (at == advisories.end() || at->vulnerability != row.Text(0)) return Ok();
        // A notice belongs to the fix it brought, not to other branches of the same issue.
        const bool same_fix = std::ranges::any_of(
            at->intervals, [&](const VersionInterval& i) { return i.fixed == row.Text(1); });
        if (same_fix) at->notices.push_back(row.String(2));
        return Ok();
      });
}

Status InsertVulnerability(db::Transaction& tx, std::int64_t generation, const Advisory& advisory) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO advisor_vulnerability (generation, id, summary, cvss_vector, cvss_score) "
      "VALUES ($1, $2, $3, $4, $5)",
      {generation, advisory.vulnerability, advisory.summary, advisory.cvss_vector,
       advisory.cvss_score}));
  return Ok();
}

Status InsertAdvisory(db::Transaction& tx, std::int64_t generation, const Advisory& advisory) {
  std::int64_t place = 0;
  for (const VersionInterval& interval : advisory.intervals) {
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO advisor_advisory (generation, ecosystem, package, vulnerability, place, "
        "introduced, fixed, last_affected, urgency) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        {generation, advisory.ecosystem, advisory.package, advisory.vulnerability, place++,
         interval.introduced, interval.fixed, interval.last_affected, advisory.urgency}));
  }
  return Ok();
}

Status InsertNotice(db::Transaction& tx, std::int64_t generation, const NoticeRow& notice) {
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO advisor_notice (generation, ecosystem, package, vulnerability, fixed, id) "
      "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
      {generation, notice.ecosystem, notice.package, notice.vulnerability, notice.fixed,
       notice.id}));
  return Ok();
}

Status UpdateCoverage(db::Transaction& tx, std::int64_t generation) {
  BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_coverage WHERE generation = $1", {generation}));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO advisor_coverage (generation, ecosystem, vulnerabilities) "
      "SELECT generation, ecosystem, COUNT(DISTINCT vulnerability) FROM advisor_advisory "
      "WHERE generation = $1 GROUP BY generation, ecosystem",
      {generation}));
  return Ok();
}

Result<std::vector<std::int64_t>> StaleGenerations(db::Transaction& tx) {
  return tx.QueryAll(
      "SELECT generation FROM advisor_feed WHERE generation < "
      "(SELECT generation FROM advisor_feed WHERE current = 1) ORDER BY generation",
      {}, [](const db::Row& row) { return row.Int(0); });
}

Result<bool> RemoveSome(db::Transaction& tx, std::int64_t generation, std::int64_t limit) {
  static constexpr std::string_view kStatements[] = {
      "DELETE FROM advisor_advisory WHERE (generation, ecosystem, package, vulnerability, place) "
      "IN "
      "(SELECT generation, ecosystem, package, vulnerability, place FROM advisor_advisory "
      "WHERE generation = $1 LIMIT $2)",
      "DELETE FROM advisor_notice WHERE (generation, ecosystem, package, vulnerability, fixed, id) "
      "IN (SELECT generation, ecosystem, package, vulnerability, fixed, id FROM advisor_notice "
      "WHERE generation = $1 LIMIT $2)",
      "DELETE FROM advisor_vulnerability WHERE (generation, id) IN "
      "(SELECT generation, id FROM advisor_vulnerability WHERE generation = $1 LIMIT $2)",
      "DELETE FROM advisor_coverage WHERE (generation, ecosystem) IN "
      "(SELECT generation, ecosystem FROM advisor_coverage WHERE generation = $1 LIMIT $2)",
      "DELETE FROM advisor_feed WHERE generation IN "
      "(SELECT generation FROM advisor_feed WHERE generation = $1 AND current = 0 LIMIT $2)",
  };
  for (std::string_view sql : kStatements) {
    BW_TRY(const std::int64_t removed, tx.Execute(sql, {generation, limit}));
    if (removed > 0) return true;
  }
  return false;
}

}  // namespace breakwater::advisor
