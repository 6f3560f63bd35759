#include "advisor/feed.h"

#include <algorithm>
#include <tuple>

#include "base/bytes.h"
#include "crypto/hash.h"

namespace breakwater::advisor {
namespace {

constexpr std::size_t kMaxAdvisories = 5'000'000;

auto KeyOf(const Advisory& a) {
  return std::tie(a.ecosystem, a.package, a.vulnerability);
}
auto KeyOf(const NoticeRow& n) {
  return std::tie(n.ecosystem, n.package, n.vulnerability);
}
auto FullKeyOf(const NoticeRow& n) {
  return std::tie(n.ecosystem, n.package, n.vulnerability, n.fixed, n.id);
}

bool SaysSo(const Advisory& advisory, const NoticeRow& notice) {
  return std::ranges::any_of(advisory.intervals, [&](const VersionInterval& interval) {
    return interval.fixed == notice.fixed;
  });
}

Error Empty() {
  return Invalid("the feed holds no advisory for a Debian release").Reason("feed_empty");
}

bool NamesDebian(const OsvRecord& record) {
  return std::ranges::any_of(record.affected,
                             [](const OsvAffected& a) { return IsDebianEcosystem(a.ecosystem); });
}

}  // namespace

Status FeedBuilder::Add(std::string_view json) {
  ++feed_.counts.records;
  record_hashes_.push_back(crypto::Sha256Hex(json));
  auto parsed = parser_.Parse(json);
  if (!parsed.ok()) {
    ++feed_.counts.invalid;
    return Ok();
  }
  const OsvRecord record = *std::move(parsed);
  feed_.newest = std::max(feed_.newest, record.modified);
  if (record.withdrawn) {
    ++feed_.counts.withdrawn;
    AddWithdrawn(record);
  } else if (!NamesDebian(record)) {
    ++feed_.counts.other_ecosystems;
  } else if (KindOf(record) == RecordKind::kNotice) {
    AddNotices(record);
  } else {
    std::ranges::move(DebianAdvisoriesOf(record), std::back_inserter(feed_.advisories));
  }
  if (feed_.advisories.size() > kMaxAdvisories || feed_.notices.size() > kMaxAdvisories) {
    return TooLarge("the advisory feed holds too many advisories").Reason("feed_too_large");
  }
  return Ok();
}

void FeedBuilder::AddWithdrawn(const OsvRecord& record) {
  if (KindOf(record) == RecordKind::kNotice) {
    feed_.former_notices.push_back(record.id);
  } else {
    feed_.withdrawn_vulnerabilities.push_back(VulnerabilityIdOf(record));
  }
}

void FeedBuilder::AddNotices(const OsvRecord& record) {
  feed_.former_notices.push_back(record.id);
  for (const OsvAffected& affected : record.affected) {
    if (!IsDebianEcosystem(affected.ecosystem)) continue;
    for (const VersionInterval& interval : IntervalsOf(affected)) {
      if (interval.fixed.empty()) continue;
      for (const auto* ids : {&record.related, &record.upstream, &record.aliases}) {
        for (const std::string& id : *ids) {
          feed_.notices.push_back(
              {affected.ecosystem, affected.package, id, interval.fixed, record.id});
        }
      }
    }
  }
}

// The same vulnerability of the same package in two records is one advisory with the ranges of
// both.
void FeedBuilder::MergeAdvisories() {
  std::ranges::sort(feed_.advisories,
                    [](const Advisory& a, const Advisory& b) { return KeyOf(a) < KeyOf(b); });
  std::vector<Advisory> merged;
  for (Advisory& advisory : feed_.advisories) {
    if (merged.empty() || KeyOf(merged.back()) != KeyOf(advisory)) {
      merged.push_back(std::move(advisory));
      continue;
    }
    for (VersionInterval& interval : advisory.intervals) {
      auto& known = merged.back().intervals;
      if (std::ranges::find(known, interval) == known.end()) known.push_back(std::move(interval));
    }
  }
  feed_.advisories = std::move(merged);
}

void FeedBuilder::DropForeignNotices() {
  std::erase_if(feed_.notices, [this](const NoticeRow& notice) {
    const auto at =
        std::lower_bound(feed_.advisories.begin(), feed_.advisories.end(), notice,
                         [](const Advisory& a, const NoticeRow& n) { return KeyOf(a) < KeyOf(n); });
    return at == feed_.advisories.end() || KeyOf(*at) != KeyOf(notice) || !SaysSo(*at, notice);
  });
}

void FeedBuilder::SortNotices() {
  const auto less = [](const NoticeRow& a, const NoticeRow& b) {
    return FullKeyOf(a) < FullKeyOf(b);
  };
  const auto same = [](const NoticeRow& a, const NoticeRow& b) {
    return FullKeyOf(a) == FullKeyOf(b);
  };
  std::ranges::sort(feed_.notices, less);
  const auto twins = std::ranges::unique(feed_.notices, same);
  feed_.notices.erase(twins.begin(), twins.end());
}

Status FeedBuilder::CheckReadable() const {
  const FeedCounts& counts = feed_.counts;
  if (counts.invalid * 100 > counts.records) {
    return Invalid(std::to_string(counts.invalid) + " of " + std::to_string(counts.records) +
                   " files are no OSV records")
        .Reason("feed_damaged");
  }
  return Ok();
}

Result<Feed> FeedBuilder::Build() && {
  BW_TRY_STATUS(CheckReadable());
  if (feed_.advisories.empty()) return Empty();
  MergeAdvisories();
  DropForeignNotices();
  return Finish();
}

Result<Feed> FeedBuilder::BuildMerge() && {
  BW_TRY_STATUS(CheckReadable());
  if (feed_.advisories.empty() && feed_.withdrawn_vulnerabilities.empty() &&
      feed_.former_notices.empty()) {
    return Empty();
  }
  MergeAdvisories();
  return Finish();
}

Feed FeedBuilder::Finish() {
  SortNotices();
  FeedCounts& counts = feed_.counts;
  std::vector<std::string_view> ids;
  for (const Advisory& advisory : feed_.advisories) ids.push_back(advisory.vulnerability);
  std::ranges::sort(ids);
  counts.vulnerabilities = std::ranges::unique(ids).begin() - ids.begin();
  counts.advisories = static_cast<std::int64_t>(feed_.advisories.size());
  counts.notices = static_cast<std::int64_t>(feed_.notices.size());
  std::ranges::sort(record_hashes_);
  crypto::Hasher hasher(crypto::HashAlgorithm::kSha256);
  for (const std::string& hash : record_hashes_) hasher.Update(hash);
  feed_.digest = "sha256:" + HexEncode(hasher.Finish());
  return std::move(feed_);
}

}  // namespace breakwater::advisor
