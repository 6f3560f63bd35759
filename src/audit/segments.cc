#include "audit/segments.h"

#include <algorithm>

#include "audit/lines.h"
#include "crypto/hash.h"
#include "io/decompress.h"

namespace breakwater::audit {
namespace {

using json::Text;

constexpr std::string_view kColumns =
    "SELECT first_sequence, last_sequence, last_hash, last_time, digest, size, stored "
    "FROM audit_segment ";

Segment SegmentOf(const db::Row& row) {
  return {.first = row.Int(0),
          .last = row.Int(1),
          .last_hash = row.String(2),
          .last_time = row.Time(3),
          .digest = row.String(4),
          .size = static_cast<std::uint64_t>(row.Int(5)),
          .stored = row.Bool(6)};
}

// Into an upload, hashing what goes by.
class StagedSink final : public io::Sink {
 public:
  explicit StagedSink(blob::Staged& staged) : staged_(staged) {}
  Status Write(ByteView bytes) override {
    hasher_.Update(bytes);
    size_ += bytes.size();
    return staged_.Append(bytes);
  }
  oci::Digest Digest() {
    return oci::Digest::FromHash(crypto::HashAlgorithm::kSha256, hasher_.Finish());
  }
  std::uint64_t size() const { return size_; }

 private:
  blob::Staged& staged_;
  crypto::Hasher hasher_{crypto::HashAlgorithm::kSha256};
  std::uint64_t size_ = 0;
};

// Gives out the lines of a source one by one.
class LineReader {
 public:
  explicit LineReader(io::Source& source) : source_(source), buffer_(1U << 18) {}
  // Nothing at the end. Good until the next call.
  Result<std::optional<std::string_view>> Next() {
    while (true) {
      const std::string_view rest = AsText(ByteView(buffer_).subspan(begin_, end_ - begin_));
      const std::size_t at = rest.find('\n');
      if (at != std::string_view::npos) {
        begin_ += at + 1;
        return std::optional(rest.substr(0, at));
      }
      std::move(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
      end_ -= begin_;
      begin_ = 0;
      if (end_ == buffer_.size()) {
        if (buffer_.size() >= kMaxLine) return DataCorrupt("a line of a segment is too long");
        buffer_.resize(buffer_.size() * 2);
      }
      BW_TRY(const std::size_t got, source_.Read(std::span(buffer_).subspan(end_)));
      if (got == 0) return std::optional<std::string_view>();
      end_ += got;
    }
  }

 private:
  io::Source& source_;
  Bytes buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

Entry EntryOf(const db::Row& row) {
  return {.sequence = row.Int(0),
          .previous_hash = row.String(1),
          .hash = row.String(2),
          .record = row.String(3),
          .time = row.Time(4)};
}

Error NotStored(std::int64_t sequence) {
  return DataCorrupt("audit entry " + std::to_string(sequence) + " is in no segment");
}

// Whether the trail was continued with this entry, and left out this number.
bool IsContinued(const Entry& entry, std::int64_t number) {
  const auto after = ContinuedAfter(entry.record);
  return after && number > *after && number < entry.sequence;
}

}  // namespace

json::Value ToJson(const Segment& segment) {
  return {{"first", segment.first},
          {"last", segment.last},
          {"last_hash", Text(segment.last_hash)},
          {"last_time", Text(FormatRfc3339(segment.last_time))},
          {"digest", Text(segment.digest)},
          {"size", static_cast<std::int64_t>(segment.size)}};
}

Result<int> Segments::Close() const {
  int closed = 0;
  while (true) {
    BW_TRY(auto due, Due());
    if (!due) return closed;
    BW_TRY_STATUS(Write(*std::move(due)));
    ++closed;
  }
}

// A segment that was begun and has no bytes yet, or the next one if it is full or old enough.
Result<std::optional<Segment>> Segments::Due() const {
  const Timestamp now = clock_.Now();
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::optional<Segment>> {
    BW_TRY(auto begun,
           tx.QueryOne(std::string(kColumns) + "WHERE stored = 0 ORDER BY first_sequence LIMIT 1",
                       {}, SegmentOf));
    if (begun) return begun;
    BW_TRY(const auto before,
           tx.QueryOne("SELECT coalesce(max(last_sequence), 0) FROM audit_segment", {},
                       [](const db::Row& row) { return row.Int(0); }));
    // The next number, but where the trail was continued.
    BW_TRY(const auto begin,
           tx.QueryOne("SELECT sequence, previous_hash, hash, document, time FROM audit_record "
                       "WHERE sequence > $1 ORDER BY sequence LIMIT 1",
                       {before.value_or(0)}, EntryOf));
    if (!begin) return std::optional<Segment>();
    const std::int64_t expected = before.value_or(0) + 1;
    if (begin->sequence != expected && !IsContinued(*begin, expected)) {
      return std::optional<Segment>();
    }
    Segment next{.first = begin->sequence};
    const Timestamp first = begin->time;
    struct Last {
      std::int64_t sequence;
      std::string hash;
    };
    BW_TRY(const auto last,
           tx.QueryOne("SELECT sequence, hash FROM audit_record WHERE sequence >= $1 AND sequence "
                       "< $2 ORDER BY sequence DESC LIMIT 1",
                       {next.first, next.first + options_.entries},
                       [](const db::Row& row) { return Last{row.Int(0), row.String(1)}; }));
    const bool full = last && last->sequence == next.first + options_.entries - 1;
    if (!last || (!full && now - first < options_.age)) return std::optional<Segment>();
    next.last = last->sequence;
    next.last_hash = last->hash;
    return std::optional(std::move(next));
  });
}

Result<std::unique_ptr<blob::Staged>> Segments::Stage(Segment& segment) const {
  BW_TRY(auto staged, store_.Stage());
  StagedSink sink(*staged);
  io::GzipSink compressed(sink);
  std::int64_t next = segment.first;
  std::string text;
  segment.last_time = {};
  while (next <= segment.last) {
    text.clear();
    const std::int64_t before = next;
    BW_TRY_STATUS(log_.Export(next, std::min(options_.rows_at_once, segment.last - next + 1),
                              [&](const Entry& entry) -> Status {
                                if (entry.sequence != next) {
                                  return DataCorrupt("audit entry " + std::to_string(next) +
                                                     " is missing");
                                }
                                AppendLine(entry, text);
                                segment.last_time = std::max(segment.last_time, entry.time);
                                ++next;
                                return Ok();
                              }));
    if (next == before) {
      return DataCorrupt("audit entry " + std::to_string(next) + " is missing");
    }
    BW_TRY_STATUS(compressed.Write(AsBytes(text)));
  }
  BW_TRY(const Head head, heads_.SignAt({segment.last, segment.last_hash}));
  text.clear();
  AppendLine(head, text);
  BW_TRY_STATUS(compressed.Write(AsBytes(text)));
  BW_TRY_STATUS(compressed.Finish());
  segment.digest = sink.Digest().text();
  segment.size = sink.size();
  return staged;
}

Status Segments::Write(Segment segment) const {
  BW_TRY(const auto staged, Stage(segment));
  const Timestamp now = clock_.Now();
  // Also a row of the registry's blobs: by these, stores are copied, checked and counted.
  BW_TRY_STATUS(database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY(const std::int64_t taken,
           tx.Execute(
               "INSERT INTO audit_segment (first_sequence, last_sequence, last_hash, last_time, "
               "digest, size, stored, created) VALUES ($1, $2, $3, $4, $5, $6, 0, $7) "
               "ON CONFLICT (first_sequence) DO UPDATE SET last_time = excluded.last_time, "
               "digest = excluded.digest, size = excluded.size WHERE audit_segment.stored = 0 AND "
               "audit_segment.last_sequence = excluded.last_sequence",
               {segment.first, segment.last, segment.last_hash, segment.last_time, segment.digest,
                segment.size, now}));
    if (taken == 0) return Conflict("another process writes this segment of the audit trail");
    BW_TRY_STATUS(
        tx.Execute("INSERT INTO blob (digest, size, place, created) VALUES ($1, $2, 1, "
                   "$3) ON CONFLICT (digest) DO NOTHING",
                   {segment.digest, segment.size, now}));
    return Ok();
  }));
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(segment.digest));
  const blob::CommitItem item{.staged = staged.get(), .digest = digest};
  BW_TRY_STATUS(store_.Commit(std::span(&item, 1)).front());
  return database_.Write([&](db::Transaction& tx) -> Status {
    BW_TRY_STATUS(
        tx.Execute("UPDATE audit_segment SET stored = 1 WHERE first_sequence = $1 AND digest = $2",
                   {segment.first, segment.digest}));
    return Ok();
  });
}

Result<std::int64_t> Segments::RemoveOld(std::int64_t keep_days) const {
  if (keep_days <= 0) return 0;
  const Timestamp before = clock_.Now() - std::chrono::days{keep_days};
  // Only a beginning of the trail leaves: what stays is a chain without gaps.
  BW_TRY(const auto until, database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryOne(
        "SELECT coalesce(max(last_sequence), 0) FROM audit_segment WHERE stored = 1 AND "
        "first_sequence < coalesce((SELECT min(first_sequence) FROM audit_segment WHERE stored = 0 "
        "OR last_time >= $1), last_sequence + 1)",
        {before}, [](const db::Row& row) { return row.Int(0); });
  }));
  std::int64_t removed = 0;
  while (true) {
    BW_TRY(const std::int64_t some, database_.WriteValue([&](db::Transaction& tx) {
      return tx.Execute(
          "DELETE FROM audit_record WHERE row IN (SELECT row FROM audit_record WHERE "
          "sequence <= $1 ORDER BY sequence LIMIT $2)",
          {until.value_or(0), options_.rows_at_once});
    }));
    removed += some;
    if (some < options_.rows_at_once) return removed;
  }
}

Result<std::int64_t> Segments::RemovedUntil() const {
  return database_.ReadValue([](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY(const auto kept, tx.QueryOne("SELECT sequence FROM audit_record WHERE sequence IS NOT "
                                        "NULL ORDER BY sequence LIMIT 1",
                                        {}, [](const db::Row& row) { return row.Int(0); }));
    if (kept) return *kept - 1;
    BW_TRY(const auto last, tx.QueryOne("SELECT coalesce(max(last_sequence), 0) FROM audit_segment",
                                        {}, [](const db::Row& row) { return row.Int(0); }));
    return last.value_or(0);
  });
}

Result<std::int64_t> Segments::CountAfter(std::int64_t sequence) const {
  return database_.ReadValue([&](db::Transaction& tx) -> Result<std::int64_t> {
    std::int64_t count = 0;
    std::int64_t counted = sequence;
    BW_TRY_STATUS(
        tx.Query("SELECT first_sequence, last_sequence FROM audit_segment WHERE last_sequence > $1 "
                 "ORDER BY first_sequence",
                 {sequence}, [&](const db::Row& row) -> Status {
                   count += row.Int(1) - std::max(row.Int(0), sequence + 1) + 1;
                   counted = row.Int(1);
                   return Ok();
                 }));
    BW_TRY(const auto rows,
           tx.QueryOne("SELECT count(*) FROM (SELECT sequence FROM audit_record "
                       "WHERE sequence > $1 LIMIT $2) AS rest",
                       {counted, kMostCounted}, [](const db::Row& row) { return row.Int(0); }));
    return count + rows.value_or(0);
  });
}

Result<std::vector<Segment>> Segments::List(std::int64_t sequence, std::int64_t limit) const {
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        std::string(kColumns) +
            "WHERE stored = 1 AND last_sequence >= $1 ORDER BY first_sequence LIMIT $2",
        {sequence, limit}, SegmentOf);
  });
}

Result<std::int64_t> Segments::Export(std::int64_t first, std::int64_t limit, std::size_t max_bytes,
                                      std::string& lines) const {
  BW_TRY(const std::int64_t removed, RemovedUntil());
  if (first <= removed) {
    BW_TRY(const auto holding, List(first, 1));
    // It may be one of the numbers before a continuation, which begins a segment, or will.
    if (!holding.empty()) {
      if (holding[0].first > first) BW_TRY_STATUS(CheckContinued(holding[0], first));
      return ExportStored(holding[0], std::max(first, holding[0].first), limit, max_bytes, lines);
    }
  }
  std::vector<Entry> entries;
  std::size_t bytes = 0;
  constexpr std::string_view kEnough = "page_full";
  const Status read = log_.Export(first, limit, [&](const Entry& entry) -> Status {
    if (bytes > max_bytes) return Invalid("").Reason(std::string(kEnough));
    bytes += entry.record.size() + 200;
    entries.push_back(entry);
    return Ok();
  });
  if (!read.ok() && read.error().reason() != kEnough) return read.error();
  const bool continued = !entries.empty() && IsContinued(entries.front(), first);
  if (first <= removed && !continued) return NotStored(first);
  if (entries.empty()) return first;
  if (entries.front().sequence != first && !continued) {
    return Unavailable("entries were moved to their segment just now: ask again");
  }
  BW_TRY(const auto heads, heads_.List(first, limit));
  auto head = heads.begin();
  for (const Entry& entry : entries) {
    AppendLine(entry, lines);
    for (; head != heads.end() && head->sequence <= entry.sequence; ++head) {
      AppendLine(*head, lines);
    }
  }
  return entries.back().sequence + 1;
}

Status Segments::CheckContinued(const Segment& segment, std::int64_t first) const {
  std::string lines;
  BW_TRY_STATUS(ExportStored(segment, segment.first, 1, 1, lines));
  BW_TRY(const Line parsed, ParseLine(lines.substr(0, lines.find('\n'))));
  const auto* entry = std::get_if<EntryView>(&parsed);
  const auto after = entry == nullptr ? std::nullopt : ContinuedAfter(entry->record);
  return after && first > *after ? Ok() : Status(NotStored(first));
}

Result<std::int64_t> Segments::ExportStored(const Segment& segment, std::int64_t first,
                                            std::int64_t limit, std::size_t max_bytes,
                                            std::string& lines) const {
  BW_TRY(const oci::Digest digest, oci::Digest::Parse(segment.digest));
  BW_TRY(const auto blob, store_.Open(digest));
  BW_TRY(const auto source, blob->Read(0, blob->size()));
  const auto plain = io::Gunzip(*source);
  LineReader reader(*plain);
  std::int64_t next = first;
  while (next < first + limit && lines.size() <= max_bytes) {
    BW_TRY(const auto line, reader.Next());
    if (!line) break;
    BW_TRY(const Line parsed, ParseLine(*line));
    const auto* entry = std::get_if<EntryView>(&parsed);
    if (entry == nullptr || entry->sequence < first) continue;
    lines += *line;
    lines += '\n';
    next = entry->sequence + 1;
  }
  if (next == segment.last + 1) {
    BW_TRY(const Head head, heads_.SignAt({segment.last, segment.last_hash}));
    AppendLine(head, lines);
  }
  return next;
}

}  // namespace breakwater::audit
