#include "advisor/importer.h"

#include <algorithm>
#include <set>
#include <span>

#include "advisor/feed_facts.h"
#include "advisor/job_kinds.h"
#include "advisor/record_files.h"
#include "advisor/sample_advisories.h"
#include "control/fact_events.h"
#include "io/decompress.h"

namespace breakwater::advisor {
namespace {

// Rows of one transaction. Small, so that an import never holds up a push for long.
constexpr std::size_t kBatch = 4000;

// Calls `write(tx, part)` in one transaction for each part of `rows`.
template <class T, class WriteRow>
Status WriteInBatches(db::Database& database, std::span<const T> rows, WriteRow write) {
  for (std::size_t at = 0; at < rows.size(); at += kBatch) {
    const auto part = rows.subspan(at, std::min(kBatch, rows.size() - at));
    BW_TRY_STATUS(database.Write([&](db::Transaction& tx) -> Status {
      for (const T& row : part) BW_TRY_STATUS(write(tx, row));
      return Ok();
    }));
  }
  return Ok();
}

// One advisory of each vulnerability, which tells all that is common to its rows.
std::vector<const Advisory*> OncePerVulnerability(const Feed& feed) {
  std::vector<const Advisory*> once;
  for (const Advisory& advisory : feed.advisories) once.push_back(&advisory);
  const auto id = [](const Advisory* a) -> std::string_view { return a->vulnerability; };
  // The first of each, by place in the feed.
  std::ranges::sort(once, {}, [&](const Advisory* a) { return std::pair(id(a), a); });
  const auto twins = std::ranges::unique(once, {}, id);
  once.erase(twins.begin(), twins.end());
  return once;
}

// The vulnerability with its advisories; notices about it stay.
Status RemoveVulnerability(db::Transaction& tx, std::int64_t generation, const std::string& id) {
  for (std::string_view sql :
       {"DELETE FROM advisor_advisory WHERE generation = $1 AND vulnerability = $2",
        "DELETE FROM advisor_vulnerability WHERE generation = $1 AND id = $2"}) {
    BW_TRY_STATUS(tx.Execute(sql, {generation, id}));
  }
  return Ok();
}

Status EnqueueRematch(jobs::Jobs& jobs, db::Transaction& tx) {
  return jobs.Enqueue(tx, {.kind = std::string(kRematchJob),
                           .payload = json::Object{},
                           .run_at = std::nullopt,
                           .deduplication_key = "all"});
}

}  // namespace

Result<ImportReport> Importer::Import(const std::filesystem::path& path) {
  const std::string source =
      path.filename().empty() ? path.parent_path().filename().string() : path.filename().string();
  MutexLock lock(mutex_);
  FeedBuilder builder;
  BW_TRY_STATUS(VisitRecords(path, {}, [&](std::string_view json) { return builder.Add(json); }));
  if (path.extension() == ".json" && !std::filesystem::is_directory(path)) {
    return Merge(std::move(builder), source);
  }
  return Replace(std::move(builder), source);
}

Result<ImportReport> Importer::ImportArchive(io::Source& archive, const std::string& source) {
  MutexLock lock(mutex_);
  FeedBuilder builder;
  BW_TRY_STATUS(
      VisitArchive(archive, {}, [&](std::string_view json) { return builder.Add(json); }));
  return Replace(std::move(builder), source);
}

Result<ImportReport> Importer::ImportRecord(std::string_view json, const std::string& source) {
  MutexLock lock(mutex_);
  FeedBuilder builder;
  BW_TRY_STATUS(builder.Add(json));
  return Merge(std::move(builder), source);
}

Result<ImportReport> Importer::ImportSample() {
  MutexLock lock(mutex_);
  FeedBuilder builder;
  for (const EmbeddedFile& file : kSampleAdvisories) BW_TRY_STATUS(builder.Add(file.bytes));
  return Replace(std::move(builder), std::string(kSampleSource));
}

Result<ImportReport> Importer::Replace(FeedBuilder builder, const std::string& source) {
  BW_TRY(const Feed feed, std::move(builder).Build());
  BW_TRY(std::optional<FeedInfo> current, Current());
  if (current && current->digest == feed.digest) {
    return ImportReport{.counts = feed.counts, .feed = *std::move(current), .unchanged = true};
  }
  BW_TRY(const std::int64_t generation, Begin(feed, source));
  BW_TRY_STATUS(WriteRows(feed, generation));
  BW_TRY_STATUS(MakeCurrent(generation));
  BW_TRY_STATUS(Clean());
  BW_TRY(current, Current());
  BW_CHECK(current.has_value());
  return ImportReport{.counts = feed.counts, .feed = *std::move(current), .unchanged = false};
}

Result<std::optional<FeedInfo>> Importer::Current() {
  return database_.ReadValue([](db::Transaction& tx) { return CurrentFeed(tx); });
}

Result<std::int64_t> Importer::Begin(const Feed& feed, const std::string& source) {
  return database_.WriteValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY(const auto last, tx.QueryOne("SELECT COALESCE(MAX(generation), 0) FROM advisor_feed", {},
                                        [](const db::Row& row) { return row.Int(0); }));
    const std::int64_t generation = last.value_or(0) + 1;
    BW_TRY_STATUS(tx.Execute(
        "INSERT INTO advisor_feed (generation, current, source, digest, newest, imported, records, "
        "vulnerabilities) VALUES ($1, 0, $2, $3, $4, $5, $6, $7)",
        {generation, source, feed.digest, feed.newest, clock_.Now(), feed.counts.records,
         feed.counts.vulnerabilities}));
    return generation;
  });
}

Status Importer::WriteRows(const Feed& feed, std::int64_t generation) {
  const auto vulnerabilities = OncePerVulnerability(feed);
  BW_TRY_STATUS(WriteInBatches(database_, std::span(vulnerabilities),
                               [&](db::Transaction& tx, const Advisory* advisory) {
                                 return InsertVulnerability(tx, generation, *advisory);
                               }));
  BW_TRY_STATUS(WriteInBatches(database_, std::span(feed.advisories),
                               [&](db::Transaction& tx, const Advisory& advisory) {
                                 return InsertAdvisory(tx, generation, advisory);
                               }));
  BW_TRY_STATUS(WriteInBatches(database_, std::span(feed.notices),
                               [&](db::Transaction& tx, const NoticeRow& notice) {
                                 return InsertNotice(tx, generation, notice);
                               }));
  return database_.Write([&](db::Transaction& tx) { return UpdateCoverage(tx, generation); });
}

Status Importer::MakeCurrent(std::int64_t generation) {
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const auto current, CurrentFeed(tx));
    if (current && current->generation > generation) {
      return Conflict("a newer import has finished meanwhile").Reason("import_superseded");
    }
    BW_TRY_STATUS(tx.Execute("UPDATE advisor_feed SET current = 0 WHERE current = 1"));
    BW_TRY_STATUS(
        tx.Execute("UPDATE advisor_feed SET current = 1 WHERE generation = $1", {generation}));
    BW_TRY_STATUS(jobs_.Emit(tx, control::FactsOfAllChanged({FeedType()})));
    return EnqueueRematch(jobs_, tx);
  });
}

Status Importer::Clean() {
  BW_TRY(const auto stale, database_.ReadValue(StaleGenerations));
  for (std::int64_t generation : stale) {
    for (bool more = true; more;) {
      BW_TRY(more, database_.WriteValue([&](db::Transaction& tx) {
        return RemoveSome(tx, generation, static_cast<std::int64_t>(kBatch));
      }));
    }
  }
  return Ok();
}

Result<ImportReport> Importer::Merge(FeedBuilder builder, const std::string& source) {
  BW_TRY(const std::optional<FeedInfo> current, Current());
  if (!current) return Replace(std::move(builder), source);
  BW_TRY(const Feed feed, std::move(builder).BuildMerge());
  BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(MergeRows(tx, feed, *current));
    BW_TRY_STATUS(jobs_.Emit(tx, control::FactsOfAllChanged({FeedType()})));
    return EnqueueRematch(jobs_, tx);
  }));
  BW_TRY(std::optional<FeedInfo> now, Current());
  BW_CHECK(now.has_value());
  return ImportReport{.counts = feed.counts, .feed = *std::move(now), .unchanged = false};
}

Status Importer::MergeRows(db::Transaction& tx, const Feed& feed, const FeedInfo& current) {
  const std::int64_t generation = current.generation;
  for (const std::string& id : feed.withdrawn_vulnerabilities) {
    BW_TRY_STATUS(RemoveVulnerability(tx, generation, id));
    BW_TRY_STATUS(
        tx.Execute("DELETE FROM advisor_notice WHERE generation = $1 AND vulnerability = $2",
                   {generation, id}));
  }
  for (const std::string& id : feed.former_notices) {
    BW_TRY_STATUS(tx.Execute("DELETE FROM advisor_notice WHERE generation = $1 AND id = $2",
                             {generation, id}));
  }
  for (const Advisory* advisory : OncePerVulnerability(feed)) {
    BW_TRY_STATUS(RemoveVulnerability(tx, generation, advisory->vulnerability));
    BW_TRY_STATUS(InsertVulnerability(tx, generation, *advisory));
  }
  for (const Advisory& advisory : feed.advisories) {
    BW_TRY_STATUS(InsertAdvisory(tx, generation, advisory));
  }
  for (const NoticeRow& notice : feed.notices) {
    BW_TRY_STATUS(InsertNotice(tx, generation, notice));
  }
  BW_TRY_STATUS(UpdateCoverage(tx, generation));
  BW_TRY_STATUS(tx.Execute(
      "UPDATE advisor_feed SET imported = $2, digest = $3, newest = $4, "
      "vulnerabilities = (SELECT COUNT(*) FROM advisor_vulnerability WHERE generation = $1) "
      "WHERE generation = $1",
      // The feed is no longer what its archive was: importing that again must not be "unchanged".
      {generation, clock_.Now(), "merged " + feed.digest, std::max(current.newest, feed.newest)}));
  return Ok();
}

}  // namespace breakwater::advisor
