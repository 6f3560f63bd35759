#include "audit/log.h"

#include "base/strings.h"
#include "crypto/hash.h"
#include "json/reader.h"

namespace breakwater::audit {
namespace {

// Bounds the length of one sealing transaction; the next run continues.
constexpr std::int64_t kSealBatch = 1000;

const std::string kFirstPrevious(64, '0');

// Sequence and previous hash are part of the hashed text, so an entry cannot be moved.
std::string HashOf(std::int64_t sequence, std::string_view previous_hash, std::string_view record) {
  std::string text = std::to_string(sequence) + "\n" + std::string(previous_hash) + "\n";
  text += record;
  return crypto::Sha256Hex(text);
}

Result<json::Value> ParseRecord(std::string_view text) {
  auto record = json::Parse(text);
  if (!record.ok()) return DataCorrupt("an audit record is damaged").Log(record.error().message());
  return record;
}

Result<Entry> EntryOf(const db::Row& row) {
  Entry entry;
  entry.sequence = row.Int(0);
  entry.previous_hash = row.String(1);
  entry.hash = row.String(2);
  BW_TRY(entry.record, ParseRecord(row.Text(3)));
  return entry;
}

struct Head {
  std::int64_t sequence = 0;
  std::string hash = kFirstPrevious;
};

Result<Head> ReadHead(db::Transaction& tx) {
  BW_TRY(auto head,
         tx.QueryOne("SELECT sequence, hash FROM audit_record WHERE sequence IS NOT NULL "
                     "ORDER BY sequence DESC LIMIT 1",
                     {}, [](const db::Row& row) { return Head{row.Int(0), row.String(1)}; }));
  return head.value_or(Head{});
}

}  // namespace

json::Value ToJson(const Entry& entry) {
  return {{"sequence", entry.sequence},
          {"previous_hash", json::Text(entry.previous_hash)},
          {"hash", json::Text(entry.hash)},
          {"record", entry.record}};
}

Result<Entry> EntryFromJson(const json::Value& document) {
  const json::Reader in(document);
  Entry entry;
  entry.sequence = in.Field("sequence").Int();
  entry.previous_hash = in.Field("previous_hash").String();
  entry.hash = in.Field("hash").String();
  entry.record = in.Field("record").value();
  BW_TRY_STATUS(in.Finish());
  return entry;
}

Status ChainVerifier::Add(const Entry& entry) {
  const std::string at = "audit entry " + std::to_string(entry.sequence);
  if (entry.sequence != next_sequence_) {
    return DataCorrupt(at + ": expected sequence " + std::to_string(next_sequence_) +
                       "; entries are missing, repeated or out of order");
  }
  if (entry.previous_hash != head_) {
    return DataCorrupt(at + ": does not follow the entry before it");
  }
  if (HashOf(entry.sequence, entry.previous_hash, json::Canonical(entry.record)) != entry.hash) {
    return DataCorrupt(at + ": its record is not the one that was sealed");
  }
  head_ = entry.hash;
  ++next_sequence_;
  return Ok();
}

Status Log::Append(db::Transaction& tx, Record record) const {
  if (record.time == Timestamp{}) record.time = clock_.Now();
  if (record.id.empty()) record.id = NewUuidV7(record.time);
  // A row that cannot be read back would break the chain for good, and callers choose names.
  const std::string document = ReplaceInvalidUtf8(json::Canonical(ToJson(record)));
  BW_TRY_STATUS(tx.Execute(
      "INSERT INTO audit_record (id, time, account, action, initiator, outcome, request_id, "
      "document) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {record.id, record.time, record.account, record.action, record.initiator.iam_id,
       record.outcome == Outcome::kSuccess ? "success" : "failure", record.request_id, document}));
  return Ok();
}

Status Log::AppendAlone(const Record& record) const {
  return database_.Write([&](db::Transaction& tx) { return Append(tx, record); });
}

Result<std::vector<Found>> Log::Query(const Filter& f) const {
  const auto outcome =
      f.outcome
          ? std::optional<std::string>(*f.outcome == Outcome::kSuccess ? "success" : "failure")
          : std::nullopt;
  return database_.ReadValue([&](db::Transaction& tx) {
    return tx.QueryAll(
        "SELECT row, sequence, document FROM audit_record WHERE row > $1 "
        "AND (CAST($2 AS TEXT) IS NULL OR account = $2) "
        "AND (CAST($3 AS TEXT) IS NULL OR action = $3) "
        "AND (CAST($4 AS TEXT) IS NULL OR initiator = $4) "
        "AND (CAST($5 AS TEXT) IS NULL OR outcome = $5) "
        "AND (CAST($6 AS TEXT) IS NULL OR request_id = $6) "
        "AND (CAST($7 AS BIGINT) IS NULL OR time >= $7) "
        "AND (CAST($8 AS BIGINT) IS NULL OR time < $8) ORDER BY row LIMIT $9",
        {f.after_row, f.account, f.action, f.initiator, outcome, f.request_id, f.since, f.until,
         f.limit},
        [](const db::Row& row) -> Result<Found> {
          Found found{.row = row.Int(0), .sequence = std::nullopt, .record = {}};
          if (!row.IsNull(1)) found.sequence = row.Int(1);
          BW_TRY(const json::Value document, ParseRecord(row.Text(2)));
          BW_TRY(found.record, FromJson(document));
          return found;
        });
  });
}

Result<std::int64_t> Log::Seal() const {
  return database_.WriteValue([](db::Transaction& tx) -> Result<std::int64_t> {
    BW_TRY(Head head, ReadHead(tx));
    struct Unsealed {
      std::int64_t row;
      std::string document;
    };
    BW_TRY(const auto unsealed,
           tx.QueryAll("SELECT row, document FROM audit_record WHERE sequence IS NULL "
                       "ORDER BY row LIMIT $1",
                       {kSealBatch},
                       [](const db::Row& row) { return Unsealed{row.Int(0), row.String(1)}; }));
    for (const Unsealed& record : unsealed) {
      const Head next{head.sequence + 1, HashOf(head.sequence + 1, head.hash, record.document)};
      BW_TRY_STATUS(tx.Execute(
          "UPDATE audit_record SET sequence = $1, previous_hash = $2, hash = $3 WHERE row = $4",
          {next.sequence, head.hash, next.hash, record.row}));
      head = next;
    }
    return static_cast<std::int64_t>(unsealed.size());
  });
}

Status Log::Export(std::int64_t first_sequence,
                   const std::function<Status(const Entry&)>& visit) const {
  return database_.Read([&](db::Transaction& tx) {
    return tx.Query(
        "SELECT sequence, previous_hash, hash, document FROM audit_record WHERE sequence >= $1 "
        "ORDER BY sequence",
        {first_sequence}, [&](const db::Row& row) -> Status {
          BW_TRY(const Entry entry, EntryOf(row));
          return visit(entry);
        });
  });
}

Result<Verification> Log::Verify() const {
  return database_.ReadValue([](db::Transaction& tx) -> Result<Verification> {
    ChainVerifier verifier;
    BW_TRY_STATUS(
        tx.Query("SELECT sequence, previous_hash, hash, document FROM audit_record "
                 "WHERE sequence IS NOT NULL ORDER BY sequence",
                 {}, [&](const db::Row& row) -> Status {
                   BW_TRY(const Entry entry, EntryOf(row));
                   return verifier.Add(entry);
                 }));
    BW_TRY(const auto unsealed,
           tx.QueryOne("SELECT count(*) FROM audit_record WHERE sequence IS NULL", {},
                       [](const db::Row& row) { return row.Int(0); }));
    return Verification{verifier.count(), unsealed.value_or(0), verifier.head()};
  });
}

}  // namespace breakwater::audit
