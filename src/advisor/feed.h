// A feed in memory, on its way into the database. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "advisor/advisory.h"
#include "advisor/advisory_store.h"
#include "advisor/osv.h"
#include "base/result.h"

namespace breakwater::advisor {

struct FeedCounts {
  std::int64_t records = 0;
  std::int64_t invalid = 0;  // no OSV record; passed over
  std::int64_t withdrawn = 0;
  std::int64_t other_ecosystems = 0;  // records about nothing that we match yet
  std::int64_t vulnerabilities = 0;
  std::int64_t advisories = 0;  // (release, package, vulnerability)
  std::int64_t notices = 0;
};

// What a feed says, ready to be stored.
struct Feed {
  std::vector<Advisory> advisories;  // sorted by ecosystem, package, vulnerability; no key twice
  std::vector<NoticeRow> notices;    // sorted; of a whole feed, each belongs to an advisory
  // Whose former rows a merge removes, beside those of the vulnerabilities above: vulnerabilities
  // that were withdrawn, and notices that were withdrawn or are told anew.
  std::vector<std::string> withdrawn_vulnerabilities;
  std::vector<std::string> former_notices;
  FeedCounts counts;
  std::string digest;  // "sha256:…": the same for the same records in any order
  std::string newest;  // latest "modified"
};

// Takes records one by one. Not thread-safe.
class FeedBuilder {
 public:
  // kTooLarge "feed_too_large" above five million advisories.
  Status Add(std::string_view json);
  // A whole feed. kInvalid "feed_empty" if it has no Debian vulnerability; "feed_damaged" if more
  // than one record in a hundred could not be read. Neither should replace a good feed.
  Result<Feed> Build() &&;
  // What changes a feed that is there: it may withdraw only, or bring notices only, about
  // vulnerabilities that are there. The same errors; "feed_empty" if it changes nothing.
  Result<Feed> BuildMerge() &&;

 private:
  void AddWithdrawn(const OsvRecord& record);
  void AddNotices(const OsvRecord& record);
  void MergeAdvisories();
  void DropForeignNotices();
  void SortNotices();
  Status CheckReadable() const;
  Feed Finish();

  OsvParser parser_;
  Feed feed_;
  std::vector<std::string> record_hashes_;
};

}  // namespace breakwater::advisor
