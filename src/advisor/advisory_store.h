// Advisories in the database. One generation of rows is current; an import makes the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/advisory.h"
#include "base/result.h"
#include "base/time.h"
#include "db/database.h"

namespace breakwater::advisor {

// Where the current advisories came from.
struct FeedInfo {
  std::int64_t generation = 0;
  std::string source;  // "debian-osv-2025-02-12.tar.zst"
  std::string digest;  // "sha256:…" over the records
  std::string newest;  // latest change of a record, RFC 3339
  Timestamp imported;
  std::int64_t records = 0;
  std::int64_t vulnerabilities = 0;
};

// Nothing before the first import.
Result<std::optional<FeedInfo>> CurrentFeed(db::Transaction& tx);

// The advisories of one generation, inside a transaction that must outlive it.
class StoredAdvisories final : public AdvisoryLookup {
 public:
  // `generation` 0: no advisories at all.
  StoredAdvisories(db::Transaction& tx, std::int64_t generation)
      : tx_(tx), generation_(generation) {}

  // A release counts as covered with at least a tenth of the vulnerabilities of the release that
  // has most. Below that its vendor has dropped it, and what is left of it proves nothing.
  Result<bool> Covers(std::string_view ecosystem) override;
  Result<std::vector<Advisory>> Find(std::string_view ecosystem,
                                     std::string_view source_package) override;

 private:
  Status AttachNotices(std::string_view ecosystem, std::string_view source_package,
                       std::vector<Advisory>& advisories);

  db::Transaction& tx_;
  const std::int64_t generation_;
};

// A notice about one vulnerability of one package.
struct NoticeRow {
  std::string ecosystem;
  std::string package;
  std::string vulnerability;
  std::string fixed;
  std::string id;
};

// Writers of rows for the importer; each works inside the caller's transaction.
Status InsertVulnerability(db::Transaction& tx, std::int64_t generation, const Advisory& advisory);
Status InsertAdvisory(db::Transaction& tx, std::int64_t generation, const Advisory& advisory);
Status InsertNotice(db::Transaction& tx, std::int64_t generation, const NoticeRow& notice);
// Counts what the generation's advisories cover.
Status UpdateCoverage(db::Transaction& tx, std::int64_t generation);
// Generations older than the current one: what earlier imports, finished or not, have left.
Result<std::vector<std::int64_t>> StaleGenerations(db::Transaction& tx);
// Removes up to `limit` rows of a generation; false when there was nothing left of it.
Result<bool> RemoveSome(db::Transaction& tx, std::int64_t generation, std::int64_t limit);

}  // namespace breakwater::advisor
